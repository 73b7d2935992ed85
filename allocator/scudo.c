/* scudo.c - LLVM's hardened allocator, from the run-time library of clang: the malloc API, and
 * mallopt(M_PURGE). Reference: llvm.org/docs/ScudoHardenedAllocator.html. */
#include <pthread.h>

#include "allocator/builtins.h"
#include "allocator/library.h"
#include "allocator/mallinfo.h"
#include "allocator/options.h"
#include "allocator/reason.h"

enum { PURGE = -101 }; /* M_PURGE of scudo and of Android's malloc.h */

/* Begins with the plain API, so that the members over it take this for their context. */
static struct {
    struct rh_library library;
    int (*mallopt)(int, int);
    struct rh_mallinfo (*mallinfo2)(void);
    void (*print_stats)(void); /* never called: it tells scudo from others */
} scudo;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char failure[256];

static void resolve(void) {
    const struct rh_library_wish wishes[] = {
        {"__scudo_print_stats", &scudo.print_stats},
        {"mallopt", &scudo.mallopt},
        {"mallinfo2", &scudo.mallinfo2},
        {NULL, NULL},
    };
    rh_library_resolve_extended(&scudo.library, wishes, rh_allocator_scudo.libraries[0], failure,
                                sizeof(failure));
}

static int scudo_probe(char *ret_reason, size_t reason_bytes) {
    pthread_once(&once, resolve);
    return failure[0] == '\0' ? 0 : rh_reason(ret_reason, reason_bytes, "%s", failure);
}

static int scudo_create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                        size_t reason_bytes) {
    if (rh_options_check(config, NULL, ret_reason, reason_bytes) != 0 ||
        scudo_probe(ret_reason, reason_bytes) != 0)
        return -1;
    *ret_ctx = &scudo;
    return 0;
}

static const char *scudo_purge(void *ctx) {
    (void)ctx;
    return scudo.mallopt(PURGE, 0) == 1 ? "mallopt(M_PURGE)" : NULL;
}

/* scudo's reading: `hblkhd` is all that is mapped, `uordblks` all that is live. */
static void scudo_stats(void *ctx, struct rh_allocator_stats *ret_stats) {
    (void)ctx;
    struct rh_mallinfo info = scudo.mallinfo2();
    *ret_stats = (struct rh_allocator_stats){
        .mapped_bytes = info.hblkhd,
        .resident_bytes = RH_UNKNOWN,
        .live_bytes = info.uordblks,
        .free_bytes = info.fordblks,
        .metadata_bytes = RH_UNKNOWN,
    };
}

static const struct rh_allocator_function *scudo_functions(void) {
    pthread_once(&once, resolve);
    return scudo.library.functions;
}

const struct rh_allocator_ops rh_allocator_scudo = {
    .name = "scudo",
    .summary =
        "hardened: checksummed headers, random order, quarantine; LLVM's and Android's malloc",
    .abi_version = RH_ALLOCATOR_ABI,
    .flags = RH_ALLOCATOR_EXTENDED_API,
    .libraries =
        (const char *const[]){
            "/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.scudo_standalone-x86_64.so", NULL},
    .probe = scudo_probe,
    .create = scudo_create,
    .destroy = rh_library_destroy,
    .alloc = rh_library_alloc,
    .alloc_zeroed = rh_library_alloc_zeroed,
    .remap = rh_library_remap,
    .free = rh_library_free,
    .usable_size = rh_library_usable_size,
    .purge = scudo_purge,
    .stats = scudo_stats,
    .functions = scudo_functions,
};
