/* threads.c - the threads of the trace as real threads: stacks, beginning, end.
 *
 * Stacks come from shared mappings: the C library puts a thread's descriptor and its thread-local
 * storage there, so that a thread adds no anonymous memory of the harness. A stack is used again
 * when its thread was joined. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "measure/run_delay.h"
#include "replay/engine_internal.h"
#include "replay/latency.h"

enum {
    STACK_BYTES = 1024 * 1024, /* of address space; what is not used takes no memory */
    GUARD_BYTES = 4096,
    SLAB_STACKS = 8,
    CREATE_TRIES = 1000,
};

uint64_t rh_player_op_number(const struct rh_player *player) {
    return rh_tape_number(player->engine->setup.tape, player->thread,
                          (uint64_t)(player->at - player->words));
}

static _Noreturn void fail_out_of_memory(struct rh_player *player) {
    const struct rh_engine_setup *setup = &player->engine->setup;
    uint64_t op = rh_player_op_number(player);
    char reason[RH_SAMPLE_REASON_BYTES];
    snprintf(reason, sizeof(reason), "%s gave NULL for the %s that is operation %llu of thread %u",
             player->ops->name, rh_tape_op_name(rh_tape_kind(*player->at)), (unsigned long long)op,
             player->thread);
    setup->on_failure(setup->user, RH_SAMPLE_OUT_OF_MEMORY, player->thread, op, reason);
}

static void play_to(struct rh_player *player, uint64_t position) {
    if (player->engine->play(player, player->words + position) == NULL)
        fail_out_of_memory(player);
}

/* Plays between two readings of the clock. What is not the allocator's is taken off. */
static uint64_t play_timed(struct rh_player *player, uint64_t position) {
    uint64_t stall_ns = player->stall_ns, creation_ns = player->creation_ns;
    uint64_t paced_ns = player->paced_ns;
    uint64_t delay_ns = rh_run_delay_read(player->delay_fd) - player->pause_delay_ns;
    uint64_t start_ns = rh_now_ns();
    play_to(player, position);
    uint64_t end_ns = rh_now_ns();
    delay_ns = rh_run_delay_read(player->delay_fd) - player->pause_delay_ns - delay_ns;
    stall_ns = player->stall_ns - stall_ns;
    creation_ns = player->creation_ns - creation_ns;
    paced_ns = player->paced_ns - paced_ns;
    uint64_t other_ns = stall_ns + creation_ns + paced_ns + delay_ns;
    player->timed_stall_ns += stall_ns;
    player->timed_creation_ns += creation_ns;
    player->timed_paced_ns += paced_ns;
    player->timed_preempted_ns += delay_ns;
    player->ended_ns = end_ns;
    return end_ns - start_ns > other_ns ? end_ns - start_ns - other_ns : 0;
}

/* What was timed is looked up in the tape, so before its words are let go. */
static void settle(struct rh_player *player) {
    if (player->engine->setup.latency != NULL)
        rh_latency_settle(player->engine->setup.latency, player);
}

/* One segment; between the windows of the tape no clock runs. */
static uint64_t play_segment(struct rh_player *player, uint64_t position) {
    uint64_t busy_ns = 0;
    while (player->window_end < position) {
        busy_ns += play_timed(player, player->window_end);
        settle(player);
        rh_window_move(player);
    }
    busy_ns += play_timed(player, position);
    settle(player);
    return busy_ns;
}

static void play_prologue(struct rh_player *player, uint64_t position) {
    while (player->window_end < position) {
        play_to(player, player->window_end);
        rh_window_move(player);
    }
    play_to(player, position);
    if (position > player->engine->setup.tape->threads[player->thread].begin)
        player->pauses = (struct rh_pauses){0}; /* before anything was counted */
}

static void play_stream(struct rh_player *player) {
    const struct rh_tape_thread *entry = &player->engine->setup.tape->threads[player->thread];
    player->delay_fd = rh_run_delay_open();
    player->at = player->words + entry->begin;
    if (player->engine->setup.latency != NULL)
        rh_latency_begin(player->engine->setup.latency, player);
    rh_window_open(player);
    play_prologue(player, entry->timed);
    for (uint64_t i = 0; i < entry->segments; i++)
        player->segment_busy_ns[i] = play_segment(player, entry->segment_end[i]);
    if (player->engine->setup.latency != NULL)
        rh_latency_end(player->engine->setup.latency, player);
    if (player->delay_fd >= 0)
        close(player->delay_fd);
    player->delay_fd = -1;
}

static void finish_stream(struct rh_player *player) {
    struct rh_engine *engine = player->engine;
    rh_player_leave_epoch(player);
    rh_player_publish(player, UINT64_MAX);
    if (atomic_fetch_sub(&engine->unfinished, 1) == 1)
        rh_futex_wake(&engine->unfinished, 1);
}

static bool parks(const struct rh_player *player) {
    const struct rh_tape_thread *entry = &player->engine->setup.tape->threads[player->thread];
    return (entry->flags & RH_TAPE_THREAD_PARKS) != 0;
}

static void park(struct rh_player *player) {
    struct rh_engine *engine = player->engine;
    atomic_fetch_sub(&engine->running, 1);
    while (atomic_load(&engine->release.open) == 0)
        rh_futex_wait(&engine->release.open, 0, 0);
    atomic_fetch_add(&engine->running, 1);
}

static void *thread_main(void *argument) {
    struct rh_player *player = argument;
    struct rh_engine *engine = player->engine;
    player->handle = pthread_self();
    player->ops->thread_init(player->ctx);
    play_stream(player);
    bool stays = parks(player);
    if (!stays)
        player->ops->thread_fini(player->ctx);
    finish_stream(player);
    if (stays) {
        park(player);
        player->ops->thread_fini(player->ctx);
    }
    pthread_mutex_lock(&engine->lock);
    player->next_finished = engine->finished;
    engine->finished = player;
    pthread_mutex_unlock(&engine->lock);
    atomic_fetch_sub(&engine->running, 1);
    return NULL;
}

/* ---- stacks ---- */

/* More stacks, twice as many each time, each above a page that faults. */
static int add_slab(struct rh_engine *engine, struct rh_error *error) {
    uint32_t index = engine->stack_slab_count;
    rh_assert(index < RH_ENGINE_STACK_SLABS);
    uint32_t stacks = (uint32_t)SLAB_STACKS << index;
    struct rh_mapped *slab = &engine->stack_slabs[index];
    rh_try(rh_mapped_init(slab, (size_t)stacks * (STACK_BYTES + GUARD_BYTES), 0, error));
    for (uint32_t i = 0; i < stacks; i++) {
        char *guard = (char *)slab->data + (size_t)i * (STACK_BYTES + GUARD_BYTES);
        if (mprotect(guard, GUARD_BYTES, PROT_NONE) != 0)
            return rh_fail_errno(error, "cannot guard a stack");
    }
    engine->stack_slab_count++;
    engine->stacks_left = stacks;
    return 0;
}

static int take_stack(struct rh_engine *engine, struct rh_error *error, void **ret_stack) {
    if (engine->free_stacks != NULL) {
        *ret_stack = engine->free_stacks;
        memcpy(&engine->free_stacks, *ret_stack, sizeof(void *));
        return 0;
    }
    if (engine->stacks_left == 0)
        rh_try(add_slab(engine, error));
    engine->stacks_left--;
    char *slab = engine->stack_slabs[engine->stack_slab_count - 1].data;
    *ret_stack = slab + (size_t)engine->stacks_left * (STACK_BYTES + GUARD_BYTES) + GUARD_BYTES;
    return 0;
}

static void give_stack(struct rh_engine *engine, void *stack) {
    memcpy(stack, &engine->free_stacks, sizeof(void *));
    engine->free_stacks = stack;
}

/* ---- beginning and end ---- */

/* Joins the threads that have come to their end, and waits for none: one that has said that it
 * finished may still be in the destructors of the allocator. */
static void reap(struct rh_engine *engine) {
    pthread_mutex_lock(&engine->lock);
    struct rh_player *player = engine->finished;
    engine->finished = NULL;
    pthread_mutex_unlock(&engine->lock);
    while (player != NULL) {
        struct rh_player *next = player->next_finished;
        bool gone = pthread_tryjoin_np(player->handle, NULL) == 0;
        pthread_mutex_lock(&engine->lock);
        if (gone) {
            give_stack(engine, player->stack);
            engine->joined++;
        } else {
            player->next_finished = engine->finished;
            engine->finished = player;
        }
        pthread_mutex_unlock(&engine->lock);
        player = next;
    }
}

static int create(struct rh_engine *engine, struct rh_player *player) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    int result = pthread_attr_setstack(&attributes, player->stack, STACK_BYTES);
    rh_assert(result == 0);
    atomic_fetch_add(&engine->running, 1);
    pthread_t handle; /* the thread itself notes it, for who joins it may come before us */
    result = pthread_create(&handle, &attributes, thread_main, player);
    if (result != 0)
        atomic_fetch_sub(&engine->running, 1);
    pthread_attr_destroy(&attributes);
    return result;
}

static _Noreturn void fail_creation(struct rh_engine *engine, uint32_t thread, const char *why) {
    char reason[RH_SAMPLE_REASON_BYTES];
    snprintf(reason, sizeof(reason), "thread %u cannot be created: %s", thread, why);
    engine->setup.on_failure(engine->setup.user, RH_SAMPLE_FAILED, thread, UINT64_MAX, reason);
}

void rh_engine_spawn(struct rh_engine *engine, uint32_t thread) {
    struct rh_player *player = &engine->setup.players[thread];
    struct rh_error error = {0};
    reap(engine);
    pthread_mutex_lock(&engine->lock);
    int result = take_stack(engine, &error, &player->stack);
    pthread_mutex_unlock(&engine->lock);
    if (result < 0)
        fail_creation(engine, thread, error.message);
    int failure = create(engine, player);
    for (int i = 0; failure == EAGAIN && i < CREATE_TRIES; i++) {
        reap(engine);
        rh_futex_wait(&engine->release.arrived, 0, 1000000); /* nobody wakes it: a pause */
        failure = create(engine, player);
    }
    if (failure != 0)
        fail_creation(engine, thread, strerror(failure));
}

/* Threads that none of the trace creates. They come behind all that were there before. */
static void spawn_roots(struct rh_engine *engine) {
    const struct rh_tape *tape = engine->setup.tape;
    for (uint64_t i = 0; i < tape->header->roots; i++) {
        const struct rh_tape_root *root = &tape->roots[i];
        if (root->after_thread != RH_TAPE_NO_THREAD && root->after_thread != 0)
            rh_player_wait(&engine->setup.players[0], root->after_thread, root->after_position);
        rh_engine_spawn(engine, root->thread);
    }
}

void rh_engine_run(struct rh_engine *engine) {
    struct rh_player *main_player = &engine->setup.players[0];
    if (engine->setup.tape->header->threads == 0)
        return;
    if (engine->setup.tape->header->gate_parties == 0) {
        if (engine->setup.at_start != NULL)
            engine->setup.at_start(engine->setup.user);
        engine->started_ns = rh_now_ns();
    }
    if (engine->setup.pace > 0)
        prctl(PR_SET_TIMERSLACK, 1ul); /* ns; threads inherit it from their creators */
    main_player->handle = pthread_self();
    play_stream(main_player);
    finish_stream(main_player);
    spawn_roots(engine);
    atomic_fetch_sub(&engine->running, 1);
    for (uint32_t left = atomic_load(&engine->unfinished); left != 0;
         left = atomic_load(&engine->unfinished))
        rh_futex_wait(&engine->unfinished, left, 0);
    atomic_fetch_add(&engine->running, 1);
}

void rh_engine_join(struct rh_engine *engine) {
    rh_barrier_open(&engine->release);
    uint64_t threads = engine->setup.tape->header->threads;
    while (threads > 0 && engine->joined + 1 < threads) {
        reap(engine);
        if (engine->joined + 1 < threads)
            rh_futex_wait(&engine->release.arrived, 0, 100000); /* nobody wakes it: a pause */
    }
}
