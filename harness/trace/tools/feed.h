/* feed.h - a trace as one event after the other. */
#ifndef RH_TRACE_TOOLS_FEED_H
#define RH_TRACE_TOOLS_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/trace.h"

struct rh_feed {
    struct rh_trace_reader *reader;
    const struct rh_event *events; /* the block */
    size_t at, count;
    uint64_t index; /* of the event that rh_feed_next gives next */
};

int rh_feed_open(struct rh_feed *feed, const char *path, struct rh_error *error);
/* Accepts a zeroed one. */
void rh_feed_close(struct rh_feed *feed);
/* Back to the first event. */
int rh_feed_rewind(struct rh_feed *feed, struct rh_error *error);
/* Reads the next block; *ret_event is its first event, or NULL at the end. */
int rh_feed_more(struct rh_feed *feed, struct rh_error *error, const struct rh_event **ret_event);

/* The next event without taking it, or NULL at the end; good until the next call. */
static inline int rh_feed_peek(struct rh_feed *feed, struct rh_error *error,
                               const struct rh_event **ret_event) {
    if (feed->at == feed->count)
        return rh_feed_more(feed, error, ret_event);
    *ret_event = &feed->events[feed->at];
    return 0;
}

/* As above, and takes it. */
static inline int rh_feed_next(struct rh_feed *feed, struct rh_error *error,
                               const struct rh_event **ret_event) {
    int result = rh_feed_peek(feed, error, ret_event);
    if (result == 0 && *ret_event != NULL) {
        feed->at++;
        feed->index++;
    }
    return result;
}

static inline const struct rh_trace_meta *rh_feed_meta(const struct rh_feed *feed) {
    return rh_trace_reader_meta(feed->reader);
}

static inline const struct rh_trace_summary *rh_feed_summary(const struct rh_feed *feed) {
    return rh_trace_reader_summary(feed->reader);
}

/* An event that names an object which is not live: only damage that no checksum sees. */
int rh_feed_fail_dead(const struct rh_feed *feed, uint64_t object, struct rh_error *error);

/* ---- metadata of what a tool makes ---- */

/* A copy whose source is `prefix` and the old source ("cut of recorded"), and whose note has the
 * sentence added. */
int rh_tools_meta(const struct rh_trace_meta *meta, const char *prefix, const char *sentence,
                  struct rh_error *error, struct rh_trace_meta *ret_meta);
/* Whether any of the trace is synthetic. */
bool rh_tools_is_synthetic(const struct rh_trace_meta *meta);
/* Replaces *target by a copy; NULL clears it. */
int rh_tools_set_text(char **target, const char *text, struct rh_error *error);

#endif
