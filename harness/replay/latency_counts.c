/* latency_counts.c - what the readings of the latency pass say, looked up and counted behind each
 * segment, when no clock runs: threads share no line of memory while they play, and the histograms
 * do not compete for the cache. */
#include <string.h>

#include "replay/latency_internal.h"

static uint64_t units_of(const struct rh_latency_pass *pass, uint64_t ticks) {
    return (uint64_t)((double)ticks * pass->clock.units_per_tick + 0.5);
}

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

/* ---- the slowest ---- */

/* Puts one into a list of the slowest, where it belongs there. */
static void insert_slow(struct rh_slow_call *list, uint32_t *count,
                        const struct rh_slow_call *slow) {
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

void rh_latency_note_slow(struct rh_sampler *sampler) {
    struct rh_slow_call slow = {
        .ticks = sampler->timed[-1].ticks,
        .position = (uint64_t)(sampler->op - sampler->player->words),
        .thread = sampler->player->thread,
    };
    slow.kind = describe(sampler->op, &slow.size);
    rh_disturbance_count(&sampler->disturbance, &sampler->span, &slow.faults, &slow.switches);
    insert_slow(sampler->slow, &sampler->slow_count, &slow);
}

/* ---- counting ---- */

static void count(struct rh_latency_pass *pass, const struct rh_timed *timed) {
    uint64_t size = 0;
    uint32_t cell = describe(timed->op, &size) * RH_LATENCY_CLASSES;
    cell += rh_latency_class_of(size);
    pass->counts[cell][rh_histogram_bin(units_of(pass, timed->ticks))]++;
}

void rh_latency_settle(struct rh_latency_pass *pass, const struct rh_player *player) {
    struct rh_sampler *sampler = rh_sampler_of(pass, player);
    pthread_mutex_lock(&pass->lock);
    for (const struct rh_timed *timed = sampler->buffer; timed < sampler->timed; timed++)
        count(pass, timed);
    pass->samples += (uint64_t)(sampler->timed - sampler->buffer);
    pthread_mutex_unlock(&pass->lock);
    sampler->timed = sampler->buffer;
    rh_disturbance_ask(&sampler->disturbance);
}

void rh_latency_end(struct rh_latency_pass *pass, struct rh_player *player) {
    struct rh_sampler *sampler = rh_sampler_of(pass, player);
    rh_latency_settle(pass, player);
    rh_disturbance_close(&sampler->disturbance);
    pthread_mutex_lock(&pass->lock);
    for (uint32_t i = 0; i < sampler->slow_count; i++)
        insert_slow(pass->slow, &pass->slow_count, &sampler->slow[i]);
    pthread_mutex_unlock(&pass->lock);
}

/* ---- behind the run ---- */

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
    ret_latency->quantum_ps = pass->clock.quantum_ps;
    ret_latency->samples = pass->samples;
    ret_latency->lost = ret_latency->entry_count = 0;
    collect_entries(pass, ret_latency);
    ret_latency->exemplar_count = pass->slow_count;
    for (uint32_t i = 0; i < pass->slow_count; i++) {
        const struct rh_slow_call *slow = &pass->slow[i];
        ret_latency->exemplars[i] = (struct rh_latency_exemplar){
            .kind = slow->kind,
            .thread = slow->thread,
            .op = rh_tape_number(tape, slow->thread, slow->position),
            .size = slow->size,
            .ns = (units_of(pass, slow->ticks) + RH_LATENCY_UNITS_PER_NS / 2) /
                  RH_LATENCY_UNITS_PER_NS,
            .faults = slow->faults,
            .switches = slow->switches,
        };
    }
}
