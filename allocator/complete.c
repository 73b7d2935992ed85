/* complete.c - default functions for optional members, so that the op loop never tests for NULL. */
#include "allocator/complete.h"

#include <pthread.h>
#include <string.h>

#include "allocator/reason.h"

struct slot {
    const struct rh_allocator_ops *source;
    struct rh_allocator_ops ops;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[RH_COMPLETE_SLOTS];
static size_t slot_count;

/* Two defaults call other members of the same allocator, but a member gets the context only. So
 * each slot has its own two functions, which know the slot by its number. */
static void *alloc_then_clear(const struct rh_allocator_ops *ops, void *ctx, size_t len,
                              size_t align) {
    void *ptr = ops->alloc(ctx, len, align);
    return ptr != NULL ? memset(ptr, 0, len) : NULL;
}

static void *resize_or_null(const struct rh_allocator_ops *ops, void *ctx, void *ptr, size_t len,
                            size_t align, size_t new_len) {
    return new_len > 0 && ops->resize(ctx, ptr, len, align, new_len) ? ptr : NULL;
}

/* clang-format off */
#define SLOT_MAP(X) \
    X(0)  X(1)  X(2)  X(3)  X(4)  X(5)  X(6)  X(7)  X(8)  X(9)  X(10) \
    X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) \
    X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
/* clang-format on */

#define X(number)                                                                                  \
    static void *alloc_zeroed_##number(void *ctx, size_t len, size_t align) {                      \
        return alloc_then_clear(&slots[number].ops, ctx, len, align);                              \
    }                                                                                              \
    static void *remap_##number(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {  \
        return resize_or_null(&slots[number].ops, ctx, ptr, len, align, new_len);                  \
    }
SLOT_MAP(X)
#undef X

static const struct {
    void *(*alloc_zeroed)(void *, size_t, size_t);
    void *(*remap)(void *, void *, size_t, size_t, size_t);
} slot_defaults[] = {
#define X(number) {alloc_zeroed_##number, remap_##number},
    SLOT_MAP(X)
#undef X
};

_Static_assert(sizeof(slot_defaults) / sizeof(slot_defaults[0]) == RH_COMPLETE_SLOTS,
               "each slot has its defaults");

static int default_probe(char *ret_reason, size_t reason_bytes) {
    (void)ret_reason;
    (void)reason_bytes;
    return 0;
}

static void default_thread_hook(void *ctx) {
    (void)ctx;
}

static bool default_resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    (void)ptr;
    (void)len;
    (void)align;
    (void)new_len;
    return false;
}

static size_t default_usable_size(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    (void)ptr;
    (void)len;
    (void)align;
    return 0;
}

static const char *default_purge(void *ctx) {
    (void)ctx;
    return NULL;
}

static const char *default_version(void) {
    return NULL;
}

static void default_stats(void *ctx, struct rh_allocator_stats *ret_stats) {
    (void)ctx;
    *ret_stats =
        (struct rh_allocator_stats){RH_UNKNOWN, RH_UNKNOWN, RH_UNKNOWN, RH_UNKNOWN, RH_UNKNOWN};
}

static int default_check(void *ctx, char *ret_reason, size_t reason_bytes) {
    (void)ctx;
    (void)ret_reason;
    (void)reason_bytes;
    return 0;
}

#define FILL(member, standard)                                                                     \
    do {                                                                                           \
        if (ops->member == NULL)                                                                   \
            ops->member = (standard);                                                              \
    } while (0)

static void fill(struct rh_allocator_ops *ops, size_t number) {
    FILL(probe, default_probe);
    FILL(thread_init, default_thread_hook);
    FILL(thread_fini, default_thread_hook);
    FILL(alloc_zeroed, slot_defaults[number].alloc_zeroed);
    FILL(resize, default_resize);
    FILL(remap, slot_defaults[number].remap);
    FILL(free_sized, ops->free);
    FILL(usable_size, default_usable_size);
    FILL(purge, default_purge);
    FILL(stats, default_stats);
    FILL(check, default_check);
    FILL(version, default_version);
}

static bool is_name(const char *name) {
    return name[0] != '\0' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name);
}

/* The name of the first mandatory member that is missing, or NULL. */
static const char *missing_member(const struct rh_allocator_ops *ops) {
    if (ops->name == NULL)
        return "name";
    if (ops->summary == NULL)
        return "summary";
    if (ops->create == NULL)
        return "create";
    if (ops->destroy == NULL)
        return "destroy";
    if (ops->alloc == NULL)
        return "alloc";
    return ops->free == NULL ? "free" : NULL;
}

static int check(const struct rh_allocator_ops *ops, char *ret_reason, size_t reason_bytes) {
    /* The version comes first in meaning: behind another one the other members may lie elsewhere.
     */
    if (ops->abi_version != RH_ALLOCATOR_ABI)
        return rh_reason(ret_reason, reason_bytes,
                         "abi_version is %u, this Reheap speaks %u: build it against the installed "
                         "reheap/allocator.h",
                         ops->abi_version, (unsigned)RH_ALLOCATOR_ABI);
    const char *missing = missing_member(ops);
    if (missing != NULL)
        return rh_reason(ret_reason, reason_bytes, "the mandatory member \"%s\" is missing",
                         missing);
    if (!is_name(ops->name))
        return rh_reason(ret_reason, reason_bytes,
                         "the name \"%.64s\" is not made of a-z, 0-9, \"_\" and \"-\"", ops->name);
    return 0;
}

static const struct rh_allocator_ops *complete_locked(const struct rh_allocator_ops *ops,
                                                      char *ret_reason, size_t reason_bytes) {
    for (size_t i = 0; i < slot_count; i++)
        if (slots[i].source == ops)
            return &slots[i].ops;
    if (slot_count == RH_COMPLETE_SLOTS) {
        rh_reason(ret_reason, reason_bytes, "more than %d allocators in one process",
                  RH_COMPLETE_SLOTS);
        return NULL;
    }
    struct slot *slot = &slots[slot_count];
    slot->source = ops;
    slot->ops = *ops;
    fill(&slot->ops, slot_count);
    slot_count++;
    return &slot->ops;
}

const struct rh_allocator_ops *rh_complete(const struct rh_allocator_ops *ops, char *ret_reason,
                                           size_t reason_bytes) {
    if (check(ops, ret_reason, reason_bytes) != 0)
        return NULL;
    pthread_mutex_lock(&lock);
    const struct rh_allocator_ops *complete = complete_locked(ops, ret_reason, reason_bytes);
    pthread_mutex_unlock(&lock);
    return complete;
}

bool rh_complete_has_thread_hooks(const struct rh_allocator_ops *ops) {
    return ops->thread_init != default_thread_hook || ops->thread_fini != default_thread_hook;
}
