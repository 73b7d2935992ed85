/* fuzz_plan.c - plans: whatever the text, a plan that is complete or a sentence. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct rh_plan *plan) {
    if (plan->allocator_count == 0 || plan->allocator_count > RH_PLAN_ALLOCATORS_MOST ||
        (plan->trace_count == 0 && plan->program_count == 0) ||
        plan->trace_count > RH_PLAN_TRACES_MOST || plan->baseline >= plan->allocator_count ||
        (plan->rounds == 0) != (plan->budget_ns > 0) || plan->rounds > RH_PLAN_ROUNDS_MOST ||
        (plan->rounds > 0 && plan->memory_rounds > plan->rounds))
        abort();
    for (size_t i = 0; i < plan->allocator_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(plan->allocators[i].label, plan->allocators[j].label) == 0)
                abort();
}

/* The traces that the seeds name are files that every process has. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct rh_plan *plan = NULL;
    struct rh_error error = {0};
    int result = rh_plan_parse((const char *)data, bytes, "fuzz.yaml", &error, &plan);
    if ((result == 0) != (plan != NULL) || (result < 0 && error.message[0] == '\0'))
        abort();
    if (result == 0)
        check(plan);
    rh_plan_destroy(plan);
    return 0;
}
