/* judge.h - inside of the checked wrapper: its state, and what it demands of a block. The functions
 * that return bool have recorded a violation when they say false. */
#ifndef REHEAP_CHECKED_JUDGE_H
#define REHEAP_CHECKED_JUDGE_H

#include <stdatomic.h>

#include "allocator/allocator.h"
#include "allocator/checked/shadow.h"
#include "allocator/checked/table.h"

enum rh_verdict { RH_SOUND, RH_BEING_WRITTEN, RH_VIOLATED };

struct rh_checked {
    const struct rh_allocator_ops *inner;
    void *inner_ctx;
    bool trusts_usable_size; /* holds a block to its usable size, else to its length */
    _Atomic int verdict;     /* enum rh_verdict */
    char sentence[512];      /* valid when RH_VIOLATED */
    uint64_t violating_call; /* the number of the call on its thread; valid when RH_VIOLATED */
    struct rh_table table;
    struct rh_shadow shadow;
};

static inline bool rh_checked_is_broken(const struct rh_checked *checked) {
    return __builtin_expect(
        atomic_load_explicit(&checked->verdict, memory_order_relaxed) != RH_SOUND, 0);
}

/* Numbers the calls of each thread, for the sentences. */
void rh_checked_count_call(void);
/* For a pattern; never given twice in a process. */
uint64_t rh_checked_fresh_id(void);

/* Keeps the first sentence, headed by the number of the call. */
void rh_checked_violate(struct rh_checked *checked, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What the allocator owes for a block that it has just given; fills record->held_bytes. */
bool rh_checked_measure(struct rh_checked *checked, const char *call, struct rh_record *record);
/* Makes the block ours: its bytes in the shadow, its record in the table. */
bool rh_checked_enter(struct rh_checked *checked, const char *call, const struct rh_record *record);
/* All of both, and fills the block. */
bool rh_checked_adopt(struct rh_checked *checked, const char *call, struct rh_record *record);

bool rh_checked_is_zero(struct rh_checked *checked, const void *ptr, size_t len);
/* A request that the caller may make. */
bool rh_checked_is_allowed(struct rh_checked *checked, const char *call, size_t align);
/* The caller names a live block, with what is true of it. */
bool rh_checked_is_described(struct rh_checked *checked, const char *call,
                             const struct rh_record *record, size_t len, size_t align);
void rh_checked_refuse_stranger(struct rh_checked *checked, const char *call, const void *ptr);
/* The first bytes of the block, now at `ptr`, are those that were written. */
bool rh_checked_is_intact(struct rh_checked *checked, const char *call,
                          const struct rh_record *record, const void *ptr, size_t kept_bytes);

#endif
