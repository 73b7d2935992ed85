/* live.h - a table of what is live, keyed by object id.
 *
 * Ids are dense and come in ascending order, and most objects die young: so entries lie in pages of
 * consecutive ids, which beats a hash table on locality. A page whose objects are nearly all dead
 * hands its last ones to a small hash table, so that memory grows with live objects (at most 16
 * entries' worth for each) and not with the length of the trace. */
#ifndef RH_TRACE_LIVE_H
#define RH_TRACE_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rh_live_page;

struct rh_live {
    size_t entry_bytes;
    size_t count; /* live objects */
    struct rh_live_page **pages;
    size_t pages_capacity;
    struct rh_live_page *spare; /* the last page that emptied, so that a stack does not thrash */
    uint64_t *old_ids;          /* open addressing; id + 1, 0 is free */
    unsigned char *old_entries;
    size_t old_slots; /* a power of two, or 0 */
    size_t old_count;
};

/* Entries of `entry_bytes` (at most 256). Nothing is allocated yet. */
void rh_live_init(struct rh_live *live, size_t entry_bytes);
void rh_live_finish(struct rh_live *live);

/* Adds `id`, which must be larger than all that were added before; *ret_entry is zeroed and good
 * until the next add or remove. */
int rh_live_add(struct rh_live *live, uint64_t id, struct rh_error *error, void **ret_entry);
/* The entry of a live object, or NULL. Good until the next add or remove. */
void *rh_live_find(const struct rh_live *live, uint64_t id);
/* Removes a live object. Fails only for want of memory, with nothing changed. */
int rh_live_remove(struct rh_live *live, uint64_t id, struct rh_error *error);
/* Calls `visit` for every live object, in no particular order, until it returns non-zero. */
int rh_live_visit(const struct rh_live *live, int (*visit)(uint64_t id, void *entry, void *context),
                  void *context);

#endif
