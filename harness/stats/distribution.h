/* distribution.h - the distributions that intervals rest on. Private to stats/. */
#ifndef RH_STATS_DISTRIBUTION_H
#define RH_STATS_DISTRIBUTION_H

#include <stddef.h>

/* P(Z <= z), Z standard normal. */
double rh_normal_cdf(double z);

/* z with rh_normal_cdf(z) = p; -INFINITY for p <= 0, INFINITY for p >= 1. Absolute error below
 * 1e-12 for 1e-15 < p < 1 - 1e-15. */
double rh_normal_quantile(double p);

/* P(T <= t), T Student's t with `freedom` >= 1 degrees of freedom. */
double rh_student_cdf(double t, size_t freedom);

/* t with rh_student_cdf(t, freedom) = p, for 0.5 <= p < 1 - 1e-12. */
double rh_student_quantile(double p, size_t freedom);

/* P(B <= successes), B binomial of `trials` with chance `p` in [0, 1]. */
double rh_binomial_cdf(size_t trials, size_t successes, double p);

/* P(U <= u) of the rank-sum statistic of Mann and Whitney for two samples of n and m > 0 values
 * without ties: exact up to n * m = 4096, above that normal with a continuity correction. */
double rh_rank_sum_cdf(size_t n, size_t m, size_t u);

#endif
