/* program_tables.c - programs end to end, fidelity, sweeps and the machine, as tables. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"
#include "report/format.h"
#include "report/formats.h"
#include "report/table.h"

static enum rh_report_tone tone_of(enum rh_verdict verdict) {
    return verdict == RH_VERDICT_LOWER    ? RH_REPORT_GOOD
           : verdict == RH_VERDICT_HIGHER ? RH_REPORT_BAD
                                          : RH_REPORT_DIM;
}

static void name_interval(const struct rh_report_model *model, struct rh_report_table *table) {
    char level[RH_REPORT_FIGURE_BYTES];
    rh_text_addf(&table->versus, "x %s", rh_report_label(model, model->baseline));
    rh_text_addf(&table->interval, "%s interval", rh_report_percent(level, model->level));
}

/* Three digits, in the unit that fits; "-" for NaN. */
static const char *seconds_text(char buffer[RH_REPORT_FIGURE_BYTES], double ns) {
    if (isnan(ns))
        return "-";
    double absolute = fabs(ns);
    if (absolute >= 1e9)
        snprintf(buffer, RH_REPORT_FIGURE_BYTES, "%.3g s", ns / 1e9);
    else
        snprintf(buffer, RH_REPORT_FIGURE_BYTES, "%.3g ms", ns / 1e6);
    return buffer;
}

/* ---- end to end ---- */

static void add_program_columns(const struct rh_report_model *model,
                                struct rh_report_table *table) {
    name_interval(model, table);
    rh_report_add_column(table, "allocator", false, 0);
    rh_report_add_column(table, "wall", true, 0);
    rh_report_add_column(table, rh_text_get(&table->versus), true, 0);
    rh_report_add_column(table, rh_text_get(&table->interval), false, 0);
    table->verdict_column = table->column_count;
    rh_report_add_column(table, "verdict", false, 0);
    rh_report_add_column(table, "user", true, 2);
    rh_report_add_column(table, "system", true, 2);
    rh_report_add_column(table, "peak mem", true, 0);
    rh_report_add_column(table, "x mem", true, 1);
    rh_report_add_column(table, "n", true, 3);
}

/* How it ended, where it was not always measured: a crash is a result. */
static const char *verdict_text(const struct rh_report_model *model,
                                const struct rh_report_program_cell *cell, size_t a) {
    const char *reason = model->result->manifest.allocators[a].program_unavailable;
    if (cell->failed > 0)
        return rh_sample_end_name(cell->end);
    if (cell->measured == 0)
        return reason != NULL ? "not for programs" : "not run";
    return a == model->baseline ? "baseline" : rh_report_time_word(cell->time_verdict);
}

static void add_program_row(const struct rh_report_model *model,
                            const struct rh_report_program *program, size_t a,
                            struct rh_report_table *table) {
    const struct rh_report_program_cell *cell = &program->cells[a];
    struct rh_report_filler filler = {.table = table, .row = rh_report_add_row(table)};
    bool baseline = a == model->baseline;
    bool is_one = baseline && cell->measured > 0;
    char figure[RH_REPORT_FIGURE_BYTES];
    rh_report_put(&filler, rh_report_label(model, a));
    rh_report_put(&filler, seconds_text(figure, cell->wall_ns));
    rh_report_put(&filler, is_one ? "1" : rh_report_ratio(figure, cell->time.estimate));
    rh_report_put(&filler, rh_report_range(figure, &cell->time));
    rh_report_put(&filler, verdict_text(model, cell, a));
    rh_report_put(&filler, seconds_text(figure, cell->user_ns));
    rh_report_put(&filler, seconds_text(figure, cell->system_ns));
    rh_report_put(&filler, rh_report_bytes(figure, cell->peak_bytes));
    rh_report_put(&filler, is_one ? "1" : rh_report_ratio(figure, cell->memory.estimate));
    snprintf(figure, sizeof(figure), "%u", cell->measured);
    rh_report_put(&filler, figure);
    if (filler.row != NULL)
        filler.row->verdict = cell->failed > 0 ? RH_REPORT_BAD
                              : baseline       ? RH_REPORT_DIM
                                               : tone_of(cell->time_verdict);
}

static void add_control_row(const struct rh_report_model *model,
                            const struct rh_report_program *program,
                            struct rh_report_table *table) {
    struct rh_text label = {0};
    char figure[RH_REPORT_FIGURE_BYTES];
    if (program->control.count == 0)
        return;
    struct rh_report_filler filler = {.table = table, .row = rh_report_add_row(table)};
    rh_text_addf(&label, "%s A/A", rh_report_label(model, model->baseline));
    table->failed = label.failed != 0 ? label.failed : table->failed;
    rh_report_put(&filler, rh_text_get(&label));
    rh_report_put(&filler, "");
    rh_report_put(&filler, rh_report_ratio(figure, program->control.estimate));
    rh_report_put(&filler, rh_report_range(figure, &program->control));
    rh_report_put(&filler, rh_report_time_word(program->control_verdict));
    rh_text_finish(&label);
    if (filler.row != NULL)
        filler.row->tone = filler.row->verdict = RH_REPORT_DIM;
}

static int table_of_program(const struct rh_report_model *model, size_t p, struct rh_error *error,
                            struct rh_report_table *ret_table) {
    const struct rh_report_program *program = &model->programs[p];
    struct rh_report_table table = {0};
    add_program_columns(model, &table);
    for (size_t i = 0; i < model->allocators; i++)
        if (!rh_report_is_floor(model, program->order[i]))
            add_program_row(model, program, program->order[i], &table);
    add_control_row(model, program, &table);
    return rh_report_table_done(&table, error, ret_table);
}

static void describe_program(const struct rh_report_model *model, size_t p, struct rh_text *text) {
    const struct rh_result_program *program = &model->result->manifest.programs[p];
    rh_text_addf(text, "End to end: %s (", program->name);
    for (size_t i = 0; program->words != NULL && program->words[i] != NULL; i++)
        rh_text_addf(text, "%s%s", i > 0 ? " " : "", program->words[i]);
    rh_text_add(text, ")");
    for (size_t a = 0; a < model->allocators; a++) {
        const struct rh_report_program_cell *cell = &model->programs[p].cells[a];
        if (cell->failed > 0)
            rh_text_addf(text, ". %s: %s %u time%s%s%s", rh_report_label(model, a),
                         rh_sample_end_name(cell->end), cell->failed, cell->failed == 1 ? "" : "s",
                         cell->reason != NULL ? ", " : "",
                         cell->reason != NULL ? cell->reason : "");
    }
}

/* ---- fidelity ---- */

static int table_of_fidelity(const struct rh_report_model *model, size_t p, struct rh_error *error,
                             struct rh_report_table *ret_table) {
    const struct rh_report_program *program = &model->programs[p];
    const size_t trace = model->result->manifest.programs[p].trace;
    struct rh_report_table table = {.verdict_column = RH_REPORT_COLUMNS};
    rh_report_add_column(&table, "allocator", false, 0);
    rh_report_add_column(&table, "real time", true, 0);
    rh_report_add_column(&table, "replayed", true, 0);
    rh_report_add_column(&table, "real peak", true, 0);
    rh_report_add_column(&table, "replayed", true, 0);
    rh_report_add_column(&table, "error", true, 0);
    rh_report_add_column(&table, "curve error", true, 0);
    for (size_t i = 0; i < model->allocators; i++) {
        size_t a = program->order[i];
        const struct rh_report_program_cell *cell = &program->cells[a];
        char figure[RH_REPORT_FIGURE_BYTES];
        if (rh_report_is_floor(model, a) || cell->measured == 0)
            continue;
        struct rh_report_filler filler = {.table = &table, .row = rh_report_add_row(&table)};
        rh_report_put(&filler, rh_report_label(model, a));
        rh_report_put(&filler, seconds_text(figure, cell->real_difference.estimate));
        rh_report_put(&filler, seconds_text(figure, cell->replay_difference.estimate));
        rh_report_put(&filler, rh_report_bytes(figure, cell->net_peak_bytes));
        rh_report_put(&filler,
                      rh_report_bytes(figure, rh_report_cell_at(model, trace, a)->peak_bytes));
        rh_report_put(&filler, rh_report_percent(figure, cell->peak_error));
        rh_report_put(&filler, rh_report_percent(figure, cell->curve_error));
    }
    return rh_report_table_done(&table, error, ret_table);
}

static void describe_fidelity(const struct rh_report_model *model, size_t p, struct rh_text *text) {
    const struct rh_report_program *program = &model->programs[p];
    const struct rh_result_program *facts = &model->result->manifest.programs[p];
    rh_text_addf(text,
                 "Fidelity of the replay of %s. Times are differences to %s; peaks are less the "
                 "floor on each side%s. Of pairs whose intervals are apart on both sides, %zu of "
                 "%zu signs and %zu of %zu orders agree",
                 facts->name, rh_report_label(model, model->baseline),
                 facts->floor_words != NULL
                     ? ""
                     : " (the program was given no floor: its highest private memory)",
                 program->signs_same, program->signs, program->ranks_same, program->ranks);
    if (!isnan(program->slope))
        rh_text_addf(text, "; replayed = %.2f x real", program->slope);
}

/* ---- sweeps ---- */

static bool in_sweep(const struct rh_result_allocator *allocator, const char *sweep) {
    return allocator->sweep != NULL && strcmp(allocator->sweep, sweep) == 0;
}

/* The mean ratio of time, or of memory, to the baseline; its own is 1. */
static struct rh_interval mean_of(const struct rh_report_model *model, size_t a, bool memory) {
    static const struct rh_interval own = {
        .estimate = 1, .low = 1, .high = 1, .count = 1, .exact = true};
    return a == model->baseline ? own : memory ? model->means[a].memory : model->means[a].time;
}

/* The variant with the smallest mean among those that have one. */
static size_t best_of(const struct rh_report_model *model, const char *sweep, bool memory) {
    size_t best = RH_REPORT_NOBODY;
    for (size_t a = 0; a < model->allocators; a++) {
        struct rh_interval mean = mean_of(model, a, memory);
        if (!in_sweep(&model->result->manifest.allocators[a], sweep) || mean.count == 0 ||
            isnan(mean.estimate) || !model->means[a].whole)
            continue;
        if (best == RH_REPORT_NOBODY || mean.estimate < mean_of(model, best, memory).estimate)
            best = a;
    }
    return best;
}

static int table_of_sweep(const struct rh_report_model *model, const char *sweep,
                          struct rh_error *error, struct rh_report_table *ret_table) {
    struct rh_report_table table = {0};
    name_interval(model, &table);
    rh_report_add_column(&table, "setting", false, 0);
    table.columns[0].path = true; /* what differs stands at its end */
    rh_report_add_column(&table, rh_text_get(&table.versus), true, 0);
    rh_report_add_column(&table, rh_text_get(&table.interval), false, 0);
    table.verdict_column = table.column_count;
    rh_report_add_column(&table, "verdict", false, 0);
    rh_report_add_column(&table, "x mem", true, 0);
    rh_report_add_column(&table, "its interval", false, 0);
    rh_report_add_column(&table, "verdict", false, 0);
    for (size_t a = 0; a < model->allocators; a++) {
        const struct rh_result_allocator *allocator = &model->result->manifest.allocators[a];
        const struct rh_report_mean *mean = &model->means[a];
        char figure[RH_REPORT_FIGURE_BYTES];
        if (!in_sweep(allocator, sweep))
            continue;
        struct rh_report_filler filler = {.table = &table, .row = rh_report_add_row(&table)};
        rh_report_put(&filler, allocator->setting);
        rh_report_put(&filler, rh_report_ratio(figure, mean->time.estimate));
        rh_report_put(&filler, rh_report_range(figure, &mean->time));
        rh_report_put(&filler, rh_report_time_word(mean->time_verdict));
        rh_report_put(&filler, rh_report_ratio(figure, mean->memory.estimate));
        rh_report_put(&filler, rh_report_range(figure, &mean->memory));
        rh_report_put(&filler, rh_report_memory_word(mean->memory_verdict));
        if (filler.row != NULL)
            filler.row->verdict = tone_of(mean->time_verdict);
    }
    return rh_report_table_done(&table, error, ret_table);
}

/* Their intervals overlap: neither is shown to be the better one. */
static bool overlap(const struct rh_interval *a, const struct rh_interval *b) {
    return !(a->high < b->low || a->low > b->high);
}

/* Of how many others it cannot be said that they are worse. */
static void describe_overlaps(const struct rh_report_model *model, const char *sweep, size_t best,
                              bool memory, struct rh_text *text) {
    struct rh_interval own = mean_of(model, best, memory);
    size_t others = 0;
    for (size_t a = 0; a < model->allocators; a++) {
        struct rh_interval mean = mean_of(model, a, memory);
        others += a != best && in_sweep(&model->result->manifest.allocators[a], sweep) &&
                  mean.count > 0 && overlap(&mean, &own);
    }
    if (others > 0)
        rh_text_addf(text, "; the interval%s of %zu other setting%s overlap%s its own",
                     others == 1 ? "" : "s", others, others == 1 ? "" : "s",
                     others == 1 ? "s" : "");
}

static void describe_best(const struct rh_report_model *model, const char *sweep, bool memory,
                          struct rh_text *text) {
    size_t best = best_of(model, sweep, memory);
    if (best == RH_REPORT_NOBODY) {
        if (!memory)
            rh_text_add(text, " None was measured on every trace");
        return;
    }
    char ratio[RH_REPORT_FIGURE_BYTES];
    char range[RH_REPORT_FIGURE_BYTES];
    struct rh_interval mean = mean_of(model, best, memory);
    rh_text_addf(text, "%s: %s, %sx %s of %s %s", memory ? ". Least memory" : " Fastest",
                 model->result->manifest.allocators[best].setting,
                 rh_report_ratio(ratio, mean.estimate), memory ? "the peak" : "the time",
                 rh_report_label(model, model->baseline), rh_report_short_range(range, &mean));
    if (!mean.exact)
        rh_text_add(text, ", of too few rounds to be sure");
    describe_overlaps(model, sweep, best, memory, text);
}

static void describe_sweep(const struct rh_report_model *model, const char *sweep,
                           struct rh_text *text) {
    rh_text_addf(text, "Which setting for %s?", sweep);
    describe_best(model, sweep, false, text);
    describe_best(model, sweep, true, text);
}

/* ---- the machine ---- */

static int table_of_findings(const struct rh_report_model *model, struct rh_error *error,
                             struct rh_report_table *ret_table) {
    const struct rh_manifest *manifest = &model->result->manifest;
    struct rh_report_table table = {0};
    rh_report_add_column(&table, "check", false, 0);
    rh_report_add_column(&table, "found", false, 0);
    table.verdict_column = table.column_count;
    rh_report_add_column(&table, "verdict", false, 0);
    rh_report_add_column(&table, "remedy", false, 1);
    for (size_t i = 0; i < manifest->finding_count; i++) {
        const struct rh_result_finding *finding = &manifest->findings[i];
        if (finding->verdict == RH_FINDING_GOOD || finding->verdict == RH_FINDING_UNKNOWN)
            continue;
        struct rh_report_filler filler = {.table = &table, .row = rh_report_add_row(&table)};
        rh_report_put(&filler, finding->name);
        rh_report_put(&filler, finding->value);
        rh_report_put(&filler, rh_finding_name(finding->verdict));
        rh_report_put(&filler, finding->fix != NULL ? finding->fix : "");
        if (filler.row != NULL)
            filler.row->verdict =
                finding->verdict == RH_FINDING_WARNING ? RH_REPORT_BAD : RH_REPORT_DIM;
    }
    return rh_report_table_done(&table, error, ret_table);
}

/* ---- all of them ---- */

static int give(rh_report_section_writer *writer, void *context, struct rh_error *error,
                const char *id, struct rh_text *title, int made, struct rh_report_table *table) {
    if (made == 0 && title->failed != 0)
        made = rh_fail(error, RH_ERR_MEMORY, "no memory for a title");
    if (made == 0)
        writer(context, id, rh_text_get(title), table);
    if (made == 0)
        rh_report_table_finish(table);
    rh_text_finish(title);
    return made;
}

static int each_program(const struct rh_report_model *model, rh_report_section_writer *writer,
                        void *context, struct rh_error *error) {
    for (size_t p = 0; model->programs != NULL && p < model->result->manifest.program_count; p++) {
        struct rh_report_table table = {0};
        struct rh_text title = {0};
        describe_program(model, p, &title);
        rh_try(give(writer, context, error, "programs", &title,
                    table_of_program(model, p, error, &table), &table));
        if (model->result->manifest.programs[p].trace == RH_RESULT_NO_TRACE)
            continue;
        describe_fidelity(model, p, &title);
        rh_try(give(writer, context, error, "fidelity", &title,
                    table_of_fidelity(model, p, error, &table), &table));
    }
    return 0;
}

static int each_sweep(const struct rh_report_model *model, rh_report_section_writer *writer,
                      void *context, struct rh_error *error) {
    for (size_t a = 0; a < model->allocators; a++) {
        const struct rh_result_allocator *allocators = model->result->manifest.allocators;
        const char *sweep = allocators[a].sweep;
        bool seen = false;
        for (size_t b = 0; b < a && sweep != NULL; b++)
            seen |= in_sweep(&allocators[b], sweep);
        if (sweep == NULL || seen)
            continue;
        struct rh_report_table table = {0};
        struct rh_text title = {0};
        describe_sweep(model, sweep, &title);
        rh_try(give(writer, context, error, "sweeps", &title,
                    table_of_sweep(model, sweep, error, &table), &table));
    }
    return 0;
}

int rh_report_each_section(const struct rh_report_model *model, rh_report_section_writer *writer,
                           void *context, struct rh_error *error) {
    rh_try(each_program(model, writer, context, error));
    rh_try(each_sweep(model, writer, context, error));
    struct rh_report_table table = {0};
    struct rh_text title = {0};
    if (model->result->manifest.finding_count == 0)
        return 0;
    rh_text_add(&title, "What disturbed the measuring, or changes what was measured "
                        "(reheap doctor)");
    return give(writer, context, error, "doctor", &title, table_of_findings(model, error, &table),
                &table);
}
