/* versus.c - what a comparison says, for people. */
#include "report/versus.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "report/format.h"
#include "report/formats.h"
#include "report/layout.h"
#include "report/versus_model.h"

static const char *const format_names[] = {
#define X(name, text) text,
    RH_VERSUS_FORMAT_MAP(X)
#undef X
        NULL,
};

const char *const *rh_versus_format_names(void) {
    return format_names;
}

/* ---- sentences ---- */

static void add_resolved(const struct rh_versus_row *row, const struct rh_interval *ratio,
                         const char *better, const char *worse, struct rh_text *text) {
    char range[RH_REPORT_FIGURE_BYTES];
    rh_text_addf(text, "%s%s%s %.3fx %s %s", row->allocator, row->trace != NULL ? " on " : "",
                 row->trace != NULL ? row->trace : "", ratio->estimate,
                 rh_report_short_range(range, ratio), ratio->estimate < 1 ? better : worse);
}

/* At most so many are named; the table has them all. */
enum { NAMED_MOST = 4 };

/* Whole tables first: where there is a row over all traces, it speaks for them. */
static void add_named(const struct rh_versus_model *model, struct rh_text *text) {
    size_t named = 0;
    for (size_t i = 0; i < model->row_count && named < NAMED_MOST; i++) {
        const struct rh_versus_row *row = &model->rows[i];
        if (row->trace != NULL && model->traces > 1)
            continue;
        bool time = row->time_verdict == RH_VERDICT_LOWER || row->time_verdict == RH_VERDICT_HIGHER;
        bool memory =
            row->memory_verdict == RH_VERDICT_LOWER || row->memory_verdict == RH_VERDICT_HIGHER;
        if (time && named++ < NAMED_MOST) {
            rh_text_add(text, named > 1 ? "; " : ": ");
            add_resolved(row, &row->time, "(faster)", "(slower)", text);
        }
        if (memory && named < NAMED_MOST && named++ < NAMED_MOST) {
            rh_text_add(text, named > 1 ? "; " : ": ");
            add_resolved(row, &row->memory, "(less memory)", "(more memory)", text);
        }
    }
}

void rh_versus_headline(const struct rh_versus_model *model, struct rh_text *text) {
    const struct rh_versus_outcome *outcome = &model->outcome;
    const char *verb = model->single ? "are" : "got";
    size_t open = outcome->compared - outcome->better - outcome->worse - outcome->equal;
    rh_text_addf(text,
                 "%s against %s: of %zu comparisons %zu %s better, %zu %s worse, %zu are equal and "
                 "%zu are not resolved",
                 model->single ? "The allocators" : model->options->after_name,
                 model->single ? model->reference : model->options->before_name, outcome->compared,
                 outcome->better, verb, outcome->worse, verb, outcome->equal, open);
    add_named(model, text);
    rh_text_add(text, ".");
}

void rh_versus_gate_sentence(const struct rh_versus_model *model, struct rh_text *text) {
    char gate[RH_REPORT_FIGURE_BYTES];
    if (!model->options->gated)
        return;
    rh_report_percent(gate, model->options->gate);
    if (model->outcome.regressions == 0) {
        rh_text_addf(text, "The gate is open: no regression beyond %s is resolved.", gate);
        return;
    }
    rh_text_addf(text,
                 "The gate is closed: %zu regression%s beyond %s:", model->outcome.regressions,
                 model->outcome.regressions == 1 ? "" : "s", gate);
    size_t named = 0;
    for (size_t i = 0; i < model->row_count; i++) {
        const struct rh_versus_row *row = &model->rows[i];
        const char *where = row->trace != NULL ? row->trace : "all traces";
        if (row->time_regressed)
            rh_text_addf(text, "%s %s on %s is slower", named++ > 0 ? "," : "", row->allocator,
                         where);
        if (row->memory_regressed)
            rh_text_addf(text, "%s %s on %s needs more memory", named++ > 0 ? "," : "",
                         row->allocator, where);
        if (row->lost)
            rh_text_addf(text, "%s %s on %s is not measured any more%s%s", named++ > 0 ? "," : "",
                         row->allocator, where, row->reason != NULL ? ": " : "",
                         row->reason != NULL ? row->reason : "");
    }
    rh_text_add(text, ".");
}

/* ---- the table ---- */

static const char *ratio_of(char buffer[RH_REPORT_FIGURE_BYTES], const struct rh_interval *ratio) {
    return ratio->count > 0 ? rh_report_ratio(buffer, ratio->estimate) : "-";
}

static void put_row(const struct rh_versus_model *model, const struct rh_versus_row *row,
                    struct rh_report_table *table) {
    char figure[RH_REPORT_FIGURE_BYTES];
    struct rh_report_filler filler = {.table = table, .row = rh_report_add_row(table)};
    rh_report_put(&filler, row->trace != NULL ? row->trace : "all");
    rh_report_put(&filler, row->allocator);
    rh_report_put(&filler, rh_report_figure_text(figure, row->before_ns));
    rh_report_put(&filler, rh_report_figure_text(figure, row->after_ns));
    rh_report_put(&filler, ratio_of(figure, &row->time));
    rh_report_put(&filler, row->time.count > 0 ? rh_report_range(figure, &row->time) : "-");
    bool reference = model->reference != NULL && strcmp(row->allocator, model->reference) == 0;
    rh_report_put(&filler, row->lost             ? "lost"
                           : reference           ? "reference"
                           : row->time.count > 0 ? rh_report_time_word(row->time_verdict)
                                                 : "");
    rh_report_put(&filler, ratio_of(figure, &row->memory));
    rh_report_put(&filler, rh_report_memory_word(row->memory_verdict));
    rh_report_put(&filler, rh_report_bytes(figure, row->before_bytes));
    rh_report_put(&filler, rh_report_bytes(figure, row->after_bytes));
    if (filler.row == NULL)
        return;
    bool bad = row->lost || row->time_verdict == RH_VERDICT_HIGHER ||
               row->memory_verdict == RH_VERDICT_HIGHER;
    bool good = row->time_verdict == RH_VERDICT_LOWER || row->memory_verdict == RH_VERDICT_LOWER;
    filler.row->verdict = bad ? RH_REPORT_BAD : good ? RH_REPORT_GOOD : RH_REPORT_DIM;
}

static int make_table(const struct rh_versus_model *model, struct rh_error *error,
                      struct rh_report_table *ret_table) {
    struct rh_report_table table = {0};
    char level[RH_REPORT_FIGURE_BYTES];
    rh_text_addf(&table.interval, "%s interval", rh_report_percent(level, model->before.level));
    rh_report_add_column(&table, "trace", false, 0);
    rh_report_add_column(&table, "allocator", false, 0);
    rh_report_add_column(&table, "ns before", true, 2);
    rh_report_add_column(&table, "ns after", true, 2);
    rh_report_add_column(&table, "x time", true, 0);
    rh_report_add_column(&table, rh_text_get(&table.interval), false, 0);
    table.verdict_column = table.column_count;
    rh_report_add_column(&table, "verdict", false, 0);
    rh_report_add_column(&table, "x mem", true, 0);
    rh_report_add_column(&table, "memory", false, 0);
    rh_report_add_column(&table, "mem before", true, 3);
    rh_report_add_column(&table, "mem after", true, 3);
    for (size_t i = 0; i < model->row_count; i++)
        put_row(model, &model->rows[i], &table);
    return rh_report_table_done(&table, error, ret_table);
}

/* ---- terminal and Markdown ---- */

/* The notes are lines; each gets its own paragraph. */
void rh_versus_each_note(const struct rh_versus_model *model, void (*add)(void *, const char *),
                         void *context) {
    const char *line = rh_text_get(&model->notes);
    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        struct rh_text note = {0};
        rh_text_add_bytes(&note, line, length);
        add(context, rh_text_get(&note));
        rh_text_finish(&note);
        line += length + (line[length] == '\n');
    }
}

static void add_term_note(void *context, const char *note) {
    const struct rh_report_layout *layout = context;
    rh_text_add(layout->text, "Note: ");
    rh_report_layout_wrap(layout, note, 2);
}

static void add_md_note(void *context, const char *note) {
    rh_text_add(context, "> ");
    rh_report_md_escape(context, note);
    rh_text_add(context, "\n>\n");
}

static const char *explain(const struct rh_versus_model *model) {
    if (model->single || model->reference == NULL)
        return "x time and x mem: after / before; below 1 is faster, less.";
    return "x time: the time over that of the reference in the same round, after / before: what "
           "changed about the machine falls out. x mem: bytes, after / before. Below 1 is faster, "
           "less.";
}

int rh_versus_term(const struct rh_versus_model *model, struct rh_error *error,
                   struct rh_text *text) {
    struct rh_report_table table = {0};
    rh_try(make_table(model, error, &table));
    unsigned columns = model->options->columns;
    struct rh_report_layout layout = {
        .text = text,
        .width = columns >= 60  ? columns
                 : columns == 0 ? 80
                                : 60,
        .colour = model->options->colour,
    };
    struct rh_text sentence = {0};
    rh_versus_headline(model, &sentence);
    rh_report_layout_wrap_toned(&layout, rh_text_get(&sentence), 0, true, RH_REPORT_PLAIN);
    rh_versus_each_note(model, add_term_note, &layout);
    rh_text_add(text, "\n");
    rh_report_layout_table(&layout, &table);
    rh_text_add(text, "\n");
    rh_report_layout_wrap(&layout, explain(model), 0);
    rh_text_clear(&sentence);
    rh_versus_gate_sentence(model, &sentence);
    if (sentence.length > 0)
        rh_report_layout_wrap_toned(&layout, rh_text_get(&sentence), 2, true,
                                    model->outcome.regressions > 0 ? RH_REPORT_BAD
                                                                   : RH_REPORT_GOOD);
    if (sentence.failed != 0)
        text->failed = sentence.failed;
    rh_text_finish(&sentence);
    rh_report_table_finish(&table);
    return 0;
}

int rh_versus_md(const struct rh_versus_model *model, struct rh_error *error,
                 struct rh_text *text) {
    struct rh_report_table table = {0};
    rh_try(make_table(model, error, &table));
    struct rh_text sentence = {0};
    rh_versus_headline(model, &sentence);
    rh_text_add(text, "**");
    rh_report_md_escape(text, rh_text_get(&sentence));
    rh_text_add(text, "**\n\n");
    rh_text_clear(&sentence);
    rh_versus_gate_sentence(model, &sentence);
    if (sentence.length > 0) {
        rh_report_md_escape(text, rh_text_get(&sentence));
        rh_text_add(text, "\n\n");
    }
    rh_versus_each_note(model, add_md_note, text);
    rh_text_add(text, "\n");
    rh_report_md_table(text, &table);
    rh_text_add(text, "\n");
    rh_report_md_escape(text, explain(model));
    rh_text_add(text, "\n");
    if (sentence.failed != 0)
        text->failed = sentence.failed;
    rh_text_finish(&sentence);
    rh_report_table_finish(&table);
    return 0;
}

/* ---- the whole ---- */

int rh_versus(const struct rh_result *before, const struct rh_result *after,
              const struct rh_versus_options *options, struct rh_error *error,
              struct rh_text *ret_text, struct rh_versus_outcome *ret_outcome) {
    static int (*const writers[])(const struct rh_versus_model *, struct rh_error *,
                                  struct rh_text *) = {
        [RH_VERSUS_TERM] = rh_versus_term,   [RH_VERSUS_HTML] = rh_versus_html,
        [RH_VERSUS_MD] = rh_versus_md,       [RH_VERSUS_JSON] = rh_versus_json,
        [RH_VERSUS_JUNIT] = rh_versus_junit,
    };
    rh_assert(options->before_name != NULL && (after == NULL || options->after_name != NULL));
    struct rh_versus_model model;
    rh_try(rh_versus_model_init(before, after, options, error, &model));
    struct rh_text text = {0};
    int result = writers[options->format](&model, error, &text);
    if (result == 0) {
        rh_text_add_bytes(ret_text, rh_text_get(&text), text.length);
        if (text.failed != 0 || ret_text->failed != 0)
            result = rh_fail(error, RH_ERR_MEMORY, "no memory for the comparison");
    }
    if (result == 0)
        *ret_outcome = model.outcome;
    rh_text_finish(&text);
    rh_versus_model_finish(&model);
    return result;
}
