/* tcmalloc.c - gperftools' tcmalloc, through the calls that programs make: the malloc API and C++
 * sized delete. Reference: gperftools/tcmalloc.h, gperftools/malloc_extension_c.h. */
#include <pthread.h>

#include "allocator/builtins.h"
#include "allocator/library.h"
#include "allocator/options.h"
#include "allocator/reason.h"

/* Begins with the plain API, so that the members over it take this for their context. */
static struct {
    struct rh_library library;
    const char *(*version)(int *, int *, const char **);
    void (*delete_sized)(void *, size_t);
    void (*delete_sized_aligned)(void *, size_t, size_t);
    void (*release_free_memory)(void);
    int (*get_numeric_property)(const char *, size_t *);
} tcmalloc;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char failure[256];

static void resolve(void) {
    const struct rh_library_wish wishes[] = {
        {"tc_delete_sized", &tcmalloc.delete_sized},
        {"tc_delete_sized_aligned", &tcmalloc.delete_sized_aligned},
        {"MallocExtension_ReleaseFreeMemory", &tcmalloc.release_free_memory},
        {"MallocExtension_GetNumericProperty", &tcmalloc.get_numeric_property},
        {"tc_version", &tcmalloc.version},
        {NULL, NULL},
    };
    rh_library_resolve_extended(&tcmalloc.library, wishes, rh_allocator_tcmalloc.libraries[0],
                                failure, sizeof(failure));
}

static int tcmalloc_probe(char *ret_reason, size_t reason_bytes) {
    pthread_once(&once, resolve);
    return failure[0] == '\0' ? 0 : rh_reason(ret_reason, reason_bytes, "%s", failure);
}

static int tcmalloc_create(const struct rh_allocator_config *config, void **ret_ctx,
                           char *ret_reason, size_t reason_bytes) {
    if (rh_options_check(config, NULL, ret_reason, reason_bytes) != 0 ||
        tcmalloc_probe(ret_reason, reason_bytes) != 0)
        return -1;
    *ret_ctx = &tcmalloc;
    return 0;
}

static void tcmalloc_free_sized(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    if (rh_library_is_plain(len, align))
        tcmalloc.delete_sized(ptr, len);
    else
        tcmalloc.delete_sized_aligned(ptr, len, align);
}

static const char *tcmalloc_purge(void *ctx) {
    (void)ctx;
    tcmalloc.release_free_memory();
    return "MallocExtension_ReleaseFreeMemory";
}

static uint64_t property(const char *name) {
    size_t value = 0;
    return tcmalloc.get_numeric_property(name, &value) != 0 ? value : RH_UNKNOWN;
}

/* The heap still counts what was given back to the system; the free bytes do not. */
static void tcmalloc_stats(void *ctx, struct rh_allocator_stats *ret_stats) {
    (void)ctx;
    uint64_t heap = property("generic.heap_size");
    uint64_t unmapped = property("tcmalloc.pageheap_unmapped_bytes");
    uint64_t live = property("generic.current_allocated_bytes");
    bool is_known = heap != RH_UNKNOWN && unmapped != RH_UNKNOWN && live != RH_UNKNOWN;
    *ret_stats = (struct rh_allocator_stats){
        .mapped_bytes = is_known ? heap - unmapped : RH_UNKNOWN,
        .resident_bytes = RH_UNKNOWN,
        .live_bytes = live,
        .free_bytes = is_known ? heap - unmapped - live : RH_UNKNOWN,
        .metadata_bytes = RH_UNKNOWN,
    };
}

static const char *tcmalloc_version(void) {
    int major, minor;
    const char *patch;
    return tcmalloc.version(&major, &minor, &patch);
}

static const struct rh_allocator_function *tcmalloc_functions(void) {
    pthread_once(&once, resolve);
    return tcmalloc.library.functions;
}

const struct rh_allocator_ops rh_allocator_tcmalloc = {
    .name = "tcmalloc",
    .summary = "thread caches over central lists; gperftools' malloc",
    .abi_version = RH_ALLOCATOR_ABI,
    .flags = RH_ALLOCATOR_EXTENDED_API,
    .libraries = (const char *const[]){"libtcmalloc_minimal.so.4", "libtcmalloc.so.4", NULL},
    .probe = tcmalloc_probe,
    .create = tcmalloc_create,
    .destroy = rh_library_destroy,
    .alloc = rh_library_alloc,
    .alloc_zeroed = rh_library_alloc_zeroed,
    .remap = rh_library_remap,
    .free = rh_library_free,
    .free_sized = tcmalloc_free_sized,
    .usable_size = rh_library_usable_size,
    .purge = tcmalloc_purge,
    .stats = tcmalloc_stats,
    .version = tcmalloc_version,
    .functions = tcmalloc_functions,
};
