/* address_map.c - linear probing. */
#include "trace/importers/address_map.h"

#include "base/assert.h"
#include "base/memory.h"

enum { LEAST_SLOTS = 1024 };

static size_t first_slot(const struct rh_address_map *map, uint64_t address) {
    uint64_t mixed = (address ^ address >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 24) & (map->capacity - 1);
}

void rh_address_map_finish(struct rh_address_map *map) {
    rh_free(map->slots);
    *map = (struct rh_address_map){0};
}

static struct rh_address_entry *find_slot(const struct rh_address_map *map, uint64_t address) {
    size_t slot = first_slot(map, address);
    while (map->slots[slot].object != 0 && map->slots[slot].address != address)
        slot = (slot + 1) & (map->capacity - 1);
    return &map->slots[slot];
}

struct rh_address_entry *rh_address_map_find(const struct rh_address_map *map, uint64_t address) {
    if (map->count == 0)
        return NULL;
    struct rh_address_entry *entry = find_slot(map, address);
    return entry->object != 0 ? entry : NULL;
}

void rh_address_map_prefetch(const struct rh_address_map *map, uint64_t address) {
    if (map->capacity != 0)
        __builtin_prefetch(&map->slots[first_slot(map, address)], 1);
}

static int grow(struct rh_address_map *map, struct rh_error *error) {
    struct rh_address_map grown = {.capacity =
                                       map->capacity == 0 ? LEAST_SLOTS : 2 * map->capacity};
    grown.slots = rh_alloc_zeroed(grown.capacity, sizeof(*grown.slots));
    if (grown.slots == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu addresses", grown.capacity);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].object != 0)
            *find_slot(&grown, map->slots[i].address) = map->slots[i];
    rh_free(map->slots);
    map->slots = grown.slots;
    map->capacity = grown.capacity;
    return 0;
}

int rh_address_map_put(struct rh_address_map *map, const struct rh_address_entry *entry,
                       struct rh_error *error) {
    rh_assert(entry->object != 0);
    if (map->count >= map->capacity / 8 * 5)
        rh_try(grow(map, error));
    struct rh_address_entry *slot = find_slot(map, entry->address);
    rh_assert(slot->object == 0);
    *slot = *entry;
    map->count++;
    return 0;
}

/* Moves back what was pushed over the gap (Knuth, TAOCP 3, 6.4, algorithm R). */
void rh_address_map_remove(struct rh_address_map *map, struct rh_address_entry *entry) {
    size_t mask = map->capacity - 1;
    size_t hole = (size_t)(entry - map->slots);
    rh_assert(hole < map->capacity && entry->object != 0);
    for (size_t next = (hole + 1) & mask; map->slots[next].object != 0; next = (next + 1) & mask) {
        size_t home = first_slot(map, map->slots[next].address);
        if (((next - home) & mask) < ((next - hole) & mask))
            continue;
        map->slots[hole] = map->slots[next];
        hole = next;
    }
    map->slots[hole].object = 0;
    map->count--;
}
