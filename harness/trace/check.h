/* check.h - the rules of a trace, one event after the other, and the counts that come of it.
 *
 * Writer and verify use the same checker, so that what is written is what verifies. The rules are
 * in docs/trace-format.md. Memory grows with live objects and threads. */
#ifndef RH_TRACE_CHECK_H
#define RH_TRACE_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/hash.h"
#include "trace/live.h"
#include "trace/trace.h"

struct rh_trace_check {
    struct rh_trace_summary summary; /* without the hash until rh_trace_check_summary */
    struct rh_trace_hash hash;
    struct rh_live live;
    uint8_t *ended; /* per thread */
    size_t ended_capacity;
    uint64_t time_ns;    /* of the last event */
    uint64_t live_bytes; /* requested */
    bool prologue_ended; /* an event without RH_EVENT_PROLOGUE was seen */
};

int rh_trace_check_init(struct rh_trace_check *check, struct rh_error *error);
void rh_trace_check_finish(struct rh_trace_check *check);
/* Accepts the next event, or refuses it with RH_ERR_CHECK, "event N: ..." and nothing changed.
 * After RH_ERR_MEMORY the checker is only good for finish. */
int rh_trace_check_add(struct rh_trace_check *check, const struct rh_event *event,
                       struct rh_error *error);
/* The counts so far, with the hash. */
struct rh_trace_summary rh_trace_check_summary(const struct rh_trace_check *check);

#endif
