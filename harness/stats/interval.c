/* interval.c - distribution-free intervals, paired ratios, verdicts. */
#include <math.h>

#include "base/assert.h"
#include "stats/distribution.h"
#include "stats/order.h"
#include "stats/stats.h"

static const double equal_band = 0.02;

/* Rounding must not push a level that is met exactly below what was asked. */
static const double level_slack = 1e-12;

/* Coverage of the interval from the k-th smallest to the k-th largest, with what it depends on. */
struct ranks {
    size_t n, m;
    double (*coverage)(const struct ranks *ranks, size_t k);
};

/* The largest k up to `most` that covers; coverage falls as k grows. 0: not even the extremes do.
 */
static size_t largest_rank(const struct ranks *ranks, size_t most, double level) {
    size_t low = 0;
    size_t high = most;
    while (low < high) {
        size_t middle = high - (high - low) / 2;
        if (ranks->coverage(ranks, middle) >= level - level_slack)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* [x(k), x(n+1-k)], ranks from 1: the median lies outside when fewer than k values are on one side
 * of it. */
static double coverage(const struct ranks *ranks, size_t k) {
    return 1 - 2 * rh_binomial_cdf(ranks->n, k - 1, 0.5);
}

size_t rh_interval_rank(size_t count, double level) {
    rh_assert(level > 0 && level < 1);
    const struct ranks ranks = {.n = count, .coverage = coverage};
    return largest_rank(&ranks, count / 2, level);
}

double rh_bonferroni(double level, size_t comparisons) {
    rh_assert(level > 0 && level < 1);
    return comparisons < 2 ? level : 1 - (1 - level) / (double)comparisons;
}

static struct rh_interval interval_of(const struct rh_series *series, double level) {
    size_t valid = rh_series_count(series);
    if (valid == 0)
        return (struct rh_interval){.estimate = NAN, .low = NAN, .high = NAN};

    size_t k = rh_interval_rank(valid, level);
    struct rh_interval interval = {.count = valid, .exact = k > 0};
    if (k == 0)
        k = 1;
    interval.level = valid > 1 ? coverage(&(struct ranks){.n = valid}, k) : 0;
    interval.estimate = rh_series_median(series);
    interval.low = rh_series_select(series, k - 1);
    interval.high = rh_series_select(series, valid - k);
    return interval;
}

struct rh_interval rh_median_interval(const double *values, size_t count, double level) {
    return interval_of(&(struct rh_series){.x = values, .count = count}, level);
}

/* The order of ratios is that of their logarithms, so the contrasts need not be stored. */
struct rh_interval rh_paired_ratio(const double *x, const double *base, size_t count, double level,
                                   size_t comparisons) {
    struct rh_series series = {.x = x, .base = base, .count = count};
    return interval_of(&series, rh_bonferroni(level, comparisons));
}

/* [D(k), D(nm+1-k)] for the shift (Hollander and Wolfe, Nonparametric Statistical Methods, 2nd
 * ed., 1999, 4.3). */
static double shift_coverage(const struct ranks *ranks, size_t k) {
    return 1 - 2 * rh_rank_sum_cdf(ranks->n, ranks->m, k - 1);
}

struct rh_interval rh_shift_ratio(const double *x, size_t x_count, const double *y, size_t y_count,
                                  double level, size_t comparisons) {
    size_t n = rh_series_count(&(struct rh_series){.x = x, .count = x_count});
    size_t m = rh_series_count(&(struct rh_series){.x = y, .count = y_count});
    if (n == 0 || m == 0)
        return (struct rh_interval){.estimate = NAN, .low = NAN, .high = NAN};
    struct rh_series differences = {
        .x = x, .other = y, .other_count = y_count, .count = x_count * y_count};
    const struct ranks ranks = {.n = n, .m = m, .coverage = shift_coverage};
    size_t k = largest_rank(&ranks, n * m / 2, rh_bonferroni(level, comparisons));
    struct rh_interval interval = {.count = n < m ? n : m, .exact = k > 0};
    if (k == 0)
        k = 1;
    interval.level = n * m > 1 ? shift_coverage(&ranks, k) : 0;
    interval.estimate = exp(rh_series_median(&differences));
    interval.low = exp(rh_series_select(&differences, k - 1));
    interval.high = exp(rh_series_select(&differences, n * m - k));
    return interval;
}

enum rh_verdict rh_verdict_of(const struct rh_interval *ratio) {
    if (ratio->count == 0 || isnan(ratio->low) || isnan(ratio->high))
        return RH_VERDICT_NONE;
    if (!ratio->exact)
        return RH_VERDICT_UNRESOLVED;
    if (ratio->high < 1)
        return RH_VERDICT_LOWER;
    if (ratio->low > 1)
        return RH_VERDICT_HIGHER;
    if (ratio->low >= 1 - equal_band && ratio->high <= 1 + equal_band)
        return RH_VERDICT_EQUAL;
    return RH_VERDICT_UNRESOLVED;
}
