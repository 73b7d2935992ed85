/* estimate.h - what a run would say so far: the time of an allocator against the baseline's.
 * Private to experiment/. */
#ifndef RH_EXPERIMENT_ESTIMATE_H
#define RH_EXPERIMENT_ESTIMATE_H

#include "experiment/schedule.h"

struct rh_estimate {
    double *cost; /* [trace][allocator][round], NaN: not measured. Round 0 does not count */
    size_t allocators, rounds;
    uint32_t baseline;
};

/* `traces` with the programs, which are traces here. */
int rh_estimate_init(struct rh_estimate *estimate, size_t traces, size_t allocators,
                     uint32_t baseline, uint32_t rounds, struct rh_error *error);
void rh_estimate_finish(struct rh_estimate *estimate);

/* A cell cost so much: ns per operation, or of a whole program. What is no throughput, of the
 * warm-up or of the baseline's second run is passed over. */
void rh_estimate_add(struct rh_estimate *estimate, const struct rh_cell *cell, double cost);

/* The median of the ratios to the baseline over the rounds that have both; NaN: none has, or the
 * cell is of the baseline. */
double rh_estimate_ratio(const struct rh_estimate *estimate, const struct rh_cell *cell);

#endif
