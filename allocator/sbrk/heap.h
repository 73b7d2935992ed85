/* heap.h - the sbrk allocator: power-of-two slots over one primitive, sbrk(n).
 *
 * A port of Zig's std.heap.SbrkAllocator. Two allocators come from this one source: the original
 * with its addresses bit for bit (`sbrk-zig`), and one that is free of its faults (`sbrk`). The
 * faults are numbered D1 ... D12 in docs/sbrk.md, and so in the comments here. */
#ifndef REHEAP_SBRK_HEAP_H
#define REHEAP_SBRK_HEAP_H

#include <pthread.h>
#include <stdatomic.h>

#include "allocator/sbrk/classes.h"
#include "allocator/sbrk/source.h"

/* Slots of one class. */
struct rh_sbrk_counts {
    uint64_t live_count;
    uint64_t free_count;
};

/* All of the state. On the caller's memory; reached through the functions below only. */
struct rh_sbrk_heap {
    pthread_mutex_t lock;     /* one for everything, as in the original (D11) */
    atomic_uintptr_t forking; /* the thread that holds the lock around fork(2); 0: none */
    struct rh_sbrk_source *source;
    bool is_original;
    unsigned bigpage_shift;
    size_t carve_bytes; /* a cursor at a multiple of this has used up its bigpage */

    uintptr_t next_addrs[RH_SBRK_SMALL_CLASSES_MOST]; /* the cursor of each class; 0: none yet */
    uintptr_t frees[RH_SBRK_SMALL_CLASSES_MOST];      /* heads of the free lists; 0: empty */
    uintptr_t big_frees[RH_SBRK_BIG_CLASSES];

    /* What the original does not keep: for statistics and for the check. */
    struct rh_sbrk_counts counts[RH_SBRK_SMALL_CLASSES_MOST];
    struct rh_sbrk_counts big_counts[RH_SBRK_BIG_CLASSES];
    uint64_t growth_bytes; /* taken from the source */
    uint64_t lost_bytes;   /* in no slot and behind no cursor: never used again */
    uintptr_t low, high;   /* all that the source gave lies in [low, high) */
};

/* The source stays the caller's and outlives the heap. */
void rh_sbrk_heap_init(struct rh_sbrk_heap *heap, struct rh_sbrk_source *source, bool is_original);
void rh_sbrk_heap_finish(struct rh_sbrk_heap *heap);

/* Around fork(2), so that the child's heap is whole: the calling thread holds the lock from the
 * first to one of the others, and may use the heap all the while, as other fork handlers do. */
void rh_sbrk_heap_before_fork(struct rh_sbrk_heap *heap);
void rh_sbrk_heap_after_fork(struct rh_sbrk_heap *heap, bool is_child);

/* The contract of each is that of struct rh_allocator_ops, but for one: the original ignores
 * alignments above that of its break (D2). */
void *rh_sbrk_heap_alloc(struct rh_sbrk_heap *heap, size_t len, size_t align);
bool rh_sbrk_heap_resize(struct rh_sbrk_heap *heap, size_t len, size_t align, size_t new_len);
void rh_sbrk_heap_free(struct rh_sbrk_heap *heap, void *ptr, size_t len, size_t align);
size_t rh_sbrk_heap_usable_size(const struct rh_sbrk_heap *heap, size_t len, size_t align);

/* One class in the statistics. */
struct rh_sbrk_class_stats {
    size_t slot_bytes;
    uint64_t live_count;
    uint64_t free_count;
    uint64_t uncarved_bytes; /* behind the cursor, up to the carve boundary */
};

/* Exact: growth = live + free + uncarved + lost, all in bytes of whole slots. */
struct rh_sbrk_stats {
    uint64_t growth_bytes;
    uint64_t live_bytes;
    uint64_t usable_bytes; /* of the live slots: without their links */
    uint64_t free_bytes;
    uint64_t uncarved_bytes;
    uint64_t lost_bytes;
    unsigned small_count;
    struct rh_sbrk_class_stats small[RH_SBRK_SMALL_CLASSES_MOST];
    struct rh_sbrk_class_stats big[RH_SBRK_BIG_CLASSES];
};

/* For those who look at the whole of it. */
void rh_sbrk_heap_lock(struct rh_sbrk_heap *heap);
void rh_sbrk_heap_unlock(struct rh_sbrk_heap *heap);

void rh_sbrk_heap_stats(struct rh_sbrk_heap *heap, struct rh_sbrk_stats *ret_stats);

/* Walks every free list and closes the account. 0, or -1 with the first violation. */
int rh_sbrk_heap_check(struct rh_sbrk_heap *heap, char *ret_reason, size_t reason_bytes);

#endif
