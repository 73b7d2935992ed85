/* rounds.c - how many rounds a plan has: a name, a number, or what a budget will allow. */
#include <string.h>

#include "plan/plan_internal.h"

static const struct {
    const char *name;
    uint32_t rounds, memory_rounds;
} sizes[] = {
#define X(name, text, rounds, memory_rounds) {text, rounds, memory_rounds},
    RH_PLAN_SIZE_MAP(X)
#undef X
};

int rh_plan_set_rounds(struct rh_plan *plan, const char *text, struct rh_error *error) {
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (strcmp(text, sizes[i].name) == 0) {
            plan->rounds = sizes[i].rounds;
            return 0;
        }
    }
    return rh_plan_parse_rounds(text, "rounds", error, &plan->rounds);
}

uint32_t rh_plan_memory_rounds_of(const struct rh_plan *plan, uint32_t rounds) {
    const size_t last = sizeof(sizes) / sizeof(sizes[0]) - 1;
    if (!plan->passes[RH_PASS_MEMORY])
        return 0;
    uint32_t memory_rounds = plan->memory_rounds;
    if (!plan->memory_rounds_set && !plan->passes[RH_PASS_THROUGHPUT]) {
        memory_rounds = rounds;
    } else if (!plan->memory_rounds_set) {
        size_t size = 0;
        while (size < last && sizes[size].rounds < rounds)
            size++;
        memory_rounds = sizes[size].memory_rounds;
    }
    return memory_rounds < rounds ? memory_rounds : rounds;
}

uint32_t rh_plan_pass_rounds_of(const struct rh_plan *plan, enum rh_pass pass, uint32_t rounds) {
    static const uint32_t most[RH_PASSES] = {
        [RH_PASS_THROUGHPUT] = UINT32_MAX,
        [RH_PASS_LATENCY] = 5,
        [RH_PASS_SYSCALLS] = 3,
    };
    if (pass == RH_PASS_MEMORY)
        return rh_plan_memory_rounds_of(plan, rounds);
    if (!plan->passes[pass])
        return 0;
    return !plan->passes[RH_PASS_THROUGHPUT] || rounds < most[pass] ? rounds : most[pass];
}

int rh_plan_fill_rounds(struct rh_plan *plan, struct rh_error *error) {
    if (plan->rounds == 0 && plan->budget_ns > 0)
        return 0; /* known behind the warm-up round only */
    if (plan->rounds == 0)
        plan->rounds = sizes[1].rounds;
    if (plan->memory_rounds_set && plan->passes[RH_PASS_MEMORY] &&
        plan->memory_rounds > plan->rounds)
        return rh_fail(error, RH_ERR_INVALID, "memory_rounds is %u, but there are only %u rounds",
                       plan->memory_rounds, plan->rounds);
    plan->memory_rounds = rh_plan_memory_rounds_of(plan, plan->rounds);
    return 0;
}

int rh_plan_override_budget(struct rh_plan *plan, const char *text, struct rh_error *error) {
    plan->rounds = 0;
    rh_try(rh_plan_set_budget(plan, text, error));
    return rh_plan_complete(plan, error);
}

int rh_plan_override_rounds(struct rh_plan *plan, const char *text, struct rh_error *error) {
    rh_try(rh_plan_set_rounds(plan, text, error));
    plan->budget_ns = 0;
    if (plan->memory_rounds_set && plan->memory_rounds > plan->rounds)
        plan->memory_rounds = plan->rounds;
    return rh_plan_complete(plan, error);
}
