/* distribution.h - random whole numbers: sizes in bytes, lifetimes in steps, gaps in ns. */
#ifndef RH_TRACE_GENERATORS_DISTRIBUTION_H
#define RH_TRACE_GENERATORS_DISTRIBUTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"

/* X(NAME, text) */
#define RH_DISTRIBUTION_MAP(X)                                                                     \
    X(CONSTANT, "constant")                                                                        \
    X(UNIFORM, "uniform")                                                                          \
    X(POWER_LAW, "power_law")                                                                      \
    X(LOGNORMAL, "lognormal")                                                                      \
    X(EXPONENTIAL, "exponential")                                                                  \
    X(TABLE, "table")

enum rh_distribution_kind {
#define X(name, text) RH_DISTRIBUTION_##name,
    RH_DISTRIBUTION_MAP(X)
#undef X
        RH_DISTRIBUTIONS
};

enum { RH_DISTRIBUTION_ROWS_MOST = 4096 };

/* A row of a table: first ... last, all equally likely. */
struct rh_distribution_row {
    uint64_t first, last;
    double weight; /* > 0; of all rows together */
};

/* What the kind needs is set by the caller and checked by rh_distribution_prepare. All values lie
 * in [min, max]:
 *   CONSTANT     min = max
 *   UNIFORM      min ... max, all equally likely
 *   POWER_LAW    density proportional to x^-exponent on [min, max + 1), rounded down; min >= 1
 *   LOGNORMAL    ln x is normal around ln(median) with deviation sigma, rounded down
 *   EXPONENTIAL  min plus an exponential number with the given mean, rounded down
 *   TABLE        a row by weight, then a number of the row
 * LOGNORMAL and EXPONENTIAL are truncated by drawing again. */
struct rh_distribution {
    enum rh_distribution_kind kind;
    uint64_t min, max;
    double exponent;
    double median, sigma;
    double mean;
    struct rh_distribution_row *rows; /* owned (rh_free) */
    size_t row_count;
    /* Set by rh_distribution_prepare. */
    double low;         /* LOGNORMAL: log2 of the median */
    double span, power; /* POWER_LAW: x = (low + u span)^power, or 2^(low + u span) for power 0 */
    double *share;      /* TABLE: the part of a column of the alias table that is its own row's */
    uint32_t *alias;    /* TABLE: whose the rest of the column is */
};

/* One value. */
struct rh_distribution rh_distribution_constant(uint64_t value);
/* min ... max. */
struct rh_distribution rh_distribution_uniform(uint64_t min, uint64_t max);

/* Checks the members and computes the rest; `max` may not pass `limit`. The sentence of an error
 * names the member. */
int rh_distribution_prepare(struct rh_distribution *distribution, uint64_t limit,
                            struct rh_error *error);
/* Accepts a zeroed one. */
void rh_distribution_finish(struct rh_distribution *distribution);

/* The next value of a prepared distribution: the same on every machine for the same state of
 * `random`. */
uint64_t rh_distribution_draw(const struct rh_distribution *distribution, struct rh_random *random);

#endif
