/* plan_check.c - loads each plan that it is given: prints "PATH: well", or the sentence that
 * refuses it. Given none, it prints the names of the allocators that a plan may name. */
#include <stdio.h>

#include "allocator/registry.h"
#include "plan/plan.h"

static void print_names(void) {
    for (const struct rh_allocator_ops *const *ops = rh_registry_builtins(); *ops != NULL; ops++)
        if (((*ops)->flags & (RH_ALLOCATOR_FLOOR | RH_ALLOCATOR_WRAPPER)) == 0)
            printf("%s\n", (*ops)->name);
}

int main(int argc, char **argv) {
    if (argc == 1)
        print_names();
    for (int i = 1; i < argc; i++) {
        struct rh_error error = {0};
        struct rh_plan *plan = NULL;
        if (rh_plan_load(argv[i], &error, &plan) == 0)
            printf("%s: well\n", argv[i]);
        else
            printf("%s\n", error.message);
        rh_plan_destroy(plan);
    }
    return 0;
}
