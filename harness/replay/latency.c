/* latency.c - which operations are timed, and how.
 *
 * Windows of the tape are drawn, 16 words long and 1024 apart on average: each op that begins in
 * one is timed. So every op has the same chance, however long it and its neighbours are in the
 * tape; and leaving the loop and coming back, which the processor does not foresee, comes once for
 * many readings. What was read goes to a buffer of the thread. */
#include "replay/latency.h"

#include "base/assert.h"
#include "base/clock.h"
#include "measure/quantum.h"
#include "replay/latency_internal.h"

enum {
    ONE_OF = 64,
    WINDOW_WORDS = 16,
    GAP_WORDS = (ONE_OF - 1) * WINDOW_WORDS, /* on average */
    LEAD_WORDS = 4 * ONE_OF * WINDOW_WORDS,
    BUFFER_SAMPLES_MOST = 1 << 16,
    RATE_WINDOW_NS = 10000000,
};

/* ---- the clock ---- */

static inline uint64_t read_clock(bool tsc) {
    return tsc ? rh_tsc() : rh_now_ns();
}

void rh_latency_learn_clock(struct rh_latency_clock *ret_clock) {
    bool tsc = rh_tsc_is_reliable() != 0;
    double ticks_per_ns = tsc ? rh_tsc_per_ns(RATE_WINDOW_NS) : 1;
    *ret_clock = (struct rh_latency_clock){
        .tsc = tsc,
        .units_per_tick = RH_LATENCY_UNITS_PER_NS / ticks_per_ns,
        .quantum_ps = (uint64_t)(rh_quantum_find(tsc) * 1000 / ticks_per_ns + 0.5),
    };
}

/* ---- the vtable that reads the clock ---- */

/* An operation may take several calls (allocate, copy, free): from the first to the last. */
static inline void before(struct rh_sampler *sampler) {
    if (sampler->op == sampler->player->at)
        return;
    if (sampler->timed == sampler->buffer_end)
        rh_latency_settle(sampler->pass, sampler->player);
    sampler->op = sampler->player->at;
    sampler->timed++;
    rh_disturbance_begin(&sampler->disturbance, &sampler->span);
    sampler->begin = read_clock(sampler->tsc);
}

static inline void after(struct rh_sampler *sampler) {
    uint64_t ticks = read_clock(sampler->tsc) - sampler->begin;
    rh_disturbance_end(&sampler->disturbance, &sampler->span);
    sampler->timed[-1] = (struct rh_timed){sampler->op, ticks};
}

static void *timed_alloc(void *ctx, size_t len, size_t align) {
    struct rh_sampler *sampler = ctx;
    before(sampler);
    void *block = sampler->ops->alloc(sampler->ctx, len, align);
    after(sampler);
    return block;
}

static void *timed_alloc_zeroed(void *ctx, size_t len, size_t align) {
    struct rh_sampler *sampler = ctx;
    before(sampler);
    void *block = sampler->ops->alloc_zeroed(sampler->ctx, len, align);
    after(sampler);
    return block;
}

static void *timed_remap(void *ctx, void *block, size_t len, size_t align, size_t new_len) {
    struct rh_sampler *sampler = ctx;
    before(sampler);
    void *moved = sampler->ops->remap(sampler->ctx, block, len, align, new_len);
    after(sampler);
    return moved;
}

static void timed_free(void *ctx, void *block, size_t len, size_t align) {
    struct rh_sampler *sampler = ctx;
    before(sampler);
    sampler->ops->free(sampler->ctx, block, len, align);
    after(sampler);
}

static void timed_free_sized(void *ctx, void *block, size_t len, size_t align) {
    struct rh_sampler *sampler = ctx;
    before(sampler);
    sampler->ops->free_sized(sampler->ctx, block, len, align);
    after(sampler);
}

static size_t timed_usable_size(void *ctx, void *block, size_t len, size_t align) {
    struct rh_sampler *sampler = ctx;
    before(sampler);
    size_t usable = sampler->ops->usable_size(sampler->ctx, block, len, align);
    after(sampler);
    return usable;
}

static const struct rh_allocator_ops timed_ops = {
    .name = "timed",
    .alloc = timed_alloc,
    .alloc_zeroed = timed_alloc_zeroed,
    .remap = timed_remap,
    .free = timed_free,
    .free_sized = timed_free_sized,
    .usable_size = timed_usable_size,
};

/* ---- playing ---- */

/* Of a window, or of a gap. */
static uint64_t draw_length(struct rh_sampler *sampler) {
    return sampler->timing ? WINDOW_WORDS
                           : 1 + rh_random_below(&sampler->random, 2 * GAP_WORDS - 1);
}

/* Anywhere in a window or a gap, as if they had followed each other for long before `op`: so it
 * has the chance of all others. */
static void begin_at(struct rh_sampler *sampler, const uint64_t *op) {
    uint64_t words = 0;
    sampler->timing = true;
    do {
        sampler->timing = !sampler->timing;
        words += draw_length(sampler);
    } while (words <= LEAD_WORDS);
    sampler->stop = op + (words - LEAD_WORDS);
}

/* From a gap into a window, or back. */
static void turn(struct rh_sampler *sampler) {
    sampler->timing = !sampler->timing;
    sampler->stop += draw_length(sampler);
}

/* The op that was played is over, if it is one that called the allocator. */
static inline void note_end(struct rh_sampler *sampler) {
    if (sampler->op != sampler->player->at)
        return;
    rh_disturbance_settle(&sampler->disturbance, &sampler->span);
    if (rh_sampler_is_slow(sampler, sampler->timed[-1].ticks))
        rh_latency_note_slow(sampler);
}

/* Not by the op loop: its calls had two places to go to then, and the processor would foresee them
 * less well from there on. NULL: no memory. */
static const uint64_t *play_window(struct rh_sampler *sampler, const uint64_t *stop) {
    struct rh_player *player = sampler->player;
    const uint64_t *op = player->at;
    player->ops = &timed_ops;
    player->ctx = sampler;
    while (op != NULL && op < stop) {
        player->at = op;
        op = player->engine->play_one(player, op);
        note_end(sampler);
    }
    player->ops = sampler->ops;
    player->ctx = sampler->ctx;
    if (op != NULL)
        player->at = op;
    return op;
}

/* To the end of the window or gap, or to `end` if that is nearer. Words of other threads, over
 * which the tape jumps, are no part of either. NULL: no memory. */
static const uint64_t *play_on(struct rh_sampler *sampler, const uint64_t *end) {
    struct rh_player *player = sampler->player;
    const uint64_t *stop = sampler->stop < end ? sampler->stop : end;
    const uint64_t skipped_words = player->skipped_words;
    const uint64_t *op =
        sampler->timing ? play_window(sampler, stop) : player->engine->play_between(player, stop);
    sampler->stop += player->skipped_words - skipped_words;
    return op;
}

const uint64_t *rh_latency_play(struct rh_player *player, const uint64_t *end) {
    const struct rh_engine *engine = player->engine;
    struct rh_sampler *sampler = rh_sampler_of(engine->setup.latency, player);
    const uint64_t *timed = player->words + engine->setup.tape->threads[player->thread].timed;
    if (end <= timed) /* the prologue */
        return engine->play_between(player, end);
    const uint64_t *op = player->at;
    while (op != NULL && op < end) {
        op = play_on(sampler, end);
        if (op >= sampler->stop)
            turn(sampler);
    }
    return op;
}

void rh_latency_begin(struct rh_latency_pass *pass, struct rh_player *player) {
    struct rh_sampler *sampler = rh_sampler_of(pass, player);
    const struct rh_tape_thread *entry = &player->engine->setup.tape->threads[player->thread];
    sampler->ops = player->ops;
    sampler->ctx = player->ctx;
    sampler->pass = pass;
    sampler->player = player;
    sampler->tsc = pass->clock.tsc;
    rh_random_seed(&sampler->random, pass->seed + player->thread);
    begin_at(sampler, player->words + entry->timed);
    rh_disturbance_open(&sampler->disturbance, pass->marks);
    sampler->timed = sampler->buffer;
}

/* ---- before and behind the run ---- */

/* Room for what a segment most likely brings. */
static uint64_t buffer_samples(const struct rh_tape_thread *thread) {
    uint64_t ops = thread->segments > 0 ? thread->ops / thread->segments : 0;
    uint64_t samples = 16 * WINDOW_WORDS + ops / ONE_OF * 5 / 4;
    return samples < BUFFER_SAMPLES_MOST ? samples : BUFFER_SAMPLES_MOST;
}

static int map_buffers(struct rh_latency_pass *pass, const struct rh_tape *tape,
                       struct rh_error *error) {
    uint64_t samples = 0;
    for (uint64_t i = 0; i < tape->header->threads; i++)
        samples += buffer_samples(&tape->threads[i]);
    rh_try(rh_mapped_init(&pass->buffers, samples * sizeof(struct rh_timed), 1, error));
    struct rh_sampler *samplers = pass->samplers.data;
    struct rh_timed *buffer = pass->buffers.data;
    for (uint64_t i = 0; i < tape->header->threads; i++) {
        samplers[i].buffer = buffer;
        samplers[i].buffer_end = buffer += buffer_samples(&tape->threads[i]);
    }
    return 0;
}

static int map_samplers(struct rh_latency_pass *pass, const struct rh_tape *tape,
                        struct rh_error *error) {
    rh_try(rh_mapped_init(&pass->samplers, tape->header->threads * sizeof(struct rh_sampler), 1,
                          error));
    int result = map_buffers(pass, tape, error);
    if (result < 0)
        rh_mapped_finish(&pass->samplers);
    return result;
}

int rh_latency_pass_create(const struct rh_tape *tape, const struct rh_latency_clock *clock,
                           uint64_t seed, struct rh_error *error,
                           struct rh_latency_pass **ret_pass) {
    struct rh_mapped own;
    rh_try(rh_mapped_init(&own, sizeof(struct rh_latency_pass), 1, error));
    struct rh_latency_pass *pass = own.data;
    int result = map_samplers(pass, tape, error);
    if (result < 0) {
        rh_mapped_finish(&own);
        return result;
    }
    pass->own = own;
    pass->seed = seed;
    pthread_mutex_init(&pass->lock, NULL);
    pass->clock = *clock;
    pass->marks = rh_disturbance_probe();
    *ret_pass = pass;
    return 0;
}

void rh_latency_pass_destroy(struct rh_latency_pass *pass) {
    if (pass == NULL)
        return;
    pthread_mutex_destroy(&pass->lock);
    rh_mapped_finish(&pass->buffers);
    rh_mapped_finish(&pass->samplers);
    struct rh_mapped own = pass->own;
    rh_mapped_finish(&own);
}
