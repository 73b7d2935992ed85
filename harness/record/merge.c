/* merge.c - events in the order of their stamps, and a bench for those that must wait. */
#include "record/merge.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "record/lane.h"
#include "record/merge_state.h"

/* ---- waiting ---- */

static void wait_for_others(struct rh_merge_state *merge, struct rh_lane *lane) {
    lane->deadline = lane->key + merge->slack;
    merge->waiting[merge->waiting_count++] = lane;
}

static void wake(struct rh_merge_state *merge, size_t index) {
    struct rh_lane *lane = merge->waiting[index];
    merge->waiting[index] = merge->waiting[--merge->waiting_count];
    rh_lane_heap_push(&merge->heap, lane);
}

void rh_merge_wake_waiting(struct rh_merge_state *merge, uint64_t address) {
    for (size_t i = merge->waiting_count; i-- > 0;)
        if (rh_merge_awaited_address(merge->waiting[i]) == address)
            wake(merge, i);
}

/* ---- lanes ---- */

/* The lane's next event; false at its end. What came after the recording stopped is counted. */
static bool advance(struct rh_merge_state *merge, struct rh_lane *lane) {
    if (lane->event.raw == RH_RAW_REALLOC && !lane->is_acquiring) {
        lane->is_acquiring = true;
        lane->key = lane->event.acquired_stamp;
        return true;
    }
    lane->is_acquiring = false;
    while (rh_stream_next(&lane->stream, &lane->event)) {
        if (lane->event.stamp > merge->stop_stamp) {
            merge->counts.cut_count++;
            continue;
        }
        lane->key = lane->event.stamp;
        return true;
    }
    return false;
}

static int end_lane(struct rh_merge_state *merge, struct rh_lane *lane, struct rh_error *error) {
    merge->counts.torn_count += lane->stream.torn_count;
    return rh_merge_end_thread(merge, lane, error);
}

/* Everything before `stamp` has been played. */
static int reach_moments(struct rh_merge_state *merge, uint64_t stamp, struct rh_error *error) {
    const struct rh_merge_options *options = merge->options;
    while (merge->next_moment < options->moments_count &&
           options->moments[merge->next_moment].stamp < stamp) {
        const struct rh_merge_moment *moment = &options->moments[merge->next_moment++];
        rh_try(options->reach(options->context, moment->subject, merge->addresses, error));
    }
    return 0;
}

/* Plays the lane until another one's turn comes, it must wait, or it ends. */
static int run_lane(struct rh_merge_state *merge, struct rh_lane *lane, bool is_forced,
                    struct rh_error *error) {
    for (;;) {
        enum rh_merge_fit fit = RH_MERGE_FITS;
        if (merge->next_moment < merge->options->moments_count)
            rh_try(reach_moments(merge, lane->key, error));
        rh_try(rh_merge_play(merge, lane, is_forced, error, &fit));
        if (fit == RH_MERGE_DOES_NOT_FIT) {
            wait_for_others(merge, lane);
            return 0;
        }
        is_forced = false;
        if (!advance(merge, lane))
            return end_lane(merge, lane, error);
        if (merge->waiting_count > 0 ||
            (merge->heap.count > 0 && rh_lane_comes_before(merge->heap.lanes[0], lane))) {
            rh_lane_heap_push(&merge->heap, lane);
            return 0;
        }
    }
}

/* The waiting lane whose time is up first. */
static size_t first_deadline(const struct rh_merge_state *merge) {
    size_t first = 0;
    for (size_t i = 1; i < merge->waiting_count; i++)
        if (merge->waiting[i]->deadline < merge->waiting[first]->deadline)
            first = i;
    return first;
}

static int run(struct rh_merge_state *merge, struct rh_error *error) {
    while (merge->heap.count + merge->waiting_count > 0) {
        if (merge->waiting_count > 0) {
            size_t first = first_deadline(merge);
            struct rh_lane *lane = merge->waiting[first];
            if (merge->heap.count == 0 || merge->heap.lanes[0]->key > lane->deadline) {
                merge->waiting[first] = merge->waiting[--merge->waiting_count];
                rh_try(run_lane(merge, lane, true, error));
                continue;
            }
        }
        rh_try(run_lane(merge, rh_lane_heap_pop(&merge->heap), false, error));
    }
    rh_try(reach_moments(merge, UINT64_MAX, error));
    return rh_merge_flush(merge, error);
}

static int make_lanes(struct rh_merge_state *merge, struct rh_error *error) {
    rh_try(rh_lanes_create(merge->image, error, &merge->lanes, &merge->lanes_count));
    merge->heap.lanes = rh_alloc_zeroed(merge->lanes_count + 1, sizeof(struct rh_lane *));
    merge->waiting = rh_alloc_zeroed(merge->lanes_count + 1, sizeof(struct rh_lane *));
    if (merge->heap.lanes == NULL || merge->waiting == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu threads", merge->lanes_count);
    if (merge->options->has_prologue && merge->lanes_count > 0)
        merge->lanes[0].thread = merge->threads_count++;
    for (size_t i = 0; i < merge->lanes_count; i++) {
        if (advance(merge, &merge->lanes[i]))
            rh_lane_heap_push(&merge->heap, &merge->lanes[i]);
        else
            merge->counts.torn_count += merge->lanes[i].stream.torn_count;
    }
    return 0;
}

/* Each thread's newest frame has its newest name. */
static int name_threads(const struct rh_merge_state *merge, struct rh_error *error) {
    const struct rh_merge_options *options = merge->options;
    for (size_t i = 0; options->name_thread != NULL && i < merge->lanes_count; i++) {
        const struct rh_lane *lane = &merge->lanes[i];
        const struct rh_stream *stream = &lane->stream;
        char name[RH_SPOOL_THREAD_NAME_BYTES + 1] = "";
        for (size_t frame = stream->frames_count; frame-- > 0 && name[0] == '\0';)
            memcpy(name, stream->frames[frame].thread_name, RH_SPOOL_THREAD_NAME_BYTES);
        if (lane->thread != RH_NO_THREAD && name[0] != '\0')
            rh_try(options->name_thread(options->context, lane->thread, name, error));
    }
    return 0;
}

static void set_clock(struct rh_merge_state *merge) {
    const struct rh_spool_header *header = &merge->image->header;
    merge->ns_per_stamp = merge->options->ns_per_tick * (1 << RH_SPOOL_STAMP_SHIFT);
    merge->first_stamp = header->start_ticks >> RH_SPOOL_STAMP_SHIFT;
    bool is_stopped = atomic_load(&header->state) == RH_SPOOL_STOPPED;
    merge->stop_stamp = is_stopped ? atomic_load(&header->stop_stamp) : UINT64_MAX;
    merge->slack = (uint64_t)(RH_MERGE_SLACK_NS / merge->ns_per_stamp) + 1;
}

int rh_merge(const struct rh_image *image, const struct rh_merge_options *options,
             struct rh_addresses *addresses, uint64_t next_object, struct rh_error *error,
             struct rh_merge_counts *ret_counts) {
    rh_assert(options->ns_per_tick > 0);
    struct rh_merge_state *merge = rh_alloc_zeroed(1, sizeof(*merge));
    if (merge == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the merge of a spool");
    merge->image = image;
    merge->options = options;
    merge->addresses = addresses;
    merge->next_object = next_object;
    set_clock(merge);

    int result = make_lanes(merge, error);
    if (result == 0)
        result = run(merge, error);
    if (result == 0)
        result = name_threads(merge, error);
    if (result == 0)
        *ret_counts = merge->counts;
    rh_free(merge->lanes);
    rh_free(merge->heap.lanes);
    rh_free(merge->waiting);
    rh_free(merge);
    return result;
}
