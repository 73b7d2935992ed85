/* json.c - the model as JSON: the format of that name, and the data of the page. The keys are in
 * docs/result-format.md: they may grow, and never change. */
#include <math.h>

#include "base/assert.h"
#include "report/emit.h"
#include "report/formats.h"
#include "report/passes.h"

enum { REPORT_VERSION = 1 };

void rh_report_emit_time(struct rh_report_emitter *out, const struct rh_interval *ratio,
                         enum rh_verdict verdict) {
    rh_report_emit_interval(out, "time", ratio);
    rh_report_emit_text(out, "time_verdict", rh_report_time_word(verdict));
}

void rh_report_emit_memory(struct rh_report_emitter *out, const struct rh_interval *ratio,
                           enum rh_verdict verdict) {
    rh_report_emit_interval(out, "memory", ratio);
    rh_report_emit_text(out, "memory_verdict", rh_report_memory_word(verdict));
}

static void emit_host(const struct rh_host *host, struct rh_report_emitter *out) {
    rh_report_open(out, "host", '{');
#define X(member, key) rh_report_emit_text(out, key, host->member);
    RH_HOST_MAP(X)
#undef X
    rh_report_close(out, '}');
}

static void emit_doctor(const struct rh_manifest *manifest, struct rh_report_emitter *out) {
    rh_report_open(out, "doctor", '[');
    for (size_t i = 0; i < manifest->finding_count; i++) {
        const struct rh_result_finding *finding = &manifest->findings[i];
        rh_report_open(out, NULL, '{');
        rh_report_emit_text(out, "name", finding->name);
        rh_report_emit_text(out, "value", finding->value);
        rh_report_emit_text(out, "verdict", rh_finding_name(finding->verdict));
        rh_report_emit_text(out, "why", finding->why);
        rh_report_emit_text(out, "fix", finding->fix);
        rh_report_close(out, '}');
    }
    rh_report_close(out, ']');
}

void rh_report_emit_run(const struct rh_report_model *model, const char *key, const char *path,
                        struct rh_report_emitter *out) {
    const struct rh_manifest *manifest = &model->result->manifest;
    struct rh_text seed = {0};
    rh_text_addf(&seed, "%llu", (unsigned long long)manifest->seed);
    rh_report_open(out, key, '{');
    if (path != NULL)
        rh_report_emit_text(out, "path", path);
    rh_report_emit_text(out, "tool", manifest->tool);
    rh_report_emit_text(out, "title", manifest->title);
    rh_report_emit_text(out, "started", manifest->started);
    rh_report_emit_text(out, "finished", manifest->finished);
    rh_report_emit_bool(out, "complete", manifest->complete);
    rh_report_emit_text(out, "command", manifest->command);
    rh_report_emit_text(out, "plan_path", manifest->plan_path);
    rh_report_emit_text(out, "plan_text", manifest->plan_text);
    rh_report_emit_text(out, "seed", rh_text_get(&seed));
    rh_report_emit_count(out, "rounds", manifest->rounds);
    rh_report_emit_count(out, "memory_rounds", manifest->memory_rounds);
    rh_report_emit_text(out, "touch", manifest->touch);
    rh_report_emit_text(out, "order", manifest->order);
    rh_report_emit_text(out, "pace", manifest->pace);
    rh_report_emit_text(out, "think", manifest->think);
    rh_report_emit_text(out, "cpus_used", manifest->cpus_used);
    rh_report_emit_count(out, "damaged_lines", model->result->damaged_lines);
    rh_report_emit_count(out, "samples_measured", model->samples_measured);
    rh_report_emit_count(out, "samples_failed", model->samples_failed);
    emit_host(&manifest->host, out);
    emit_doctor(manifest, out);
    rh_report_close(out, '}');
    out->text->failed = seed.failed != 0 ? seed.failed : out->text->failed;
    rh_text_finish(&seed);
}

static void emit_allocators(const struct rh_report_model *model, struct rh_report_emitter *out) {
    rh_report_open(out, "allocators", '[');
    for (size_t a = 0; a < model->allocators; a++) {
        const struct rh_result_allocator *allocator = &model->result->manifest.allocators[a];
        rh_report_open(out, NULL, '{');
        rh_report_emit_text(out, "label", allocator->label);
        rh_report_emit_text(out, "name", allocator->name);
        rh_report_emit_text(out, "kind", allocator->kind);
        rh_report_emit_text(out, "file", allocator->file);
        rh_report_emit_text(out, "hash", allocator->hash);
        rh_report_emit_text(out, "version", allocator->version);
        rh_report_emit_text(out, "unavailable", allocator->unavailable);
        rh_report_emit_bool(out, "floor", allocator->floor);
        rh_report_emit_list(out, "options", allocator->options);
        rh_report_emit_list(out, "environment", allocator->environment);
        rh_report_close(out, '}');
    }
    rh_report_close(out, ']');
}

static void emit_banners(const struct rh_report_model *model, struct rh_report_emitter *out) {
    rh_report_open(out, "banners", '[');
    for (size_t i = 0; i < model->banner_count; i++) {
        rh_report_open(out, NULL, '{');
        rh_report_emit_text(out, "kind", rh_report_banner_name(model->banners[i].kind));
        rh_report_emit_bool(out, "grave", model->banners[i].grave);
        rh_report_emit_text(out, "text", model->banners[i].text);
        rh_report_close(out, '}');
    }
    rh_report_close(out, ']');
}

static void emit_control(const struct rh_report_model *model, struct rh_report_emitter *out) {
    rh_report_open(out, "control", '{');
    rh_report_emit_bool(out, "trusted", model->control.trusted);
    rh_report_emit_count(out, "cells", model->control.cells);
    rh_report_emit_count(out, "resolved", model->control.resolved);
    rh_report_emit_count(out, "off", model->control.off);
    rh_report_emit_number(out, "worst_ratio", model->control.worst_ratio);
    rh_report_emit_number(out, "noise_floor", model->control.noise_floor);
    rh_report_emit_number(out, "autocorrelation", model->control.autocorrelation);
    rh_report_emit_number(out, "detectable_effect", model->detectable);
    rh_report_emit_count(out, "rounds_needed", model->rounds_needed);
    rh_report_emit_number(out, "others_share", model->others_share);
    rh_report_emit_number(out, "steal_share", model->steal_share);
    rh_report_emit_interval(out, "mean", &model->control_mean);
    rh_report_emit_text(out, "mean_verdict", rh_report_time_word(model->control_mean_verdict));
    rh_report_close(out, '}');
}

static void emit_index(struct rh_report_emitter *out, const char *key, size_t index) {
    rh_report_emit_figure(out, key, index == RH_REPORT_NOBODY ? UINT64_MAX : index);
}

static void emit_means(const struct rh_report_model *model, struct rh_report_emitter *out) {
    rh_report_open(out, "means", '[');
    for (size_t i = 0; i < model->allocators; i++) {
        size_t a = model->order[i];
        const struct rh_report_mean *mean = &model->means[a];
        if (rh_report_is_floor(model, a))
            continue;
        rh_report_open(out, NULL, '{');
        rh_report_emit_count(out, "allocator", a);
        rh_report_emit_count(out, "traces", mean->traces);
        rh_report_emit_bool(out, "whole", mean->whole);
        rh_report_emit_bool(out, "leads", mean->leads);
        rh_report_emit_interval(out, "time", &mean->time);
        rh_report_emit_text(out, "time_verdict", rh_report_time_word(mean->time_verdict));
        rh_report_emit_number(out, "smallest", mean->smallest);
        rh_report_emit_number(out, "largest", mean->largest);
        rh_report_emit_interval(out, "memory", &mean->memory);
        rh_report_emit_text(out, "memory_verdict", rh_report_memory_word(mean->memory_verdict));
        rh_report_emit_interval(out, "behind_best", &mean->behind);
        rh_report_emit_text(out, "behind_verdict", rh_report_time_word(mean->behind_verdict));
        rh_report_close(out, '}');
    }
    rh_report_close(out, ']');
}

/* ---- traces ---- */

static void emit_memory(const struct rh_report_cell *cell, struct rh_report_emitter *out) {
    rh_report_emit_count(out, "memory_rounds", cell->memory_measured);
    rh_report_emit_number(out, "peak_live_bytes", cell->live_bytes);
    rh_report_emit_number(out, "peak_resident_bytes", cell->peak_bytes);
    rh_report_emit_number(out, "peak_over_peak", cell->peak_over_peak);
    rh_report_emit_number(out, "at_peak_live", cell->at_peak_live);
    rh_report_emit_number(out, "at_peak_resident", cell->at_peak_resident);
    rh_report_emit_number(out, "mean_over_mean", cell->mean_over_mean);
    rh_report_emit_memory(out, &cell->memory, cell->memory_verdict);
    rh_report_emit_numbers(out, "freed_idle_ns", cell->freed_idle_ns, RH_SAMPLE_IDLE_STEPS);
    rh_report_emit_numbers(out, "freed_bytes", cell->freed_bytes, RH_SAMPLE_IDLE_STEPS);
    rh_report_emit_number(out, "purged_bytes", cell->purged_bytes);
    rh_report_emit_text(out, "purge_call", cell->purge_call);
}

/* What an allocator did on a trace or under a program, and how that ended. */
static void emit_end(size_t a, enum rh_sample_end end, const char *reason, const char *object,
                     struct rh_report_emitter *out) {
    rh_report_emit_count(out, "allocator", a);
    rh_report_emit_text(out, "end", rh_sample_end_name(end));
    rh_report_emit_text(out, "reason", reason);
    rh_report_emit_text(out, "object", object);
}

static void emit_cell(const struct rh_report_model *model, const struct rh_report_index *index,
                      size_t t, size_t a, struct rh_report_emitter *out) {
    const struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
    rh_report_open(out, NULL, '{');
    emit_end(a, cell->end, cell->reason, cell->object, out);
    rh_report_emit_count(out, "rounds", cell->measured);
    rh_report_emit_count(out, "failed", cell->failed);
    rh_report_emit_number(out, "ns_per_op", cell->ns_per_op);
    rh_report_emit_number(out, "net_ns_per_op", cell->net_ns);
    rh_report_emit_number(out, "ns_deviation", cell->deviation_ns);
    rh_report_emit_time(out, &cell->time, cell->time_verdict);
    rh_report_emit_number(out, "wall_ns", cell->wall_ns);
    rh_report_emit_number(out, "user_ns", cell->user_ns);
    rh_report_emit_number(out, "system_ns", cell->system_ns);
    rh_report_emit_number(out, "stall_share", cell->stall_share);
    rh_report_emit_number(out, "minor_faults", cell->minor_faults);
    rh_report_emit_number(out, "major_faults", cell->major_faults);
    rh_report_emit_number(out, "voluntary_switches", cell->voluntary_switches);
    rh_report_emit_number(out, "involuntary_switches", cell->involuntary_switches);
    rh_report_emit_count(out, "outliers", cell->outliers);
    emit_memory(cell, out);
    rh_report_emit_numbers(out, "ns_per_op_by_round", rh_report_rounds_at(model, model->ns, t, a),
                           model->rounds);
    rh_report_emit_passes(index, t, a, out);
    rh_report_close(out, '}');
}

static void emit_counts(struct rh_report_emitter *out, const char *key, const uint64_t *counts,
                        size_t count) {
    rh_report_open(out, key, '[');
    for (size_t i = 0; i < count; i++)
        rh_report_emit_figure(out, NULL, counts[i]);
    rh_report_close(out, ']');
}

/* Nothing where the rate was given. */
static void emit_found(const struct rh_think_found *found, struct rh_report_emitter *out) {
    if (found->allocator == NULL)
        return;
    rh_report_open(out, "think", '{');
    rh_report_emit_text(out, "allocator", found->allocator);
    rh_report_emit_count(out, "lines_per_ms", found->lines_per_ms);
    rh_report_emit_count(out, "program_ns", found->program_ns);
    rh_report_emit_count(out, "plain_ns", found->plain_ns);
    rh_report_emit_count(out, "thinking_ns", found->thinking_ns);
    rh_report_close(out, '}');
}

static void emit_trace_facts(const struct rh_result_trace *facts, struct rh_report_emitter *out) {
    rh_report_emit_text(out, "name", facts->name);
    rh_report_emit_text(out, "path", facts->path);
    rh_report_emit_text(out, "hash", facts->hash);
    rh_report_emit_text(out, "program", facts->program);
    rh_report_emit_text(out, "command", facts->command);
    rh_report_emit_text(out, "source", facts->source);
    rh_report_emit_text(out, "allocator", facts->allocator);
    rh_report_emit_figure(out, "events", facts->events);
    rh_report_emit_figure(out, "ops", facts->ops);
    rh_report_emit_figure(out, "objects", facts->objects);
    rh_report_emit_figure(out, "threads", facts->threads);
    rh_report_emit_figure(out, "cross_thread_releases", facts->cross_thread_releases);
    rh_report_emit_figure(out, "recorded_peak_live_bytes", facts->peak_live_bytes);
    rh_report_emit_figure(out, "allocated_bytes", facts->allocated_bytes);
    rh_report_emit_figure(out, "duration_ns", facts->duration_ns);
    rh_report_emit_count(out, "cpu_ns", facts->cpu_ns);
    emit_found(&facts->think, out);
    emit_counts(out, "calls", facts->calls, facts->call_count);
    emit_counts(out, "sizes", facts->sizes, facts->size_count);
}

static void emit_trace(const struct rh_report_model *model, const struct rh_report_index *index,
                       size_t t, bool curves, struct rh_report_emitter *out) {
    const struct rh_report_trace *trace = &model->trace[t];
    const double *again = rh_report_rounds_at(model, model->ns, t, model->allocators);
    rh_report_open(out, NULL, '{');
    emit_trace_facts(&model->result->manifest.traces[t], out);
    rh_report_emit_bool(out, "synthetic", trace->synthetic);
    rh_report_emit_bool(out, "in_means", trace->in_means);
    rh_report_emit_count(out, "comparisons", trace->comparisons);
    rh_report_emit_interval(out, "control", &trace->control);
    rh_report_emit_text(out, "control_verdict", rh_report_time_word(trace->control_verdict));
    rh_report_emit_number(out, "control_ns_per_op", rh_median(again, model->rounds));
    rh_report_emit_numbers(out, "control_ns_per_op_by_round", again, model->rounds);
    rh_report_emit_number(out, "floor_share", trace->floor_share);
    emit_index(out, "floor", trace->floor);
    emit_index(out, "fastest", trace->fastest);
    rh_report_emit_bool(out, "work_differs", trace->work_differs);
    rh_report_emit_number(out, "live_error", trace->live_error);
    rh_report_open(out, "cells", '[');
    for (size_t i = 0; i < model->allocators; i++)
        emit_cell(model, index, t, trace->order[i], out);
    rh_report_close(out, ']');
    if (curves)
        rh_report_emit_curves(model, t, out);
    rh_report_close(out, '}');
}

static void emit_traces(const struct rh_report_model *model, bool curves,
                        struct rh_report_emitter *out) {
    struct rh_report_index index = {0};
    bool sorted = rh_report_index_init(model->result, NULL, &index) == 0;
    if (!sorted)
        out->text->failed = RH_ERR_MEMORY;
    rh_report_open(out, "traces", '[');
    for (size_t t = 0; sorted && t < model->traces; t++)
        emit_trace(model, &index, t, curves, out);
    rh_report_close(out, ']');
    rh_report_index_finish(&index);
}

/* ---- programs ---- */

static void emit_program_cell(const struct rh_report_program_cell *cell, size_t a,
                              struct rh_report_emitter *out) {
    rh_report_open(out, NULL, '{');
    emit_end(a, cell->end, cell->reason, cell->object, out);
    rh_report_emit_count(out, "rounds", cell->measured);
    rh_report_emit_count(out, "failed", cell->failed);
    rh_report_emit_number(out, "wall_ns", cell->wall_ns);
    rh_report_emit_number(out, "user_ns", cell->user_ns);
    rh_report_emit_number(out, "system_ns", cell->system_ns);
    rh_report_emit_time(out, &cell->time, cell->time_verdict);
    rh_report_emit_number(out, "peak_bytes", cell->peak_bytes);
    rh_report_emit_number(out, "floor_peak_bytes", cell->floor_peak_bytes);
    rh_report_emit_memory(out, &cell->memory, cell->memory_verdict);
    rh_report_emit_interval(out, "real_difference_ns", &cell->real_difference);
    rh_report_emit_interval(out, "replay_difference_ns", &cell->replay_difference);
    rh_report_emit_number(out, "net_peak_bytes", cell->net_peak_bytes);
    rh_report_emit_number(out, "peak_error", cell->peak_error);
    rh_report_emit_number(out, "curve_error", cell->curve_error);
    rh_report_close(out, '}');
}

static void emit_program(const struct rh_report_model *model, size_t p,
                         struct rh_report_emitter *out) {
    const struct rh_result_program *facts = &model->result->manifest.programs[p];
    const struct rh_report_program *program = &model->programs[p];
    rh_report_open(out, NULL, '{');
    rh_report_emit_text(out, "name", facts->name);
    rh_report_emit_list(out, "words", facts->words);
    emit_index(out, "trace", facts->trace == RH_RESULT_NO_TRACE ? RH_REPORT_NOBODY : facts->trace);
    rh_report_emit_text(out, "file", facts->file);
    rh_report_emit_text(out, "hash", facts->hash);
    rh_report_emit_count(out, "comparisons", program->comparisons);
    rh_report_emit_interval(out, "control", &program->control);
    rh_report_emit_text(out, "control_verdict", rh_report_time_word(program->control_verdict));
    rh_report_emit_count(out, "signs", program->signs);
    rh_report_emit_count(out, "signs_same", program->signs_same);
    rh_report_emit_count(out, "ranks", program->ranks);
    rh_report_emit_count(out, "ranks_same", program->ranks_same);
    rh_report_emit_number(out, "slope", program->slope);
    rh_report_open(out, "cells", '[');
    for (size_t i = 0; i < model->allocators; i++)
        if (!rh_report_is_floor(model, program->order[i]))
            emit_program_cell(&program->cells[program->order[i]], program->order[i], out);
    rh_report_close(out, ']');
    rh_report_close(out, '}');
}

static void emit_programs(const struct rh_report_model *model, struct rh_report_emitter *out) {
    rh_report_open(out, "programs", '[');
    for (size_t p = 0; model->programs != NULL && p < model->result->manifest.program_count; p++)
        emit_program(model, p, out);
    rh_report_close(out, ']');
}

/* What the page shows as it is: title, columns, rows of texts. */
static void emit_section(void *context, const char *id, const char *title,
                         const struct rh_report_table *table) {
    struct rh_report_emitter *out = context;
    rh_report_open(out, NULL, '{');
    rh_report_emit_text(out, "id", id);
    rh_report_emit_text(out, "title", title);
    rh_report_open(out, "columns", '[');
    for (size_t c = 0; c < table->column_count; c++) {
        rh_report_open(out, NULL, '{');
        rh_report_emit_text(out, "title", table->columns[c].title);
        rh_report_emit_bool(out, "right", table->columns[c].right);
        rh_report_close(out, '}');
    }
    rh_report_close(out, ']');
    rh_report_open(out, "rows", '[');
    for (size_t r = 0; r < table->row_count; r++) {
        rh_report_open(out, NULL, '[');
        for (size_t c = 0; c < table->column_count; c++)
            rh_report_emit_text(out, NULL, table->rows[r].cells[c]);
        rh_report_close(out, ']');
    }
    rh_report_close(out, ']');
    rh_report_close(out, '}');
}

void rh_report_emit_model(const struct rh_report_model *model, bool curves,
                          struct rh_report_emitter *out) {
    rh_report_open(out, NULL, '{');
    rh_report_emit_text(out, "format", "reheap-report");
    rh_report_emit_count(out, "version", REPORT_VERSION);
    rh_report_emit_text(out, "headline", model->headline);
    rh_report_emit_number(out, "level", model->level);
    rh_report_emit_count(out, "rounds", model->rounds);
    emit_index(out, "baseline", model->allocators > 0 ? model->baseline : RH_REPORT_NOBODY);
    emit_index(out, "best", model->best);
    rh_report_emit_count(out, "leading", model->leading);
    rh_report_emit_count(out, "traces_in_means", model->traces_in_means);
    rh_report_emit_count(out, "comparisons", model->comparisons);
    rh_report_emit_bool(out, "only_synthetic", model->only_synthetic);
    emit_banners(model, out);
    emit_control(model, out);
    emit_allocators(model, out);
    emit_means(model, out);
    emit_traces(model, curves, out);
    emit_programs(model, out);
    if (curves) {
        rh_report_open(out, "sections", '[');
        if (rh_report_each_section(model, emit_section, out, NULL) < 0)
            out->text->failed = RH_ERR_MEMORY;
        rh_report_close(out, ']');
    }
    rh_report_emit_run(model, "run", NULL, out);
    rh_report_close(out, '}');
}

int rh_report_json(const struct rh_report_model *model, const struct rh_report_options *options,
                   struct rh_error *error, struct rh_text *text) {
    (void)options;
    (void)error;
    struct rh_report_emitter out = {.text = text};
    rh_report_emit_model(model, false, &out);
    rh_text_add(text, "\n");
    return 0;
}
