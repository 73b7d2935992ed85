/* estimate.c - what a run would say so far. */
#include "experiment/estimate.h"

#include <math.h>

#include "base/assert.h"
#include "base/memory.h"
#include "stats/stats.h"

int rh_estimate_init(struct rh_estimate *estimate, size_t traces, size_t allocators,
                     uint32_t baseline, uint32_t rounds, struct rh_error *error) {
    size_t each = (size_t)rounds + 1;
    size_t count = traces * allocators * each;
    *estimate = (struct rh_estimate){
        .cost = rh_alloc(count * sizeof(double)),
        .allocators = allocators,
        .rounds = each,
        .baseline = baseline,
    };
    if (estimate->cost == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the running estimates");
    for (size_t i = 0; i < count; i++)
        estimate->cost[i] = NAN;
    return 0;
}

void rh_estimate_finish(struct rh_estimate *estimate) {
    rh_free(estimate->cost);
    *estimate = (struct rh_estimate){0};
}

static double *costs_of(const struct rh_estimate *estimate, uint32_t trace, uint32_t allocator) {
    return estimate->cost + ((size_t)trace * estimate->allocators + allocator) * estimate->rounds;
}

void rh_estimate_add(struct rh_estimate *estimate, const struct rh_cell *cell, double cost) {
    rh_assert(cell->round < estimate->rounds);
    if (cell->pass == RH_PASS_THROUGHPUT && cell->round > 0 && cell->copy == 0)
        costs_of(estimate, cell->trace, cell->allocator)[cell->round] = cost;
}

double rh_estimate_ratio(const struct rh_estimate *estimate, const struct rh_cell *cell) {
    if (cell->allocator == estimate->baseline)
        return NAN;
    struct rh_interval ratio = rh_paired_ratio(costs_of(estimate, cell->trace, cell->allocator),
                                               costs_of(estimate, cell->trace, estimate->baseline),
                                               estimate->rounds, 0.95, 1);
    return ratio.count > 0 ? ratio.estimate : NAN;
}
