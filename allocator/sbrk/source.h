/* source.h - where the sbrk allocator gets its memory: the one primitive sbrk(n), and who plays it.
 *
 * A source owes its user fresh, zeroed, page-aligned memory; what sbrk(2) makes difficult about
 * that ((void *)-1, an unaligned break, others who move it) ends here. Calls on one source are
 * ordered by the caller, who holds the allocator's lock. */
#ifndef REHEAP_SBRK_SOURCE_H
#define REHEAP_SBRK_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct rh_sbrk_source {
    /* The start of `bytes` fresh bytes (a multiple of page_bytes) at a multiple of page_bytes; 0:
     * there are no more, and nothing has changed. */
    uintptr_t (*sbrk)(struct rh_sbrk_source *source, size_t bytes);
    /* Where the next call will begin, if nobody else moves the break. */
    uintptr_t (*position)(struct rh_sbrk_source *source);
    size_t page_bytes; /* a power of two */
};

/* A reserved range of address space: a break that belongs to nobody else. */
struct rh_sbrk_reserve {
    struct rh_sbrk_source source;
    void *mapping;
    size_t mapping_bytes;
    uintptr_t begin, next, end;
};

/* Reserves `capacity_bytes` (rounded up to pages) that start at a multiple of `align_bytes` (a
 * power of two): growth then does not depend on where the system put the range. 0, or -1. */
int rh_sbrk_reserve_init(struct rh_sbrk_reserve *reserve, size_t capacity_bytes,
                         size_t align_bytes);
void rh_sbrk_reserve_finish(struct rh_sbrk_reserve *reserve);

/* The break of the process, which others may move too. What it gave stays for ever. */
struct rh_sbrk_break {
    struct rh_sbrk_source source;
};

void rh_sbrk_break_init(struct rh_sbrk_break *brk);

/* For tests: hands on to another source, counts, and fails where it is told to. */
struct rh_sbrk_failing {
    struct rh_sbrk_source source;
    struct rh_sbrk_source *inner;
    uint64_t calls;       /* all of them */
    uint64_t grown_bytes; /* by the calls that succeeded */
    uint64_t fail_at;     /* the call that fails, 1 = the next after this was set; 0: none */
};

void rh_sbrk_failing_init(struct rh_sbrk_failing *failing, struct rh_sbrk_source *inner);

#endif
