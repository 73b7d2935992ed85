/* batch.h - events on their way to a writer, gathered so that the writer is called seldom. */
#ifndef RH_TRACE_TOOLS_BATCH_H
#define RH_TRACE_TOOLS_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/event.h"
#include "trace/trace.h"

enum { RH_BATCH_EVENTS = 1024 };

struct rh_batch {
    struct rh_trace_writer *writer;
    uint64_t total; /* events added so far */
    size_t count;
    struct rh_event events[RH_BATCH_EVENTS];
};

/* An event of a kind with nothing else in it. */
static inline struct rh_event rh_event_blank(unsigned kind) {
    return (struct rh_event){
        .kind = (uint8_t)kind,
        .acquired = RH_NO_OBJECT,
        .released = RH_NO_OBJECT,
        .parent = RH_NO_THREAD,
        .touched_pages = RH_NO_TOUCHED,
    };
}

/* Starts PATH. */
int rh_batch_init(struct rh_batch *batch, const char *path, struct rh_error *error);
/* Accepts a zeroed one; without a finish before it nothing is left of the file. */
void rh_batch_destroy(struct rh_batch *batch);

/* Hands over what was gathered. */
int rh_batch_flush(struct rh_batch *batch, struct rh_error *error);

static inline int rh_batch_add(struct rh_batch *batch, const struct rh_event *event,
                               struct rh_error *error) {
    batch->events[batch->count++] = *event;
    batch->total++;
    return batch->count < RH_BATCH_EVENTS ? 0 : rh_batch_flush(batch, error);
}

/* Flushes and finishes the file. ret_summary may be NULL. */
int rh_batch_finish(struct rh_batch *batch, const struct rh_trace_meta *meta,
                    struct rh_error *error, struct rh_trace_summary *ret_summary);

#endif
