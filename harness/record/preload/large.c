/* large.c - buckets of a fixed size, each searched as a whole: so nothing is left behind where an
 * entry was. */
#include "record/preload/large.h"

enum { NONE = 0, BEING_WRITTEN = 1 };

struct entry {
    _Atomic uintptr_t address; /* or NONE, or BEING_WRITTEN */
    _Atomic size_t bytes;
};

struct rh_large rh_large __attribute__((aligned(64)));

static struct entry entries[1 << RH_LARGE_BUCKETS_LOG2][RH_LARGE_BUCKET_ENTRIES];

/* The entry of the bucket that holds `address`, or NULL. */
static struct entry *find(size_t bucket, uintptr_t address) {
    for (unsigned i = 0; i < RH_LARGE_BUCKET_ENTRIES; i++)
        if (atomic_load_explicit(&entries[bucket][i].address, memory_order_acquire) == address)
            return &entries[bucket][i];
    return NULL;
}

static void count(size_t bucket, int by) {
    atomic_fetch_add_explicit(&rh_large.count, (uint32_t)by, memory_order_relaxed);
    atomic_fetch_add_explicit(&rh_large.counts[bucket], (uint16_t)by, memory_order_relaxed);
}

static bool put(size_t bucket, uintptr_t address, size_t bytes) {
    struct entry *free_entry = NULL;
    while ((free_entry = find(bucket, NONE)) != NULL) {
        uintptr_t expected = NONE;
        if (!atomic_compare_exchange_strong(&free_entry->address, &expected, BEING_WRITTEN))
            continue;
        atomic_store_explicit(&free_entry->bytes, bytes, memory_order_relaxed);
        atomic_store_explicit(&free_entry->address, address, memory_order_release);
        return true;
    }
    return false;
}

/* The entry is there already where the block's release was not seen. */
bool rh_large_add(const void *pointer, size_t bytes) {
    size_t bucket = rh_large_bucket(pointer);
    struct entry *known = find(bucket, (uintptr_t)pointer);
    if (known != NULL) {
        atomic_store_explicit(&known->bytes, bytes, memory_order_relaxed);
        return true;
    }
    count(bucket, 1); /* before it: a release may look for it as soon as it is there */
    if (put(bucket, (uintptr_t)pointer, bytes))
        return true;
    count(bucket, -1);
    return false;
}

size_t rh_large_take(const void *pointer) {
    size_t bucket = rh_large_bucket(pointer);
    struct entry *entry = find(bucket, (uintptr_t)pointer);
    if (entry == NULL)
        return 0;
    size_t bytes = atomic_load_explicit(&entry->bytes, memory_order_relaxed);
    uintptr_t expected = (uintptr_t)pointer;
    if (!atomic_compare_exchange_strong(&entry->address, &expected, NONE))
        return 0;
    count(bucket, -1);
    return bytes;
}

void rh_large_visit(bool (*visit)(void *context, const void *pointer, size_t bytes),
                    void *context) {
    for (size_t bucket = 0; bucket < 1 << RH_LARGE_BUCKETS_LOG2; bucket++) {
        if (atomic_load_explicit(&rh_large.counts[bucket], memory_order_relaxed) == 0)
            continue;
        for (unsigned i = 0; i < RH_LARGE_BUCKET_ENTRIES; i++) {
            const struct entry *entry = &entries[bucket][i];
            uintptr_t address = atomic_load_explicit(&entry->address, memory_order_acquire);
            size_t bytes = atomic_load_explicit(&entry->bytes, memory_order_relaxed);
            if (address > BEING_WRITTEN && !visit(context, (const void *)address, bytes))
                return;
        }
    }
}
