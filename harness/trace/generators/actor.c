/* actor.c - one thread of a role: its parts, its steps, its successors. */
#include "base/assert.h"
#include "base/memory.h"
#include "trace/generators/stage.h"

static const struct rh_behaviour *const behaviours[RH_BEHAVIOURS] = {
    [RH_BEHAVIOUR_SLOTS] = &rh_behaviour_slots,
    [RH_BEHAVIOUR_BATCH] = &rh_behaviour_batch,
    [RH_BEHAVIOUR_PRODUCE] = &rh_behaviour_produce,
    [RH_BEHAVIOUR_CONSUME] = &rh_behaviour_consume,
    [RH_BEHAVIOUR_LIFETIMES] = &rh_behaviour_lifetimes,
    [RH_BEHAVIOUR_GROW] = &rh_behaviour_grow,
    [RH_BEHAVIOUR_THIN] = &rh_behaviour_thin,
};

static const struct rh_behaviour *behaviour_of(const struct rh_synthetic_part *part) {
    return behaviours[part->behaviour];
}

static int create_states(struct rh_actor *actor, struct rh_error *error) {
    for (size_t i = 0; i < actor->role->part_count; i++) {
        const struct rh_synthetic_part *part = &actor->role->parts[i];
        rh_try(behaviour_of(part)->create(actor, part, error, &actor->states[i]));
    }
    return 0;
}

static void destroy_states(struct rh_actor *actor) {
    for (size_t i = 0; i < actor->role->part_count; i++) {
        behaviour_of(&actor->role->parts[i])->destroy(actor->states[i]);
        actor->states[i] = NULL;
    }
}

/* The first sibling keeps what all share. */
static int create_places(struct rh_actor *actor, struct rh_error *error) {
    for (size_t i = 0; i < actor->role->part_count; i++) {
        const struct rh_synthetic_part *part = &actor->role->parts[i];
        if (part->behaviour != RH_BEHAVIOUR_SLOTS || part->slots.actions[RH_SLOT_EXCHANGE] <= 0)
            continue;
        actor->places[i] = rh_alloc_zeroed(part->slots.places, sizeof(**actor->places));
        if (actor->places[i] == NULL)
            return rh_fail(error, RH_ERR_MEMORY, "no memory for %u places", part->slots.places);
        for (uint32_t j = 0; j < part->slots.places; j++)
            actor->places[i][j] = rh_no_block;
    }
    return 0;
}

int rh_actor_init(struct rh_actor *actor, struct rh_stage *stage,
                  const struct rh_synthetic_role *role, struct rh_error *error) {
    rh_assert(actor->siblings != NULL);
    actor->role = role;
    actor->stage = stage;
    actor->thread = stage->main.thread;
    actor->time_ns = stage->time_ns;
    actor->order = ++stage->actors_made;
    rh_random_seed(&actor->random,
                   stage->synthetic->seed + actor->order * UINT64_C(0xd1342543de82ef95));
    for (size_t i = 0; i < role->part_count; i++)
        actor->weights[i] = role->parts[i].weight;
    if (actor == actor->siblings)
        rh_try(create_places(actor, error));
    return create_states(actor, error);
}

void rh_actor_finish(struct rh_actor *actor) {
    if (actor->role == NULL)
        return;
    destroy_states(actor);
    for (size_t i = 0; i < actor->role->part_count; i++)
        rh_free(actor->places[i]);
    *actor = (struct rh_actor){0};
}

static bool is_last_sibling(const struct rh_actor *actor) {
    for (uint32_t i = 0; i < actor->role->threads; i++)
        if (&actor->siblings[i] != actor && !actor->siblings[i].ended)
            return false;
    return true;
}

static int end_parts(struct rh_actor *actor, struct rh_error *error) {
    for (size_t i = 0; i < actor->role->part_count; i++) {
        const struct rh_synthetic_part *part = &actor->role->parts[i];
        rh_try(behaviour_of(part)->end(actor, part, actor->states[i], error));
    }
    return 0;
}

static int release_places(struct rh_actor *actor, struct rh_error *error) {
    for (size_t i = 0; i < actor->role->part_count; i++) {
        const struct rh_synthetic_part *part = &actor->role->parts[i];
        if (actor->siblings->places[i] != NULL)
            rh_try(rh_actor_release_all(actor, part, actor->siblings->places[i], part->slots.places,
                                        error));
    }
    return 0;
}

int rh_actor_end(struct rh_actor *actor, struct rh_error *error) {
    if (actor->ended)
        return 0;
    rh_try(end_parts(actor, error));
    if (is_last_sibling(actor))
        rh_try(release_places(actor, error));
    if (!actor->role->on_main)
        return rh_stage_end_thread(actor->stage, actor, error);
    actor->ended = true;
    return 0;
}

/* Another thread takes the place: an heir is started by the one whose blocks it takes over, any
 * other by the main thread. */
static int replace_thread(struct rh_actor *actor, struct rh_error *error) {
    bool inherit = actor->role->inherit;
    if (!inherit)
        rh_try(end_parts(actor, error));
    uint32_t successor;
    rh_try(rh_stage_start_thread(actor->stage, inherit ? actor : &actor->stage->main, error,
                                 &successor));
    rh_try(rh_stage_end_thread(actor->stage, actor, error));
    actor->ended = false;
    actor->thread = successor;
    actor->steps_of_thread = 0;
    if (inherit)
        return 0;
    destroy_states(actor);
    return create_states(actor, error);
}

/* When the actor can take its next step. */
static void advance(struct rh_actor *actor) {
    uint64_t now = actor->stage->time_ns;
    uint64_t gap = rh_distribution_draw(&actor->role->gap_ns, &actor->random);
    uint64_t next = (actor->time_ns > now ? actor->time_ns : now) + gap;
    actor->time_ns = next / RH_STAGE_QUANTUM_NS * RH_STAGE_QUANTUM_NS;
    if (actor->time_ns <= now)
        actor->time_ns = now + RH_STAGE_QUANTUM_NS;
}

int rh_actor_step(struct rh_actor *actor, struct rh_error *error) {
    const struct rh_synthetic_role *role = actor->role;
    struct rh_stage *stage = actor->stage;
    if (stage->time_ns < actor->time_ns)
        stage->time_ns = actor->time_ns;
    size_t chosen = rh_actor_choose(actor, actor->weights, role->part_count);
    const struct rh_synthetic_part *part = &role->parts[chosen];
    int result = behaviour_of(part)->step(actor, part, actor->states[chosen], error);
    if (result != RH_STEP_GOES_ON)
        return result;

    actor->steps++;
    actor->steps_of_thread++;
    if (role->steps > 0 && actor->steps >= role->steps)
        return RH_STEP_DONE;
    if (role->restart_after > 0 && actor->steps_of_thread >= role->restart_after)
        rh_try(replace_thread(actor, error));
    advance(actor);
    return RH_STEP_GOES_ON;
}
