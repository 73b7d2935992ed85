/* checked.c - wraps another allocator and verifies the contract on both sides.
 *
 * Of the allocator: no live blocks overlap, alignment, zeroed memory is zero, the usable size holds
 * the length, content stays over resize and remap, and nobody but the owner writes to a live block.
 * Of the caller: only live blocks are released, once, with the length and the alignment of the last
 * successful call.
 *
 * Every block is filled with a pattern of its own, up to its usable size; so the caller must not
 * write (RH_ALLOCATOR_UNTOUCHABLE). The first violation is kept for `check`, and from then on
 * nothing is handed out and nothing released any more: a broken heap is left alone. Several threads
 * may call at once; there is no common lock, and all tables lie in memory of their own. */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "allocator/builtins.h"
#include "allocator/checked/judge.h"
#include "allocator/checked/pattern.h"
#include "allocator/complete.h"
#include "allocator/options.h"
#include "allocator/reason.h"

static void *checked_alloc(void *ctx, size_t len, size_t align) {
    struct rh_checked *checked = ctx;
    if (!rh_checked_is_allowed(checked, "alloc", align))
        return NULL;
    void *ptr = checked->inner->alloc(checked->inner_ctx, len, align);
    struct rh_record record = {
        .address = (uintptr_t)ptr, .len = len, .align = align, .id = rh_checked_fresh_id()};
    return ptr != NULL && rh_checked_adopt(checked, "alloc", &record) ? ptr : NULL;
}

static void *checked_alloc_zeroed(void *ctx, size_t len, size_t align) {
    struct rh_checked *checked = ctx;
    if (!rh_checked_is_allowed(checked, "alloc_zeroed", align))
        return NULL;
    void *ptr = checked->inner->alloc_zeroed(checked->inner_ctx, len, align);
    struct rh_record record = {
        .address = (uintptr_t)ptr, .len = len, .align = align, .id = rh_checked_fresh_id()};
    /* Claimed before it is read: an overlap is the truer sentence. */
    if (ptr == NULL || !rh_checked_measure(checked, "alloc_zeroed", &record) ||
        !rh_checked_enter(checked, "alloc_zeroed", &record) ||
        !rh_checked_is_zero(checked, ptr, len))
        return NULL;
    rh_pattern_fill(ptr, record.held_bytes, record.id);
    return ptr;
}

/* Takes a block out before the allocator may give its bytes to another thread. */
static bool leave(struct rh_checked *checked, const char *call, void *ptr, size_t len, size_t align,
                  struct rh_record *ret_record) {
    rh_checked_count_call();
    if (rh_checked_is_broken(checked))
        return false;
    if (!rh_table_remove(&checked->table, (uintptr_t)ptr, ret_record)) {
        rh_checked_refuse_stranger(checked, call, ptr);
        return false;
    }
    rh_shadow_release(&checked->shadow, ret_record->address, ret_record->held_bytes);
    return rh_checked_is_described(checked, call, ret_record, len, align) &&
           rh_checked_is_intact(checked, call, ret_record, ptr, ret_record->held_bytes);
}

/* After a resize or remap that refused: the block is as it was. */
static void reenter(struct rh_checked *checked, const char *call, const struct rh_record *record) {
    if (rh_checked_enter(checked, call, record))
        rh_checked_is_intact(checked, call, record, (const void *)record->address,
                             record->held_bytes);
}

/* After one that succeeded: what it had to keep is there, and the rest is new. */
static bool reenter_changed(struct rh_checked *checked, const char *call,
                            struct rh_record *old_record, void *ptr, size_t new_len) {
    struct rh_record record = {.address = (uintptr_t)ptr,
                               .len = new_len,
                               .align = old_record->align,
                               .id = rh_checked_fresh_id(),
                               .was_resized = true};
    size_t kept_bytes = new_len < old_record->len ? new_len : old_record->len;
    if (!rh_checked_measure(checked, call, &record) || !rh_checked_enter(checked, call, &record) ||
        !rh_checked_is_intact(checked, call, old_record, ptr, kept_bytes))
        return false;
    rh_pattern_fill(ptr, record.held_bytes, record.id);
    return true;
}

static bool checked_resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    struct rh_checked *checked = ctx;
    struct rh_record record;
    if (!leave(checked, "resize", ptr, len, align, &record))
        return false;
    if (checked->inner->resize(checked->inner_ctx, ptr, len, align, new_len))
        return reenter_changed(checked, "resize", &record, ptr, new_len);
    reenter(checked, "resize", &record);
    return false;
}

static void *checked_remap(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    struct rh_checked *checked = ctx;
    struct rh_record record;
    if (!leave(checked, "remap", ptr, len, align, &record))
        return NULL;
    void *new_ptr = checked->inner->remap(checked->inner_ctx, ptr, len, align, new_len);
    if (new_ptr != NULL)
        return reenter_changed(checked, "remap", &record, new_ptr, new_len) ? new_ptr : NULL;
    reenter(checked, "remap", &record);
    return NULL;
}

static void checked_free(void *ctx, void *ptr, size_t len, size_t align) {
    struct rh_checked *checked = ctx;
    struct rh_record record;
    if (leave(checked, "free", ptr, len, align, &record))
        checked->inner->free(checked->inner_ctx, ptr, len, align);
}

static void checked_free_sized(void *ctx, void *ptr, size_t len, size_t align) {
    struct rh_checked *checked = ctx;
    struct rh_record record;
    if (!leave(checked, "free_sized", ptr, len, align, &record))
        return;
    if (record.was_resized)
        rh_checked_violate(checked,
                           "free_sized was given %#" PRIxPTR ", which was resized: call free",
                           record.address);
    else
        checked->inner->free_sized(checked->inner_ctx, ptr, len, align);
}

static size_t checked_usable_size(void *ctx, void *ptr, size_t len, size_t align) {
    struct rh_checked *checked = ctx;
    struct rh_record record;
    rh_checked_count_call();
    if (rh_checked_is_broken(checked))
        return 0;
    if (!rh_table_find(&checked->table, (uintptr_t)ptr, &record)) {
        rh_checked_refuse_stranger(checked, "usable_size", ptr);
        return 0;
    }
    if (!rh_checked_is_described(checked, "usable_size", &record, len, align))
        return 0;
    return checked->inner->usable_size(checked->inner_ctx, ptr, len, align);
}

static const char *checked_purge(void *ctx) {
    struct rh_checked *checked = ctx;
    return rh_checked_is_broken(checked) ? NULL : checked->inner->purge(checked->inner_ctx);
}

static void checked_stats(void *ctx, struct rh_allocator_stats *ret_stats) {
    struct rh_checked *checked = ctx;
    checked->inner->stats(checked->inner_ctx, ret_stats);
}

static void checked_thread_init(void *ctx) {
    struct rh_checked *checked = ctx;
    checked->inner->thread_init(checked->inner_ctx);
}

static void checked_thread_fini(void *ctx) {
    struct rh_checked *checked = ctx;
    checked->inner->thread_fini(checked->inner_ctx);
}

static bool visit_block(void *argument, const struct rh_record *record) {
    return rh_checked_is_intact(argument, "at the end", record, (const void *)record->address,
                                record->held_bytes);
}

/* Looks at every live block too, so no other thread may be inside a call. */
static int checked_check(void *ctx, char *ret_reason, size_t reason_bytes) {
    struct rh_checked *checked = ctx;
    if (!rh_checked_is_broken(checked))
        rh_table_visit(&checked->table, visit_block, checked);
    if (!rh_checked_is_broken(checked))
        return checked->inner->check(checked->inner_ctx, ret_reason, reason_bytes);
    while (atomic_load(&checked->verdict) == RH_BEING_WRITTEN)
        ;
    return rh_reason(ret_reason, reason_bytes, "%s", checked->sentence);
}

static const struct rh_allocator_option checked_options[] = {
    {"usable", "yes: blocks are filled up to their usable size; no: to their length", "yes"},
    {NULL, NULL, NULL},
};

static int read_options(const struct rh_allocator_config *config, struct rh_checked *checked,
                        char *ret_reason, size_t reason_bytes) {
    const char *usable = rh_options_value(config, "usable");
    checked->trusts_usable_size = usable == NULL || strcmp(usable, "yes") == 0;
    if (!checked->trusts_usable_size && strcmp(usable, "no") != 0)
        return rh_reason(ret_reason, reason_bytes, "option \"usable\" is \"%.64s\": give yes or no",
                         usable);
    return rh_options_check(config, checked_options, ret_reason, reason_bytes);
}

static int create_around(const struct rh_allocator_config *config, struct rh_checked *checked,
                         char *ret_reason, size_t reason_bytes) {
    checked->inner = rh_complete(config->inner, ret_reason, reason_bytes);
    if (checked->inner == NULL || read_options(config, checked, ret_reason, reason_bytes) != 0)
        return -1;
    if ((checked->inner->flags & RH_ALLOCATOR_UNTOUCHABLE) != 0)
        return rh_reason(ret_reason, reason_bytes,
                         "\"%s\" cannot be checked: its memory must not be touched",
                         checked->inner->name);
    if (checked->inner->create(config->inner_config, &checked->inner_ctx, ret_reason,
                               reason_bytes) != 0)
        return -1;
    rh_table_init(&checked->table);
    return 0;
}

static int checked_create(const struct rh_allocator_config *config, void **ret_ctx,
                          char *ret_reason, size_t reason_bytes) {
    if (config == NULL || config->inner == NULL)
        return rh_reason(ret_reason, reason_bytes, "\"checked\" needs an allocator to wrap");
    struct rh_checked *checked =
        mmap(NULL, sizeof(*checked), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (checked == MAP_FAILED)
        return rh_reason(ret_reason, reason_bytes, "no memory for a context");
    if (create_around(config, checked, ret_reason, reason_bytes) != 0) {
        munmap(checked, sizeof(*checked));
        return -1;
    }
    *ret_ctx = checked;
    return 0;
}

static void checked_destroy(void *ctx) {
    struct rh_checked *checked = ctx;
    if (checked == NULL)
        return;
    checked->inner->destroy(checked->inner_ctx);
    rh_shadow_finish(&checked->shadow);
    rh_table_finish(&checked->table);
    munmap(checked, sizeof(*checked));
}

const struct rh_allocator_ops rh_allocator_checked = {
    .name = "checked",
    .summary = "wraps another allocator and verifies the contract on both sides",
    .abi_version = RH_ALLOCATOR_ABI,
    .flags = RH_ALLOCATOR_UNTOUCHABLE | RH_ALLOCATOR_WRAPPER,
    .options = checked_options,
    .create = checked_create,
    .destroy = checked_destroy,
    .thread_init = checked_thread_init,
    .thread_fini = checked_thread_fini,
    .alloc = checked_alloc,
    .alloc_zeroed = checked_alloc_zeroed,
    .resize = checked_resize,
    .remap = checked_remap,
    .free = checked_free,
    .free_sized = checked_free_sized,
    .usable_size = checked_usable_size,
    .purge = checked_purge,
    .stats = checked_stats,
    .check = checked_check,
};
