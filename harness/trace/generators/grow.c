/* grow.c - buffers that grow by realloc until they are full: strings, vectors, output buffers. */
#include "base/memory.h"
#include "trace/generators/stage.h"

struct buffer {
    struct rh_block block;
    uint64_t until_bytes;
};

static int create(struct rh_actor *actor, const struct rh_synthetic_part *part,
                  struct rh_error *error, void **ret_state) {
    (void)actor;
    uint32_t count = part->grow.buffers;
    struct buffer *buffers = rh_alloc(count * sizeof(*buffers));
    if (buffers == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %u buffers", count);
    for (uint32_t i = 0; i < count; i++)
        buffers[i] = (struct buffer){.block = rh_no_block};
    *ret_state = buffers;
    return 0;
}

static uint64_t grown(const struct rh_synthetic_grow *grow, uint64_t size) {
    uint64_t larger = (uint64_t)((double)size * grow->factor) + grow->add;
    return larger > size ? larger : size + 1;
}

static int step(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
                struct rh_error *error) {
    struct buffer *buffers = state;
    struct buffer *buffer = &buffers[rh_random_below(&actor->random, part->grow.buffers)];
    if (!rh_block_is(&buffer->block)) {
        rh_try(rh_actor_acquire(actor, part, error, &buffer->block));
        buffer->until_bytes = rh_distribution_draw(&part->grow.until, &actor->random);
    } else if (buffer->block.size < buffer->until_bytes) {
        rh_try(
            rh_actor_resize(actor, &buffer->block, grown(&part->grow, buffer->block.size), error));
    } else {
        rh_try(rh_actor_release(actor, part, &buffer->block, error));
    }
    return RH_STEP_GOES_ON;
}

static int end(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
               struct rh_error *error) {
    struct buffer *buffers = state;
    for (uint32_t i = 0; i < part->grow.buffers; i++)
        rh_try(rh_actor_release_all(actor, part, &buffers[i].block, 1, error));
    return 0;
}

static void destroy(void *state) {
    rh_free(state);
}

const struct rh_behaviour rh_behaviour_grow = {create, step, end, destroy};
