/* engine_internal.h - what the files of the engine share. */
#ifndef RH_REPLAY_ENGINE_INTERNAL_H
#define RH_REPLAY_ENGINE_INTERNAL_H

#include "replay/engine.h"

/* ---- loop.c ---- */

/* The op loop for a touch policy: plays from player->at until it is at `end` or, where no op begins
 * there, beyond; returns where it is, or NULL where the allocator gave NULL: player->at is then
 * that op. */
typedef const uint64_t *(*rh_play_function)(struct rh_player *player, const uint64_t *end);
rh_play_function rh_play_for(enum rh_touch touch, bool untouchable);
/* One op of any kind. Returns the next one; NULL as above. */
rh_play_function rh_play_one_for(enum rh_touch touch, bool untouchable);

/* ---- live.c ---- */

/* As the op loop; counts live bytes. */
const uint64_t *rh_live_play(struct rh_player *player, const uint64_t *end);

/* ---- wait.c ---- */

/* Waits until `thread` has done `position`. */
void rh_player_wait_slowly(struct rh_player *player, uint32_t thread, uint64_t position);
/* Wakes those that sleep for what `player` has now published; the time is `self`'s stall. */
void rh_player_wake_sleepers(struct rh_player *player, struct rh_player *self);
/* Returns true in the last of `parties` to come; the others return when it has opened. */
bool rh_player_meet(struct rh_player *player, struct rh_barrier *barrier, uint64_t parties);
void rh_barrier_open(struct rh_barrier *barrier);
/* Sleeps until the word is no longer `value`, or is woken, or `timeout_ns` (0: for ever). */
void rh_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t timeout_ns);
void rh_futex_wake(_Atomic uint32_t *word, int count);

static inline void rh_player_wait(struct rh_player *player, uint32_t thread, uint64_t position) {
    struct rh_player *other = &player->engine->setup.players[thread];
    if (__builtin_expect(atomic_load_explicit(&other->published, memory_order_acquire) < position,
                         0))
        rh_player_wait_slowly(player, thread, position);
}

static inline void rh_player_publish(struct rh_player *player, uint64_t position) {
    atomic_store_explicit(&player->published, position, memory_order_release);
    if (__builtin_expect(position >= atomic_load_explicit(&player->wake_at, memory_order_relaxed),
                         0))
        rh_player_wake_sleepers(player, player);
}

/* ---- epochs.c: orders that hold threads together, and the recorded pace ---- */

/* An EPOCH. */
void rh_player_enter_epoch(struct rh_player *player, uint64_t word);
/* The thread leaves the epoch in which it is, if any. */
void rh_player_leave_epoch(struct rh_player *player);
/* Waits until it is the recorded time `time_ns`. */
void rh_player_keep_pace(struct rh_player *player, uint64_t time_ns);

/* ---- window.c ---- */

/* The thread is about to begin. */
void rh_window_open(struct rh_player *player);
/* It has come to its window's end: the next window. */
void rh_window_move(struct rh_player *player);
void rh_window_fetch_again(struct rh_player *player);

/* The thread goes on after it stood for long: what it had in memory may be gone. */
static inline void rh_window_come_back(struct rh_player *player) {
    if (__builtin_expect(
            atomic_load_explicit(&player->window_begin, memory_order_relaxed) <
                atomic_load_explicit(&player->engine->window_floor, memory_order_relaxed),
            0))
        rh_window_fetch_again(player);
}

/* ---- threads.c ---- */

/* Creates the thread of the trace. */
void rh_engine_spawn(struct rh_engine *engine, uint32_t thread);
/* The op of `player` that runs, as its number in the thread. */
uint64_t rh_player_op_number(const struct rh_player *player);

/* ---- loop_slow.c: control ops and rare forms ---- */

void rh_player_control(struct rh_player *player, const uint64_t *op);
/* For an allocator that cannot change the size: allocate, copy, free. NULL: no memory, and the old
 * block is as it was. */
void *rh_player_move(struct rh_player *player, void *block, size_t old_size, size_t align,
                     size_t new_size);

#endif
