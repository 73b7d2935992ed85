/* address_map.h - which live object has an address: open addressing, 64-bit keys. */
#ifndef RH_TRACE_IMPORTERS_ADDRESS_MAP_H
#define RH_TRACE_IMPORTERS_ADDRESS_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* An object that a foreign trace knows by its address. */
struct rh_address_entry {
    uint64_t address;
    uint64_t object; /* id + 1; 0: the slot is free */
    uint64_t size;
    uint64_t thread; /* the foreign label of the thread that acquired it */
};

struct rh_address_map {
    struct rh_address_entry *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void rh_address_map_finish(struct rh_address_map *map);
/* The entry of an address, or NULL. Good until the next put or remove. */
struct rh_address_entry *rh_address_map_find(const struct rh_address_map *map, uint64_t address);
/* Starts to load what rh_address_map_find will look at. */
void rh_address_map_prefetch(const struct rh_address_map *map, uint64_t address);
/* Adds an entry for an address that has none. */
int rh_address_map_put(struct rh_address_map *map, const struct rh_address_entry *entry,
                       struct rh_error *error);
/* Removes an entry that rh_address_map_find gave. */
void rh_address_map_remove(struct rh_address_map *map, struct rh_address_entry *entry);

#endif
