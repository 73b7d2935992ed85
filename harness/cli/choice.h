/* choice.h - which allocators "bench" takes when it is told none, and what short names stand for.
 */
#ifndef RH_CLI_CHOICE_H
#define RH_CLI_CHOICE_H

#include "plan/plan.h"

/* Adds the allocators of a comma-separated list, each named as in a plan. NULL: all that are worth
 * comparing, glibc first; those that are not installed are added too, so that the report can say
 * so. */
int rh_cli_choose_allocators(struct rh_plan *plan, const char *list, struct rh_error *error);

#endif
