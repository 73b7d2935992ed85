/* epochs.c - holding threads together where an order asks for it, and keeping the recorded pace.
 *
 * An epoch is over when every entry of it was left and all epochs before it are over. How many are
 * over is published by the player behind the last thread; whoever leaves as the last moves it on.
 */
#include <errno.h>
#include <time.h>

#include "base/assert.h"
#include "base/clock.h"
#include "measure/run_delay.h"
#include "replay/engine_internal.h"

/* Any number of threads may be at it. Everything here is in one order that all see, so that of two
 * threads one sees what the other has done. */
static void move_on(struct rh_player *player) {
    struct rh_engine *engine = player->engine;
    const struct rh_tape_header *header = engine->setup.tape->header;
    struct rh_player *front = &engine->setup.players[header->threads];
    uint64_t over = atomic_load(&front->published);
    while (over < header->epochs && atomic_load(&engine->epochs[over]) == 0)
        if (atomic_compare_exchange_strong(&front->published, &over, over + 1))
            over++;
    if (over >= atomic_load(&front->wake_at))
        rh_player_wake_sleepers(front, player);
}

void rh_player_leave_epoch(struct rh_player *player) {
    if (player->epoch == 0)
        return;
    uint32_t before = atomic_fetch_sub(&player->engine->epochs[player->epoch - 1], 1);
    rh_assert(before > 0);
    player->epoch = 0;
    if (before == 1)
        move_on(player);
}

void rh_player_enter_epoch(struct rh_player *player, uint64_t word) {
    rh_player_leave_epoch(player);
    if (rh_tape_slot(word) == RH_TAPE_NO_EPOCH)
        return;
    player->epoch = rh_tape_slot(word) + 1;
    rh_player_wait(player, (uint32_t)player->engine->setup.tape->header->threads,
                   rh_tape_size(word));
}

/* ---- pace ---- */

static void sleep_until(uint64_t moment_ns) {
    struct timespec until = {.tv_sec = (time_t)(moment_ns / 1000000000u),
                             .tv_nsec = (long)(moment_ns % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

void rh_player_keep_pace(struct rh_player *player, uint64_t time_ns) {
    struct rh_engine *engine = player->engine;
    uint64_t begin_ns = engine->setup.tape->header->time_begin_ns;
    if (engine->setup.pace <= 0 || time_ns <= begin_ns)
        return;
    uint64_t now_ns = rh_now_ns();
    uint64_t due_ns =
        engine->started_ns + (uint64_t)((double)(time_ns - begin_ns) / engine->setup.pace);
    if (now_ns >= due_ns) {
        if (now_ns - due_ns > player->late_ns)
            player->late_ns = now_ns - due_ns;
        return;
    }
    uint64_t delay_ns = rh_run_delay_read(player->delay_fd);
    atomic_fetch_sub(&engine->running, 1);
    sleep_until(due_ns);
    atomic_fetch_add(&engine->running, 1);
    player->pause_delay_ns += rh_run_delay_read(player->delay_fd) - delay_ns;
    player->paced_ns += rh_now_ns() - now_ns;
}
