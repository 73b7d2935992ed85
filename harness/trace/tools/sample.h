/* sample.h - a small trace that behaves as a large one. */
#ifndef RH_TRACE_TOOLS_SAMPLE_H
#define RH_TRACE_TOOLS_SAMPLE_H

#include <stdint.h>

#include "base/error.h"
#include "trace/trace.h"

/* How far the curve of live bytes of the sample, divided by the fraction kept, lies from that of
 * the whole trace: shares of the peak of the whole. */
struct rh_sample_facts {
    double fraction;        /* of the objects that is kept; of the large ones: of their size */
    double mean_error;      /* over all events that are read */
    double worst_error;     /* at one event */
    uint64_t large_bytes;   /* objects of this size and above are kept and made smaller;
                               UINT64_MAX: none */
    uint64_t large_objects; /* so many were kept and made smaller */
};

/* Writes about `events` events of the trace at `path` to `out`. Thread starts, thread ends and
 * markers all stay; fewer events than twice their number are refused, as is a trace that is not
 * longer than `events`.
 *
 * Of each size class the same fraction of the objects is kept, spread evenly over the trace and
 * adjusted so that the live bytes of the class, and those of all classes, keep the same fraction
 * too. What realloc makes of an object is kept as the object was; only where that would bend the
 * curve the realloc becomes a free or a malloc. A large object cannot be kept in part, and one more
 * or less of them would be seen in the curve: the largest classes, as long as they are at most a
 * tenth of the sample's objects, are kept whole, at that fraction of their size. Where the heap of
 * the sample is only a few objects large no choice gives the curve: the errors say so. The same
 * trace gives the same sample. ret_facts and ret_summary may be NULL. */
int rh_trace_sample(const char *path, uint64_t events, const char *out, struct rh_error *error,
                    struct rh_sample_facts *ret_facts, struct rh_trace_summary *ret_summary);

#endif
