/* merge_state.h - what merge.c, which says whose turn it is, shares with merge_play.c, which says
 * what a turn does. */
#ifndef RH_RECORD_MERGE_STATE_H
#define RH_RECORD_MERGE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/lane.h"
#include "record/merge.h"

enum { RH_MERGE_BATCH = 1024 };

struct rh_merge_state {
    const struct rh_image *image;
    const struct rh_merge_options *options;
    size_t next_moment;
    double ns_per_stamp;
    uint64_t first_stamp;
    uint64_t stop_stamp;
    uint64_t slack; /* in stamps */
    struct rh_addresses *addresses;
    uint64_t next_object;
    uint32_t threads_count;
    struct rh_merge_counts counts;

    struct rh_lane *lanes; /* by raw_thread */
    size_t lanes_count;
    struct rh_lane_heap heap;
    struct rh_lane **waiting;
    size_t waiting_count;

    struct rh_event batch[RH_MERGE_BATCH];
    size_t batch_count;
};

enum rh_merge_fit { RH_MERGE_FITS, RH_MERGE_DOES_NOT_FIT };

/* ---- merge_play.c ---- */

/* Plays the lane's next event, or half of it, if it fits. `is_forced`: what does not fit is counted
 * and played all the same. */
int rh_merge_play(struct rh_merge_state *merge, struct rh_lane *lane, bool is_forced,
                  struct rh_error *error, enum rh_merge_fit *ret_fit);
/* The lane's last record is through. */
int rh_merge_end_thread(struct rh_merge_state *merge, const struct rh_lane *lane,
                        struct rh_error *error);
/* Hands the events of the batch on. */
int rh_merge_flush(struct rh_merge_state *merge, struct rh_error *error);

/* ---- merge.c ---- */

/* An address was acquired or released: whoever waits for that tries again. */
void rh_merge_wake_waiting(struct rh_merge_state *merge, uint64_t address);

/* The address without which the lane's next event does not fit. */
static inline uint64_t rh_merge_awaited_address(const struct rh_lane *lane) {
    return lane->is_acquiring ? lane->event.new_address : lane->event.address;
}

#endif
