/* versus_data.c - a comparison for machines: JSON, and JUnit XML for CI. */
#include <string.h>

#include "report/emit.h"
#include "report/format.h"
#include "report/formats.h"
#include "report/versus_model.h"

/* ---- JSON ---- */

static void emit_row(struct rh_report_emitter *out, const struct rh_versus_row *row) {
    rh_report_open(out, NULL, '{');
    rh_report_emit_text(out, "trace", row->trace);
    rh_report_emit_text(out, "allocator", row->allocator);
    rh_report_emit_number(out, "before_ns_per_op", row->before_ns);
    rh_report_emit_number(out, "after_ns_per_op", row->after_ns);
    rh_report_emit_time(out, &row->time, row->time_verdict);
    rh_report_emit_number(out, "before_peak_bytes", row->before_bytes);
    rh_report_emit_number(out, "after_peak_bytes", row->after_bytes);
    rh_report_emit_memory(out, &row->memory, row->memory_verdict);
    rh_report_emit_bool(out, "lost", row->lost);
    rh_report_emit_text(out, "reason", row->reason);
    rh_report_emit_bool(out, "time_regressed", row->time_regressed);
    rh_report_emit_bool(out, "memory_regressed", row->memory_regressed);
    rh_report_close(out, '}');
}

static void emit_note(void *context, const char *note) {
    rh_report_emit_text(context, NULL, note);
}

/* ---- what only the page needs ---- */

static void emit_allocators(const struct rh_versus_model *model, struct rh_report_emitter *out) {
    size_t reference = SIZE_MAX;
    size_t count = 0;
    rh_report_open(out, "allocators", '[');
    for (size_t i = 0; i < model->row_count; i++) {
        const char *label = model->rows[i].allocator;
        bool known = false;
        for (size_t j = 0; j < i && !known; j++)
            known = strcmp(model->rows[j].allocator, label) == 0;
        if (known)
            continue;
        if (model->reference != NULL && strcmp(label, model->reference) == 0)
            reference = count;
        count++;
        rh_report_open(out, NULL, '{');
        rh_report_emit_text(out, "label", label);
        rh_report_emit_bool(out, "floor", false);
        rh_report_close(out, '}');
    }
    rh_report_close(out, ']');
    rh_report_emit_figure(out, "baseline", reference == SIZE_MAX ? UINT64_MAX : reference);
}

static void emit_page(const struct rh_versus_model *model, struct rh_report_emitter *out) {
    struct rh_text gate = {0};
    rh_versus_gate_sentence(model, &gate);
    rh_report_emit_text(out, "gate_sentence", gate.length > 0 ? rh_text_get(&gate) : NULL);
    out->text->failed = gate.failed != 0 ? gate.failed : out->text->failed;
    rh_text_finish(&gate);
    emit_allocators(model, out);
    rh_report_open(out, "runs", '[');
    rh_report_emit_run(&model->before, NULL, model->options->before_name, out);
    if (!model->single)
        rh_report_emit_run(&model->after, NULL, model->options->after_name, out);
    rh_report_close(out, ']');
}

void rh_versus_emit(const struct rh_versus_model *model, bool page, struct rh_text *text) {
    struct rh_report_emitter out = {.text = text};
    rh_report_open(&out, NULL, '{');
    rh_report_emit_text(&out, "format", "reheap-comparison");
    rh_report_emit_text(&out, "before", model->options->before_name);
    rh_report_emit_text(&out, "after", model->single ? NULL : model->options->after_name);
    rh_report_emit_text(&out, "reference", model->reference);
    rh_report_emit_number(&out, "level", model->before.level);
    if (model->options->gated)
        rh_report_emit_number(&out, "gate", model->options->gate);
    rh_report_emit_count(&out, "compared", model->outcome.compared);
    rh_report_emit_count(&out, "better", model->outcome.better);
    rh_report_emit_count(&out, "worse", model->outcome.worse);
    rh_report_emit_count(&out, "equal", model->outcome.equal);
    rh_report_emit_count(&out, "too_few_rounds", model->outcome.too_few);
    rh_report_emit_count(&out, "regressions", model->outcome.regressions);
    rh_report_open(&out, "notes", '[');
    rh_versus_each_note(model, emit_note, &out);
    rh_report_close(&out, ']');
    rh_report_open(&out, "rows", '[');
    for (size_t i = 0; i < model->row_count; i++)
        emit_row(&out, &model->rows[i]);
    rh_report_close(&out, ']');
    if (page)
        emit_page(model, &out);
    rh_report_close(&out, '}');
}

int rh_versus_json(const struct rh_versus_model *model, struct rh_error *error,
                   struct rh_text *text) {
    (void)error;
    rh_versus_emit(model, false, text);
    rh_text_add(text, "\n");
    return 0;
}

/* ---- JUnit XML ---- */

/* Characters that XML 1.0 forbids (2.2) become '?'. */
static void add_xml(struct rh_text *text, const char *string) {
    for (const char *next = string; *next != '\0'; next++) {
        unsigned char byte = (unsigned char)*next;
        if (*next == '<')
            rh_text_add(text, "&lt;");
        else if (*next == '>')
            rh_text_add(text, "&gt;");
        else if (*next == '&')
            rh_text_add(text, "&amp;");
        else if (*next == '"')
            rh_text_add(text, "&quot;");
        else if (byte < 0x20 || byte == 0x7F)
            rh_text_add(text, "?");
        else
            rh_text_add_bytes(text, next, 1);
    }
}

/* One comparison is one test: failed beyond the gate, skipped without data. */
static void add_test(const struct rh_versus_row *row, const char *what,
                     const struct rh_interval *ratio, bool regressed, const char *word,
                     struct rh_text *text) {
    rh_text_add(text, "  <testcase classname=\"");
    add_xml(text, row->trace != NULL ? row->trace : "all traces");
    rh_text_add(text, "\" name=\"");
    add_xml(text, row->allocator);
    rh_text_addf(text, ": %s\">", what);
    char range[RH_REPORT_FIGURE_BYTES];
    if (row->lost) {
        rh_text_add(text, "<failure message=\"not measured any more: ");
        add_xml(text, row->reason != NULL ? row->reason : "no sample");
        rh_text_add(text, "\"/>");
    } else if (ratio->count == 0) {
        rh_text_add(text, "<skipped/>");
    } else {
        rh_report_range(range, ratio);
        if (regressed)
            rh_text_addf(text, "<failure message=\"%s: %.4f %s\"/>", word, ratio->estimate, range);
        rh_text_addf(text, "<system-out>%s: %.4f %s</system-out>", word, ratio->estimate, range);
    }
    rh_text_add(text, "</testcase>\n");
}

static size_t count_failures(const struct rh_versus_model *model) {
    size_t failures = 0;
    for (size_t i = 0; i < model->row_count; i++) {
        const struct rh_versus_row *row = &model->rows[i];
        failures += row->lost ? 2u : (size_t)row->time_regressed + row->memory_regressed;
    }
    return failures;
}

static size_t count_skipped(const struct rh_versus_model *model) {
    size_t skipped = 0;
    for (size_t i = 0; i < model->row_count; i++)
        if (!model->rows[i].lost)
            skipped +=
                (size_t)(model->rows[i].time.count == 0) + (model->rows[i].memory.count == 0);
    return skipped;
}

int rh_versus_junit(const struct rh_versus_model *model, struct rh_error *error,
                    struct rh_text *text) {
    (void)error;
    rh_text_add(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    rh_text_addf(text,
                 "<testsuite name=\"reheap compare\" tests=\"%zu\" failures=\"%zu\" "
                 "skipped=\"%zu\">\n",
                 2 * model->row_count, count_failures(model), count_skipped(model));
    for (size_t i = 0; i < model->row_count; i++) {
        const struct rh_versus_row *row = &model->rows[i];
        add_test(row, "time", &row->time, row->time_regressed,
                 rh_report_time_word(row->time_verdict), text);
        add_test(row, "memory", &row->memory, row->memory_regressed,
                 rh_report_memory_word(row->memory_verdict), text);
    }
    rh_text_add(text, "</testsuite>\n");
    return 0;
}
