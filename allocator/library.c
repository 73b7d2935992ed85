/* library.c - looks up the malloc API of this process, and plays the vtable on it. */
#include "allocator/library.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "allocator/reason.h"

#if defined(RH_STATIC)

/* A static program has no dynamic linker to ask: what is linked is what is called. The addresses
 * are read from memory that the compiler must not look through. */
#include <malloc.h>

struct linked_function {
    const char *name;
    void *address;
};

static volatile struct linked_function linked[] = {
    {"malloc", (void *)malloc},
    {"calloc", (void *)calloc},
    {"realloc", (void *)realloc},
    {"free", (void *)free},
    {"posix_memalign", (void *)posix_memalign},
    {"aligned_alloc", (void *)aligned_alloc},
    {"malloc_usable_size", (void *)malloc_usable_size},
};

static void *symbol(const char *name) {
    for (size_t i = 0; i < sizeof(linked) / sizeof(linked[0]); i++)
        if (strcmp(linked[i].name, name) == 0)
            return linked[i].address;
    return NULL;
}

static const void *object_of(void *address) {
    return address != NULL ? (const void *)(uintptr_t)linked : NULL;
}

#else

static void *symbol(const char *name) {
    return dlsym(RTLD_DEFAULT, name);
}

/* Where the shared object that holds the address is mapped. */
static const void *object_of(void *address) {
    Dl_info info;
    return address != NULL && dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
}

#endif

/* Its address in the object of `malloc`, which is the first function taken; or NULL. */
static void *symbol_beside(const struct rh_library *library, const char *name) {
    void *address = symbol(name);
    const void *object = object_of(address);
    if (object == NULL)
        return NULL;
    if (library->function_count > 0 && object != object_of(library->functions[0].address))
        return NULL;
    return address;
}

bool rh_library_has(const struct rh_library *library, const char *name) {
    return symbol_beside(library, name) != NULL;
}

void *rh_library_take(struct rh_library *library, const char *name) {
    rh_require(library->function_count < RH_LIBRARY_FUNCTIONS);
    void *address = symbol_beside(library, name);
    if (address != NULL)
        library->functions[library->function_count++] =
            (struct rh_allocator_function){.name = name, .address = address};
    return address;
}

const struct rh_library_names rh_library_plain_names = {
    .malloc = "malloc",
    .calloc = "calloc",
    .realloc = "realloc",
    .free = "free",
    .posix_memalign = "posix_memalign",
    .aligned_alloc = "aligned_alloc",
    .malloc_usable_size = "malloc_usable_size",
};

/* ISO C has no conversion from an object pointer to a function pointer; POSIX gives both the same
 * size, so the bits are copied. */
#define TAKE(library, names, member)                                                               \
    do {                                                                                           \
        void *address_ =                                                                           \
            (names)->member != NULL ? rh_library_take((library), (names)->member) : NULL;          \
        memcpy(&(library)->member, &address_, sizeof(address_));                                   \
    } while (0)

int rh_library_resolve(struct rh_library *library, const struct rh_library_names *names,
                       char *ret_reason, size_t reason_bytes) {
    rh_require(library->function_count == 0);
    TAKE(library, names, malloc);
    TAKE(library, names, calloc);
    TAKE(library, names, realloc);
    TAKE(library, names, free);
    TAKE(library, names, posix_memalign);
    TAKE(library, names, aligned_alloc);
    TAKE(library, names, malloc_usable_size);
    if (library->malloc == NULL)
        return rh_reason(ret_reason, reason_bytes, "this process has no %s", names->malloc);
    if (library->free == NULL || library->realloc == NULL)
        return rh_reason(ret_reason, reason_bytes,
                         "the library that owns %s has no %s of its own: blocks of two heaps would "
                         "be mixed",
                         names->malloc, library->free == NULL ? names->free : names->realloc);
    return 0;
}

int rh_library_take_wishes(struct rh_library *library, const struct rh_library_wish *wishes,
                           const char *library_file, char *ret_reason, size_t reason_bytes) {
    for (; wishes->name != NULL; wishes++) {
        void *address = rh_library_take(library, wishes->name);
        if (address == NULL)
            return rh_reason(ret_reason, reason_bytes,
                             "what owns %s in this process has no %s: start it with LD_PRELOAD=%s",
                             library->functions[0].name, wishes->name, library_file);
        memcpy(wishes->ret_function, &address, sizeof(address));
    }
    return 0;
}

int rh_library_resolve_extended(struct rh_library *library, const struct rh_library_wish *wishes,
                                const char *library_file, char *ret_reason, size_t reason_bytes) {
    if (rh_library_resolve(library, &rh_library_plain_names, ret_reason, reason_bytes) != 0)
        return -1;
    return rh_library_take_wishes(library, wishes, library_file, ret_reason, reason_bytes);
}

static void *alloc_aligned(const struct rh_library *library, size_t len, size_t align) {
    if (align < sizeof(void *))
        align = sizeof(void *);
    if (library->posix_memalign != NULL) {
        void *ptr = NULL;
        return library->posix_memalign(&ptr, align, len) == 0 ? ptr : NULL;
    }
    /* C11's first text wants the size to be a multiple of the alignment, and some libraries insist.
     */
    if (library->aligned_alloc != NULL && len <= SIZE_MAX - align)
        return library->aligned_alloc(align, (len + align - 1) & ~(align - 1));
    return NULL;
}

void *rh_library_alloc(void *ctx, size_t len, size_t align) {
    const struct rh_library *library = ctx;
    if (__builtin_expect(rh_library_is_plain(len, align), 1))
        return library->malloc(len);
    return alloc_aligned(library, len, align);
}

void *rh_library_alloc_zeroed(void *ctx, size_t len, size_t align) {
    const struct rh_library *library = ctx;
    if (__builtin_expect(rh_library_is_plain(len, align) && library->calloc != NULL, 1))
        return library->calloc(1, len);
    void *ptr = rh_library_alloc(ctx, len, align);
    return ptr != NULL ? memset(ptr, 0, len) : NULL;
}

/* realloc keeps no alignment but malloc's own, and realloc(p, 0) may free. */
void *rh_library_remap(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    const struct rh_library *library = ctx;
    (void)len;
    if (!rh_library_is_plain(new_len, align))
        return NULL;
    return library->realloc(ptr, new_len > 0 ? new_len : 1);
}

void rh_library_free(void *ctx, void *ptr, size_t len, size_t align) {
    const struct rh_library *library = ctx;
    (void)len;
    (void)align;
    library->free(ptr);
}

size_t rh_library_usable_size(void *ctx, void *ptr, size_t len, size_t align) {
    const struct rh_library *library = ctx;
    (void)len;
    (void)align;
    return library->malloc_usable_size != NULL ? library->malloc_usable_size(ptr) : 0;
}

/* The table belongs to the process. */
void rh_library_destroy(void *ctx) {
    (void)ctx;
}
