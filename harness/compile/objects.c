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

int rh_objects_fail_dead(uint64_t id, struct rh_error *error) {
    return rh_fail(error, RH_ERR_FORMAT, "object %" PRIu64 " is not live", id);
}
