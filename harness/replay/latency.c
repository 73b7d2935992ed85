/* latency.c - which operations are timed, and where their times go.
 *
 * Gaps are drawn in words of the tape, mean 64, and an op is timed only if it begins exactly where
 * a gap ends: so each operation has the same chance, however long its neighbours are in the tape.
 *
 * Times go to a buffer of the thread, and when that is full to the common histograms, under a lock:
 * threads share no line of memory while they play. */
#include "replay/latency.h"

#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/random.h"
#include "measure/disturbance.h"
#include "measure/histogram.h"
#include "replay/engine_internal.h"

enum {
    GAP_WORDS = 64, /* on average */
    BUFFER_SAMPLES = 256,
    OP_WORDS_MOST = 4,
    RATE_WINDOW_NS = 10000000,
    QUANTUM_READINGS = 20000,
};

struct timed {
    uint64_t ticks;
    uint32_t cell;
};

/* A call that was among the slowest of its thread when it came. */
struct slow {
    uint64_t ticks;
    uint64_t position; /* in the tape */
    uint64_t size;
    uint64_t faults, switches;
    uint32_t kind, thread;
};

/* What one thread has of its own. */
struct sampler {
    const struct rh_allocator_ops *ops; /* of the allocator under test */
    void *ctx;
    const uint64_t *stop; /* where the gap ends */
    uint64_t begin, end;  /* readings around the call; begin 0: none yet */
    uint64_t ring_begin, ring_end;
    struct rh_random random;
    struct rh_disturbance disturbance;
    bool tsc;
    uint32_t buffered, slow_count;
    struct timed buffer[BUFFER_SAMPLES];
    struct slow slow[RH_LATENCY_EXEMPLARS]; /* slowest first */
};

struct rh_latency_pass {
    struct rh_mapped own;      /* where this struct lies */
    struct rh_mapped samplers; /* one a thread */
    bool tsc;
    double units_per_tick;
    uint64_t quantum_ps, seed;
    pthread_mutex_t lock; /* guards the rest */
    uint64_t samples;
    uint32_t slow_count;
    struct slow slow[RH_LATENCY_EXEMPLARS];
    uint32_t counts[RH_LATENCY_CELLS][RH_LATENCY_BINS];
};

/* ---- the clock ---- */

static inline uint64_t read_clock(bool tsc) {
    return tsc ? rh_tsc() : rh_now_ns();
}

static uint64_t greatest_common(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* In ticks. A clock that stands still between two readings has a quantum longer than a reading: the
 * least step that it makes. A finer one shows its quantum as what all differences are multiples
 * of. */
static uint64_t find_quantum(bool tsc) {
    uint64_t least = UINT64_MAX, common = 0;
    bool stood_still = false;
    uint64_t before = read_clock(tsc);
    for (int i = 0; i < QUANTUM_READINGS; i++) {
        uint64_t now = read_clock(tsc), step = now - before;
        before = now;
        stood_still |= step == 0;
        if (step == 0)
            continue;
        least = step < least ? step : least;
        common = greatest_common(step, common);
    }
    if (least == UINT64_MAX)
        return 1;
    return stood_still ? least : common;
}

static void learn_clock(struct rh_latency_pass *pass) {
    pass->tsc = rh_tsc_is_reliable() != 0;
    double ticks_per_ns = pass->tsc ? rh_tsc_per_ns(RATE_WINDOW_NS) : 1;
    pass->units_per_tick = RH_LATENCY_UNITS_PER_NS / ticks_per_ns;
    pass->quantum_ps = (uint64_t)((double)find_quantum(pass->tsc) * 1000 / ticks_per_ns + 0.5);
}

static uint64_t units_of(const struct rh_latency_pass *pass, uint64_t ticks) {
    return (uint64_t)((double)ticks * pass->units_per_tick + 0.5);
}

/* ---- the vtable that reads the clock ---- */

static inline void before(struct sampler *sampler) {
    if (sampler->begin != 0)
        return;
    sampler->ring_begin = rh_disturbance_at(&sampler->disturbance);
    sampler->begin = read_clock(sampler->tsc);
}

/* An operation may take several calls (allocate, copy, free): the last one counts. */
static inline void after(struct sampler *sampler) {
    sampler->end = read_clock(sampler->tsc);
    sampler->ring_end = rh_disturbance_at(&sampler->disturbance);
}

static void *timed_alloc(void *ctx, size_t len, size_t align) {
    struct sampler *sampler = ctx;
    before(sampler);
    void *block = sampler->ops->alloc(sampler->ctx, len, align);
    after(sampler);
    return block;
}

static void *timed_alloc_zeroed(void *ctx, size_t len, size_t align) {
    struct sampler *sampler = ctx;
    before(sampler);
    void *block = sampler->ops->alloc_zeroed(sampler->ctx, len, align);
    after(sampler);
    return block;
}

static void *timed_remap(void *ctx, void *block, size_t len, size_t align, size_t new_len) {
    struct sampler *sampler = ctx;
    before(sampler);
    void *moved = sampler->ops->remap(sampler->ctx, block, len, align, new_len);
    after(sampler);
    return moved;
}

static void timed_free(void *ctx, void *block, size_t len, size_t align) {
    struct sampler *sampler = ctx;
    before(sampler);
    sampler->ops->free(sampler->ctx, block, len, align);
    after(sampler);
}

static void timed_free_sized(void *ctx, void *block, size_t len, size_t align) {
    struct sampler *sampler = ctx;
    before(sampler);
    sampler->ops->free_sized(sampler->ctx, block, len, align);
    after(sampler);
}

static size_t timed_usable_size(void *ctx, void *block, size_t len, size_t align) {
    struct sampler *sampler = ctx;
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

/* ---- what an op is ---- */

static uint32_t wide_kind(uint64_t word) {
    uint64_t shape = rh_tape_size(word);
    if (shape & RH_TAPE_SHAPE_ZEROED)
        return RH_LATENCY_CALLOC;
    return (shape & RH_TAPE_SHAPE_ALIGN) > RH_TAPE_MALLOC_ALIGN_LOG2 ? RH_LATENCY_ALIGNED
                                                                     : RH_LATENCY_MALLOC;
}

/* Its kind, and the size that it asks for or gives back; of a realloc, the new one. */
static uint32_t describe(const uint64_t *op, uint64_t *ret_size) {
    uint64_t word = op[0];
    *ret_size = rh_tape_size(word);
    switch (rh_tape_kind(word)) {
    case RH_TAPE_MALLOC:
        return RH_LATENCY_MALLOC;
    case RH_TAPE_CALLOC:
        return RH_LATENCY_CALLOC;
    case RH_TAPE_FREE:
        return RH_LATENCY_FREE;
    case RH_TAPE_FREE_SIZED:
        return RH_LATENCY_FREE_SIZED;
    case RH_TAPE_USABLE:
        return RH_LATENCY_USABLE;
    case RH_TAPE_REALLOC:
        *ret_size = op[1];
        return RH_LATENCY_REALLOC;
    case RH_TAPE_REALLOC_WIDE:
        *ret_size = op[2];
        return RH_LATENCY_REALLOC;
    case RH_TAPE_ALLOC_WIDE:
        *ret_size = op[1];
        return wide_kind(word);
    case RH_TAPE_FREE_WIDE:
        *ret_size = op[1];
        return rh_tape_size(word) & RH_TAPE_SHAPE_SIZED ? RH_LATENCY_FREE_SIZED : RH_LATENCY_FREE;
    default:
        *ret_size = op[1];
        return RH_LATENCY_USABLE;
    }
}

/* ---- where times go ---- */

static void flush(struct rh_latency_pass *pass, struct sampler *sampler) {
    pthread_mutex_lock(&pass->lock);
    for (uint32_t i = 0; i < sampler->buffered; i++) {
        const struct timed *timed = &sampler->buffer[i];
        pass->counts[timed->cell][rh_histogram_bin(units_of(pass, timed->ticks))]++;
    }
    pass->samples += sampler->buffered;
    pthread_mutex_unlock(&pass->lock);
    sampler->buffered = 0;
}

/* Puts one into a list of the slowest, where it belongs there. */
static void insert_slow(struct slow *list, uint32_t *count, const struct slow *slow) {
    uint32_t at = *count;
    while (at > 0 && list[at - 1].ticks < slow->ticks)
        at--;
    if (at == RH_LATENCY_EXEMPLARS)
        return;
    uint32_t moved = (*count < RH_LATENCY_EXEMPLARS ? *count : RH_LATENCY_EXEMPLARS - 1) - at;
    memmove(&list[at + 1], &list[at], moved * sizeof(*list));
    list[at] = *slow;
    if (*count < RH_LATENCY_EXEMPLARS)
        (*count)++;
}

static bool is_slow(const struct sampler *sampler, uint64_t ticks) {
    return sampler->slow_count < RH_LATENCY_EXEMPLARS ||
           sampler->slow[RH_LATENCY_EXEMPLARS - 1].ticks < ticks;
}

static void note_slow(struct sampler *sampler, const struct rh_player *player, const uint64_t *op) {
    struct slow slow = {
        .ticks = sampler->end - sampler->begin,
        .position = (uint64_t)(op - player->words),
        .thread = player->thread,
    };
    slow.kind = describe(op, &slow.size);
    rh_disturbance_count(&sampler->disturbance, sampler->ring_begin, sampler->ring_end,
                         &slow.faults, &slow.switches);
    insert_slow(sampler->slow, &sampler->slow_count, &slow);
}

static void note(struct rh_latency_pass *pass, struct sampler *sampler,
                 const struct rh_player *player, const uint64_t *op) {
    uint64_t size = 0;
    uint32_t kind = describe(op, &size);
    uint64_t ticks = sampler->end - sampler->begin;
    sampler->buffer[sampler->buffered++] =
        (struct timed){ticks, kind * RH_LATENCY_CLASSES + rh_latency_class_of(size)};
    if (is_slow(sampler, ticks))
        note_slow(sampler, player, op);
    if (sampler->buffered == BUFFER_SAMPLES)
        flush(pass, sampler);
}

/* ---- playing ---- */

static struct sampler *sampler_of(const struct rh_latency_pass *pass,
                                  const struct rh_player *player) {
    return (struct sampler *)pass->samplers.data + player->thread;
}

static uint64_t draw_gap(struct sampler *sampler) {
    return 1 + rh_random_below(&sampler->random, 2 * GAP_WORDS - 1);
}

/* Plays one op between two readings. NULL: no memory. */
static const uint64_t *play_timed(struct rh_latency_pass *pass, struct sampler *sampler,
                                  struct rh_player *player, const uint64_t *op) {
    sampler->begin = 0;
    player->ops = &timed_ops;
    player->ctx = sampler;
    const uint64_t *next = player->engine->play_one(player, op);
    player->ops = sampler->ops;
    player->ctx = sampler->ctx;
    if (next == NULL)
        return NULL;
    player->at = next;
    if (sampler->begin != 0) /* a free of no block calls nothing */
        note(pass, sampler, player, op);
    return next;
}

const uint64_t *rh_latency_play(struct rh_player *player, const uint64_t *end) {
    const struct rh_engine *engine = player->engine;
    struct rh_latency_pass *pass = engine->setup.latency;
    struct sampler *sampler = sampler_of(pass, player);
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
    struct sampler *sampler = sampler_of(pass, player);
    const struct rh_tape_thread *entry = &player->engine->setup.tape->threads[player->thread];
    sampler->ops = player->ops;
    sampler->ctx = player->ctx;
    sampler->tsc = pass->tsc;
    rh_random_seed(&sampler->random, pass->seed + player->thread);
    sampler->stop = player->words + entry->timed + draw_gap(sampler) - 1;
    rh_disturbance_open(&sampler->disturbance);
}

void rh_latency_end(struct rh_latency_pass *pass, struct rh_player *player) {
    struct sampler *sampler = sampler_of(pass, player);
    flush(pass, sampler);
    rh_disturbance_close(&sampler->disturbance);
    pthread_mutex_lock(&pass->lock);
    for (uint32_t i = 0; i < sampler->slow_count; i++)
        insert_slow(pass->slow, &pass->slow_count, &sampler->slow[i]);
    pthread_mutex_unlock(&pass->lock);
}

/* ---- before and behind the run ---- */

int rh_latency_pass_create(uint64_t threads, uint64_t seed, struct rh_error *error,
                           struct rh_latency_pass **ret_pass) {
    struct rh_mapped own, samplers;
    rh_try(rh_mapped_init(&own, sizeof(struct rh_latency_pass), 1, error));
    int result = rh_mapped_init(&samplers, (threads + 1) * sizeof(struct sampler), 1, error);
    if (result < 0) {
        rh_mapped_finish(&own);
        return result;
    }
    struct rh_latency_pass *pass = own.data;
    pass->own = own;
    pass->samplers = samplers;
    pass->seed = seed;
    pthread_mutex_init(&pass->lock, NULL);
    learn_clock(pass);
    *ret_pass = pass;
    return 0;
}

void rh_latency_pass_destroy(struct rh_latency_pass *pass) {
    if (pass == NULL)
        return;
    pthread_mutex_destroy(&pass->lock);
    rh_mapped_finish(&pass->samplers);
    struct rh_mapped own = pass->own;
    rh_mapped_finish(&own);
}

static void collect_entries(const struct rh_latency_pass *pass, struct rh_latency *latency) {
    for (uint32_t cell = 0; cell < RH_LATENCY_CELLS; cell++)
        for (uint32_t bin = 0; bin < RH_LATENCY_BINS; bin++) {
            uint32_t count = pass->counts[cell][bin];
            if (count == 0)
                continue;
            if (latency->entry_count == RH_LATENCY_ENTRIES)
                latency->lost += count;
            else
                latency->entries[latency->entry_count++] =
                    (struct rh_latency_entry){(uint16_t)cell, (uint16_t)bin, count};
        }
}

void rh_latency_pass_collect(struct rh_latency_pass *pass, const struct rh_engine *engine,
                             struct rh_latency *ret_latency) {
    const struct rh_tape *tape = engine->setup.tape;
    ret_latency->quantum_ps = pass->quantum_ps;
    ret_latency->samples = pass->samples;
    ret_latency->lost = ret_latency->entry_count = 0;
    collect_entries(pass, ret_latency);
    ret_latency->exemplar_count = pass->slow_count;
    for (uint32_t i = 0; i < pass->slow_count; i++) {
        const struct slow *slow = &pass->slow[i];
        uint64_t begin = tape->threads[slow->thread].begin;
        ret_latency->exemplars[i] = (struct rh_latency_exemplar){
            .kind = slow->kind,
            .thread = slow->thread,
            .op = rh_tape_count(tape->words, begin, slow->position),
            .size = slow->size,
            .ns = (units_of(pass, slow->ticks) + RH_LATENCY_UNITS_PER_NS / 2) /
                  RH_LATENCY_UNITS_PER_NS,
            .faults = slow->faults,
            .switches = slow->switches,
        };
    }
}
