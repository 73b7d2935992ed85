/* loop_slow.c - what the op loop meets rarely. */
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "measure/resident.h"
#include "measure/run_delay.h"
#include "replay/engine_internal.h"

void *rh_player_move(struct rh_player *player, void *block, size_t old_size, size_t align,
                     size_t new_size) {
    const struct rh_allocator_ops *ops = player->ops;
    void *fresh = ops->alloc(player->ctx, new_size, align);
    if (fresh == NULL && new_size != 0)
        return NULL;
    if (!player->untouchable && fresh != NULL)
        memcpy(fresh, block, old_size < new_size ? old_size : new_size);
    ops->free(player->ctx, block, old_size, align);
    return fresh;
}

static void pass_mark(struct rh_player *player, uint64_t mark) {
    const struct rh_engine_setup *setup = &player->engine->setup;
    if (setup->at_mark == NULL)
        return;
    struct rh_barrier *barrier = &player->engine->marks[mark];
    rh_resident_drain(); /* each on the CPU where it ran */
    if (rh_player_meet(player, barrier, setup->tape->marks[mark].parties)) {
        atomic_store(&player->looks, 1);
        setup->at_mark(setup->user, mark);
        atomic_store(&player->looks, 0);
        rh_barrier_open(barrier);
    }
}

static void pass_gate(struct rh_player *player) {
    struct rh_engine *engine = player->engine;
    if (rh_player_meet(player, &engine->gate, engine->setup.tape->header->gate_parties)) {
        if (engine->setup.at_start != NULL)
            engine->setup.at_start(engine->setup.user);
        engine->started_ns = rh_now_ns();
        rh_barrier_open(&engine->gate);
    }
}

static void spawn(struct rh_player *player, uint32_t thread) {
    uint64_t start_ns = rh_now_ns(), delay_ns = rh_run_delay_read(player->delay_fd);
    rh_engine_spawn(player->engine, thread);
    player->pause_delay_ns += rh_run_delay_read(player->delay_fd) - delay_ns;
    player->creation_ns += rh_now_ns() - start_ns;
}

void rh_player_control(struct rh_player *player, const uint64_t *op) {
    switch (rh_tape_kind(*op)) {
    case RH_TAPE_SPAWN:
        spawn(player, rh_tape_slot(*op));
        return;
    case RH_TAPE_MARK:
        pass_mark(player, rh_tape_slot(*op));
        return;
    case RH_TAPE_TIME:
        if (player->engine->thinking.thinkers != NULL)
            rh_think(&player->engine->thinking, player, op);
        rh_player_keep_pace(player, rh_tape_long_operand(*op));
        return;
    case RH_TAPE_EPOCH:
        rh_player_enter_epoch(player, *op);
        return;
    default:
        rh_assert(rh_tape_kind(*op) == RH_TAPE_GATE);
        pass_gate(player);
        return;
    }
}
