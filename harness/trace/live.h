/* live.h - a table of what is live, keyed by object id.
 *
 * Ids are dense and come in ascending order, and most objects die young: so entries lie in pages of
 * consecutive ids, which beats a hash table on locality. A page whose objects are nearly all dead
 * hands its last ones to a small hash table, so that memory grows with live objects (at most 16
 * entries' worth for each) and not with the length of the trace. */
#ifndef RH_TRACE_LIVE_H
#define RH_TRACE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/error.h"

enum {
    RH_LIVE_PAGE_BITS = 10,
    RH_LIVE_PAGE_IDS = 1 << RH_LIVE_PAGE_BITS,
    RH_LIVE_SPARSE = RH_LIVE_PAGE_IDS / 16, /* a closed page with fewer moves to the hash table */
};

struct rh_live_page {
    uint32_t count;
    uint32_t closed; /* its last id was added */
    uint64_t present[RH_LIVE_PAGE_IDS / 64];
    unsigned char entries[];
};

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

/* Adds `id`, which must be larger than all that were added before; *ret_entry is the caller's to
 * fill, and good until the next add or remove. */
static inline int rh_live_add(struct rh_live *live, uint64_t id, struct rh_error *error,
                              void **ret_entry);
/* The entry of a live object, or NULL. Good until the next add or remove. */
static inline void *rh_live_find(const struct rh_live *live, uint64_t id);
/* Removes a live object. Fails only for want of memory, with nothing changed. */
static inline int rh_live_remove(struct rh_live *live, uint64_t id, struct rh_error *error);
/* Calls `visit` for every live object, in no particular order, until it returns non-zero. */
int rh_live_visit(const struct rh_live *live, int (*visit)(uint64_t id, void *entry, void *context),
                  void *context);

/* ---- inline: what every event asks; the rest of it lies in live.c ---- */

/* Makes the page of `id`, and closes the one before. */
int rh_live_open_page(struct rh_live *live, uint64_t id, struct rh_error *error);
/* What has no page any more. */
void *rh_live_find_old(const struct rh_live *live, uint64_t id);
void rh_live_remove_old(struct rh_live *live, uint64_t id);
/* Removes the object, with which its closed page becomes sparse. */
int rh_live_remove_last(struct rh_live *live, uint64_t id, struct rh_error *error);

static inline struct rh_live_page *rh_live_page_of(const struct rh_live *live, uint64_t id) {
    uint64_t page = id >> RH_LIVE_PAGE_BITS;
    return page < live->pages_capacity ? live->pages[page] : NULL;
}

static inline void *rh_live_entry_of(const struct rh_live *live, struct rh_live_page *page,
                                     uint64_t id) {
    return page->entries + id % RH_LIVE_PAGE_IDS * live->entry_bytes;
}

static inline uint64_t *rh_live_word_of(struct rh_live_page *page, uint64_t id) {
    return &page->present[id % RH_LIVE_PAGE_IDS / 64];
}

static inline bool rh_live_page_has(struct rh_live_page *page, uint64_t id) {
    return (*rh_live_word_of(page, id) >> (id % 64) & 1) != 0;
}

/* With the next removal it may have to go. */
static inline bool rh_live_page_is_sparse(const struct rh_live_page *page) {
    return page->closed && page->count <= RH_LIVE_SPARSE;
}

static inline void rh_live_page_add(struct rh_live_page *page, uint64_t id) {
    rh_assert(!rh_live_page_has(page, id));
    *rh_live_word_of(page, id) |= UINT64_C(1) << (id % 64);
    page->count++;
}

static inline void rh_live_page_remove(struct rh_live_page *page, uint64_t id) {
    rh_assert(rh_live_page_has(page, id));
    *rh_live_word_of(page, id) &= ~(UINT64_C(1) << (id % 64));
    page->count--;
}

static inline int rh_live_add(struct rh_live *live, uint64_t id, struct rh_error *error,
                              void **ret_entry) {
    if (__builtin_expect(rh_live_page_of(live, id) == NULL, 0))
        rh_try(rh_live_open_page(live, id, error));
    struct rh_live_page *page = rh_live_page_of(live, id);
    rh_live_page_add(page, id);
    live->count++;
    *ret_entry = rh_live_entry_of(live, page, id);
    return 0;
}

static inline void *rh_live_find(const struct rh_live *live, uint64_t id) {
    struct rh_live_page *page = rh_live_page_of(live, id);
    if (__builtin_expect(page == NULL, 0))
        return rh_live_find_old(live, id);
    return rh_live_page_has(page, id) ? rh_live_entry_of(live, page, id) : NULL;
}

static inline int rh_live_remove(struct rh_live *live, uint64_t id, struct rh_error *error) {
    struct rh_live_page *page = rh_live_page_of(live, id);
    if (__builtin_expect(page == NULL, 0)) {
        rh_live_remove_old(live, id);
        return 0;
    }
    if (__builtin_expect(rh_live_page_is_sparse(page), 0))
        return rh_live_remove_last(live, id, error);
    rh_live_page_remove(page, id);
    live->count--;
    return 0;
}

#endif
