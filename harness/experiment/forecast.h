/* forecast.h - how long a run will still take. Private to experiment/. */
#ifndef RH_EXPERIMENT_FORECAST_H
#define RH_EXPERIMENT_FORECAST_H

#include "experiment/schedule.h"

/* Workers of one trace, allocator and pass are alike. */
struct rh_forecast_kind {
    uint32_t left, done;
    uint64_t done_ns;
};

struct rh_forecast {
    struct rh_forecast_kind *kinds;
    size_t count;
    uint32_t allocators;
};

int rh_forecast_init(struct rh_forecast *forecast, const struct rh_schedule *schedule,
                     uint32_t traces, uint32_t allocators, struct rh_error *error);
void rh_forecast_finish(struct rh_forecast *forecast);

/* The schedule has grown: its cells from `first` on are new. */
void rh_forecast_extend(struct rh_forecast *forecast, const struct rh_schedule *schedule,
                        size_t first);

/* A worker took so long. */
void rh_forecast_add(struct rh_forecast *forecast, const struct rh_cell *cell, uint64_t ns);

/* A worker of an earlier session is not to be played. */
void rh_forecast_skip(struct rh_forecast *forecast, const struct rh_cell *cell);

/* The mean of its kind for every worker that is left; a kind that was not seen yet counts as the
 * mean of all. UINT64_MAX: nothing was seen yet. */
uint64_t rh_forecast_left_ns(const struct rh_forecast *forecast);

/* What a worker like this takes: the mean of its kind, or of all. UINT64_MAX: nothing was seen yet.
 */
uint64_t rh_forecast_cell_ns(const struct rh_forecast *forecast, const struct rh_cell *cell);

#endif
