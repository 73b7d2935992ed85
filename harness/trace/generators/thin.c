/* thin.c - rounds of ever larger blocks, after each of which every other of all blocks is freed.
 *
 * Robson ("Bounds for some functions concerning dynamic storage allocation", 1974) shows that for
 * any allocator that moves nothing there is a program that needs about log2(n) / 2 times its live
 * bytes, for sizes up to n: it leaves single blocks behind so that no hole takes the next larger
 * size. His program looks at the addresses; this one assumes that neighbours in time are neighbours
 * in memory. */
#include "base/assert.h"
#include "base/memory.h"
#include "trace/generators/stage.h"

struct thin {
    uint32_t round;
    bool thinning;
    uint64_t live_bytes;
    struct rh_block *blocks; /* all that are live, in the order in which they were made */
    size_t count, capacity;
    size_t from, to; /* thinning: the next to look at, and where the next that stays goes */
};

static int create(struct rh_actor *actor, const struct rh_synthetic_part *part,
                  struct rh_error *error, void **ret_state) {
    (void)actor;
    (void)part;
    *ret_state = rh_alloc_zeroed(1, sizeof(struct thin));
    return *ret_state != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for thinning");
}

static int fill(struct rh_actor *actor, const struct rh_synthetic_part *part, struct thin *thin,
                uint64_t size, struct rh_error *error) {
    rh_try(rh_grow((void **)&thin->blocks, &thin->capacity, thin->count + 1, sizeof(*thin->blocks),
                   error));
    rh_try(rh_actor_acquire_sized(actor, part, size, error, &thin->blocks[thin->count]));
    thin->count++;
    thin->live_bytes += size;
    return RH_STEP_GOES_ON;
}

/* Keeps one, frees the next. */
static int thin_out(struct rh_actor *actor, const struct rh_synthetic_part *part, struct thin *thin,
                    struct rh_error *error) {
    rh_assert(thin->from < thin->count);
    thin->blocks[thin->to++] = thin->blocks[thin->from++];
    if (thin->from < thin->count) {
        struct rh_block *block = &thin->blocks[thin->from++];
        thin->live_bytes -= block->size;
        rh_try(rh_actor_release(actor, part, block, error));
    }
    if (thin->from < thin->count)
        return RH_STEP_GOES_ON;
    thin->count = thin->to;
    thin->thinning = false;
    thin->round++;
    return RH_STEP_GOES_ON;
}

static int step(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
                struct rh_error *error) {
    struct thin *thin = state;
    if (thin->round >= part->thin.rounds)
        return RH_STEP_DONE;
    if (thin->thinning)
        return thin_out(actor, part, thin, error);
    uint64_t size = rh_distribution_draw(&part->size, &actor->random) << thin->round;
    if (thin->count == 0 || thin->live_bytes + size <= part->thin.live_bytes)
        return fill(actor, part, thin, size, error);
    thin->thinning = true;
    thin->from = 0;
    thin->to = 0;
    return thin_out(actor, part, thin, error);
}

static int end(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
               struct rh_error *error) {
    struct thin *thin = state;
    /* In the midst of thinning what was freed or moved stands between `to` and `from`. */
    size_t begin = thin->thinning ? thin->from : 0;
    if (thin->thinning)
        rh_try(rh_actor_release_all(actor, part, thin->blocks, thin->to, error));
    rh_try(rh_actor_release_all(actor, part, thin->blocks + begin, thin->count - begin, error));
    thin->count = 0;
    return 0;
}

static void destroy(void *state) {
    struct thin *thin = state;
    if (thin != NULL)
        rh_free(thin->blocks);
    rh_free(thin);
}

const struct rh_behaviour rh_behaviour_thin = {create, step, end, destroy};
