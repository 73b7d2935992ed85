/* manifest_read.c - reading a manifest that anybody may have written. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "result/codec.h"

#define RESULT_FORMAT "reheap-result"

enum { MOST_LIST_ENTRIES = 1024 };

static struct rh_json_place inside(const struct rh_json_place *place, const char *array,
                                   size_t index) {
    struct rh_json_place inner = *place;
    snprintf(inner.within, sizeof(inner.within), "%s[%zu]", array, index);
    return inner;
}

static int check_version(const struct rh_json_place *place, const json_t *object) {
    char format[32] = "";
    uint64_t version = 0;
    rh_try(rh_json_get_buffer(place, object, "format", format, sizeof(format)));
    if (strcmp(format, RESULT_FORMAT) != 0)
        return rh_json_fail(place, RH_ERR_FORMAT, "format", "must be \"%s\", and is \"%s\"",
                            RESULT_FORMAT, format);
    rh_try(rh_json_get_u64(place, object, "version", UINT32_MAX, &version));
    if (version == 0 || version > RH_RESULT_VERSION)
        return rh_json_fail(place, RH_ERR_VERSION, "version",
                            "is %u, and this reheap reads up to %d: use the one that wrote it",
                            (unsigned)version, RH_RESULT_VERSION);
    return 0;
}

static int decode_host(const struct rh_json_place *place, const json_t *object,
                       struct rh_host *host) {
    const json_t *value = NULL;
    rh_try(rh_json_get_object(place, object, "host", &value));
    struct rh_json_place inner = *place;
    snprintf(inner.within, sizeof(inner.within), "host");
#define X(member, key) rh_try(rh_json_get_text(&inner, value, key, &host->member));
    RH_HOST_MAP(X)
#undef X
    return 0;
}

static int decode_allocator(const struct rh_json_place *place, const json_t *value,
                            struct rh_result_allocator *allocator) {
    rh_try(rh_json_need_text(place, value, "label", &allocator->label));
    rh_try(rh_json_need_text(place, value, "name", &allocator->name));
    rh_try(rh_json_get_text(place, value, "kind", &allocator->kind));
    rh_try(rh_json_get_text(place, value, "file", &allocator->file));
    rh_try(rh_json_get_text(place, value, "hash", &allocator->hash));
    rh_try(rh_json_get_text(place, value, "version", &allocator->version));
    rh_try(rh_json_get_text(place, value, "unavailable", &allocator->unavailable));
    rh_try(rh_json_get_bool(place, value, "floor", &allocator->floor));
    rh_try(rh_json_get_list(place, value, "options", MOST_LIST_ENTRIES, &allocator->options));
    rh_try(
        rh_json_get_list(place, value, "environment", MOST_LIST_ENTRIES, &allocator->environment));
    rh_try(rh_json_get_later_text(place, value, "sweep", &allocator->sweep));
    rh_try(rh_json_get_later_text(place, value, "setting", &allocator->setting));
    if (allocator->sweep != NULL && allocator->setting == NULL)
        return rh_json_fail(place, RH_ERR_FORMAT, "setting", "is missing, and there is a sweep");
    rh_try(rh_json_get_later_text(place, value, "program_library", &allocator->program_library));
    return rh_json_get_later_text(place, value, "program_unavailable",
                                  &allocator->program_unavailable);
}

/* Results of earlier versions lack it. */
static int get_counts(const struct rh_json_place *place, const json_t *value, const char *key,
                      size_t limit, uint64_t *ret_counts, uint32_t *ret_count) {
    size_t count = 0;
    if (json_object_get(value, key) != NULL)
        rh_try(rh_json_get_figures(place, value, key, limit, ret_counts, &count));
    *ret_count = (uint32_t)count;
    return 0;
}

/* 0 where an older result lacks it. */
static int get_later_u64(const struct rh_json_place *place, const json_t *object, const char *key,
                         uint64_t *ret_value) {
    *ret_value = 0;
    return json_object_get(object, key) != NULL
               ? rh_json_get_u64(place, object, key, UINT64_MAX, ret_value)
               : 0;
}

static int decode_found(const struct rh_json_place *place, const json_t *value,
                        struct rh_think_found *found) {
    const json_t *object = json_object_get(value, "think");
    if (object == NULL || json_is_null(object))
        return 0;
    rh_try(rh_json_get_object(place, value, "think", &object));
    rh_try(rh_json_need_text(place, object, "allocator", &found->allocator));
    rh_try(rh_json_get_u64(place, object, "lines_per_ms", RH_THINK_LINES_PER_MS_MOST,
                           &found->lines_per_ms));
    rh_try(rh_json_get_u64(place, object, "program_ns", UINT64_MAX, &found->program_ns));
    rh_try(rh_json_get_u64(place, object, "plain_ns", UINT64_MAX, &found->plain_ns));
    return rh_json_get_u64(place, object, "thinking_ns", UINT64_MAX, &found->thinking_ns);
}

static int decode_trace(const struct rh_json_place *place, const json_t *value,
                        struct rh_result_trace *trace) {
    rh_try(rh_json_need_text(place, value, "name", &trace->name));
    rh_try(rh_json_get_text(place, value, "path", &trace->path));
    rh_try(rh_json_get_text(place, value, "hash", &trace->hash));
    rh_try(rh_json_get_text(place, value, "program", &trace->program));
    rh_try(rh_json_get_text(place, value, "command", &trace->command));
    rh_try(rh_json_get_text(place, value, "source", &trace->source));
    rh_try(rh_json_get_later_text(place, value, "allocator", &trace->allocator));
    rh_try(rh_json_get_figure(place, value, "events", &trace->events));
    rh_try(rh_json_get_figure(place, value, "ops", &trace->ops));
    rh_try(rh_json_get_figure(place, value, "objects", &trace->objects));
    rh_try(rh_json_get_figure(place, value, "threads", &trace->threads));
    rh_try(
        rh_json_get_figure(place, value, "cross_thread_releases", &trace->cross_thread_releases));
    rh_try(rh_json_get_figure(place, value, "peak_live_bytes", &trace->peak_live_bytes));
    rh_try(rh_json_get_figure(place, value, "allocated_bytes", &trace->allocated_bytes));
    rh_try(rh_json_get_figure(place, value, "duration_ns", &trace->duration_ns));
    rh_try(get_later_u64(place, value, "cpu_ns", &trace->cpu_ns));
    rh_try(decode_found(place, value, &trace->think));
    rh_try(get_counts(place, value, "calls", RH_RESULT_CALLS, trace->calls, &trace->call_count));
    return get_counts(place, value, "sizes", RH_RESULT_SIZES, trace->sizes, &trace->size_count);
}

static int no_memory(const struct rh_json_place *place) {
    return rh_fail(place->error, RH_ERR_MEMORY, "no memory for %s", place->file);
}

/* Labels and names stand for rows: two of the same could not be told apart. */
static int decode_allocators(const struct rh_json_place *place, const json_t *object,
                             struct rh_manifest *manifest) {
    const json_t *array = NULL;
    rh_try(rh_json_get_array(place, object, "allocators", RH_RESULT_ALLOCATORS, &array));
    size_t count = json_array_size(array);
    manifest->allocators = rh_alloc_zeroed(count, sizeof(*manifest->allocators));
    if (manifest->allocators == NULL)
        return no_memory(place);
    for (size_t i = 0; i < count; i++) {
        struct rh_json_place inner = inside(place, "allocators", i);
        manifest->allocator_count = i + 1;
        if (!json_is_object(json_array_get(array, i)))
            return rh_json_fail(&inner, RH_ERR_FORMAT, "", "must be an object");
        rh_try(decode_allocator(&inner, json_array_get(array, i), &manifest->allocators[i]));
        for (size_t j = 0; j < i; j++)
            if (strcmp(manifest->allocators[i].label, manifest->allocators[j].label) == 0)
                return rh_json_fail(&inner, RH_ERR_FORMAT, "label", "is that of allocators[%zu]",
                                    j);
    }
    return 0;
}

static int decode_traces(const struct rh_json_place *place, const json_t *object,
                         struct rh_manifest *manifest) {
    const json_t *array = NULL;
    rh_try(rh_json_get_array(place, object, "traces", RH_RESULT_TRACES, &array));
    size_t count = json_array_size(array);
    manifest->traces = rh_alloc_zeroed(count, sizeof(*manifest->traces));
    if (manifest->traces == NULL)
        return no_memory(place);
    for (size_t i = 0; i < count; i++) {
        struct rh_json_place inner = inside(place, "traces", i);
        manifest->trace_count = i + 1;
        if (!json_is_object(json_array_get(array, i)))
            return rh_json_fail(&inner, RH_ERR_FORMAT, "", "must be an object");
        rh_try(decode_trace(&inner, json_array_get(array, i), &manifest->traces[i]));
        for (size_t j = 0; j < i; j++)
            if (strcmp(manifest->traces[i].name, manifest->traces[j].name) == 0)
                return rh_json_fail(&inner, RH_ERR_FORMAT, "name", "is that of traces[%zu]", j);
    }
    return 0;
}

static int decode_tables(const struct rh_json_place *place, const json_t *object,
                         struct rh_manifest *manifest) {
    rh_try(decode_host(place, object, &manifest->host));
    rh_try(rh_findings_decode(place, object, manifest));
    rh_try(decode_allocators(place, object, manifest));
    rh_try(decode_traces(place, object, manifest));
    rh_try(rh_programs_decode(place, object, manifest));
    if (manifest->allocator_count * manifest->trace_count > RH_RESULT_CELLS)
        return rh_json_fail(place, RH_ERR_LIMIT, "traces",
                            "gives %zu cells with the allocators, and at most %d are read",
                            manifest->allocator_count * manifest->trace_count, RH_RESULT_CELLS);
    uint32_t last = manifest->allocator_count > 0 ? (uint32_t)(manifest->allocator_count - 1) : 0;
    return rh_json_get_u32(place, object, "baseline", last, &manifest->baseline);
}

/* Older results lack it: no such rounds. */
static int get_later_rounds(const struct rh_json_place *place, const json_t *object,
                            const char *key, uint32_t *ret_rounds) {
    *ret_rounds = 0;
    if (json_object_get(object, key) == NULL)
        return 0;
    return rh_json_get_u32(place, object, key, RH_RESULT_ROUNDS, ret_rounds);
}

int rh_manifest_decode(const struct rh_json_place *place, const json_t *object,
                       struct rh_manifest *manifest) {
    rh_try(check_version(place, object));
    rh_try(rh_json_get_text(place, object, "tool", &manifest->tool));
    rh_try(rh_json_get_text(place, object, "started", &manifest->started));
    rh_try(rh_json_get_text(place, object, "finished", &manifest->finished));
    rh_try(rh_json_get_bool(place, object, "complete", &manifest->complete));
    rh_try(rh_json_get_text(place, object, "title", &manifest->title));
    rh_try(rh_json_get_text(place, object, "plan_path", &manifest->plan_path));
    rh_try(rh_json_get_text(place, object, "plan_text", &manifest->plan_text));
    rh_try(rh_json_get_text(place, object, "command", &manifest->command));
    rh_try(rh_json_get_u64(place, object, "seed", UINT64_MAX, &manifest->seed));
    rh_try(rh_json_get_u32(place, object, "rounds", RH_RESULT_ROUNDS, &manifest->rounds));
    rh_try(get_later_u64(place, object, "budget_ns", &manifest->budget_ns));
    rh_try(rh_json_get_u32(place, object, "memory_rounds", RH_RESULT_ROUNDS,
                           &manifest->memory_rounds));
    rh_try(get_later_rounds(place, object, "latency_rounds", &manifest->latency_rounds));
    rh_try(get_later_rounds(place, object, "syscall_rounds", &manifest->syscall_rounds));
    rh_try(rh_json_get_text(place, object, "touch", &manifest->touch));
    rh_try(rh_json_get_later_text(place, object, "order", &manifest->order));
    rh_try(rh_json_get_later_text(place, object, "pace", &manifest->pace));
    rh_try(rh_json_get_later_text(place, object, "think", &manifest->think));
    rh_try(rh_json_get_text(place, object, "cpus_used", &manifest->cpus_used));
    return decode_tables(place, object, manifest);
}
