/* slots.c - who may use a free slot.
 *
 * A thread that releases an object owns its slot: what it does next there comes after the release
 * in its own order, so no synchronisation is needed. Where one thread only acquires and another
 * only releases, the first would need new slots for ever. So when free slots outnumber the live
 * objects, a thread takes over the oldest ones of another, in bulk, behind one edge
 * (docs/adr/0041). */
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "compile/compiler_internal.h"

static size_t pool_count(const struct rh_slot_pool *pool) {
    return pool->top - pool->bottom;
}

int rh_slot_pool_push(struct rh_slot_pool *pool, uint32_t slot, struct rh_error *error) {
    if (pool->top == pool->capacity && pool->bottom > pool->capacity / 2) {
        memmove(pool->slots, pool->slots + pool->bottom, pool_count(pool) * sizeof(*pool->slots));
        pool->top -= pool->bottom;
        pool->bottom = 0;
    }
    rh_try(rh_grow((void **)&pool->slots, &pool->capacity, pool->top + 1, sizeof(*pool->slots),
                   error));
    pool->slots[pool->top++] = slot;
    return 0;
}

int rh_compiler_orphan_slots(struct rh_compiler *compiler, uint32_t thread,
                             struct rh_error *error) {
    if (pool_count(&compiler->threads[thread].pool) == 0)
        return 0;
    rh_try(rh_grow((void **)&compiler->orphans, &compiler->orphan_capacity,
                   compiler->orphan_count + 1, sizeof(*compiler->orphans), error));
    compiler->orphans[compiler->orphan_count++] = thread;
    return 0;
}

/* Moves the `count` oldest slots of `from` to `thread`, which then comes behind their releases. */
static int take_over(struct rh_compiler *compiler, uint32_t thread, uint32_t from, size_t count,
                     struct rh_error *error) {
    struct rh_slot_pool *pool = &compiler->threads[from].pool;
    rh_assert(count > 0 && count <= pool_count(pool));
    uint64_t newest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t slot = pool->slots[pool->bottom + i];
        uint64_t released = compiler->objects.by_slot[slot].last;
        newest = released > newest ? released : newest;
        rh_try(rh_slot_pool_push(&compiler->threads[thread].pool, slot, error));
    }
    pool->bottom += count;
    uint64_t edges = compiler->header.edges;
    rh_try(rh_compiler_order(compiler, thread, from, newest, error));
    compiler->header.edges_slot += compiler->header.edges - edges;
    return 0;
}

static int take_orphans(struct rh_compiler *compiler, uint32_t thread, struct rh_error *error) {
    uint32_t from = compiler->orphans[--compiler->orphan_count];
    struct rh_slot_pool *pool = &compiler->threads[from].pool;
    rh_try(take_over(compiler, thread, from, pool_count(pool), error));
    rh_free(pool->slots);
    *pool = (struct rh_slot_pool){0};
    return 0;
}

/* Half of the fullest pool, so that its owner keeps the younger half. */
static int take_from_fullest(struct rh_compiler *compiler, uint32_t thread,
                             struct rh_error *error) {
    uint32_t fullest = thread;
    for (size_t i = 0; i < compiler->alive_count; i++) {
        uint32_t other = compiler->alive[i];
        if (pool_count(&compiler->threads[other].pool) >
            pool_count(&compiler->threads[fullest].pool))
            fullest = other;
    }
    size_t count = pool_count(&compiler->threads[fullest].pool);
    if (fullest == thread || count < 2)
        return 0;
    return take_over(compiler, thread, fullest, count / 2, error);
}

static bool too_many_free(const struct rh_objects *objects) {
    uint64_t live_count = rh_objects_count(objects);
    uint64_t free_count = objects->slots - live_count;
    return free_count > RH_FREE_SLOTS_MIN && free_count > live_count;
}

/* What was taken over is the thread's from its next op on, which comes behind all of the releases:
 * who takes it over in turn has to wait for that op, not for one of a third thread's stream. */
static int own_pool(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                    struct rh_error *error) {
    if (pool_count(&self->pool) == 0)
        return 0;
    rh_try(rh_stream_fit(&compiler->writer, &self->stream, RH_TAPE_ALLOC_WORDS_MOST, error));
    for (size_t i = self->pool.bottom; i < self->pool.top; i++)
        compiler->objects.by_slot[self->pool.slots[i]].last = self->stream.at;
    return 0;
}

int rh_compiler_find_slot(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                          struct rh_error *error, uint32_t *ret_slot) {
    struct rh_slot_pool *pool = &self->pool;
    uint32_t thread = (uint32_t)(self - compiler->threads);
    rh_assert(pool_count(pool) == 0);
    if (too_many_free(&compiler->objects)) {
        if (compiler->orphan_count > 0)
            rh_try(take_orphans(compiler, thread, error));
        else
            rh_try(take_from_fullest(compiler, thread, error));
        rh_try(own_pool(compiler, self, error));
    }
    if (pool_count(pool) == 0)
        return rh_objects_make_slot(&compiler->objects, error, ret_slot);
    *ret_slot = pool->slots[--pool->top];
    return 0;
}
