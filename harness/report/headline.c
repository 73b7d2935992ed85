/* headline.c - the answer in a sentence: which allocator, how sure, at what price in memory. */
#include <math.h>

#include "base/assert.h"
#include "base/memory.h"
#include "report/format.h"
#include "report/model.h"

/* Differences of memory below this are not worth a word. */
static const double memory_word_limit = 0.005;

static const char *baseline_label(const struct rh_report_model *model) {
    return rh_report_label(model, model->baseline);
}

static void add_scope(const struct rh_report_model *model, struct rh_text *text) {
    const char *kind = model->only_synthetic ? "synthetic " : "";
    if (model->traces_in_means == 1)
        rh_text_addf(text, "On this %strace ", kind);
    else
        rh_text_addf(text, "On these %zu %straces ", model->traces_in_means, kind);
}

/* "3.1 % more memory" than the baseline; false where nobody knows. */
static bool add_memory(const struct rh_report_model *model, size_t a, const char *before,
                       struct rh_text *text) {
    bool baseline = a == model->baseline;
    double difference = baseline ? 0 : model->means[a].memory.estimate - 1;
    char percent[RH_REPORT_FIGURE_BYTES];
    if (isnan(difference) || (baseline && isnan(model->means[model->best].memory.estimate)))
        return false;
    if (fabs(difference) < memory_word_limit)
        rh_text_addf(text, "%sas much memory", before);
    else
        rh_text_addf(text, "%s%s %s memory", before, rh_report_percent(percent, fabs(difference)),
                     difference > 0 ? "more" : "less");
    return true;
}

/* "tcmalloc (47 % more memory) and jemalloc", by verdict against the best; returns how many. */
static size_t add_peers(const struct rh_report_model *model, enum rh_verdict verdict,
                        struct rh_text *text) {
    size_t count = 0;
    for (size_t a = 0; a < model->allocators; a++)
        count +=
            a != model->best && model->means[a].leads && model->means[a].behind_verdict == verdict;
    for (size_t i = 0, named = 0; count > 0 && i < model->allocators; i++) {
        size_t a = model->order[i];
        if (a == model->best || !model->means[a].leads || model->means[a].behind_verdict != verdict)
            continue;
        if (named == 0)
            rh_text_add(text, "; ");
        rh_report_separate(text, named++, count);
        rh_text_add(text, rh_report_label(model, a));
        if (add_memory(model, a, " (", text))
            rh_text_add(text, ")");
    }
    return count;
}

static void add_group(const struct rh_report_model *model, struct rh_text *text) {
    if (add_peers(model, RH_VERDICT_UNRESOLVED, text) > 0)
        rh_text_add(text, " cannot be told apart from it");
    size_t equal = add_peers(model, RH_VERDICT_EQUAL, text);
    if (equal > 0)
        rh_text_addf(text, " %s as fast within 2 %%", equal == 1 ? "is" : "are");
}

/* How much faster than the baseline: 1 / ratio, with the ends swapped. */
static struct rh_interval speed_of(const struct rh_interval *time) {
    struct rh_interval speed = *time;
    speed.estimate = 1 / time->estimate;
    speed.low = 1 / time->high;
    speed.high = 1 / time->low;
    return speed;
}

static void say_faster(const struct rh_report_model *model, struct rh_text *text) {
    struct rh_interval speed = speed_of(&model->means[model->best].time);
    char factor[RH_REPORT_FIGURE_BYTES];
    char range[RH_REPORT_FIGURE_BYTES];
    rh_text_addf(text, "%s is %sx as fast as %s %s", rh_report_label(model, model->best),
                 rh_report_figure_text(factor, speed.estimate), baseline_label(model),
                 rh_report_short_range(range, &speed));
    add_memory(model, model->best, " and needs ", text);
    add_group(model, text);
}

/* The nearest to a baseline that nobody beats. */
static size_t runner_up(const struct rh_report_model *model) {
    for (size_t i = 0; i < model->allocators; i++) {
        size_t a = model->order[i];
        if (a != model->best && model->means[a].whole && !isnan(model->means[a].time.estimate))
            return a;
    }
    return RH_REPORT_NOBODY;
}

static void say_baseline_best(const struct rh_report_model *model, struct rh_text *text) {
    size_t next = runner_up(model);
    char ratio[RH_REPORT_FIGURE_BYTES];
    char range[RH_REPORT_FIGURE_BYTES];
    rh_text_addf(text, "nothing is faster than %s", baseline_label(model));
    if (next == RH_REPORT_NOBODY)
        return;
    if (model->leading > 1) {
        add_group(model, text);
        return;
    }
    rh_text_addf(text, ": %s, the next, takes %sx its time %s", rh_report_label(model, next),
                 rh_report_figure_text(ratio, model->means[next].time.estimate),
                 rh_report_short_range(range, &model->means[next].time));
    add_memory(model, next, " and needs ", text);
}

/* Somebody's mean is below the baseline's, but the run does not resolve it. */
static void say_unresolved(const struct rh_report_model *model, struct rh_text *text) {
    const struct rh_report_mean *best = &model->means[model->best];
    char ratio[RH_REPORT_FIGURE_BYTES];
    char range[RH_REPORT_FIGURE_BYTES];
    bool equal = best->time_verdict == RH_VERDICT_EQUAL;
    rh_text_addf(text,
                 "nothing is shown to be faster than %s: %s takes %sx its time %s, which is "
                 "%s",
                 baseline_label(model), rh_report_label(model, model->best),
                 rh_report_figure_text(ratio, best->time.estimate),
                 rh_report_short_range(range, &best->time),
                 equal ? "equal within 2 %" : "not resolved");
    add_memory(model, model->best, " and needs ", text);
}

/* One allocator, or only a baseline that was measured: figures, no comparison. */
static void say_alone(const struct rh_report_model *model, struct rh_text *text) {
    rh_text_addf(text, "only %s was measured, so that there is nothing to compare it with",
                 baseline_label(model));
}

/* Only of those that were measured on every trace, like the ranking by time. */
static size_t least_memory(const struct rh_report_model *model) {
    size_t least = RH_REPORT_NOBODY;
    double held = 1;
    for (size_t a = 0; a < model->allocators; a++) {
        double memory = model->means[a].memory.estimate;
        if (a == model->baseline || !model->means[a].whole || isnan(memory))
            continue;
        if (least == RH_REPORT_NOBODY)
            least = model->baseline;
        if (memory < held) {
            least = a;
            held = memory;
        }
    }
    return least;
}

/* Unless the sentence before has said it of the one that it names. */
static void say_least_memory(const struct rh_report_model *model, struct rh_text *text) {
    size_t least = least_memory(model);
    size_t named = model->best == model->baseline ? runner_up(model) : model->best;
    if (least == RH_REPORT_NOBODY || least == named)
        return;
    char percent[RH_REPORT_FIGURE_BYTES];
    rh_text_addf(text, " %s needs the least memory", rh_report_label(model, least));
    if (least != model->baseline)
        rh_text_addf(text, ", %s less than %s",
                     rh_report_percent(percent, 1 - model->means[least].memory.estimate),
                     baseline_label(model));
    rh_text_add(text, ".");
}

static void say(const struct rh_report_model *model, struct rh_text *text) {
    if (model->allocators == 0 || model->traces == 0 || model->samples_measured == 0) {
        if (model->programs != NULL && model->traces == 0)
            rh_text_add(text, "Programs were run end to end; nothing was replayed. Their tables "
                              "have the answer.");
        else
            rh_text_add(text, "Nothing was measured.");
        return;
    }
    if (model->traces_in_means == 0) {
        rh_text_addf(text,
                     "The baseline %s was measured on no trace, so that nothing can be "
                     "compared with it.",
                     baseline_label(model));
        return;
    }
    add_scope(model, text);
    if (model->comparisons == 0)
        say_alone(model, text);
    else if (model->best == RH_REPORT_NOBODY)
        rh_text_add(text, "no allocator was measured on all of them");
    else if (model->best == model->baseline)
        say_baseline_best(model, text);
    else if (model->means[model->best].time_verdict == RH_VERDICT_LOWER)
        say_faster(model, text);
    else
        say_unresolved(model, text);
    rh_text_add(text, ".");
    if (model->comparisons > 0 && model->best != RH_REPORT_NOBODY)
        say_least_memory(model, text);
}

int rh_report_fill_headline(struct rh_report_model *model, struct rh_error *error) {
    rh_assert(model->headline == NULL);
    struct rh_text text = {0};
    say(model, &text);
    if (text.failed != 0) {
        rh_text_finish(&text);
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the headline");
    }
    model->headline = text.data;
    return 0;
}
