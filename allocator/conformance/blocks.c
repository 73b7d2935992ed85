/* blocks.c - what is owed for a single block: alignment, zeroes, usable size, extremes. */
#include <inttypes.h>
#include <string.h>

#include "allocator/checked/pattern.h"
#include "allocator/conformance/trial.h"

enum { BATCH = 64, ALIGN_MOST = 2 << 20, ALIGN_SURE = 16 };

/* A block that lies apart from all others of the batch. */
static bool take_apart(struct rh_trial *run, struct rh_block *blocks, size_t count,
                       struct rh_block *block) {
    struct rh_block fresh;
    if (!rh_trial_take(run, &fresh, rh_trial_length(run), 1))
        return true;
    uintptr_t begin = (uintptr_t)fresh.ptr, end = begin + fresh.len;
    for (size_t i = 0; i < count; i++) {
        uintptr_t other = (uintptr_t)blocks[i].ptr;
        if (other != 0 && begin < other + blocks[i].len && other < end)
            return rh_trial_fail(run,
                                 "alloc gave %zu bytes at %#" PRIxPTR
                                 ", which overlap a live block of %zu bytes at %#" PRIxPTR,
                                 fresh.len, begin, blocks[i].len, other);
    }
    *block = fresh;
    return true;
}

/* On fresh memory first, then more and more on memory that was used before. */
void rh_check_overlap(struct rh_trial *run) {
    struct rh_block blocks[BATCH] = {{.ptr = NULL}};
    for (size_t i = 0; i < 400 * BATCH; i++) {
        struct rh_block *block = &blocks[rh_trial_below(run, BATCH)];
        if (block->ptr == NULL) {
            if (!take_apart(run, blocks, BATCH, block))
                return;
            continue;
        }
        if (!rh_trial_holds(run, block, block->len, "beside other live blocks"))
            return;
        rh_trial_free(run, block);
    }
    rh_trial_give_all(run, blocks, BATCH, "beside other live blocks");
}

static bool is_aligned(struct rh_trial *run, const void *ptr, const char *call, size_t len,
                       size_t align) {
    if (((uintptr_t)ptr & (align - 1)) == 0)
        return true;
    return rh_trial_fail(run, "%s of %zu bytes gave %#" PRIxPTR ", which is not aligned to %zu",
                         call, len, (uintptr_t)ptr, align);
}

/* One block by every path that gives or changes one. */
static bool align_one(struct rh_trial *run, struct rh_block *block, bool zeroed) {
    const char *call = zeroed ? "alloc_zeroed" : "alloc";
    block->ptr = zeroed ? rh_trial_alloc_zeroed(run, block->len, block->align)
                        : rh_trial_alloc(run, block->len, block->align);
    if (block->ptr == NULL)
        return true;
    if (!is_aligned(run, block->ptr, call, block->len, block->align))
        return false;
    const size_t lens[] = {2 * block->len + 1, block->len / 2 + 1};
    for (size_t i = 0; i < 2; i++) {
        if (rh_trial_remap(run, block, lens[i]) != NULL &&
            !is_aligned(run, block->ptr, "remap", block->len, block->align))
            return false;
        if (rh_trial_resize(run, block, lens[i] + 7) &&
            !is_aligned(run, block->ptr, "resize", block->len, block->align))
            return false;
    }
    return true;
}

/* True when no length was refused. */
static bool align_to(struct rh_trial *run, size_t align) {
    const size_t lens[] = {1, 7, align - 1, align, align + 1, 3 * align + 5, 100, 5000, 70000};
    struct rh_block blocks[2 * sizeof(lens) / sizeof(lens[0])] = {{.ptr = NULL}};
    size_t count = sizeof(blocks) / sizeof(blocks[0]);
    bool served_all = true;
    for (size_t i = 0; i < count && !rh_trial_has_failed(run); i++) {
        blocks[i] = (struct rh_block){.len = lens[i / 2], .align = align};
        align_one(run, &blocks[i], i % 2 == 1);
        served_all = served_all && blocks[i].ptr != NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (blocks[i].ptr != NULL)
            rh_trial_free(run, &blocks[i]);
    return served_all;
}

void rh_check_alignment(struct rh_trial *run) {
    size_t refused_from = 0;
    for (size_t align = 1; align <= ALIGN_MOST; align *= 2) {
        bool served_all = align_to(run, align);
        if (rh_trial_has_failed(run))
            return;
        if (!served_all && align <= ALIGN_SURE) {
            rh_trial_fail(run, "there is no block with the alignment %zu", align);
            return;
        }
        if (!served_all && refused_from == 0)
            refused_from = align;
    }
    if (refused_from > 0)
        rh_trial_remark(run, "some blocks are refused from the alignment %zu on", refused_from);
}

/* Released full of ones, so that reuse shows. */
static void dirty_and_free(struct rh_trial *run, struct rh_block *block) {
    memset(block->ptr, 0xFF, block->len);
    rh_trial_free(run, block);
}

static bool take_zeroed(struct rh_trial *run, struct rh_block *block, size_t len, size_t align) {
    *block = (struct rh_block){
        .ptr = rh_trial_alloc_zeroed(run, len, align), .len = len, .align = align};
    if (block->ptr == NULL)
        return true;
    size_t zero_bytes = rh_pattern_zero_bytes(block->ptr, len);
    if (zero_bytes == len)
        return true;
    return rh_trial_fail(run, "byte %zu of %zu bytes from alloc_zeroed is %u", zero_bytes, len,
                         ((const unsigned char *)block->ptr)[zero_bytes]);
}

static bool zero_round(struct rh_trial *run, size_t len, size_t align) {
    struct rh_block blocks[BATCH];
    size_t count = len < 4096 ? BATCH : 4;
    for (size_t i = 0; i < count; i++)
        blocks[i] =
            (struct rh_block){.ptr = rh_trial_alloc(run, len, align), .len = len, .align = align};
    for (size_t i = 0; i < count; i++)
        if (blocks[i].ptr != NULL)
            dirty_and_free(run, &blocks[i]);
    for (size_t i = 0; i < count; i++)
        if (!take_zeroed(run, &blocks[i], len, align))
            return false;
    for (size_t i = 0; i < count; i++)
        if (blocks[i].ptr != NULL)
            dirty_and_free(run, &blocks[i]);
    return true;
}

void rh_check_zeroing(struct rh_trial *run) {
    for (size_t len = 1; len <= (size_t)4 << 20; len += 1 + len / 3)
        if (!zero_round(run, len, 1))
            return;
    for (size_t i = 0; i < 300; i++)
        if (!zero_round(run, rh_trial_length(run), (size_t)1 << rh_trial_below(run, 10)))
            return;
}

static bool fill_usable(struct rh_trial *run, struct rh_block *block, size_t *unknown) {
    size_t usable_bytes = rh_trial_usable_size(run, block);
    *unknown += usable_bytes == 0;
    if (usable_bytes == 0)
        return true;
    if (usable_bytes < block->len)
        return rh_trial_fail(run, "the usable size of %zu bytes is %zu", block->len, usable_bytes);
    rh_trial_fill(run, block, usable_bytes);
    return true;
}

/* Neighbours are filled up to what each may use: one that may use too much meets the next. */
static bool usable_round(struct rh_trial *run, size_t len, size_t *unknown) {
    struct rh_block blocks[BATCH] = {{.ptr = NULL}};
    size_t count = len < 4096 ? BATCH : 8;
    for (size_t i = 0; i < count; i++)
        if (rh_trial_take(run, &blocks[i], len + i % 3, 1) &&
            !fill_usable(run, &blocks[i], unknown))
            return false;
    for (size_t i = 0; i < count; i += 2)
        if (blocks[i].ptr != NULL && rh_trial_remap(run, &blocks[i], 2 * len + 1) != NULL) {
            if (!rh_trial_holds(run, &blocks[i], len, "remap of a block filled to its usable size"))
                return false;
            rh_trial_fill(run, &blocks[i], blocks[i].len);
            if (!fill_usable(run, &blocks[i], unknown))
                return false;
        }
    return rh_trial_give_all(run, blocks, count, "beside blocks filled to their usable size");
}

void rh_check_usable_size(struct rh_trial *run) {
    size_t unknown = 0;
    for (size_t len = 1; len <= (size_t)2 << 20; len += 1 + len / 4)
        if (!usable_round(run, len, &unknown))
            return;
    for (size_t i = 0; i < 200; i++)
        if (!usable_round(run, rh_trial_length(run), &unknown))
            return;
    if (unknown > 0)
        rh_trial_not_applicable(run, "the usable size is unknown");
}

/* No process has that much memory. */
static const size_t huge_lens[] = {
    SIZE_MAX,     SIZE_MAX - 1, SIZE_MAX - 15,      SIZE_MAX - 4095,         SIZE_MAX - 65536,
    SIZE_MAX / 2, PTRDIFF_MAX,  PTRDIFF_MAX - 4095, (size_t)PTRDIFF_MAX + 1, (size_t)1 << 62,
};

static bool refuse_huge(struct rh_trial *run, struct rh_block *block, size_t len) {
    static const size_t aligns[] = {1, 16, 64, 4096};
    for (size_t i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++)
        if (rh_trial_alloc(run, len, aligns[i]) != NULL ||
            rh_trial_alloc_zeroed(run, len, aligns[i]) != NULL)
            return rh_trial_fail(run, "%zu bytes aligned to %zu were handed out", len, aligns[i]);
    if (rh_trial_resize(run, block, len))
        return rh_trial_fail(run, "resize to %zu bytes said true", len);
    if (rh_trial_remap(run, block, len) != NULL)
        return rh_trial_fail(run, "remap to %zu bytes gave a block", len);
    return rh_trial_holds(run, block, block->held_bytes, "after a refused remap");
}

static bool length_nought(struct rh_trial *run) {
    struct rh_block first = {.align = 1}, second = {.align = 1};
    first.ptr = rh_trial_alloc(run, 0, 1);
    second.ptr = rh_trial_alloc(run, 0, 1);
    if (first.ptr != NULL && first.ptr == second.ptr)
        return rh_trial_fail(run, "two blocks of length 0 have the same address");
    if (first.ptr != NULL && rh_trial_remap(run, &first, 1000) != NULL)
        rh_trial_fill(run, &first, 1000);
    if (second.ptr != NULL && rh_trial_remap(run, &second, 0) != NULL && second.ptr == first.ptr)
        return rh_trial_fail(run, "remap to length 0 gave a live block");
    if (second.ptr != NULL)
        rh_trial_free(run, &second);
    return first.ptr == NULL || rh_trial_give_all(run, &first, 1, "a block that had length 0");
}

void rh_check_extremes(struct rh_trial *run) {
    static const size_t lens[] = {1, 100, 5000, 200000};
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        struct rh_block block;
        if (!rh_trial_take(run, &block, lens[i], 1)) {
            rh_trial_fail(run, "there is no block of %zu bytes", lens[i]);
            return;
        }
        for (size_t j = 0; j < sizeof(huge_lens) / sizeof(huge_lens[0]); j++)
            if (!refuse_huge(run, &block, huge_lens[j]))
                return;
        rh_trial_free(run, &block);
        if (!length_nought(run))
            return;
    }
}

/* calloc's product is the library's own to check: the vtable has no two factors. */
void rh_check_calloc_overflow(struct rh_trial *run) {
    void *(*library_calloc)(size_t, size_t) = NULL;
    const struct rh_allocator_function *function =
        run->ops->functions != NULL ? run->ops->functions() : NULL;
    for (; function != NULL && function->name != NULL; function++)
        if (strcmp(function->name, "calloc") == 0 || strcmp(function->name, "scalable_calloc") == 0)
            memcpy(&library_calloc, &function->address, sizeof(library_calloc));
    if (library_calloc == NULL) {
        rh_trial_not_applicable(run, "it has no calloc");
        return;
    }
    static const size_t factors[][2] = {{SIZE_MAX, 2},
                                        {2, SIZE_MAX},
                                        {(size_t)1 << 32, (size_t)1 << 32},
                                        {((size_t)1 << 63) + 8, 2},
                                        {SIZE_MAX / 16 + 2, 16},
                                        {24, SIZE_MAX / 24 + 2}};
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
        run->result->operation++;
        if (library_calloc(factors[i][0], factors[i][1]) == NULL)
            continue;
        rh_trial_fail(run, "calloc(%zu, %zu) gave a block", factors[i][0], factors[i][1]);
        return;
    }
}
