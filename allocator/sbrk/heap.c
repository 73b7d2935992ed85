/* heap.c - the algorithm. */
#include "allocator/sbrk/heap.h"

#include "allocator/reason.h"

void rh_sbrk_heap_init(struct rh_sbrk_heap *heap, struct rh_sbrk_source *source, bool is_original) {
    *heap = (struct rh_sbrk_heap){
        .source = source,
        .is_original = is_original,
        /* D10: a page larger than 64 KiB makes a larger bigpage. */
        .bigpage_shift = rh_sbrk_bigpage_shift(source->page_bytes),
        .low = UINTPTR_MAX,
    };
    rh_require(heap->bigpage_shift <= RH_SBRK_BIGPAGE_SHIFT_MOST);
    /* D1: the original looks for the end of the page, where it means that of the bigpage. */
    heap->carve_bytes = is_original ? source->page_bytes : (size_t)1 << heap->bigpage_shift;
    pthread_mutex_init(&heap->lock, NULL);
}

void rh_sbrk_heap_finish(struct rh_sbrk_heap *heap) {
    pthread_mutex_destroy(&heap->lock);
}

static bool is_forking(struct rh_sbrk_heap *heap) {
    uintptr_t forking = atomic_load_explicit(&heap->forking, memory_order_relaxed);
    return __builtin_expect(forking != 0, 0) && forking == (uintptr_t)pthread_self();
}

void rh_sbrk_heap_lock(struct rh_sbrk_heap *heap) {
    if (!is_forking(heap))
        pthread_mutex_lock(&heap->lock);
}

void rh_sbrk_heap_unlock(struct rh_sbrk_heap *heap) {
    if (!is_forking(heap))
        pthread_mutex_unlock(&heap->lock);
}

void rh_sbrk_heap_before_fork(struct rh_sbrk_heap *heap) {
    pthread_mutex_lock(&heap->lock);
    atomic_store_explicit(&heap->forking, (uintptr_t)pthread_self(), memory_order_relaxed);
}

void rh_sbrk_heap_after_fork(struct rh_sbrk_heap *heap, bool is_child) {
    atomic_store_explicit(&heap->forking, 0, memory_order_relaxed);
    /* In the child the lock is held by a thread that is not there. */
    if (is_child)
        pthread_mutex_init(&heap->lock, NULL);
    else
        pthread_mutex_unlock(&heap->lock);
}

/* The last word of a free slot leads to the next one. */
static uintptr_t *link_of(uintptr_t addr, size_t slot_bytes) {
    return (uintptr_t *)(addr + slot_bytes - RH_SBRK_WORD_BYTES);
}

static void push(uintptr_t *head, uintptr_t addr, size_t slot_bytes) {
    *link_of(addr, slot_bytes) = *head;
    *head = addr;
}

/* 0: the list is empty. */
static uintptr_t pop(uintptr_t *head, size_t slot_bytes) {
    uintptr_t top = *head;
    if (top != 0)
        *head = *link_of(top, slot_bytes);
    return top;
}

static uintptr_t grow(struct rh_sbrk_heap *heap, size_t bytes) {
    uintptr_t start = heap->source->sbrk(heap->source, bytes);
    if (start == 0)
        return 0;
    rh_require(start % heap->source->page_bytes == 0); /* D8 */
    heap->growth_bytes += bytes;
    if (start < heap->low)
        heap->low = start;
    if (start + bytes > heap->high)
        heap->high = start + bytes;
    return start;
}

/* Cuts [start, end) into free big slots, each aligned to its own size, the smaller ones outside.
 * What is less than a bigpage at the ends is lost. */
static void file_gap(struct rh_sbrk_heap *heap, uintptr_t start, uintptr_t end) {
    uintptr_t bigpage_mask = ((uintptr_t)1 << heap->bigpage_shift) - 1;
    uintptr_t first = (start + bigpage_mask) & ~bigpage_mask;
    uintptr_t last = end & ~bigpage_mask;
    if (first >= last) {
        heap->lost_bytes += end - start;
        return;
    }
    heap->lost_bytes += (first - start) + (end - last);
    while (first < last) {
        unsigned shift = (unsigned)__builtin_ctzl(first);
        while (shift > 62 || (uintptr_t)1 << shift > last - first)
            shift--;
        unsigned index = shift - heap->bigpage_shift;
        if (index >= RH_SBRK_BIG_CLASSES)
            index = RH_SBRK_BIG_CLASSES - 1;
        size_t slot_bytes = (size_t)1 << (index + heap->bigpage_shift);
        push(&heap->big_frees[index], first, slot_bytes);
        heap->big_counts[index].free_count++;
        first += slot_bytes;
    }
}

/* D2, D9: a fresh big slot is aligned to its own size, and the gap before it is filed. If someone
 * else moves the break between the question and the call, what came is filed too. */
static uintptr_t grow_aligned(struct rh_sbrk_heap *heap, size_t bytes) {
    for (int tries = 0; tries < 4; tries++) {
        uintptr_t position = heap->source->position(heap->source);
        size_t gap_bytes = -position & (bytes - 1);
        uintptr_t start = grow(heap, gap_bytes + bytes);
        if (start == 0)
            return 0;
        if ((start + gap_bytes) % bytes == 0) {
            file_gap(heap, start, start + gap_bytes);
            return start + gap_bytes;
        }
        file_gap(heap, start, start + gap_bytes + bytes);
    }
    return 0;
}

/* The original's allocBigPages: 2^index bigpages, used again before the break grows. 0: none. */
static uintptr_t alloc_bigpages(struct rh_sbrk_heap *heap, unsigned index) {
    size_t slot_bytes = (size_t)1 << (index + heap->bigpage_shift);
    uintptr_t top = pop(&heap->big_frees[index], slot_bytes);
    if (top != 0) {
        heap->big_counts[index].free_count--;
        return top;
    }
    return heap->is_original ? grow(heap, slot_bytes) : grow_aligned(heap, slot_bytes);
}

/* D1: what the original will never carve, because its cursor stops at the first boundary. */
static size_t lost_of_bigpage(const struct rh_sbrk_heap *heap, size_t slot_bytes) {
    size_t bigpage_bytes = (size_t)1 << heap->bigpage_shift;
    return bigpage_bytes - (slot_bytes > heap->carve_bytes ? slot_bytes : heap->carve_bytes);
}

static uintptr_t alloc_small(struct rh_sbrk_heap *heap, const struct rh_sbrk_class *class) {
    uintptr_t top = pop(&heap->frees[class->index], class->slot_bytes);
    if (top != 0) {
        heap->counts[class->index].free_count--;
        return top;
    }
    uintptr_t next = heap->next_addrs[class->index];
    if (next % heap->carve_bytes == 0) { /* used up, or 0: none yet */
        next = alloc_bigpages(heap, 0);
        if (next == 0)
            return 0;
        heap->lost_bytes += lost_of_bigpage(heap, class->slot_bytes);
    }
    heap->next_addrs[class->index] = next + class->slot_bytes;
    return next;
}

static struct rh_sbrk_counts *counts_of(struct rh_sbrk_heap *heap,
                                        const struct rh_sbrk_class *class) {
    return class->is_big ? &heap->big_counts[class->index] : &heap->counts[class->index];
}

void *rh_sbrk_heap_alloc(struct rh_sbrk_heap *heap, size_t len, size_t align) {
    struct rh_sbrk_class class;
    if (!rh_sbrk_classify(heap->bigpage_shift, len, align, &class)) /* D5, D7 */
        return NULL;
    rh_sbrk_heap_lock(heap);
    uintptr_t addr = class.is_big ? alloc_bigpages(heap, class.index) : alloc_small(heap, &class);
    if (addr != 0) /* D4 */
        counts_of(heap, &class)->live_count++;
    rh_sbrk_heap_unlock(heap);
    return (void *)addr;
}

/* D3: in the original a large block of one bigpage may shrink to a small length; from then on it is
 * a slot of the small class, and the rest of its bigpage is lost. */
static void cross_to_small(struct rh_sbrk_heap *heap, const struct rh_sbrk_class *old_class,
                           const struct rh_sbrk_class *new_class) {
    heap->big_counts[old_class->index].live_count--;
    heap->counts[new_class->index].live_count++;
    heap->lost_bytes += old_class->slot_bytes - new_class->slot_bytes;
}

bool rh_sbrk_heap_resize(struct rh_sbrk_heap *heap, size_t len, size_t align, size_t new_len) {
    struct rh_sbrk_class old_class, new_class;
    if (!rh_sbrk_classify(heap->bigpage_shift, len, align, &old_class) ||
        !rh_sbrk_classify(heap->bigpage_shift, new_len, align, &new_class)) /* D6 */
        return false;
    rh_sbrk_heap_lock(heap);
    bool crosses =
        heap->is_original && old_class.is_big && old_class.index == 0 && !new_class.is_big;
    if (crosses)
        cross_to_small(heap, &old_class, &new_class);
    rh_sbrk_heap_unlock(heap);
    return crosses || rh_sbrk_same_class(&old_class, &new_class);
}

void rh_sbrk_heap_free(struct rh_sbrk_heap *heap, void *ptr, size_t len, size_t align) {
    struct rh_sbrk_class class;
    bool fits = rh_sbrk_classify(heap->bigpage_shift, len, align, &class);
    rh_require(fits);
    rh_sbrk_heap_lock(heap);
    uintptr_t *head = class.is_big ? &heap->big_frees[class.index] : &heap->frees[class.index];
    push(head, (uintptr_t)ptr, class.slot_bytes);
    struct rh_sbrk_counts *counts = counts_of(heap, &class);
    counts->live_count--;
    counts->free_count++;
    rh_sbrk_heap_unlock(heap);
}

size_t rh_sbrk_heap_usable_size(const struct rh_sbrk_heap *heap, size_t len, size_t align) {
    struct rh_sbrk_class class;
    bool fits = rh_sbrk_classify(heap->bigpage_shift, len, align, &class);
    rh_require(fits);
    return rh_sbrk_usable_bytes(&class);
}
