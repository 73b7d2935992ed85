/* mallinfo.c - reads mallinfo2. */
#include "allocator/mallinfo.h"

void rh_mallinfo_stats(struct rh_mallinfo (*mallinfo2)(void),
                       struct rh_allocator_stats *ret_stats) {
    *ret_stats =
        (struct rh_allocator_stats){RH_UNKNOWN, RH_UNKNOWN, RH_UNKNOWN, RH_UNKNOWN, RH_UNKNOWN};
    if (mallinfo2 == NULL)
        return;
    struct rh_mallinfo info = mallinfo2();
    ret_stats->mapped_bytes = info.arena + info.hblkhd;
    ret_stats->live_bytes = info.uordblks + info.hblkhd;
    ret_stats->free_bytes = info.fordblks;
}
