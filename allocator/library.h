/* library.h - the malloc library of this process, as run-time addresses.
 *
 * A malloc library is put into a process by LD_PRELOAD. Its functions are looked up by name when
 * the program runs and called through a table in memory, so that the compiler cannot pair a malloc
 * with its free and remove both. Only functions that lie in the same shared object as `malloc` are
 * taken: where a library lacks one, libc's would step in and give blocks of another heap. */
#ifndef REHEAP_LIBRARY_H
#define REHEAP_LIBRARY_H

#include "allocator/allocator.h"

enum {
    RH_LIBRARY_FUNCTIONS = 32,
    /* Every malloc of this platform aligns a block of n bytes to min(n, this), n a power of two:
     * C11 7.22.3, "suitably aligned for any object of that size". */
    RH_LIBRARY_ALIGNMENT = 16,
};

/* The plain malloc API; NULL where the library has no such function of its own. */
struct rh_library {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    size_t (*malloc_usable_size)(void *);
    /* Every function that was taken, ended by a NULL name. */
    struct rh_allocator_function functions[RH_LIBRARY_FUNCTIONS + 1];
    size_t function_count;
};

/* What the plain functions are called; NULL: the library has no such function. */
struct rh_library_names {
    const char *malloc, *calloc, *realloc, *free, *posix_memalign, *aligned_alloc;
    const char *malloc_usable_size;
};

/* Their names in the C library. */
extern const struct rh_library_names rh_library_plain_names;

/* Fills a zeroed table from this process. 0, or -1 where malloc, free or realloc are not all in one
 * object. */
int rh_library_resolve(struct rh_library *library, const struct rh_library_names *names,
                       char *ret_reason, size_t reason_bytes);

/* Another function of the same object, entered in `functions`; NULL where the object has none. */
void *rh_library_take(struct rh_library *library, const char *name);

/* Whether the same object has this function; not entered. */
bool rh_library_has(const struct rh_library *library, const char *name);

/* A function that a library has beyond the plain API, and the function pointer that it goes to. */
struct rh_library_wish {
    const char *name;
    void *ret_function; /* the address of a function pointer */
};

/* Takes the wishes (the last has a NULL name), when the plain API is resolved. 0, or -1 with the
 * sentence: in this process `library_file` is not what owns malloc. */
int rh_library_take_wishes(struct rh_library *library, const struct rh_library_wish *wishes,
                           const char *library_file, char *ret_reason, size_t reason_bytes);

/* Both, with the plain names. */
int rh_library_resolve_extended(struct rh_library *library, const struct rh_library_wish *wishes,
                                const char *library_file, char *ret_reason, size_t reason_bytes);

/* True when a block of this length and alignment comes from plain malloc. */
static inline bool rh_library_is_plain(size_t len, size_t align) {
    return align <= 1 || (align <= RH_LIBRARY_ALIGNMENT && len >= align);
}

/* The members of a vtable over the plain API. `ctx` is a struct rh_library, or begins with one. */
void *rh_library_alloc(void *ctx, size_t len, size_t align);
void *rh_library_alloc_zeroed(void *ctx, size_t len, size_t align);
void *rh_library_remap(void *ctx, void *ptr, size_t len, size_t align, size_t new_len);
void rh_library_free(void *ctx, void *ptr, size_t len, size_t align);
size_t rh_library_usable_size(void *ctx, void *ptr, size_t len, size_t align);
void rh_library_destroy(void *ctx);

#endif
