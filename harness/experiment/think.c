/* think.c - which allocator a trace was recorded under, and replays under it. */
#include "experiment/think.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator/registry.h"
#include "base/memory.h"
#include "base/text.h"
#include "experiment/think_search.h"

/* ---- the allocator ---- */

static const char *base_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* "libjemalloc" of both libjemalloc.so.2 and libjemalloc.so.1. */
static bool same_library(const char *a, const char *b) {
    const char *base_a = base_of(a), *base_b = base_of(b);
    const char *end_a = strstr(base_a, ".so"), *end_b = strstr(base_b, ".so");
    return end_a != NULL && end_b != NULL && end_a - base_a == end_b - base_b &&
           strncmp(base_a, base_b, (size_t)(end_a - base_a)) == 0;
}

static bool same_file(const char *a, const char *b) {
    char real_a[PATH_MAX], real_b[PATH_MAX];
    return realpath(a, real_a) != NULL && realpath(b, real_b) != NULL &&
           strcmp(real_a, real_b) == 0;
}

typedef bool is_it(const char *file, const char *library);

/* The built-in allocator whose library it is, or NULL. */
static const char *find_builtin(const struct rh_experiment_seams *seams, const char *file,
                                is_it *matches) {
    char library[PATH_MAX], reason[512];
    for (const struct rh_allocator_ops *const *ops = rh_registry_builtins(); *ops != NULL; ops++)
        if (seams->locate_program((*ops)->name, library, sizeof(library), reason, sizeof(reason)) ==
                0 &&
            library[0] != '\0' && matches(file, library))
            return (*ops)->name;
    return NULL;
}

static bool is_libc(const char *file) {
    return strncmp(base_of(file), "libc.so", 7) == 0 || strncmp(base_of(file), "libc-2", 6) == 0;
}

/* Nearly every program has glibc's, so it stands for one that is not known (anonymous traces). */
static int name_allocator(const struct rh_experiment_seams *seams, const char *path,
                          const char *file, struct rh_error *error, struct rh_text *ret_name) {
    const char *name = "glibc";
    if (file != NULL && !is_libc(file))
        name = find_builtin(seams, file, same_file);
    if (name == NULL && access(file, R_OK) == 0) {
        rh_text_addf(ret_name, "preload:%s", file);
        return 0;
    }
    if (name == NULL)
        name = find_builtin(seams, file, same_library);
    if (name == NULL)
        return rh_fail(
            error, RH_ERR_MISSING,
            "%s was recorded under %s, which is not here, so \"think: auto\" cannot find "
            "its rate: give one, as in 8",
            path, file);
    rh_text_add(ret_name, name);
    return 0;
}

int rh_think_prepare(const struct rh_experiment_seams *seams, const char *path,
                     const struct rh_result_trace *trace, struct rh_error *error,
                     struct rh_think_found *found) {
    struct rh_text name = {0};
    if (trace->cpu_ns == 0)
        return rh_fail(error, RH_ERR_CHECK,
                       "%s does not say what CPU time its program took, so \"think: auto\" cannot "
                       "find its rate: record the program again (one that ends by itself), or give "
                       "a rate, as in 8",
                       path);
    int result = name_allocator(seams, path, trace->allocator, error, &name);
    if (result == 0 && name.failed != 0)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for the name of an allocator");
    if (result < 0) {
        rh_text_finish(&name);
        return result;
    }
    found->allocator = name.data;
    found->program_ns = trace->cpu_ns;
    return 0;
}

/* ---- replays ---- */

struct replays {
    const struct rh_experiment_seams *seams;
    const volatile bool *interrupted;
    struct rh_job job;
    struct rh_sample *sample; /* too large for the stack */
};

static int time_replay(void *context, uint64_t lines_per_ms, struct rh_error *error,
                       uint64_t *ret_ns) {
    struct replays *replays = context;
    struct rh_sample *sample = replays->sample;
    if (replays->interrupted != NULL && *replays->interrupted)
        return RH_ERR_INTERRUPTED;
    replays->job.think.lines_per_ms = lines_per_ms;
    rh_try(replays->seams->replay(&replays->job, replays->interrupted, error, sample));
    if (sample->end != RH_SAMPLE_MEASURED)
        return rh_fail(
            error, RH_ERR_CHECK,
            "the rate of \"think: auto\" is not found: a replay under %s: %s: %s. Give a "
            "rate, as in 8%s",
            replays->job.allocator, rh_sample_end_name(sample->end), sample->reason,
            sample->end == RH_SAMPLE_TIMED_OUT ? ", or a longer time_limit" : "");
    *ret_ns = sample->user_ns + sample->system_ns;
    return 0;
}

int rh_think_find(const struct rh_experiment_seams *seams, const struct rh_job *job,
                  const volatile bool *interrupted, struct rh_error *error,
                  struct rh_think_found *found) {
    struct replays replays = {
        .seams = seams,
        .interrupted = interrupted,
        .job = {.tape = job->tape,
                .allocator = found->allocator,
                .pass = RH_PASS_THROUGHPUT,
                .touch = job->touch,
                .pace = job->pace,
                .think = job->think,
                .cpus = job->cpus,
                .memory_bytes = job->memory_bytes,
                .time_limit_ns = job->time_limit_ns},
        .sample = rh_alloc_zeroed(1, sizeof(*replays.sample)),
    };
    if (replays.sample == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a sample");
    replays.job.think.automatic = false;
    struct rh_think_found made = *found;
    int result = rh_think_search(time_replay, &replays, error, &made);
    rh_free(replays.sample);
    if (result == 0)
        *found = made;
    return result;
}
