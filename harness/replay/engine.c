/* engine.c - tables before the run, sums behind it. */
#include <string.h>

#include "base/assert.h"
#include "measure/pages.h"
#include "replay/engine_internal.h"
#include "replay/latency.h"

/* Each thread has a line for its own op loop, and all have the same table of slots. The player
 * behind the last has no thread: it publishes the epochs. */
static void prepare_players(struct rh_engine *engine) {
    const struct rh_engine_setup *setup = &engine->setup;
    for (uint64_t i = 0; i <= setup->tape->header->threads; i++) {
        struct rh_player *player = &setup->players[i];
        memset(player, 0, sizeof(*player));
        player->wake_at = UINT64_MAX;
        player->words = setup->tape->words;
        player->slots = engine->slot_table.data;
        player->ops = setup->ops;
        player->ctx = setup->ctx;
        player->engine = engine;
        player->delay_fd = -1;
        player->thread = (uint32_t)i;
        player->window_end = UINT64_MAX;
        if (i < setup->tape->header->threads)
            player->window_begin = setup->tape->threads[i].begin;
        player->untouchable = (setup->ops->flags & RH_ALLOCATOR_UNTOUCHABLE) != 0;
    }
}

static void prepare_epochs(struct rh_engine *engine) {
    const struct rh_tape *tape = engine->setup.tape;
    engine->epochs = engine->epoch_table.data;
    for (uint64_t i = 0; i < tape->header->epochs; i++)
        engine->epochs[i] = tape->epochs[i];
}

static int map_tables(struct rh_engine *engine, const struct rh_tape_header *header,
                      struct rh_error *error) {
    rh_try(rh_mapped_init(&engine->slot_table, (header->slots + 1) * sizeof(void *), 1, error));
    rh_try(rh_mapped_init(&engine->barrier_table, (header->marks + 1) * sizeof(struct rh_barrier),
                          1, error));
    return rh_mapped_init(&engine->epoch_table, (header->epochs + 1) * sizeof(uint32_t), 1, error);
}

static void unmap_tables(struct rh_engine *engine) {
    rh_mapped_finish(&engine->slot_table);
    rh_mapped_finish(&engine->barrier_table);
    rh_mapped_finish(&engine->epoch_table);
    rh_thinking_finish(&engine->thinking);
}

int rh_engine_init(struct rh_engine *engine, const struct rh_engine_setup *setup,
                   struct rh_error *error) {
    const struct rh_tape_header *header = setup->tape->header;
    rh_assert(setup->cpus > 0 && setup->on_failure != NULL);
    *engine = (struct rh_engine){.setup = *setup};
    int result = map_tables(engine, header, error);
    if (result == 0 && setup->think.lines_per_ms != 0)
        result = rh_thinking_init(&engine->thinking, setup->tape, &setup->think,
                                  setup->filled ? RH_TOUCH_ALL : setup->touch, error);
    if (result < 0) {
        unmap_tables(engine);
        return result;
    }
    pthread_mutex_init(&engine->lock, NULL);
    engine->marks = engine->barrier_table.data;
    engine->unfinished = (uint32_t)header->threads;
    engine->running = 1;
    bool untouchable = (setup->ops->flags & RH_ALLOCATOR_UNTOUCHABLE) != 0;
    engine->play_between = rh_play_for(setup->touch, untouchable);
    engine->play_one = rh_play_one_for(setup->touch, untouchable);
    engine->play = setup->latency != NULL ? rh_latency_play
                   : setup->counts_live   ? rh_live_play
                                          : engine->play_between;
    prepare_epochs(engine);
    prepare_players(engine);
    return 0;
}

void rh_engine_finish(struct rh_engine *engine) {
    for (uint32_t i = 0; i < engine->stack_slab_count; i++)
        rh_mapped_finish(&engine->stack_slabs[i]);
    unmap_tables(engine);
    pthread_mutex_destroy(&engine->lock);
}

/* ---- closing ---- */

/* What touching left in a block: its first and its last byte, or the first byte of the last page
 * that was touched where a large block was touched in part. Of one that was not touched at all the
 * size alone goes into the checksum. */
static bool holds_its_mark(const struct rh_engine *engine, const unsigned char *block, size_t size,
                           uint32_t pages, unsigned char mark, uint64_t *checksum) {
    enum rh_touch touch = engine->setup.touch;
    if (engine->setup.players[0].untouchable || touch == RH_TOUCH_NONE || size == 0)
        return true;
    size_t last_at = size - 1;
    if (touch == RH_TOUCH_RECORDED && size > RH_TAPE_NARROW_BYTES && pages == 0) {
        *checksum = (*checksum ^ size) * UINT64_C(0x100000001b3);
        return true;
    }
    if (touch == RH_TOUCH_RECORDED && size > RH_TAPE_NARROW_BYTES &&
        pages < (size + RH_PAGE_BYTES - 1) / RH_PAGE_BYTES)
        last_at = (size_t)(pages - 1) * RH_PAGE_BYTES;
    unsigned char first = block[0], last = touch == RH_TOUCH_FIRST ? mark : block[last_at];
    *checksum = (*checksum ^ (first + (uint64_t)last * 256 + size)) * UINT64_C(0x100000001b3);
    return first == mark && last == mark;
}

uint64_t rh_engine_close(struct rh_engine *engine, uint64_t *ret_checksum) {
    const struct rh_tape *tape = engine->setup.tape;
    const struct rh_allocator_ops *ops = engine->setup.ops;
    void **slots = engine->slot_table.data;
    uint64_t checksum = 0, wrong = 0;
    for (uint64_t at = tape->header->closing_begin; at != tape->header->closing_end;
         at = rh_tape_next(tape->words, at)) {
        const uint64_t *op = &tape->words[at];
        struct rh_tape_change change = rh_tape_change_of(op);
        void *block = slots[rh_tape_slot(*op)];
        if (change.objects >= 0 || block == NULL)
            continue;
        uint32_t pages = rh_tape_kind(*op) == RH_TAPE_FREE_WIDE ? (uint32_t)op[2] : UINT32_MAX;
        wrong += !holds_its_mark(engine, block, change.old_bytes, pages, (unsigned char)(*op >> 6),
                                 &checksum);
        ops->free(engine->setup.ctx, block, change.old_bytes, (size_t)1 << change.align_log2);
    }
    *ret_checksum = checksum;
    return wrong;
}

/* ---- sums ---- */

static uint64_t segment_ops(const struct rh_tape_thread *entry, uint64_t index) {
    return rh_tape_segment_start(entry, index + 1) - rh_tape_segment_start(entry, index);
}

static void collect_player(const struct rh_player *player, const struct rh_tape_thread *entry,
                           struct rh_sample *sample) {
    for (uint64_t i = 0; i < entry->segments; i++) {
        sample->segment_ops[i] += segment_ops(entry, i);
        sample->segment_busy_ns[i] += player->segment_busy_ns[i];
        sample->busy_ns += player->segment_busy_ns[i];
    }
    if (entry->segments > sample->segment_count)
        sample->segment_count = (uint32_t)entry->segments;
    sample->edges_waited += player->waits;
    sample->stall_ns += player->timed_stall_ns;
    sample->preempted_ns += player->timed_preempted_ns;
    sample->creation_ns += player->timed_creation_ns;
    sample->window_waits += player->window_waits;
    sample->window_stall_ns += player->window_stall_ns;
    sample->paced_ns += player->timed_paced_ns;
    if (player->late_ns > sample->late_ns)
        sample->late_ns = player->late_ns;
}

/* Keeps the threads that stood longest, each with the longest of its waits. */
static void note_stall(const struct rh_player *player, struct rh_sample *sample) {
    struct rh_stall stall = player->longest;
    uint32_t at = sample->stall_count;
    while (at > 0 && sample->stalls[at - 1].thread_ns < player->stall_ns)
        at--;
    if (player->stall_ns == 0 || at == RH_SAMPLE_STALLS)
        return;
    if (sample->stall_count < RH_SAMPLE_STALLS)
        sample->stall_count++;
    memmove(&sample->stalls[at + 1], &sample->stalls[at],
            (sample->stall_count - 1 - at) * sizeof(stall));
    stall.thread = player->thread;
    stall.thread_ns = player->stall_ns;
    stall.thread_waits = player->waits;
    sample->stalls[at] = stall;
}

/* Numbers of operations instead of positions. */
static void number_stalls(const struct rh_tape *tape, struct rh_sample *sample) {
    for (uint32_t i = 0; i < sample->stall_count; i++) {
        struct rh_stall *stall = &sample->stalls[i];
        if (stall->ns == 0)
            continue;
        stall->op = rh_tape_number(tape, stall->thread, stall->op);
        stall->other_op = rh_tape_number(tape, stall->other_thread, stall->other_op);
    }
}

void rh_engine_collect(const struct rh_engine *engine, struct rh_sample *sample) {
    const struct rh_tape *tape = engine->setup.tape;
    uint64_t ended_ns = engine->started_ns;
    for (uint64_t i = 0; i < tape->header->threads; i++) {
        const struct rh_player *player = &engine->setup.players[i];
        collect_player(player, &tape->threads[i], sample);
        note_stall(player, sample);
        if (player->ended_ns > ended_ns)
            ended_ns = player->ended_ns;
    }
    number_stalls(tape, sample);
    if (engine->setup.counts_live && engine->setup.latency == NULL)
        sample->replayed_peak_live_bytes = engine->live.peak;
    sample->wall_ns = ended_ns - engine->started_ns;
    if (tape->header->threads == 1 && engine->setup.players[0].pauses.ns < sample->wall_ns)
        sample->wall_ns -= engine->setup.players[0].pauses.ns;
    sample->think_lines = rh_thinking_lines(&engine->thinking, tape->header->threads);
    sample->ops = tape->header->ops;
    sample->skipped_events = tape->header->skipped_free_null + tape->header->skipped_failed +
                             tape->header->skipped_usable;
    sample->threads = tape->header->threads;
    sample->threads_peak = tape->header->threads_peak;
    sample->edges = tape->header->edges;
    sample->cross_releases = tape->header->cross_releases;
    sample->peak_live_bytes = tape->header->peak_live_bytes;
}
