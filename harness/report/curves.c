/* curves.c - R(t) and L(t) of every allocator on one trace, thinned for a page: what a screen can
 * show, and every peak. */
#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/memory.h"
#include "report/emit.h"
#include "report/formats.h"

enum { MOST_POINTS = 160 };

/* The marks that all allocators of a trace share, and which of them are kept. */
struct curves {
    const struct rh_report_model *model;
    size_t trace;
    const struct rh_sample *axis; /* the first series: its marks give t and L */
    bool keep[RH_SAMPLE_MARKS];
};

static bool has_axis(const struct curves *curves, const struct rh_sample *series) {
    if (series == NULL || series->mark_count != curves->axis->mark_count)
        return false;
    for (uint32_t i = 0; i < series->mark_count; i++)
        if (series->marks[i].op != curves->axis->marks[i].op)
            return false;
    return true;
}

static void keep_peaks(struct curves *curves, const struct rh_sample *series) {
    uint32_t live = 0;
    uint32_t resident = 0;
    for (uint32_t i = 1; i < series->mark_count; i++) {
        if (series->marks[i].live_bytes > series->marks[live].live_bytes)
            live = i;
        if (series->marks[i].resident_bytes > series->marks[resident].resident_bytes)
            resident = i;
    }
    curves->keep[live] = curves->keep[resident] = true;
}

static void choose(struct curves *curves) {
    uint32_t count = curves->axis->mark_count;
    uint32_t step = (count + MOST_POINTS - 1) / MOST_POINTS;
    for (uint32_t i = 0; i < count; i += step)
        curves->keep[i] = true;
    curves->keep[count - 1] = true;
    for (size_t a = 0; a < curves->model->allocators; a++) {
        const struct rh_report_cell *cell = rh_report_cell_at(curves->model, curves->trace, a);
        if (has_axis(curves, cell->series))
            keep_peaks(curves, cell->series);
    }
}

static void emit_axis(const struct curves *curves, struct rh_report_emitter *out) {
    const struct rh_sample *axis = curves->axis;
    bool timed = axis->marks[axis->mark_count - 1].recorded_ns > 0;
    rh_report_emit_text(out, "unit", timed ? "ms" : "ops");
    rh_report_open(out, "t", '[');
    for (uint32_t i = 0; i < axis->mark_count; i++) {
        if (!curves->keep[i])
            continue;
        if (timed)
            rh_report_emit_number(out, NULL, round((double)axis->marks[i].recorded_ns / 1e4) / 100);
        else
            rh_report_emit_count(out, NULL, axis->marks[i].op);
    }
    rh_report_close(out, ']');
    rh_report_open(out, "live_kib", '[');
    for (uint32_t i = 0; i < axis->mark_count; i++)
        if (curves->keep[i])
            rh_report_emit_number(out, NULL, round((double)axis->marks[i].live_bytes / 1024));
    rh_report_close(out, ']');
}

static void emit_resident(const struct curves *curves, size_t a, struct rh_report_emitter *out) {
    const struct rh_report_cell *cell = rh_report_cell_at(curves->model, curves->trace, a);
    rh_report_open(out, NULL, '{');
    rh_report_emit_count(out, "allocator", a);
    rh_report_open(out, "resident_kib", '[');
    for (uint32_t i = 0; i < cell->series->mark_count; i++) {
        if (!curves->keep[i])
            continue;
        double bytes = (double)cell->series->marks[i].resident_bytes - cell->series_floor_bytes;
        rh_report_emit_number(out, NULL, round(fmax(bytes, 0) / 1024));
    }
    rh_report_close(out, ']');
    rh_report_close(out, '}');
}

/* A series with other marks than the first is not drawn over its axis; `other_marks` counts them.
 */
static void emit_all(struct curves *curves, struct rh_report_emitter *out) {
    const struct rh_report_model *model = curves->model;
    uint64_t other = 0;
    choose(curves);
    emit_axis(curves, out);
    rh_report_open(out, "lines", '[');
    for (size_t i = 0; i < model->allocators; i++) {
        size_t a = model->trace[curves->trace].order[i];
        const struct rh_report_cell *cell = rh_report_cell_at(model, curves->trace, a);
        if (cell->series == NULL || a == model->null_allocator)
            continue;
        if (has_axis(curves, cell->series))
            emit_resident(curves, a, out);
        else
            other++;
    }
    rh_report_close(out, ']');
    rh_report_emit_count(out, "other_marks", other);
}

void rh_report_emit_curves(const struct rh_report_model *model, size_t trace,
                           struct rh_report_emitter *out) {
    rh_assert(trace < model->traces);
    struct curves curves = {.model = model, .trace = trace};
    for (size_t a = 0; a < model->allocators && curves.axis == NULL; a++)
        curves.axis = rh_report_cell_at(model, trace, a)->series;
    rh_report_open(out, "curves", '{');
    if (curves.axis != NULL)
        emit_all(&curves, out);
    rh_report_close(out, '}');
}
