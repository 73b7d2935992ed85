/* malloc_api.c - the sbrk allocator as the malloc of a whole program: libreheap-sbrk.so, for
 * LD_PRELOAD.
 *
 * free() names no length, so each bigpage of the heap's range has a byte that says what it is cut
 * into. Everything else is the heap: the same classes, the same addresses as in a replay.
 *
 * Nothing here needs a constructor to have run, or thread-local state to be alive: the heap makes
 * itself on the first call, and calls may come before main's libraries are set up and after the
 * last destructor of a thread. */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "allocator/reason.h"
#include "allocator/sbrk/heap.h"

#define EXPORTED __attribute__((visibility("default")))

#define RESERVE_MOST_BYTES  ((size_t)1 << 38)
#define RESERVE_LEAST_BYTES ((size_t)1 << 26)
#define RESERVE_ALIGN_BYTES ((size_t)1 << RH_SBRK_BIGPAGE_SHIFT_MOST)

/* In the byte of a bigpage: 0 is never handed out. */
enum { CODE_SMALL = 1, CODE_BIG = 128 };

/* One malloc a process: it has no context to be given. */
static struct {
    struct rh_sbrk_heap heap;
    struct rh_sbrk_reserve reserve;
    _Atomic uint8_t *codes; /* by bigpage of the range */
} process;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool is_ready;

/* Without a heap there is no program: it stops here. */
static void make_heap(void) {
    size_t bytes = RESERVE_MOST_BYTES;
    while (rh_sbrk_reserve_init(&process.reserve, bytes, RESERVE_ALIGN_BYTES) != 0) {
        bytes /= 2;
        rh_require(bytes >= RESERVE_LEAST_BYTES);
    }
    unsigned bigpage_shift = rh_sbrk_bigpage_shift(process.reserve.source.page_bytes);
    void *codes = mmap(NULL, bytes >> bigpage_shift, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    rh_require(codes != MAP_FAILED);
    process.codes = codes;
    rh_sbrk_heap_init(&process.heap, &process.reserve.source, false);
    atomic_store_explicit(&is_ready, true, memory_order_release);
}

static inline void be_ready(void) {
    if (__builtin_expect(!atomic_load_explicit(&is_ready, memory_order_acquire), 0))
        pthread_once(&once, make_heap);
}

/* ---- fork ---- */

static void before_fork(void) {
    be_ready();
    rh_sbrk_heap_before_fork(&process.heap);
}

static void after_fork_in_parent(void) {
    rh_sbrk_heap_after_fork(&process.heap, false);
}

static void after_fork_in_child(void) {
    rh_sbrk_heap_after_fork(&process.heap, true);
}

/* Not from make_heap: registering may itself need memory. */
__attribute__((constructor)) static void watch_forks(void) {
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* ---- classes of live blocks ---- */

static uint8_t code_of(const struct rh_sbrk_class *class) {
    return (uint8_t)((class->is_big ? CODE_BIG : CODE_SMALL) + class->index);
}

static _Atomic uint8_t *cell_of(uintptr_t addr) {
    return &process.codes[(addr - process.reserve.begin) >> process.heap.bigpage_shift];
}

/* The class of a block that malloc gave; anything else stops the program, as glibc would. */
static struct rh_sbrk_class class_of(const void *ptr) {
    uintptr_t addr = (uintptr_t)ptr;
    rh_require(addr >= process.reserve.begin && addr < process.reserve.end);
    uint8_t code = atomic_load_explicit(cell_of(addr), memory_order_relaxed);
    rh_require(code != 0);
    struct rh_sbrk_class class = {.is_big = code >= CODE_BIG};
    class.index = code - (class.is_big ? CODE_BIG : CODE_SMALL);
    class.slot_bytes = (size_t)1 << (class.index + (class.is_big ? process.heap.bigpage_shift
                                                                 : (unsigned)RH_SBRK_MIN_SHIFT));
    rh_require(addr % class.slot_bytes == 0);
    return class;
}

static void *allocate(size_t len, size_t align) {
    be_ready();
    struct rh_sbrk_class class;
    void *ptr = rh_sbrk_classify(process.heap.bigpage_shift, len, align, &class)
                    ? rh_sbrk_heap_alloc(&process.heap, len, align)
                    : NULL;
    if (ptr == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    /* A bigpage that is cut up stays so; most of the time the byte is right already. */
    _Atomic uint8_t *cell = cell_of((uintptr_t)ptr);
    uint8_t code = code_of(&class);
    if (atomic_load_explicit(cell, memory_order_relaxed) != code)
        atomic_store_explicit(cell, code, memory_order_relaxed);
    return ptr;
}

/* ---- the malloc API ---- */

EXPORTED void *malloc(size_t len) {
    return allocate(len, 1);
}

EXPORTED void free(void *ptr) {
    if (ptr == NULL)
        return;
    struct rh_sbrk_class class = class_of(ptr);
    rh_sbrk_heap_free(&process.heap, ptr, rh_sbrk_usable_bytes(&class), 1);
}

EXPORTED void *calloc(size_t count, size_t bytes) {
    size_t len;
    if (__builtin_mul_overflow(count, bytes, &len)) {
        errno = ENOMEM;
        return NULL;
    }
    void *ptr = allocate(len, 1);
    return ptr != NULL ? memset(ptr, 0, len) : NULL;
}

/* The original's remap: in place within the class, else allocate, copy and free. */
EXPORTED void *realloc(void *ptr, size_t len) {
    if (ptr == NULL)
        return allocate(len, 1);
    if (len == 0) {
        free(ptr);
        return NULL;
    }
    struct rh_sbrk_class old_class = class_of(ptr), new_class;
    if (rh_sbrk_classify(process.heap.bigpage_shift, len, 1, &new_class) &&
        rh_sbrk_same_class(&old_class, &new_class))
        return ptr;
    void *new_ptr = allocate(len, 1);
    if (new_ptr == NULL)
        return NULL;
    size_t usable_bytes = rh_sbrk_usable_bytes(&old_class);
    memcpy(new_ptr, ptr, usable_bytes < len ? usable_bytes : len);
    free(ptr);
    return new_ptr;
}

EXPORTED void *reallocarray(void *ptr, size_t count, size_t bytes) {
    size_t len;
    if (!__builtin_mul_overflow(count, bytes, &len))
        return realloc(ptr, len);
    errno = ENOMEM;
    return NULL;
}

EXPORTED int posix_memalign(void **ret_ptr, size_t align, size_t len) {
    if (align % sizeof(void *) != 0 || align == 0 || (align & (align - 1)) != 0)
        return EINVAL;
    int errno_before = errno;
    void *ptr = allocate(len, align);
    errno = errno_before; /* posix_memalign leaves it alone */
    if (ptr == NULL)
        return ENOMEM;
    *ret_ptr = ptr;
    return 0;
}

/* An alignment that is no power of two is taken up to the next one, as glibc does. */
EXPORTED void *memalign(size_t align, size_t len) {
    if (align > (size_t)1 << 62) {
        errno = EINVAL;
        return NULL;
    }
    return allocate(len, (size_t)1 << rh_sbrk_log2_ceil(align));
}

EXPORTED void *aligned_alloc(size_t align, size_t len) {
    return memalign(align, len);
}

EXPORTED void *valloc(size_t len) {
    return memalign((size_t)sysconf(_SC_PAGESIZE), len);
}

EXPORTED void *pvalloc(size_t len) {
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    if (len > SIZE_MAX - page_bytes) {
        errno = ENOMEM;
        return NULL;
    }
    return memalign(page_bytes, (len + page_bytes - 1) & ~(page_bytes - 1));
}

EXPORTED size_t malloc_usable_size(void *ptr) {
    if (ptr == NULL)
        return 0;
    struct rh_sbrk_class class = class_of(ptr);
    return rh_sbrk_usable_bytes(&class);
}
