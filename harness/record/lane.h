/* lane.h - one thread's place in the merge, and a heap of them: smallest stamp first. */
#ifndef RH_RECORD_LANE_H
#define RH_RECORD_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/image.h"
#include "record/stream.h"

struct rh_lane {
    struct rh_stream stream;
    struct rh_raw_event event; /* the next one */
    uint64_t key;              /* its stamp; of a realloc first the release's */
    uint64_t deadline;         /* while it waits */
    uint64_t held_object;      /* what a realloc has released; RH_NO_OBJECT: it is unknown */
    uint32_t raw_thread;
    uint32_t thread;   /* in the trace; RH_NO_THREAD: not started */
    bool is_acquiring; /* the second half of a realloc is next */
    bool has_ended;    /* said so */
};

/* One lane for each thread of the image, by raw_thread; the caller frees them with rh_free. They
 * point into the image. */
int rh_lanes_create(const struct rh_image *image, struct rh_error *error,
                    struct rh_lane **ret_lanes, size_t *ret_count);

/* NULL: there is none. */
const struct rh_lane *rh_lanes_find(const struct rh_lane *lanes, size_t count, uint32_t raw_thread);

/* Room for all lanes is the caller's. */
struct rh_lane_heap {
    struct rh_lane **lanes;
    size_t count;
};

/* Equal keys go by thread, so that the result is always the same. */
static inline bool rh_lane_comes_before(const struct rh_lane *a, const struct rh_lane *b) {
    return a->key != b->key ? a->key < b->key : a->raw_thread < b->raw_thread;
}

void rh_lane_heap_push(struct rh_lane_heap *heap, struct rh_lane *lane);
/* The heap is not empty. */
struct rh_lane *rh_lane_heap_pop(struct rh_lane_heap *heap);

#endif
