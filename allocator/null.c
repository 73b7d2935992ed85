/* null.c - costs nothing: what a replay on it takes is the price of the harness itself.
 *
 * Hands out addresses of a reserved range that has no memory behind it, so a block must not be
 * touched. Each thread walks through a window of its own: no cache line is written by two threads.
 * The range is used again from its start when it has been walked through. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "allocator/builtins.h"
#include "allocator/options.h"
#include "allocator/reason.h"
#include "allocator/thread_local.h"

enum { GRAIN_BYTES = 16 };

#define RANGE_BYTES  ((size_t)1 << 38)
#define WINDOW_BYTES ((size_t)1 << 30)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uintptr_t range;
static atomic_size_t windows_taken;

static RH_THREAD_LOCAL struct { uintptr_t next, end; } window;

static void reserve_range(void) {
    void *mapping =
        mmap(NULL, RANGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    range = mapping != MAP_FAILED ? (uintptr_t)mapping : 0;
}

static int null_create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                       size_t reason_bytes) {
    if (rh_options_check(config, NULL, ret_reason, reason_bytes) != 0)
        return -1;
    pthread_once(&once, reserve_range);
    if (range == 0)
        return rh_reason(ret_reason, reason_bytes,
                         "no %zu GiB of address space for the null allocator: raise \"ulimit -v\"",
                         RANGE_BYTES >> 30);
    *ret_ctx = &window;
    return 0;
}

static void null_destroy(void *ctx) {
    (void)ctx;
}

/* Rare: the window is used up, or the block is larger than any; such blocks all lie at the start of
 * the range. */
__attribute__((noinline)) static void *alloc_in_next_window(size_t len, size_t align) {
    if (align > RANGE_BYTES / 4 || len > RANGE_BYTES / 4)
        return NULL;
    if (len + align > WINDOW_BYTES / 2)
        return (void *)((range + align - 1) & ~(align - 1));
    size_t index = atomic_fetch_add_explicit(&windows_taken, 1, memory_order_relaxed);
    uintptr_t begin = range + index % (RANGE_BYTES / WINDOW_BYTES) * WINDOW_BYTES;
    uintptr_t start = (begin + align - 1) & ~(align - 1);
    window.next = start + ((len + GRAIN_BYTES) & ~(size_t)(GRAIN_BYTES - 1));
    window.end = begin + WINDOW_BYTES;
    return (void *)start;
}

static void *null_alloc(void *ctx, size_t len, size_t align) {
    (void)ctx;
    /* The window moves by whole grains, so a start is aligned as malloc's own blocks are. */
    uintptr_t start = window.next;
    if (__builtin_expect(align > GRAIN_BYTES, 0))
        start = (start + align - 1) & ~(align - 1);
    /* Signed, because a large alignment may put the start behind the end. */
    if (__builtin_expect((intptr_t)(window.end - start) <= (intptr_t)len || (intptr_t)len < 0, 0))
        return alloc_in_next_window(len, align);
    window.next = start + ((len + GRAIN_BYTES) & ~(size_t)(GRAIN_BYTES - 1));
    return (void *)start;
}

static bool null_resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    (void)ptr;
    (void)align;
    return new_len <= len;
}

/* A move costs nothing either: there is no content. */
static void *null_remap(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    return new_len <= len ? ptr : null_alloc(ctx, new_len, align);
}

static void null_free(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    (void)ptr;
    (void)len;
    (void)align;
}

static size_t null_usable_size(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    (void)ptr;
    (void)align;
    return len;
}

const struct rh_allocator_ops rh_allocator_null = {
    .name = "null",
    .summary = "costs nothing: the price of the harness itself",
    .abi_version = RH_ALLOCATOR_ABI,
    .flags = RH_ALLOCATOR_FLOOR | RH_ALLOCATOR_UNTOUCHABLE | RH_ALLOCATOR_NEVER_REUSES,
    .create = null_create,
    .destroy = null_destroy,
    .alloc = null_alloc,
    .alloc_zeroed = null_alloc,
    .resize = null_resize,
    .remap = null_remap,
    .free = null_free,
    .usable_size = null_usable_size,
};
