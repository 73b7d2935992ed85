/* synthetic.h - random traces that keep every rule of event.h, for tests: threads that come and go,
 * objects that pass between them, every kind of event. */
#ifndef RH_TEST_SYNTHETIC_H
#define RH_TEST_SYNTHETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/event.h"

struct synthetic {
    uint64_t seed;
    size_t events;          /* about */
    uint32_t threads;       /* over the whole trace, at least 1 */
    uint32_t threads_live;  /* at once, at least 1 */
    uint32_t live_objects;  /* about */
    uint32_t cross_percent; /* releases by another thread than the one that acquired */
    uint32_t prologue;      /* events at the start that are marked so */
    bool orphans;           /* threads without a recorded parent, and a time when none is alive */
    bool large;             /* some blocks of up to 8 MiB */
};

struct synthetic_trace {
    struct rh_event *events; /* rh_free */
    size_t count;
    uint64_t peak_event; /* behind which most bytes are live */
    uint64_t peak_live_bytes;
    uint64_t end_live_objects;
    uint64_t ops; /* acquisitions, reallocs, releases */
};

/* NULL events where there is no memory. */
void synthetic_make(const struct synthetic *wanted, struct synthetic_trace *ret_trace);

#endif
