/* compare.c - each trace's table: paired ratios, the A/A control, floors, the order of rows. */
#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/memory.h"
#include "report/model.h"

/* How many intervals share the level in the table of a trace: every ranked allocator but the
 * baseline that has anything to compare. */
static size_t count_comparisons(const struct rh_report_model *model, size_t t) {
    size_t count = 0;
    for (size_t a = 0; a < model->allocators; a++)
        count += a != model->baseline && !rh_report_is_floor(model, a) &&
                 rh_report_cell_at(model, t, a)->measured > 0;
    return count;
}

static void compare_time(struct rh_report_model *model, size_t t, size_t a) {
    struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
    cell->time = rh_paired_ratio(rh_report_rounds_at(model, model->ns, t, a),
                                 rh_report_rounds_at(model, model->ns, t, model->baseline),
                                 model->rounds, model->level, model->trace[t].comparisons);
    cell->time_verdict = rh_verdict_of(&cell->time);
}

static void compare_memory(struct rh_report_model *model, size_t t, size_t a) {
    struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
    cell->memory = rh_paired_ratio(rh_report_rounds_at(model, model->peak, t, a),
                                   rh_report_rounds_at(model, model->peak, t, model->baseline),
                                   model->rounds, model->level, model->trace[t].comparisons);
    cell->memory_verdict = rh_verdict_of(&cell->memory);
}

/* Floors and the baseline itself are not compared: a price of the harness, and 1. */
static void compare_cells(struct rh_report_model *model, size_t t) {
    model->trace[t].comparisons = count_comparisons(model, t);
    for (size_t a = 0; a < model->allocators; a++) {
        if (a == model->baseline || rh_report_is_floor(model, a)) {
            struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
            cell->time = (struct rh_interval){.estimate = NAN, .low = NAN, .high = NAN};
            cell->memory = cell->time;
            continue;
        }
        compare_time(model, t, a);
        compare_memory(model, t, a);
    }
}

/* The price of the replay is the null allocator's row, which stays in sight beside it. */
static void subtract_floor(struct rh_report_model *model, size_t t) {
    bool known = model->null_allocator != RH_REPORT_NOBODY;
    double floor = known ? rh_report_cell_at(model, t, model->null_allocator)->ns_per_op : NAN;
    for (size_t a = 0; a < model->allocators; a++) {
        struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
        cell->net_ns = a == model->null_allocator ? NAN : cell->ns_per_op - floor;
    }
}

static void compare_control(struct rh_report_model *model, size_t t) {
    struct rh_report_trace *trace = &model->trace[t];
    trace->control = rh_paired_ratio(rh_report_rounds_at(model, model->ns, t, model->allocators),
                                     rh_report_rounds_at(model, model->ns, t, model->baseline),
                                     model->rounds, model->level, model->traces);
    trace->control_verdict = rh_verdict_of(&trace->control);
}

static void find_floor(struct rh_report_model *model, size_t t) {
    struct rh_report_trace *trace = &model->trace[t];
    trace->floor = trace->fastest = RH_REPORT_NOBODY;
    for (size_t a = 0; a < model->allocators; a++) {
        double ns = rh_report_cell_at(model, t, a)->ns_per_op;
        if (isnan(ns))
            continue;
        bool floor = rh_report_is_floor(model, a);
        size_t *holder = floor ? &trace->floor : &trace->fastest;
        double held =
            *holder != RH_REPORT_NOBODY ? rh_report_cell_at(model, t, *holder)->ns_per_op : NAN;
        if (*holder == RH_REPORT_NOBODY || (floor ? ns > held : ns < held))
            *holder = a;
    }
    trace->floor_share = NAN;
    if (trace->floor != RH_REPORT_NOBODY && trace->fastest != RH_REPORT_NOBODY)
        trace->floor_share = rh_report_cell_at(model, t, trace->floor)->ns_per_op /
                             rh_report_cell_at(model, t, trace->fastest)->ns_per_op;
}

/* Allocators that did other work than the first one seen cannot be compared. The null worker does
 * not touch memory, so it has a checksum of its own. */
static void check_work(struct rh_report_model *model) {
    const struct rh_result *result = model->result;
    for (size_t t = 0; t < model->traces; t++) {
        const struct rh_sample *first[RH_PASSES] = {NULL};
        for (size_t i = 0; i < result->sample_count; i++) {
            const struct rh_result_sample *sample = &result->samples[i];
            const struct rh_sample *s = &sample->sample;
            if (sample->trace != t || s->end != RH_SAMPLE_MEASURED || s->pass >= RH_PASSES ||
                rh_report_is_floor(model, sample->allocator))
                continue;
            if (first[s->pass] == NULL)
                first[s->pass] = s;
            model->trace[t].work_differs |=
                s->ops != first[s->pass]->ops || s->checksum != first[s->pass]->checksum;
        }
    }
}

static void check_live(struct rh_report_model *model, size_t t) {
    double recorded = (double)model->result->manifest.traces[t].peak_live_bytes;
    struct rh_report_trace *trace = &model->trace[t];
    trace->live_error = NAN;
    for (size_t a = 0; a < model->allocators; a++) {
        const struct rh_report_cell *cell = rh_report_cell_at(model, t, a);
        bool counted = isfinite(cell->replayed_live_bytes); /* older results lack it */
        double bytes = counted ? cell->replayed_live_bytes : cell->live_bytes;
        double error = bytes / recorded - 1;
        if (isfinite(error) && !(fabs(error) <= fabs(trace->live_error)))
            trace->live_error = error;
    }
}

/* ---- the order of rows ---- */

struct row {
    int class; /* 0: ranked and measured, 1: ranked and not, 2: floor, 3: floor and not measured */
    double ns;
    size_t allocator;
};

static int compare_rows(const void *a, const void *b) {
    const struct row *left = a;
    const struct row *right = b;
    if (left->class != right->class)
        return left->class - right->class;
    if (left->ns != right->ns && !isnan(left->ns) && !isnan(right->ns)) {
        int faster = left->ns < right->ns ? -1 : 1;
        return left->class == 2 ? -faster : faster;
    }
    return left->allocator < right->allocator ? -1 : left->allocator > right->allocator;
}

static void order_rows(struct rh_report_model *model, size_t t, struct row *rows) {
    for (size_t a = 0; a < model->allocators; a++) {
        double ns = rh_report_cell_at(model, t, a)->ns_per_op;
        bool floor = rh_report_is_floor(model, a);
        rows[a] = (struct row){2 * floor + isnan(ns), ns, a};
    }
    qsort(rows, model->allocators, sizeof(*rows), compare_rows);
    for (size_t a = 0; a < model->allocators; a++)
        model->trace[t].order[a] = rows[a].allocator;
}

int rh_report_compare_cells(struct rh_report_model *model, struct rh_error *error) {
    rh_assert(model->trace != NULL || model->traces == 0);
    struct row *rows = rh_alloc_zeroed(model->allocators, sizeof(*rows));
    if (rows == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu rows", model->allocators);
    for (size_t t = 0; t < model->traces; t++) {
        if (model->allocators > 0) {
            compare_cells(model, t);
            compare_control(model, t);
        }
        find_floor(model, t);
        subtract_floor(model, t);
        check_live(model, t);
        order_rows(model, t, rows);
    }
    check_work(model);
    rh_free(rows);
    return 0;
}
