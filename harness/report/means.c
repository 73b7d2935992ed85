/* means.c - over all traces: geometric means, who leads, and what the run could have seen. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "report/model.h"

/* The share of runs in which a difference of the detectable size is found. */
static const double detectable_power = 0.8;

/* ---- which traces ---- */

static bool is_synthetic(const struct rh_result_trace *trace) {
    return trace->source != NULL && strncmp(trace->source, "synthetic", 9) == 0;
}

static bool measured(const struct rh_report_model *model, size_t t, size_t a) {
    return !isnan(rh_report_cell_at(model, t, a)->ns_per_op);
}

/* Synthetic traces say what somebody thought of, not what programs do: they stay out, unless there
 * is nothing else. A trace without the baseline has no ratios. */
static void choose_traces(struct rh_report_model *model) {
    model->only_synthetic = model->traces > 0;
    for (size_t t = 0; t < model->traces; t++) {
        model->trace[t].synthetic = is_synthetic(&model->result->manifest.traces[t]);
        model->only_synthetic &= model->trace[t].synthetic;
    }
    for (size_t t = 0; t < model->traces; t++) {
        struct rh_report_trace *trace = &model->trace[t];
        trace->in_means = (model->only_synthetic || !trace->synthetic) && model->allocators > 0 &&
                          measured(model, t, model->baseline);
        model->traces_in_means += trace->in_means;
    }
}

/* ---- contrasts ---- */

/* ln(x / base) of every round of the traces in the means; the rest NaN. */
static void fill_contrasts(const struct rh_report_model *model, double *grid, size_t x, size_t base,
                           double *contrasts) {
    for (size_t t = 0; t < model->traces; t++) {
        const double *xs = rh_report_rounds_at(model, grid, t, x);
        const double *bases = rh_report_rounds_at(model, grid, t, base);
        for (size_t r = 0; r < model->rounds; r++) {
            bool usable = model->trace[t].in_means && xs[r] > 0 && bases[r] > 0;
            contrasts[t * model->rounds + r] = usable ? log(xs[r] / bases[r]) : NAN;
        }
    }
}

/* The geometric mean of x over base; count 0 where no round has both. */
static int mean_of(const struct rh_report_model *model, double *grid, size_t x, size_t base,
                   double *contrasts, struct rh_error *error, struct rh_interval *ret_mean) {
    fill_contrasts(model, grid, x, base, contrasts);
    struct rh_interval mean = rh_geometric_mean(contrasts, model->traces, model->rounds,
                                                model->level, model->comparisons);
    for (size_t i = 0; mean.count == 0 && i < model->traces * model->rounds; i++)
        if (!isnan(contrasts[i]))
            return rh_fail(error, RH_ERR_MEMORY, "no memory for a geometric mean");
    *ret_mean = mean;
    return 0;
}

/* Means over different traces must not be ranked against each other. */
static void count_traces(struct rh_report_model *model, size_t a) {
    struct rh_report_mean *mean = &model->means[a];
    for (size_t t = 0; t < model->traces; t++)
        mean->traces += model->trace[t].in_means && measured(model, t, a);
    mean->whole =
        mean->traces > 0 && mean->traces == model->traces_in_means && !rh_report_is_floor(model, a);
}

static void find_spread(struct rh_report_model *model, size_t a) {
    struct rh_report_mean *mean = &model->means[a];
    mean->smallest = mean->largest = NAN;
    for (size_t t = 0; t < model->traces; t++) {
        double ratio = rh_report_cell_at(model, t, a)->time.estimate;
        if (!model->trace[t].in_means || isnan(ratio))
            continue;
        mean->smallest = fmin(mean->smallest, ratio);
        mean->largest = fmax(mean->largest, ratio);
    }
}

static int fill_mean(struct rh_report_model *model, size_t a, double *contrasts,
                     struct rh_error *error) {
    struct rh_report_mean *mean = &model->means[a];
    size_t base = model->baseline;
    rh_try(mean_of(model, model->ns, a, base, contrasts, error, &mean->time));
    rh_try(mean_of(model, model->peak, a, base, contrasts, error, &mean->memory));
    mean->time_verdict = rh_verdict_of(&mean->time);
    mean->memory_verdict = rh_verdict_of(&mean->memory);
    find_spread(model, a);
    return 0;
}

/* ---- who leads ---- */

/* The baseline's own mean is 1 by definition. */
static double rank_of(const struct rh_report_model *model, size_t a) {
    return a == model->baseline ? 1 : model->means[a].time.estimate;
}

static void find_best(struct rh_report_model *model) {
    for (size_t a = 0; a < model->allocators; a++) {
        if (!model->means[a].whole || isnan(rank_of(model, a)))
            continue;
        if (model->best == RH_REPORT_NOBODY || rank_of(model, a) < rank_of(model, model->best))
            model->best = a;
    }
}

/* Each against the best, paired in the same rounds: who is not resolved to be slower leads too. */
static int find_leaders(struct rh_report_model *model, double *contrasts, struct rh_error *error) {
    if (model->best == RH_REPORT_NOBODY)
        return 0;
    for (size_t a = 0; a < model->allocators; a++) {
        struct rh_report_mean *mean = &model->means[a];
        if (a != model->best && mean->whole) {
            rh_try(mean_of(model, model->ns, a, model->best, contrasts, error, &mean->behind));
            mean->behind_verdict = rh_verdict_of(&mean->behind);
        }
        mean->leads =
            a == model->best || (mean->whole && mean->behind_verdict != RH_VERDICT_HIGHER &&
                                 mean->behind_verdict != RH_VERDICT_NONE);
        model->leading += mean->leads;
    }
    return 0;
}

struct ranked {
    int class; /* 0: whole, 1: not on every trace, 2: never measured, 3: floor */
    double mean;
    size_t allocator;
};

static int compare_ranked(const void *a, const void *b) {
    const struct ranked *left = a;
    const struct ranked *right = b;
    if (left->class != right->class)
        return left->class - right->class;
    if (left->mean != right->mean && !isnan(left->mean) && !isnan(right->mean))
        return left->mean < right->mean ? -1 : 1;
    return left->allocator < right->allocator ? -1 : left->allocator > right->allocator;
}

static int order_means(struct rh_report_model *model, struct rh_error *error) {
    struct ranked *ranked = rh_alloc_zeroed(model->allocators, sizeof(*ranked));
    if (ranked == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu rows", model->allocators);
    for (size_t a = 0; a < model->allocators; a++) {
        const struct rh_report_mean *mean = &model->means[a];
        int class = rh_report_is_floor(model, a) ? 3 : mean->whole ? 0 : mean->traces > 0 ? 1 : 2;
        ranked[a] = (struct ranked){class, rank_of(model, a), a};
    }
    qsort(ranked, model->allocators, sizeof(*ranked), compare_ranked);
    for (size_t i = 0; i < model->allocators; i++)
        model->order[i] = ranked[i].allocator;
    rh_free(ranked);
    return 0;
}

/* ---- self-checks ---- */

/* What a table would find in so many rounds, with the noise that was seen. */
static double detectable_in(const struct rh_report_model *model, size_t rounds) {
    double deviation = log1p(model->control.noise_floor);
    if (isnan(deviation) || rounds == 0)
        return NAN;
    return rh_detectable_effect(deviation, rounds, model->level,
                                model->comparisons > 0 ? model->comparisons : 1, detectable_power);
}

/* A/A contrasts of all traces, synthetic ones too: the machine is the same. */
static void check_control(struct rh_report_model *model, double *contrasts) {
    for (size_t t = 0; t < model->traces; t++) {
        const double *again = rh_report_rounds_at(model, model->ns, t, model->allocators);
        const double *first = rh_report_rounds_at(model, model->ns, t, model->baseline);
        for (size_t r = 0; r < model->rounds; r++) {
            bool usable = again[r] > 0 && first[r] > 0;
            contrasts[t * model->rounds + r] = usable ? log(again[r] / first[r]) : NAN;
        }
    }
    model->control = rh_control_of(contrasts, model->traces, model->rounds, model->level);
    model->detectable = detectable_in(model, model->rounds);
    model->detectable_by_default = detectable_in(model, RH_REPORT_ROUNDS_DEFAULT);
}

static void count_needed_rounds(struct rh_report_model *model) {
    size_t most = model->comparisons;
    for (size_t t = 0; t < model->traces; t++)
        most = model->trace[t].comparisons > most ? model->trace[t].comparisons : most;
    double level = rh_bonferroni(model->level, most > 0 ? most : 1);
    while (rh_interval_rank(model->rounds_needed, level) == 0)
        model->rounds_needed++;
}

static size_t count_compared(const struct rh_report_model *model) {
    size_t count = 0;
    for (size_t a = 0; a < model->allocators; a++)
        count +=
            a != model->baseline && !rh_report_is_floor(model, a) && model->means[a].traces > 0;
    return count;
}

static const struct rh_interval no_interval = {.estimate = NAN, .low = NAN, .high = NAN};

static int fill_all(struct rh_report_model *model, double *contrasts, struct rh_error *error) {
    for (size_t a = 0; a < model->allocators; a++)
        count_traces(model, a);
    model->comparisons = count_compared(model);
    for (size_t a = 0; a < model->allocators; a++) {
        struct rh_report_mean *mean = &model->means[a];
        mean->time = mean->memory = mean->behind = no_interval;
        mean->smallest = mean->largest = NAN;
        if (a != model->baseline && !rh_report_is_floor(model, a) && mean->traces > 0)
            rh_try(fill_mean(model, a, contrasts, error));
    }
    rh_try(mean_of(model, model->ns, model->allocators, model->baseline, contrasts, error,
                   &model->control_mean));
    model->control_mean_verdict = rh_verdict_of(&model->control_mean);
    find_best(model);
    rh_try(find_leaders(model, contrasts, error));
    check_control(model, contrasts);
    return 0;
}

int rh_report_fill_means(struct rh_report_model *model, struct rh_error *error) {
    rh_assert(model->best == RH_REPORT_NOBODY);
    choose_traces(model);
    double *contrasts = rh_alloc_zeroed(model->traces * model->rounds, sizeof(*contrasts));
    if (contrasts == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the means");
    int result = model->allocators > 0 ? fill_all(model, contrasts, error) : 0;
    rh_free(contrasts);
    count_needed_rounds(model);
    return result < 0 ? result : order_means(model, error);
}
