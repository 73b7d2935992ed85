/* mallinfo.h - the statistics that glibc and scudo give through mallinfo2. */
#ifndef REHEAP_MALLINFO_H
#define REHEAP_MALLINFO_H

#include "allocator/allocator.h"

/* struct mallinfo2 of glibc 2.33 and later; declared here because other C libraries lack it. */
struct rh_mallinfo {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

/* glibc's reading: `arena` counts the heaps, `hblkhd` the blocks with mappings of their own, which
 * `uordblks` (live) leaves out. All RH_UNKNOWN where `mallinfo2` is NULL. */
void rh_mallinfo_stats(struct rh_mallinfo (*mallinfo2)(void), struct rh_allocator_stats *ret_stats);

#endif
