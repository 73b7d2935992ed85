/* versus_match.c - what of two results belongs together, and what to be careful about. */
#include <string.h>

#include "report/versus_model.h"

static const struct rh_manifest *manifest_of(const struct rh_report_model *model) {
    return &model->result->manifest;
}

static bool same(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool is_matched(const struct rh_versus_matching *matching, size_t after) {
    for (size_t i = 0; i < matching->trace_count; i++)
        if (matching->traces[i].after == after)
            return true;
    return false;
}

/* ---- what belongs together ---- */

/* The content decides; where it is not known, the name. A name alone says nothing: a trace that was
 * recorded anew is another question. */
static size_t find_trace(const struct rh_versus_matching *matching,
                         const struct rh_result_trace *trace) {
    const struct rh_manifest *after = manifest_of(&matching->model->after);
    for (size_t i = 0; i < after->trace_count; i++)
        if (!is_matched(matching, i) && same(trace->hash, after->traces[i].hash))
            return i;
    for (size_t i = 0; i < after->trace_count; i++)
        if (!is_matched(matching, i) && (trace->hash == NULL || after->traces[i].hash == NULL) &&
            same(trace->name, after->traces[i].name))
            return i;
    return RH_REPORT_NOBODY;
}

void rh_versus_match_traces(struct rh_versus_matching *matching) {
    const struct rh_manifest *before = manifest_of(&matching->model->before);
    for (size_t i = 0; i < before->trace_count; i++) {
        size_t found = find_trace(matching, &before->traces[i]);
        if (found == RH_REPORT_NOBODY)
            rh_text_addf(&matching->model->notes, "The trace %s is only in %s.\n",
                         before->traces[i].name, matching->model->options->before_name);
        else
            matching->traces[matching->trace_count++] = (struct rh_versus_pair){i, found};
    }
    const struct rh_manifest *after = manifest_of(&matching->model->after);
    for (size_t i = 0; i < after->trace_count; i++)
        if (!is_matched(matching, i))
            rh_text_addf(&matching->model->notes, "The trace %s is only in %s.\n",
                         after->traces[i].name, matching->model->options->after_name);
}

size_t rh_versus_find_allocator(const struct rh_report_model *model, const char *label) {
    for (size_t i = 0; i < model->allocators; i++)
        if (!rh_report_is_floor(model, i) && same(rh_report_label(model, i), label))
            return i;
    return RH_REPORT_NOBODY;
}

int rh_versus_match_reference(struct rh_versus_matching *matching) {
    struct rh_versus_model *model = matching->model;
    const char *wanted = model->options->reference;
    matching->before_reference = matching->after_reference = RH_REPORT_NOBODY;
    if (wanted != NULL && strcmp(wanted, "none") == 0)
        return 0;
    if (wanted == NULL)
        wanted = rh_report_label(&model->before, model->before.baseline);
    matching->before_reference = rh_versus_find_allocator(&model->before, wanted);
    matching->after_reference = rh_versus_find_allocator(&model->after, wanted);
    if (matching->before_reference == RH_REPORT_NOBODY ||
        matching->after_reference == RH_REPORT_NOBODY)
        return rh_fail(matching->error, RH_ERR_INVALID,
                       "the reference \"%s\" is not in both results: name an allocator that is, or "
                       "\"none\" to compare times as they are",
                       wanted);
    model->reference = rh_report_label(&model->before, matching->before_reference);
    return 0;
}

/* ---- what to be careful about ---- */

static void note_difference(struct rh_versus_model *model, const char *what, const char *before,
                            const char *after) {
    if (before != NULL && after != NULL && strcmp(before, after) != 0)
        rh_text_addf(&model->notes, "Not the same %s: %s, then %s.\n", what, before, after);
}

void rh_versus_note_run(struct rh_versus_model *model, const struct rh_report_model *run,
                        const char *name) {
    if (!manifest_of(run)->complete)
        rh_text_addf(&model->notes, "%s did not come to its end.\n", name);
    if (run->control.cells == 0)
        rh_text_addf(&model->notes, "%s has no A/A control.\n", name);
    else if (!run->control.trusted)
        rh_text_addf(&model->notes,
                     "In %s the baseline differs from itself (A/A control, at worst %.3f).\n", name,
                     run->control.worst_ratio);
}

static void note_reference(struct rh_versus_matching *matching) {
    struct rh_versus_model *model = matching->model;
    if (model->reference == NULL) {
        rh_text_add(&model->notes, "Times are compared as they are: what changed about the machine "
                                   "between the two runs is in every ratio.\n");
        return;
    }
    const struct rh_result_allocator *before =
        &manifest_of(&model->before)->allocators[matching->before_reference];
    const struct rh_result_allocator *after =
        &manifest_of(&model->after)->allocators[matching->after_reference];
    if (before->hash != NULL && after->hash != NULL && strcmp(before->hash, after->hash) != 0)
        rh_text_addf(
            &model->notes,
            "The reference %s is not the same file in both runs, so that its own change is "
            "in every ratio.\n",
            model->reference);
}

/* Each run looks for its rates itself. */
static void note_rates(const struct rh_versus_matching *matching) {
    const struct rh_manifest *before = manifest_of(&matching->model->before);
    const struct rh_manifest *after = manifest_of(&matching->model->after);
    for (size_t i = 0; i < matching->trace_count; i++) {
        const struct rh_result_trace *trace = &before->traces[matching->traces[i].before];
        const struct rh_think_found *found = &after->traces[matching->traces[i].after].think;
        if (trace->think.plain_ns == 0 || found->plain_ns == 0 ||
            trace->think.lines_per_ms == found->lines_per_ms)
            continue;
        rh_text_addf(&matching->model->notes,
                     "Not the same rate of thinking on %s: %.4g lines/us, then %.4g.\n",
                     trace->name, (double)trace->think.lines_per_ms / 1000,
                     (double)found->lines_per_ms / 1000);
    }
}

void rh_versus_note_settings(struct rh_versus_matching *matching) {
    struct rh_versus_model *model = matching->model;
    const struct rh_manifest *before = manifest_of(&model->before);
    const struct rh_manifest *after = manifest_of(&model->after);
    note_difference(model, "processor", before->host.cpu, after->host.cpu);
    note_difference(model, "kernel", before->host.kernel, after->host.kernel);
    note_difference(model, "touch policy", before->touch, after->touch);
    note_difference(model, "order of threads", before->order, after->order);
    note_difference(model, "pace", before->pace, after->pace);
    note_difference(model, "thinking", before->think, after->think);
    note_rates(matching);
    note_difference(model, "program", before->tool, after->tool);
    rh_versus_note_run(model, &model->before, model->options->before_name);
    rh_versus_note_run(model, &model->after, model->options->after_name);
    note_reference(matching);
}
