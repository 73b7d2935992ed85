/* scale.h - more threads, larger objects, longer lives. */
#ifndef RH_TRACE_TOOLS_SCALE_H
#define RH_TRACE_TOOLS_SCALE_H

#include <stdint.h>

#include "base/error.h"
#include "trace/trace.h"

enum { RH_SCALE_COPIES_MOST = 1024, RH_SCALE_FACTOR_MOST = 1000 };

struct rh_scale {
    uint32_t copies;  /* each with threads and objects of its own, in lockstep */
    double sizes;     /* factor of all sizes, above 0 */
    double lifetimes; /* factor of the time between birth and free, at least 0 */
};

struct rh_scale_facts {
    uint64_t frees_moved;    /* whose time changed */
    uint64_t usable_dropped; /* malloc_usable_size of an object that is dead by now */
};

/* Writes the scaled trace to `out`.
 *
 * Sizes: a size above 0 stays above 0; one beyond the format's bound is refused. Touched pages grow
 * with their block.
 * Lifetimes: a free moves to birth + lifetime * factor; by events where the trace has no times. It
 * stays on its thread: not before that starts, not after it ends. What realloc ends keeps its time,
 * as does what is never freed. A factor below 1 needs to know when an object will die: a first pass
 * writes that to an unnamed file beside `out`, 40 bytes an object.
 * ret_facts and ret_summary may be NULL. */
int rh_trace_scale(const char *path, const struct rh_scale *scale, const char *out,
                   struct rh_error *error, struct rh_scale_facts *ret_facts,
                   struct rh_trace_summary *ret_summary);

#endif
