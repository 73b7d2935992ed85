/* sbrk.c - the sbrk allocator as two allocators of the registry: `sbrk` and `sbrk-zig`. */
#include <string.h>
#include <sys/mman.h>

#include "allocator/builtins.h"
#include "allocator/options.h"
#include "allocator/reason.h"
#include "allocator/sbrk/heap.h"

struct context {
    struct rh_sbrk_heap heap;
    struct rh_sbrk_reserve reserve;
    struct rh_sbrk_break brk;
};

/* The range starts at a multiple of its size, up to this, so that growth does not depend on where
 * the system puts it. */
#define RESERVE_ALIGN_MOST_BYTES ((size_t)1 << 30)

/* As much as this; where the system refuses, half of it, and so on. */
#define RESERVE_MOST_BYTES  ((size_t)1 << 38)
#define RESERVE_LEAST_BYTES ((size_t)1 << 26)

static const struct rh_allocator_option sbrk_options[] = {
    {"source", "where memory comes from: reserve (a range of its own) or brk (the process's break)",
     "reserve"},
    {"reserve", "size of the reserved range (K, M, G, T as powers of 1024)",
     "256G, or what the system gives"},
    {NULL, NULL, NULL},
};

static size_t align_for(size_t bytes) {
    size_t align = (size_t)1 << (63 - __builtin_clzl(bytes));
    return align < RESERVE_ALIGN_MOST_BYTES ? align : RESERVE_ALIGN_MOST_BYTES;
}

static int init_reserve(struct context *context, const struct rh_allocator_config *config,
                        char *ret_reason, size_t reason_bytes) {
    uint64_t capacity_bytes = 0;
    if (rh_options_bytes(config, "reserve", &capacity_bytes, ret_reason, reason_bytes) != 0)
        return -1;
    size_t least = capacity_bytes > 0 ? capacity_bytes : RESERVE_LEAST_BYTES;
    size_t bytes = capacity_bytes > 0 ? capacity_bytes : RESERVE_MOST_BYTES;
    for (; bytes >= least; bytes /= 2)
        if (rh_sbrk_reserve_init(&context->reserve, bytes, align_for(bytes)) == 0)
            return 0;
    return rh_reason(ret_reason, reason_bytes,
                     "no %zu MiB of address space for the sbrk allocator: give it a lower "
                     "\"reserve\"",
                     least >> 20);
}

static int init_source(struct context *context, const struct rh_allocator_config *config,
                       struct rh_sbrk_source **ret_source, char *ret_reason, size_t reason_bytes) {
    const char *source = rh_options_value(config, "source");
    if (source == NULL || strcmp(source, "reserve") == 0) {
        *ret_source = &context->reserve.source;
        return init_reserve(context, config, ret_reason, reason_bytes);
    }
    if (strcmp(source, "brk") != 0)
        return rh_reason(ret_reason, reason_bytes,
                         "option \"source\" is \"%.64s\": give reserve or brk", source);
    rh_sbrk_break_init(&context->brk);
    *ret_source = &context->brk.source;
    return 0;
}

static int create(const struct rh_allocator_config *config, bool is_original, void **ret_ctx,
                  char *ret_reason, size_t reason_bytes) {
    if (rh_options_check(config, sbrk_options, ret_reason, reason_bytes) != 0)
        return -1;
    struct context *context =
        mmap(NULL, sizeof(*context), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (context == MAP_FAILED)
        return rh_reason(ret_reason, reason_bytes, "no memory for a context");
    struct rh_sbrk_source *source = NULL;
    if (init_source(context, config, &source, ret_reason, reason_bytes) != 0) {
        munmap(context, sizeof(*context));
        return -1;
    }
    rh_sbrk_heap_init(&context->heap, source, is_original);
    *ret_ctx = context;
    return 0;
}

static int sbrk_create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                       size_t reason_bytes) {
    return create(config, false, ret_ctx, ret_reason, reason_bytes);
}

static int zig_create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                      size_t reason_bytes) {
    return create(config, true, ret_ctx, ret_reason, reason_bytes);
}

static void sbrk_destroy(void *ctx) {
    struct context *context = ctx;
    if (context == NULL)
        return;
    rh_sbrk_heap_finish(&context->heap);
    rh_sbrk_reserve_finish(&context->reserve);
    munmap(context, sizeof(*context));
}

static void *sbrk_alloc(void *ctx, size_t len, size_t align) {
    return rh_sbrk_heap_alloc(&((struct context *)ctx)->heap, len, align);
}

static bool sbrk_resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    (void)ptr;
    return rh_sbrk_heap_resize(&((struct context *)ctx)->heap, len, align, new_len);
}

static void sbrk_free(void *ctx, void *ptr, size_t len, size_t align) {
    rh_sbrk_heap_free(&((struct context *)ctx)->heap, ptr, len, align);
}

/* D2: where the original would hand out an address that is not aligned as asked, which breaks the
 * contract, it is given back, and there is no block. */
static void *zig_alloc(void *ctx, size_t len, size_t align) {
    void *ptr = sbrk_alloc(ctx, len, align);
    if (__builtin_expect(((uintptr_t)ptr & (align - 1)) == 0, 1))
        return ptr;
    sbrk_free(ctx, ptr, len, align);
    return NULL;
}

static size_t sbrk_usable_size(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ptr;
    return rh_sbrk_heap_usable_size(&((struct context *)ctx)->heap, len, align);
}

static void sbrk_stats(void *ctx, struct rh_allocator_stats *ret_stats) {
    struct rh_sbrk_stats stats;
    rh_sbrk_heap_stats(&((struct context *)ctx)->heap, &stats);
    uint64_t free_bytes = stats.free_bytes + stats.uncarved_bytes;
    *ret_stats = (struct rh_allocator_stats){
        .mapped_bytes = stats.growth_bytes,
        .resident_bytes = RH_UNKNOWN,
        .live_bytes = stats.usable_bytes,
        .free_bytes = free_bytes,
        .metadata_bytes = stats.growth_bytes - stats.usable_bytes - free_bytes,
    };
}

static int sbrk_check(void *ctx, char *ret_reason, size_t reason_bytes) {
    return rh_sbrk_heap_check(&((struct context *)ctx)->heap, ret_reason, reason_bytes);
}

const struct rh_allocator_ops rh_allocator_sbrk = {
    .name = "sbrk",
    .summary = "power-of-two slots over sbrk, after Zig's SbrkAllocator, without its faults",
    .abi_version = RH_ALLOCATOR_ABI,
    .options = sbrk_options,
    .create = sbrk_create,
    .destroy = sbrk_destroy,
    .alloc = sbrk_alloc,
    .resize = sbrk_resize,
    .free = sbrk_free,
    .usable_size = sbrk_usable_size,
    .stats = sbrk_stats,
    .check = sbrk_check,
};

const struct rh_allocator_ops rh_allocator_sbrk_zig = {
    .name = "sbrk-zig",
    .summary = "Zig's SbrkAllocator as it is, its addresses bit for bit",
    .abi_version = RH_ALLOCATOR_ABI,
    .options = sbrk_options,
    .create = zig_create,
    .destroy = sbrk_destroy,
    .alloc = zig_alloc,
    .resize = sbrk_resize,
    .free = sbrk_free,
    .usable_size = sbrk_usable_size,
    .stats = sbrk_stats,
    .check = sbrk_check,
};
