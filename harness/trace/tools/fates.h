/* fates.h - when and how each object of a trace is freed, known in advance. */
#ifndef RH_TRACE_TOOLS_FATES_H
#define RH_TRACE_TOOLS_FATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/event.h"
#include "trace/tools/feed.h"

/* A free, without what follows from the object. */
struct rh_fate {
    uint64_t time_ns;
    uint64_t event; /* index; 0: never freed (event 0 starts the first thread) */
    uint64_t size;
    uint32_t thread;
    uint32_t touched_pages;
    uint8_t kind, align_log2;
};

/* A table by object id in a mapped file: its pages go back to the disk when memory is short. */
struct rh_fates {
    struct rh_fate *list;
    uint64_t capacity;
    int fd;
    bool used; /* false: zeroed, nothing is known */
};

/* Reads the whole feed and rewinds it. The unnamed file lies in the directory of `out`. */
int rh_fates_init(struct rh_fates *fates, struct rh_feed *feed, const char *out,
                  struct rh_error *error);
/* Accepts a zeroed one. */
void rh_fates_finish(struct rh_fates *fates);

#endif
