/* jemalloc.c - jemalloc, through the calls that programs make: the malloc API, sized free by
 * sdallocx, and growth in place by xallocx. Manual: jemalloc(3). */
#include <pthread.h>

#include "allocator/builtins.h"
#include "allocator/library.h"
#include "allocator/options.h"
#include "allocator/reason.h"

/* MALLOCX_LG_ALIGN(la), and the index that stands for all arenas in "arena.<i>.purge". */
#define LG_ALIGN_FLAG(align) ((int)__builtin_ctzl(align))
#define PURGE_ALL            "arena.4096.purge"

/* Begins with the plain API, so that the members over it take this for their context. */
static struct {
    struct rh_library library;
    size_t (*xallocx)(void *, size_t, size_t, int);
    void (*sdallocx)(void *, size_t, int);
    int (*mallctl)(const char *, void *, size_t *, void *, size_t);
} jemalloc;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char failure[256];

static void resolve(void) {
    const struct rh_library_wish wishes[] = {
        {"xallocx", &jemalloc.xallocx},
        {"sdallocx", &jemalloc.sdallocx},
        {"mallctl", &jemalloc.mallctl},
        {NULL, NULL},
    };
    rh_library_resolve_extended(&jemalloc.library, wishes, rh_allocator_jemalloc.libraries[0],
                                failure, sizeof(failure));
}

static int jemalloc_probe(char *ret_reason, size_t reason_bytes) {
    pthread_once(&once, resolve);
    return failure[0] == '\0' ? 0 : rh_reason(ret_reason, reason_bytes, "%s", failure);
}

static int jemalloc_create(const struct rh_allocator_config *config, void **ret_ctx,
                           char *ret_reason, size_t reason_bytes) {
    if (rh_options_check(config, NULL, ret_reason, reason_bytes) != 0 ||
        jemalloc_probe(ret_reason, reason_bytes) != 0)
        return -1;
    *ret_ctx = &jemalloc;
    return 0;
}

static int flags_for(size_t len, size_t align) {
    return rh_library_is_plain(len, align) ? 0 : LG_ALIGN_FLAG(align);
}

static bool jemalloc_resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    return jemalloc.xallocx(ptr, new_len, 0, flags_for(len, align)) >= new_len;
}

static void jemalloc_free_sized(void *ctx, void *ptr, size_t len, size_t align) {
    if (len == 0)
        rh_library_free(ctx, ptr, len, align);
    else
        jemalloc.sdallocx(ptr, len, flags_for(len, align));
}

/* What the calling thread holds in its cache first, then every arena's dirty pages. */
static const char *jemalloc_purge(void *ctx) {
    (void)ctx;
    jemalloc.mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
    return jemalloc.mallctl(PURGE_ALL, NULL, NULL, NULL, 0) == 0 ? "mallctl(\"" PURGE_ALL "\")"
                                                                 : NULL;
}

static uint64_t statistic(const char *name) {
    size_t value = 0, bytes = sizeof(value);
    return jemalloc.mallctl(name, &value, &bytes, NULL, 0) == 0 ? value : RH_UNKNOWN;
}

static void jemalloc_stats(void *ctx, struct rh_allocator_stats *ret_stats) {
    (void)ctx;
    /* Writing the epoch refreshes the figures. */
    uint64_t epoch = 1;
    jemalloc.mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
    uint64_t live = statistic("stats.allocated"), active = statistic("stats.active");
    *ret_stats = (struct rh_allocator_stats){
        .mapped_bytes = statistic("stats.mapped"),
        .resident_bytes = statistic("stats.resident"),
        .live_bytes = live,
        .free_bytes = live != RH_UNKNOWN && active != RH_UNKNOWN ? active - live : RH_UNKNOWN,
        .metadata_bytes = statistic("stats.metadata"),
    };
}

static const char *jemalloc_version(void) {
    const char *version = NULL;
    size_t bytes = sizeof(version);
    return jemalloc.mallctl("version", &version, &bytes, NULL, 0) == 0 ? version : NULL;
}

static const struct rh_allocator_function *jemalloc_functions(void) {
    pthread_once(&once, resolve);
    return jemalloc.library.functions;
}

const struct rh_allocator_ops rh_allocator_jemalloc = {
    .name = "jemalloc",
    .summary = "arenas with decay; FreeBSD's and Facebook's malloc",
    .abi_version = RH_ALLOCATOR_ABI,
    .flags = RH_ALLOCATOR_EXTENDED_API,
    .libraries = (const char *const[]){"libjemalloc.so.2", NULL},
    .probe = jemalloc_probe,
    .create = jemalloc_create,
    .destroy = rh_library_destroy,
    .alloc = rh_library_alloc,
    .alloc_zeroed = rh_library_alloc_zeroed,
    .resize = jemalloc_resize,
    .remap = rh_library_remap,
    .free = rh_library_free,
    .free_sized = jemalloc_free_sized,
    .usable_size = rh_library_usable_size,
    .purge = jemalloc_purge,
    .stats = jemalloc_stats,
    .version = jemalloc_version,
    .functions = jemalloc_functions,
};
