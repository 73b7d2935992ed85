/* fidelity.c - how far replays agree with the programs that they were recorded from
 * (docs/method.md, Fidelity, measured). */
#include <math.h>

#include "base/memory.h"
#include "report/model.h"

enum { CURVE_POINTS = 200 };

static const struct rh_interval zero = {.count = 1, .exact = true};

/* ---- times ---- */

/* ns more than the baseline in the same round, for one process. */
static struct rh_interval difference(const struct rh_report_model *model, const double *x,
                                     const double *base, double scale, size_t comparisons,
                                     double *scratch) {
    for (size_t r = 0; r < model->rounds; r++)
        scratch[r] = (x[r] - base[r]) * scale;
    return rh_median_interval(scratch, model->rounds,
                              rh_bonferroni(model->level, comparisons > 0 ? comparisons : 1));
}

static void fill_differences(const struct rh_report_model *model, size_t p, size_t t,
                             double *scratch) {
    struct rh_report_program *program = &model->programs[p];
    double ops = (double)model->result->manifest.traces[t].ops;
    const double *wall = &program->wall[model->baseline * model->rounds];
    const double *ns = rh_report_rounds_at(model, model->ns, t, model->baseline);
    for (size_t a = 0; a < model->allocators; a++) {
        struct rh_report_program_cell *cell = &program->cells[a];
        if (cell->measured == 0 || isnan(rh_report_cell_at(model, t, a)->ns_per_op))
            continue;
        cell->real_difference = difference(model, &program->wall[a * model->rounds], wall, 1,
                                           program->comparisons, scratch);
        cell->replay_difference = difference(model, rh_report_rounds_at(model, model->ns, t, a), ns,
                                             ops, program->comparisons, scratch);
    }
    program->cells[model->baseline].real_difference = zero;
    program->cells[model->baseline].replay_difference = zero;
}

static bool is_there(const struct rh_report_program_cell *cell) {
    return cell->real_difference.exact && cell->replay_difference.exact &&
           cell->real_difference.count > 0 && cell->replay_difference.count > 0;
}

/* -1: a lies wholly below b; 1: above; 0: they overlap. */
static int apart(const struct rh_interval *a, const struct rh_interval *b) {
    return a->high < b->low ? -1 : a->low > b->high ? 1 : 0;
}

static void count_agreement(const struct rh_report_model *model,
                            struct rh_report_program *program) {
    for (size_t a = 0; a < model->allocators; a++)
        for (size_t b = a + 1; b < model->allocators; b++) {
            const struct rh_report_program_cell *left = &program->cells[a];
            const struct rh_report_program_cell *right = &program->cells[b];
            if (!is_there(left) || !is_there(right))
                continue;
            int real = apart(&left->real_difference, &right->real_difference);
            int replay = apart(&left->replay_difference, &right->replay_difference);
            bool counts = real != 0 && replay != 0;
            bool sign = a == model->baseline || b == model->baseline;
            program->ranks += counts;
            program->ranks_same += counts && real == replay;
            program->signs += counts && sign;
            program->signs_same += counts && sign && real == replay;
        }
}

static void fit_slope(const struct rh_report_model *model, struct rh_report_program *program) {
    double squares = 0;
    double products = 0;
    for (size_t a = 0; a < model->allocators; a++) {
        const struct rh_report_program_cell *cell = &program->cells[a];
        if (a == model->baseline || cell->real_difference.count == 0 ||
            cell->replay_difference.count == 0)
            continue;
        squares += cell->real_difference.estimate * cell->real_difference.estimate;
        products += cell->real_difference.estimate * cell->replay_difference.estimate;
    }
    program->slope = squares > 0 ? products / squares : NAN;
}

/* ---- memory ---- */

/* The first counted run of a kind with marks. */
static const struct rh_program_sample *find_run(const struct rh_report_model *model, size_t p,
                                                size_t a, enum rh_program_run run) {
    for (size_t i = 0; i < model->result->program_line_count; i++) {
        const struct rh_result_program_line *line = &model->result->program_lines[i];
        if (line->program == p && line->allocator == a && line->run == run && line->round > 0 &&
            line->copy == 0 && line->sample.end == RH_SAMPLE_MEASURED &&
            line->sample.mark_count > 0)
            return &line->sample;
    }
    return NULL;
}

static double highest_mark(const struct rh_program_sample *sample) {
    double highest = 0;
    for (uint32_t i = 0; sample != NULL && i < sample->mark_count; i++)
        highest = fmax(highest, (double)sample->mark_bytes[i]);
    return highest;
}

/* The value of a step function at a share of its whole time. */
static double real_at(const struct rh_program_sample *sample, double share, double floor_bytes) {
    double end_ns = (double)sample->mark_ns[sample->mark_count - 1];
    uint32_t i = 0;
    while (i + 1 < sample->mark_count && (double)sample->mark_ns[i + 1] <= share * end_ns)
        i++;
    return fmax(0, (double)sample->mark_bytes[i] - floor_bytes);
}

static double replayed_at(const struct rh_sample *sample, double share, double floor_bytes) {
    double end_ns = (double)sample->marks[sample->mark_count - 1].recorded_ns;
    uint32_t i = 0;
    while (i + 1 < sample->mark_count && (double)sample->marks[i + 1].recorded_ns <= share * end_ns)
        i++;
    return fmax(0, (double)sample->marks[i].resident_bytes - floor_bytes);
}

/* The two curves over the share of their own whole time. NaN: one of them is missing. */
static double curve_error(const struct rh_program_sample *real, double real_floor,
                          const struct rh_report_cell *cell) {
    const struct rh_sample *replay = cell->series;
    if (real == NULL || replay == NULL || replay->marks[replay->mark_count - 1].recorded_ns == 0)
        return NAN;
    double distance = 0;
    double sum = 0;
    for (int i = 0; i < CURVE_POINTS; i++) {
        double share = (i + 0.5) / CURVE_POINTS;
        double bytes = real_at(real, share, real_floor);
        distance += fabs(replayed_at(replay, share, cell->series_floor_bytes) - bytes);
        sum += bytes;
    }
    return sum > 0 ? distance / sum : NAN;
}

static void fill_memory(const struct rh_report_model *model, size_t p, size_t t) {
    for (size_t a = 0; a < model->allocators; a++) {
        struct rh_report_program_cell *cell = &model->programs[p].cells[a];
        const struct rh_report_cell *replay = rh_report_cell_at(model, t, a);
        const struct rh_program_sample *run = find_run(model, p, a, RH_PROGRAM_WHOLE);
        double floor = highest_mark(find_run(model, p, a, RH_PROGRAM_FLOOR));
        if (cell->measured == 0)
            continue;
        cell->net_peak_bytes = isnan(cell->floor_peak_bytes)
                                   ? highest_mark(run)
                                   : cell->peak_bytes - cell->floor_peak_bytes;
        cell->peak_error =
            cell->net_peak_bytes > 0 ? replay->peak_bytes / cell->net_peak_bytes - 1 : NAN;
        cell->curve_error = curve_error(run, floor, replay);
    }
}

void rh_report_fill_fidelity(struct rh_report_model *model) {
    const struct rh_manifest *manifest = &model->result->manifest;
    static const struct rh_interval none = {.estimate = NAN, .low = NAN, .high = NAN};
    for (size_t p = 0; model->programs != NULL && p < manifest->program_count; p++) {
        struct rh_report_program *program = &model->programs[p];
        for (size_t a = 0; a < model->allocators; a++) {
            struct rh_report_program_cell *cell = &program->cells[a];
            cell->real_difference = cell->replay_difference = none;
            cell->net_peak_bytes = cell->peak_error = cell->curve_error = NAN;
        }
        size_t t = manifest->programs[p].trace;
        double *scratch = rh_alloc_zeroed(model->rounds, sizeof(*scratch));
        if (t != RH_RESULT_NO_TRACE && scratch != NULL) {
            fill_differences(model, p, t, scratch);
            count_agreement(model, program);
            fit_slope(model, program);
            fill_memory(model, p, t);
        }
        rh_free(scratch);
    }
}
