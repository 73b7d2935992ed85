/* histogram.c - log-linear bins. */
#include "measure/histogram.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/assert.h"

enum { STEPS_LOG2 = 5 };
_Static_assert(RH_LATENCY_STEPS == 1 << STEPS_LOG2, "bins an octave");

uint32_t rh_histogram_bin(uint64_t units) {
    if (units < RH_LATENCY_STEPS)
        return (uint32_t)units;
    uint32_t shift = 63 - (uint32_t)__builtin_clzll(units) - STEPS_LOG2;
    uint64_t bin = ((uint64_t)shift + 1) * RH_LATENCY_STEPS + (units >> shift) - RH_LATENCY_STEPS;
    return bin < RH_LATENCY_BINS ? (uint32_t)bin : RH_LATENCY_BINS - 1;
}

uint64_t rh_histogram_low(uint32_t bin) {
    rh_assert(bin <= RH_LATENCY_BINS);
    if (bin < RH_LATENCY_STEPS)
        return bin;
    uint64_t step = RH_LATENCY_STEPS + bin % RH_LATENCY_STEPS;
    return step << (bin / RH_LATENCY_STEPS - 1);
}

double rh_histogram_middle_ns(uint32_t bin) {
    /* A bin holds whole units: the last of them is one below the next bin's first. */
    double low = (double)rh_histogram_low(bin), high = (double)rh_histogram_low(bin + 1) - 1;
    return (low + high) / 2 / RH_LATENCY_UNITS_PER_NS;
}

void rh_histogram_add(struct rh_histogram *histogram, const struct rh_latency *latency,
                      unsigned kind, unsigned size_class) {
    for (uint32_t i = 0; i < latency->entry_count; i++) {
        const struct rh_latency_entry *entry = &latency->entries[i];
        bool wanted =
            (kind == RH_LATENCY_KINDS || entry->cell / RH_LATENCY_CLASSES == kind) &&
            (size_class == RH_LATENCY_CLASSES || entry->cell % RH_LATENCY_CLASSES == size_class);
        if (wanted)
            histogram->counts[entry->bin] += entry->count;
    }
}

uint64_t rh_histogram_total(const struct rh_histogram *histogram) {
    uint64_t total = 0;
    for (uint32_t bin = 0; bin < RH_LATENCY_BINS; bin++)
        total += histogram->counts[bin];
    return total;
}

double rh_histogram_quantile_ns(const struct rh_histogram *histogram, double p) {
    uint64_t total = rh_histogram_total(histogram), seen = 0;
    rh_assert(p >= 0 && p <= 1);
    /* A product like 0.999 * 1000 may end a little above the whole number that is meant. */
    double exact = p * (double)total;
    uint64_t rank = (uint64_t)exact;
    if (exact - (double)rank > 1e-9 * exact || rank == 0)
        rank++;
    for (uint32_t bin = 0; bin < RH_LATENCY_BINS; bin++) {
        seen += histogram->counts[bin];
        if (total > 0 && seen >= rank)
            return rh_histogram_middle_ns(bin);
    }
    return 0;
}

const char *rh_histogram_text(char buffer[RH_HUMAN_BYTES], double ns, uint64_t quantum_ps) {
    double coarse_ns = 2 * (double)quantum_ps / 1000;
    /* Times are whole quanta, and what is shown may be the middle of a bin. */
    if (ns > coarse_ns * (1 + 0.5 / RH_LATENCY_STEPS))
        return rh_human_ns(buffer, ns);
    snprintf(buffer, RH_HUMAN_BYTES, "<= %.3g ns", coarse_ns);
    return buffer;
}
