/* stats.h - pure functions over samples: medians, exact intervals, paired contrasts, verdicts. No
 * I/O, no knowledge of allocators. Definitions: docs/method.md, section Statistics. */
#ifndef RH_STATS_STATS_H
#define RH_STATS_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An estimate with an interval. For ratios all three are ratios (1 = equal). */
struct rh_interval {
    double estimate;
    double low, high;
    double
        level; /* the coverage that order statistics really give, >= what was asked when `exact` */
    size_t count; /* pairs it rests on */
    bool exact;   /* false: too few pairs for the level asked; low and high are the extremes */
};

enum rh_verdict {
    RH_VERDICT_NONE,       /* no data */
    RH_VERDICT_UNRESOLVED, /* not the same as equal */
    RH_VERDICT_EQUAL,      /* the interval lies within 1 +- 2 % */
    RH_VERDICT_LOWER,      /* resolved below 1: faster, less memory */
    RH_VERDICT_HIGHER,     /* resolved above 1 */
};

/* Everywhere below a NaN is a missing value: it is left out, and `count` of an interval says how
 * many were there. */

/* The median; NaN of none. `values` are not changed. */
double rh_median(const double *values, size_t count);
/* 1.4826 x the median absolute deviation from the median; NaN of none. */
double rh_robust_deviation(const double *values, size_t count);
/* More than 10 robust deviations from the median: marked in reports, never dropped. */
bool rh_is_outlier(double value, double median, double deviation);

/* The level of one comparison among `comparisons` that hold jointly with `level` (Bonferroni). */
double rh_bonferroni(double level, size_t comparisons);

/* The largest k for which [x(k), x(n+1-k)] of n = `count` ordered values (ranks from 1) covers the
 * median with at least `level`; 0: there is none, n is too small. */
size_t rh_interval_rank(size_t count, double level);

/* The median of `values` with its distribution-free interval from order statistics (sign test;
 * Conover, Practical Nonparametric Statistics, 3rd ed., 1999, 3.2) at confidence `level`. */
struct rh_interval rh_median_interval(const double *values, size_t count, double level);

/* Ratio of paired positive values: exp of the median contrast ln(x_i / base_i), with its interval.
 * Pairs with a NaN or a value <= 0 on either side are left out. `level` is divided over
 * `comparisons` (Bonferroni). */
struct rh_interval rh_paired_ratio(const double *x, const double *base, size_t count, double level,
                                   size_t comparisons);

/* The ratio between two independent samples, given as logarithms: exp of the shift of x against y
 * (Hodges and Lehmann 1963: the median of all differences) with its distribution-free interval from
 * the rank-sum test. `count` is the smaller number of values. */
struct rh_interval rh_shift_ratio(const double *x, size_t x_count, const double *y, size_t y_count,
                                  double level, size_t comparisons);

/* Geometric mean over `traces` of the per-trace median ratios, and its BCa bootstrap interval
 * (Efron 1987), expanded for few rounds (after Hesterberg 2015; docs/adr/0056): 10,000 resamples
 * of whole rounds jointly over all traces, fixed seed.
 * contrast[trace * rounds + round] = ln ratio, NaN where missing. A trace or a round without any
 * value takes no part. `count` is the number of rounds it rests on; `exact` false: fewer rounds
 * than the sign test needs for that level, so the interval must not be believed either. `level` is
 * the nominal one. Without memory: count 0. */
struct rh_interval rh_geometric_mean(const double *contrast, size_t traces, size_t rounds,
                                     double level, size_t comparisons);

/* The ratio between the geometric means of two independent runs over the same traces: exp of mean
 * over traces of (median x - median y), its interval as that of rh_geometric_mean, the rounds of
 * each run resampled by themselves. A trace that lacks values on one side takes no part. `count`
 * is the smaller number of rounds. */
struct rh_interval rh_geometric_shift(const double *x, size_t x_rounds, const double *y,
                                      size_t y_rounds, size_t traces, double level,
                                      size_t comparisons);

/* The bias-corrected and accelerated interval (Efron and Tibshirani, An Introduction to the
 * Bootstrap, 1993, 14.3) of `estimate` from its bootstrap `replicates` (sorted in place) and its
 * leave-one-out values. Both counts > 0; no NaN. */
void rh_bca_interval(double estimate, double *replicates, size_t replicate_count,
                     const double *jackknife, size_t jackknife_count, double level, double *ret_low,
                     double *ret_high);

/* A direction comes before "equal": an interval of 0.985 to 0.995 is LOWER. Too few pairs for the
 * level (not `exact`): UNRESOLVED. */
enum rh_verdict rh_verdict_of(const struct rh_interval *ratio);

/* ---- self-checks ---- */

/* Lag-1 autocorrelation of values in run order, about their mean; pairs of neighbours with a NaN
 * are left out. NaN for fewer than 3 values or no variation. */
double rh_autocorrelation(const double *values, size_t count);

/* The smallest effect, as a fraction (0.012 = 1.2 %), that a paired comparison of `rounds` rounds
 * finds in the right direction with probability `power`, when contrasts ln(x / base) are normal
 * with standard deviation `deviation`: the exact power of the sign test behind rh_paired_ratio.
 * INFINITY: so few rounds resolve nothing at that level. */
double rh_detectable_effect(double deviation, size_t rounds, double level, size_t comparisons,
                            double power);

/* The A/A control: the baseline against itself, twice in every round. */
struct rh_control {
    size_t cells;           /* traces with an interval */
    size_t resolved;        /* of those, how many intervals exclude 1: false alarms */
    size_t off;             /* of those, how many estimates lie outside 1 +- 1 % */
    double worst_ratio;     /* the estimate farthest from 1; NaN: no cells */
    double noise_floor;     /* robust deviation of all contrasts, as a fraction; NaN: none */
    double autocorrelation; /* the traces' value farthest from 0; NaN: none */
    bool trusted;           /* false: a report carries a banner */
};

/* contrast[trace * rounds + round] = ln(second run / first run) of the baseline, NaN where missing.
 * `level` is shared by the cells (Bonferroni). Not trusted: no cells, a cell off, or more than 5 %
 * of the cells resolved. */
struct rh_control rh_control_of(const double *contrast, size_t traces, size_t rounds, double level);

#endif
