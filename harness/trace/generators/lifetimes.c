/* lifetimes.c - each block is given its lifetime at birth. */
#include "base/assert.h"
#include "base/memory.h"
#include "trace/generators/stage.h"

struct mortal {
    uint64_t due; /* the step that frees it */
    struct rh_block block;
};

/* A binary heap, what is due first on top; ties by id. */
struct lifetimes {
    uint64_t now; /* steps of this part */
    struct mortal *heap;
    size_t count, capacity;
};

static bool is_earlier(const struct mortal *a, const struct mortal *b) {
    return a->due != b->due ? a->due < b->due : a->block.id < b->block.id;
}

static int insert(struct lifetimes *lifetimes, struct mortal mortal, struct rh_error *error) {
    rh_try(rh_grow((void **)&lifetimes->heap, &lifetimes->capacity, lifetimes->count + 1,
                   sizeof(*lifetimes->heap), error));
    size_t at = lifetimes->count++;
    for (; at > 0 && is_earlier(&mortal, &lifetimes->heap[(at - 1) / 2]); at = (at - 1) / 2)
        lifetimes->heap[at] = lifetimes->heap[(at - 1) / 2];
    lifetimes->heap[at] = mortal;
    return 0;
}

static struct mortal remove_first(struct lifetimes *lifetimes) {
    rh_assert(lifetimes->count > 0);
    struct mortal first = lifetimes->heap[0];
    struct mortal moved = lifetimes->heap[--lifetimes->count];
    size_t at = 0;
    for (size_t child = 1; child < lifetimes->count; child = 2 * at + 1) {
        if (child + 1 < lifetimes->count &&
            is_earlier(&lifetimes->heap[child + 1], &lifetimes->heap[child]))
            child++;
        if (!is_earlier(&lifetimes->heap[child], &moved))
            break;
        lifetimes->heap[at] = lifetimes->heap[child];
        at = child;
    }
    lifetimes->heap[at] = moved;
    return first;
}

static int create(struct rh_actor *actor, const struct rh_synthetic_part *part,
                  struct rh_error *error, void **ret_state) {
    (void)actor;
    (void)part;
    *ret_state = rh_alloc_zeroed(1, sizeof(struct lifetimes));
    return *ret_state != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for lifetimes");
}

static int step(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
                struct rh_error *error) {
    struct lifetimes *lifetimes = state;
    lifetimes->now++;
    while (lifetimes->count > 0 && lifetimes->heap[0].due <= lifetimes->now) {
        struct mortal first = remove_first(lifetimes);
        rh_try(rh_actor_release(actor, part, &first.block, error));
    }
    struct mortal born = {0};
    rh_try(rh_actor_acquire(actor, part, error, &born.block));
    born.due = lifetimes->now + rh_distribution_draw(&part->lifetimes.steps, &actor->random);
    rh_try(insert(lifetimes, born, error));
    return RH_STEP_GOES_ON;
}

static int end(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
               struct rh_error *error) {
    struct lifetimes *lifetimes = state;
    while (lifetimes->count > 0 && !part->stay) {
        struct mortal first = remove_first(lifetimes);
        rh_try(rh_actor_release(actor, part, &first.block, error));
    }
    lifetimes->count = 0;
    return 0;
}

static void destroy(void *state) {
    struct lifetimes *lifetimes = state;
    if (lifetimes != NULL)
        rh_free(lifetimes->heap);
    rh_free(lifetimes);
}

const struct rh_behaviour rh_behaviour_lifetimes = {create, step, end, destroy};
