/* allocator.h - the contract between Reheap and a memory allocator.
 *
 * This is the only header that the harness and outside plugins see (installed as
 * reheap/allocator.h). An allocator is one const `struct rh_allocator_ops` with designated
 * initialisers. The four calls `alloc resize remap free` are those of Zig's
 * std.mem.Allocator.VTable.
 *
 * Who guarantees what
 *
 *   caller     `align` is a power of two, at least 1, and at most PTRDIFF_MAX. `ptr`, `len` and
 *              `align` given to resize, remap, free and usable_size are those of the last
 *              successful call for that block; each block is freed at most once. A block may be
 *              freed or changed by another thread than the one that allocated it, and the caller
 *              orders such calls. `len` may be 0 in alloc and alloc_zeroed, and `new_len` in remap.
 *
 *   allocator  Blocks do not overlap any live block, are aligned to `align` and hold `len` bytes.
 *              Failure is NULL or false, changes nothing, and the allocator stays usable after it;
 *              any length may fail, lengths above PTRDIFF_MAX must. Calls may come from any thread
 *              between thread_init and thread_fini of that thread, several at a time. */
#ifndef REHEAP_ALLOCATOR_H
#define REHEAP_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raised whenever the layout or the meaning of a member changes; checked when an allocator is
 * registered. */
#define RH_ALLOCATOR_ABI 1

/* A figure that the allocator cannot give. Never 0, which is a measurement. */
#define RH_UNKNOWN UINT64_MAX

enum rh_allocator_flag {
    RH_ALLOCATOR_FLOOR = 1 << 0, /* a pseudo-allocator: a price of the harness, never ranked */
    RH_ALLOCATOR_UNTOUCHABLE = 1 << 1,   /* the memory must not be read or written (null) */
    RH_ALLOCATOR_NEVER_REUSES = 1 << 2,  /* free does nothing (null, bump) */
    RH_ALLOCATOR_EXTENDED_API = 1 << 3,  /* calls more than the plain malloc API of its library */
    RH_ALLOCATOR_WRAPPER = 1 << 4,       /* needs config->inner (checked) */
    RH_ALLOCATOR_STATIC_WORKER = 1 << 5, /* is linked into a worker of its own (musl) */
};

/* Bytes; RH_UNKNOWN where the allocator does not keep the figure. */
struct rh_allocator_stats {
    uint64_t mapped_bytes;   /* address space taken from the system and not given back */
    uint64_t resident_bytes; /* the allocator's own idea of what is resident */
    uint64_t live_bytes;     /* handed out, as the allocator counts it (usable sizes) */
    uint64_t free_bytes;     /* held for reuse */
    uint64_t metadata_bytes;
};

/* One function of a library that the allocator calls; the worker proves who owns it. */
struct rh_allocator_function {
    const char *name;
    void *address; /* NULL: the library does not offer it, and the allocator does without */
};

struct rh_allocator_option {
    const char *name;
    const char *summary;
    const char *default_value;
};

struct rh_allocator_ops;

/* What `create` gets. All strings belong to the caller and outlive the context. */
struct rh_allocator_config {
    const char *const *options;           /* NULL-terminated "name=value"; NULL: none */
    const struct rh_allocator_ops *inner; /* of a wrapper: the allocator to wrap, else NULL */
    const struct rh_allocator_config *inner_config;
};

/* Optional members may be NULL in a plugin; registration replaces them by the default that the
 * comment names, so that a caller never tests for NULL. `reason` buffers get one English sentence
 * on failure. */
struct rh_allocator_ops {
    /* Identity. Mandatory. */
    const char *name;                          /* [a-z0-9_-]+ */
    const char *summary;                       /* one line */
    uint32_t abi_version;                      /* RH_ALLOCATOR_ABI */
    uint32_t flags;                            /* enum rh_allocator_flag */
    const struct rh_allocator_option *options; /* ends with a NULL name; NULL: none */
    /* File names of the shared library that must be in the process (LD_PRELOAD) for this allocator,
     * best first, NULL-terminated; NULL: none needed. */
    const char *const *libraries;

    /* Life. */

    /* Can this allocator work in this process? 0, or -1 with the reason. Default: 0. */
    int (*probe)(char *ret_reason, size_t reason_bytes);
    /* Makes an instance. 0, or -1 with the reason. *ret_ctx is untouched on failure. Mandatory. */
    int (*create)(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                  size_t reason_bytes);
    /* Gives back what create took. Blocks that are live become invalid, where they are the
     * context's own. Accepts NULL. Mandatory. */
    void (*destroy)(void *ctx);
    /* Called by each thread before its first and after its last call. Default: nothing. */
    void (*thread_init)(void *ctx);
    void (*thread_fini)(void *ctx);

    /* The timed calls. */

    /* A block of `len` bytes at a multiple of `align`, or NULL. A length of 0 gives a unique block
     * or NULL. Mandatory. */
    void *(*alloc)(void *ctx, size_t len, size_t align);
    /* As alloc, and the `len` bytes are zero. Default: alloc, then memset. */
    void *(*alloc_zeroed)(void *ctx, size_t len, size_t align);
    /* Changes the length in place: true, or false and the block is as before. new_len > 0. Default:
     * false. */
    bool (*resize)(void *ctx, void *ptr, size_t len, size_t align, size_t new_len);
    /* Changes the length, and may move the block: min(len, new_len) bytes keep their content, the
     * alignment is kept. NULL: nothing happened, and the caller allocates, copies and frees.
     * Default: resize, else NULL. */
    void *(*remap)(void *ctx, void *ptr, size_t len, size_t align, size_t new_len);
    /* Releases a block. Mandatory. */
    void (*free)(void *ctx, void *ptr, size_t len, size_t align);
    /* As free, where the program itself named the size (C++ sized delete, free_sized): an allocator
     * that gains from it takes its fast way here. Only for a block that no resize or remap has
     * touched, as with memory from C++ new: the size class may follow the length blindly. Default:
     * free. */
    void (*free_sized)(void *ctx, void *ptr, size_t len, size_t align);

    /* Insight; untimed. */

    /* Bytes the caller may use, >= len; 0: unknown. Default: 0. */
    size_t (*usable_size)(void *ctx, void *ptr, size_t len, size_t align);
    /* Gives back to the system what it can. Returns the name of the call that did it, or NULL: it
     * has none. Default: NULL. */
    const char *(*purge)(void *ctx);
    /* Fills every member, with RH_UNKNOWN where it does not know. Default: all RH_UNKNOWN. */
    void (*stats)(void *ctx, struct rh_allocator_stats *ret_stats);
    /* Walks the invariants. 0, or -1 with the first violation. Default: 0. */
    int (*check)(void *ctx, char *ret_reason, size_t reason_bytes);
    /* The version that the library gives itself. Default: NULL, unknown. */
    const char *(*version)(void);
    /* The library functions that the timed calls go through, ended by a NULL name: the worker
     * refuses to time them unless all lie in the expected library. NULL: the allocator's code is
     * its own. */
    const struct rh_allocator_function *(*functions)(void);
};

/* An outside plugin exports one object of this name ("plugin:PATH"; docs/writing-an-allocator.md).
 * `name`, `summary` and `abi_version` stand first in every version of the struct, so that a plugin
 * of another version can be refused by its name. */
#define RH_ALLOCATOR_PLUGIN_SYMBOL "reheap_allocator"

#if defined(__GNUC__)
#define RH_ALLOCATOR_EXPORT __attribute__((visibility("default")))
#else
#define RH_ALLOCATOR_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif
extern RH_ALLOCATOR_EXPORT const struct rh_allocator_ops reheap_allocator;
#ifdef __cplusplus
}
#endif

#endif
