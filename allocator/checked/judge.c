/* judge.c - what is owed for a block, and the sentence when it is not given. */
#include "allocator/checked/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "allocator/checked/pattern.h"
#include "allocator/thread_local.h"

/* For sentences and patterns: threads are numbered in the order of their first call. */
static atomic_uint thread_count;
static RH_THREAD_LOCAL struct {
    uint64_t number;
    uint64_t calls;
    uint64_t patterns;
} caller;

void rh_checked_count_call(void) {
    if (caller.number == 0)
        caller.number = atomic_fetch_add(&thread_count, 1) + 1;
    caller.calls++;
}

uint64_t rh_checked_fresh_id(void) {
    return caller.number << 40 | caller.patterns++;
}

void rh_checked_violate(struct rh_checked *checked, const char *format, ...) {
    int sound = RH_SOUND;
    if (!atomic_compare_exchange_strong(&checked->verdict, &sound, RH_BEING_WRITTEN))
        return;
    int used = snprintf(checked->sentence, sizeof(checked->sentence),
                        "call %" PRIu64 " of thread %" PRIu64 ": ", caller.calls, caller.number);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(checked->sentence + used, sizeof(checked->sentence) - (size_t)used, format,
              arguments);
    va_end(arguments);
    checked->violating_call = caller.calls;
    atomic_store(&checked->verdict, RH_VIOLATED);
}

static void violate_by_overlap(struct rh_checked *checked, const char *call,
                               const struct rh_record *record) {
    struct rh_record other;
    if (rh_table_find_overlap(&checked->table, record->address, record->held_bytes, &other))
        rh_checked_violate(checked,
                           "%s gave %zu bytes (usable %zu) at %#" PRIxPTR
                           ", which overlap a live block of %zu bytes (usable %zu) at %#" PRIxPTR,
                           call, record->len, record->held_bytes, record->address, other.len,
                           other.held_bytes, other.address);
    else
        rh_checked_violate(checked,
                           "%s gave %zu bytes (usable %zu) at %#" PRIxPTR
                           ", which overlap a block that another thread is just given",
                           call, record->len, record->held_bytes, record->address);
}

bool rh_checked_enter(struct rh_checked *checked, const char *call,
                      const struct rh_record *record) {
    switch (rh_shadow_claim(&checked->shadow, record->address, record->held_bytes)) {
    case RH_SHADOW_CLAIMED:
        break;
    case RH_SHADOW_TAKEN:
        violate_by_overlap(checked, call, record);
        return false;
    case RH_SHADOW_NO_MEMORY:
        rh_checked_violate(checked, "the check itself has no memory");
        return false;
    case RH_SHADOW_NO_ADDRESS:
        rh_checked_violate(checked, "%s gave %#" PRIxPTR ", where no memory can be", call,
                           record->address);
        return false;
    }
    bool is_there;
    if (rh_table_insert(&checked->table, record, &is_there))
        return true;
    rh_shadow_release(&checked->shadow, record->address, record->held_bytes);
    if (is_there)
        rh_checked_violate(checked, "%s gave %#" PRIxPTR ", which is a live block", call,
                           record->address);
    else
        rh_checked_violate(checked, "the check itself has no memory");
    return false;
}

bool rh_checked_measure(struct rh_checked *checked, const char *call, struct rh_record *record) {
    if ((record->address & (record->align - 1)) != 0) {
        rh_checked_violate(checked,
                           "%s gave %#" PRIxPTR " for %zu bytes, which is not aligned to %zu", call,
                           record->address, record->len, record->align);
        return false;
    }
    record->held_bytes = record->len;
    if (!checked->trusts_usable_size)
        return true;
    size_t usable_bytes = checked->inner->usable_size(checked->inner_ctx, (void *)record->address,
                                                      record->len, record->align);
    if (usable_bytes != 0 && usable_bytes < record->len) {
        rh_checked_violate(checked, "after %s the usable size of %zu bytes at %#" PRIxPTR " is %zu",
                           call, record->len, record->address, usable_bytes);
        return false;
    }
    /* Who asks for nothing writes nothing; some libraries watch over that. */
    if (usable_bytes != 0 && record->len != 0)
        record->held_bytes = usable_bytes;
    return true;
}

bool rh_checked_adopt(struct rh_checked *checked, const char *call, struct rh_record *record) {
    if (!rh_checked_measure(checked, call, record) || !rh_checked_enter(checked, call, record))
        return false;
    rh_pattern_fill((void *)record->address, record->held_bytes, record->id);
    return true;
}

bool rh_checked_is_zero(struct rh_checked *checked, const void *ptr, size_t len) {
    size_t zero_bytes = rh_pattern_zero_bytes(ptr, len);
    if (zero_bytes == len)
        return true;
    rh_checked_violate(checked, "alloc_zeroed gave %zu bytes of which byte %zu is %u", len,
                       zero_bytes, ((const unsigned char *)ptr)[zero_bytes]);
    return false;
}

bool rh_checked_is_allowed(struct rh_checked *checked, const char *call, size_t align) {
    rh_checked_count_call();
    if (rh_checked_is_broken(checked))
        return false;
    if (align != 0 && (align & (align - 1)) == 0)
        return true;
    rh_checked_violate(checked, "%s was asked for the alignment %zu, which is not a power of two",
                       call, align);
    return false;
}

bool rh_checked_is_described(struct rh_checked *checked, const char *call,
                             const struct rh_record *record, size_t len, size_t align) {
    if (record->len == len && record->align == align)
        return true;
    rh_checked_violate(checked,
                       "%s says that the block at %#" PRIxPTR
                       " has length %zu and alignment %zu: the last "
                       "successful call said %zu and %zu",
                       call, record->address, len, align, record->len, record->align);
    return false;
}

void rh_checked_refuse_stranger(struct rh_checked *checked, const char *call, const void *ptr) {
    rh_checked_violate(checked,
                       "%s was given %#" PRIxPTR
                       ", which is no live block: released before, or never handed "
                       "out",
                       call, (uintptr_t)ptr);
}

bool rh_checked_is_intact(struct rh_checked *checked, const char *call,
                          const struct rh_record *record, const void *ptr, size_t kept_bytes) {
    size_t offset;
    if (rh_pattern_holds(ptr, record->held_bytes, kept_bytes, record->id, &offset))
        return true;
    rh_checked_violate(checked,
                       "%s: byte %zu of the block of %zu bytes at %#" PRIxPTR " is not what it was",
                       call, offset, record->len, (uintptr_t)ptr);
    return false;
}
