/* histogram.h - the bins of a latency distribution (result/sample.h says where they lie): pure
 * arithmetic, for the worker that fills them and the report that reads them.
 *
 * Log-linear, as HdrHistogram by G. Tene: a bin is at most 1/32 of its own value wide, so the
 * middle of a bin is within 1.6 % of everything in it. */
#ifndef RH_MEASURE_HISTOGRAM_H
#define RH_MEASURE_HISTOGRAM_H

#include <stdint.h>

#include "base/text.h"
#include "result/sample.h"

struct rh_histogram {
    uint64_t counts[RH_LATENCY_BINS];
};

/* The bin of a value, in units of 1/RH_LATENCY_UNITS_PER_NS ns; values beyond all bins are in the
 * last one. */
uint32_t rh_histogram_bin(uint64_t units);
/* The least value of a bin; of bin RH_LATENCY_BINS: the end of the last one. */
uint64_t rh_histogram_low(uint32_t bin);
/* The middle of a bin's values in ns. */
double rh_histogram_middle_ns(uint32_t bin);

/* Adds what a pass measured of one kind (RH_LATENCY_KINDS: all) and one class of sizes
 * (RH_LATENCY_CLASSES: all). */
void rh_histogram_add(struct rh_histogram *histogram, const struct rh_latency *latency,
                      unsigned kind, unsigned size_class);

uint64_t rh_histogram_total(const struct rh_histogram *histogram);
/* The quantile 0 <= p <= 1 in ns: the middle of the bin that holds the value of rank ceil(p n),
 * from 1. 0 for an empty one. */
double rh_histogram_quantile_ns(const struct rh_histogram *histogram, double p);
/* A time for people. Up to two quanta of the clock it says no more than that: "<= 20 ns". */
const char *rh_histogram_text(char buffer[RH_HUMAN_BYTES], double ns, uint64_t quantum_ps);

#endif
