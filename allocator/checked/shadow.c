/* shadow.c - claims on bytes: a bit a byte where a block covers part of a page, one mark for a page
 * that a block covers whole. */
#include "allocator/checked/shadow.h"

#include <sys/mman.h>

#include "allocator/reason.h"

#define PAGE_BYTES    ((size_t)1 << RH_SHADOW_PAGE_SHIFT)
#define ADDRESS_LIMIT ((uintptr_t)1 << RH_SHADOW_ADDRESS_SHIFT)
#define WHOLE         UINT32_MAX

/* Part of one page. */
struct piece {
    struct rh_shadow_page *page;
    _Atomic uint64_t *bits;
    size_t begin, end; /* bytes in the page */
};

static void *map_zeroed(size_t bytes) {
    void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return mapping != MAP_FAILED ? mapping : NULL;
}

/* What `cell` points to, made by whoever comes first. */
#define GET_OR_MAKE(cell, type, ret_pointer)                                                       \
    do {                                                                                           \
        type *existing_ = atomic_load_explicit((cell), memory_order_acquire);                      \
        if (existing_ == NULL) {                                                                   \
            type *fresh_ = map_zeroed(sizeof(type));                                               \
            if (fresh_ == NULL)                                                                    \
                return false;                                                                      \
            if (atomic_compare_exchange_strong((cell), &existing_, fresh_))                        \
                existing_ = fresh_;                                                                \
            else                                                                                   \
                munmap(fresh_, sizeof(type));                                                      \
        }                                                                                          \
        *(ret_pointer) = existing_;                                                                \
    } while (0)

/* The piece of [start, end) in the page of `start`; false: no memory. */
static bool find_piece(struct rh_shadow *shadow, uintptr_t start, uintptr_t end,
                       struct piece *ret_piece) {
    struct rh_shadow_table *table;
    struct rh_shadow_region *region;
    size_t region_mask = ((size_t)1 << (RH_SHADOW_TOP_SHIFT - RH_SHADOW_REGION_SHIFT)) - 1;
    GET_OR_MAKE(&shadow->tables[start >> RH_SHADOW_TOP_SHIFT], struct rh_shadow_table, &table);
    GET_OR_MAKE(&table->regions[(start >> RH_SHADOW_REGION_SHIFT) & region_mask],
                struct rh_shadow_region, &region);
    size_t index = (start >> RH_SHADOW_PAGE_SHIFT) & (RH_SHADOW_REGION_PAGES - 1);
    uintptr_t page_start = start & ~(uintptr_t)(PAGE_BYTES - 1);
    *ret_piece = (struct piece){
        .page = &region->pages[index],
        .bits = region->bits[index],
        .begin = start - page_start,
        .end = end - page_start < PAGE_BYTES ? end - page_start : PAGE_BYTES,
    };
    return true;
}

/* The bits of [begin, end) that lie in the word of `begin`. */
static uint64_t word_mask(size_t begin, size_t end) {
    size_t first = begin % 64, count = end - begin < 64 - first ? end - begin : 64 - first;
    return (count == 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1) << first;
}

static void clear_bits(const struct piece *piece, size_t end) {
    for (size_t byte = piece->begin; byte < end; byte = (byte / 64 + 1) * 64)
        atomic_fetch_and_explicit(&piece->bits[byte / 64], ~word_mask(byte, end),
                                  memory_order_relaxed);
}

/* False: a bit was set already, and none of ours stays. */
static bool set_bits(const struct piece *piece) {
    for (size_t byte = piece->begin; byte < piece->end; byte = (byte / 64 + 1) * 64) {
        uint64_t mask = word_mask(byte, piece->end);
        uint64_t before =
            atomic_fetch_or_explicit(&piece->bits[byte / 64], mask, memory_order_relaxed);
        if ((before & mask) == 0)
            continue;
        atomic_fetch_and_explicit(&piece->bits[byte / 64], ~(mask & ~before), memory_order_relaxed);
        clear_bits(piece, byte);
        return false;
    }
    return true;
}

static bool claim_whole(const struct piece *piece) {
    uint32_t none = 0;
    return atomic_compare_exchange_strong(&piece->page->claims, &none, WHOLE);
}

static bool claim_part(const struct piece *piece) {
    uint32_t claims = atomic_load_explicit(&piece->page->claims, memory_order_relaxed);
    do {
        if (claims == WHOLE)
            return false;
    } while (!atomic_compare_exchange_weak(&piece->page->claims, &claims, claims + 1));
    if (set_bits(piece))
        return true;
    atomic_fetch_sub(&piece->page->claims, 1);
    return false;
}

static bool is_whole(const struct piece *piece) {
    return piece->begin == 0 && piece->end == PAGE_BYTES;
}

static void release_piece(const struct piece *piece) {
    if (is_whole(piece)) {
        atomic_store(&piece->page->claims, 0);
        return;
    }
    clear_bits(piece, piece->end);
    atomic_fetch_sub(&piece->page->claims, 1);
}

static uintptr_t next_page(uintptr_t address) {
    return (address / PAGE_BYTES + 1) * PAGE_BYTES;
}

enum rh_shadow_result rh_shadow_claim(struct rh_shadow *shadow, uintptr_t start, size_t bytes) {
    if (start == 0 || start >= ADDRESS_LIMIT || bytes > ADDRESS_LIMIT - start)
        return RH_SHADOW_NO_ADDRESS;
    uintptr_t end = start + bytes;
    for (uintptr_t at = start; at < end; at = next_page(at)) {
        struct piece piece;
        enum rh_shadow_result result = RH_SHADOW_CLAIMED;
        if (!find_piece(shadow, at, end, &piece))
            result = RH_SHADOW_NO_MEMORY;
        else if (!(is_whole(&piece) ? claim_whole(&piece) : claim_part(&piece)))
            result = RH_SHADOW_TAKEN;
        if (result == RH_SHADOW_CLAIMED)
            continue;
        rh_shadow_release(shadow, start, at - start);
        return result;
    }
    return RH_SHADOW_CLAIMED;
}

void rh_shadow_release(struct rh_shadow *shadow, uintptr_t start, size_t bytes) {
    uintptr_t end = start + bytes;
    for (uintptr_t at = start; at < end; at = next_page(at)) {
        struct piece piece;
        bool is_there = find_piece(shadow, at, end, &piece);
        rh_require(is_there);
        release_piece(&piece);
    }
}

void rh_shadow_finish(struct rh_shadow *shadow) {
    for (size_t i = 0; i < sizeof(shadow->tables) / sizeof(shadow->tables[0]); i++) {
        struct rh_shadow_table *table = atomic_load(&shadow->tables[i]);
        if (table == NULL)
            continue;
        for (size_t j = 0; j < sizeof(table->regions) / sizeof(table->regions[0]); j++)
            if (atomic_load(&table->regions[j]) != NULL)
                munmap(atomic_load(&table->regions[j]), sizeof(struct rh_shadow_region));
        munmap(table, sizeof(*table));
        atomic_store(&shadow->tables[i], NULL);
    }
}
