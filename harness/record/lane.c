/* lane.c - lanes of an image, and a binary heap of them. */
#include "record/lane.h"

#include "base/assert.h"
#include "base/memory.h"
#include "trace/event.h"

static size_t count_threads(const struct rh_image *image) {
    size_t threads = 0;
    for (size_t i = 0; i < image->frames_count; i++)
        threads += i == 0 || image->frames[i].thread != image->frames[i - 1].thread;
    return threads;
}

int rh_lanes_create(const struct rh_image *image, struct rh_error *error,
                    struct rh_lane **ret_lanes, size_t *ret_count) {
    size_t threads = count_threads(image);
    struct rh_lane *lanes = rh_alloc_zeroed(threads, sizeof(*lanes));
    if (lanes == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu threads", threads);

    const struct rh_frame_ref *frames = image->frames;
    size_t left = image->frames_count;
    for (size_t i = 0; i < threads; i++) {
        size_t own = 1;
        while (own < left && frames[own].thread == frames[0].thread)
            own++;
        lanes[i].raw_thread = frames[0].thread;
        lanes[i].thread = RH_NO_THREAD;
        rh_stream_init(&lanes[i].stream, frames, own);
        frames += own;
        left -= own;
    }
    *ret_lanes = lanes;
    *ret_count = threads;
    return 0;
}

const struct rh_lane *rh_lanes_find(const struct rh_lane *lanes, size_t count,
                                    uint32_t raw_thread) {
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lanes[middle].raw_thread < raw_thread)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && lanes[low].raw_thread == raw_thread ? &lanes[low] : NULL;
}

void rh_lane_heap_push(struct rh_lane_heap *heap, struct rh_lane *lane) {
    size_t place = heap->count++;
    while (place > 0 && rh_lane_comes_before(lane, heap->lanes[(place - 1) / 2])) {
        heap->lanes[place] = heap->lanes[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap->lanes[place] = lane;
}

struct rh_lane *rh_lane_heap_pop(struct rh_lane_heap *heap) {
    rh_assert(heap->count > 0);
    struct rh_lane *top = heap->lanes[0];
    struct rh_lane *last = heap->lanes[--heap->count];
    size_t place = 0;
    for (;;) {
        size_t child = place * 2 + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count &&
            rh_lane_comes_before(heap->lanes[child + 1], heap->lanes[child]))
            child++;
        if (!rh_lane_comes_before(heap->lanes[child], last))
            break;
        heap->lanes[place] = heap->lanes[child];
        place = child;
    }
    heap->lanes[place] = last;
    return top;
}
