/* heap_check.c - the account of every byte that the source gave, and the walk that proves it. */
#include <string.h>

#include "allocator/reason.h"
#include "allocator/sbrk/heap.h"

static unsigned small_count(const struct rh_sbrk_heap *heap) {
    return heap->bigpage_shift - RH_SBRK_MIN_SHIFT;
}

static void add_class(struct rh_sbrk_stats *stats, const struct rh_sbrk_class_stats *class,
                      size_t usable_bytes) {
    stats->live_bytes += class->live_count * class->slot_bytes;
    stats->usable_bytes += class->live_count * usable_bytes;
    stats->free_bytes += class->free_count * class->slot_bytes;
    stats->uncarved_bytes += class->uncarved_bytes;
}

static void fill_small(const struct rh_sbrk_heap *heap, struct rh_sbrk_stats *stats, unsigned i) {
    struct rh_sbrk_class class = {.index = i, .slot_bytes = (size_t)1 << (i + RH_SBRK_MIN_SHIFT)};
    stats->small[i] = (struct rh_sbrk_class_stats){
        .slot_bytes = class.slot_bytes,
        .live_count = heap->counts[i].live_count,
        .free_count = heap->counts[i].free_count,
        .uncarved_bytes = -heap->next_addrs[i] & (heap->carve_bytes - 1),
    };
    add_class(stats, &stats->small[i], rh_sbrk_usable_bytes(&class));
}

static void fill_big(const struct rh_sbrk_heap *heap, struct rh_sbrk_stats *stats, unsigned i) {
    if (i + heap->bigpage_shift > 62)
        return;
    struct rh_sbrk_class class = {
        .is_big = true, .index = i, .slot_bytes = (size_t)1 << (i + heap->bigpage_shift)};
    stats->big[i] = (struct rh_sbrk_class_stats){
        .slot_bytes = class.slot_bytes,
        .live_count = heap->big_counts[i].live_count,
        .free_count = heap->big_counts[i].free_count,
    };
    add_class(stats, &stats->big[i], rh_sbrk_usable_bytes(&class));
}

static void fill_stats(const struct rh_sbrk_heap *heap, struct rh_sbrk_stats *stats) {
    *stats = (struct rh_sbrk_stats){
        .growth_bytes = heap->growth_bytes,
        .lost_bytes = heap->lost_bytes,
        .small_count = small_count(heap),
    };
    for (unsigned i = 0; i < stats->small_count; i++)
        fill_small(heap, stats, i);
    for (unsigned i = 0; i < RH_SBRK_BIG_CLASSES; i++)
        fill_big(heap, stats, i);
}

void rh_sbrk_heap_stats(struct rh_sbrk_heap *heap, struct rh_sbrk_stats *ret_stats) {
    rh_sbrk_heap_lock(heap);
    fill_stats(heap, ret_stats);
    rh_sbrk_heap_unlock(heap);
}

struct sentence {
    char *text;
    size_t bytes;
};

/* Every slot lies in what the source gave and where its class puts it, and the list is as long as
 * it was counted: a slot that was freed twice makes a ring, which is longer. */
static int check_list(const struct rh_sbrk_heap *heap, uintptr_t head,
                      const struct rh_sbrk_class_stats *class, size_t align,
                      const struct sentence *sentence) {
    uint64_t seen = 0;
    for (uintptr_t addr = head; addr != 0; seen++) {
        if (seen == class->free_count)
            return rh_reason(sentence->text, sentence->bytes,
                             "slots of %zu bytes: the free list is longer than the %llu that were "
                             "freed",
                             class->slot_bytes, (unsigned long long)class->free_count);
        if (addr < heap->low || addr > heap->high || class->slot_bytes > heap->high - addr)
            return rh_reason(sentence->text, sentence->bytes,
                             "slots of %zu bytes: the free list leads to %#llx, outside the heap",
                             class->slot_bytes, (unsigned long long)addr);
        if (addr % align != 0)
            return rh_reason(sentence->text, sentence->bytes,
                             "slots of %zu bytes: the free slot %#llx is not aligned to %zu",
                             class->slot_bytes, (unsigned long long)addr, align);
        memcpy(&addr, (const char *)addr + class->slot_bytes - RH_SBRK_WORD_BYTES, sizeof(addr));
    }
    if (seen < class->free_count)
        return rh_reason(sentence->text, sentence->bytes,
                         "slots of %zu bytes: the free list has %llu of the %llu that were freed",
                         class->slot_bytes, (unsigned long long)seen,
                         (unsigned long long)class->free_count);
    return 0;
}

/* A count that went below zero is larger than any heap. */
static int check_live(const struct rh_sbrk_heap *heap, const struct rh_sbrk_class_stats *class,
                      const struct sentence *sentence) {
    if (class->slot_bytes == 0 || class->live_count <= heap->growth_bytes / class->slot_bytes)
        return 0;
    return rh_reason(sentence->text, sentence->bytes,
                     "slots of %zu bytes: more were freed than handed out", class->slot_bytes);
}

static int check_cursor(const struct rh_sbrk_heap *heap, unsigned i, size_t align,
                        const struct sentence *sentence) {
    uintptr_t next = heap->next_addrs[i];
    if (next == 0 || (next % align == 0 && next > heap->low && next <= heap->high))
        return 0;
    return rh_reason(sentence->text, sentence->bytes,
                     "slots of %zu bytes: the cursor %#llx lies outside the heap or uneven",
                     (size_t)1 << (i + RH_SBRK_MIN_SHIFT), (unsigned long long)next);
}

static int check_small(const struct rh_sbrk_heap *heap, const struct rh_sbrk_stats *stats,
                       unsigned i, const struct sentence *sentence) {
    const struct rh_sbrk_class_stats *class = &stats->small[i];
    size_t align = class->slot_bytes < heap->carve_bytes ? class->slot_bytes : heap->carve_bytes;
    if (check_live(heap, class, sentence) != 0 ||
        check_list(heap, heap->frees[i], class, align, sentence) != 0)
        return -1;
    return check_cursor(heap, i, align, sentence);
}

static int check_big(const struct rh_sbrk_heap *heap, const struct rh_sbrk_stats *stats, unsigned i,
                     const struct sentence *sentence) {
    const struct rh_sbrk_class_stats *class = &stats->big[i];
    size_t align = heap->is_original ? heap->source->page_bytes : class->slot_bytes;
    if (class->slot_bytes == 0)
        return 0;
    if (check_live(heap, class, sentence) != 0)
        return -1;
    return check_list(heap, heap->big_frees[i], class, align, sentence);
}

static int check_account(const struct rh_sbrk_stats *stats, const struct sentence *sentence) {
    uint64_t sum =
        stats->live_bytes + stats->free_bytes + stats->uncarved_bytes + stats->lost_bytes;
    if (sum == stats->growth_bytes)
        return 0;
    return rh_reason(sentence->text, sentence->bytes,
                     "the source gave %llu bytes, and live, free, uncarved and lost are %llu",
                     (unsigned long long)stats->growth_bytes, (unsigned long long)sum);
}

static int check_locked(const struct rh_sbrk_heap *heap, const struct sentence *sentence) {
    struct rh_sbrk_stats stats;
    fill_stats(heap, &stats);
    for (unsigned i = 0; i < stats.small_count; i++)
        if (check_small(heap, &stats, i, sentence) != 0)
            return -1;
    for (unsigned i = 0; i < RH_SBRK_BIG_CLASSES; i++)
        if (check_big(heap, &stats, i, sentence) != 0)
            return -1;
    return check_account(&stats, sentence);
}

int rh_sbrk_heap_check(struct rh_sbrk_heap *heap, char *ret_reason, size_t reason_bytes) {
    struct sentence sentence = {.text = ret_reason, .bytes = reason_bytes};
    rh_sbrk_heap_lock(heap);
    int result = check_locked(heap, &sentence);
    rh_sbrk_heap_unlock(heap);
    return result;
}
