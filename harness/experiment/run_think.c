/* run_think.c - the rates of thinking of a run: found before its first worker, kept in its
 * manifest.
 */
#include "base/assert.h"
#include "experiment/run.h"
#include "experiment/think.h"

struct rh_think_model rh_run_think_of(const struct rh_run *run, uint32_t trace) {
    struct rh_think_model model = run->plan->course.think;
    if (!model.automatic)
        return model;
    model.automatic = false;
    model.lines_per_ms = run->manifest.traces[trace].think.lines_per_ms;
    return model;
}

static void tell(const struct rh_run *run, const struct rh_result_trace *trace) {
    if (run->options->thinking != NULL)
        run->options->thinking(run->options->context, trace);
}

static int find(struct rh_run *run, uint32_t index) {
    struct rh_result_trace *trace = &run->manifest.traces[index];
    const struct rh_plan *plan = run->plan;
    struct rh_job job = {.tape = run->tapes[index],
                         .touch = plan->touch,
                         .pace = plan->course.pace,
                         .think = plan->course.think,
                         .cpus = plan->cpus,
                         .memory_bytes = run->memory_bytes,
                         .time_limit_ns = plan->time_limit_ns};
    tell(run, trace);
    rh_try(rh_think_find(run->options->seams, &job, run->options->interrupted, run->error,
                         &trace->think));
    tell(run, trace);
    return rh_result_writer_finish(run->writer, &run->manifest, run->error);
}

int rh_run_find_thinking(struct rh_run *run) {
    for (uint32_t i = 0; i < run->manifest.trace_count; i++)
        if (run->plan->course.think.automatic && run->manifest.traces[i].think.plain_ns == 0)
            rh_try(find(run, i));
    return 0;
}

void rh_run_keep_thinking(struct rh_run *run, struct rh_manifest *before) {
    rh_assert(run->manifest.trace_count == before->trace_count);
    for (size_t i = 0; i < before->trace_count; i++) {
        struct rh_think_found found = before->traces[i].think;
        if (found.allocator == NULL || found.plain_ns == 0)
            continue;
        before->traces[i].think = run->manifest.traces[i].think;
        run->manifest.traces[i].think = found;
    }
}
