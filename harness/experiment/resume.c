/* resume.c - an interrupted run goes on where it stopped, if nothing has changed since. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "experiment/describe.h"
#include "experiment/run.h"

/* ---- the plan again, from the manifest ---- */

static int add_allocators(const struct rh_manifest *manifest, struct rh_plan *plan,
                          struct rh_error *error) {
    for (size_t i = 0; i < manifest->allocator_count; i++) {
        const struct rh_result_allocator *allocator = &manifest->allocators[i];
        if (allocator->floor)
            continue;
        struct rh_plan_allocator entry = {
            .name = allocator->name,
            .label = allocator->label,
            .options = allocator->options,
            .environment = allocator->environment,
        };
        rh_try(rh_plan_add_allocator(plan, &entry, error));
    }
    return 0;
}

static int add_traces(const struct rh_manifest *manifest, struct rh_plan *plan,
                      struct rh_error *error) {
    for (size_t i = 0; i < manifest->trace_count; i++) {
        if (manifest->traces[i].path == NULL)
            return rh_fail(error, RH_ERR_CHECK, "the manifest does not say where trace \"%s\" lies",
                           manifest->traces[i].name);
        rh_try(rh_plan_add_trace(plan, manifest->traces[i].path, manifest->traces[i].name, error));
    }
    return 0;
}

/* A copy of a list; NULL is NULL. */
static int copy_list(char *const *list, struct rh_error *error, char ***ret_copy) {
    size_t count = 0;
    while (list != NULL && list[count] != NULL)
        count++;
    if (list == NULL)
        return 0;
    *ret_copy = rh_alloc_zeroed(count + 1, sizeof(**ret_copy));
    for (size_t i = 0; *ret_copy != NULL && i < count; i++)
        if (((*ret_copy)[i] = rh_strdup(list[i])) == NULL)
            return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    return *ret_copy != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
}

/* A run without a plan file has programs without preparation and checks (reheap bench). */
static int add_programs(const struct rh_manifest *manifest, struct rh_plan *plan,
                        struct rh_error *error) {
    for (size_t i = 0; i < manifest->program_count; i++) {
        const struct rh_result_program *program = &manifest->programs[i];
        struct rh_plan_program entry = {
            .name = rh_strdup(program->name),
            .directory = rh_strdup(program->directory != NULL ? program->directory : "."),
            .trace_name = program->trace != RH_RESULT_NO_TRACE
                              ? rh_strdup(manifest->traces[program->trace].name)
                              : NULL,
            .status = program->status,
        };
        rh_try(copy_list(program->words, error, &entry.words));
        if (entry.name == NULL || entry.directory == NULL)
            return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
        rh_try(rh_plan_add_program(plan, &entry, error));
    }
    return 0;
}

static int add_entries(const struct rh_manifest *manifest, struct rh_plan *plan,
                       struct rh_error *error) {
    rh_try(add_allocators(manifest, plan, error));
    rh_try(add_traces(manifest, plan, error));
    rh_try(add_programs(manifest, plan, error));
    if (manifest->baseline >= plan->allocator_count)
        return rh_fail(error, RH_ERR_CHECK, "the baseline of the manifest is a floor");
    return rh_plan_set_baseline(plan, plan->allocators[manifest->baseline].label, error);
}

/* Settings that a command line may have overruled. */
static int apply_settings(const struct rh_manifest *manifest, struct rh_plan *plan,
                          struct rh_error *error) {
    char rounds[16];
    snprintf(rounds, sizeof(rounds), "%u", manifest->rounds);
    plan->budget_ns = manifest->budget_ns;
    if (manifest->rounds == 0 && manifest->budget_ns > 0) {
        plan->rounds = 0; /* not computed yet */
    } else {
        rh_try(rh_plan_set_rounds(plan, rounds, error));
        plan->memory_rounds = manifest->memory_rounds;
        plan->memory_rounds_set = true;
    }
    plan->seed = manifest->seed;
    plan->has_seed = true;
    if (manifest->touch != NULL)
        rh_try(rh_plan_set_touch(plan, manifest->touch, error));
    if (manifest->order != NULL)
        rh_try(rh_plan_set_order(plan, manifest->order, error));
    if (manifest->pace != NULL)
        rh_try(rh_plan_set_pace(plan, manifest->pace, error));
    if (manifest->think != NULL)
        rh_try(rh_plan_set_think(plan, manifest->think, error));
    if (manifest->cpus_used != NULL)
        rh_try(rh_plan_set_cpus(plan, manifest->cpus_used, error));
    return rh_plan_complete(plan, error);
}

/* A run without a plan file. */
static int plan_of_entries(const struct rh_manifest *manifest, struct rh_error *error,
                           struct rh_plan **ret_plan) {
    struct rh_plan *plan = NULL;
    rh_try(rh_plan_create(error, &plan));
    int result = add_entries(manifest, plan, error);
    if (result == 0)
        *ret_plan = plan;
    else
        rh_plan_destroy(plan);
    return result;
}

static int plan_of(const struct rh_manifest *manifest, struct rh_error *error,
                   struct rh_plan **ret_plan) {
    struct rh_plan *plan = NULL;
    if (manifest->plan_text != NULL && manifest->plan_path != NULL)
        rh_try(rh_plan_parse(manifest->plan_text, strlen(manifest->plan_text), manifest->plan_path,
                             error, &plan));
    else
        rh_try(plan_of_entries(manifest, error, &plan));
    int result = apply_settings(manifest, plan, error);
    if (result == 0)
        *ret_plan = plan;
    else
        rh_plan_destroy(plan);
    return result;
}

/* ---- what has changed ---- */

static bool same(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void note(struct rh_text *changes, const char *what, const char *name, const char *was,
                 const char *is) {
    rh_text_addf(changes, "%s%s%s%s (was %s, is %s)", changes->length > 0 ? "; " : "", what,
                 name[0] != '\0' ? " " : "", name, was != NULL ? was : "unknown",
                 is != NULL ? is : "unknown");
}

/* The plan's text is in the manifest; the file may be gone, but if it is there and says something
 * else, its owner will expect that. */
static int compare_plan(const struct rh_manifest *before, struct rh_error *error,
                        struct rh_text *changes) {
    if (before->plan_text == NULL || before->plan_path == NULL)
        return 0;
    char *text = NULL;
    int result = rh_file_read(before->plan_path, RH_PLAN_FILE_BYTES_MOST, NULL, &text, NULL);
    if (result == RH_ERR_MEMORY)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the plan");
    if (result < 0)
        return 0;
    size_t line = 1;
    size_t i = 0;
    while (text[i] != '\0' && text[i] == before->plan_text[i])
        line += text[i++] == '\n';
    if (text[i] != before->plan_text[i])
        rh_text_addf(changes, "the plan %s (from line %zu on)", before->plan_path, line);
    rh_free(text);
    return 0;
}

static void compare_traces(const struct rh_manifest *before, const struct rh_manifest *now,
                           struct rh_text *changes) {
    for (size_t i = 0; i < now->trace_count && i < before->trace_count; i++)
        if (!same(before->traces[i].hash, now->traces[i].hash))
            note(changes, "the trace", now->traces[i].name, before->traces[i].hash,
                 now->traces[i].hash);
    if (before->trace_count != now->trace_count)
        rh_text_addf(changes, "%sthe number of traces", changes->length > 0 ? "; " : "");
}

static void compare_programs(const struct rh_manifest *before, const struct rh_manifest *now,
                             struct rh_text *changes) {
    for (size_t i = 0; i < now->program_count && i < before->program_count; i++)
        if (!same(before->programs[i].file, now->programs[i].file) ||
            !same(before->programs[i].hash, now->programs[i].hash))
            note(changes, "the executable of", now->programs[i].name, before->programs[i].hash,
                 now->programs[i].hash);
    if (before->program_count != now->program_count)
        rh_text_addf(changes, "%sthe number of programs", changes->length > 0 ? "; " : "");
}

/* Libraries are found before the first worker, everything else (libc, the worker itself) is told by
 * samples: there the file of then is looked at again. */
static int compare_file(const struct rh_result_allocator *before, struct rh_result_allocator *now,
                        struct rh_run *run, struct rh_text *changes) {
    if (now->file == NULL && before->file != NULL)
        rh_try(rh_describe_object(now, before->file, run->options->seams, run->error));
    if (before->file == NULL)
        return 0;
    if (!same(before->file, now->file))
        note(changes, "the library of", now->label, before->file, now->file);
    else if (!same(before->hash, now->hash))
        note(changes, "the content of", now->file, before->hash, now->hash);
    return 0;
}

static int compare_allocators(const struct rh_manifest *before, struct rh_run *run,
                              struct rh_text *changes) {
    struct rh_manifest *now = &run->manifest;
    for (size_t i = 0; i < now->allocator_count && i < before->allocator_count; i++) {
        const struct rh_result_allocator *old = &before->allocators[i];
        struct rh_result_allocator *new = &now->allocators[i];
        if (!same(old->label, new->label) || !same(old->name, new->name))
            note(changes, "the allocator", "", old->label, new->label);
        else if ((old->unavailable != NULL) != (new->unavailable != NULL))
            note(changes, "the allocator", new->label,
                 old->unavailable != NULL ? old->unavailable : "there",
                 new->unavailable != NULL ? new->unavailable : "there");
        else
            rh_try(compare_file(old, new, run, changes));
    }
    if (before->allocator_count != now->allocator_count)
        rh_text_addf(changes, "%sthe number of allocators", changes->length > 0 ? "; " : "");
    return 0;
}

static int refuse_changes(const struct rh_manifest *before, struct rh_run *run) {
    struct rh_manifest *now = &run->manifest;
    struct rh_text changes = {0};
    int result = compare_plan(before, run->error, &changes);
    if (!same(before->tool, now->tool))
        note(&changes, "the program", "", before->tool, now->tool);
    if (!same(before->host.cpu, now->host.cpu))
        note(&changes, "the processor", "", before->host.cpu, now->host.cpu);
    if (!same(before->host.kernel, now->host.kernel))
        note(&changes, "the kernel", "", before->host.kernel, now->host.kernel);
    compare_traces(before, now, &changes);
    compare_programs(before, now, &changes);
    if (result == 0)
        result = compare_allocators(before, run, &changes);
    if (result == 0 && changes.failed != 0)
        result = rh_fail(run->error, RH_ERR_MEMORY, "no memory to compare the manifests");
    if (result == 0 && changes.length > 0)
        result = rh_fail(run->error, RH_ERR_CHECK,
                         "%s cannot be resumed, this has changed since: %s. Start a new run",
                         run->options->directory, rh_text_get(&changes));
    rh_text_finish(&changes);
    return result;
}

/* ---- going on ---- */

/* When each cell of the schedule began; UINT64_MAX: unknown. */
static void find_starts(const struct rh_result *before, uint64_t *ret_starts, size_t count) {
    for (size_t i = 0; i < count; i++)
        ret_starts[i] = UINT64_MAX;
    for (size_t i = 0; i < before->sample_count; i++)
        if (before->samples[i].index < count)
            ret_starts[before->samples[i].index] = before->samples[i].started_ns;
    for (size_t i = 0; i < before->program_line_count; i++)
        if (before->program_lines[i].index < count)
            ret_starts[before->program_lines[i].index] = before->program_lines[i].started_ns;
}

/* Until the next cell began; UINT64_MAX: unknown. */
static uint64_t took_ns(const uint64_t *starts, size_t count, uint64_t index) {
    bool known = index + 1 < count && starts[index] != UINT64_MAX &&
                 starts[index + 1] != UINT64_MAX && starts[index + 1] > starts[index];
    return known ? starts[index + 1] - starts[index] : UINT64_MAX;
}

static void note_end(struct rh_run *run, uint64_t started_ns, uint64_t wall_ns) {
    uint64_t end_ns = started_ns + (wall_ns != UINT64_MAX ? wall_ns : 0);
    if (end_ns > run->earlier_ns)
        run->earlier_ns = end_ns;
}

static int skip_all(struct rh_run *run, const struct rh_result *before, const uint64_t *starts) {
    size_t count = run->schedule.count;
    for (size_t i = 0; i < before->sample_count; i++) {
        const struct rh_result_sample *sample = &before->samples[i];
        rh_try(rh_run_skip(run, sample, took_ns(starts, count, sample->index)));
        note_end(run, sample->started_ns, sample->sample.wall_ns);
    }
    for (size_t i = 0; i < before->program_line_count; i++) {
        const struct rh_result_program_line *line = &before->program_lines[i];
        rh_try(rh_run_skip_program(run, line, took_ns(starts, count, line->index)));
        note_end(run, line->started_ns, line->sample.wall_ns);
    }
    return 0;
}

static int skip_done(struct rh_run *run, const struct rh_result *before) {
    uint64_t *starts = rh_alloc_zeroed(run->schedule.count, sizeof(*starts));
    if (starts == NULL)
        return rh_fail(run->error, RH_ERR_MEMORY, "no memory for the schedule");
    find_starts(before, starts, run->schedule.count);
    int result = skip_all(run, before, starts);
    rh_free(starts);
    return result;
}

static int take_up(struct rh_run *run, struct rh_result *before) {
    rh_try(rh_describe_run(run->plan, run->options, run->error, &run->manifest, &run->tapes));
    rh_try(refuse_changes(&before->manifest, run));
    /* The run began when it began, and is run again as it was run. */
    char *started = run->manifest.started;
    char *command = run->manifest.command;
    run->manifest.started = before->manifest.started;
    run->manifest.command = before->manifest.command;
    before->manifest.started = started;
    before->manifest.command = command;
    if (before->manifest.complete) { /* and nothing is left to do */
        run->manifest.finished = before->manifest.finished;
        before->manifest.finished = NULL;
    }
    struct rh_result_finding *findings = run->manifest.findings;
    size_t finding_count = run->manifest.finding_count;
    run->manifest.findings = before->manifest.findings;
    run->manifest.finding_count = before->manifest.finding_count;
    before->manifest.findings = findings;
    before->manifest.finding_count = finding_count;

    rh_run_keep_thinking(run, &before->manifest);
    rh_try(rh_run_prepare(run));
    rh_try(skip_done(run, before));
    return rh_result_writer_resume(run->options->directory, run->error, &run->writer);
}

static int resume(struct rh_run *run, struct rh_result *before) {
    int result = take_up(run, before);
    return result == 0 ? rh_run_close(run, rh_run_play(run)) : result;
}

int rh_experiment_resume(const struct rh_experiment_options *options, struct rh_error *error,
                         struct rh_experiment_outcome *ret_outcome) {
    rh_assert(options->directory != NULL && options->seams != NULL);
    struct rh_error own = {0};
    struct rh_run run = {.options = options, .error = error != NULL ? error : &own};
    struct rh_result *before = NULL;
    struct rh_plan *plan = NULL;
    *ret_outcome = (struct rh_experiment_outcome){0};

    int result = rh_result_load(options->directory, run.error, &before);
    if (result == 0)
        result = plan_of(&before->manifest, run.error, &plan);
    if (result == 0) {
        run.plan = plan;
        result = resume(&run, before);
        *ret_outcome = run.outcome;
    }
    rh_run_finish(&run);
    rh_plan_destroy(plan);
    rh_result_destroy(before);
    return result;
}
