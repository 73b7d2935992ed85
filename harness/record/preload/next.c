/* next.c - finds the next definitions. */
#include "record/preload/next.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

/* Blocks of 16 bytes aligned, each behind its size. Never given back: dlsym needs little. */
static struct {
    size_t used;
    char data[16384] __attribute__((aligned(64)));
} early;

enum { EARLY_HEAD = 16 };

static bool is_early(const void *pointer) {
    return (uintptr_t)pointer - (uintptr_t)early.data < sizeof(early.data);
}

static void *early_aligned(size_t alignment, size_t size) {
    if (alignment < EARLY_HEAD)
        alignment = EARLY_HEAD;
    size_t start = (early.used + EARLY_HEAD + alignment - 1) & ~(alignment - 1);
    if (alignment > 64 || start > sizeof(early.data) || size > sizeof(early.data) - start) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(early.data + start - EARLY_HEAD, &size, sizeof(size));
    early.used = start + size;
    return early.data + start;
}

static size_t early_usable(void *pointer) {
    size_t size = 0;
    memcpy(&size, (char *)pointer - EARLY_HEAD, sizeof(size));
    return size;
}

static void *early_malloc(size_t size) {
    return early_aligned(EARLY_HEAD, size);
}

static void *early_calloc(size_t count, size_t size) {
    size_t bytes = 0;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : early_malloc(bytes);
}

static void *early_realloc(void *pointer, size_t size) {
    void *moved = early_malloc(size);
    if (moved != NULL && pointer != NULL) {
        size_t old = early_usable(pointer);
        memcpy(moved, pointer, old < size ? old : size);
    }
    return moved;
}

static void early_free(void *pointer) {
    (void)pointer;
}

static int early_posix_memalign(void **ret_pointer, size_t alignment, size_t size) {
    void *pointer = early_aligned(alignment, size);
    if (pointer == NULL)
        return ENOMEM;
    *ret_pointer = pointer;
    return 0;
}

static void *early_refuse(size_t size) {
    (void)size;
    errno = ENOMEM;
    return NULL;
}

struct rh_next rh_next = {
    .malloc = early_malloc,
    .calloc = early_calloc,
    .realloc = early_realloc,
    .free = early_free,
    .posix_memalign = early_posix_memalign,
    .aligned_alloc = early_aligned,
    .memalign = early_aligned,
    .valloc = early_refuse,
    .pvalloc = early_refuse,
    .malloc_usable_size = early_usable,
};

/* What was found. rh_next is the same, but for those that must first look whether a block is an
 * early one, and only if there are any: else the fast path would ask with each free. */
static struct rh_next found;

static void guarded_free(void *pointer) {
    if (!is_early(pointer))
        found.free(pointer);
}

static void *guarded_realloc(void *pointer, size_t size) {
    if (!is_early(pointer))
        return found.realloc(pointer, size);
    void *moved = found.malloc(size);
    if (moved != NULL) {
        size_t old = early_usable(pointer);
        memcpy(moved, pointer, old < size ? old : size);
    }
    return moved;
}

static size_t guarded_usable(void *pointer) {
    return is_early(pointer) ? early_usable(pointer) : found.malloc_usable_size(pointer);
}

/* dlsym gives objects' pointers; POSIX lets them be functions'. */
#define FIND(name)          find(#name, &found.name, sizeof(found.name))
#define FIND_OPTIONAL(name) find_optional(#name, &found.name, sizeof(found.name))

static void find_optional(const char *name, void *ret_function, size_t bytes) {
    void *address = dlsym(RTLD_NEXT, name);
    rh_assert(bytes == sizeof(address));
    memcpy(ret_function, &address, bytes);
}

static void find(const char *name, void *ret_function, size_t bytes) {
    find_optional(name, ret_function, bytes);
    void *address = NULL;
    memcpy(&address, ret_function, bytes);
    if (address == NULL)
        rh_assert_fail(name, "the next definition of this function is missing", 0);
}

static void find_all(void) {
    FIND(malloc);
    FIND(calloc);
    FIND(realloc);
    FIND(free);
    FIND(posix_memalign);
    FIND(aligned_alloc);
    FIND(memalign);
    FIND(valloc);
    FIND(pvalloc);
    FIND(malloc_usable_size);
    FIND_OPTIONAL(free_sized);
    FIND_OPTIONAL(free_aligned_sized);
    FIND_OPTIONAL(_Fork);
    FIND(pthread_setname_np);
    FIND(pthread_create);
}

/* Asked once: in a fork child another thread may have left the dynamic linker's lock held. */
static const char *malloc_file = "";

static void find_malloc_file(void) {
    Dl_info info = {0};
    void *address = NULL;
    memcpy(&address, &found.malloc, sizeof(address));
    if (dladdr(address, &info) != 0 && info.dli_fname != NULL)
        malloc_file = info.dli_fname;
}

/* 0: not begun, 1: under way, 2: done. The first call of a process comes before it has threads. */
static _Atomic int phase;

bool rh_next_resolve(void) {
    int current = atomic_load_explicit(&phase, memory_order_acquire);
    if (current != 0)
        return current == 2;

    int saved_errno = errno;
    atomic_store_explicit(&phase, 1, memory_order_relaxed);
    find_all();
    find_malloc_file();
    rh_next = found;
    if (early.used != 0) {
        rh_next.free = guarded_free;
        rh_next.realloc = guarded_realloc;
        rh_next.malloc_usable_size = guarded_usable;
    }
    atomic_store_explicit(&phase, 2, memory_order_release);
    errno = saved_errno;
    return true;
}

const char *rh_next_malloc_file(void) {
    return malloc_file;
}
