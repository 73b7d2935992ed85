/* banner.c - what a reader must know before believing the figures. */
#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "report/format.h"
#include "report/model.h"

static const double floor_limit = 0.2;
static const double live_limit = 0.01;
static const double control_limit = 0.01;
static const double others_limit = 0.05;
static const double steal_limit = 0.01;

enum { MOST_NAMED = 4 }; /* in one sentence */

const char *rh_report_banner_name(enum rh_report_banner_kind kind) {
    static const char *const names[] = {
#define X(name, text) text,
        RH_REPORT_BANNER_MAP(X)
#undef X
    };
    return kind < RH_REPORT_BANNERS ? names[kind] : "?";
}

/* Takes over the text. */
static int add(struct rh_report_model *model, enum rh_report_banner_kind kind, bool grave,
               struct rh_text *text, struct rh_error *error) {
    int result = text->failed;
    if (result == 0)
        result = rh_grow((void **)&model->banners, &model->banner_capacity, model->banner_count + 1,
                         sizeof(*model->banners), error);
    if (result < 0) {
        rh_text_finish(text);
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a banner");
    }
    rh_assert(text->data != NULL);
    model->banners[model->banner_count++] =
        (struct rh_report_banner){.kind = kind, .grave = grave, .text = text->data};
    return 0;
}

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

static const char *trace_name(const struct rh_report_model *model, size_t t) {
    return model->result->manifest.traces[t].name;
}

/* "A, B and 3 more": separators for a list of which only the first few are named. True while the
 * i-th is to be named. */
static bool name_next(struct rh_text *text, size_t i, size_t count) {
    if (i < MOST_NAMED || count == MOST_NAMED + 1) {
        rh_report_separate(text, i, count);
        return true;
    }
    if (i == MOST_NAMED)
        rh_text_addf(text, " and %zu more", count - MOST_NAMED);
    return false;
}

static int add_incomplete(struct rh_report_model *model, struct rh_error *error) {
    const struct rh_result *result = model->result;
    if (result->manifest.complete && result->damaged_lines == 0)
        return 0;
    struct rh_text text = {0};
    if (!result->manifest.complete && result->manifest.rounds == 0)
        rh_text_add(&text, "The run did not come to its end: it stopped in the warm-up round.");
    else if (!result->manifest.complete)
        rh_text_addf(&text, "The run did not come to its end: %zu of %u round%s have samples.",
                     model->rounds, result->manifest.rounds, plural(result->manifest.rounds));
    if (result->damaged_lines > 0)
        rh_text_addf(&text, "%s%llu torn line%s skipped.", text.length > 0 ? " " : "",
                     (unsigned long long)result->damaged_lines,
                     result->damaged_lines == 1 ? " was" : "s were");
    return add(model, RH_REPORT_BANNER_INCOMPLETE, false, &text, error);
}

static bool control_is_off(const struct rh_report_trace *trace) {
    return trace->control.count > 0 && (fabs(trace->control.estimate - 1) > control_limit ||
                                        trace->control_verdict == RH_VERDICT_LOWER ||
                                        trace->control_verdict == RH_VERDICT_HIGHER);
}

static int add_control(struct rh_report_model *model, struct rh_error *error) {
    struct rh_text text = {0};
    if (model->samples_measured == 0 || model->control.trusted)
        return 0;
    if (model->control.cells == 0) {
        rh_text_add(&text, "The baseline did not run twice in a round: nothing shows how quiet the "
                           "machine was.");
        return add(model, RH_REPORT_BANNER_NO_CONTROL, false, &text, error);
    }
    size_t count = 0;
    for (size_t t = 0; t < model->traces; t++)
        count += control_is_off(&model->trace[t]);
    rh_text_add(&text, "The baseline differs from itself (A/A control): ");
    for (size_t t = 0, i = 0; t < model->traces; t++) {
        char ratio[RH_REPORT_FIGURE_BYTES];
        char range[RH_REPORT_FIGURE_BYTES];
        if (!control_is_off(&model->trace[t]) || !name_next(&text, i++, count))
            continue;
        rh_text_addf(&text, "%s %s %s", trace_name(model, t),
                     rh_report_ratio(ratio, model->trace[t].control.estimate),
                     rh_report_range(range, &model->trace[t].control));
    }
    rh_text_add(&text, ". Differences of that size mean nothing in this run.");
    return add(model, RH_REPORT_BANNER_CONTROL, true, &text, error);
}

static bool has_failed(const struct rh_report_model *model, size_t t, size_t a) {
    return rh_report_cell_at(model, t, a)->failed > 0 &&
           model->result->manifest.allocators[a].unavailable == NULL;
}

static void describe_failure(const struct rh_report_model *model, size_t t, size_t a,
                             struct rh_text *text) {
    const struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
    rh_text_addf(text, "%s on %s %s", rh_report_label(model, a), trace_name(model, t),
                 rh_sample_end_name(cell->end));
    if (cell->measured > 0)
        rh_text_addf(text, " %u time%s", cell->failed, plural(cell->failed));
    if (cell->reason != NULL)
        rh_text_addf(text, " (%s)", cell->reason);
}

static int add_failed(struct rh_report_model *model, struct rh_error *error) {
    size_t cells = 0;
    uint64_t samples = 0;
    for (size_t i = 0; i < model->traces * model->allocators; i++) {
        bool failed = has_failed(model, i / model->allocators, i % model->allocators);
        cells += failed;
        samples += failed ? model->cells[i].failed : 0;
    }
    if (cells == 0)
        return 0;
    struct rh_text text = {0};
    rh_text_addf(&text, "%llu of %llu workers did not end well: ", (unsigned long long)samples,
                 (unsigned long long)(model->samples_measured + model->samples_failed));
    for (size_t i = 0, named = 0; i < model->traces * model->allocators; i++) {
        size_t t = i / model->allocators;
        size_t a = i % model->allocators;
        if (has_failed(model, t, a) && name_next(&text, named++, cells))
            describe_failure(model, t, a, &text);
    }
    rh_text_add(&text, ".");
    return add(model, RH_REPORT_BANNER_FAILED, false, &text, error);
}

static int add_unavailable(struct rh_report_model *model, struct rh_error *error) {
    for (size_t a = 0; a < model->allocators; a++) {
        const char *reason = model->result->manifest.allocators[a].unavailable;
        if (reason == NULL)
            continue;
        struct rh_text text = {0};
        rh_text_addf(&text, "%s could not be used: %s", rh_report_label(model, a), reason);
        size_t length = strlen(reason);
        if (length == 0 || reason[length - 1] != '.')
            rh_text_add(&text, ".");
        rh_try(add(model, RH_REPORT_BANNER_UNAVAILABLE, false, &text, error));
    }
    return 0;
}

static int add_few_rounds(struct rh_report_model *model, struct rh_error *error) {
    if (model->rounds >= model->rounds_needed || model->samples_measured == 0 ||
        model->comparisons == 0)
        return 0;
    char level[RH_REPORT_FIGURE_BYTES];
    struct rh_text text = {0};
    rh_text_addf(&text,
                 "%zu round%s are too few for an interval at %s over %zu comparison%s: %zu are "
                 "needed. The brackets show the extremes, and nothing is resolved.",
                 model->rounds, plural(model->rounds), rh_report_percent(level, model->level),
                 model->comparisons, plural(model->comparisons), model->rounds_needed);
    return add(model, RH_REPORT_BANNER_FEW_ROUNDS, true, &text, error);
}

static int add_floor(struct rh_report_model *model, struct rh_error *error) {
    size_t count = 0;
    for (size_t t = 0; t < model->traces; t++)
        count += model->trace[t].floor_share > floor_limit;
    if (count == 0)
        return 0;
    struct rh_text text = {0};
    rh_text_add(&text,
                "A floor is above 20 % of the fastest allocator's time, so that part of every "
                "row is not the allocator's: ");
    for (size_t t = 0, i = 0; t < model->traces; t++) {
        const struct rh_report_trace *trace = &model->trace[t];
        char share[RH_REPORT_FIGURE_BYTES];
        if (trace->floor_share > floor_limit && name_next(&text, i++, count))
            rh_text_addf(&text, "%s on %s is %s of %s", rh_report_label(model, trace->floor),
                         trace_name(model, t), rh_report_percent(share, trace->floor_share),
                         rh_report_label(model, trace->fastest));
    }
    rh_text_add(&text, ".");
    return add(model, RH_REPORT_BANNER_FLOOR, false, &text, error);
}

static int add_work(struct rh_report_model *model, struct rh_error *error) {
    size_t count = 0;
    for (size_t t = 0; t < model->traces; t++)
        count += model->trace[t].work_differs;
    if (count == 0)
        return 0;
    struct rh_text text = {0};
    rh_text_add(&text, "Workers disagree about operation counts or checksums on ");
    for (size_t t = 0, i = 0; t < model->traces; t++)
        if (model->trace[t].work_differs && name_next(&text, i++, count))
            rh_text_add(&text, trace_name(model, t));
    rh_text_add(&text, ": they did not do the same work, and must not be compared there.");
    return add(model, RH_REPORT_BANNER_WORK, true, &text, error);
}

static int add_live(struct rh_report_model *model, struct rh_error *error) {
    size_t count = 0;
    for (size_t t = 0; t < model->traces; t++)
        count += fabs(model->trace[t].live_error) > live_limit;
    if (count == 0)
        return 0;
    struct rh_text text = {0};
    rh_text_add(&text, "The replay's peak of live bytes is not the recorded one: ");
    for (size_t t = 0, i = 0; t < model->traces; t++) {
        char share[RH_REPORT_FIGURE_BYTES];
        double error_share = model->trace[t].live_error;
        if (fabs(error_share) > live_limit && name_next(&text, i++, count))
            rh_text_addf(&text, "%s by %s%s", trace_name(model, t), error_share > 0 ? "+" : "",
                         rh_report_percent(share, error_share));
    }
    rh_text_add(&text, ". Threads ran ahead of each other; memory figures are off by about as "
                       "much.");
    return add(model, RH_REPORT_BANNER_LIVE, false, &text, error);
}

static int add_no_null(struct rh_report_model *model, struct rh_error *error) {
    bool memory = false;
    bool null = false;
    for (size_t t = 0; t < model->traces; t++)
        for (size_t a = 0; a < model->allocators; a++) {
            bool measured = !isnan(rh_report_cell_at(model, t, a)->peak_bytes);
            memory |= measured && a != model->null_allocator;
            null |= measured && a == model->null_allocator;
        }
    if (!memory || null)
        return 0;
    struct rh_text text = {0};
    rh_text_add(&text, "The null allocator has no memory pass: resident bytes hold what the worker "
                       "itself takes.");
    return add(model, RH_REPORT_BANNER_NO_NULL, false, &text, error);
}

static int add_others(struct rh_report_model *model, struct rh_error *error) {
    char others[RH_REPORT_FIGURE_BYTES];
    char steal[RH_REPORT_FIGURE_BYTES];
    struct rh_text text = {0};
    if (!(model->others_share > others_limit) && !(model->steal_share > steal_limit))
        return 0;
    rh_text_addf(&text,
                 "While workers ran, other processes took %s of the CPUs, and the hypervisor %s: "
                 "intervals are wider than on a quiet machine.",
                 rh_report_percent(others, model->others_share),
                 rh_report_percent(steal, model->steal_share));
    return add(model, RH_REPORT_BANNER_OTHERS, false, &text, error);
}

/* ---- rows that are the same library ---- */

static bool same_list(char *const *a, char *const *b) {
    if (a == NULL || b == NULL)
        return (a == NULL || a[0] == NULL) && (b == NULL || b[0] == NULL);
    size_t i = 0;
    while (a[i] != NULL && b[i] != NULL && strcmp(a[i], b[i]) == 0)
        i++;
    return a[i] == NULL && b[i] == NULL;
}

static const char *object_of(const struct rh_report_model *model, size_t a) {
    for (size_t t = 0; t < model->traces; t++)
        if (rh_report_cell_at(model, t, a)->object != NULL)
            return rh_report_cell_at(model, t, a)->object;
    return NULL;
}

/* Two rows are one allocator when the same file owned the functions, under the same settings. Those
 * that are built into the worker share its file, and differ by name. */
static bool same_row(const struct rh_report_model *model, size_t a, size_t b) {
    const struct rh_result_allocator *left = &model->result->manifest.allocators[a];
    const struct rh_result_allocator *right = &model->result->manifest.allocators[b];
    const char *object = object_of(model, a);
    const char *other = object_of(model, b);
    bool built_in = left->kind != NULL && strcmp(left->kind, "built-in") == 0 &&
                    right->kind != NULL && strcmp(right->kind, "built-in") == 0;
    if (object == NULL || other == NULL || strcmp(object, other) != 0)
        return false;
    return (!built_in || strcmp(left->name, right->name) == 0) &&
           same_list(left->options, right->options) &&
           same_list(left->environment, right->environment);
}

static int add_same_file(struct rh_report_model *model, struct rh_error *error) {
    for (size_t a = 0; a < model->allocators; a++)
        for (size_t b = a + 1; b < model->allocators; b++) {
            if (rh_report_is_floor(model, a) || rh_report_is_floor(model, b) ||
                !same_row(model, a, b))
                continue;
            struct rh_text text = {0};
            rh_text_addf(&text,
                         "%s and %s are the same file with the same settings (%s): two rows, "
                         "one allocator.",
                         rh_report_label(model, a), rh_report_label(model, b), object_of(model, a));
            rh_try(add(model, RH_REPORT_BANNER_SAME_FILE, false, &text, error));
        }
    return 0;
}

static int add_synthetic(struct rh_report_model *model, struct rh_error *error) {
    size_t count = 0;
    for (size_t t = 0; t < model->traces; t++)
        count += model->trace[t].synthetic;
    if (count == 0)
        return 0;
    struct rh_text text = {0};
    if (model->only_synthetic) {
        rh_text_add(&text, "Every trace is synthetic: the means say what somebody thought of, not "
                           "what a program does.");
        return add(model, RH_REPORT_BANNER_SYNTHETIC, false, &text, error);
    }
    for (size_t t = 0, i = 0; t < model->traces; t++)
        if (model->trace[t].synthetic && name_next(&text, i++, count))
            rh_text_add(&text, trace_name(model, t));
    rh_text_addf(&text, " %s synthetic and %s out of the means.", count == 1 ? "is" : "are",
                 count == 1 ? "stays" : "stay");
    return add(model, RH_REPORT_BANNER_SYNTHETIC, false, &text, error);
}

int rh_report_fill_banners(struct rh_report_model *model, struct rh_error *error) {
    rh_assert(model->banners == NULL);
    rh_try(add_control(model, error));
    rh_try(add_few_rounds(model, error));
    rh_try(add_work(model, error));
    rh_try(add_incomplete(model, error));
    rh_try(add_failed(model, error));
    rh_try(add_unavailable(model, error));
    rh_try(add_floor(model, error));
    rh_try(add_live(model, error));
    rh_try(add_others(model, error));
    rh_try(add_no_null(model, error));
    rh_try(add_same_file(model, error));
    return add_synthetic(model, error);
}
