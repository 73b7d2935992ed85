/* wait.c - a thread waits for another's op.
 *
 * Waiting costs the producer one load for each signalled op, and a system call only when somebody
 * sleeps for exactly what it has done. Sleepers stand in a list of the thread that they wait for,
 * nearest position first, and each sleeps on a word of its own, so that none is woken in vain. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "measure/run_delay.h"
#include "replay/engine_internal.h"

enum {
    SPIN_NS = 2000,
    /* A producer publishes and then looks for sleepers without a fence between; a sleeper that both
     * missed looks again after this time. */
    SLEEP_NS = 2000000,
    SLEEP_NS_MOST = 256000000, /* each look is twice as late as the one before */
};

void rh_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t timeout_ns) {
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000u),
                               .tv_nsec = (long)(timeout_ns % 1000000000u)};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout_ns != 0 ? &timeout : NULL, NULL, 0);
}

void rh_futex_wake(_Atomic uint32_t *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static void lock_queue(struct rh_player *player) {
    while (atomic_exchange_explicit(&player->queue_lock, 1, memory_order_acquire) != 0)
        sched_yield();
}

static void unlock_queue(struct rh_player *player) {
    atomic_store_explicit(&player->queue_lock, 0, memory_order_release);
}

/* To be called under the lock, whenever the first sleeper may have changed. */
static void note_first_sleeper(struct rh_player *player) {
    const struct rh_player *first = player->sleepers;
    uint64_t wanted = first == NULL
                          ? UINT64_MAX
                          : atomic_load_explicit(&first->waits_for_position, memory_order_relaxed);
    /* An exchange, because what is published must be read after it. */
    atomic_exchange(&player->wake_at, wanted);
}

static void enqueue(struct rh_player *player, struct rh_player *other, uint64_t position) {
    lock_queue(other);
    struct rh_player **link = &other->sleepers;
    while (*link != NULL &&
           atomic_load_explicit(&(*link)->waits_for_position, memory_order_relaxed) <= position)
        link = &(*link)->next_sleeper;
    player->next_sleeper = *link;
    *link = player;
    player->queued = true;
    note_first_sleeper(other);
    unlock_queue(other);
}

static void dequeue(struct rh_player *player, struct rh_player *other) {
    lock_queue(other);
    if (player->queued) {
        struct rh_player **link = &other->sleepers;
        while (*link != player)
            link = &(*link)->next_sleeper;
        *link = player->next_sleeper;
        player->queued = false;
        note_first_sleeper(other);
    }
    unlock_queue(other);
}

/* Takes the first sleeper that has what it waits for out of the list; NULL: none has. */
static struct rh_player *take_sleeper(struct rh_player *player) {
    uint64_t published = atomic_load_explicit(&player->published, memory_order_relaxed);
    lock_queue(player);
    struct rh_player *first = player->sleepers;
    if (first != NULL &&
        atomic_load_explicit(&first->waits_for_position, memory_order_relaxed) <= published) {
        player->sleepers = first->next_sleeper;
        first->queued = false;
        atomic_store_explicit(&first->wake_word, 1, memory_order_relaxed);
    } else {
        first = NULL;
    }
    note_first_sleeper(player);
    unlock_queue(player);
    return first;
}

void rh_player_wake_sleepers(struct rh_player *player, struct rh_player *self) {
    uint64_t start_ns = rh_now_ns();
    for (struct rh_player *sleeper = take_sleeper(player); sleeper != NULL;
         sleeper = take_sleeper(player))
        rh_futex_wake(&sleeper->wake_word, 1);
    self->stall_ns += rh_now_ns() - start_ns;
}

static bool is_done(struct rh_player *other, uint64_t position) {
    return atomic_load(&other->published) >= position;
}

/* Worth it only while the other thread has a CPU to come forward on. */
static bool spin(struct rh_player *player, struct rh_player *other, uint64_t position) {
    const struct rh_engine *engine = player->engine;
    uint64_t end_ns = rh_now_ns() + SPIN_NS;
    while (atomic_load_explicit(&engine->running, memory_order_relaxed) <= engine->setup.cpus) {
        for (int i = 0; i < 16; i++) {
            if (is_done(other, position))
                return true;
            __builtin_ia32_pause();
        }
        if (rh_now_ns() >= end_ns)
            break;
    }
    return false;
}

/* Gives up the CPU until it is done. */
static void sleep_until_done(struct rh_player *player, struct rh_player *other, uint64_t position) {
    uint64_t delay_ns = rh_run_delay_read(player->delay_fd);
    atomic_fetch_sub(&player->engine->running, 1);
    enqueue(player, other, position);
    for (uint64_t ns = SLEEP_NS; !is_done(other, position);) {
        rh_futex_wait(&player->wake_word, 0, ns);
        ns = ns < SLEEP_NS_MOST ? 2 * ns : ns;
        atomic_store_explicit(&player->wake_word, 0, memory_order_relaxed);
    }
    dequeue(player, other);
    atomic_fetch_add(&player->engine->running, 1);
    player->pause_delay_ns += rh_run_delay_read(player->delay_fd) - delay_ns;
}

static void note_wait(struct rh_player *player, uint32_t thread, uint64_t position,
                      uint64_t waited_ns) {
    player->stall_ns += waited_ns;
    if (thread == player->engine->setup.tape->header->threads) {
        player->window_waits++;
        player->window_stall_ns += waited_ns;
        return;
    }
    player->waits++;
    if (waited_ns <= player->longest.ns)
        return;
    player->longest = (struct rh_stall){.op = (uint64_t)(player->at - player->words),
                                        .other_thread = thread,
                                        .other_op = position,
                                        .ns = waited_ns};
}

void rh_player_wait_slowly(struct rh_player *player, uint32_t thread, uint64_t position) {
    struct rh_player *other = &player->engine->setup.players[thread];
    rh_assert(other != player);
    uint64_t start_ns = rh_now_ns();
    atomic_store_explicit(&player->waits_for_position, position, memory_order_relaxed);
    atomic_store_explicit(&player->waits_for_thread, thread + 1, memory_order_relaxed);
    if (!spin(player, other, position))
        sleep_until_done(player, other, position);
    atomic_store_explicit(&player->waits_for_thread, 0, memory_order_relaxed);
    rh_window_come_back(player);
    note_wait(player, thread, position, rh_now_ns() - start_ns);
}

/* ---- barriers ---- */

bool rh_player_meet(struct rh_player *player, struct rh_barrier *barrier, uint64_t parties) {
    if (atomic_fetch_add(&barrier->arrived, 1) + 1 == parties)
        return true;
    uint64_t start_ns = rh_now_ns(), delay_ns = rh_run_delay_read(player->delay_fd);
    atomic_fetch_sub(&player->engine->running, 1);
    while (atomic_load(&barrier->open) == 0)
        rh_futex_wait(&barrier->open, 0, 0);
    atomic_fetch_add(&player->engine->running, 1);
    rh_window_come_back(player);
    player->pause_delay_ns += rh_run_delay_read(player->delay_fd) - delay_ns;
    player->stall_ns += rh_now_ns() - start_ns;
    return false;
}

void rh_barrier_open(struct rh_barrier *barrier) {
    atomic_store(&barrier->open, 1);
    rh_futex_wake(&barrier->open, INT_MAX);
}
