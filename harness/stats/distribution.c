/* distribution.c - normal, Student's and binomial probabilities. */
#include "stats/distribution.h"

#include <math.h>
#include <stdbool.h>

#include "base/assert.h"

double rh_normal_cdf(double z) {
    return 0.5 * erfc(-z * M_SQRT1_2);
}

/* Bisection over erfc: 60 halvings of an interval of 80 are below 1e-16, and a table of
 * coefficients cannot hide a typing error. */
double rh_normal_quantile(double p) {
    rh_assert(!isnan(p));
    if (p <= 0)
        return -INFINITY;
    if (p >= 1)
        return INFINITY;
    double low = -40;
    double high = 40;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (rh_normal_cdf(middle) < p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

/* P(|T| <= t): the finite series of Abramowitz and Stegun, Handbook of Mathematical Functions,
 * 1964, 26.7.3 (odd) and 26.7.4 (even), with theta = atan(t / sqrt(freedom)). */
static double student_inside(double t, size_t freedom) {
    double theta = atan(t / sqrt((double)freedom));
    double cosine = cos(theta);
    bool odd = freedom % 2 != 0;
    double term = odd ? cosine : 1;
    double sum = 0;
    for (size_t k = odd ? 2 : 1; k < freedom; k += 2) {
        sum += term;
        term *= (double)k / (double)(k + 1) * cosine * cosine;
    }
    return odd ? 2 / M_PI * (theta + sin(theta) * sum) : sin(theta) * sum;
}

double rh_student_cdf(double t, size_t freedom) {
    rh_assert(freedom >= 1);
    double inside = student_inside(fabs(t), freedom);
    return t >= 0 ? 0.5 + inside / 2 : 0.5 - inside / 2;
}

double rh_student_quantile(double p, size_t freedom) {
    rh_assert(p >= 0.5 && p < 1);
    double low = 0;
    double high = 1;
    while (rh_student_cdf(high, freedom) < p && high < 1e15)
        high *= 2;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (rh_student_cdf(middle, freedom) < p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

/* Logarithms, because 2^-n underflows from n = 1075 on. */
static double binomial_log_mass(size_t trials, size_t successes, double p) {
    double n = (double)trials;
    double k = (double)successes;
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p);
}

double rh_binomial_cdf(size_t trials, size_t successes, double p) {
    rh_assert(p >= 0 && p <= 1);
    if (successes >= trials || p == 0)
        return 1;
    if (p == 1)
        return 0;
    double sum = 0;
    for (size_t k = 0; k <= successes; k++)
        sum += exp(binomial_log_mass(trials, k, p));
    return fmin(sum, 1);
}

enum { EXACT_PAIRS_MOST = 4096 };

/* How many of the arrangements have U = 0 ... u: the coefficients of the Gaussian binomial, the
 * product over i = 1 ... m of (1 - q^(n + i)) / (1 - q^i), cut off behind q^u (Andrews, The Theory
 * of Partitions, 1976, 3.2). Every partial product is one too, so nothing cancels for good. */
static double count_arrangements(size_t n, size_t m, size_t u) {
    double coefficient[EXACT_PAIRS_MOST / 2 + 1] = {1};
    for (size_t i = 1; i <= m; i++) {
        for (size_t k = u; k >= n + i; k--)
            coefficient[k] -= coefficient[k - n - i];
        for (size_t k = i; k <= u; k++)
            coefficient[k] += coefficient[k - i];
    }
    double sum = 0;
    for (size_t k = 0; k <= u; k++)
        sum += coefficient[k];
    return sum;
}

static double rank_sum_normal(double n, double m, double u) {
    double deviation = sqrt(n * m * (n + m + 1) / 12);
    return rh_normal_cdf((u + 0.5 - n * m / 2) / deviation);
}

double rh_rank_sum_cdf(size_t n, size_t m, size_t u) {
    rh_assert(n > 0 && m > 0);
    if (u >= n * m)
        return 1;
    if (n * m > EXACT_PAIRS_MOST)
        return rank_sum_normal((double)n, (double)m, (double)u);
    if (u >= n * m / 2 + n * m % 2) /* the upper half mirrors the lower one */
        return 1 - rh_rank_sum_cdf(n, m, n * m - u - 1);
    double all =
        exp(lgamma((double)(n + m + 1)) - lgamma((double)(n + 1)) - lgamma((double)(m + 1)));
    return fmin(count_arrangements(n, m, u) / all, 1);
}
