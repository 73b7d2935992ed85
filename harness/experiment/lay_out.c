/* lay_out.c - the schedule of a run, from its manifest and plan. */
#include "base/assert.h"
#include "base/memory.h"
#include "experiment/run.h"

static int make_schedule(const struct rh_run *run, struct rh_schedule *ret_schedule) {
    const struct rh_manifest *manifest = &run->manifest;
    struct rh_schedule_input input = {
        .traces = (uint32_t)manifest->trace_count,
        .allocators = (uint32_t)manifest->allocator_count,
        .programs = (uint32_t)manifest->program_count,
        .plays = (const bool(*)[RH_PASSES])run->plays,
        .plays_programs = run->plays_programs,
        .has_floor = run->has_floor,
        .baseline = manifest->baseline,
        .rounds = manifest->rounds,
        .memory_rounds = manifest->memory_rounds,
        .throughput = run->plan->passes[RH_PASS_THROUGHPUT],
        .seed = manifest->seed,
    };
    input.pass_rounds[RH_PASS_LATENCY] = manifest->latency_rounds;
    input.pass_rounds[RH_PASS_SYSCALLS] = manifest->syscall_rounds;
    for (int pass = 0; pass < RH_PASSES; pass++)
        input.warm[pass] = manifest->budget_ns > 0 && run->plan->passes[pass];
    return rh_schedule_init(ret_schedule, &input, run->error);
}

int rh_run_lay_out(struct rh_run *run) {
    size_t before = run->schedule.count;
    struct rh_schedule schedule = {0};
    rh_try(make_schedule(run, &schedule));
    bool *done = rh_alloc_zeroed(schedule.count, sizeof(*done));
    if (done == NULL) {
        rh_schedule_finish(&schedule);
        return rh_fail(run->error, RH_ERR_MEMORY, "no memory for the schedule");
    }
    rh_assert(before <= schedule.count);
    for (size_t i = 0; i < before; i++) {
        rh_assert(schedule.cells[i].allocator == run->schedule.cells[i].allocator);
        done[i] = run->done[i];
    }
    rh_schedule_finish(&run->schedule);
    rh_free(run->done);
    run->schedule = schedule;
    run->done = done;
    run->outcome.total = schedule.count;
    return 0;
}
