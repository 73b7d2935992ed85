/* shadow.h - which bytes of the address space belong to a live block. A claim that meets another is
 * an overlap. No locks: a claim is made of atomic operations on the pages that it covers. */
#ifndef REHEAP_CHECKED_SHADOW_H
#define REHEAP_CHECKED_SHADOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RH_SHADOW_PAGE_SHIFT = 12,
    RH_SHADOW_REGION_SHIFT = 21, /* pages whose tables are made together */
    RH_SHADOW_TOP_SHIFT = 34,    /* regions that hang on one entry of the top */
    RH_SHADOW_ADDRESS_SHIFT = 47,
    RH_SHADOW_REGION_PAGES = 1 << (RH_SHADOW_REGION_SHIFT - RH_SHADOW_PAGE_SHIFT),
    RH_SHADOW_PAGE_WORDS = 1 << (RH_SHADOW_PAGE_SHIFT - 6), /* a bit a byte, 64 a word */
};

struct rh_shadow_page {
    _Atomic uint32_t claims; /* of parts of the page, or RH_SHADOW_WHOLE */
};

struct rh_shadow_region {
    struct rh_shadow_page pages[RH_SHADOW_REGION_PAGES];
    _Atomic uint64_t bits[RH_SHADOW_REGION_PAGES][RH_SHADOW_PAGE_WORDS];
};

struct rh_shadow_table {
    _Atomic(struct rh_shadow_region *) regions[1 << (RH_SHADOW_TOP_SHIFT - RH_SHADOW_REGION_SHIFT)];
};

/* Zero is empty. All memory comes from mmap and goes with rh_shadow_finish. */
struct rh_shadow {
    _Atomic(struct rh_shadow_table *) tables[1 << (RH_SHADOW_ADDRESS_SHIFT - RH_SHADOW_TOP_SHIFT)];
};

enum rh_shadow_result {
    RH_SHADOW_CLAIMED,
    RH_SHADOW_TAKEN,      /* a byte belongs to another block; nothing was claimed */
    RH_SHADOW_NO_MEMORY,  /* nothing was claimed */
    RH_SHADOW_NO_ADDRESS, /* no memory of a process lies there */
};

enum rh_shadow_result rh_shadow_claim(struct rh_shadow *shadow, uintptr_t start, size_t bytes);
/* Exactly what was claimed. */
void rh_shadow_release(struct rh_shadow *shadow, uintptr_t start, size_t bytes);
void rh_shadow_finish(struct rh_shadow *shadow);

#endif
