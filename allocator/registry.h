/* registry.h - from the name of an allocator to its operations.
 *
 * Names: a built-in ("glibc", "jemalloc", "sbrk" ...), "preload:PATH" (any malloc library, through
 * the plain malloc API) or "plugin:PATH" (a shared object with a `reheap_allocator`). */
#ifndef REHEAP_REGISTRY_H
#define REHEAP_REGISTRY_H

#include "allocator/allocator.h"

/* The built-in allocators, NULL-terminated, in the order in which lists show them. */
const struct rh_allocator_ops *const *rh_registry_builtins(void);

/* "checked" is found too, but is not in the list: it wraps another allocator (config->inner, with
 * config->inner_config for its create). How a violation is read: the wrapper keeps the first one as
 * a sentence, and `check` gives it (-1). From that call on the wrapper gives NULL and false and
 * releases nothing, so a caller that meets NULL asks `check` whether this is want of memory or a
 * violation; and asks once more at the end, when all threads are done, because `check` then also
 * looks at the blocks that are still live. */

/* The operations of `name`, complete (no NULL optional member); NULL with the reason where there is
 * none, or where a plugin cannot be used. "preload:PATH" gives the operations of `glibc`: the
 * library itself is put into the process by LD_PRELOAD before it starts. The result lives as long
 * as the process. */
const struct rh_allocator_ops *rh_registry_find(const char *name, char *ret_reason,
                                                size_t reason_bytes);

/* The library that must be preloaded for `name`: writes an absolute path, or "" where none is
 * needed. 0, or -1 with the reason (not installed: says which package or file is missing). Does not
 * load it. */
int rh_registry_locate(const char *name, char *ret_path, size_t path_bytes, char *ret_reason,
                       size_t reason_bytes);

/* Proves that every function of `ops` lies in one shared object, and that it is `library` (absolute
 * path; "": libc). 0 and the object's real path, or -1 with the sentence that names function and
 * owner. Where the allocator's code is its own, the object is the one that holds it: this program,
 * or the plugin, whose functions may lie in any one object. */
int rh_registry_verify(const struct rh_allocator_ops *ops, const char *library, char *ret_object,
                       size_t object_bytes, char *ret_reason, size_t reason_bytes);

/* X(NAME, value, text) - what an allocator can do beyond alloc and free. */
#define RH_CAPABILITY_MAP(X)                                                                       \
    X(RESIZE, 1, "resize")              /* grows a block in place where it can */                  \
    X(SIZED_FREE, 2, "sized free")      /* has a way of its own for it */                          \
    X(USABLE_SIZE, 4, "usable size")    /* tells it */                                             \
    X(PURGE, 8, "purge")                /* gives memory back when it is asked */                   \
    X(STATISTICS, 16, "statistics")     /* knows at least one figure */                            \
    X(THREAD_HOOKS, 32, "thread hooks") /* wants to hear of threads */

enum rh_capability {
#define X(name, value, text) RH_CAPABILITY_##name = (value),
    RH_CAPABILITY_MAP(X)
#undef X
};

/* A set of enum rh_capability, tried out with a few calls on `ctx`: a member that is there may
 * still say no. `ops` are complete. */
uint32_t rh_registry_capabilities(const struct rh_allocator_ops *ops, void *ctx);

#endif
