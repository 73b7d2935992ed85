/* stage.c - objects and threads of a synthetic workload. */
#include "trace/generators/stage.h"

#include "base/assert.h"

/* Adds an event at the present moment; two events of a thread are at least a quantum apart. */
static int emit(struct rh_actor *actor, struct rh_event *event, struct rh_error *error) {
    struct rh_stage *stage = actor->stage;
    uint64_t earliest = actor->last_time_ns + RH_STAGE_QUANTUM_NS;
    if (stage->batch.total > 0 && stage->time_ns < earliest)
        stage->time_ns = earliest;
    actor->last_time_ns = stage->time_ns;
    event->time_ns = stage->time_ns;
    return rh_batch_add(&stage->batch, event, error);
}

size_t rh_actor_choose(struct rh_actor *actor, const double *weights, size_t count) {
    double sum = 0;
    size_t last = 0;
    size_t choices = 0;
    for (size_t i = 0; i < count; i++)
        if (weights[i] > 0) {
            sum += weights[i];
            last = i;
            choices++;
        }
    rh_assert(choices > 0);
    if (choices == 1)
        return last;
    double at = rh_random_unit(&actor->random) * sum;
    for (size_t i = 0; i < last; i++) {
        if (at < weights[i])
            return i;
        at -= weights[i];
    }
    return last;
}

static unsigned choose_kind(struct rh_actor *actor, const struct rh_synthetic_part *part) {
    for (size_t i = 0; i < RH_EVENT_KINDS; i++)
        if (part->calls[i] > 0)
            return (unsigned)rh_actor_choose(actor, part->calls, RH_EVENT_KINDS);
    return RH_EVENT_MALLOC;
}

/* The power of two that is not below the number drawn. */
static unsigned choose_align(struct rh_actor *actor, const struct rh_synthetic_part *part) {
    uint64_t bytes = rh_distribution_draw(&part->align_bytes, &actor->random);
    return bytes <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(bytes - 1);
}

int rh_actor_acquire_sized(struct rh_actor *actor, const struct rh_synthetic_part *part,
                           uint64_t size_bytes, struct rh_error *error,
                           struct rh_block *ret_block) {
    unsigned kind = choose_kind(actor, part);
    unsigned align =
        kind == RH_EVENT_ALIGNED || kind == RH_EVENT_NEW_ALIGNED ? choose_align(actor, part) : 0;
    struct rh_event event = rh_event_blank(kind);
    event.thread = actor->thread;
    event.size = size_bytes;
    event.align_log2 = (uint8_t)align;
    event.acquired = actor->stage->next_object;
    rh_try(emit(actor, &event, error));
    *ret_block = (struct rh_block){
        .id = actor->stage->next_object++, .size = size_bytes, .kind = kind, .align_log2 = align};
    return 0;
}

int rh_actor_acquire(struct rh_actor *actor, const struct rh_synthetic_part *part,
                     struct rh_error *error, struct rh_block *ret_block) {
    uint64_t size = rh_distribution_draw(&part->size, &actor->random);
    return rh_actor_acquire_sized(actor, part, size, error, ret_block);
}

/* Whose thread frees: mostly the actor's own. */
static struct rh_actor *choose_releaser(struct rh_actor *actor,
                                        const struct rh_synthetic_part *part) {
    if (part->cross_thread <= 0 || actor->role == NULL || actor->role->threads < 2 ||
        rh_random_unit(&actor->random) >= part->cross_thread)
        return actor;
    uint64_t own = (uint64_t)(actor - actor->siblings);
    uint64_t other = rh_random_below(&actor->random, actor->role->threads - 1);
    other += other >= own;
    struct rh_actor *sibling = &actor->siblings[other];
    return sibling->ended || sibling->thread == actor->stage->main.thread ? actor : sibling;
}

static bool names_size(struct rh_actor *actor, const struct rh_synthetic_part *part,
                       const struct rh_block *block) {
    return part->sized_free > 0 &&
           (block->kind == RH_EVENT_NEW || block->kind == RH_EVENT_NEW_ALIGNED) &&
           rh_random_unit(&actor->random) < part->sized_free;
}

int rh_actor_release(struct rh_actor *actor, const struct rh_synthetic_part *part,
                     struct rh_block *block, struct rh_error *error) {
    if (!rh_block_is(block))
        return 0;
    bool sized = names_size(actor, part, block);
    struct rh_actor *releaser = choose_releaser(actor, part);
    struct rh_event event = rh_event_blank(sized ? RH_EVENT_FREE_SIZED : RH_EVENT_FREE);
    event.thread = releaser->thread;
    event.released = block->id;
    event.size = sized ? block->size : 0;
    event.align_log2 = sized && block->kind == RH_EVENT_NEW_ALIGNED ? block->align_log2 : 0;
    *block = rh_no_block;
    return emit(releaser, &event, error);
}

int rh_actor_resize(struct rh_actor *actor, struct rh_block *block, uint64_t size_bytes,
                    struct rh_error *error) {
    rh_assert(rh_block_is(block));
    struct rh_event event = rh_event_blank(RH_EVENT_REALLOC);
    event.thread = actor->thread;
    event.size = size_bytes;
    event.released = block->id;
    event.acquired = actor->stage->next_object++;
    *block = (struct rh_block){.id = event.acquired, .size = size_bytes, .kind = RH_EVENT_REALLOC};
    return emit(actor, &event, error);
}

int rh_actor_release_all(struct rh_actor *actor, const struct rh_synthetic_part *part,
                         struct rh_block *blocks, size_t count, struct rh_error *error) {
    for (size_t i = 0; i < count; i++) {
        if (part->stay)
            blocks[i] = rh_no_block;
        rh_try(rh_actor_release(actor, part, &blocks[i], error));
    }
    return 0;
}

static void swap_blocks(struct rh_block *a, struct rh_block *b) {
    struct rh_block kept = *a;
    *a = *b;
    *b = kept;
}

void rh_actor_order(struct rh_actor *actor, struct rh_block *blocks, size_t count,
                    enum rh_free_order order) {
    if (order == RH_FREE_ORDER_LIFO)
        for (size_t i = 0; i < count / 2; i++)
            swap_blocks(&blocks[i], &blocks[count - 1 - i]);
    if (order == RH_FREE_ORDER_RANDOM)
        for (size_t i = count; i > 1; i--)
            swap_blocks(&blocks[i - 1], &blocks[rh_random_below(&actor->random, i)]);
}

int rh_stage_start_thread(struct rh_stage *stage, struct rh_actor *creator, struct rh_error *error,
                          uint32_t *ret_thread) {
    struct rh_event event = rh_event_blank(RH_EVENT_THREAD_START);
    event.thread = stage->next_thread;
    event.parent = stage->next_thread > 0 ? creator->thread : RH_NO_THREAD;
    rh_try(emit(creator, &event, error));
    *ret_thread = stage->next_thread++;
    return 0;
}

int rh_stage_end_thread(struct rh_stage *stage, struct rh_actor *actor, struct rh_error *error) {
    rh_assert(!actor->ended && actor->stage == stage);
    struct rh_event event = rh_event_blank(RH_EVENT_THREAD_END);
    event.thread = actor->thread;
    rh_try(emit(actor, &event, error));
    actor->ended = true;
    return 0;
}
