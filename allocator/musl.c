/* musl.c - musl's malloc (mallocng): no library to preload, so it comes with a worker of its own,
 * which musl-gcc links statically (reheap-worker-musl). In every other program this allocator has a
 * name only. */
#include <pthread.h>

#include "allocator/builtins.h"
#include "allocator/library.h"
#include "allocator/options.h"
#include "allocator/reason.h"

static struct rh_library musl_malloc;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char failure[256];

static void resolve(void) {
#if defined(RH_STATIC)
    rh_library_resolve(&musl_malloc, &rh_library_plain_names, failure, sizeof(failure));
#else
    rh_reason(failure, sizeof(failure), "musl's malloc lives in reheap-worker-musl only");
#endif
}

static int musl_probe(char *ret_reason, size_t reason_bytes) {
    pthread_once(&once, resolve);
    return failure[0] == '\0' ? 0 : rh_reason(ret_reason, reason_bytes, "%s", failure);
}

static int musl_create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                       size_t reason_bytes) {
    if (rh_options_check(config, NULL, ret_reason, reason_bytes) != 0 ||
        musl_probe(ret_reason, reason_bytes) != 0)
        return -1;
    *ret_ctx = &musl_malloc;
    return 0;
}

static const struct rh_allocator_function *musl_functions(void) {
    pthread_once(&once, resolve);
    return musl_malloc.functions;
}

const struct rh_allocator_ops rh_allocator_musl = {
    .name = "musl",
    .summary = "groups of equal slots, metadata apart; the malloc of musl, Alpine's C library",
    .abi_version = RH_ALLOCATOR_ABI,
    .flags = RH_ALLOCATOR_STATIC_WORKER,
    .probe = musl_probe,
    .create = musl_create,
    .destroy = rh_library_destroy,
    .alloc = rh_library_alloc,
    .alloc_zeroed = rh_library_alloc_zeroed,
    .remap = rh_library_remap,
    .free = rh_library_free,
    .usable_size = rh_library_usable_size,
    .functions = musl_functions,
};
