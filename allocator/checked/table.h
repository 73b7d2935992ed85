/* table.h - the live blocks by address: hash tables in mapped memory, one lock a shard. */
#ifndef REHEAP_CHECKED_TABLE_H
#define REHEAP_CHECKED_TABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RH_TABLE_SHARDS = 256 };

struct rh_record {
    uintptr_t address; /* 0: no record */
    size_t len, align; /* of the last successful call */
    size_t held_bytes; /* >= len: claimed, and filled with the pattern */
    uint64_t id;       /* of the pattern; never given twice */
    bool was_resized;
};

struct rh_shard {
    pthread_mutex_t lock;
    struct rh_record *records; /* open addressing; at most two thirds are in use */
    size_t capacity;           /* a power of two, or 0 */
    size_t count;
} __attribute__((aligned(64)));

struct rh_table {
    struct rh_shard shards[RH_TABLE_SHARDS];
};

void rh_table_init(struct rh_table *table);
void rh_table_finish(struct rh_table *table);

/* False: no memory, or (*ret_is_there) a record of this address exists; nothing has changed. */
bool rh_table_insert(struct rh_table *table, const struct rh_record *record, bool *ret_is_there);
/* Takes the record out; false: there is none. */
bool rh_table_remove(struct rh_table *table, uintptr_t address, struct rh_record *ret_record);
bool rh_table_find(struct rh_table *table, uintptr_t address, struct rh_record *ret_record);

/* Some record that shares a byte with [start, start + bytes): slow,
 * for a sentence. */
bool rh_table_find_overlap(struct rh_table *table, uintptr_t start, size_t bytes,
                           struct rh_record *ret_record);
/* Calls `visit` for every record until one call returns false. The table must not change
 * meanwhile. */
bool rh_table_visit(struct rh_table *table, bool (*visit)(void *, const struct rh_record *),
                    void *argument);

#endif
