/* broken.c - the skeleton of the documentation, broken in one way (-DBREAKAGE=...): the conformance
 * suite must find out each, by the right check. */
#include <stdatomic.h>
#include <string.h>

#define reheap_allocator sound_allocator
#include "docs/examples/skeleton.c"
#undef reheap_allocator

#define OVERLAPS        1 /* a released block is handed out to two */
#define MISALIGNS       2 /* alignments above 16 are forgotten */
#define FORGETS_ZERO    3 /* used memory is handed out as zeroed */
#define USABLE_TOO_MUCH 4 /* says that more may be used than there is */
#define LOSES_TAIL      5 /* the last bytes do not move with a block */
#define MIXES_THREADS   6 /* a second thread's releases are handed out to two */
#define RESIZE_LIES     7 /* grows blocks that have no room */
#define FORGETS_REFUSAL 8 /* after want of memory a block is handed out to two */
#define CRASHES         9

/* The breakages are rare enough to slip through a quick look. */
static bool now_and_then(void) {
    static _Atomic unsigned count;
    return ++count % 40 == 0;
}

static void *broken_alloc(void *ctx, size_t len, size_t align) {
#if BREAKAGE == MISALIGNS
    return skeleton_alloc(ctx, len, align < 16 ? align : 16);
#elif BREAKAGE == MIXES_THREADS
    static _Atomic pthread_t first_thread;
    pthread_t none = 0;
    atomic_compare_exchange_strong(&first_thread, &none, pthread_self());
    void *ptr = skeleton_alloc(ctx, len, align);
    bool is_small = slot_shift(len, align) <= SLOT_SHIFT_MOST;
    if (ptr != NULL && is_small && first_thread != pthread_self() && now_and_then())
        skeleton_free(ctx, ptr, len, align);
    return ptr;
#elif BREAKAGE == FORGETS_REFUSAL
    static bool was_refused;
    void *ptr = skeleton_alloc(ctx, len, align);
    if (ptr == NULL && len < (size_t)1 << 40)
        was_refused = true;
    else if (ptr != NULL && was_refused && slot_shift(len, align) <= SLOT_SHIFT_MOST) {
        skeleton_free(ctx, ptr, len, align);
        was_refused = false;
    }
    return ptr;
#elif BREAKAGE == CRASHES
    if (now_and_then())
        __builtin_trap();
    return skeleton_alloc(ctx, len, align);
#else
    return skeleton_alloc(ctx, len, align);
#endif
}

static void broken_free(void *ctx, void *ptr, size_t len, size_t align) {
#if BREAKAGE == OVERLAPS
    if (slot_shift(len, align) <= SLOT_SHIFT_MOST && now_and_then())
        skeleton_free(ctx, ptr, len, align);
#elif BREAKAGE == MISALIGNS
    align = align < 16 ? align : 16;
#endif
    skeleton_free(ctx, ptr, len, align);
}

static void *broken_alloc_zeroed(void *ctx, size_t len, size_t align) {
    void *ptr = broken_alloc(ctx, len, align);
    if (ptr != NULL && !(BREAKAGE == FORGETS_ZERO && now_and_then()))
        memset(ptr, 0, len);
    return ptr;
}

static bool broken_resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
#if BREAKAGE == RESIZE_LIES
    return new_len > len && new_len - len < 64 && len < 30000;
#elif BREAKAGE == MISALIGNS
    align = align < 16 ? align : 16;
#endif
    return skeleton_resize(ctx, ptr, len, align, new_len);
}

static void *broken_remap(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    if (broken_resize(ctx, ptr, len, align, new_len))
        return ptr;
    size_t kept_bytes = len < new_len ? len : new_len;
    void *new_ptr = broken_alloc(ctx, new_len, align);
    if (new_ptr == NULL)
        return NULL;
    memcpy(new_ptr, ptr, BREAKAGE == LOSES_TAIL && kept_bytes > 500 ? kept_bytes - 3 : kept_bytes);
    broken_free(ctx, ptr, len, align);
    return new_ptr;
}

static size_t broken_usable_size(void *ctx, void *ptr, size_t len, size_t align) {
    size_t usable_bytes = skeleton_usable_size(ctx, ptr, len, BREAKAGE == MISALIGNS ? 1 : align);
    return BREAKAGE == USABLE_TOO_MUCH ? usable_bytes + 8 : usable_bytes;
}

const struct rh_allocator_ops reheap_allocator = {
    .name = "broken",
    .summary = "a test",
    .abi_version = RH_ALLOCATOR_ABI,
    .create = skeleton_create,
    .destroy = skeleton_destroy,
    .alloc = broken_alloc,
    .alloc_zeroed = broken_alloc_zeroed,
    .resize = broken_resize,
    .remap = broken_remap,
    .free = broken_free,
    .usable_size = broken_usable_size,
};
