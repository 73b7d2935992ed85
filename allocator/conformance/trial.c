/* trial.c - counted calls on an instance, and blocks that know their content. */
#include "allocator/conformance/trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "allocator/checked/pattern.h"
#include "allocator/reason.h"

bool rh_trial_open(struct rh_trial *run, const struct rh_conformance_setup *setup,
                   struct rh_conformance_result *result) {
    *run = (struct rh_trial){.ops = setup->ops, .result = result, .random = setup->seed};
    result->seed = setup->seed;
    char reason[256] = "";
    if (setup->ops->create(setup->config, &run->ctx, reason, sizeof(reason)) != 0)
        return rh_trial_fail(run, "create: %s", reason);
    run->ops->thread_init(run->ctx);
    return true;
}

void rh_trial_close(struct rh_trial *run) {
    struct rh_conformance_result *result = run->result;
    char reason[256] = "";
    if (result->outcome == RH_CONFORMANCE_UNFINISHED &&
        run->ops->check(run->ctx, reason, sizeof(reason)) != 0)
        rh_trial_fail(run, "the allocator's own check: %s", reason);
    run->ops->thread_fini(run->ctx);
    run->ops->destroy(run->ctx);
    if (result->outcome == RH_CONFORMANCE_UNFINISHED)
        result->outcome = RH_CONFORMANCE_PASS;
}

static void conclude(struct rh_trial *run, enum rh_conformance_outcome outcome, const char *format,
                     va_list arguments) {
    struct rh_conformance_result *result = run->result;
    if (result->outcome != RH_CONFORMANCE_UNFINISHED)
        return;
    vsnprintf(result->reason, sizeof(result->reason), format, arguments);
    result->outcome = outcome;
}

bool rh_trial_fail(struct rh_trial *run, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    conclude(run, RH_CONFORMANCE_FAIL, format, arguments);
    va_end(arguments);
    return false;
}

bool rh_trial_not_applicable(struct rh_trial *run, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    conclude(run, RH_CONFORMANCE_NOT_APPLICABLE, format, arguments);
    va_end(arguments);
    return false;
}

void rh_trial_remark(struct rh_trial *run, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    conclude(run, RH_CONFORMANCE_PASS, format, arguments);
    va_end(arguments);
}

bool rh_trial_has_failed(const struct rh_trial *run) {
    return run->result->outcome == RH_CONFORMANCE_FAIL;
}

/* splitmix64 (Steele, Lea and Flood 2014). */
uint64_t rh_trial_random(struct rh_trial *run) {
    uint64_t mixed = run->random += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

size_t rh_trial_below(struct rh_trial *run, size_t bound) {
    rh_require(bound > 0);
    return (size_t)(rh_trial_random(run) % bound);
}

size_t rh_trial_length(struct rh_trial *run) {
    size_t kind = rh_trial_below(run, 100);
    return 1 + rh_trial_below(run, kind < 75 ? 400 : kind < 98 ? 20000 : 300000);
}

void *rh_trial_alloc(struct rh_trial *run, size_t len, size_t align) {
    run->result->operation++;
    return run->ops->alloc(run->ctx, len, align);
}

void *rh_trial_alloc_zeroed(struct rh_trial *run, size_t len, size_t align) {
    run->result->operation++;
    return run->ops->alloc_zeroed(run->ctx, len, align);
}

bool rh_trial_resize(struct rh_trial *run, struct rh_block *block, size_t new_len) {
    run->result->operation++;
    if (!run->ops->resize(run->ctx, block->ptr, block->len, block->align, new_len))
        return false;
    block->len = new_len;
    return true;
}

void *rh_trial_remap(struct rh_trial *run, struct rh_block *block, size_t new_len) {
    run->result->operation++;
    void *ptr = run->ops->remap(run->ctx, block->ptr, block->len, block->align, new_len);
    if (ptr == NULL)
        return NULL;
    block->ptr = ptr;
    block->len = new_len;
    return ptr;
}

void rh_trial_free(struct rh_trial *run, struct rh_block *block) {
    run->result->operation++;
    run->ops->free(run->ctx, block->ptr, block->len, block->align);
    block->ptr = NULL;
}

size_t rh_trial_usable_size(struct rh_trial *run, const struct rh_block *block) {
    run->result->operation++;
    return run->ops->usable_size(run->ctx, block->ptr, block->len, block->align);
}

void rh_trial_fill(struct rh_trial *run, struct rh_block *block, size_t bytes) {
    block->id = run->patterns++;
    block->held_bytes = bytes;
    rh_pattern_fill(block->ptr, bytes, block->id);
}

bool rh_trial_take(struct rh_trial *run, struct rh_block *block, size_t len, size_t align) {
    void *ptr = rh_trial_alloc(run, len, align);
    *block = (struct rh_block){.ptr = ptr, .len = len, .align = align};
    if (ptr == NULL)
        return false;
    rh_trial_fill(run, block, len);
    return true;
}

bool rh_trial_holds(struct rh_trial *run, const struct rh_block *block, size_t kept_bytes,
                    const char *what) {
    size_t offset;
    if (rh_pattern_holds(block->ptr, block->held_bytes, kept_bytes, block->id, &offset))
        return true;
    return rh_trial_fail(run, "%s: byte %zu of a block of %zu bytes is not what was written there",
                         what, offset, block->len);
}

bool rh_trial_give_all(struct rh_trial *run, struct rh_block *blocks, size_t count,
                       const char *what) {
    for (size_t i = 0; i < count; i++) {
        if (blocks[i].ptr == NULL)
            continue;
        if (!rh_trial_holds(run, &blocks[i], blocks[i].held_bytes, what))
            return false;
        rh_trial_free(run, &blocks[i]);
    }
    return true;
}
