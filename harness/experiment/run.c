/* run.c - plays a schedule, one fresh worker a cell. */
#include "experiment/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/groups.h"
#include "base/memory.h"
#include "experiment/describe.h"

/* After so many time-outs of one allocator on one trace in one pass, its further cells are recorded
 * as timed out without being played: a hang must not cost the whole run a time limit per round. */
enum { TIME_OUTS_MOST = 3 };

void rh_run_finish(struct rh_run *run) {
    rh_result_writer_destroy(run->writer);
    rh_schedule_finish(&run->schedule);
    rh_forecast_finish(&run->forecast);
    rh_estimate_finish(&run->estimate);
    rh_manifest_finish(&run->manifest);
    rh_describe_tapes_free(run->tapes);
    rh_free(run->plays);
    rh_free(run->plays_programs);
    rh_free(run->has_floor);
    rh_free(run->outputs);
    rh_free(run->done);
    rh_free(run->time_outs);
    rh_free(run->sample);
    rh_free(run->latency);
}

/* ---- before the first worker ---- */

/* The bump allocator never gives memory back: its memory pass would say what was allocated in all,
 * at the price of touching it. The null allocator's is what R is counted from. */
static bool plays_memory(const struct rh_result_allocator *allocator) {
    return !allocator->floor || strcmp(allocator->name, "null") == 0;
}

static int find_players(struct rh_run *run) {
    const struct rh_manifest *manifest = &run->manifest;
    run->plays = rh_alloc_zeroed(manifest->allocator_count, sizeof(*run->plays));
    run->plays_programs = rh_alloc_zeroed(manifest->allocator_count, sizeof(bool));
    run->has_floor = rh_alloc_zeroed(manifest->program_count, sizeof(bool));
    run->outputs = rh_alloc_zeroed(manifest->program_count, sizeof(*run->outputs));
    if (run->plays == NULL || run->plays_programs == NULL || run->has_floor == NULL ||
        run->outputs == NULL)
        return rh_fail(run->error, RH_ERR_MEMORY, "no memory for the schedule");
    for (size_t i = 0; i < manifest->allocator_count; i++) {
        bool available = manifest->allocators[i].unavailable == NULL;
        run->plays[i][RH_PASS_THROUGHPUT] = available;
        run->plays[i][RH_PASS_MEMORY] = available && plays_memory(&manifest->allocators[i]);
        run->plays[i][RH_PASS_LATENCY] = run->plays[i][RH_PASS_MEMORY];
        run->plays[i][RH_PASS_SYSCALLS] = run->plays[i][RH_PASS_MEMORY];
        run->plays_programs[i] = available && manifest->allocators[i].program_library != NULL;
        run->outcome.missing += !available;
    }
    for (size_t i = 0; i < manifest->program_count; i++)
        run->has_floor[i] = manifest->programs[i].floor_words != NULL;
    return 0;
}

int rh_run_prepare(struct rh_run *run) {
    const struct rh_manifest *manifest = &run->manifest;
    uint32_t traces = (uint32_t)(manifest->trace_count + manifest->program_count);
    uint32_t rounds_most = rh_run_is_open(run) ? RH_PLAN_ROUNDS_MOST : manifest->rounds;
    rh_try(find_players(run));
    rh_try(rh_run_lay_out(run));
    rh_try(rh_forecast_init(&run->forecast, &run->schedule, traces,
                            (uint32_t)manifest->allocator_count, run->error));
    rh_try(rh_estimate_init(&run->estimate, traces, manifest->allocator_count, manifest->baseline,
                            rounds_most, run->error));
    run->time_outs = rh_alloc_zeroed(run->forecast.count, sizeof(*run->time_outs));
    run->sample = rh_alloc_zeroed(1, sizeof(*run->sample));
    run->latency = rh_alloc_zeroed(1, sizeof(*run->latency));
    if (run->time_outs == NULL || run->sample == NULL || run->latency == NULL)
        return rh_fail(run->error, RH_ERR_MEMORY, "no memory for a sample");
    run->outcome.seed = run->manifest.seed;
    run->memory_bytes = rh_memory_available("");
    return 0;
}

/* ---- counting ---- */

static uint8_t *time_outs_of(struct rh_run *run, const struct rh_cell *cell) {
    size_t allocators = run->manifest.allocator_count;
    return &run->time_outs[((size_t)cell->trace * allocators + cell->allocator) * RH_PASSES +
                           (size_t)cell->pass];
}

static const char *name_of(const struct rh_run *run, const struct rh_cell *cell) {
    return rh_run_is_program(run, cell) ? run->manifest.programs[rh_run_program_of(run, cell)].name
                                        : run->manifest.traces[cell->trace].name;
}

static void note_failure(struct rh_run *run, const struct rh_cell *cell, uint32_t end,
                         const char *reason) {
    run->outcome.failed++;
    if (run->outcome.first_failure[0] != '\0')
        return;
    snprintf(run->outcome.first_failure, sizeof(run->outcome.first_failure), "%s on %s: %s%s%s",
             run->manifest.allocators[cell->allocator].label, name_of(run, cell),
             rh_sample_end_name(end), reason[0] != '\0' ? ": " : "", reason);
}

/* What a sample says about time; NaN: nothing. */
static double cost_of(const struct rh_sample *sample) {
    bool known = sample->pass == RH_PASS_THROUGHPUT && sample->ops > 0;
    return known ? (double)sample->busy_ns / (double)sample->ops : NAN;
}
static double program_cost_of(const struct rh_result_program_line *line) {
    return line->run == RH_PROGRAM_WHOLE ? (double)line->sample.wall_ns : NAN;
}

/* A sample is in the result now, or was there already. */
static void count(struct rh_run *run, size_t index, uint32_t end, const char *reason, double cost) {
    const struct rh_cell *cell = &run->schedule.cells[index];
    rh_assert(!run->done[index]);
    run->done[index] = true;
    run->outcome.done++;
    if (end == RH_SAMPLE_MEASURED)
        rh_estimate_add(&run->estimate, cell, cost);
    else
        note_failure(run, cell, end, reason);
    uint8_t *time_outs = time_outs_of(run, cell);
    if (end == RH_SAMPLE_TIMED_OUT && *time_outs < TIME_OUTS_MOST)
        (*time_outs)++;
}

/* The cell that was played at this index, and now is not to be played again. */
static int skip(struct rh_run *run, uint64_t index, const struct rh_cell *played,
                uint64_t took_ns) {
    if (index >= run->schedule.count || run->done[index])
        return rh_fail(run->error, RH_ERR_CHECK, "sample %llu is not in the schedule",
                       (unsigned long long)index);
    const struct rh_cell *cell = &run->schedule.cells[index];
    if (cell->round != played->round || cell->trace != played->trace ||
        cell->allocator != played->allocator || cell->copy != played->copy ||
        cell->pass != played->pass)
        return rh_fail(run->error, RH_ERR_CHECK,
                       "sample %llu is not what the schedule of seed %llu has there",
                       (unsigned long long)index, (unsigned long long)run->manifest.seed);
    if (took_ns != UINT64_MAX)
        rh_forecast_add(&run->forecast, cell, took_ns);
    else
        rh_forecast_skip(&run->forecast, cell);
    return 0;
}

int rh_run_skip(struct rh_run *run, const struct rh_result_sample *sample, uint64_t took_ns) {
    rh_try(skip(run, sample->index,
                &(struct rh_cell){.round = sample->round,
                                  .trace = sample->trace,
                                  .allocator = sample->allocator,
                                  .copy = sample->copy,
                                  .pass = (enum rh_pass)sample->sample.pass},
                took_ns));
    count(run, sample->index, sample->sample.end, sample->sample.reason, cost_of(&sample->sample));
    return 0;
}

int rh_run_skip_program(struct rh_run *run, const struct rh_result_program_line *line,
                        uint64_t took_ns) {
    bool floor = line->run == RH_PROGRAM_FLOOR;
    rh_try(skip(run, line->index,
                &(struct rh_cell){
                    .round = line->round,
                    .trace = (uint32_t)run->manifest.trace_count + line->program,
                    .allocator = line->allocator,
                    .copy = line->copy,
                    .pass = floor ? RH_PASS_MEMORY : RH_PASS_THROUGHPUT,
                },
                took_ns));
    count(run, line->index, line->sample.end, line->sample.reason, program_cost_of(line));
    rh_run_note_output(run, line);
    return 0;
}

/* ---- playing ---- */

static void tell(struct rh_run *run, const struct rh_cell *cell) {
    if (run->options->progress == NULL)
        return;
    struct rh_experiment_progress progress = {
        .done = run->outcome.done,
        .total = run->outcome.total,
        .failed = run->outcome.failed,
        .elapsed_ns = rh_now_ns() - run->started_ns,
        .left_ns = rh_forecast_left_ns(&run->forecast),
        .rounds = run->manifest.rounds,
        .ratio = NAN,
        .baseline = run->manifest.allocators[run->manifest.baseline].label,
    };
    if (cell != NULL) {
        progress.trace = name_of(run, cell);
        progress.is_program = rh_run_is_program(run, cell);
        progress.allocator = run->manifest.allocators[cell->allocator].label;
        progress.pass = cell->pass;
        progress.round = cell->round;
        progress.ratio = rh_estimate_ratio(&run->estimate, cell);
    }
    run->options->progress(run->options->context, &progress);
}

static void tell_finished(struct rh_run *run, const struct rh_cell *cell, uint64_t took_ns) {
    if (run->options->finished == NULL)
        return;
    bool is_program = rh_run_is_program(run, cell);
    const struct rh_sample *sample = &run->sample->sample;
    uint32_t end = is_program ? run->line.sample.end : sample->end;
    double cost = is_program ? program_cost_of(&run->line) : cost_of(sample);
    struct rh_experiment_finished finished = {
        .trace = name_of(run, cell),
        .allocator = run->manifest.allocators[cell->allocator].label,
        .is_program = is_program,
        .pass = cell->pass,
        .round = cell->round,
        .took_ns = took_ns,
        .end = rh_sample_end_name(end),
        .reason = is_program ? run->line.sample.reason : sample->reason,
        .cost = end == RH_SAMPLE_MEASURED ? cost : NAN,
        .ratio = rh_estimate_ratio(&run->estimate, cell),
        .baseline = run->manifest.allocators[run->manifest.baseline].label,
    };
    run->options->finished(run->options->context, &finished);
}

/* Idling for seconds belongs to one round only: it says what is given back in time, and hardly
 * differs from run to run. */
static struct rh_job job_of(const struct rh_run *run, const struct rh_cell *cell) {
    const struct rh_result_allocator *allocator = &run->manifest.allocators[cell->allocator];
    return (struct rh_job){
        .tape = run->tapes[cell->trace],
        .allocator = allocator->name,
        .options = (const char *const *)allocator->options,
        .environment = (const char *const *)allocator->environment,
        .memory_bytes = run->memory_bytes,
        .pass = cell->pass,
        .touch = run->plan->touch,
        .pace = run->plan->course.pace,
        .think = rh_run_think_of(run, cell->trace),
        .cpus = run->plan->cpus,
        .time_limit_ns = run->plan->time_limit_ns,
        .environment_padding_bytes = cell->padding_bytes,
        /* The same calls for all allocators of a round, others in the next. */
        .sample_seed = run->manifest.seed + ((uint64_t)cell->round << 32),
        .latency = cell->pass == RH_PASS_LATENCY ? run->latency : NULL,
        .splits = cell->round == 1,
        .quick_idle = !(run->plan->idle_long && cell->round == 1),
    };
}

static void sample_without_playing(struct rh_sample *sample, const struct rh_cell *cell) {
    rh_sample_init(sample, cell->pass);
    sample->end = RH_SAMPLE_TIMED_OUT;
    snprintf(sample->reason, sizeof(sample->reason),
             "not played: it has timed out %d times on this trace", TIME_OUTS_MOST);
}

static int play(struct rh_run *run, const struct rh_cell *cell) {
    struct rh_sample *sample = &run->sample->sample;
    if (*time_outs_of(run, cell) >= TIME_OUTS_MOST) {
        sample_without_playing(sample, cell);
        return 0;
    }
    struct rh_job job = job_of(run, cell);
    return run->options->seams->replay(&job, run->options->interrupted, run->error, sample);
}

static bool is_interrupted(const struct rh_run *run) {
    return run->options->interrupted != NULL && *run->options->interrupted;
}

uint64_t rh_run_clock_ns(const struct rh_run *run, uint64_t now_ns) {
    return run->earlier_ns + (now_ns - run->started_ns);
}

static int play_trace(struct rh_run *run, const struct rh_cell *cell, size_t index,
                      uint64_t started_ns) {
    struct rh_run_meter before = rh_run_meter_read();
    rh_try(play(run, cell));
    struct rh_result_sample *sample = run->sample;
    sample->machine = rh_run_meter_since(&before);
    sample->latency = cell->pass == RH_PASS_LATENCY && sample->sample.end == RH_SAMPLE_MEASURED
                          ? run->latency
                          : NULL;
    sample->index = index;
    sample->round = cell->round;
    sample->trace = cell->trace;
    sample->allocator = cell->allocator;
    sample->copy = cell->copy;
    sample->started_ns = rh_run_clock_ns(run, started_ns);
    sample->environment_padding_bytes = cell->padding_bytes;
    rh_try(rh_result_writer_add(run->writer, sample, run->error));
    count(run, index, sample->sample.end, sample->sample.reason, cost_of(&sample->sample));
    return rh_describe_object(&run->manifest.allocators[cell->allocator], sample->sample.object,
                              run->options->seams, run->error);
}

static int play_program(struct rh_run *run, const struct rh_cell *cell, size_t index,
                        uint64_t started_ns) {
    bool given_up = *time_outs_of(run, cell) >= TIME_OUTS_MOST;
    struct rh_run_meter before = rh_run_meter_read();
    rh_try(rh_run_program(run, cell, index, given_up));
    run->line.machine = rh_run_meter_since(&before);
    run->line.started_ns = rh_run_clock_ns(run, started_ns);
    rh_try(rh_result_writer_add_program(run->writer, &run->line, run->error));
    count(run, index, run->line.sample.end, run->line.sample.reason, program_cost_of(&run->line));
    return 0;
}

static int play_cell(struct rh_run *run, size_t index) {
    const struct rh_cell *cell = &run->schedule.cells[index];
    if (is_interrupted(run))
        return RH_ERR_INTERRUPTED;
    tell(run, cell);
    uint64_t started_ns = rh_now_ns();
    rh_try(rh_run_is_program(run, cell) ? play_program(run, cell, index, started_ns)
                                        : play_trace(run, cell, index, started_ns));
    uint64_t took_ns = rh_now_ns() - started_ns;
    rh_forecast_add(&run->forecast, cell, took_ns);
    tell_finished(run, cell, took_ns);
    return 0;
}

/* What was learned about the allocators is written down when every one of them has run once, so
 * that a run that is killed later can be checked against it when it is resumed. */
static int note_what_was_learned(struct rh_run *run, size_t next) {
    const struct rh_cell *cells = run->schedule.cells;
    if (next == 0 || cells[next].round == 0 || cells[next - 1].round != 0)
        return 0;
    return rh_result_writer_finish(run->writer, &run->manifest, run->error);
}

static int play_cells(struct rh_run *run) {
    for (size_t i = 0; i < run->schedule.count; i++) {
        if (run->done[i])
            continue;
        rh_try(note_what_was_learned(run, i));
        rh_try(play_cell(run, i));
    }
    return 0;
}

int rh_run_play(struct rh_run *run) {
    run->started_ns = rh_now_ns();
    rh_try(rh_run_find_thinking(run));
    rh_try(play_cells(run));
    if (rh_run_is_open(run)) {
        rh_try(rh_run_settle_rounds(run));
        rh_try(play_cells(run));
    }
    tell(run, NULL);
    return 0;
}

int rh_run_close(struct rh_run *run, int result) {
    if (result == RH_ERR_INTERRUPTED) {
        *run->error = (struct rh_error){0}; /* the worker's words are not the run's */
        rh_try(rh_result_writer_finish(run->writer, &run->manifest, run->error));
        return rh_fail(run->error, RH_ERR_INTERRUPTED,
                       "interrupted after %zu of %zu workers: %s is readable up to there",
                       run->outcome.done, run->outcome.total, run->options->directory);
    }
    if (result < 0)
        return result;
    if (run->manifest.finished == NULL)
        rh_try(rh_describe_now(run->error, &run->manifest.finished));
    run->manifest.complete = true;
    return rh_result_writer_finish(run->writer, &run->manifest, run->error);
}
