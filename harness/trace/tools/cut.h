/* cut.h - a part of a trace: a stretch of it, some threads, some sizes. */
#ifndef RH_TRACE_TOOLS_CUT_H
#define RH_TRACE_TOOLS_CUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/trace.h"

/* What is kept: all conditions together. */
struct rh_cut {
    uint64_t from_event, to_event; /* indices, to_event not included; UINT64_MAX: to the end */
    uint64_t from_ns, to_ns;       /* times, to_ns not included; UINT64_MAX: to the end */
    uint64_t min_bytes, max_bytes; /* sizes of objects, both included; UINT64_MAX: any */
    const uint32_t *threads;       /* objects that these acquire; NULL: all threads */
    size_t thread_count;
};

/* The whole trace. */
static inline struct rh_cut rh_cut_all(void) {
    return (struct rh_cut){.to_event = UINT64_MAX, .to_ns = UINT64_MAX, .max_bytes = UINT64_MAX};
}

struct rh_cut_facts {
    uint64_t events_read;
    uint64_t prologue_objects; /* live where the cut begins */
    uint64_t events_left_out;  /* inside the stretch, by thread or size */
    uint64_t reallocs_split;   /* one of the two objects is kept: a malloc or a free of it */
};

/* Writes the part of the trace at `path` to `out`.
 *
 * An object is kept or left out for its whole life, by its size and the thread that acquires it;
 * where another thread releases it, that thread is in the part with what it does to kept objects.
 * Objects that are live where the stretch begins are made in a prologue (RH_EVENT_PROLOGUE), in
 * their old order and on their old threads, a realloc as a malloc. Times begin at 0 again.
 * ret_facts and ret_summary may be NULL. */
int rh_trace_cut(const char *path, const struct rh_cut *cut, const char *out,
                 struct rh_error *error, struct rh_cut_facts *ret_facts,
                 struct rh_trace_summary *ret_summary);

#endif
