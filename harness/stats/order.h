/* order.h - order statistics of a series without a sorted copy, so that they cannot fail. Private
 * to stats/. */
#ifndef RH_STATS_ORDER_H
#define RH_STATS_ORDER_H

#include <stdbool.h>
#include <stddef.h>

/* Values seen through a view: x[i], or x[i] / base[i], or every difference x[i] - other[j], or the
 * distance of that from `centre`. An element that is NaN, a pair with a member <= 0, and a
 * difference with a NaN on either side are not part of the series. */
struct rh_series {
    const double *x;
    const double *base;  /* pairs; NULL: none */
    const double *other; /* differences; NULL: none */
    size_t other_count;
    size_t count; /* elements, valid or not; of differences the length of x times other_count */
    bool folded;  /* |value - centre| */
    double centre;
};

/* Elements that are part of the series. */
size_t rh_series_count(const struct rh_series *series);

/* The value of rank `rank` (0 = the smallest) among the valid ones; rank < rh_series_count. */
double rh_series_select(const struct rh_series *series, size_t rank);

/* The median; of an even number the mean of the two in the middle: the arithmetic one of plain
 * values, the geometric one of ratios. NaN of none. */
double rh_series_median(const struct rh_series *series);

#endif
