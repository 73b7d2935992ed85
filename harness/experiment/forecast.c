/* forecast.c - how long a run will still take. */
#include "experiment/forecast.h"

#include "base/assert.h"
#include "base/memory.h"

static struct rh_forecast_kind *kind_of(const struct rh_forecast *forecast,
                                        const struct rh_cell *cell) {
    size_t index = ((size_t)cell->trace * forecast->allocators + cell->allocator) * RH_PASSES +
                   (size_t)cell->pass;
    rh_assert(index < forecast->count);
    return &forecast->kinds[index];
}

int rh_forecast_init(struct rh_forecast *forecast, const struct rh_schedule *schedule,
                     uint32_t traces, uint32_t allocators, struct rh_error *error) {
    size_t count = (size_t)traces * allocators * RH_PASSES;
    *forecast = (struct rh_forecast){
        .kinds = rh_alloc_zeroed(count, sizeof(*forecast->kinds)),
        .count = count,
        .allocators = allocators,
    };
    if (forecast->kinds == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the forecast");
    rh_forecast_extend(forecast, schedule, 0);
    return 0;
}

void rh_forecast_extend(struct rh_forecast *forecast, const struct rh_schedule *schedule,
                        size_t first) {
    for (size_t i = first; i < schedule->count; i++)
        kind_of(forecast, &schedule->cells[i])->left++;
}

void rh_forecast_finish(struct rh_forecast *forecast) {
    rh_free(forecast->kinds);
    *forecast = (struct rh_forecast){0};
}

void rh_forecast_add(struct rh_forecast *forecast, const struct rh_cell *cell, uint64_t ns) {
    struct rh_forecast_kind *kind = kind_of(forecast, cell);
    rh_assert(kind->left > 0);
    kind->left--;
    kind->done++;
    kind->done_ns += ns;
}

void rh_forecast_skip(struct rh_forecast *forecast, const struct rh_cell *cell) {
    struct rh_forecast_kind *kind = kind_of(forecast, cell);
    rh_assert(kind->left > 0);
    kind->left--;
}

/* Of all that were seen; negative: nothing was. */
static double mean_ns(const struct rh_forecast *forecast) {
    uint64_t done = 0;
    double done_ns = 0;
    for (size_t i = 0; i < forecast->count; i++) {
        done += forecast->kinds[i].done;
        done_ns += (double)forecast->kinds[i].done_ns;
    }
    return done > 0 ? done_ns / (double)done : -1;
}

uint64_t rh_forecast_left_ns(const struct rh_forecast *forecast) {
    double mean = mean_ns(forecast);
    if (mean < 0)
        return UINT64_MAX;
    double left_ns = 0;
    for (size_t i = 0; i < forecast->count; i++) {
        const struct rh_forecast_kind *kind = &forecast->kinds[i];
        left_ns += kind->left * (kind->done > 0 ? (double)kind->done_ns / kind->done : mean);
    }
    return (uint64_t)left_ns;
}

uint64_t rh_forecast_cell_ns(const struct rh_forecast *forecast, const struct rh_cell *cell) {
    const struct rh_forecast_kind *kind = kind_of(forecast, cell);
    double mean = mean_ns(forecast);
    return kind->done > 0 ? kind->done_ns / kind->done : mean < 0 ? UINT64_MAX : (uint64_t)mean;
}
