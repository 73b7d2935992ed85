/* capabilities.c - tries out what an allocator can do: a member that is there may still say no. */
#include "allocator/complete.h"
#include "allocator/registry.h"

/* One byte more is the least that can be asked for. */
static uint32_t try_block(const struct rh_allocator_ops *ops, void *ctx) {
    size_t len = 100;
    uint32_t found = 0;
    void *ptr = ops->alloc(ctx, len, 1);
    if (ptr == NULL)
        return 0;
    if (ops->usable_size(ctx, ptr, len, 1) != 0)
        found |= RH_CAPABILITY_USABLE_SIZE;
    if (ops->resize(ctx, ptr, len, 1, len + 1)) {
        found |= RH_CAPABILITY_RESIZE;
        len++;
    }
    ops->free(ctx, ptr, len, 1);
    return found;
}

static bool knows_a_figure(const struct rh_allocator_ops *ops, void *ctx) {
    struct rh_allocator_stats stats;
    ops->stats(ctx, &stats);
    return stats.mapped_bytes != RH_UNKNOWN || stats.resident_bytes != RH_UNKNOWN ||
           stats.live_bytes != RH_UNKNOWN || stats.free_bytes != RH_UNKNOWN ||
           stats.metadata_bytes != RH_UNKNOWN;
}

uint32_t rh_registry_capabilities(const struct rh_allocator_ops *ops, void *ctx) {
    uint32_t found = try_block(ops, ctx);
    if (ops->free_sized != ops->free)
        found |= RH_CAPABILITY_SIZED_FREE;
    if (ops->purge(ctx) != NULL)
        found |= RH_CAPABILITY_PURGE;
    if (knows_a_figure(ops, ctx))
        found |= RH_CAPABILITY_STATISTICS;
    if (rh_complete_has_thread_hooks(ops))
        found |= RH_CAPABILITY_THREAD_HOOKS;
    return found;
}
