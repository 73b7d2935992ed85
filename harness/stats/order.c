/* order.c - the k-th smallest of a series by bisection over the doubles. */
#include "stats/order.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "stats/stats.h"

/* The normal-consistent scale of the median absolute deviation: 1 / Phi^-1(3/4). */
static const double robust_scale = 1.4826022185056018;

static double value_at(const struct rh_series *series, size_t i) {
    if (series->other != NULL)
        return series->x[i / series->other_count] - series->other[i % series->other_count];
    double value = series->x[i];
    if (series->base != NULL) {
        if (!(value > 0) || !(series->base[i] > 0))
            return NAN;
        value /= series->base[i];
    }
    return series->folded ? fabs(value - series->centre) : value;
}

/* Doubles as integers in the same order: negative ones are mirrored below the positive ones. */
static uint64_t key_of(double value) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    return bits >> 63 != 0 ? ~bits : bits | UINT64_C(1) << 63;
}

static double value_of(uint64_t key) {
    uint64_t bits = key >> 63 != 0 ? key & ~(UINT64_C(1) << 63) : ~key;
    double value = 0;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

size_t rh_series_count(const struct rh_series *series) {
    size_t valid = 0;
    for (size_t i = 0; i < series->count; i++)
        valid += !isnan(value_at(series, i));
    return valid;
}

static size_t count_up_to(const struct rh_series *series, uint64_t key) {
    size_t count = 0;
    for (size_t i = 0; i < series->count; i++) {
        double value = value_at(series, i);
        count += !isnan(value) && key_of(value) <= key;
    }
    return count;
}

double rh_series_select(const struct rh_series *series, size_t rank) {
    rh_assert(rank < rh_series_count(series));
    uint64_t low = key_of(-INFINITY);
    uint64_t high = key_of(INFINITY);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (count_up_to(series, middle) > rank)
            high = middle;
        else
            low = middle + 1;
    }
    return value_of(low);
}

double rh_series_median(const struct rh_series *series) {
    size_t valid = rh_series_count(series);
    if (valid == 0)
        return NAN;
    double upper = rh_series_select(series, valid / 2);
    if (valid % 2 != 0)
        return upper;
    double lower = rh_series_select(series, valid / 2 - 1);
    bool ratios = series->base != NULL && !series->folded;
    return ratios ? sqrt(lower) * sqrt(upper) : lower + (upper - lower) / 2;
}

double rh_median(const double *values, size_t count) {
    return rh_series_median(&(struct rh_series){.x = values, .count = count});
}

double rh_robust_deviation(const double *values, size_t count) {
    struct rh_series series = {.x = values, .count = count};
    series.centre = rh_series_median(&series);
    series.folded = true;
    return robust_scale * rh_series_median(&series);
}

bool rh_is_outlier(double value, double median, double deviation) {
    return fabs(value - median) > 10 * deviation;
}
