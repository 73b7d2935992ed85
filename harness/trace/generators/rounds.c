/* rounds.c - the behaviour "batch": many blocks are made, then most of them freed, again and again:
 * a request, a frame, a compiler's pass. */
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/generators/stage.h"

struct rounds {
    bool freeing;
    uint32_t next;                 /* slot to look at when filling */
    uint32_t keep_from, keep_to;   /* the window of the last round */
    uint32_t doomed_at, doomed_to; /* what is still to be freed */
    uint64_t condemned;            /* blocks that came to be freed, in all rounds */
    struct rh_block *doomed;       /* behind `blocks` */
    struct rh_block blocks[];
};

static int create(struct rh_actor *actor, const struct rh_synthetic_part *part,
                  struct rh_error *error, void **ret_state) {
    (void)actor;
    size_t count = part->batch.count;
    struct rounds *rounds = rh_alloc(sizeof(*rounds) + 2 * count * sizeof(*rounds->blocks));
    if (rounds == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a batch of %zu blocks", count);
    *rounds = (struct rounds){.keep_to = 0};
    for (size_t i = 0; i < 2 * count; i++)
        rounds->blocks[i] = rh_no_block;
    rounds->doomed = rounds->blocks + count;
    *ret_state = rounds;
    return 0;
}

static void move_window(struct rounds *rounds, const struct rh_synthetic_batch *batch) {
    uint32_t width = (uint32_t)(batch->keep * batch->count);
    uint32_t from = rounds->keep_to < batch->count ? rounds->keep_to : 0;
    rounds->keep_from = from;
    rounds->keep_to = width < batch->count - from ? from + width : batch->count;
    if (width == 0)
        rounds->keep_to = from;
}

/* Appends the blocks of some slots to the doomed, but for those that are left for ever. */
static void condemn(struct rounds *rounds, const struct rh_synthetic_batch *batch, uint32_t from,
                    uint32_t to) {
    for (uint32_t i = from; i < to; i++) {
        struct rh_block block = rounds->blocks[i];
        rounds->blocks[i] = rh_no_block;
        bool left = batch->leave_every > 0 && ++rounds->condemned % batch->leave_every == 0;
        if (!left)
            rounds->doomed[rounds->doomed_to++] = block;
    }
}

static enum rh_free_order opposite(enum rh_free_order order) {
    return order == RH_FREE_ORDER_FIFO ? RH_FREE_ORDER_LIFO : RH_FREE_ORDER_FIFO;
}

/* All slots are full: chooses what dies, and in which order. */
static void turn(struct rh_actor *actor, const struct rh_synthetic_batch *batch,
                 struct rounds *rounds) {
    move_window(rounds, batch);
    rounds->doomed_at = 0;
    rounds->doomed_to = 0;
    condemn(rounds, batch, 0, rounds->keep_from);
    uint32_t before = rounds->doomed_to;
    condemn(rounds, batch, rounds->keep_to, batch->count);
    uint32_t behind = rounds->doomed_to - before;
    if (batch->ends) {
        rh_actor_order(actor, rounds->doomed, before, batch->order);
        rh_actor_order(actor, rounds->doomed + before, behind, opposite(batch->order));
    } else {
        rh_actor_order(actor, rounds->doomed, before + behind, batch->order);
    }
    rounds->freeing = rounds->doomed_to > 0;
    rounds->next = 0;
}

static int step(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
                struct rh_error *error) {
    struct rounds *rounds = state;
    if (rounds->freeing) {
        rh_try(rh_actor_release(actor, part, &rounds->doomed[rounds->doomed_at++], error));
        rounds->freeing = rounds->doomed_at < rounds->doomed_to;
        return RH_STEP_GOES_ON;
    }
    while (rh_block_is(&rounds->blocks[rounds->next]))
        rounds->next++;
    rh_assert(rounds->next < part->batch.count);
    rh_try(rh_actor_acquire(actor, part, error, &rounds->blocks[rounds->next++]));
    while (rounds->next < part->batch.count && rh_block_is(&rounds->blocks[rounds->next]))
        rounds->next++;
    if (rounds->next == part->batch.count)
        turn(actor, &part->batch, rounds);
    return RH_STEP_GOES_ON;
}

static int end(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
               struct rh_error *error) {
    struct rounds *rounds = state;
    if (rounds->freeing)
        rh_try(rh_actor_release_all(actor, part, rounds->doomed + rounds->doomed_at,
                                    rounds->doomed_to - rounds->doomed_at, error));
    rounds->freeing = false;
    return rh_actor_release_all(actor, part, rounds->blocks, part->batch.count, error);
}

static void destroy(void *state) {
    rh_free(state);
}

const struct rh_behaviour rh_behaviour_batch = {create, step, end, destroy};
