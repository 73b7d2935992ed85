/* bootstrap.c - the geometric mean over traces, and its BCa interval. */
#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/random.h"
#include "stats/distribution.h"
#include "stats/stats.h"

enum { REPLICATES = 10000, MOST_REDRAWS = 100 };

static const uint64_t bootstrap_seed = 0x52656865617031ull;

/* One geometric mean under way. A resample is a weight per round (how often it was drawn), so that
 * the median of a trace is a walk along its values in order, sorted once. */
struct bootstrap {
    const double *contrast;
    size_t traces, rounds;
    uint32_t *order; /* [trace * rounds + rank] = round, ascending contrast; valid ones first */
    uint32_t *valid; /* per trace: how many rounds have a value */
    uint32_t *drawn; /* the rounds that have any value: what is resampled */
    size_t drawn_count;
    uint32_t *weight;  /* per round */
    double *jackknife; /* per drawn round */
    double *replicates;
};

struct ranked {
    double value;
    uint32_t round;
};

static int compare_ranked(const void *a, const void *b) {
    const struct ranked *left = a;
    const struct ranked *right = b;
    if (left->value != right->value)
        return left->value < right->value ? -1 : 1;
    return left->round < right->round ? -1 : left->round > right->round;
}

static int compare_doubles(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void bootstrap_finish(struct bootstrap *self) {
    rh_free(self->order);
    rh_free(self->valid);
    rh_free(self->drawn);
    rh_free(self->weight);
    rh_free(self->jackknife);
    rh_free(self->replicates);
}

static bool bootstrap_allocate(struct bootstrap *self) {
    self->order = rh_alloc_zeroed(self->traces * self->rounds, sizeof(*self->order));
    self->valid = rh_alloc_zeroed(self->traces, sizeof(*self->valid));
    self->drawn = rh_alloc_zeroed(self->rounds, sizeof(*self->drawn));
    self->weight = rh_alloc_zeroed(self->rounds, sizeof(*self->weight));
    self->jackknife = rh_alloc_zeroed(self->rounds, sizeof(*self->jackknife));
    self->replicates = rh_alloc_zeroed(REPLICATES, sizeof(*self->replicates));
    return self->order != NULL && self->valid != NULL && self->drawn != NULL &&
           self->weight != NULL && self->jackknife != NULL && self->replicates != NULL;
}

static void sort_trace(struct bootstrap *self, size_t trace, struct ranked *scratch) {
    const double *values = self->contrast + trace * self->rounds;
    uint32_t valid = 0;
    for (uint32_t round = 0; round < self->rounds; round++) {
        if (isnan(values[round]))
            continue;
        scratch[valid++] = (struct ranked){values[round], round};
        self->weight[round] = 1;
    }
    qsort(scratch, valid, sizeof(*scratch), compare_ranked);
    for (uint32_t rank = 0; rank < valid; rank++)
        self->order[trace * self->rounds + rank] = scratch[rank].round;
    self->valid[trace] = valid;
}

/* Sorts every trace, and finds the rounds in which anything was measured. */
static bool bootstrap_sort(struct bootstrap *self) {
    struct ranked *scratch = rh_alloc_zeroed(self->rounds, sizeof(*scratch));
    if (scratch == NULL)
        return false;
    for (size_t trace = 0; trace < self->traces; trace++)
        sort_trace(self, trace, scratch);
    rh_free(scratch);
    for (uint32_t round = 0; round < self->rounds; round++)
        if (self->weight[round] != 0)
            self->drawn[self->drawn_count++] = round;
    return true;
}

/* The median contrast of a trace under the weights; NaN when none of its rounds was drawn. */
static double weighted_median(const struct bootstrap *self, size_t trace) {
    const uint32_t *order = self->order + trace * self->rounds;
    const double *values = self->contrast + trace * self->rounds;
    size_t total = 0;
    for (uint32_t i = 0; i < self->valid[trace]; i++)
        total += self->weight[order[i]];
    if (total == 0)
        return NAN;

    size_t lower_rank = (total - 1) / 2;
    size_t passed = 0;
    uint32_t i = 0;
    while (passed + self->weight[order[i]] <= lower_rank)
        passed += self->weight[order[i++]];
    double lower = values[order[i]];
    while (passed + self->weight[order[i]] <= total / 2)
        passed += self->weight[order[i++]];
    return 0.5 * (lower + values[order[i]]);
}

/* Mean over the traces of their medians; *ret_whole: no trace with data fell out. */
static double mean_of_medians(const struct bootstrap *self, bool *ret_whole) {
    double sum = 0;
    size_t traces = 0;
    bool whole = true;
    for (size_t trace = 0; trace < self->traces; trace++) {
        if (self->valid[trace] == 0)
            continue;
        double median = weighted_median(self, trace);
        if (isnan(median)) {
            whole = false;
            continue;
        }
        sum += median;
        traces++;
    }
    *ret_whole = whole;
    return traces > 0 ? sum / (double)traces : NAN;
}

/* As many draws as there are rounds, two from each random number: 32 bits scaled to fewer than 2^20
 * rounds are uneven by less than one in a thousand (Lemire 2019), beside 10,000 replicates nothing.
 */
static void draw(struct bootstrap *self, struct rh_random *random) {
    for (size_t i = 0; i < self->drawn_count; i++)
        self->weight[self->drawn[i]] = 0;
    uint64_t bits = 0;
    for (size_t i = 0; i < self->drawn_count; i++) {
        bits = i % 2 == 0 ? rh_random_next(random) : bits >> 32;
        size_t at = (size_t)(((bits & UINT32_MAX) * self->drawn_count) >> 32);
        self->weight[self->drawn[at]]++;
    }
}

/* The mean of one resample. One in which a trace has no value is drawn again, for it is no resample
 * of the statistic; the bound is for a trace with one value among very many rounds, which then sits
 * out. Some trace always has a value, because only rounds with one are drawn. */
static double draw_mean(struct bootstrap *self, struct rh_random *random) {
    bool whole = false;
    double mean = NAN;
    for (int tries = 0; !whole && tries < MOST_REDRAWS; tries++) {
        draw(self, random);
        mean = mean_of_medians(self, &whole);
    }
    return mean;
}

static void bootstrap_replicate(struct bootstrap *self) {
    struct rh_random random;
    rh_random_seed(&random, bootstrap_seed);
    for (size_t i = 0; i < REPLICATES; i++)
        self->replicates[i] = draw_mean(self, &random);
}

static void set_weights(struct bootstrap *self, uint32_t weight) {
    for (size_t i = 0; i < self->drawn_count; i++)
        self->weight[self->drawn[i]] = weight;
}

static void bootstrap_jackknife(struct bootstrap *self) {
    bool whole = false;
    set_weights(self, 1);
    for (size_t i = 0; i < self->drawn_count; i++) {
        self->weight[self->drawn[i]] = 0;
        double mean = mean_of_medians(self, &whole);
        self->jackknife[i] = mean;
        self->weight[self->drawn[i]] = 1;
    }
}

/* Sum of cubes over the power 3/2 of the sum of squares (Efron and Tibshirani 1993, 14.15). */
static double acceleration(const double *jackknife, size_t count) {
    double mean = 0;
    for (size_t i = 0; i < count; i++)
        mean += jackknife[i] / (double)count;
    double squares = 0;
    double cubes = 0;
    for (size_t i = 0; i < count; i++) {
        double distance = mean - jackknife[i];
        squares += distance * distance;
        cubes += distance * distance * distance;
    }
    return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0;
}

/* Phi^-1 of the share of replicates below the estimate; one equal to it counts half, for medians
 * are discrete. */
static double bias_correction(double estimate, const double *replicates, size_t count) {
    double below = 0;
    for (size_t i = 0; i < count; i++)
        below += replicates[i] < estimate ? 1 : replicates[i] == estimate ? 0.5 : 0;
    double share = below / (double)count;
    double edge = 0.5 / (double)count;
    return rh_normal_quantile(fmin(fmax(share, edge), 1 - edge));
}

static double quantile_of_sorted(const double *sorted, size_t count, double p) {
    double position = p * (double)(count - 1);
    size_t below = (size_t)position;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* The share of the bootstrap distribution at which the endpoint of normal quantile `z` lies. */
static double adjusted_share(double bias, double skew, double z) {
    double shifted = bias + z;
    double stretch = 1 - skew * shifted;
    return stretch > 0 ? rh_normal_cdf(bias + shifted / stretch) : shifted > 0;
}

void rh_bca_interval(double estimate, double *replicates, size_t replicate_count,
                     const double *jackknife, size_t jackknife_count, double level, double *ret_low,
                     double *ret_high) {
    rh_assert(replicate_count > 0 && jackknife_count > 0);
    rh_assert(level > 0 && level < 1);
    double bias = bias_correction(estimate, replicates, replicate_count);
    double skew = acceleration(jackknife, jackknife_count);
    double z = rh_normal_quantile(0.5 + level / 2);
    qsort(replicates, replicate_count, sizeof(*replicates), compare_doubles);
    *ret_low = quantile_of_sorted(replicates, replicate_count, adjusted_share(bias, skew, -z));
    *ret_high = quantile_of_sorted(replicates, replicate_count, adjusted_share(bias, skew, z));
}

/* A bootstrap of n values takes their spread for known: its intervals are too narrow for few
 * rounds. The level at which the normal quantile is Student's t with n - 1 degrees of freedom makes
 * up for it (after Hesterberg, "What Teachers Should Know About the Bootstrap", The American
 * Statistician 69, 2015, 4.2, without his second factor sqrt(n / (n - 1)), which is too much for
 * means of medians: docs/adr/0056). */
static double expanded_level(double level, size_t rounds) {
    double t = rh_student_quantile(0.5 + level / 2, rounds - 1);
    return fmin(2 * rh_normal_cdf(t) - 1, 1 - 1e-9);
}

static struct rh_interval bootstrap_run(struct bootstrap *self, double level) {
    bool whole = false;
    set_weights(self, 1);
    double estimate = mean_of_medians(self, &whole);
    struct rh_interval interval = {
        .estimate = exp(estimate),
        .level = level,
        .count = self->drawn_count,
        .exact = rh_interval_rank(self->drawn_count, level) > 0,
    };
    if (self->drawn_count < 2) {
        interval.low = interval.high = interval.estimate;
        return interval;
    }
    bootstrap_jackknife(self);
    bootstrap_replicate(self);
    double low = NAN;
    double high = NAN;
    rh_bca_interval(estimate, self->replicates, REPLICATES, self->jackknife, self->drawn_count,
                    expanded_level(level, self->drawn_count), &low, &high);
    interval.low = exp(low);
    interval.high = exp(high);
    return interval;
}

struct rh_interval rh_geometric_mean(const double *contrast, size_t traces, size_t rounds,
                                     double level, size_t comparisons) {
    struct bootstrap self = {.contrast = contrast, .traces = traces, .rounds = rounds};
    struct rh_interval interval = {.estimate = NAN, .low = NAN, .high = NAN};
    if (bootstrap_allocate(&self) && bootstrap_sort(&self) && self.drawn_count > 0)
        interval = bootstrap_run(&self, rh_bonferroni(level, comparisons));
    bootstrap_finish(&self);
    return interval;
}

/* ---- two runs ---- */

/* A trace that one side has no values of takes no part. */
static void drop_lonely_traces(struct bootstrap *x, struct bootstrap *y) {
    for (size_t trace = 0; trace < x->traces; trace++)
        if (x->valid[trace] == 0 || y->valid[trace] == 0)
            x->valid[trace] = y->valid[trace] = 0;
}

/* Rounds that only lonely traces had are not drawn any more. */
static void recount_rounds(struct bootstrap *self) {
    for (size_t round = 0; round < self->rounds; round++)
        self->weight[round] = 0;
    for (size_t trace = 0; trace < self->traces; trace++)
        for (uint32_t rank = 0; rank < self->valid[trace]; rank++)
            self->weight[self->order[trace * self->rounds + rank]] = 1;
    self->drawn_count = 0;
    for (uint32_t round = 0; round < self->rounds; round++)
        if (self->weight[round] != 0)
            self->drawn[self->drawn_count++] = round;
}

/* Leave-one-out values of one side as distances from their mean, scaled as the acceleration of
 * several samples wants them (Efron and Tibshirani 1993, 14.6 and problem 14.5). */
static void centre_jackknife(struct bootstrap *self, double sign, double *ret_values) {
    bootstrap_jackknife(self);
    double n = (double)self->drawn_count;
    double mean = 0;
    for (size_t i = 0; i < self->drawn_count; i++)
        mean += self->jackknife[i] / n;
    for (size_t i = 0; i < self->drawn_count; i++)
        ret_values[i] = sign * (self->jackknife[i] - mean) * (n - 1) / n;
}

static void replicate_shift(struct bootstrap *x, struct bootstrap *y) {
    struct rh_random random;
    rh_random_seed(&random, bootstrap_seed);
    for (size_t i = 0; i < REPLICATES; i++) {
        double mean = draw_mean(x, &random);
        x->replicates[i] = mean - draw_mean(y, &random);
    }
}

static struct rh_interval shift_run(struct bootstrap *x, struct bootstrap *y, double level,
                                    double *jackknife) {
    bool whole = false;
    set_weights(x, 1);
    set_weights(y, 1);
    double estimate = mean_of_medians(x, &whole) - mean_of_medians(y, &whole);
    size_t fewer = x->drawn_count < y->drawn_count ? x->drawn_count : y->drawn_count;
    struct rh_interval interval = {
        .estimate = exp(estimate),
        .level = level,
        .count = fewer,
        .exact = rh_interval_rank(fewer, level) > 0,
    };
    if (fewer < 2) {
        interval.low = interval.high = interval.estimate;
        return interval;
    }
    centre_jackknife(x, 1, jackknife);
    centre_jackknife(y, -1, jackknife + x->drawn_count);
    replicate_shift(x, y);
    double low = NAN;
    double high = NAN;
    rh_bca_interval(estimate, x->replicates, REPLICATES, jackknife, x->drawn_count + y->drawn_count,
                    expanded_level(level, fewer), &low, &high);
    interval.low = exp(low);
    interval.high = exp(high);
    return interval;
}

struct rh_interval rh_geometric_shift(const double *x, size_t x_rounds, const double *y,
                                      size_t y_rounds, size_t traces, double level,
                                      size_t comparisons) {
    struct bootstrap left = {.contrast = x, .traces = traces, .rounds = x_rounds};
    struct bootstrap right = {.contrast = y, .traces = traces, .rounds = y_rounds};
    struct rh_interval interval = {.estimate = NAN, .low = NAN, .high = NAN};
    double *jackknife = rh_alloc_zeroed(x_rounds + y_rounds, sizeof(*jackknife));
    if (jackknife != NULL && bootstrap_allocate(&left) && bootstrap_allocate(&right) &&
        bootstrap_sort(&left) && bootstrap_sort(&right)) {
        drop_lonely_traces(&left, &right);
        recount_rounds(&left);
        recount_rounds(&right);
        if (left.drawn_count > 0)
            interval = shift_run(&left, &right, rh_bonferroni(level, comparisons), jackknife);
    }
    rh_free(jackknife);
    bootstrap_finish(&left);
    bootstrap_finish(&right);
    return interval;
}
