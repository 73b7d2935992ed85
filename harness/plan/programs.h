/* programs.h - the key "programs" of a plan. Private to plan/. */
#ifndef RH_PLAN_PROGRAMS_H
#define RH_PLAN_PROGRAMS_H

#include "plan/document.h"
#include "plan/plan_internal.h"

/* Reads a list of programs; paths are relative to `directory`. */
int rh_plan_read_programs(struct rh_yaml *yaml, const yaml_node_t *value, struct rh_plan *plan,
                          const char *directory);

#endif
