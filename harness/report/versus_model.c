/* versus_model.c - compares what matches. */
#include "report/versus_model.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

static const struct rh_manifest *manifest_of(const struct rh_report_model *model) {
    return &model->result->manifest;
}

/* ---- comparing two results ---- */

/* ln of the allocator's time, less that of the reference in the same round; NaN where one of them
 * is missing. */
static void fill_times(const struct rh_report_model *run, size_t trace, size_t allocator,
                       size_t reference, double *ret_logs) {
    const double *ns = rh_report_rounds_at(run, run->ns, trace, allocator);
    const double *base =
        reference != RH_REPORT_NOBODY ? rh_report_rounds_at(run, run->ns, trace, reference) : NULL;
    for (size_t round = 0; round < run->rounds; round++)
        ret_logs[round] = log(ns[round]) - (base != NULL ? log(base[round]) : 0);
}

/* Memory does not depend on the speed of the machine: bytes are compared as they are. */
static void fill_bytes(const struct rh_report_model *run, size_t trace, size_t allocator,
                       double *ret_logs) {
    const double *bytes = rh_report_rounds_at(run, run->peak, trace, allocator);
    for (size_t round = 0; round < run->rounds; round++)
        ret_logs[round] = bytes[round] > 0 ? log(bytes[round]) : NAN;
}

static void fill_logs(struct rh_versus_matching *matching, size_t before, size_t after, bool time) {
    const struct rh_versus_model *model = matching->model;
    for (size_t t = 0; t < matching->trace_count; t++) {
        double *left = &matching->before_logs[t * model->before.rounds];
        double *right = &matching->after_logs[t * model->after.rounds];
        if (time) {
            fill_times(&model->before, matching->traces[t].before, before,
                       matching->before_reference, left);
            fill_times(&model->after, matching->traces[t].after, after, matching->after_reference,
                       right);
        } else {
            fill_bytes(&model->before, matching->traces[t].before, before, left);
            fill_bytes(&model->after, matching->traces[t].after, after, right);
        }
    }
}

static struct rh_versus_row *add_row(struct rh_versus_model *model, struct rh_error *error) {
    if (rh_grow((void **)&model->rows, &model->row_capacity, model->row_count + 1,
                sizeof(*model->rows), error) < 0)
        return NULL;
    struct rh_versus_row *row = &model->rows[model->row_count++];
    *row = (struct rh_versus_row){
        .before_ns = NAN, .after_ns = NAN, .before_bytes = NAN, .after_bytes = NAN};
    return row;
}

/* The rows of one allocator: over all traces where there are several, then each trace. */
static size_t rows_of(const struct rh_versus_matching *matching) {
    return matching->trace_count + (matching->trace_count > 1);
}

/* A pass that the later run did not have is none that it lost. */
static void note_loss(struct rh_versus_row *row, const struct rh_report_cell *old,
                      const struct rh_report_cell *new) {
    bool time = old->measured > 0 && new->measured == 0;
    bool memory = old->memory_measured > 0 && new->memory_measured == 0 && new->failed > 0;
    row->lost = time || memory;
    row->reason = row->lost ? new->reason : NULL;
}

static int add_rows(struct rh_versus_matching *matching, size_t before, size_t after) {
    struct rh_versus_model *model = matching->model;
    const char *label = rh_report_label(&model->before, before);
    for (size_t r = 0; r < rows_of(matching); r++) {
        struct rh_versus_row *row = add_row(model, matching->error);
        if (row == NULL)
            return RH_ERR_MEMORY;
        row->allocator = label;
        size_t t = r - (matching->trace_count > 1);
        if (r == 0 && matching->trace_count > 1)
            continue;
        const struct rh_versus_pair *pair = &matching->traces[t];
        const struct rh_report_cell *old = rh_report_cell_at(&model->before, pair->before, before);
        const struct rh_report_cell *new = rh_report_cell_at(&model->after, pair->after, after);
        row->trace = manifest_of(&model->before)->traces[pair->before].name;
        row->before_ns = old->ns_per_op;
        row->after_ns = new->ns_per_op;
        row->before_bytes = old->peak_bytes;
        row->after_bytes = new->peak_bytes;
        note_loss(row, old, new);
    }
    return 0;
}

static struct rh_interval compare_trace(const struct rh_versus_matching *matching, size_t t,
                                        size_t comparisons) {
    const struct rh_versus_model *model = matching->model;
    return rh_shift_ratio(&matching->after_logs[t * model->after.rounds], model->after.rounds,
                          &matching->before_logs[t * model->before.rounds], model->before.rounds,
                          model->before.level, comparisons);
}

static struct rh_interval compare_all(const struct rh_versus_matching *matching,
                                      size_t comparisons) {
    const struct rh_versus_model *model = matching->model;
    return rh_geometric_shift(matching->after_logs, model->after.rounds, matching->before_logs,
                              model->before.rounds, matching->trace_count, model->before.level,
                              comparisons);
}

/* The level is shared by the allocators within the table over all traces, and by all cells within
 * that of the traces. */
static void compare_rows(struct rh_versus_matching *matching, size_t first_row, bool time,
                         size_t allocators) {
    bool means = matching->trace_count > 1;
    for (size_t r = 0; r < rows_of(matching); r++) {
        struct rh_versus_row *row = &matching->model->rows[first_row + r];
        bool mean = means && r == 0;
        struct rh_interval ratio =
            mean ? compare_all(matching, allocators)
                 : compare_trace(matching, r - means, allocators * matching->trace_count);
        *(time ? &row->time : &row->memory) = ratio;
    }
}

static int compare_allocator(struct rh_versus_matching *matching, size_t before, size_t after,
                             size_t allocators) {
    size_t first_row = matching->model->row_count;
    rh_try(add_rows(matching, before, after));
    if (before != matching->before_reference) {
        fill_logs(matching, before, after, true);
        compare_rows(matching, first_row, true, allocators);
    }
    fill_logs(matching, before, after, false);
    compare_rows(matching, first_row, false, allocators);
    return 0;
}

static bool is_wanted(const struct rh_versus_model *model, size_t before) {
    const char *only = model->options->allocator;
    return !rh_report_is_floor(&model->before, before) &&
           (only == NULL || strcmp(only, rh_report_label(&model->before, before)) == 0);
}

static size_t count_allocators(const struct rh_versus_model *model) {
    size_t count = 0;
    for (size_t i = 0; i < model->before.allocators; i++)
        count += is_wanted(model, i) &&
                 rh_versus_find_allocator(&model->after, rh_report_label(&model->before, i)) !=
                     RH_REPORT_NOBODY;
    return count;
}

/* For a gate it is lost. */
static int note_missing_allocator(struct rh_versus_matching *matching, size_t before) {
    struct rh_versus_model *model = matching->model;
    const char *label = rh_report_label(&model->before, before);
    rh_text_addf(&model->notes, "The allocator %s is only in %s.\n", label,
                 model->options->before_name);
    if (!model->options->gated)
        return 0;
    struct rh_versus_row *row = add_row(model, matching->error);
    if (row == NULL)
        return RH_ERR_MEMORY;
    row->allocator = label;
    row->lost = true;
    row->reason = "it is not in the later result";
    return 0;
}

static int compare_results(struct rh_versus_matching *matching) {
    struct rh_versus_model *model = matching->model;
    size_t allocators = count_allocators(model);
    if (matching->trace_count == 0 || allocators == 0)
        return rh_fail(matching->error, RH_ERR_INVALID, "%s and %s have no %s in common%s",
                       model->options->before_name, model->options->after_name,
                       matching->trace_count == 0 ? "trace" : "allocator",
                       model->options->allocator != NULL ? " (of those that were asked for)" : "");
    for (size_t i = 0; i < model->before.allocators; i++) {
        if (!is_wanted(model, i))
            continue;
        size_t after = rh_versus_find_allocator(&model->after, rh_report_label(&model->before, i));
        if (after == RH_REPORT_NOBODY)
            rh_try(note_missing_allocator(matching, i));
        else
            rh_try(compare_allocator(matching, i, after, allocators));
    }
    return 0;
}

static int allocate(struct rh_versus_matching *matching) {
    const struct rh_versus_model *model = matching->model;
    matching->traces = rh_alloc_zeroed(model->before.traces, sizeof(*matching->traces));
    matching->before_logs = rh_alloc_zeroed(model->before.traces * model->before.rounds,
                                            sizeof(*matching->before_logs));
    matching->after_logs =
        rh_alloc_zeroed(model->before.traces * model->after.rounds, sizeof(*matching->after_logs));
    if (matching->traces == NULL || matching->before_logs == NULL || matching->after_logs == NULL)
        return rh_fail(matching->error, RH_ERR_MEMORY, "no memory for a comparison");
    return 0;
}

static int match_and_compare(struct rh_versus_matching *matching) {
    rh_try(allocate(matching));
    rh_versus_match_traces(matching);
    rh_try(rh_versus_match_reference(matching));
    rh_versus_note_settings(matching);
    return compare_results(matching);
}

static int fill_two(struct rh_versus_model *model, struct rh_error *error) {
    struct rh_versus_matching matching = {.model = model, .error = error};
    int result = match_and_compare(&matching);
    model->traces = matching.trace_count;
    rh_free(matching.traces);
    rh_free(matching.before_logs);
    rh_free(matching.after_logs);
    return result;
}

/* ---- one result: its allocators against its baseline ---- */

static int add_single_trace(struct rh_versus_model *model, size_t t, size_t a,
                            struct rh_error *error) {
    const struct rh_report_cell *cell = rh_report_cell_at(&model->before, t, a);
    const struct rh_report_cell *base =
        rh_report_cell_at(&model->before, t, model->before.baseline);
    struct rh_versus_row *row = add_row(model, error);
    if (row == NULL)
        return RH_ERR_MEMORY;
    row->trace = manifest_of(&model->before)->traces[t].name;
    row->allocator = rh_report_label(&model->before, a);
    row->before_ns = base->ns_per_op;
    row->after_ns = cell->ns_per_op;
    row->before_bytes = base->peak_bytes;
    row->after_bytes = cell->peak_bytes;
    row->time = cell->time;
    row->memory = cell->memory;
    note_loss(row, base, cell);
    return 0;
}

/* The bootstrap gives no interval when memory is short: a gate must not take that for a pass. */
static int check_means(const struct rh_versus_model *model, struct rh_error *error) {
    /* A synthetic trace may be in no mean. */
    if (model->single && model->traces > 0 && !model->before.trace[0].in_means)
        return 0;
    for (size_t i = 0; i + 1 < model->row_count; i++) {
        const struct rh_versus_row *mean = &model->rows[i];
        const struct rh_versus_row *first = &model->rows[i + 1];
        if (mean->trace == NULL && !mean->lost &&
            ((mean->time.count == 0 && first->time.count > 0) ||
             (mean->memory.count == 0 && first->memory.count > 0)))
            return rh_fail(error, RH_ERR_MEMORY, "no memory for a geometric mean");
    }
    return 0;
}

static int fill_single(struct rh_versus_model *model, struct rh_error *error) {
    const struct rh_report_model *run = &model->before;
    model->traces = run->traces;
    model->reference = rh_report_label(run, run->baseline);
    rh_versus_note_run(model, run, model->options->before_name);
    for (size_t a = 0; a < run->allocators; a++) {
        if (!is_wanted(model, a) || a == run->baseline)
            continue;
        if (run->traces_in_means > 1) {
            struct rh_versus_row *row = add_row(model, error);
            if (row == NULL)
                return RH_ERR_MEMORY;
            row->allocator = rh_report_label(run, a);
            row->time = run->means[a].time;
            row->memory = run->means[a].memory;
        }
        for (size_t t = 0; t < run->traces; t++)
            rh_try(add_single_trace(model, t, a, error));
    }
    if (model->row_count == 0)
        return rh_fail(error, RH_ERR_INVALID, "%s has nothing to compare with its baseline \"%s\"",
                       model->options->before_name, model->reference);
    return 0;
}

/* ---- the whole ---- */

static bool is_beyond(const struct rh_versus_model *model, const struct rh_interval *ratio,
                      enum rh_verdict verdict) {
    return model->options->gated && verdict == RH_VERDICT_HIGHER &&
           ratio->low > 1 + model->options->gate;
}

static void count(struct rh_versus_outcome *outcome, const struct rh_interval *ratio,
                  enum rh_verdict verdict) {
    outcome->compared += verdict != RH_VERDICT_NONE;
    outcome->better += verdict == RH_VERDICT_LOWER;
    outcome->worse += verdict == RH_VERDICT_HIGHER;
    outcome->equal += verdict == RH_VERDICT_EQUAL;
    outcome->too_few += verdict != RH_VERDICT_NONE && !ratio->exact;
}

/* A gate that cannot close must not look as if it had been passed. */
static void note_too_few(struct rh_versus_model *model) {
    if (model->outcome.too_few > 0)
        rh_text_addf(&model->notes,
                     "%zu of %zu comparisons rest on too few rounds to be resolved at this level, "
                     "whatever they show: use more rounds, or more memory_rounds.\n",
                     model->outcome.too_few, model->outcome.compared);
}

static void judge(struct rh_versus_model *model) {
    for (size_t i = 0; i < model->row_count; i++) {
        struct rh_versus_row *row = &model->rows[i];
        row->time_verdict = rh_verdict_of(&row->time);
        row->memory_verdict = rh_verdict_of(&row->memory);
        row->time_regressed = is_beyond(model, &row->time, row->time_verdict);
        row->memory_regressed = is_beyond(model, &row->memory, row->memory_verdict);
        count(&model->outcome, &row->time, row->time_verdict);
        count(&model->outcome, &row->memory, row->memory_verdict);
        model->outcome.regressions += (size_t)row->time_regressed + row->memory_regressed +
                                      (model->options->gated && row->lost);
    }
    note_too_few(model);
}

/* Nothing to judge is not nothing found. */
static int check_gate(const struct rh_versus_model *model, struct rh_error *error) {
    if (!model->options->gated || model->outcome.compared > 0 || model->outcome.regressions > 0)
        return 0;
    return rh_fail(error, RH_ERR_INVALID,
                   "the gate has nothing to judge: no cell of %s was measured often enough to be "
                   "compared",
                   model->options->before_name);
}

int rh_versus_model_init(const struct rh_result *before, const struct rh_result *after,
                         const struct rh_versus_options *options, struct rh_error *error,
                         struct rh_versus_model *ret_model) {
    double level = options->level != 0 ? options->level : 0.95;
    struct rh_versus_model model = {.options = options, .single = after == NULL};
    int result = rh_report_model_init(before, level, error, &model.before);
    if (result == 0 && after != NULL)
        result = rh_report_model_init(after, level, error, &model.after);
    if (result == 0)
        result = after != NULL ? fill_two(&model, error) : fill_single(&model, error);
    if (result == 0)
        result = check_means(&model, error);
    if (result == 0) {
        judge(&model);
        result = check_gate(&model, error);
    }
    if (result == 0 && model.notes.failed != 0)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for a comparison");
    if (result < 0) {
        rh_versus_model_finish(&model);
        return result;
    }
    *ret_model = model;
    return 0;
}

void rh_versus_model_finish(struct rh_versus_model *model) {
    rh_report_model_finish(&model->before);
    rh_report_model_finish(&model->after);
    rh_text_finish(&model->notes);
    rh_free(model->rows);
}
