/* classes.h - the size classes of the sbrk allocator: pure arithmetic, no state.
 *
 * Words: a *slot* is a block with its room for the free-list link; a *bigpage* is the unit in which
 * memory is taken from the page source. Small slots (class 0, 1, 2 ...: 16, 32, 64 bytes ...) are
 * carved from bigpages; large slots (big class 0, 1, 2 ...) are runs of 1, 2, 4 ... bigpages.
 *
 * After Zig's std.heap.SbrkAllocator; docs/sbrk.md tells the story. */
#ifndef REHEAP_SBRK_CLASSES_H
#define REHEAP_SBRK_CLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the link, at the end of every slot. */
#define RH_SBRK_WORD_BYTES sizeof(uintptr_t)

enum {
    RH_SBRK_MIN_SHIFT = 4,      /* the smallest slot: ceil_pow2(1 + 8) = 16 bytes */
    RH_SBRK_BIGPAGE_SHIFT = 16, /* 64 KiB, unless the pages of the machine are larger */
    RH_SBRK_BIGPAGE_SHIFT_MOST = 24,
    RH_SBRK_SMALL_CLASSES_MOST = RH_SBRK_BIGPAGE_SHIFT_MOST - RH_SBRK_MIN_SHIFT,
    RH_SBRK_BIG_CLASSES = 47, /* floor(log2((2^64 - 1) / 65536)) */
};

_Static_assert(sizeof(uintptr_t) == 8, "the classes are those of a 64-bit machine");

/* Where a length and an alignment belong. */
struct rh_sbrk_class {
    bool is_big;
    unsigned index;    /* of the small classes, or of the big ones */
    size_t slot_bytes; /* a power of two */
};

/* log2 of the bigpage for pages of `page_bytes`: never less than a page. */
static inline unsigned rh_sbrk_bigpage_shift(size_t page_bytes) {
    unsigned page_shift = (unsigned)__builtin_ctzl(page_bytes);
    return page_shift > RH_SBRK_BIGPAGE_SHIFT ? page_shift : RH_SBRK_BIGPAGE_SHIFT;
}

/* log2 of the smallest power of two that is not below `number`; 1 <= number <= 2^63. */
static inline unsigned rh_sbrk_log2_ceil(size_t number) {
    return number > 1 ? 64 - (unsigned)__builtin_clzl(number - 1) : 0;
}

/* The original's bigPagesNeeded: rounds up, and counts the link a second time. */
static inline size_t rh_sbrk_bigpages_needed(unsigned bigpage_shift, size_t actual_len) {
    size_t bigpage_bytes = (size_t)1 << bigpage_shift;
    return (actual_len + bigpage_bytes + (RH_SBRK_WORD_BYTES - 1)) >> bigpage_shift;
}

/* The class of a block; false where none is large enough. Lengths and alignments above PTRDIFF_MAX
 * are refused before any arithmetic, so that none of it can overflow. */
static inline bool rh_sbrk_classify(unsigned bigpage_shift, size_t len, size_t align,
                                    struct rh_sbrk_class *ret_class) {
    if (len > PTRDIFF_MAX || align > PTRDIFF_MAX)
        return false;
    size_t actual_len = len + RH_SBRK_WORD_BYTES;
    if (actual_len < align)
        actual_len = align;
    unsigned slot_shift = rh_sbrk_log2_ceil(actual_len);
    if (slot_shift < RH_SBRK_MIN_SHIFT)
        slot_shift = RH_SBRK_MIN_SHIFT;
    if (slot_shift < bigpage_shift) {
        *ret_class = (struct rh_sbrk_class){
            .index = slot_shift - RH_SBRK_MIN_SHIFT,
            .slot_bytes = (size_t)1 << slot_shift,
        };
        return true;
    }
    if (actual_len > (size_t)PTRDIFF_MAX)
        return false;
    unsigned big_index = rh_sbrk_log2_ceil(rh_sbrk_bigpages_needed(bigpage_shift, actual_len));
    if (big_index >= RH_SBRK_BIG_CLASSES || big_index + bigpage_shift > 62)
        return false;
    *ret_class = (struct rh_sbrk_class){
        .is_big = true,
        .index = big_index,
        .slot_bytes = (size_t)1 << (big_index + bigpage_shift),
    };
    return true;
}

/* The greatest length that the class of a slot holds, whatever the alignment. */
static inline size_t rh_sbrk_usable_bytes(const struct rh_sbrk_class *class) {
    return class->slot_bytes - (class->is_big ? 2 : 1) * RH_SBRK_WORD_BYTES;
}

static inline bool rh_sbrk_same_class(const struct rh_sbrk_class *a,
                                      const struct rh_sbrk_class *b) {
    return a->is_big == b->is_big && a->index == b->index;
}

#endif
