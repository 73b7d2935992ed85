/* csv.c - one line a row of the tables, for spreadsheets and scripts (RFC 4180, LF). The columns
 * are in docs/result-format.md: they may grow at the end, and never change. */
#include <math.h>
#include <string.h>

#include "report/formats.h"

static const char header[] =
    "row,trace,allocator,end,reason,rounds,failed,ns_per_op,ns_deviation,time_ratio,time_low,"
    "time_high,time_pairs,time_exact,time_verdict,minor_faults,major_faults,wall_ns,user_ns,system_"
    "ns,"
    "stall_share,voluntary_switches,involuntary_switches,outliers,memory_rounds,peak_live_bytes,"
    "peak_resident_bytes,peak_over_peak,at_peak_live,at_peak_resident,mean_over_mean,memory_ratio,"
    "memory_low,memory_high,memory_verdict,freed_bytes,purged_bytes,traces,"
    "net_ns_per_op\n";

/* Adds the comma before every field but the first of a line. */
struct line {
    struct rh_text *text;
    size_t fields;
};

static void separate(struct line *line) {
    if (line->fields++ > 0)
        rh_text_add(line->text, ",");
}

static void put_text(struct line *line, const char *string) {
    separate(line);
    if (string == NULL)
        return;
    if (strpbrk(string, ",\"\r\n") == NULL) {
        rh_text_add(line->text, string);
        return;
    }
    rh_text_add(line->text, "\"");
    for (const char *next = string; *next != '\0'; next++)
        rh_text_add_bytes(line->text, *next == '"' ? "\"\"" : next, *next == '"' ? 2 : 1);
    rh_text_add(line->text, "\"");
}

/* Ten significant digits: more than any clock gives. Empty: not known. */
static void put_number(struct line *line, double value) {
    separate(line);
    if (isfinite(value))
        rh_text_addf(line->text, "%.10g", value);
}

static void put_count(struct line *line, uint64_t value) {
    separate(line);
    rh_text_addf(line->text, "%llu", (unsigned long long)value);
}

static void put_nothing(struct line *line, size_t fields) {
    for (size_t i = 0; i < fields; i++)
        separate(line);
}

static void put_time(struct line *line, const struct rh_interval *time, enum rh_verdict verdict) {
    put_number(line, time->estimate);
    put_number(line, time->low);
    put_number(line, time->high);
    put_count(line, time->count);
    put_text(line, time->count == 0 ? "" : time->exact ? "1" : "0");
    put_text(line, rh_report_time_word(verdict));
}

static void put_memory_ratio(struct line *line, const struct rh_interval *memory,
                             enum rh_verdict verdict) {
    put_number(line, memory->estimate);
    put_number(line, memory->low);
    put_number(line, memory->high);
    put_text(line, rh_report_memory_word(verdict));
}

static void put_figures(struct line *line, const struct rh_report_cell *cell) {
    put_number(line, cell->minor_faults);
    put_number(line, cell->major_faults);
    put_number(line, cell->wall_ns);
    put_number(line, cell->user_ns);
    put_number(line, cell->system_ns);
    put_number(line, cell->stall_share);
    put_number(line, cell->voluntary_switches);
    put_number(line, cell->involuntary_switches);
    put_count(line, cell->outliers);
    put_count(line, cell->memory_measured);
    put_number(line, cell->live_bytes);
    put_number(line, cell->peak_bytes);
    put_number(line, cell->peak_over_peak);
    put_number(line, cell->at_peak_live);
    put_number(line, cell->at_peak_resident);
    put_number(line, cell->mean_over_mean);
}

static const char *row_kind(const struct rh_report_model *model, size_t a) {
    return rh_report_is_floor(model, a) ? "floor" : a == model->baseline ? "baseline" : "allocator";
}

static void add_cell(const struct rh_report_model *model, size_t t, size_t a,
                     struct rh_text *text) {
    const struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
    struct line line = {.text = text};
    put_text(&line, row_kind(model, a));
    put_text(&line, model->result->manifest.traces[t].name);
    put_text(&line, rh_report_label(model, a));
    put_text(&line, rh_sample_end_name(cell->end));
    put_text(&line, cell->reason);
    put_count(&line, cell->measured);
    put_count(&line, cell->failed);
    put_number(&line, cell->ns_per_op);
    put_number(&line, cell->deviation_ns);
    put_time(&line, &cell->time, cell->time_verdict);
    put_figures(&line, cell);
    put_memory_ratio(&line, &cell->memory, cell->memory_verdict);
    put_number(&line, cell->freed_bytes[0]);
    put_number(&line, cell->purged_bytes);
    put_nothing(&line, 1);
    put_number(&line, cell->net_ns);
    rh_text_add(text, "\n");
}

static void add_control(const struct rh_report_model *model, size_t t, struct rh_text *text) {
    const struct rh_report_trace *trace = &model->trace[t];
    const double *again = rh_report_rounds_at(model, model->ns, t, model->allocators);
    struct line line = {.text = text};
    put_text(&line, "control");
    put_text(&line, model->result->manifest.traces[t].name);
    put_text(&line, rh_report_label(model, model->baseline));
    put_nothing(&line, 4);
    put_number(&line, rh_median(again, model->rounds));
    put_number(&line, rh_robust_deviation(again, model->rounds));
    put_time(&line, &trace->control, trace->control_verdict);
    put_nothing(&line, 24);
    rh_text_add(text, "\n");
}

static size_t count_columns(void) {
    size_t count = 1;
    for (const char *next = header; *next != '\0'; next++)
        count += *next == ',';
    return count;
}

/* A real program under an allocator: its name stands where a trace's does. */
static void add_program_cell(const struct rh_report_model *model, size_t p, size_t a,
                             struct rh_text *text) {
    const struct rh_report_program_cell *cell = &model->programs[p].cells[a];
    struct line line = {.text = text};
    put_text(&line, "program");
    put_text(&line, model->result->manifest.programs[p].name);
    put_text(&line, rh_report_label(model, a));
    put_text(&line, rh_sample_end_name(cell->end));
    put_text(&line, cell->reason);
    put_count(&line, cell->measured);
    put_count(&line, cell->failed);
    put_nothing(&line, 2);
    put_time(&line, &cell->time, cell->time_verdict);
    put_nothing(&line, 2);
    put_number(&line, cell->wall_ns);
    put_number(&line, cell->user_ns);
    put_number(&line, cell->system_ns);
    put_nothing(&line, 6);
    put_number(&line, cell->peak_bytes);
    put_nothing(&line, 4);
    put_memory_ratio(&line, &cell->memory, cell->memory_verdict);
    put_nothing(&line, count_columns() - line.fields);
    rh_text_add(text, "\n");
}

static void add_programs(const struct rh_report_model *model, struct rh_text *text) {
    for (size_t p = 0; model->programs != NULL && p < model->result->manifest.program_count; p++)
        for (size_t i = 0; i < model->allocators; i++)
            if (!rh_report_is_floor(model, model->programs[p].order[i]))
                add_program_cell(model, p, model->programs[p].order[i], text);
}

static void add_mean(const struct rh_report_model *model, size_t a, struct rh_text *text) {
    const struct rh_report_mean *mean = &model->means[a];
    struct line line = {.text = text};
    put_text(&line, "mean");
    put_nothing(&line, 1);
    put_text(&line, rh_report_label(model, a));
    put_nothing(&line, 6);
    put_time(&line, &mean->time, mean->time_verdict);
    put_nothing(&line, 16);
    put_memory_ratio(&line, &mean->memory, mean->memory_verdict);
    put_nothing(&line, 2);
    put_count(&line, mean->traces);
    put_nothing(&line, 1);
    rh_text_add(text, "\n");
}

static void add_control_mean(const struct rh_report_model *model, struct rh_text *text) {
    struct line line = {.text = text};
    put_text(&line, "control mean");
    put_nothing(&line, 1);
    put_text(&line, rh_report_label(model, model->baseline));
    put_nothing(&line, 6);
    put_time(&line, &model->control_mean, model->control_mean_verdict);
    put_nothing(&line, 24);
    rh_text_add(text, "\n");
}

int rh_report_csv(const struct rh_report_model *model, const struct rh_report_options *options,
                  struct rh_error *error, struct rh_text *text) {
    (void)options;
    (void)error;
    rh_text_add(text, header);
    for (size_t t = 0; t < model->traces; t++) {
        for (size_t a = 0; a < model->allocators; a++)
            add_cell(model, t, a, text);
        if (model->trace[t].control.count > 0)
            add_control(model, t, text);
    }
    for (size_t a = 0; a < model->allocators; a++)
        if (a != model->baseline && !rh_report_is_floor(model, a))
            add_mean(model, a, text);
    if (model->control_mean.count > 0)
        add_control_mean(model, text);
    add_programs(model, text);
    return 0;
}
