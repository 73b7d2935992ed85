/* skeleton.c - a small, whole allocator as a plugin for Reheap: a place to start from.
 *
 *     cc -std=gnu11 -O2 -fPIC -shared $(pkg-config --cflags reheap) skeleton.c -o skeleton.so
 *     reheap allocators check plugin:skeleton.so
 *     reheap bench -a glibc,plugin:skeleton.so TRACE
 *
 * How it works: small blocks are slots of 16, 32, 64 ... 65,536 bytes, cut from chunks of 1 MiB and
 * kept in one free list a size, under one lock; large blocks are mappings of their own. free() is
 * told length and alignment, so that blocks need no header.
 *
 * The contract of every member stands in reheap/allocator.h. "Required" and "optional" below say
 * what a plugin may leave out; Reheap fills in what is missing. */
#include <pthread.h>
#include <reheap/allocator.h>
#include <stdio.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096, SLOT_SHIFT_LEAST = 4, SLOT_SHIFT_MOST = 16 };

#define CHUNK_BYTES ((size_t)1 << 20)

/* All state of one instance: it is what `create` gives out as `ctx`. */
struct heap {
    pthread_mutex_t lock;
    char *next, *end;                 /* what is left of the current chunk */
    void *frees[SLOT_SHIFT_MOST + 1]; /* by log2 of the slot; each slot holds the next one */
};

/* log2 of the slot for a small block; above SLOT_SHIFT_MOST the block is large. */
static unsigned slot_shift(size_t len, size_t align) {
    size_t bytes = len > align ? len : align;
    unsigned shift = SLOT_SHIFT_LEAST;
    while (shift <= SLOT_SHIFT_MOST && ((size_t)1 << shift) < bytes)
        shift++;
    return shift;
}

static size_t round_up(size_t bytes, size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

/* A mapping at a multiple of `align`: one that is too large, with both ends cut off. */
static void *map(size_t bytes, size_t align) {
    if (align < PAGE_BYTES)
        align = PAGE_BYTES;
    char *mapping =
        mmap(NULL, bytes + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        return NULL;
    char *start = (char *)round_up((size_t)mapping, align);
    if (start > mapping)
        munmap(mapping, (size_t)(start - mapping));
    munmap(start + bytes, (size_t)(mapping + align - start));
    return start;
}

/* Required. Gives back NULL for what is too large: lengths above PTRDIFF_MAX must be refused. */
static void *skeleton_alloc(void *ctx, size_t len, size_t align) {
    struct heap *heap = ctx;
    if (len > PTRDIFF_MAX / 2 || align > PTRDIFF_MAX / 2)
        return NULL;
    unsigned shift = slot_shift(len, align);
    if (shift > SLOT_SHIFT_MOST)
        return map(round_up(len, PAGE_BYTES), align);
    size_t slot_bytes = (size_t)1 << shift;
    pthread_mutex_lock(&heap->lock);
    void *slot = heap->frees[shift];
    if (slot != NULL) {
        heap->frees[shift] = *(void **)slot;
    } else {
        /* Slots are powers of two, so one that starts at a multiple of its size is aligned. */
        char *start = (char *)round_up((size_t)heap->next, slot_bytes);
        if (heap->next == NULL || start + slot_bytes > heap->end) {
            start = map(CHUNK_BYTES, CHUNK_BYTES);
            heap->end = start != NULL ? start + CHUNK_BYTES : NULL;
        }
        heap->next = start != NULL ? start + slot_bytes : NULL;
        slot = start;
    }
    pthread_mutex_unlock(&heap->lock);
    return slot;
}

/* Required. `len` and `align` are those of the last successful call for this block. */
static void skeleton_free(void *ctx, void *ptr, size_t len, size_t align) {
    struct heap *heap = ctx;
    unsigned shift = slot_shift(len, align);
    if (shift > SLOT_SHIFT_MOST) {
        munmap(ptr, round_up(len, PAGE_BYTES));
        return;
    }
    pthread_mutex_lock(&heap->lock);
    *(void **)ptr = heap->frees[shift];
    heap->frees[shift] = ptr;
    pthread_mutex_unlock(&heap->lock);
}

/* Optional: the most that the block may hold without moving. */
static size_t skeleton_usable_size(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    (void)ptr;
    unsigned shift = slot_shift(len, align);
    return shift > SLOT_SHIFT_MOST ? round_up(len, PAGE_BYTES) : (size_t)1 << shift;
}

/* Optional: a new length in place. True must hold for free too, which will be told the new length:
 * the block has to stay in its size class. */
static bool skeleton_resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    (void)ptr;
    if (new_len > PTRDIFF_MAX / 2)
        return false;
    unsigned shift = slot_shift(len, align);
    if (shift != slot_shift(new_len, align))
        return false;
    return shift <= SLOT_SHIFT_MOST || round_up(len, PAGE_BYTES) == round_up(new_len, PAGE_BYTES);
}

/* Required. One instance a process is usual; on failure write a sentence and return -1. */
static int skeleton_create(const struct rh_allocator_config *config, void **ret_ctx,
                           char *ret_reason, size_t reason_bytes) {
    (void)config; /* config->options has the "name=value" texts of the plan */
    struct heap *heap = map(round_up(sizeof(*heap), PAGE_BYTES), PAGE_BYTES);
    if (heap == NULL) {
        snprintf(ret_reason, reason_bytes, "no memory for a heap");
        return -1;
    }
    pthread_mutex_init(&heap->lock, NULL);
    *ret_ctx = heap;
    return 0;
}

/* Required, though the process usually ends next; accepts NULL. This one leaves its chunks mapped.
 */
static void skeleton_destroy(void *ctx) {
    struct heap *heap = ctx;
    if (heap == NULL)
        return;
    pthread_mutex_destroy(&heap->lock);
    munmap(heap, round_up(sizeof(*heap), PAGE_BYTES));
}

/* What Reheap looks for: this name, this type. Left out here, so that the defaults step in:
 * alloc_zeroed (alloc and memset), remap (resize, else the caller allocates, copies and frees),
 * free_sized (free), thread_init and thread_fini, purge, stats, check, version. */
const struct rh_allocator_ops reheap_allocator = {
    .name = "skeleton",
    .summary = "power-of-two slots and one lock: a place to start from",
    .abi_version = RH_ALLOCATOR_ABI,
    .create = skeleton_create,
    .destroy = skeleton_destroy,
    .alloc = skeleton_alloc,
    .resize = skeleton_resize,
    .free = skeleton_free,
    .usable_size = skeleton_usable_size,
};
