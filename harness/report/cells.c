/* cells.c - from samples to the figures of each cell: how it ended, time, memory. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/assert.h"
#include "report/model.h"
#include "report/samples.h"

/* What the functions below share. */
struct filling {
    struct rh_report_model *model;
    struct rh_report_index index;
};

/* ---- grids: one value a round ---- */

static double ns_per_op(const struct rh_sample *sample) {
    double ops = rh_report_figure(sample->ops);
    double busy = rh_report_figure(sample->busy_ns);
    return ops > 0 ? busy / ops : NAN;
}

static void fill_grids(struct filling *filling) {
    struct rh_report_model *model = filling->model;
    size_t values = model->traces * model->columns * model->rounds;
    for (size_t i = 0; i < values; i++)
        model->ns[i] = model->peak[i] = NAN;
    for (size_t t = 0; t < model->traces; t++)
        for (size_t c = 0; c < model->columns; c++) {
            struct rh_report_slice slice = rh_report_index_cell(&filling->index, t, c);
            double *ns = rh_report_rounds_at(model, model->ns, t, c);
            double *peak = rh_report_rounds_at(model, model->peak, t, c);
            for (size_t i = 0; i < slice.count; i++) {
                const struct rh_result_sample *sample = slice.samples[i];
                if (rh_report_counts(sample, RH_PASS_THROUGHPUT))
                    ns[sample->round - 1] = ns_per_op(&sample->sample);
                else if (rh_report_counts(sample, RH_PASS_MEMORY))
                    peak[sample->round - 1] = rh_report_figure(sample->sample.peak_resident_bytes);
            }
        }
}

/* What the null worker held in a round, or over all rounds where that one is missing; 0 without
 * any: then the banner says that nothing was subtracted. */
static double worker_bytes(const struct rh_report_model *model, const double *null_peaks,
                           size_t round) {
    if (null_peaks == NULL)
        return 0;
    double bytes = null_peaks[round];
    if (isnan(bytes))
        bytes = rh_median(null_peaks, model->rounds);
    return isnan(bytes) ? 0 : bytes;
}

/* The null worker's own row keeps what was subtracted from the others. */
static const double *null_peaks_of(const struct rh_report_model *model, size_t trace) {
    if (model->null_allocator == RH_REPORT_NOBODY)
        return NULL;
    return rh_report_rounds_at(model, model->peak, trace, model->null_allocator);
}

static void subtract_worker(struct rh_report_model *model) {
    for (size_t t = 0; t < model->traces; t++) {
        const double *null_peaks = null_peaks_of(model, t);
        for (size_t c = 0; c < model->columns; c++) {
            double *peak = rh_report_rounds_at(model, model->peak, t, c);
            for (size_t r = 0; peak != null_peaks && r < model->rounds; r++)
                peak[r] =
                    isnan(peak[r]) ? NAN : fmax(peak[r] - worker_bytes(model, null_peaks, r), 0);
        }
    }
}

/* ---- how it ended ---- */

static void fill_end(struct filling *filling, size_t t, size_t a) {
    struct rh_report_cell *cell = rh_report_cell_at(filling->model, t, a);
    struct rh_report_slice slice = rh_report_index_cell(&filling->index, t, a);
    const struct rh_result_sample *first = NULL;
    cell->end = slice.count > 0 ? RH_SAMPLE_MEASURED : RH_SAMPLE_UNFINISHED;
    for (size_t i = 0; i < slice.count; i++) {
        const struct rh_result_sample *sample = slice.samples[i];
        cell->measured += rh_report_counts(sample, RH_PASS_THROUGHPUT);
        cell->memory_measured += rh_report_counts(sample, RH_PASS_MEMORY);
        if (sample->sample.end == RH_SAMPLE_MEASURED) {
            cell->object = sample->sample.object[0] != '\0' ? sample->sample.object : cell->object;
            continue;
        }
        cell->failed++;
        if (first == NULL || sample->index < first->index)
            first = sample;
    }
    if (first != NULL) {
        cell->end = first->sample.end;
        cell->reason = first->sample.reason[0] != '\0' ? first->sample.reason : NULL;
    }
    const char *unavailable = filling->model->result->manifest.allocators[a].unavailable;
    if (unavailable != NULL && cell->measured == 0 && cell->memory_measured == 0) {
        cell->end = RH_SAMPLE_NOT_LOADED;
        cell->reason = unavailable;
    }
}

/* ---- time ---- */

static double median_stall_share(struct filling *filling, struct rh_report_slice slice) {
    size_t count = 0;
    for (size_t i = 0; i < slice.count; i++) {
        const struct rh_sample *sample = &slice.samples[i]->sample;
        if (!rh_report_counts(slice.samples[i], RH_PASS_THROUGHPUT))
            continue;
        double stall = rh_report_figure(sample->stall_ns);
        double all = stall + rh_report_figure(sample->busy_ns);
        filling->index.scratch[count++] = all > 0 ? stall / all : NAN;
    }
    return rh_median(filling->index.scratch, count);
}

static void fill_time(struct filling *filling, size_t t, size_t a) {
    struct rh_report_model *model = filling->model;
    struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
    struct rh_report_slice slice = rh_report_index_cell(&filling->index, t, a);
    const double *ns = rh_report_rounds_at(model, model->ns, t, a);
    cell->ns_per_op = rh_median(ns, model->rounds);
    cell->deviation_ns = rh_robust_deviation(ns, model->rounds);
    for (size_t r = 0; r < model->rounds; r++)
        cell->outliers += rh_is_outlier(ns[r], cell->ns_per_op, cell->deviation_ns);
#define MEDIAN(member)                                                                             \
    rh_report_median(&filling->index, slice, RH_PASS_THROUGHPUT, offsetof(struct rh_sample, member))
    cell->wall_ns = MEDIAN(wall_ns);
    cell->user_ns = MEDIAN(user_ns);
    cell->system_ns = MEDIAN(system_ns);
    cell->minor_faults = MEDIAN(minor_faults);
    cell->major_faults = MEDIAN(major_faults);
    cell->voluntary_switches = MEDIAN(voluntary_switches);
    cell->involuntary_switches = MEDIAN(involuntary_switches);
#undef MEDIAN
    cell->stall_share = median_stall_share(filling, slice);
}

/* ---- memory ---- */

static double net(uint64_t bytes, double floor_bytes) {
    double figure = rh_report_figure(bytes);
    return isnan(figure) ? NAN : fmax(figure - floor_bytes, 0);
}

/* Width of the step that ends at mark i: recorded time where the trace has it, else operations. */
static double step_of(const struct rh_sample *series, uint32_t i) {
    const struct rh_mark *mark = &series->marks[i];
    bool timed = series->marks[series->mark_count - 1].recorded_ns > 0;
    if (timed)
        return (double)mark->recorded_ns - (double)series->marks[i - 1].recorded_ns;
    return (double)mark->op - (double)series->marks[i - 1].op;
}

/* Ratios along the curve (Johnstone and Wilson 1998): at the mark of the highest L, at that of the
 * highest R, and integral over integral by the trapezoid rule. */
static void fill_curve(struct rh_report_cell *cell) {
    const struct rh_sample *series = cell->series;
    uint32_t highest_live = 0;
    uint32_t highest_resident = 0;
    double live_area = 0;
    double resident_area = 0;
    for (uint32_t i = 0; i < series->mark_count; i++) {
        const struct rh_mark *mark = &series->marks[i];
        if (mark->live_bytes > series->marks[highest_live].live_bytes)
            highest_live = i;
        if (mark->resident_bytes > series->marks[highest_resident].resident_bytes)
            highest_resident = i;
        if (i == 0)
            continue;
        const struct rh_mark *before = &series->marks[i - 1];
        double step = step_of(series, i);
        live_area += step * ((double)before->live_bytes + (double)mark->live_bytes) / 2;
        resident_area += step *
                         (net(before->resident_bytes, cell->series_floor_bytes) +
                          net(mark->resident_bytes, cell->series_floor_bytes)) /
                         2;
    }
    const struct rh_mark *live = &series->marks[highest_live];
    const struct rh_mark *resident = &series->marks[highest_resident];
    double floor = cell->series_floor_bytes;
    cell->at_peak_live =
        live->live_bytes > 0 ? net(live->resident_bytes, floor) / (double)live->live_bytes : NAN;
    cell->at_peak_resident = resident->live_bytes > 0 ? net(resident->resident_bytes, floor) /
                                                            (double)resident->live_bytes
                                                      : NAN;
    cell->mean_over_mean = live_area > 0 ? resident_area / live_area : NAN;
}

/* Medians of what stays after everything was freed, net of the null worker's peak. */
static void fill_freed(struct filling *filling, struct rh_report_slice slice,
                       const double *null_peaks, struct rh_report_cell *cell) {
    for (size_t step = 0; step <= RH_SAMPLE_IDLE_STEPS; step++) {
        bool purged = step == RH_SAMPLE_IDLE_STEPS;
        size_t count = 0;
        for (size_t i = 0; i < slice.count; i++) {
            const struct rh_result_sample *sample = slice.samples[i];
            if (!rh_report_counts(sample, RH_PASS_MEMORY))
                continue;
            double floor = worker_bytes(filling->model, null_peaks, sample->round - 1);
            uint64_t bytes = purged ? sample->sample.purged_resident_bytes
                                    : sample->sample.freed_resident_bytes[step];
            filling->index.scratch[count++] = net(bytes, floor);
            if (purged && sample->sample.purge_call[0] != '\0')
                cell->purge_call = sample->sample.purge_call;
            if (!purged)
                cell->freed_idle_ns[step] = rh_report_figure(sample->sample.freed_idle_ns[step]);
        }
        double bytes = rh_median(filling->index.scratch, count);
        if (purged)
            cell->purged_bytes = bytes;
        else
            cell->freed_bytes[step] = bytes;
    }
}

static void fill_memory(struct filling *filling, size_t t, size_t a) {
    struct rh_report_model *model = filling->model;
    struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
    struct rh_report_slice slice = rh_report_index_cell(&filling->index, t, a);
    bool is_null = a == model->null_allocator;
    const double *null_peaks = is_null ? NULL : null_peaks_of(model, t);
    for (size_t step = 0; step < RH_SAMPLE_IDLE_STEPS; step++)
        cell->freed_idle_ns[step] = NAN;
    cell->at_peak_live = cell->at_peak_resident = cell->mean_over_mean = NAN;

    cell->live_bytes = rh_report_median(&filling->index, slice, RH_PASS_MEMORY,
                                        offsetof(struct rh_sample, peak_live_bytes));
    cell->replayed_live_bytes =
        rh_report_median(&filling->index, slice, RH_PASS_MEMORY,
                         offsetof(struct rh_sample, replayed_peak_live_bytes));
    cell->peak_bytes = rh_median(rh_report_rounds_at(model, model->peak, t, a), model->rounds);
    cell->peak_over_peak =
        cell->live_bytes > 0 && !is_null ? cell->peak_bytes / cell->live_bytes : NAN;
    fill_freed(filling, slice, null_peaks, cell);
    for (size_t i = 0; i < slice.count && cell->series == NULL && !is_null; i++) {
        const struct rh_result_sample *sample = slice.samples[i];
        if (!rh_report_counts(sample, RH_PASS_MEMORY) || sample->sample.mark_count == 0)
            continue;
        cell->series = &sample->sample;
        cell->series_floor_bytes = worker_bytes(model, null_peaks, sample->round - 1);
    }
    if (cell->series != NULL)
        fill_curve(cell);
}

/* ---- the whole ---- */

static void fill_all(struct filling *filling) {
    struct rh_report_model *model = filling->model;
    fill_grids(filling);
    subtract_worker(model);
    for (size_t t = 0; t < model->traces; t++)
        for (size_t a = 0; a < model->allocators; a++) {
            fill_end(filling, t, a);
            fill_time(filling, t, a);
            fill_memory(filling, t, a);
        }
    for (size_t i = 0; i < model->result->sample_count; i++) {
        bool measured = model->result->samples[i].sample.end == RH_SAMPLE_MEASURED;
        model->samples_measured += measured;
        model->samples_failed += !measured;
    }
}

int rh_report_fill_cells(struct rh_report_model *model, struct rh_error *error) {
    rh_assert(model->ns != NULL && model->cells != NULL);
    struct filling filling = {.model = model};
    rh_try(rh_report_index_init(model->result, error, &filling.index));
    fill_all(&filling);
    rh_report_index_finish(&filling.index);
    return 0;
}
