/* table.c - sharded open addressing with linear probing; removal shifts back, so there are no
 * tombstones (Knuth, TAOCP 6.4, algorithm R). */
#include "allocator/checked/table.h"

#include <sys/mman.h>

#include "allocator/reason.h"

enum { FIRST_CAPACITY = 128 };

void rh_table_init(struct rh_table *table) {
    for (size_t i = 0; i < RH_TABLE_SHARDS; i++) {
        table->shards[i] = (struct rh_shard){.records = NULL};
        pthread_mutex_init(&table->shards[i].lock, NULL);
    }
}

static void unmap(struct rh_record *records, size_t capacity) {
    if (records != NULL)
        munmap(records, capacity * sizeof(*records));
}

void rh_table_finish(struct rh_table *table) {
    for (size_t i = 0; i < RH_TABLE_SHARDS; i++) {
        unmap(table->shards[i].records, table->shards[i].capacity);
        pthread_mutex_destroy(&table->shards[i].lock);
    }
}

/* Fibonacci hashing; the low bits choose the shard, the others the place in it. */
static uint64_t hash(uintptr_t address) {
    uint64_t mixed = (uint64_t)address * UINT64_C(0x9E3779B97F4A7C15);
    return mixed ^ mixed >> 32;
}

static struct rh_shard *shard_of(struct rh_table *table, uintptr_t address) {
    return &table->shards[hash(address) % RH_TABLE_SHARDS];
}

static size_t home_of(const struct rh_shard *shard, uintptr_t address) {
    return hash(address) / RH_TABLE_SHARDS & (shard->capacity - 1);
}

/* Where the address is, or the free place where it would be. */
static struct rh_record *place_of(const struct rh_shard *shard, uintptr_t address) {
    size_t i = home_of(shard, address);
    while (shard->records[i].address != 0 && shard->records[i].address != address)
        i = (i + 1) & (shard->capacity - 1);
    return &shard->records[i];
}

static bool grow(struct rh_shard *shard) {
    struct rh_shard larger = *shard;
    larger.capacity = shard->capacity > 0 ? 2 * shard->capacity : FIRST_CAPACITY;
    larger.records = mmap(NULL, larger.capacity * sizeof(*larger.records), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (larger.records == MAP_FAILED)
        return false;
    for (size_t i = 0; i < shard->capacity; i++)
        if (shard->records[i].address != 0)
            *place_of(&larger, shard->records[i].address) = shard->records[i];
    unmap(shard->records, shard->capacity);
    shard->records = larger.records;
    shard->capacity = larger.capacity;
    return true;
}

static bool insert_locked(struct rh_shard *shard, const struct rh_record *record,
                          bool *ret_is_there) {
    if (3 * (shard->count + 1) > 2 * shard->capacity && !grow(shard))
        return false;
    struct rh_record *place = place_of(shard, record->address);
    *ret_is_there = place->address != 0;
    if (*ret_is_there)
        return false;
    *place = *record;
    shard->count++;
    return true;
}

bool rh_table_insert(struct rh_table *table, const struct rh_record *record, bool *ret_is_there) {
    rh_require(record->address != 0);
    *ret_is_there = false;
    struct rh_shard *shard = shard_of(table, record->address);
    pthread_mutex_lock(&shard->lock);
    bool inserted = insert_locked(shard, record, ret_is_there);
    pthread_mutex_unlock(&shard->lock);
    return inserted;
}

/* Moves up what the hole would cut off from its home. */
static void close_hole(struct rh_shard *shard, size_t hole) {
    size_t mask = shard->capacity - 1;
    for (size_t i = (hole + 1) & mask; shard->records[i].address != 0; i = (i + 1) & mask) {
        size_t home = home_of(shard, shard->records[i].address);
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        shard->records[hole] = shard->records[i];
        hole = i;
    }
    shard->records[hole].address = 0;
}

static bool find_locked(struct rh_shard *shard, uintptr_t address, bool remove,
                        struct rh_record *ret_record) {
    struct rh_record *place = shard->capacity > 0 ? place_of(shard, address) : NULL;
    if (place == NULL || place->address == 0)
        return false;
    *ret_record = *place;
    if (remove) {
        close_hole(shard, (size_t)(place - shard->records));
        shard->count--;
    }
    return true;
}

static bool find(struct rh_table *table, uintptr_t address, bool remove,
                 struct rh_record *ret_record) {
    if (address == 0)
        return false;
    struct rh_shard *shard = shard_of(table, address);
    pthread_mutex_lock(&shard->lock);
    bool found = find_locked(shard, address, remove, ret_record);
    pthread_mutex_unlock(&shard->lock);
    return found;
}

bool rh_table_remove(struct rh_table *table, uintptr_t address, struct rh_record *ret_record) {
    return find(table, address, true, ret_record);
}

bool rh_table_find(struct rh_table *table, uintptr_t address, struct rh_record *ret_record) {
    return find(table, address, false, ret_record);
}

static const struct rh_record *overlap_in(const struct rh_shard *shard, uintptr_t start,
                                          size_t bytes) {
    for (size_t i = 0; i < shard->capacity; i++) {
        const struct rh_record *record = &shard->records[i];
        if (record->address != 0 && record->address < start + bytes &&
            start < record->address + record->held_bytes)
            return record;
    }
    return NULL;
}

bool rh_table_find_overlap(struct rh_table *table, uintptr_t start, size_t bytes,
                           struct rh_record *ret_record) {
    for (size_t i = 0; i < RH_TABLE_SHARDS; i++) {
        struct rh_shard *shard = &table->shards[i];
        pthread_mutex_lock(&shard->lock);
        const struct rh_record *record = overlap_in(shard, start, bytes);
        if (record != NULL)
            *ret_record = *record;
        pthread_mutex_unlock(&shard->lock);
        if (record != NULL)
            return true;
    }
    return false;
}

bool rh_table_visit(struct rh_table *table, bool (*visit)(void *, const struct rh_record *),
                    void *argument) {
    for (size_t i = 0; i < RH_TABLE_SHARDS; i++)
        for (size_t j = 0; j < table->shards[i].capacity; j++)
            if (table->shards[i].records[j].address != 0 &&
                !visit(argument, &table->shards[i].records[j]))
                return false;
    return true;
}
