/* real.c - the functions by which a run meets traces, libraries and workers. */
#include <inttypes.h>
#include <stdio.h>

#include "allocator/registry.h"
#include "base/memory.h"
#include "compile/compile.h"
#include "doctor/doctor.h"
#include "experiment/experiment.h"
#include "experiment/version.h"
#include "trace/trace.h"

static int copy(const char *text, struct rh_error *error, char **ret_copy) {
    if (text == NULL)
        return 0;
    *ret_copy = rh_strdup(text);
    return *ret_copy != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for the manifest");
}

/* What recording took is an estimate, which may exceed what a small program took in all. */
static uint64_t program_cpu_ns(const struct rh_trace_meta *meta) {
    if (meta->cpu_ns == 0)
        return 0;
    return meta->cpu_ns > meta->recorder_ns ? meta->cpu_ns - meta->recorder_ns : 1;
}

static int read_facts(const struct rh_trace_reader *reader, struct rh_error *error,
                      struct rh_result_trace *facts) {
    const struct rh_trace_meta *meta = rh_trace_reader_meta(reader);
    const struct rh_trace_summary *summary = rh_trace_reader_summary(reader);
    char hash[17];
    snprintf(hash, sizeof(hash), "%016" PRIx64, summary->content_hash);
    facts->events = summary->events;
    facts->objects = summary->objects;
    facts->threads = summary->threads;
    facts->cross_thread_releases = summary->cross_thread_releases;
    facts->peak_live_bytes = summary->peak_live_bytes;
    facts->allocated_bytes = summary->allocated_bytes;
    facts->duration_ns = meta->duration_ns;
    facts->cpu_ns = program_cpu_ns(meta);
    _Static_assert((int)RH_RESULT_CALLS == (int)RH_EVENT_USABLE + 1, "kinds that are calls");
    facts->call_count = RH_RESULT_CALLS;
    for (uint32_t kind = 0; kind < RH_RESULT_CALLS; kind++)
        facts->calls[kind] = summary->events_by_kind[kind];
    rh_try(copy(hash, error, &facts->hash));
    rh_try(copy(meta->program, error, &facts->program));
    rh_try(copy(meta->command, error, &facts->command));
    rh_try(copy(meta->allocator, error, &facts->allocator));
    return copy(meta->source, error, &facts->source);
}

static void count_sizes(const struct rh_event *events, size_t count,
                        struct rh_result_trace *facts) {
    for (size_t i = 0; i < count; i++) {
        if (!rh_event_acquires(events[i].kind))
            continue;
        uint32_t log2 = events[i].size < 2 ? 0 : 63 - (uint32_t)__builtin_clzll(events[i].size);
        facts->sizes[log2]++;
        if (log2 >= facts->size_count)
            facts->size_count = log2 + 1;
    }
}

/* The sizes are in no table of the trace, so all its events are read. */
static int read_sizes(struct rh_trace_reader *reader, struct rh_error *error,
                      struct rh_result_trace *facts) {
    const struct rh_event *events = NULL;
    size_t count = 0;
    do {
        rh_try(rh_trace_reader_next(reader, error, &events, &count));
        count_sizes(events, count, facts);
    } while (count > 0);
    return 0;
}

static int open_trace(const char *path, const struct rh_course *course, struct rh_error *error,
                      struct rh_result_trace *ret_facts, char **ret_tape) {
    struct rh_trace_reader *reader = NULL;
    rh_try(rh_trace_reader_open(path, error, &reader));
    int result = read_facts(reader, error, ret_facts);
    if (result == 0)
        result = read_sizes(reader, error, ret_facts);
    rh_trace_reader_close(reader);
    rh_try(result);

    struct rh_compile_options options = {0};
    rh_compile_follow_course(&options, course);
    struct rh_tape_facts tape = {0};
    rh_try(rh_compile(path, &options, error, ret_tape, &tape));
    ret_facts->ops = tape.ops;
    return 0;
}

static int version_of(const char *path, struct rh_error *error, char **ret_version) {
    return rh_version_of_file("", path, error, ret_version);
}

static int examine(struct rh_error *error, struct rh_result_finding **ret_findings,
                   size_t *ret_count) {
    struct rh_doctor_options options = rh_doctor_here(false);
    return rh_doctor(&options, error, ret_findings, ret_count);
}

const struct rh_experiment_seams rh_experiment_real = {
    .open_trace = open_trace,
    .locate = rh_registry_locate,
    .version = version_of,
    .examine = examine,
    .locate_program = rh_program_locate,
    .run_program = rh_program_run,
    .replay = rh_replay,
};
