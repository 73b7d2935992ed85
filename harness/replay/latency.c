/* latency.c - which operations are timed, and how.
 *
 * Gaps are drawn in words of the tape, mean 64, and an op is timed only if it begins exactly where
 * a gap ends: so each operation has the same chance, however long its neighbours are in the tape.
 * What was read goes to a buffer of the thread. */
#include "replay/latency.h"

#include "base/assert.h"
#include "base/clock.h"
#include "measure/quantum.h"
#include "replay/latency_internal.h"

enum {
    GAP_WORDS = 64, /* on average */
    BUFFER_SAMPLES_MOST = 1 << 16,
    OP_WORDS_MOST = 4,
    RATE_WINDOW_NS = 10000000,
};

/* ---- the clock ---- */

static inline uint64_t read_clock(bool tsc) {
    return tsc ? rh_tsc() : rh_now_ns();
}

static void learn_clock(struct rh_latency_pass *pass) {
    pass->tsc = rh_tsc_is_reliable() != 0;
    double ticks_per_ns = pass->tsc ? rh_tsc_per_ns(RATE_WINDOW_NS) : 1;
    pass->units_per_tick = RH_LATENCY_UNITS_PER_NS / ticks_per_ns;
    pass->quantum_ps = (uint64_t)(rh_quantum_find(pass->tsc) * 1000 / ticks_per_ns + 0.5);
}

/* ---- the vtable that reads the clock ---- */

static inline void before(struct rh_sampler *sampler) {
    struct rh_timed *timed = sampler->timed;
    if (timed->begin != 0)
        return;
    rh_disturbance_begin(&sampler->disturbance, &timed->span);
    timed->begin = read_clock(sampler->tsc);
}

/* An operation may take several calls (allocate, copy, free): the last one counts. */
static inline void after(struct rh_sampler *sampler) {
    struct rh_timed *timed = sampler->timed;
    timed->end = read_clock(sampler->tsc);
    rh_disturbance_end(&sampler->disturbance, &timed->span);
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

static uint64_t draw_gap(struct rh_sampler *sampler) {
    return 1 + rh_random_below(&sampler->random, 2 * GAP_WORDS - 1);
}

/* Plays one op between two readings. NULL: no memory. */
static const uint64_t *play_timed(struct rh_latency_pass *pass, struct rh_sampler *sampler,
                                  struct rh_player *player, const uint64_t *op) {
    sampler->timed->op = op;
    sampler->timed->begin = 0;
    player->ops = &timed_ops;
    player->ctx = sampler;
    const uint64_t *next = player->engine->play_one(player, op);
    player->ops = sampler->ops;
    player->ctx = sampler->ctx;
    if (next == NULL)
        return NULL;
    player->at = next;
    if (sampler->timed->begin == 0) /* a free of no block calls nothing */
        return next;
    rh_disturbance_settle(&sampler->disturbance, &sampler->timed->span);
    if (rh_sampler_is_slow(sampler, rh_timed_ticks(sampler->timed)))
        rh_latency_note_slow(sampler, player);
    if (++sampler->timed == sampler->buffer_end)
        rh_latency_settle(pass, player);
    return next;
}

const uint64_t *rh_latency_play(struct rh_player *player, const uint64_t *end) {
    const struct rh_engine *engine = player->engine;
    struct rh_latency_pass *pass = engine->setup.latency;
    struct rh_sampler *sampler = rh_sampler_of(pass, player);
    const uint64_t *timed = player->words + engine->setup.tape->threads[player->thread].timed;
    if (end <= timed) /* the prologue */
        return engine->play_between(player, end);
    while (sampler->stop < end) {
        const uint64_t *op = engine->play_between(player, sampler->stop);
        if (op == NULL)
            return NULL;
        bool hit = op == sampler->stop && op < end && rh_tape_op_counts[rh_tape_kind(*op)] != 0;
        /* A jump leads far beyond the end of a gap; anything else at most to the next op. */
        if (op > sampler->stop + OP_WORDS_MOST)
            sampler->stop = op;
        sampler->stop += draw_gap(sampler);
        if (hit && play_timed(pass, sampler, player, op) == NULL)
            return NULL;
    }
    return engine->play_between(player, end);
}

void rh_latency_begin(struct rh_latency_pass *pass, struct rh_player *player) {
    struct rh_sampler *sampler = rh_sampler_of(pass, player);
    const struct rh_tape_thread *entry = &player->engine->setup.tape->threads[player->thread];
    sampler->ops = player->ops;
    sampler->ctx = player->ctx;
    sampler->tsc = pass->tsc;
    rh_random_seed(&sampler->random, pass->seed + player->thread);
    sampler->stop = player->words + entry->timed + draw_gap(sampler) - 1;
    rh_disturbance_open(&sampler->disturbance, pass->marks);
    sampler->timed = sampler->buffer;
}

/* ---- before and behind the run ---- */

/* Room for what a segment is expected to bring, and a half more. */
static uint64_t buffer_samples(const struct rh_tape_thread *thread) {
    uint64_t ops = thread->segments > 0 ? thread->ops / thread->segments : 0;
    uint64_t samples = 64 + ops / GAP_WORDS * 3 / 2;
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

int rh_latency_pass_create(const struct rh_tape *tape, uint64_t seed, struct rh_error *error,
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
    learn_clock(pass);
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
