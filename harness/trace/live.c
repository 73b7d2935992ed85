/* live.c - pages of consecutive ids, and a hash table for the few that grow old. */
#include "trace/live.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

void rh_live_init(struct rh_live *live, size_t entry_bytes) {
    rh_assert(entry_bytes > 0 && entry_bytes <= 256);
    *live = (struct rh_live){.entry_bytes = entry_bytes};
}

void rh_live_finish(struct rh_live *live) {
    for (size_t i = 0; i < live->pages_capacity; i++)
        rh_free(live->pages[i]);
    rh_free(live->pages);
    rh_free(live->spare);
    rh_free(live->old_ids);
    rh_free(live->old_entries);
    *live = (struct rh_live){.entry_bytes = live->entry_bytes};
}

/* ---- the hash table of old objects ---- */

static inline size_t first_slot(const struct rh_live *live, uint64_t id) {
    return (size_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (live->old_slots - 1);
}

/* The slot that holds `id`, or the free one where it would go. */
static size_t find_slot(const struct rh_live *live, uint64_t id) {
    size_t slot = first_slot(live, id);
    while (live->old_ids[slot] != 0 && live->old_ids[slot] != id + 1)
        slot = (slot + 1) & (live->old_slots - 1);
    return slot;
}

static void put_old(struct rh_live *live, uint64_t id, const void *entry) {
    size_t slot = find_slot(live, id);
    rh_assert(live->old_ids[slot] == 0);
    live->old_ids[slot] = id + 1;
    memcpy(live->old_entries + slot * live->entry_bytes, entry, live->entry_bytes);
    live->old_count++;
}

/* Makes room for `more` old objects at a load of at most one half. */
static int reserve_old(struct rh_live *live, size_t more, struct rh_error *error) {
    size_t slots = live->old_slots < 256 ? 256 : live->old_slots;
    while (slots / 2 < live->old_count + more)
        slots *= 2;
    if (slots == live->old_slots)
        return 0;

    struct rh_live grown = {.entry_bytes = live->entry_bytes, .old_slots = slots};
    grown.old_ids = rh_alloc_zeroed(slots, sizeof(*grown.old_ids));
    grown.old_entries = rh_alloc_zeroed(slots, live->entry_bytes);
    if (grown.old_ids == NULL || grown.old_entries == NULL) {
        rh_free(grown.old_ids);
        rh_free(grown.old_entries);
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a table of %zu live objects", slots);
    }
    for (size_t i = 0; i < live->old_slots; i++)
        if (live->old_ids[i] != 0)
            put_old(&grown, live->old_ids[i] - 1, live->old_entries + i * live->entry_bytes);
    rh_free(live->old_ids);
    rh_free(live->old_entries);
    live->old_ids = grown.old_ids;
    live->old_entries = grown.old_entries;
    live->old_slots = slots;
    return 0;
}

/* Closes the gap by moving back what was pushed over it (Knuth, TAOCP 3, 6.4, algorithm R). */
static void remove_old(struct rh_live *live, size_t hole) {
    size_t mask = live->old_slots - 1;
    for (size_t next = (hole + 1) & mask; live->old_ids[next] != 0; next = (next + 1) & mask) {
        size_t home = first_slot(live, live->old_ids[next] - 1);
        if (((next - home) & mask) < ((next - hole) & mask))
            continue;
        live->old_ids[hole] = live->old_ids[next];
        memcpy(live->old_entries + hole * live->entry_bytes,
               live->old_entries + next * live->entry_bytes, live->entry_bytes);
        hole = next;
    }
    live->old_ids[hole] = 0;
    live->old_count--;
}

/* ---- pages ---- */

static void drop_page(struct rh_live *live, uint64_t id) {
    struct rh_live_page *page = live->pages[id >> RH_LIVE_PAGE_BITS];
    live->pages[id >> RH_LIVE_PAGE_BITS] = NULL;
    if (live->spare == NULL)
        live->spare = page;
    else
        rh_free(page);
}

/* Moves the last objects of a page to the hash table, and drops the page. */
static int retire_page(struct rh_live *live, uint64_t id, struct rh_error *error) {
    struct rh_live_page *page = live->pages[id >> RH_LIVE_PAGE_BITS];
    if (page->count > 0)
        rh_try(reserve_old(live, page->count, error));
    for (uint64_t word = 0; word < RH_LIVE_PAGE_IDS / 64; word++)
        for (uint64_t bits = page->present[word]; bits != 0; bits &= bits - 1) {
            uint64_t old = (id & ~(uint64_t)(RH_LIVE_PAGE_IDS - 1)) + word * 64;
            old += (uint64_t)__builtin_ctzll(bits);
            put_old(live, old, rh_live_entry_of(live, page, old));
        }
    drop_page(live, id);
    return 0;
}

static int make_page(struct rh_live *live, uint64_t id, struct rh_error *error) {
    size_t index = (size_t)(id >> RH_LIVE_PAGE_BITS);
    size_t before = live->pages_capacity;
    rh_try(rh_grow((void **)&live->pages, &live->pages_capacity, index + 1, sizeof(*live->pages),
                   error));
    memset(live->pages + before, 0, (live->pages_capacity - before) * sizeof(*live->pages));

    struct rh_live_page *page = live->spare;
    live->spare = NULL;
    if (page == NULL)
        page = rh_alloc(sizeof(*page) + RH_LIVE_PAGE_IDS * live->entry_bytes);
    if (page == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %d live objects", RH_LIVE_PAGE_IDS);
    memset(page, 0, sizeof(*page));
    live->pages[index] = page;
    return 0;
}

/* A page is judged when its ids have all been given out and whenever one of them dies after. */
static int close_page(struct rh_live *live, uint64_t id, struct rh_error *error) {
    struct rh_live_page *page = rh_live_page_of(live, id);
    if (page == NULL)
        return 0;
    if (page->count < RH_LIVE_SPARSE)
        return retire_page(live, id, error);
    page->closed = 1;
    return 0;
}

int rh_live_open_page(struct rh_live *live, uint64_t id, struct rh_error *error) {
    if (id >= RH_LIVE_PAGE_IDS)
        rh_try(close_page(live, id - RH_LIVE_PAGE_IDS, error));
    return make_page(live, id, error);
}

void *rh_live_find_old(const struct rh_live *live, uint64_t id) {
    if (live->old_count == 0)
        return NULL;
    size_t slot = find_slot(live, id);
    return live->old_ids[slot] != 0 ? live->old_entries + slot * live->entry_bytes : NULL;
}

void rh_live_remove_old(struct rh_live *live, uint64_t id) {
    size_t slot = find_slot(live, id);
    rh_assert(live->old_ids[slot] != 0);
    remove_old(live, slot);
    live->count--;
}

int rh_live_remove_last(struct rh_live *live, uint64_t id, struct rh_error *error) {
    struct rh_live_page *page = rh_live_page_of(live, id);
    rh_try(reserve_old(live, page->count, error));
    rh_live_page_remove(page, id);
    live->count--;
    return page->count < RH_LIVE_SPARSE ? retire_page(live, id, error) : 0;
}

int rh_live_visit(const struct rh_live *live, int (*visit)(uint64_t id, void *entry, void *context),
                  void *context) {
    int result = 0;
    for (size_t i = 0; i < live->pages_capacity && result == 0; i++)
        for (uint64_t at = 0; live->pages[i] != NULL && at < RH_LIVE_PAGE_IDS && result == 0; at++)
            if (rh_live_page_has(live->pages[i], at))
                result = visit(((uint64_t)i << RH_LIVE_PAGE_BITS) + at,
                               rh_live_entry_of(live, live->pages[i], at), context);
    for (size_t i = 0; i < live->old_slots && result == 0; i++)
        if (live->old_ids[i] != 0)
            result =
                visit(live->old_ids[i] - 1, live->old_entries + i * live->entry_bytes, context);
    return result;
}
