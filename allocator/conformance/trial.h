/* trial.h - inside of the suite: an instance under check, counted calls, blocks that know their
 * content. */
#ifndef REHEAP_CONFORMANCE_TRIAL_H
#define REHEAP_CONFORMANCE_TRIAL_H

#include "allocator/conformance.h"

struct rh_trial {
    const struct rh_allocator_ops *ops;
    void *ctx;
    struct rh_conformance_result *result;
    uint64_t random;   /* state of splitmix64 */
    uint64_t patterns; /* ids given so far */
};

/* A live block, filled with the pattern of `id` over `held_bytes`. */
struct rh_block {
    void *ptr; /* NULL: none */
    size_t len, align, held_bytes;
    uint64_t id;
};

/* Makes the instance. False: the result says why. */
bool rh_trial_open(struct rh_trial *run, const struct rh_conformance_setup *setup,
                   struct rh_conformance_result *result);
/* A check that has said nothing so far passes. */
void rh_trial_close(struct rh_trial *run);

/* The first of these stands. All return false. */
bool rh_trial_fail(struct rh_trial *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool rh_trial_not_applicable(struct rh_trial *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Passes, and this is worth saying. */
void rh_trial_remark(struct rh_trial *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool rh_trial_has_failed(const struct rh_trial *run);

uint64_t rh_trial_random(struct rh_trial *run);
/* Uniform enough below a small bound. */
size_t rh_trial_below(struct rh_trial *run, size_t bound);
/* Mostly small, now and then large: up to 400, 20,000 or 300,000 bytes; never 0. */
size_t rh_trial_length(struct rh_trial *run);

/* Counted calls. */
void *rh_trial_alloc(struct rh_trial *run, size_t len, size_t align);
void *rh_trial_alloc_zeroed(struct rh_trial *run, size_t len, size_t align);
bool rh_trial_resize(struct rh_trial *run, struct rh_block *block, size_t new_len);
void *rh_trial_remap(struct rh_trial *run, struct rh_block *block, size_t new_len);
void rh_trial_free(struct rh_trial *run, struct rh_block *block);
size_t rh_trial_usable_size(struct rh_trial *run, const struct rh_block *block);

/* Takes a block and fills its length. False: the allocator refused, which is no failure yet. */
bool rh_trial_take(struct rh_trial *run, struct rh_block *block, size_t len, size_t align);
/* Fills the first `bytes` with a fresh pattern. */
void rh_trial_fill(struct rh_trial *run, struct rh_block *block, size_t bytes);
/* Looks whether the first `kept_bytes` are what was written; `what` heads the sentence. */
bool rh_trial_holds(struct rh_trial *run, const struct rh_block *block, size_t kept_bytes,
                    const char *what);
/* Looks at each of a batch, and releases it. */
bool rh_trial_give_all(struct rh_trial *run, struct rh_block *blocks, size_t count,
                       const char *what);

/* The checks, by file. */
typedef void rh_conformance_body(struct rh_trial *run);
rh_conformance_body rh_check_overlap, rh_check_alignment, rh_check_zeroing, rh_check_usable_size,
    rh_check_extremes, rh_check_calloc_overflow, rh_check_resize, rh_check_remap,
    rh_check_free_sized, rh_check_purge;

/* Those that make their instance themselves. */
void rh_check_ownership(const struct rh_conformance_setup *setup,
                        struct rh_conformance_result *result);
void rh_check_memory_limit(const struct rh_conformance_setup *setup,
                           struct rh_conformance_result *result);
void rh_check_random_1(const struct rh_conformance_setup *setup,
                       struct rh_conformance_result *result);
void rh_check_random_2(const struct rh_conformance_setup *setup,
                       struct rh_conformance_result *result);
void rh_check_random_8(const struct rh_conformance_setup *setup,
                       struct rh_conformance_result *result);
void rh_check_thread_storm(const struct rh_conformance_setup *setup,
                           struct rh_conformance_result *result);

#endif
