/* budget.c - how many rounds fit into a budget of time. */
#include "base/clock.h"
#include "experiment/run.h"

/* A memory pass that watches for long what is given back (plan key `idle`) idles for 12 s, another
 * one for 0.1 s. */
static const uint64_t long_idle_ns = 11900000000u;

static double cost_ns(const struct rh_budget *budget, const struct rh_plan *plan, uint32_t rounds) {
    uint32_t memory_rounds = rh_plan_memory_rounds_of(plan, rounds);
    double later_ns = 0;
    for (int pass = RH_PASS_LATENCY; pass < RH_PASSES; pass++)
        later_ns += (double)rh_plan_pass_rounds_of(plan, (enum rh_pass)pass, rounds) *
                    (double)budget->pass_ns[pass];
    return later_ns + (double)rounds * (double)budget->round_ns +
           (double)memory_rounds * (double)budget->memory_ns +
           (memory_rounds > 0 ? (double)budget->idle_ns : 0);
}

uint32_t rh_budget_rounds(const struct rh_budget *budget, const struct rh_plan *plan) {
    uint32_t rounds = RH_PLAN_ROUNDS_MOST;
    while (rounds > 0 && cost_ns(budget, plan, rounds) > (double)budget->left_ns)
        rounds--;
    return rounds;
}

/* Only the warm-up round is laid out: it is what a round is made of. */
static struct rh_budget budget_of(const struct rh_run *run, uint64_t spent_ns) {
    struct rh_budget budget = {
        .left_ns = run->manifest.budget_ns > spent_ns ? run->manifest.budget_ns - spent_ns : 0};
    for (size_t i = 0; i < run->schedule.count; i++) {
        const struct rh_cell *cell = &run->schedule.cells[i];
        uint64_t ns = rh_forecast_cell_ns(&run->forecast, cell);
        if (cell->pass == RH_PASS_THROUGHPUT)
            budget.round_ns += ns;
        else if (cell->pass == RH_PASS_MEMORY)
            budget.memory_ns += ns;
        else
            budget.pass_ns[cell->pass] += ns;
        if (cell->pass == RH_PASS_MEMORY && !rh_run_is_program(run, cell) && run->plan->idle_long)
            budget.idle_ns += long_idle_ns;
    }
    return budget;
}

static int refuse(struct rh_run *run, const struct rh_budget *budget, uint64_t spent_ns) {
    double needed_ns = (double)spent_ns + cost_ns(budget, run->plan, 1);
    return rh_fail(
        run->error, RH_ERR_LIMIT,
        "the budget of %.0f s is too small: the warm-up%s took %.1f s, and one round with "
        "it takes %.0f s. Give it more, or take fewer traces or allocators",
        (double)run->manifest.budget_ns / 1e9,
        run->plan->course.think.automatic ? " and the search for rates of thinking" : "",
        (double)spent_ns / 1e9, needed_ns / 1e9 + 0.5);
}

int rh_run_settle_rounds(struct rh_run *run) {
    if (rh_forecast_left_ns(&run->forecast) == UINT64_MAX)
        return rh_fail(run->error, RH_ERR_CHECK,
                       "%s does not say how long its warm-up round took: start a new run",
                       run->options->directory);
    uint64_t spent_ns = rh_run_clock_ns(run, rh_now_ns());
    struct rh_budget budget = budget_of(run, spent_ns);
    uint32_t rounds = rh_budget_rounds(&budget, run->plan);
    if (rounds == 0)
        return refuse(run, &budget, spent_ns);
    run->manifest.rounds = rounds;
    run->manifest.memory_rounds = rh_plan_memory_rounds_of(run->plan, rounds);
    run->manifest.latency_rounds = rh_plan_pass_rounds_of(run->plan, RH_PASS_LATENCY, rounds);
    run->manifest.syscall_rounds = rh_plan_pass_rounds_of(run->plan, RH_PASS_SYSCALLS, rounds);
    size_t warm_up = run->schedule.count;
    rh_try(rh_run_lay_out(run));
    rh_forecast_extend(&run->forecast, &run->schedule, warm_up);
    return 0;
}
