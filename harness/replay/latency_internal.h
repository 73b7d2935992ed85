/* latency_internal.h - what the files of the latency pass share. */
#ifndef RH_REPLAY_LATENCY_INTERNAL_H
#define RH_REPLAY_LATENCY_INTERNAL_H

#include "base/random.h"
#include "measure/disturbance.h"
#include "measure/histogram.h"
#include "replay/engine_internal.h"
#include "replay/latency.h"

/* An op that was timed. Small: what a segment brings lies in the cache of the allocator under test.
 */
struct rh_timed {
    const uint64_t *op;
    uint64_t ticks;
};

/* A call that was among the slowest of its thread when it came. */
struct rh_slow_call {
    uint64_t ticks;
    uint64_t position; /* in the tape */
    uint64_t size;
    uint64_t faults, switches;
    uint32_t kind, thread;
};

/* What one thread has of its own. */
struct rh_sampler {
    const struct rh_allocator_ops *ops; /* of the allocator under test */
    void *ctx;
    struct rh_latency_pass *pass;
    struct rh_player *player;
    const uint64_t *stop; /* where the window, or the gap before it, ends */
    bool timing;          /* it is a window */
    bool tsc;
    const uint64_t *op; /* the one timed last; its first reading of the clock, and: */
    uint64_t begin;
    struct rh_disturbance_span span;
    struct rh_timed *timed; /* behind the last one */
    struct rh_timed *buffer, *buffer_end;
    struct rh_random random;
    struct rh_disturbance disturbance;
    uint32_t slow_count;
    struct rh_slow_call slow[RH_LATENCY_EXEMPLARS]; /* slowest first */
};

struct rh_latency_pass {
    struct rh_mapped own;      /* where this struct lies */
    struct rh_mapped samplers; /* one a thread */
    struct rh_mapped buffers;  /* of all threads, one behind the other */
    struct rh_latency_clock clock;
    bool marks; /* faults are seen */
    uint64_t seed;
    pthread_mutex_t lock; /* guards the rest */
    uint64_t samples;
    uint32_t slow_count;
    struct rh_slow_call slow[RH_LATENCY_EXEMPLARS];
    uint32_t counts[RH_LATENCY_CELLS][RH_LATENCY_BINS];
};

static inline struct rh_sampler *rh_sampler_of(const struct rh_latency_pass *pass,
                                               const struct rh_player *player) {
    return (struct rh_sampler *)pass->samplers.data + player->thread;
}

/* Whether a call is to be among the slowest of its thread. */
static inline bool rh_sampler_is_slow(const struct rh_sampler *sampler, uint64_t ticks) {
    return sampler->slow_count < RH_LATENCY_EXEMPLARS ||
           sampler->slow[RH_LATENCY_EXEMPLARS - 1].ticks < ticks;
}

/* ---- latency_counts.c ---- */

/* Puts the op that was timed last among the slowest. At once: the ring forgets. */
void rh_latency_note_slow(struct rh_sampler *sampler);

#endif
