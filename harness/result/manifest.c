/* manifest.c - writing the manifest, and giving it back. */
#include "base/assert.h"
#include "base/memory.h"
#include "result/codec.h"

#define RESULT_FORMAT "reheap-result"

static json_t *encode_host(const struct rh_host *host) {
    struct rh_json_out out = {.object = json_object()};
#define X(member, key) rh_json_put_text(&out, key, host->member);
    RH_HOST_MAP(X)
#undef X
    if (!out.failed)
        return out.object;
    json_decref(out.object);
    return NULL;
}

static json_t *encode_allocator(const struct rh_result_allocator *allocator) {
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_text(&out, "label", allocator->label);
    rh_json_put_text(&out, "name", allocator->name);
    rh_json_put_text(&out, "kind", allocator->kind);
    rh_json_put_text(&out, "file", allocator->file);
    rh_json_put_text(&out, "hash", allocator->hash);
    rh_json_put_text(&out, "version", allocator->version);
    rh_json_put_text(&out, "unavailable", allocator->unavailable);
    rh_json_put_bool(&out, "floor", allocator->floor);
    rh_json_put_list(&out, "options", allocator->options);
    rh_json_put_list(&out, "environment", allocator->environment);
    rh_json_put_text(&out, "sweep", allocator->sweep);
    rh_json_put_text(&out, "setting", allocator->setting);
    rh_json_put_text(&out, "program_library", allocator->program_library);
    rh_json_put_text(&out, "program_unavailable", allocator->program_unavailable);
    if (!out.failed)
        return out.object;
    json_decref(out.object);
    return NULL;
}

static json_t *encode_found(const struct rh_think_found *found) {
    if (found->allocator == NULL)
        return json_null();
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_text(&out, "allocator", found->allocator);
    rh_json_put_u64(&out, "lines_per_ms", found->lines_per_ms);
    rh_json_put_u64(&out, "program_ns", found->program_ns);
    rh_json_put_u64(&out, "plain_ns", found->plain_ns);
    rh_json_put_u64(&out, "thinking_ns", found->thinking_ns);
    if (!out.failed)
        return out.object;
    json_decref(out.object);
    return NULL;
}

static json_t *encode_trace(const struct rh_result_trace *trace) {
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_text(&out, "name", trace->name);
    rh_json_put_text(&out, "path", trace->path);
    rh_json_put_text(&out, "hash", trace->hash);
    rh_json_put_text(&out, "program", trace->program);
    rh_json_put_text(&out, "command", trace->command);
    rh_json_put_text(&out, "source", trace->source);
    rh_json_put_text(&out, "allocator", trace->allocator);
    rh_json_put_figure(&out, "events", trace->events);
    rh_json_put_figure(&out, "ops", trace->ops);
    rh_json_put_figure(&out, "objects", trace->objects);
    rh_json_put_figure(&out, "threads", trace->threads);
    rh_json_put_figure(&out, "cross_thread_releases", trace->cross_thread_releases);
    rh_json_put_figure(&out, "peak_live_bytes", trace->peak_live_bytes);
    rh_json_put_figure(&out, "allocated_bytes", trace->allocated_bytes);
    rh_json_put_figure(&out, "duration_ns", trace->duration_ns);
    rh_json_put_u64(&out, "cpu_ns", trace->cpu_ns);
    rh_json_put(&out, "think", encode_found(&trace->think));
    rh_json_put_figures(&out, "calls", trace->calls, trace->call_count);
    rh_json_put_figures(&out, "sizes", trace->sizes, trace->size_count);
    if (!out.failed)
        return out.object;
    json_decref(out.object);
    return NULL;
}

static json_t *encode_allocators(const struct rh_manifest *manifest) {
    json_t *array = json_array();
    bool failed = array == NULL;
    for (size_t i = 0; !failed && i < manifest->allocator_count; i++)
        failed = json_array_append_new(array, encode_allocator(&manifest->allocators[i])) != 0;
    if (!failed)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *encode_traces(const struct rh_manifest *manifest) {
    json_t *array = json_array();
    bool failed = array == NULL;
    for (size_t i = 0; !failed && i < manifest->trace_count; i++)
        failed = json_array_append_new(array, encode_trace(&manifest->traces[i])) != 0;
    if (!failed)
        return array;
    json_decref(array);
    return NULL;
}

static struct rh_json_out encode(const struct rh_manifest *manifest) {
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_text(&out, "format", RESULT_FORMAT);
    rh_json_put_u64(&out, "version", RH_RESULT_VERSION);
    rh_json_put_text(&out, "tool", manifest->tool);
    rh_json_put_text(&out, "started", manifest->started);
    rh_json_put_text(&out, "finished", manifest->finished);
    rh_json_put_bool(&out, "complete", manifest->complete);
    rh_json_put_text(&out, "title", manifest->title);
    rh_json_put_text(&out, "plan_path", manifest->plan_path);
    rh_json_put_text(&out, "plan_text", manifest->plan_text);
    rh_json_put_text(&out, "command", manifest->command);
    rh_json_put_digits(&out, "seed", manifest->seed);
    rh_json_put_u64(&out, "rounds", manifest->rounds);
    rh_json_put_u64(&out, "budget_ns", manifest->budget_ns);
    rh_json_put_u64(&out, "memory_rounds", manifest->memory_rounds);
    rh_json_put_u64(&out, "latency_rounds", manifest->latency_rounds);
    rh_json_put_u64(&out, "syscall_rounds", manifest->syscall_rounds);
    rh_json_put_u64(&out, "baseline", manifest->baseline);
    rh_json_put_text(&out, "touch", manifest->touch);
    rh_json_put_text(&out, "order", manifest->order);
    rh_json_put_text(&out, "pace", manifest->pace);
    rh_json_put_text(&out, "think", manifest->think);
    rh_json_put_text(&out, "cpus_used", manifest->cpus_used);
    rh_json_put(&out, "host", encode_host(&manifest->host));
    rh_json_put(&out, "doctor", rh_findings_encode(manifest->findings, manifest->finding_count));
    rh_json_put(&out, "allocators", encode_allocators(manifest));
    rh_json_put(&out, "traces", encode_traces(manifest));
    rh_json_put(&out, "programs", rh_programs_encode(manifest));
    return out;
}

int rh_manifest_encode(const struct rh_manifest *manifest, struct rh_error *error,
                       struct rh_text *ret_text) {
    rh_assert(manifest->allocator_count == 0 || manifest->baseline < manifest->allocator_count);
    struct rh_json_out out = encode(manifest);
    int result = 0;
    if (out.failed)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for the manifest");
    else
        result = rh_json_dump(out.object, JSON_INDENT(2), error, ret_text);
    json_decref(out.object);
    rh_text_add(ret_text, "\n");
    return result < 0 ? result : ret_text->failed;
}

static void finish_allocator(struct rh_result_allocator *allocator) {
    rh_free(allocator->label);
    rh_free(allocator->name);
    rh_free(allocator->kind);
    rh_free(allocator->file);
    rh_free(allocator->hash);
    rh_free(allocator->version);
    rh_free(allocator->unavailable);
    rh_json_free_list(allocator->options);
    rh_json_free_list(allocator->environment);
    rh_free(allocator->sweep);
    rh_free(allocator->setting);
    rh_free(allocator->program_library);
    rh_free(allocator->program_unavailable);
}

void rh_result_trace_finish(struct rh_result_trace *trace) {
    rh_free(trace->name);
    rh_free(trace->path);
    rh_free(trace->hash);
    rh_free(trace->program);
    rh_free(trace->command);
    rh_free(trace->source);
    rh_free(trace->allocator);
    rh_free(trace->think.allocator);
}

void rh_manifest_finish(struct rh_manifest *manifest) {
    rh_free(manifest->tool);
    rh_free(manifest->started);
    rh_free(manifest->finished);
    rh_free(manifest->title);
    rh_free(manifest->plan_path);
    rh_free(manifest->plan_text);
    rh_free(manifest->command);
    rh_free(manifest->touch);
    rh_free(manifest->order);
    rh_free(manifest->pace);
    rh_free(manifest->think);
    rh_free(manifest->cpus_used);
    rh_host_finish(&manifest->host);
    rh_result_findings_free(manifest->findings, manifest->finding_count);
    for (size_t i = 0; i < manifest->allocator_count; i++)
        finish_allocator(&manifest->allocators[i]);
    rh_free(manifest->allocators);
    for (size_t i = 0; i < manifest->trace_count; i++)
        rh_result_trace_finish(&manifest->traces[i]);
    rh_free(manifest->traces);
    for (size_t i = 0; i < manifest->program_count; i++)
        rh_result_program_finish(&manifest->programs[i]);
    rh_free(manifest->programs);
    *manifest = (struct rh_manifest){0};
}
