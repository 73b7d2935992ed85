/* malloc.c - the malloc API of this process: glibc, or whatever was preloaded ("preload:PATH").
 * What programs call; and where it is glibc's own, malloc_trim and mallinfo2. */
#include <pthread.h>
#include <string.h>

#include "allocator/builtins.h"
#include "allocator/library.h"
#include "allocator/mallinfo.h"
#include "allocator/options.h"
#include "allocator/reason.h"

/* Begins with the plain API, so that the members over it take this for their context. */
static struct {
    struct rh_library library;
    int (*malloc_trim)(size_t); /* NULL where malloc is not glibc's */
    struct rh_mallinfo (*mallinfo2)(void);
    const char *(*version)(void);
} process_malloc;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char failure[256];

/* Another library's functions of these names may mean less, so they count beside a malloc of
 * glibc's only; that object alone knows its version. */
static void resolve(void) {
    struct rh_library *library = &process_malloc.library;
    if (rh_library_resolve(library, &rh_library_plain_names, failure, sizeof(failure)) != 0 ||
        !rh_library_has(library, "gnu_get_libc_version"))
        return;
    const struct rh_library_wish wishes[] = {{"malloc_trim", &process_malloc.malloc_trim},
                                             {"mallinfo2", &process_malloc.mallinfo2},
                                             {"gnu_get_libc_version", &process_malloc.version},
                                             {NULL, NULL}};
    rh_library_take_wishes(library, wishes, "", NULL, 0);
}

static int malloc_probe(char *ret_reason, size_t reason_bytes) {
    pthread_once(&once, resolve);
    return failure[0] == '\0' ? 0 : rh_reason(ret_reason, reason_bytes, "%s", failure);
}

static int malloc_create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                         size_t reason_bytes) {
    if (rh_options_check(config, NULL, ret_reason, reason_bytes) != 0 ||
        malloc_probe(ret_reason, reason_bytes) != 0)
        return -1;
    *ret_ctx = &process_malloc;
    return 0;
}

static const char *malloc_purge(void *ctx) {
    (void)ctx;
    if (process_malloc.malloc_trim == NULL)
        return NULL;
    process_malloc.malloc_trim(0);
    return "malloc_trim";
}

static void malloc_stats(void *ctx, struct rh_allocator_stats *ret_stats) {
    (void)ctx;
    rh_mallinfo_stats(process_malloc.mallinfo2, ret_stats);
}

static const char *malloc_version(void) {
    return process_malloc.version != NULL ? process_malloc.version() : NULL;
}

static const struct rh_allocator_function *malloc_functions(void) {
    pthread_once(&once, resolve);
    return process_malloc.library.functions;
}

const struct rh_allocator_ops rh_allocator_glibc = {
    .name = "glibc",
    .summary = "the C library's own malloc, what a program gets by default",
    .abi_version = RH_ALLOCATOR_ABI,
    .probe = malloc_probe,
    .create = malloc_create,
    .destroy = rh_library_destroy,
    .alloc = rh_library_alloc,
    .alloc_zeroed = rh_library_alloc_zeroed,
    .remap = rh_library_remap,
    .free = rh_library_free,
    .usable_size = rh_library_usable_size,
    .purge = malloc_purge,
    .stats = malloc_stats,
    .version = malloc_version,
    .functions = malloc_functions,
};
