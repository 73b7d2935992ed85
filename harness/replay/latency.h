/* latency.h - the latency pass: 1 of 64 operations between two readings of the clock.
 *
 * The op loop itself stays as it is: the pass lets it run to a random place in the tape, and plays
 * the few ops behind that with a vtable that reads the clock around the allocator's calls. Only
 * what the allocator does is between the readings: no touching, no waiting. */
#ifndef RH_REPLAY_LATENCY_H
#define RH_REPLAY_LATENCY_H

#include "base/error.h"
#include "replay/engine.h"

struct rh_latency_pass;

/* How the clock of the pass runs. */
struct rh_latency_clock {
    bool tsc; /* the time stamp counter; else rh_now_ns */
    double units_per_tick;
    uint64_t quantum_ps;
};

/* Takes 10 ms, in which others push out of the caches what was there: so it comes before the tape
 * is read. */
void rh_latency_learn_clock(struct rh_latency_clock *ret_clock);

/* Tables for the threads of the tape, resident before anything is timed. The caller destroys it. */
int rh_latency_pass_create(const struct rh_tape *tape, const struct rh_latency_clock *clock,
                           uint64_t seed, struct rh_error *error,
                           struct rh_latency_pass **ret_pass);
/* Accepts NULL. */
void rh_latency_pass_destroy(struct rh_latency_pass *pass);
/* What all threads measured. Operations of exemplars are counted in the tape. */
void rh_latency_pass_collect(struct rh_latency_pass *pass, const struct rh_engine *engine,
                             struct rh_latency *ret_latency);

/* ---- for the engine ---- */

/* By the thread itself, before its first op and after its last. */
void rh_latency_begin(struct rh_latency_pass *pass, struct rh_player *player);
void rh_latency_end(struct rh_latency_pass *pass, struct rh_player *player);
/* By the thread itself, between two segments: counts what it has timed. */
void rh_latency_settle(struct rh_latency_pass *pass, const struct rh_player *player);
/* As the op loop. */
const uint64_t *rh_latency_play(struct rh_player *player, const uint64_t *end);

#endif
