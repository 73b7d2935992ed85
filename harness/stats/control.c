/* control.c - what a run says about itself: A/A control, drift, and what it could have seen. */
#include <math.h>

#include "base/assert.h"
#include "stats/distribution.h"
#include "stats/stats.h"

static const double control_band = 0.01;
static const double control_share = 0.05;

static double mean_of(const double *values, size_t count, size_t *ret_valid) {
    double sum = 0;
    size_t valid = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            continue;
        sum += values[i];
        valid++;
    }
    *ret_valid = valid;
    return valid > 0 ? sum / (double)valid : NAN;
}

double rh_autocorrelation(const double *values, size_t count) {
    size_t valid = 0;
    double mean = mean_of(values, count, &valid);
    if (valid < 3)
        return NAN;

    double squares = 0;
    double products = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            continue;
        squares += (values[i] - mean) * (values[i] - mean);
        if (i + 1 < count && !isnan(values[i + 1]))
            products += (values[i] - mean) * (values[i + 1] - mean);
    }
    return squares > 0 ? products / squares : NAN;
}

/* Chance that the interval lies wholly above 0, when each contrast does with chance `p`. */
static double sign_test_power(size_t rounds, size_t rank, double p) {
    return rh_binomial_cdf(rounds, rank - 1, 1 - p);
}

double rh_detectable_effect(double deviation, size_t rounds, double level, size_t comparisons,
                            double power) {
    rh_assert(power > 0 && power < 1);
    size_t rank = rh_interval_rank(rounds, rh_bonferroni(level, comparisons));
    if (rank == 0)
        return INFINITY;

    double low = 0.5;
    double high = 1;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (sign_test_power(rounds, rank, middle) < power)
            low = middle;
        else
            high = middle;
    }
    return expm1(deviation * rh_normal_quantile(low));
}

static void add_cell(struct rh_control *control, const struct rh_interval *interval) {
    double ratio = exp(interval->estimate);
    control->cells++;
    control->resolved += interval->exact && (interval->low > 0 || interval->high < 0);
    control->off += fabs(ratio - 1) > control_band;
    if (isnan(control->worst_ratio) || fabs(log(control->worst_ratio)) < fabs(interval->estimate))
        control->worst_ratio = ratio;
}

struct rh_control rh_control_of(const double *contrast, size_t traces, size_t rounds,
                                double level) {
    struct rh_control control = {.worst_ratio = NAN, .autocorrelation = NAN};
    double shared = rh_bonferroni(level, traces);
    for (size_t trace = 0; trace < traces; trace++) {
        const double *values = contrast + trace * rounds;
        struct rh_interval interval = rh_median_interval(values, rounds, shared);
        if (interval.count == 0)
            continue;
        add_cell(&control, &interval);
        double drift = rh_autocorrelation(values, rounds);
        if (isnan(control.autocorrelation) || fabs(drift) > fabs(control.autocorrelation))
            control.autocorrelation = drift;
    }
    control.noise_floor = expm1(rh_robust_deviation(contrast, traces * rounds));
    control.trusted = control.cells > 0 && control.off == 0 &&
                      (double)control.resolved <= control_share * (double)control.cells;
    return control;
}
