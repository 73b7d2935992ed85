/* mimalloc.c - mimalloc, through the calls that programs make: the malloc API, sized free by
 * mi_free_size, and growth in place by mi_expand. Reference: mimalloc.h. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "allocator/builtins.h"
#include "allocator/library.h"
#include "allocator/options.h"
#include "allocator/reason.h"

/* Begins with the plain API, so that the members over it take this for their context. */
static struct {
    struct rh_library library;
    int (*version)(void);
    void *(*expand)(void *, size_t);
    void (*free_size)(void *, size_t);
    void (*free_size_aligned)(void *, size_t, size_t);
    void (*collect)(bool);
    void (*process_info)(size_t *elapsed_ms, size_t *user_ms, size_t *system_ms,
                         size_t *current_rss, size_t *peak_rss, size_t *current_commit,
                         size_t *peak_commit, size_t *page_faults);
} mimalloc;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char failure[256];

static void resolve(void) {
    const struct rh_library_wish wishes[] = {
        {"mi_expand", &mimalloc.expand},
        {"mi_free_size", &mimalloc.free_size},
        {"mi_free_size_aligned", &mimalloc.free_size_aligned},
        {"mi_collect", &mimalloc.collect},
        {"mi_process_info", &mimalloc.process_info},
        {"mi_version", &mimalloc.version},
        {NULL, NULL},
    };
    rh_library_resolve_extended(&mimalloc.library, wishes, rh_allocator_mimalloc.libraries[0],
                                failure, sizeof(failure));
}

static int mimalloc_probe(char *ret_reason, size_t reason_bytes) {
    pthread_once(&once, resolve);
    return failure[0] == '\0' ? 0 : rh_reason(ret_reason, reason_bytes, "%s", failure);
}

static int mimalloc_create(const struct rh_allocator_config *config, void **ret_ctx,
                           char *ret_reason, size_t reason_bytes) {
    if (rh_options_check(config, NULL, ret_reason, reason_bytes) != 0 ||
        mimalloc_probe(ret_reason, reason_bytes) != 0)
        return -1;
    *ret_ctx = &mimalloc;
    return 0;
}

/* 2.0.9 forgets the alignments 256, 512 and 1024 where the length is one of these powers of two too
 * (github.com/microsoft/mimalloc/issues/700): such a block is given back, and asked for again one
 * byte longer, which takes another way. */
static void *mimalloc_alloc(void *ctx, size_t len, size_t align) {
    void *ptr = rh_library_alloc(ctx, len, align);
    if (__builtin_expect(((uintptr_t)ptr & (align - 1)) == 0, 1))
        return ptr;
    rh_library_free(ctx, ptr, len, align);
    return rh_library_alloc(ctx, len + 1, align);
}

static void *mimalloc_alloc_zeroed(void *ctx, size_t len, size_t align) {
    if (rh_library_is_plain(len, align))
        return rh_library_alloc_zeroed(ctx, len, align);
    void *ptr = mimalloc_alloc(ctx, len, align);
    return ptr != NULL ? memset(ptr, 0, len) : NULL;
}

static bool mimalloc_resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    (void)len;
    (void)align;
    return mimalloc.expand(ptr, new_len) != NULL;
}

static void mimalloc_free_sized(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    if (rh_library_is_plain(len, align))
        mimalloc.free_size(ptr, len);
    else
        mimalloc.free_size_aligned(ptr, len, align);
}

static const char *mimalloc_purge(void *ctx) {
    (void)ctx;
    mimalloc.collect(true);
    return "mi_collect(true)";
}

/* mimalloc counts live bytes in debug builds only. */
static void mimalloc_stats(void *ctx, struct rh_allocator_stats *ret_stats) {
    (void)ctx;
    size_t unused, committed_bytes = 0;
    mimalloc.process_info(&unused, &unused, &unused, &unused, &unused, &committed_bytes, &unused,
                          &unused);
    *ret_stats = (struct rh_allocator_stats){
        .mapped_bytes = committed_bytes,
        .resident_bytes = RH_UNKNOWN,
        .live_bytes = RH_UNKNOWN,
        .free_bytes = RH_UNKNOWN,
        .metadata_bytes = RH_UNKNOWN,
    };
}

/* 209 is 2.0.9. */
static const char *mimalloc_version(void) {
    static char text[32];
    int number = mimalloc.version();
    snprintf(text, sizeof(text), "%d.%d.%d", number / 100, number / 10 % 10, number % 10);
    return text;
}

static const struct rh_allocator_function *mimalloc_functions(void) {
    pthread_once(&once, resolve);
    return mimalloc.library.functions;
}

const struct rh_allocator_ops rh_allocator_mimalloc = {
    .name = "mimalloc",
    .summary = "a free list for each page, one heap a thread; Microsoft's malloc",
    .abi_version = RH_ALLOCATOR_ABI,
    .flags = RH_ALLOCATOR_EXTENDED_API,
    .libraries = (const char *const[]){"libmimalloc.so.2", NULL},
    .probe = mimalloc_probe,
    .create = mimalloc_create,
    .destroy = rh_library_destroy,
    .alloc = mimalloc_alloc,
    .alloc_zeroed = mimalloc_alloc_zeroed,
    .resize = mimalloc_resize,
    .remap = rh_library_remap,
    .free = rh_library_free,
    .free_sized = mimalloc_free_sized,
    .usable_size = rh_library_usable_size,
    .purge = mimalloc_purge,
    .stats = mimalloc_stats,
    .version = mimalloc_version,
    .functions = mimalloc_functions,
};
