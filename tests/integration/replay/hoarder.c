/* hoarder.c - a plugin whose resident pages are known: each block of up to half a page lies alone
 * on a page of its own, half of which it may use; and with its first block it takes EMPTY pages
 * that it never hands out, and LAZY_FREE pages that it gives up with MADV_FREE. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "allocator/allocator.h"
#include "tests/integration/replay/hoarder.h"

static char *next;

static int create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                  size_t reason_bytes) {
    (void)config;
    next = mmap(NULL, HOARDER_PAGES * 4096, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (next == MAP_FAILED) {
        snprintf(ret_reason, reason_bytes, "no memory");
        return -1;
    }
    madvise(next, HOARDER_PAGES * 4096, MADV_NOHUGEPAGE);
    *ret_ctx = next;
    return 0;
}

static void destroy(void *ctx) {
    if (ctx != NULL)
        munmap(ctx, HOARDER_PAGES * 4096);
}

static char *take(size_t pages) {
    char *taken = next;
    next += pages * 4096;
    memset(taken, 1, pages * 4096);
    return taken;
}

static void *alloc(void *ctx, size_t len, size_t align) {
    if (len > 2048 || align > 4096)
        return NULL;
    if (next == ctx) {
        take(HOARDER_EMPTY);
        madvise(take(HOARDER_LAZY_FREE), HOARDER_LAZY_FREE * 4096, MADV_FREE);
    }
    return next - (char *)ctx < (HOARDER_PAGES - 1) * 4096 ? take(1) : NULL;
}

static void give(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx, (void)len, (void)align;
    madvise(ptr, 4096, MADV_DONTNEED);
}

static size_t usable_size(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx, (void)ptr, (void)len, (void)align;
    return 2048;
}

const struct rh_allocator_ops reheap_allocator = {
    .name = "hoarder",
    .summary = "known numbers of empty, half-full and lazily freed pages",
    .abi_version = RH_ALLOCATOR_ABI,
    .create = create,
    .destroy = destroy,
    .alloc = alloc,
    .free = give,
    .usable_size = usable_size,
};
