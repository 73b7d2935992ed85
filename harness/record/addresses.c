/* addresses.c - linear probing with deletion by shifting back, so that no tombstones gather. */
#include "record/addresses.h"

#include "base/assert.h"
#include "base/memory.h"

enum { CAPACITY_LEAST = 1024 };

/* Fibonacci hashing: neighbours, which allocators hand out in a row, spread over the table. */
static size_t home_of(const struct rh_addresses *addresses, uint64_t address) {
    unsigned bits = (unsigned)__builtin_ctzll(addresses->capacity);
    return (size_t)((address >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - bits));
}

/* Where the address is, or the free place where it would go. */
static size_t place_of(const struct rh_addresses *addresses, uint64_t address) {
    size_t mask = addresses->capacity - 1;
    size_t place = home_of(addresses, address);
    while (addresses->entries[place].address != 0 && addresses->entries[place].address != address)
        place = (place + 1) & mask;
    return place;
}

void rh_addresses_finish(struct rh_addresses *addresses) {
    rh_free(addresses->entries);
    *addresses = (struct rh_addresses){0};
}

static int grow(struct rh_addresses *addresses, struct rh_error *error) {
    struct rh_addresses larger = {.capacity = addresses->capacity != 0 ? addresses->capacity * 2
                                                                       : CAPACITY_LEAST};
    larger.entries = rh_alloc_zeroed(larger.capacity, sizeof(*larger.entries));
    if (larger.entries == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu live objects", addresses->count);
    for (size_t i = 0; i < addresses->capacity; i++) {
        uint64_t address = addresses->entries[i].address;
        if (address != 0)
            larger.entries[place_of(&larger, address)] = addresses->entries[i];
    }
    larger.count = addresses->count;
    rh_free(addresses->entries);
    *addresses = larger;
    return 0;
}

int rh_addresses_add(struct rh_addresses *addresses, const struct rh_address_entry *entry,
                     struct rh_error *error) {
    rh_assert(entry->address != 0);
    if ((addresses->count + 1) * 2 > addresses->capacity)
        rh_try(grow(addresses, error));
    size_t place = place_of(addresses, entry->address);
    rh_assert(addresses->entries[place].address == 0);
    addresses->entries[place] = *entry;
    addresses->count++;
    return 0;
}

const struct rh_address_entry *rh_addresses_find(const struct rh_addresses *addresses,
                                                 uint64_t address) {
    if (addresses->count == 0 || address == 0)
        return NULL;
    const struct rh_address_entry *entry = &addresses->entries[place_of(addresses, address)];
    return entry->address != 0 ? entry : NULL;
}

/* Moves what follows the gap back, as far as it had been displaced over it. */
static void close_gap(struct rh_addresses *addresses, size_t gap) {
    size_t mask = addresses->capacity - 1;
    for (size_t next = (gap + 1) & mask; addresses->entries[next].address != 0;
         next = (next + 1) & mask) {
        size_t home = home_of(addresses, addresses->entries[next].address);
        if (((next - home) & mask) < ((next - gap) & mask))
            continue;
        addresses->entries[gap] = addresses->entries[next];
        gap = next;
    }
    addresses->entries[gap].address = 0;
}

bool rh_addresses_remove(struct rh_addresses *addresses, uint64_t address,
                         struct rh_address_entry *ret_entry) {
    if (addresses->count == 0 || address == 0)
        return false;
    size_t place = place_of(addresses, address);
    if (addresses->entries[place].address == 0)
        return false;
    *ret_entry = addresses->entries[place];
    close_gap(addresses, place);
    addresses->count--;
    return true;
}
