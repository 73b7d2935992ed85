/* tables.c - what is in which table. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "report/format.h"
#include "report/table.h"

static void name_columns(const struct rh_report_model *model, struct rh_report_table *table) {
    char level[RH_REPORT_FIGURE_BYTES];
    rh_text_addf(&table->versus, "x %s", rh_report_label(model, model->baseline));
    rh_text_addf(&table->interval, "%s interval", rh_report_percent(level, model->level));
}

static enum rh_report_tone tone_of(enum rh_verdict verdict) {
    switch (verdict) {
    case RH_VERDICT_LOWER:
        return RH_REPORT_GOOD;
    case RH_VERDICT_HIGHER:
        return RH_REPORT_BAD;
    default:
        return RH_REPORT_DIM;
    }
}

/* ---- one trace ---- */

static void add_trace_columns(const struct rh_report_model *model, size_t t,
                              struct rh_report_table *table) {
    name_columns(model, table);
    bool threads = model->result->manifest.traces[t].threads > 1;
    rh_report_add_column(table, "allocator", false, 0);
    rh_report_add_column(table, "ns/op", true, 0);
    rh_report_add_column(table, rh_text_get(&table->versus), true, 0);
    rh_report_add_column(table, rh_text_get(&table->interval), false, 0);
    table->verdict_column = table->column_count;
    rh_report_add_column(table, "verdict", false, 0);
    rh_report_add_column(table, "peak mem", true, 0);
    rh_report_add_column(table, "R/L", true, 0);
    rh_report_add_column(table, "faults", true, 0);
    rh_report_add_column(table, "mean R/L", true, 2);
    rh_report_add_column(table, "x mem", true, 1);
    rh_report_add_column(table, "net ns", true, 3);
    rh_report_add_column(table, "after free", true, 3);
    rh_report_add_column(table, "CPU sys", true, 5);
    rh_report_add_column(table, "stall", true, threads ? 4 : 6);
    rh_report_add_column(table, "n", true, 4);
}

static void put_memory(struct rh_report_filler *filler, const struct rh_report_cell *cell,
                       bool is_null) {
    char figure[RH_REPORT_FIGURE_BYTES];
    rh_report_put(filler, rh_report_bytes(figure, cell->peak_bytes));
    rh_report_put(filler, is_null ? "-" : rh_report_figure_text(figure, cell->peak_over_peak));
    rh_report_put(filler, rh_report_count(figure, cell->minor_faults));
    rh_report_put(filler, is_null ? "-" : rh_report_figure_text(figure, cell->mean_over_mean));
    rh_report_put(filler, rh_report_ratio(figure, cell->memory.estimate));
    rh_report_put(filler, rh_report_figure_text(figure, cell->net_ns));
    rh_report_put(filler, is_null ? "-" : rh_report_bytes(figure, cell->freed_bytes[0]));
}

static void put_rest(struct rh_report_filler *filler, const struct rh_report_cell *cell) {
    char figure[RH_REPORT_FIGURE_BYTES];
    double cpu = cell->user_ns + cell->system_ns;
    rh_report_put(filler, rh_report_percent(figure, cpu > 0 ? cell->system_ns / cpu : NAN));
    rh_report_put(filler, rh_report_percent(figure, cell->stall_share));
    snprintf(figure, sizeof(figure), "%u", cell->measured);
    rh_report_put(filler, figure);
}

/* A row that was measured says its verdict, one that was not says how it ended. */
static const char *verdict_text(const struct rh_report_model *model, size_t t, size_t a) {
    const struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
    if (isnan(cell->ns_per_op))
        return cell->end == RH_SAMPLE_UNFINISHED || cell->end == RH_SAMPLE_MEASURED
                   ? "not run"
                   : rh_sample_end_name(cell->end);
    if (rh_report_is_floor(model, a))
        return "floor";
    return a == model->baseline ? "baseline" : rh_report_time_word(cell->time_verdict);
}

static void add_trace_row(const struct rh_report_model *model, size_t t, size_t a,
                          struct rh_report_table *table) {
    const struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
    struct rh_report_filler filler = {.table = table, .row = rh_report_add_row(table)};
    bool floor = rh_report_is_floor(model, a);
    bool baseline = a == model->baseline && !isnan(cell->ns_per_op);
    char figure[RH_REPORT_FIGURE_BYTES];
    rh_report_put(&filler, rh_report_label(model, a));
    rh_report_put(&filler, rh_report_figure_text(figure, cell->ns_per_op));
    rh_report_put(&filler, baseline ? "1" : rh_report_ratio(figure, cell->time.estimate));
    rh_report_put(&filler, rh_report_range(figure, &cell->time));
    rh_report_put(&filler, verdict_text(model, t, a));
    put_memory(&filler, cell, a == model->null_allocator);
    put_rest(&filler, cell);
    if (filler.row == NULL)
        return;
    filler.row->tone = floor ? RH_REPORT_DIM : RH_REPORT_PLAIN;
    filler.row->verdict = floor || baseline        ? RH_REPORT_DIM
                          : isnan(cell->ns_per_op) ? RH_REPORT_BAD
                                                   : tone_of(cell->time_verdict);
}

/* "glibc A/A": the second run of the baseline, with `ns` per operation where the table shows it. */
static void add_control_row(const struct rh_report_model *model, const double *ns,
                            const struct rh_interval *control, enum rh_verdict verdict,
                            struct rh_report_table *table) {
    if (control->count == 0)
        return;
    struct rh_report_filler filler = {.table = table, .row = rh_report_add_row(table)};
    struct rh_text label = {0};
    char figure[RH_REPORT_FIGURE_BYTES];
    rh_text_addf(&label, "%s A/A", rh_report_label(model, model->baseline));
    table->failed = label.failed != 0 ? label.failed : table->failed;
    rh_report_put(&filler, rh_text_get(&label));
    if (ns != NULL)
        rh_report_put(&filler, rh_report_figure_text(figure, *ns));
    rh_report_put(&filler, rh_report_ratio(figure, control->estimate));
    rh_report_put(&filler, rh_report_range(figure, control));
    rh_report_put(&filler, rh_report_time_word(verdict));
    rh_text_finish(&label);
    if (filler.row == NULL)
        return;
    bool alarm = verdict == RH_VERDICT_LOWER || verdict == RH_VERDICT_HIGHER;
    filler.row->tone = RH_REPORT_DIM;
    filler.row->verdict = alarm ? RH_REPORT_BAD : RH_REPORT_DIM;
}

static void add_trace_control(const struct rh_report_model *model, size_t t,
                              struct rh_report_table *table) {
    const struct rh_report_trace *trace = &model->trace[t];
    double ns =
        rh_median(rh_report_rounds_at(model, model->ns, t, model->allocators), model->rounds);
    add_control_row(model, &ns, &trace->control, trace->control_verdict, table);
}

int rh_report_table_of_trace(const struct rh_report_model *model, size_t trace,
                             struct rh_error *error, struct rh_report_table *ret_table) {
    rh_assert(trace < model->traces);
    struct rh_report_table table = {0};
    add_trace_columns(model, trace, &table);
    bool control = false;
    for (size_t i = 0; i < model->allocators; i++) {
        size_t a = model->trace[trace].order[i];
        if (rh_report_is_floor(model, a) && !control) {
            control = true;
            add_trace_control(model, trace, &table);
        }
        add_trace_row(model, trace, a, &table);
    }
    if (!control && model->allocators > 0)
        add_trace_control(model, trace, &table);
    return rh_report_table_done(&table, error, ret_table);
}

/* ---- means ---- */

static void add_mean_columns(const struct rh_report_model *model, struct rh_report_table *table) {
    name_columns(model, table);
    rh_report_add_column(table, "allocator", false, 0);
    rh_report_add_column(table, rh_text_get(&table->versus), true, 0);
    rh_report_add_column(table, rh_text_get(&table->interval), false, 0);
    table->verdict_column = table->column_count;
    rh_report_add_column(table, "verdict", false, 0);
    rh_report_add_column(table, "traces", true, 0);
    rh_report_add_column(table, "per trace", false, 1);
    rh_report_add_column(table, "x mem", true, 0);
    rh_report_add_column(table, "mem verdict", false, 2);
    rh_report_add_column(table, "x best", true, 3);
}

static const char *mean_verdict(const struct rh_report_model *model, size_t a) {
    const struct rh_report_mean *mean = &model->means[a];
    if (a == model->baseline)
        return "baseline";
    return mean->traces == 0 ? "not run" : rh_report_time_word(mean->time_verdict);
}

static void add_mean_row(const struct rh_report_model *model, size_t a,
                         struct rh_report_table *table) {
    const struct rh_report_mean *mean = &model->means[a];
    struct rh_report_filler filler = {.table = table, .row = rh_report_add_row(table)};
    bool baseline = a == model->baseline;
    char figure[2 * RH_REPORT_FIGURE_BYTES];
    char low[RH_REPORT_FIGURE_BYTES];
    char high[RH_REPORT_FIGURE_BYTES];
    rh_report_put(&filler, rh_report_label(model, a));
    rh_report_put(&filler, baseline ? "1" : rh_report_ratio(figure, mean->time.estimate));
    rh_report_put(&filler, rh_report_range(figure, &mean->time));
    rh_report_put(&filler, mean_verdict(model, a));
    snprintf(figure, sizeof(figure), "%zu/%zu", mean->traces, model->traces_in_means);
    rh_report_put(&filler, figure);
    snprintf(figure, sizeof(figure), "%s ... %s", rh_report_ratio(low, mean->smallest),
             rh_report_ratio(high, mean->largest));
    rh_report_put(&filler, isnan(mean->smallest) ? "-" : figure);
    rh_report_put(&filler, baseline ? "1" : rh_report_ratio(figure, mean->memory.estimate));
    rh_report_put(&filler, rh_report_memory_word(mean->memory_verdict));
    rh_report_put(&filler, a == model->best ? "1" : rh_report_ratio(figure, mean->behind.estimate));
    if (filler.row != NULL)
        filler.row->verdict = baseline ? RH_REPORT_DIM : tone_of(mean->time_verdict);
}

int rh_report_table_of_means(const struct rh_report_model *model, struct rh_error *error,
                             struct rh_report_table *ret_table) {
    struct rh_report_table table = {0};
    add_mean_columns(model, &table);
    for (size_t i = 0; i < model->allocators; i++)
        if (!rh_report_is_floor(model, model->order[i]))
            add_mean_row(model, model->order[i], &table);
    add_control_row(model, NULL, &model->control_mean, model->control_mean_verdict, &table);
    return rh_report_table_done(&table, error, ret_table);
}

/* ---- allocators ---- */

static void add_list(struct rh_text *text, char *const *list) {
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        rh_text_addf(text, "%s%s", text->length > 0 ? " " : "", list[i]);
}

static void add_allocator_row(const struct rh_report_model *model, size_t a,
                              struct rh_report_table *table) {
    const struct rh_result_allocator *allocator = &model->result->manifest.allocators[a];
    struct rh_report_filler filler = {.table = table, .row = rh_report_add_row(table)};
    struct rh_text settings = {0};
    add_list(&settings, allocator->options);
    add_list(&settings, allocator->environment);
    table->failed = settings.failed != 0 ? settings.failed : table->failed;
    rh_report_put(&filler, allocator->label);
    rh_report_put(&filler, allocator->version != NULL ? allocator->version : "-");
    rh_report_put(&filler, allocator->hash != NULL ? allocator->hash : "-");
    rh_report_put(&filler, allocator->file != NULL ? allocator->file : "in reheap-worker");
    rh_report_put(&filler, rh_text_get(&settings));
    rh_text_finish(&settings);
    if (filler.row != NULL)
        filler.row->tone = allocator->floor ? RH_REPORT_DIM : RH_REPORT_PLAIN;
}

int rh_report_table_of_allocators(const struct rh_report_model *model, struct rh_error *error,
                                  struct rh_report_table *ret_table) {
    struct rh_report_table table = {.verdict_column = RH_REPORT_COLUMNS};
    rh_report_add_column(&table, "allocator", false, 0);
    rh_report_add_column(&table, "version", false, 0);
    rh_report_add_column(&table, "hash", false, 1);
    rh_report_add_column(&table, "file", false, 0);
    table.columns[table.column_count - 1].path = true;
    rh_report_add_column(&table, "settings", false, 2);
    for (size_t a = 0; a < model->allocators; a++)
        add_allocator_row(model, a, &table);
    return rh_report_table_done(&table, error, ret_table);
}
