/* distribution.c - drawing by inverse functions, by rejection and by alias. */
#include "trace/generators/distribution.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/generators/portable_math.h"

/* How often a value outside [min, max] is drawn again before the nearer end is taken. */
enum { TRIES = 64 };

static const double LN_2 = 0x1.62e42fefa39efp-1;

struct rh_distribution rh_distribution_constant(uint64_t value) {
    return (struct rh_distribution){.kind = RH_DISTRIBUTION_CONSTANT, .min = value, .max = value};
}

struct rh_distribution rh_distribution_uniform(uint64_t min, uint64_t max) {
    return (struct rh_distribution){.kind = RH_DISTRIBUTION_UNIFORM, .min = min, .max = max};
}

void rh_distribution_finish(struct rh_distribution *distribution) {
    rh_free(distribution->rows);
    rh_free(distribution->share);
    rh_free(distribution->alias);
    *distribution = (struct rh_distribution){0};
}

/* ---- preparing ---- */

static int invalid(struct rh_error *error, const char *sentence) {
    return rh_fail(error, RH_ERR_INVALID, "%s", sentence);
}

static int prepare_power_law(struct rh_distribution *distribution, struct rh_error *error) {
    if (distribution->min == 0)
        return invalid(error, "min of a power law is 0: use at least 1");
    if (!(distribution->exponent > 0 && distribution->exponent <= 16))
        return invalid(error, "exponent of a power law: use a number above 0, up to 16");
    double log_min = rh_portable_log2((double)distribution->min);
    double log_end = rh_portable_log2((double)distribution->max + 1);
    double left = 1 - distribution->exponent;
    if (fabs(left) < 1e-9) {
        distribution->low = log_min;
        distribution->span = log_end - log_min;
        distribution->power = 0;
        return 0;
    }
    distribution->low = rh_portable_exp2(left * log_min);
    distribution->span = rh_portable_exp2(left * log_end) - distribution->low;
    distribution->power = 1 / left;
    return 0;
}

static int prepare_lognormal(struct rh_distribution *distribution, struct rh_error *error) {
    if (!(distribution->median >= 1 && distribution->median <= 0x1p62))
        return invalid(error, "median of a lognormal distribution: use at least 1");
    if (!(distribution->sigma > 0 && distribution->sigma <= 8))
        return invalid(error, "sigma of a lognormal distribution: use a number above 0, up to 8");
    if (distribution->median < (double)distribution->min ||
        distribution->median > (double)distribution->max)
        return invalid(error, "median of a lognormal distribution: it lies outside min and max");
    distribution->low = rh_portable_log2(distribution->median);
    return 0;
}

static int prepare_exponential(const struct rh_distribution *distribution, struct rh_error *error) {
    if (!(distribution->mean > 0 && distribution->mean <= 0x1p62))
        return invalid(error, "mean of an exponential distribution: use a number above 0");
    return 0;
}

static int check_rows(struct rh_distribution *distribution, double *ret_sum,
                      struct rh_error *error) {
    if (distribution->row_count == 0 || distribution->row_count > RH_DISTRIBUTION_ROWS_MOST)
        return rh_fail(error, RH_ERR_INVALID, "a table has 1 to %d rows",
                       RH_DISTRIBUTION_ROWS_MOST);
    double sum = 0;
    distribution->min = UINT64_MAX;
    distribution->max = 0;
    for (size_t i = 0; i < distribution->row_count; i++) {
        const struct rh_distribution_row *row = &distribution->rows[i];
        if (!(row->weight > 0 && row->weight <= 1e15))
            return invalid(error, "the weight of a row: use a number above 0");
        if (row->first > row->last)
            return rh_fail(error, RH_ERR_INVALID, "%" PRIu64 "-%" PRIu64 " is no range", row->first,
                           row->last);
        sum += row->weight;
        if (row->first < distribution->min)
            distribution->min = row->first;
        if (row->last > distribution->max)
            distribution->max = row->last;
    }
    *ret_sum = sum;
    return 0;
}

/* Walker's alias method in Vose's form ("A linear algorithm for generating random numbers with a
 * given distribution", 1991): columns of equal height, each of at most two rows. */
static void fill_columns(struct rh_distribution *distribution, double sum, uint32_t *work) {
    size_t count = distribution->row_count;
    size_t small = 0;
    size_t large = count;
    for (size_t i = 0; i < count; i++) {
        distribution->share[i] = distribution->rows[i].weight * (double)count / sum;
        distribution->alias[i] = (uint32_t)i;
        work[distribution->share[i] < 1 ? small++ : --large] = (uint32_t)i;
    }
    while (small > 0 && large < count) {
        uint32_t poor = work[--small];
        uint32_t rich = work[large];
        distribution->alias[poor] = rich;
        distribution->share[rich] -= 1 - distribution->share[poor];
        if (distribution->share[rich] < 1) {
            large++;
            work[small++] = rich;
        }
    }
    /* What is left is 1 but for rounding. */
    while (small > 0)
        distribution->share[work[--small]] = 1;
}

static int prepare_table(struct rh_distribution *distribution, struct rh_error *error) {
    double sum = 0;
    rh_try(check_rows(distribution, &sum, error));
    size_t count = distribution->row_count;
    uint32_t *work = rh_alloc_zeroed(count, sizeof(*work));
    rh_free(distribution->share);
    rh_free(distribution->alias);
    distribution->share = rh_alloc_zeroed(count, sizeof(*distribution->share));
    distribution->alias = rh_alloc_zeroed(count, sizeof(*distribution->alias));
    int result = 0;
    if (work == NULL || distribution->share == NULL || distribution->alias == NULL)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for a table of %zu rows", count);
    else
        fill_columns(distribution, sum, work);
    rh_free(work);
    return result;
}

int rh_distribution_prepare(struct rh_distribution *distribution, uint64_t limit,
                            struct rh_error *error) {
    rh_assert(distribution->kind < RH_DISTRIBUTIONS);
    if (distribution->kind == RH_DISTRIBUTION_TABLE)
        rh_try(prepare_table(distribution, error));
    if (distribution->min > distribution->max)
        return rh_fail(error, RH_ERR_INVALID, "min %" PRIu64 " is above max %" PRIu64,
                       distribution->min, distribution->max);
    if (distribution->max > limit)
        return rh_fail(error, RH_ERR_INVALID, "%" PRIu64 " is too large: the most is %" PRIu64,
                       distribution->max, limit);
    if (distribution->kind == RH_DISTRIBUTION_POWER_LAW)
        return prepare_power_law(distribution, error);
    if (distribution->kind == RH_DISTRIBUTION_LOGNORMAL)
        return prepare_lognormal(distribution, error);
    if (distribution->kind == RH_DISTRIBUTION_EXPONENTIAL)
        return prepare_exponential(distribution, error);
    return 0;
}

/* ---- drawing ---- */

static uint64_t clamp(const struct rh_distribution *distribution, double value) {
    if (value < (double)distribution->min)
        return distribution->min;
    if (value >= (double)distribution->max)
        return distribution->max;
    return (uint64_t)value;
}

static double draw_power_law(const struct rh_distribution *distribution, struct rh_random *random) {
    double at = distribution->low + rh_random_unit(random) * distribution->span;
    if (distribution->power == 0)
        return rh_portable_exp2(at);
    return rh_portable_exp2(rh_portable_log2(at) * distribution->power);
}

/* Marsaglia and Bray's polar method ("A convenient method for generating normal variables", 1964).
 * A square root is exact by IEEE 754. */
static double draw_normal(struct rh_random *random) {
    for (;;) {
        double x = 2 * rh_random_unit(random) - 1;
        double y = 2 * rh_random_unit(random) - 1;
        double square = x * x + y * y;
        if (square > 0 && square < 1)
            return x * sqrt(-2 * LN_2 * rh_portable_log2(square) / square);
    }
}

static double draw_unbounded(const struct rh_distribution *distribution, struct rh_random *random) {
    if (distribution->kind == RH_DISTRIBUTION_LOGNORMAL)
        return rh_portable_exp2(distribution->low +
                                distribution->sigma * draw_normal(random) / LN_2);
    double rest = 1 - rh_random_unit(random); /* in (0, 1] */
    return (double)distribution->min - distribution->mean * LN_2 * rh_portable_log2(rest);
}

static uint64_t draw_truncated(const struct rh_distribution *distribution,
                               struct rh_random *random) {
    double value = 0;
    for (int i = 0; i < TRIES; i++) {
        value = draw_unbounded(distribution, random);
        if (value >= (double)distribution->min && value < (double)distribution->max + 1)
            break;
    }
    return clamp(distribution, value);
}

static uint64_t draw_row(const struct rh_distribution *distribution, struct rh_random *random) {
    size_t column = (size_t)rh_random_below(random, distribution->row_count);
    if (rh_random_unit(random) >= distribution->share[column])
        column = distribution->alias[column];
    const struct rh_distribution_row *row = &distribution->rows[column];
    if (row->first == row->last)
        return row->first;
    return row->first + rh_random_below(random, row->last - row->first + 1);
}

uint64_t rh_distribution_draw(const struct rh_distribution *distribution,
                              struct rh_random *random) {
    switch (distribution->kind) {
    case RH_DISTRIBUTION_UNIFORM:
        return distribution->min +
               rh_random_below(random, distribution->max - distribution->min + 1);
    case RH_DISTRIBUTION_POWER_LAW:
        return clamp(distribution, draw_power_law(distribution, random));
    case RH_DISTRIBUTION_LOGNORMAL:
    case RH_DISTRIBUTION_EXPONENTIAL:
        return draw_truncated(distribution, random);
    case RH_DISTRIBUTION_TABLE:
        return draw_row(distribution, random);
    default:
        return distribution->min;
    }
}
