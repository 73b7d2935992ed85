/* tape_model.c - one op at a time, of a thread that is drawn. */
#include "tests/unit/compile/tape_model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/random.h"
#include "result/course.h"

struct clock {
    uint64_t done[MODEL_THREADS_MAX]; /* position of the newest op of each thread that is known */
};

struct slot {
    bool live;
    bool used;
    uint64_t size;
    uint32_t align_log2;
    uint32_t thread; /* of the newest access */
    uint64_t position;
};

struct thread {
    bool started, ended, at_barrier;
    uint64_t at;
    uint64_t signalled; /* newest op with a signal that is done */
    uint32_t epoch;     /* + 1 */
    struct clock clock;
};

struct player {
    const struct rh_tape *tape;
    struct rh_random random;
    struct tape_model *model;
    struct slot *slots;
    struct thread *threads;
    uint64_t *arrived;     /* at each mark; the last is the gate */
    struct clock *signals; /* what a thread knew at an op with a signal; grown */
    size_t signal_count, signal_capacity;
    uint32_t *signal_of_word; /* index into signals + 1 */
    uint32_t *epochs;         /* entries left */
    uint64_t epochs_over;
    tape_model_hook *hook;
    void *user;
};

static void complain(struct player *player, const char *format, ...) {
    if (player->model->reason[0] != '\0')
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(player->model->reason, MODEL_REASON_BYTES, format, arguments);
    va_end(arguments);
}

static void join(struct clock *into, const struct clock *from) {
    for (size_t i = 0; i < MODEL_THREADS_MAX; i++)
        if (from->done[i] > into->done[i])
            into->done[i] = from->done[i];
}

static void note_signal(struct player *player, uint32_t thread, uint64_t position) {
    int result = rh_grow((void **)&player->signals, &player->signal_capacity,
                         player->signal_count + 1, sizeof(struct clock), NULL);
    rh_assert(result == 0);
    player->signals[player->signal_count++] = player->threads[thread].clock;
    player->signal_of_word[position] = (uint32_t)player->signal_count;
    player->threads[thread].signalled = position;
}

/* What a waiter learns: what was known at the op that it waited for. */
static void learn(struct player *player, uint32_t self, uint64_t position) {
    uint32_t index = player->signal_of_word[position];
    if (index == 0)
        complain(player, "the op at word %" PRIu64 " gives no signal", position);
    else
        join(&player->threads[self].clock, &player->signals[index - 1]);
}

static void access_slot(struct player *player, uint32_t self, uint64_t position,
                        bool must_be_live) {
    uint64_t index = rh_tape_slot(player->tape->words[position]);
    struct slot *slot = &player->slots[index];
    if (slot->live != must_be_live)
        complain(player, "slot %" PRIu64 " is %s at word %" PRIu64, index,
                 slot->live ? "live" : "free", position);
    if (slot->used && slot->thread != self &&
        player->threads[self].clock.done[slot->thread] < slot->position)
        complain(player,
                 "thread %" PRIu32 " at word %" PRIu64 " races with thread %" PRIu32
                 " at word %" PRIu64 " for slot %" PRIu64,
                 self, position, slot->thread, slot->position, index);
    slot->used = true;
    slot->thread = self;
    slot->position = position;
}

static void check_block(struct player *player, uint64_t position, uint64_t size,
                        uint64_t align_log2) {
    const struct slot *slot = &player->slots[rh_tape_slot(player->tape->words[position])];
    if (slot->size != size || slot->align_log2 != align_log2)
        complain(player, "word %" PRIu64 " names another size or alignment than its block has",
                 position);
}

static void set_block(struct player *player, uint64_t position, uint64_t size,
                      uint64_t align_log2) {
    struct slot *slot = &player->slots[rh_tape_slot(player->tape->words[position])];
    *slot = (struct slot){.live = true,
                          .used = true,
                          .size = size,
                          .align_log2 = (uint32_t)align_log2,
                          .thread = slot->thread,
                          .position = slot->position};
    player->model->live_bytes += size;
    player->model->live_objects++;
}

static void end_block(struct player *player, uint64_t position) {
    struct slot *slot = &player->slots[rh_tape_slot(player->tape->words[position])];
    slot->live = false;
    player->model->live_bytes -= slot->size;
    player->model->live_objects--;
}

static void play_op(struct player *player, uint32_t self, uint64_t at) {
    const uint64_t *op = &player->tape->words[at];
    if (player->hook != NULL)
        player->hook(player->user, self, at);
    unsigned kind = rh_tape_kind(*op);
    bool wide = kind >= RH_TAPE_ALLOC_WIDE;
    uint64_t align = wide ? rh_tape_size(*op) & RH_TAPE_SHAPE_ALIGN : RH_TAPE_MALLOC_ALIGN_LOG2;
    uint64_t first = wide ? op[1] : rh_tape_size(*op);
    bool allocates = kind == RH_TAPE_MALLOC || kind == RH_TAPE_CALLOC || kind == RH_TAPE_ALLOC_WIDE;
    access_slot(player, self, at, !allocates);
    if (!allocates)
        check_block(player, at, first, align);
    if (allocates) {
        set_block(player, at, first, align);
    } else if (kind == RH_TAPE_REALLOC || kind == RH_TAPE_REALLOC_WIDE) {
        end_block(player, at);
        set_block(player, at, wide ? op[2] : op[1], align);
    } else if (kind == RH_TAPE_FREE || kind == RH_TAPE_FREE_SIZED || kind == RH_TAPE_FREE_WIDE) {
        end_block(player, at);
    }
    player->model->ops++;
    player->threads[self].clock.done[self] = at;
    if (*op & RH_TAPE_SIGNAL)
        note_signal(player, self, at);
}

static void start(struct player *player, uint32_t thread, const struct clock *creator) {
    struct thread *started = &player->threads[thread];
    started->started = true;
    started->at = player->tape->threads[thread].begin;
    if (creator != NULL)
        join(&started->clock, creator);
}

/* All parties stand there: they pass together. Barriers order nothing that the tape relies on,
 * because other passes go by without. */
static void pass_barrier(struct player *player, uint64_t index, uint64_t parties) {
    if (++player->arrived[index] < parties)
        return;
    for (uint64_t i = 0; i < player->tape->header->threads; i++) {
        struct thread *thread = &player->threads[i];
        if (!thread->at_barrier)
            continue;
        uint64_t word = player->tape->words[thread->at];
        uint64_t here =
            rh_tape_kind(word) == RH_TAPE_GATE ? player->tape->header->marks : rh_tape_slot(word);
        if (here != index)
            continue;
        thread->at_barrier = false;
        thread->at = rh_tape_next(player->tape->words, thread->at);
    }
    player->model->marks_met += index < player->tape->header->marks;
}

static bool wait_is_over(const struct player *player, uint32_t thread, uint64_t position) {
    return player->threads[thread].ended || player->threads[thread].signalled >= position;
}

static void leave_epoch(struct player *player, struct thread *thread) {
    if (thread->epoch != 0 && player->epochs[thread->epoch - 1]-- == 0)
        complain(player, "epoch %" PRIu32 " is left more often than entered", thread->epoch - 1);
    thread->epoch = 0;
    while (player->epochs_over < player->tape->header->epochs &&
           player->epochs[player->epochs_over] == 0)
        player->epochs_over++;
}

/* False where it must wait. What others did in epochs that are over is known. */
static bool enter_epoch(struct player *player, uint32_t self, uint64_t word) {
    struct thread *thread = &player->threads[self];
    if (rh_tape_slot(word) == RH_TAPE_NO_EPOCH)
        return true;
    if (player->epochs_over < rh_tape_size(word))
        return false;
    thread->epoch = rh_tape_slot(word) + 1;
    if (player->tape->header->order == RH_ORDER_RECORDED)
        for (uint64_t i = 0; i < player->tape->header->threads; i++)
            join(&thread->clock, &player->threads[i].clock);
    return true;
}

/* One step of the thread; false where it cannot go on now. */
static bool step(struct player *player, uint32_t self) {
    struct thread *thread = &player->threads[self];
    const struct rh_tape *tape = player->tape;
    if (!thread->started || thread->ended || thread->at_barrier)
        return false;
    if (thread->at == tape->threads[self].end) {
        thread->ended = true;
        leave_epoch(player, thread);
        return true;
    }
    uint64_t word = tape->words[thread->at];
    unsigned kind = rh_tape_kind(word);
    if (kind == RH_TAPE_WAIT) {
        if (!wait_is_over(player, rh_tape_slot(word), tape->words[thread->at + 1]))
            return false;
        learn(player, self, tape->words[thread->at + 1]);
        player->model->waits++;
    } else if (kind == RH_TAPE_EPOCH && thread->epoch != 0) {
        leave_epoch(player, thread);
        return true;
    } else if (kind == RH_TAPE_EPOCH) {
        if (!enter_epoch(player, self, word))
            return false;
    } else if (kind == RH_TAPE_SPAWN) {
        thread->clock.done[self] = thread->at;
        start(player, rh_tape_slot(word), &thread->clock);
    } else if (kind == RH_TAPE_MARK || kind == RH_TAPE_GATE) {
        thread->at_barrier = true;
        if (kind == RH_TAPE_GATE)
            pass_barrier(player, tape->header->marks, tape->header->gate_parties);
        else
            pass_barrier(player, rh_tape_slot(word), tape->marks[rh_tape_slot(word)].parties);
        return true;
    } else if (kind != RH_TAPE_JUMP && kind != RH_TAPE_TIME) {
        play_op(player, self, thread->at);
    }
    thread->at = rh_tape_next(tape->words, thread->at);
    return true;
}

static bool start_root(struct player *player) {
    for (uint64_t i = 0; i < player->tape->header->roots; i++) {
        const struct rh_tape_root *root = &player->tape->roots[i];
        if (player->threads[root->thread].started || !player->threads[0].ended)
            continue;
        if (root->after_thread != RH_TAPE_NO_THREAD &&
            !wait_is_over(player, root->after_thread, root->after_position))
            continue;
        start(player, root->thread, NULL);
        return true;
    }
    return false;
}

/* Long runs of one thread, so that threads get far ahead of each other. */
static bool run_some(struct player *player) {
    uint64_t threads = player->tape->header->threads;
    uint64_t first = rh_random_below(&player->random, threads);
    uint64_t steps = 1 + rh_random_below(&player->random, 2000);
    for (uint64_t i = 0; i < threads; i++) {
        uint32_t self = (uint32_t)((first + i) % threads);
        uint64_t done = 0;
        while (done < steps && step(player, self))
            done++;
        if (done > 0)
            return true;
    }
    return start_root(player);
}

void tape_model_play(const struct rh_tape *tape, uint64_t seed, struct tape_model *ret_model) {
    tape_model_play_hooked(tape, seed, NULL, NULL, ret_model);
}

void tape_model_play_hooked(const struct rh_tape *tape, uint64_t seed, tape_model_hook *hook,
                            void *user, struct tape_model *ret_model) {
    rh_assert(tape->header->threads <= MODEL_THREADS_MAX);
    *ret_model = (struct tape_model){0};
    struct player player = {.tape = tape, .model = ret_model, .hook = hook, .user = user};
    rh_random_seed(&player.random, seed);
    player.slots = rh_alloc_zeroed(tape->header->slots, sizeof(*player.slots));
    player.threads = rh_alloc_zeroed(tape->header->threads, sizeof(*player.threads));
    player.arrived = rh_alloc_zeroed(tape->header->marks + 1, sizeof(*player.arrived));
    player.signal_of_word = rh_alloc_zeroed(tape->header->ops_end, sizeof(uint32_t));
    player.epochs = rh_alloc_zeroed(tape->header->epochs + 1, sizeof(*player.epochs));
    rh_assert(player.epochs != NULL);
    for (uint64_t i = 0; i < tape->header->epochs; i++)
        player.epochs[i] = tape->epochs[i];
    rh_assert(player.slots != NULL && player.threads != NULL && player.arrived != NULL &&
              player.signal_of_word != NULL);
    if (tape->header->threads > 0)
        start(&player, 0, NULL);
    while (ret_model->reason[0] == '\0' && tape->header->threads > 0 && run_some(&player))
        continue;
    for (uint64_t i = 0; i < tape->header->threads; i++)
        if (!player.threads[i].ended)
            complain(&player, "thread %" PRIu64 " stands still at word %" PRIu64, i,
                     player.threads[i].at);
    if (player.epochs_over != tape->header->epochs)
        complain(&player, "epoch %" PRIu64 " is never over", player.epochs_over);
    rh_free(player.epochs);
    rh_free(player.slots);
    rh_free(player.threads);
    rh_free(player.arrived);
    rh_free(player.signals);
    rh_free(player.signal_of_word);
}
