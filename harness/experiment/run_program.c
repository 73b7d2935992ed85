/* run_program.c - a cell that is a real program. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "experiment/run.h"

/* Only a measured run of the baseline says what the output should be. */
void rh_run_note_output(struct rh_run *run, const struct rh_result_program_line *line) {
    if (line->run == RH_PROGRAM_WHOLE && line->allocator == run->manifest.baseline &&
        line->sample.end == RH_SAMPLE_MEASURED && run->outputs[line->program] == 0)
        run->outputs[line->program] = line->sample.output_hash;
}

static bool wants_same_output(const struct rh_result_program *program) {
    return program->check != NULL && strcmp(program->check, "same") == 0;
}

/* In the warm-up round others may come before the baseline: that round does not count anyway. */
static void compare_output(const struct rh_run *run, const struct rh_result_program *program,
                           struct rh_result_program_line *line) {
    uint64_t right = run->outputs[line->program];
    if (!wants_same_output(program) || line->run != RH_PROGRAM_WHOLE || right == 0 ||
        line->sample.end != RH_SAMPLE_MEASURED || line->sample.output_hash == right)
        return;
    line->sample.end = RH_SAMPLE_WRONG;
    snprintf(line->sample.reason, sizeof(line->sample.reason), "its output is not that under %s",
             run->manifest.allocators[run->manifest.baseline].label);
}

static struct rh_program_job job_of(const struct rh_run *run, const struct rh_cell *cell) {
    const struct rh_result_program *program = &run->manifest.programs[rh_run_program_of(run, cell)];
    const struct rh_result_allocator *allocator = &run->manifest.allocators[cell->allocator];
    bool floor = cell->pass == RH_PASS_MEMORY;
    return (struct rh_program_job){
        .words = (const char *const *)(floor ? program->floor_words : program->words),
        .directory = program->directory,
        .library = allocator->program_library,
        .input = floor ? NULL : program->input,
        .prepare = floor ? NULL : program->prepare,
        .cleanup = floor ? NULL : program->cleanup,
        .check = floor || wants_same_output(program) ? NULL : program->check,
        .environment = {(const char *const *)program->environment,
                        (const char *const *)allocator->environment},
        .status = floor ? 0 : program->status,
        .time_limit_ns = run->plan->time_limit_ns,
        .padding_bytes = cell->padding_bytes,
    };
}

static int play(struct rh_run *run, const struct rh_cell *cell, size_t index) {
    struct rh_program_job job = job_of(run, cell);
    char *json = rh_result_hyperfine_path(run->options->directory, index);
    if (json == NULL)
        return rh_fail(run->error, RH_ERR_MEMORY, "no memory for a path");
    job.json = json;
    int result = run->options->seams->run_program(&job, run->options->interrupted, run->error,
                                                  &run->line.sample);
    rh_free(json);
    return result;
}

int rh_run_program(struct rh_run *run, const struct rh_cell *cell, size_t index, bool given_up) {
    struct rh_result_program_line *line = &run->line;
    *line = (struct rh_result_program_line){
        .index = index,
        .round = cell->round,
        .program = rh_run_program_of(run, cell),
        .allocator = cell->allocator,
        .copy = cell->copy,
        .run = cell->pass == RH_PASS_MEMORY ? RH_PROGRAM_FLOOR : RH_PROGRAM_WHOLE,
        .environment_padding_bytes = cell->padding_bytes,
    };
    if (given_up) {
        line->sample.end = RH_SAMPLE_TIMED_OUT;
        snprintf(line->sample.reason, sizeof(line->sample.reason),
                 "not run: it has timed out too often under this allocator");
        return 0;
    }
    rh_try(play(run, cell, index));
    compare_output(run, &run->manifest.programs[line->program], line);
    rh_run_note_output(run, line);
    return 0;
}
