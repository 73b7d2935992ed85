/* objects.c - ids of live objects to slots. */
#include "compile/objects.h"

#include <inttypes.h>

#include "base/memory.h"
#include "compile/tape.h"

void rh_objects_init(struct rh_objects *objects) {
    *objects = (struct rh_objects){0};
    rh_live_init(&objects->ids, sizeof(uint32_t));
}

void rh_objects_finish(struct rh_objects *objects) {
    rh_free(objects->by_slot);
    rh_live_finish(&objects->ids);
    objects->by_slot = NULL;
}

int rh_objects_make_slot(struct rh_objects *objects, struct rh_error *error, uint32_t *ret_slot) {
    if (objects->slots >= RH_TAPE_SLOTS_MAX)
        return rh_fail(error, RH_ERR_LIMIT, "more than %" PRIu64 " objects live at once",
                       RH_TAPE_SLOTS_MAX);
    rh_try(rh_grow((void **)&objects->by_slot, &objects->capacity, objects->slots + 1,
                   sizeof(*objects->by_slot), error));
    objects->by_slot[objects->slots] = (struct rh_object){0};
    *ret_slot = (uint32_t)objects->slots++;
    return 0;
}

int rh_objects_add(struct rh_objects *objects, uint64_t id, uint32_t slot, struct rh_error *error) {
    void *entry = NULL;
    rh_try(rh_live_add(&objects->ids, id, error, &entry));
    *(uint32_t *)entry = slot;
    return 0;
}

int rh_objects_find(const struct rh_objects *objects, uint64_t id, struct rh_error *error,
                    uint32_t *ret_slot) {
    const uint32_t *entry = rh_live_find(&objects->ids, id);
    if (entry == NULL)
        return rh_fail(error, RH_ERR_FORMAT, "object %" PRIu64 " is not live", id);
    *ret_slot = *entry;
    return 0;
}

int rh_objects_take(struct rh_objects *objects, uint64_t id, struct rh_error *error,
                    uint32_t *ret_slot) {
    uint32_t slot = 0;
    rh_try(rh_objects_find(objects, id, error, &slot));
    rh_try(rh_live_remove(&objects->ids, id, error));
    *ret_slot = slot;
    return 0;
}
