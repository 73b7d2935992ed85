/* synthetic_internal.h - shared by the files that read a description. */
#ifndef RH_PLAN_SYNTHETIC_INTERNAL_H
#define RH_PLAN_SYNTHETIC_INTERNAL_H

#include "plan/fields.h"
#include "trace/generators/synthetic.h"

/* Fields of a part name base 1, those of what it lies in base 0. */
enum { OUTER = 0, PART = 1 };

/* What is being read; the context of every target. */
struct rh_synthetic_loader {
    struct rh_synthetic *synthetic;
    struct rh_synthetic_phase *phase;
    struct rh_synthetic_role *role;
    struct rh_synthetic_part *part;
};

static inline struct rh_synthetic_loader *rh_synthetic_loader(void *target) {
    return ((struct rh_field_target *)target)->context;
}

/* The fields of the behaviour `key`, into the part of the target's loader, which has that
 * behaviour. */
int rh_synthetic_read_behaviour(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                                void *target);
/* The one behaviour among the keys of a mapping; -1: none. Two are refused. */
int rh_synthetic_find_behaviour(struct rh_yaml *yaml, const yaml_node_t *node, int *ret_behaviour);
/* "slots". */
const char *rh_synthetic_behaviour_name(int behaviour);

#endif
