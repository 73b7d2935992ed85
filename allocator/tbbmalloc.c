/* tbbmalloc.c - oneTBB's scalable allocator, through its own API: what programs call that link it.
 * Its libtbbmalloc has no malloc; programs that preload libtbbmalloc_proxy go through that, which
 * "preload:libtbbmalloc_proxy.so.2" measures. Reference: oneapi/tbb/scalable_allocator.h. */
#include <pthread.h>

#include "allocator/builtins.h"
#include "allocator/library.h"
#include "allocator/options.h"
#include "allocator/reason.h"

enum { CLEAN_ALL_BUFFERS = 0 }; /* TBBMALLOC_CLEAN_ALL_BUFFERS */

/* Begins with the plain API, so that the members over it take this for their context. */
static struct {
    struct rh_library library;
    void *(*aligned_realloc)(void *, size_t, size_t);
    int (*allocation_command)(int, void *);
} tbbmalloc;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char failure[256];

static void resolve(void) {
    static const struct rh_library_names names = {
        .malloc = "scalable_malloc",
        .calloc = "scalable_calloc",
        .realloc = "scalable_realloc",
        .free = "scalable_free",
        .posix_memalign = "scalable_posix_memalign",
        .malloc_usable_size = "scalable_msize",
    };
    const struct rh_library_wish wishes[] = {
        {"scalable_aligned_realloc", &tbbmalloc.aligned_realloc},
        {"scalable_allocation_command", &tbbmalloc.allocation_command},
        {NULL, NULL},
    };
    if (rh_library_resolve(&tbbmalloc.library, &names, failure, sizeof(failure)) == 0)
        rh_library_take_wishes(&tbbmalloc.library, wishes, rh_allocator_tbbmalloc.libraries[0],
                               failure, sizeof(failure));
}

static int tbbmalloc_probe(char *ret_reason, size_t reason_bytes) {
    pthread_once(&once, resolve);
    return failure[0] == '\0' ? 0 : rh_reason(ret_reason, reason_bytes, "%s", failure);
}

static int tbbmalloc_create(const struct rh_allocator_config *config, void **ret_ctx,
                            char *ret_reason, size_t reason_bytes) {
    if (rh_options_check(config, NULL, ret_reason, reason_bytes) != 0 ||
        tbbmalloc_probe(ret_reason, reason_bytes) != 0)
        return -1;
    *ret_ctx = &tbbmalloc;
    return 0;
}

static void *tbbmalloc_remap(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    if (rh_library_is_plain(new_len, align))
        return rh_library_remap(ctx, ptr, len, align, new_len);
    return tbbmalloc.aligned_realloc(ptr, new_len > 0 ? new_len : 1, align);
}

static const char *tbbmalloc_purge(void *ctx) {
    (void)ctx;
    tbbmalloc.allocation_command(CLEAN_ALL_BUFFERS, NULL);
    return "scalable_allocation_command(TBBMALLOC_CLEAN_ALL_BUFFERS)";
}

static const struct rh_allocator_function *tbbmalloc_functions(void) {
    pthread_once(&once, resolve);
    return tbbmalloc.library.functions;
}

const struct rh_allocator_ops rh_allocator_tbbmalloc = {
    .name = "tbbmalloc",
    .summary = "per-thread slabs over a shared backend; oneTBB's scalable allocator",
    .abi_version = RH_ALLOCATOR_ABI,
    .flags = RH_ALLOCATOR_EXTENDED_API,
    .libraries = (const char *const[]){"libtbbmalloc.so.2", NULL},
    .probe = tbbmalloc_probe,
    .create = tbbmalloc_create,
    .destroy = rh_library_destroy,
    .alloc = rh_library_alloc,
    .alloc_zeroed = rh_library_alloc_zeroed,
    .remap = tbbmalloc_remap,
    .free = rh_library_free,
    .usable_size = rh_library_usable_size,
    .purge = tbbmalloc_purge,
    .functions = tbbmalloc_functions,
};
