/* cut_internal.h - shared by the files of the cutter. */
#ifndef RH_TRACE_TOOLS_CUT_INTERNAL_H
#define RH_TRACE_TOOLS_CUT_INTERNAL_H

#include <stdbool.h>

#include "trace/live.h"
#include "trace/tools/batch.h"
#include "trace/tools/cut.h"
#include "trace/tools/feed.h"
#include "trace/tools/threads.h"

/* A live object of the trace that is read. */
struct rh_cut_object {
    bool kept;
    uint64_t id; /* in the part, if kept; RH_NO_OBJECT before the stretch begins */
    uint64_t size;
    uint64_t event; /* that acquired it */
    uint32_t thread;
    uint8_t kind, align_log2;
};

struct rh_cutter {
    const struct rh_cut *cut;
    struct rh_feed feed;
    struct rh_batch batch;
    struct rh_live live;
    struct rh_tool_threads threads;
    struct rh_cut_facts facts;
    uint64_t base_ns; /* of the stretch */
    uint64_t next_object;
    bool begun;
};

/* Writes the threads and kept objects that are there where the stretch begins. */
int rh_cutter_write_prologue(struct rh_cutter *cutter, struct rh_error *error);

#endif
