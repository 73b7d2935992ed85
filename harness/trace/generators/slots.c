/* slots.c - a table of blocks: the working set of a server thread, a cache, a heap in steady state.
 */
#include "base/assert.h"
#include "base/memory.h"
#include "trace/generators/stage.h"

struct slots {
    uint32_t filled; /* those before it have had their first block, or need none */
    uint32_t next;   /* cyclic: the slot of the next step */
    double actions[RH_SLOT_ACTIONS];
    struct rh_block blocks[];
};

static void choose_actions(struct slots *slots, const struct rh_synthetic_slots *description) {
    bool any = false;
    for (size_t i = 0; i < RH_SLOT_ACTIONS; i++) {
        slots->actions[i] = description->actions[i];
        any = any || slots->actions[i] > 0;
    }
    if (!any)
        slots->actions[RH_SLOT_REPLACE] = 1;
}

static int create(struct rh_actor *actor, const struct rh_synthetic_part *part,
                  struct rh_error *error, void **ret_state) {
    uint32_t count = part->slots.count;
    struct slots *slots = rh_alloc(sizeof(*slots) + count * sizeof(*slots->blocks));
    if (slots == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %u slots", count);
    *ret_state = slots;
    *slots = (struct slots){.filled = part->slots.start == RH_SLOT_START_EMPTY ? count : 0};
    choose_actions(slots, &part->slots);
    for (uint32_t i = 0; i < count; i++)
        slots->blocks[i] = rh_no_block;
    while (part->slots.start == RH_SLOT_START_MAIN && slots->filled < count)
        rh_try(rh_actor_acquire(actor, part, error, &slots->blocks[slots->filled++]));
    return 0;
}

static uint32_t pick(struct rh_actor *actor, const struct rh_synthetic_slots *description,
                     struct slots *slots) {
    if (!description->cyclic)
        return (uint32_t)rh_distribution_draw(&description->pick, &actor->random);
    uint32_t slot = slots->next;
    slots->next = slot + 1 < description->count ? slot + 1 : 0;
    return slot;
}

static void exchange(struct rh_actor *actor, const struct rh_synthetic_part *part,
                     struct rh_block *block) {
    struct rh_block *places = actor->siblings->places[part - actor->role->parts];
    rh_assert(places != NULL);
    struct rh_block *place = &places[rh_random_below(&actor->random, part->slots.places)];
    struct rh_block kept = *place;
    *place = *block;
    *block = kept;
}

static int act(struct rh_actor *actor, const struct rh_synthetic_part *part,
               enum rh_slot_action action, struct rh_block *block, struct rh_error *error) {
    bool occupied = rh_block_is(block);
    switch (action) {
    case RH_SLOT_REPLACE:
        rh_try(rh_actor_release(actor, part, block, error));
        return rh_actor_acquire(actor, part, error, block);
    case RH_SLOT_TOGGLE:
        return occupied ? rh_actor_release(actor, part, block, error)
                        : rh_actor_acquire(actor, part, error, block);
    case RH_SLOT_FILL:
        return occupied ? 0 : rh_actor_acquire(actor, part, error, block);
    case RH_SLOT_FREE:
        return rh_actor_release(actor, part, block, error);
    case RH_SLOT_RESIZE:
        if (!occupied)
            return rh_actor_acquire(actor, part, error, block);
        return rh_actor_resize(actor, block, rh_distribution_draw(&part->size, &actor->random),
                               error);
    default:
        exchange(actor, part, block);
        return 0;
    }
}

static int step(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
                struct rh_error *error) {
    struct slots *slots = state;
    while (slots->filled < part->slots.count) {
        struct rh_block *block = &slots->blocks[slots->filled++];
        if (part->slots.start == RH_SLOT_START_HALF && rh_random_next(&actor->random) >> 63)
            continue;
        rh_try(rh_actor_acquire(actor, part, error, block));
        return RH_STEP_GOES_ON;
    }
    uint32_t slot = pick(actor, &part->slots, slots);
    rh_assert_hot(slot < part->slots.count);
    size_t action = rh_actor_choose(actor, slots->actions, RH_SLOT_ACTIONS);
    rh_try(act(actor, part, (enum rh_slot_action)action, &slots->blocks[slot], error));
    return RH_STEP_GOES_ON;
}

static int end(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
               struct rh_error *error) {
    struct slots *slots = state;
    return rh_actor_release_all(actor, part, slots->blocks, part->slots.count, error);
}

static void destroy(void *state) {
    rh_free(state);
}

const struct rh_behaviour rh_behaviour_slots = {create, step, end, destroy};
