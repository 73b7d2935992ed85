/* addresses.h - which object lives at an address: open addressing, memory grows with live objects.
 */
#ifndef RH_RECORD_ADDRESSES_H
#define RH_RECORD_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rh_address_entry {
    uint64_t address; /* 0: free */
    uint64_t object;
    uint64_t size;
    uint32_t thread; /* that acquired it */
    uint8_t kind;    /* enum rh_event_kind of the acquisition */
    uint8_t align_log2;
};

/* Zero-initialise. */
struct rh_addresses {
    struct rh_address_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void rh_addresses_finish(struct rh_addresses *addresses);
/* `entry->address` is not 0 and not in the table. Fails for want of memory, with nothing changed.
 */
int rh_addresses_add(struct rh_addresses *addresses, const struct rh_address_entry *entry,
                     struct rh_error *error);
/* NULL when there is none; good until the next add or remove. */
const struct rh_address_entry *rh_addresses_find(const struct rh_addresses *addresses,
                                                 uint64_t address);
/* False when there is none, *ret_entry is untouched then. */
bool rh_addresses_remove(struct rh_addresses *addresses, uint64_t address,
                         struct rh_address_entry *ret_entry);

#endif
