/* large.h - the live large blocks of the process: address and size, for a look at their pages.
 *
 * Without a lock, and in memory that a fork child inherits as it is: an entry that another thread
 * was writing just then is without an address, and so not there. A block that finds no place is not
 * looked at, and counted. */
#ifndef RH_RECORD_PRELOAD_LARGE_H
#define RH_RECORD_PRELOAD_LARGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define rh_likely(condition)   __builtin_expect(!!(condition), 1)
#define rh_unlikely(condition) __builtin_expect(!!(condition), 0)
#define RH_INLINE              static inline __attribute__((always_inline))

enum {
    RH_LARGE_BUCKETS_LOG2 = 12,
    RH_LARGE_BUCKET_ENTRIES = 16,
};

/* Read with each release: on cache lines that only large blocks write to. */
struct rh_large {
    _Atomic uint32_t count;                              /* entries, or a little more */
    _Atomic uint16_t counts[1 << RH_LARGE_BUCKETS_LOG2]; /* likewise in each bucket */
};

extern struct rh_large rh_large __attribute__((visibility("hidden")));

/* By the page, since large blocks begin on pages of their own; and by what is above, since some
 * allocators lay them a power of two apart. */
RH_INLINE size_t rh_large_bucket(const void *pointer) {
    uintptr_t address = (uintptr_t)pointer;
    return ((address >> 12) + (address >> 24)) & ((1u << RH_LARGE_BUCKETS_LOG2) - 1);
}

/* False: the block is not in the table. */
RH_INLINE bool rh_large_may_be(const void *pointer) {
    return rh_unlikely(atomic_load_explicit(&rh_large.count, memory_order_relaxed) != 0) &&
           rh_unlikely(atomic_load_explicit(&rh_large.counts[rh_large_bucket(pointer)],
                                            memory_order_relaxed) != 0);
}

/* False: there is no place for it. */
bool rh_large_add(const void *pointer, size_t bytes);
/* Takes a block out; its size, or 0: it is not there. */
size_t rh_large_take(const void *pointer);

/* Calls `visit` with each block, until it says false. */
void rh_large_visit(bool (*visit)(void *context, const void *pointer, size_t bytes), void *context);

#endif
