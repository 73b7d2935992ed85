/* change.c - what is owed when a block changes: resize, remap, sized free, purge, statistics. */
#include <inttypes.h>
#include <string.h>

#include "allocator/conformance/trial.h"

enum { BATCH = 48, ROUNDS = 400 };

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Another length: near by, or far. */
static size_t other_length(struct rh_trial *run, size_t len) {
    switch (rh_trial_below(run, 4)) {
    case 0:
        return len + 1 + rh_trial_below(run, 16);
    case 1:
        return len - rh_trial_below(run, smaller(len, 16));
    case 2:
        return 1 + len / (2 + rh_trial_below(run, 6));
    default:
        return len + rh_trial_length(run);
    }
}

/* Neighbours, every one filled, so that a block that grows into the next is seen. */
static void take_batch(struct rh_trial *run, struct rh_block *blocks, size_t len) {
    for (size_t i = 0; i < BATCH; i++)
        rh_trial_take(run, &blocks[i], len, (size_t)1 << rh_trial_below(run, 8));
}

static bool resize_one(struct rh_trial *run, struct rh_block *block, size_t *resized) {
    size_t old_len = block->len;
    bool done = rh_trial_resize(run, block, other_length(run, old_len));
    size_t kept_bytes = done ? smaller(old_len, block->len) : old_len;
    if (!rh_trial_holds(run, block, kept_bytes, done ? "after resize" : "after a refused resize"))
        return false;
    if (done) {
        rh_trial_fill(run, block, block->len);
        ++*resized;
    }
    return true;
}

void rh_check_resize(struct rh_trial *run) {
    struct rh_block blocks[BATCH] = {{.ptr = NULL}};
    size_t resized = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        take_batch(run, blocks, rh_trial_length(run));
        for (size_t i = 0; i < 2 * BATCH; i++) {
            struct rh_block *block = &blocks[rh_trial_below(run, BATCH)];
            if (block->ptr != NULL && !resize_one(run, block, &resized))
                return;
        }
        if (!rh_trial_give_all(run, blocks, BATCH, "beside blocks that were resized"))
            return;
    }
    if (resized == 0)
        rh_trial_not_applicable(run, "resize always refuses");
}

static bool remap_one(struct rh_trial *run, struct rh_block *block, size_t *remapped) {
    size_t old_len = block->len;
    bool done = rh_trial_remap(run, block, other_length(run, old_len)) != NULL;
    size_t kept_bytes = done ? smaller(old_len, block->len) : old_len;
    if (!rh_trial_holds(run, block, kept_bytes, done ? "after remap" : "after a refused remap"))
        return false;
    if (done) {
        rh_trial_fill(run, block, block->len);
        ++*remapped;
    }
    return true;
}

/* From large to small and back, past the point where blocks get mappings of their own. */
static bool remap_far(struct rh_trial *run, size_t *remapped) {
    static const size_t lens[] = {100, 200000, 3000000, 5000, 700000, 10, 2500000, 2400000, 1};
    struct rh_block block;
    if (!rh_trial_take(run, &block, lens[0], 1))
        return true;
    for (size_t i = 1; i < sizeof(lens) / sizeof(lens[0]); i++) {
        size_t old_len = block.len;
        if (rh_trial_remap(run, &block, lens[i]) == NULL)
            continue;
        if (!rh_trial_holds(run, &block, smaller(old_len, block.len), "after remap"))
            return false;
        rh_trial_fill(run, &block, block.len);
        ++*remapped;
    }
    rh_trial_free(run, &block);
    return true;
}

void rh_check_remap(struct rh_trial *run) {
    struct rh_block blocks[BATCH] = {{.ptr = NULL}};
    size_t remapped = 0;
    for (size_t round = 0; round < ROUNDS / 2; round++) {
        take_batch(run, blocks, rh_trial_length(run));
        for (size_t i = 0; i < 2 * BATCH; i++) {
            struct rh_block *block = &blocks[rh_trial_below(run, BATCH)];
            if (block->ptr != NULL && !remap_one(run, block, &remapped))
                return;
        }
        if (!rh_trial_give_all(run, blocks, BATCH, "beside blocks that were remapped"))
            return;
    }
    for (size_t i = 0; i < 20; i++)
        if (!remap_far(run, &remapped))
            return;
    if (remapped == 0)
        rh_trial_not_applicable(run, "remap always leaves it to the caller");
}

/* Sized and plain frees of neighbours: a block that went to the list of another size comes back
 * too small. */
void rh_check_free_sized(struct rh_trial *run) {
    struct rh_block blocks[BATCH] = {{.ptr = NULL}};
    if (run->ops->free_sized == run->ops->free) {
        rh_trial_not_applicable(run, "sized free is free");
        return;
    }
    for (size_t round = 0; round < 20 * ROUNDS; round++) {
        struct rh_block *block = &blocks[rh_trial_below(run, BATCH)];
        if (block->ptr == NULL) {
            rh_trial_take(run, block, rh_trial_length(run) - 1,
                          (size_t)1 << rh_trial_below(run, 8));
            continue;
        }
        if (!rh_trial_holds(run, block, block->len, "among sized frees"))
            return;
        run->result->operation++;
        run->ops->free_sized(run->ctx, block->ptr, block->len, block->align);
        block->ptr = NULL;
    }
    rh_trial_give_all(run, blocks, BATCH, "after sized frees");
}

/* What the allocator counts as live is at least what it handed out here. */
static bool count_live(struct rh_trial *run, uint64_t live_bytes) {
    struct rh_allocator_stats stats;
    run->ops->stats(run->ctx, &stats);
    if (stats.live_bytes != RH_UNKNOWN && stats.live_bytes < live_bytes)
        return rh_trial_fail(
            run, "the statistics count %" PRIu64 " live bytes, and %" PRIu64 " were handed out",
            stats.live_bytes, live_bytes);
    if (stats.live_bytes != RH_UNKNOWN && stats.mapped_bytes != RH_UNKNOWN &&
        stats.live_bytes > stats.mapped_bytes)
        return rh_trial_fail(run, "the statistics count more live bytes than mapped ones");
    return true;
}

void rh_check_purge(struct rh_trial *run) {
    static struct rh_block blocks[4000];
    enum { COUNT = sizeof(blocks) / sizeof(blocks[0]) };
    const char *purge = NULL;
    memset(blocks, 0, sizeof(blocks));
    for (size_t round = 0; round < 4; round++) {
        uint64_t live_bytes = 0;
        for (size_t i = 0; i < COUNT; i++) {
            if (blocks[i].ptr == NULL && !rh_trial_take(run, &blocks[i], rh_trial_length(run), 1))
                continue;
            live_bytes += blocks[i].len;
        }
        if (!count_live(run, live_bytes))
            return;
        for (size_t i = 0; i < COUNT; i += 2)
            if (blocks[i].ptr != NULL)
                rh_trial_free(run, &blocks[i]);
        run->result->operation++;
        purge = run->ops->purge(run->ctx);
        for (size_t i = 1; i < COUNT; i += 2)
            if (blocks[i].ptr != NULL &&
                !rh_trial_holds(run, &blocks[i], blocks[i].len, "after purge"))
                return;
    }
    if (rh_trial_give_all(run, blocks, COUNT, "after purge") && purge == NULL)
        rh_trial_remark(run, "it has no purge; the statistics agree");
}
