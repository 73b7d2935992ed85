/* objects.h - the objects that are live while a trace is compiled: id to slot, and facts by slot.
 * Memory grows with the live objects, not with the trace. */
#ifndef RH_COMPILE_OBJECTS_H
#define RH_COMPILE_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/live.h"

/* What is known of the object in a slot. In a free slot `last` is where it was released. */
struct rh_object {
    uint64_t size;
    uint64_t last;     /* position of the last op that touches it */
    uint64_t acquired; /* position of the op that made it */
    uint32_t thread;   /* whose stream has them */
    uint8_t align_log2;
    uint8_t live;
    uint8_t resized; /* by realloc: no sized free (allocator.h) */
};

/* Facts lie by slot and not by id: slots are used again at once, so the table stays in cache. */
struct rh_objects {
    struct rh_object *by_slot;
    size_t capacity;
    uint64_t slots;     /* ever made */
    struct rh_live ids; /* to slots */
};

void rh_objects_init(struct rh_objects *objects);
void rh_objects_finish(struct rh_objects *objects);

/* A slot that was never used; RH_ERR_LIMIT beyond RH_TAPE_SLOTS_MAX. */
int rh_objects_make_slot(struct rh_objects *objects, struct rh_error *error, uint32_t *ret_slot);
int rh_objects_fail_dead(uint64_t id, struct rh_error *error);

/* Notes that object `id`, the newest, lives in `slot`. */
static inline int rh_objects_add(struct rh_objects *objects, uint64_t id, uint32_t slot,
                                 struct rh_error *error) {
    void *entry = NULL;
    rh_try(rh_live_add(&objects->ids, id, error, &entry));
    *(uint32_t *)entry = slot;
    return 0;
}

/* Where the object lives; RH_ERR_FORMAT when it is not live. */
static inline int rh_objects_find(const struct rh_objects *objects, uint64_t id,
                                  struct rh_error *error, uint32_t *ret_slot) {
    const uint32_t *entry = rh_live_find(&objects->ids, id);
    if (__builtin_expect(entry == NULL, 0))
        return rh_objects_fail_dead(id, error);
    *ret_slot = *entry;
    return 0;
}

/* As find, and the id is gone. */
static inline int rh_objects_take(struct rh_objects *objects, uint64_t id, struct rh_error *error,
                                  uint32_t *ret_slot) {
    rh_try(rh_objects_find(objects, id, error, ret_slot));
    return rh_live_remove(&objects->ids, id, error);
}

static inline uint64_t rh_objects_count(const struct rh_objects *objects) {
    return objects->ids.count;
}

#endif
