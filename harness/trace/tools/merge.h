/* merge.h - several traces as one workload. */
#ifndef RH_TRACE_TOOLS_MERGE_H
#define RH_TRACE_TOOLS_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/trace.h"

/* Each trace that is read takes about 6 MiB. */
enum { RH_MERGE_TRACES_MOST = 256 };

/* X(NAME, text) */
#define RH_MERGE_ORDER_MAP(X)                                                                      \
    X(AUTO, "auto")                 /* TIME if all traces have times, else SIDE_BY_SIDE */         \
    X(TIME, "time")                 /* each event at its time since the start of its trace */      \
    X(SIDE_BY_SIDE, "side-by-side") /* all begin and end together, whatever their length */

enum rh_merge_order {
#define X(name, text) RH_MERGE_##name,
    RH_MERGE_ORDER_MAP(X)
#undef X
        RH_MERGE_ORDERS
};

/* Writes the events of all traces, in one order, to `out`; each trace has its own threads and
 * objects there. Prologues come first, one trace after the other. Ties go to the trace that was
 * named first. SIDE_BY_SIDE orders by the part of its trace that comes before an event, and gives
 * no times: none would be one that was recorded. *ret_order (may be NULL) is what AUTO chose;
 * ret_summary may be NULL. */
int rh_trace_merge(const char *const *paths, size_t count, enum rh_merge_order order,
                   const char *out, struct rh_error *error, enum rh_merge_order *ret_order,
                   struct rh_trace_summary *ret_summary);

#endif
