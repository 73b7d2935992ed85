/* describe.c - the manifest of a run to come. */
#include "experiment/describe.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "allocator/registry.h"
#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "experiment/think.h"

enum { REASON_BYTES = 512 };

static const char *const touch_names[] = {
#define X(name, text) text,
    RH_TOUCH_MAP(X)
#undef X
};

static int keep(const char *text, struct rh_error *error, char **ret_copy) {
    char *copy = rh_strdup(text);
    if (copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the manifest");
    rh_free(*ret_copy);
    *ret_copy = copy;
    return 0;
}

static int keep_optional(const char *text, struct rh_error *error, char **ret_copy) {
    return text != NULL ? keep(text, error, ret_copy) : 0;
}

/* Absolute, so that a result can be resumed from anywhere. */
static int keep_path(const char *path, struct rh_error *error, char **ret_copy) {
    char resolved[PATH_MAX];
    return keep_optional(path != NULL && realpath(path, resolved) != NULL ? resolved : path, error,
                         ret_copy);
}

static int keep_list(char *const *list, struct rh_error *error, char ***ret_copy) {
    size_t count = 0;
    while (list != NULL && list[count] != NULL)
        count++;
    if (count == 0)
        return 0;
    /* Owned at once, so that a failure half-way leaves it to rh_manifest_finish. */
    *ret_copy = rh_alloc_zeroed(count + 1, sizeof(**ret_copy));
    if (*ret_copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the manifest");
    for (size_t i = 0; i < count; i++)
        rh_try(keep(list[i], error, &(*ret_copy)[i]));
    return 0;
}

int rh_describe_now(struct rh_error *error, char **ret_text) {
    char text[32];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return keep(text, error, ret_text);
}

int rh_describe_object(struct rh_result_allocator *allocator, const char *object,
                       const struct rh_experiment_seams *seams, struct rh_error *error) {
    if (object[0] == '\0' || allocator->file != NULL)
        return 0;
    char resolved[PATH_MAX];
    const char *path = realpath(object, resolved) != NULL ? resolved : object;
    char hash[RH_HASH_TEXT_BYTES];
    /* A file that cannot be read (any more) is still the file that was used. */
    if (rh_file_hash(path, NULL, hash) == 0)
        rh_try(keep(hash, error, &allocator->hash));
    rh_try(seams->version(path, error, &allocator->version));
    return keep(path, error, &allocator->file);
}

static const char *kind_of(const char *name) {
    return strncmp(name, "preload:", 8) == 0  ? "preload"
           : strncmp(name, "plugin:", 7) == 0 ? "plugin"
                                              : "built-in";
}

static int describe_allocator(const char *name, const char *label,
                              const struct rh_experiment_seams *seams, struct rh_error *error,
                              struct rh_result_allocator *allocator) {
    rh_try(keep(name, error, &allocator->name));
    rh_try(keep(label, error, &allocator->label));
    rh_try(keep(kind_of(name), error, &allocator->kind));
    char library[PATH_MAX] = "";
    char reason[REASON_BYTES] = "";
    if (seams->locate(name, library, sizeof(library), reason, sizeof(reason)) != 0)
        return keep(reason, error, &allocator->unavailable);
    return rh_describe_object(allocator, library, seams, error);
}

/* An option of ours reaches a worker, and no program. */
static int describe_program_library(const struct rh_experiment_seams *seams, struct rh_error *error,
                                    struct rh_result_allocator *allocator) {
    char library[PATH_MAX] = "";
    char reason[REASON_BYTES] = "";
    if (allocator->unavailable != NULL)
        return 0;
    if (allocator->options != NULL)
        return keep("its options reach workers only: set them by environment variables", error,
                    &allocator->program_unavailable);
    if (seams->locate_program(allocator->name, library, sizeof(library), reason, sizeof(reason)) !=
        0)
        return keep(reason, error, &allocator->program_unavailable);
    return keep(library, error, &allocator->program_library);
}

static size_t count_floors(void) {
    size_t count = 0;
    for (const struct rh_allocator_ops *const *ops = rh_registry_builtins(); *ops != NULL; ops++)
        count += ((*ops)->flags & RH_ALLOCATOR_FLOOR) != 0;
    return count;
}

static int describe_floors(const struct rh_experiment_seams *seams, struct rh_error *error,
                           struct rh_manifest *manifest) {
    for (const struct rh_allocator_ops *const *ops = rh_registry_builtins(); *ops != NULL; ops++) {
        if (((*ops)->flags & RH_ALLOCATOR_FLOOR) == 0)
            continue;
        struct rh_result_allocator *floor = &manifest->allocators[manifest->allocator_count++];
        floor->floor = true;
        rh_try(describe_allocator((*ops)->name, (*ops)->name, seams, error, floor));
    }
    return 0;
}

static int describe_allocators(const struct rh_plan *plan, const struct rh_experiment_seams *seams,
                               struct rh_error *error, struct rh_manifest *manifest) {
    manifest->allocators =
        rh_alloc_zeroed(plan->allocator_count + count_floors(), sizeof(*manifest->allocators));
    if (manifest->allocators == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the manifest");
    for (size_t i = 0; i < plan->allocator_count; i++) {
        const struct rh_plan_allocator *entry = &plan->allocators[i];
        struct rh_result_allocator *allocator = &manifest->allocators[manifest->allocator_count++];
        rh_try(describe_allocator(entry->name, entry->label, seams, error, allocator));
        rh_try(keep_optional(entry->sweep, error, &allocator->sweep));
        rh_try(keep_optional(entry->setting, error, &allocator->setting));
        rh_try(keep_list(entry->options, error, &allocator->options));
        rh_try(keep_list(entry->environment, error, &allocator->environment));
    }
    for (size_t i = 0; plan->program_count > 0 && i < plan->allocator_count; i++)
        rh_try(describe_program_library(seams, error, &manifest->allocators[i]));
    rh_try(describe_floors(seams, error, manifest));

    const struct rh_result_allocator *baseline = &manifest->allocators[plan->baseline];
    if (baseline->unavailable != NULL)
        return rh_fail(error, RH_ERR_MISSING, "the baseline \"%s\" cannot be used: %s",
                       baseline->label, baseline->unavailable);
    manifest->baseline = plan->baseline;
    return 0;
}

void rh_describe_tapes_free(char **tapes) {
    for (size_t i = 0; tapes != NULL && tapes[i] != NULL; i++)
        rh_free(tapes[i]);
    rh_free(tapes);
}

static int describe_traces(const struct rh_plan *plan, const struct rh_experiment_seams *seams,
                           struct rh_error *error, struct rh_manifest *manifest, char **tapes) {
    for (size_t i = 0; i < plan->trace_count; i++) {
        struct rh_result_trace *trace = &manifest->traces[manifest->trace_count++];
        rh_try(seams->open_trace(plan->traces[i].path, &plan->course, error, trace, &tapes[i]));
        rh_try(keep(plan->traces[i].name, error, &trace->name));
        rh_try(keep_path(plan->traces[i].path, error, &trace->path));
        if (plan->course.think.automatic)
            rh_try(rh_think_prepare(seams, trace->path, trace, error, &trace->think));
    }
    return 0;
}

/* The executable, as execvp(3) would find it; its absence is told by its first run. */
static int describe_executable(const struct rh_plan_program *entry, struct rh_error *error,
                               struct rh_result_program *program) {
    char path[PATH_MAX];
    char resolved[PATH_MAX];
    char hash[RH_HASH_TEXT_BYTES];
    const char *search = getenv("PATH");
    bool named = strchr(entry->words[0], '/') != NULL;
    for (const char *part = named || search == NULL ? "" : search;; part++) {
        size_t length = strcspn(part, ":");
        if (named && entry->words[0][0] == '/')
            snprintf(path, sizeof(path), "%s", entry->words[0]);
        else if (named)
            snprintf(path, sizeof(path), "%s/%s", entry->directory, entry->words[0]);
        else
            snprintf(path, sizeof(path), "%.*s/%s", (int)length, part, entry->words[0]);
        if (access(path, X_OK) == 0 && realpath(path, resolved) != NULL &&
            rh_file_hash(resolved, NULL, hash) == 0) {
            rh_try(keep(hash, error, &program->hash));
            return keep(resolved, error, &program->file);
        }
        part += length;
        if (*part == '\0')
            return 0;
    }
}

static int describe_program(const struct rh_plan_program *entry, struct rh_error *error,
                            struct rh_result_program *program) {
    program->status = entry->status;
    program->trace = entry->trace == RH_PLAN_NO_TRACE ? RH_RESULT_NO_TRACE : entry->trace;
    rh_try(keep(entry->name, error, &program->name));
    rh_try(keep_list(entry->words, error, &program->words));
    rh_try(keep_list(entry->floor_words, error, &program->floor_words));
    rh_try(keep_list(entry->environment, error, &program->environment));
    rh_try(keep_optional(entry->directory, error, &program->directory));
    rh_try(keep_optional(entry->input, error, &program->input));
    rh_try(keep_optional(entry->prepare, error, &program->prepare));
    rh_try(keep_optional(entry->cleanup, error, &program->cleanup));
    rh_try(keep_optional(entry->check, error, &program->check));
    return describe_executable(entry, error, program);
}

static int describe_programs(const struct rh_plan *plan, struct rh_error *error,
                             struct rh_manifest *manifest) {
    manifest->programs = rh_alloc_zeroed(plan->program_count, sizeof(*manifest->programs));
    if (manifest->programs == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the manifest");
    for (size_t i = 0; i < plan->program_count; i++)
        rh_try(describe_program(&plan->programs[i], error,
                                &manifest->programs[manifest->program_count++]));
    const char *reason = manifest->allocators[plan->baseline].program_unavailable;
    if (plan->program_count > 0 && reason != NULL)
        return rh_fail(error, RH_ERR_INVALID,
                       "programs cannot be run under the baseline \"%s\": %s",
                       manifest->allocators[plan->baseline].label, reason);
    return 0;
}

static int describe_settings(const struct rh_plan *plan,
                             const struct rh_experiment_options *options, struct rh_error *error,
                             struct rh_manifest *manifest) {
    manifest->seed = plan->has_seed ? plan->seed : rh_random_system_seed();
    manifest->rounds = plan->rounds;
    manifest->budget_ns = plan->budget_ns;
    manifest->memory_rounds = plan->rounds > 0 ? plan->memory_rounds : 0;
    manifest->latency_rounds = rh_plan_pass_rounds_of(plan, RH_PASS_LATENCY, plan->rounds);
    manifest->syscall_rounds = rh_plan_pass_rounds_of(plan, RH_PASS_SYSCALLS, plan->rounds);
    rh_try(keep("reheap " RH_VERSION, error, &manifest->tool));
    rh_try(keep(plan->title, error, &manifest->title));
    rh_try(keep_path(plan->path, error, &manifest->plan_path));
    rh_try(keep_optional(plan->text, error, &manifest->plan_text));
    rh_try(keep_optional(options->command, error, &manifest->command));
    rh_try(keep(touch_names[plan->touch], error, &manifest->touch));
    char text[RH_COURSE_BYTES], think[RH_THINK_BYTES];
    rh_try(keep(rh_course_order_text(&plan->course, text), error, &manifest->order));
    rh_try(keep(rh_course_pace_text(&plan->course, text), error, &manifest->pace));
    rh_try(keep(rh_think_text(&plan->course.think, think), error, &manifest->think));
    rh_try(keep_optional(plan->cpus, error, &manifest->cpus_used));
    rh_try(rh_host_read(error, &manifest->host));
    return rh_describe_now(error, &manifest->started);
}

/* Last, so that a run that cannot begin says only why. */
static int examine(const struct rh_experiment_options *options, struct rh_error *error,
                   struct rh_manifest *manifest) {
    rh_try(options->seams->examine(error, &manifest->findings, &manifest->finding_count));
    if (options->warn != NULL)
        options->warn(options->context, manifest->findings, manifest->finding_count);
    return 0;
}

int rh_describe_run(const struct rh_plan *plan, const struct rh_experiment_options *options,
                    struct rh_error *error, struct rh_manifest *manifest, char ***ret_tapes) {
    rh_assert((plan->rounds > 0 || plan->budget_ns > 0) &&
              plan->trace_count + plan->program_count > 0);
    rh_try(describe_settings(plan, options, error, manifest));
    rh_try(describe_allocators(plan, options->seams, error, manifest));
    rh_try(describe_programs(plan, error, manifest));

    manifest->traces = rh_alloc_zeroed(plan->trace_count, sizeof(*manifest->traces));
    char **tapes = rh_alloc_zeroed(plan->trace_count + 1, sizeof(*tapes));
    int result = manifest->traces != NULL && tapes != NULL
                     ? describe_traces(plan, options->seams, error, manifest, tapes)
                     : rh_fail(error, RH_ERR_MEMORY, "no memory for the manifest");
    if (result == 0)
        result = examine(options, error, manifest);
    if (result == 0)
        *ret_tapes = tapes;
    else
        rh_describe_tapes_free(tapes);
    return result;
}
