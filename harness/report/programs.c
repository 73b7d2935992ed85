/* programs.c - real programs end to end: times, peaks, ratios to the baseline. */
#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/memory.h"
#include "report/model.h"

static const struct rh_interval no_interval = {.estimate = NAN, .low = NAN, .high = NAN};

static double *rounds_of(const struct rh_report_model *model, double *grid, size_t column) {
    return &grid[column * model->rounds];
}

static int allocate(const struct rh_report_model *model, struct rh_report_program *program,
                    struct rh_error *error) {
    size_t values = model->columns * model->rounds;
    program->cells = rh_alloc_zeroed(model->allocators, sizeof(*program->cells));
    program->order = rh_alloc_zeroed(model->allocators, sizeof(*program->order));
    program->wall = rh_alloc_zeroed(values, sizeof(*program->wall));
    program->peak = rh_alloc_zeroed(values, sizeof(*program->peak));
    if (program->cells == NULL || program->order == NULL || program->wall == NULL ||
        program->peak == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the programs of a report");
    for (size_t i = 0; i < values; i++)
        program->wall[i] = program->peak[i] = NAN;
    program->slope = NAN;
    program->control = no_interval;
    return 0;
}

void rh_report_finish_programs(struct rh_report_model *model) {
    size_t count = model->result != NULL ? model->result->manifest.program_count : 0;
    for (size_t p = 0; model->programs != NULL && p < count; p++) {
        rh_free(model->programs[p].cells);
        rh_free(model->programs[p].order);
        rh_free(model->programs[p].wall);
        rh_free(model->programs[p].peak);
    }
    rh_free(model->programs);
}

/* ---- from lines to grids ---- */

static void take_line(const struct rh_report_model *model,
                      const struct rh_result_program_line *line) {
    struct rh_report_program *program = &model->programs[line->program];
    struct rh_report_program_cell *cell = &program->cells[line->allocator];
    const struct rh_program_sample *sample = &line->sample;
    bool measured = sample->end == RH_SAMPLE_MEASURED;
    if (line->run != RH_PROGRAM_WHOLE)
        return;
    if (!measured && cell->failed++ == 0) {
        cell->end = (enum rh_sample_end)sample->end;
        cell->reason = sample->reason[0] != '\0' ? sample->reason : NULL;
    }
    if (!measured || line->round == 0)
        return;
    if (cell->failed == 0) {
        cell->end = RH_SAMPLE_MEASURED;
        cell->reason = sample->reason[0] != '\0' ? sample->reason : NULL;
    }
    size_t column = line->copy != 0 ? model->allocators : line->allocator;
    rounds_of(model, program->wall, column)[line->round - 1] = (double)sample->wall_ns;
    rounds_of(model, program->peak, column)[line->round - 1] = (double)sample->peak_bytes;
    cell->object = sample->object[0] != '\0' ? sample->object : NULL;
    cell->measured += line->copy == 0;
}

/* The median of a figure over the counted runs of one kind. */
enum figure { USER, SYSTEM, PEAK };

static double median_of(const struct rh_report_model *model, size_t p, size_t a,
                        enum rh_program_run run, enum figure figure, double *scratch) {
    size_t count = 0;
    for (size_t i = 0; i < model->result->program_line_count; i++) {
        const struct rh_result_program_line *line = &model->result->program_lines[i];
        if (line->program != p || line->allocator != a || line->copy != 0 || line->run != run ||
            line->round == 0 || line->sample.end != RH_SAMPLE_MEASURED || count == model->rounds)
            continue;
        scratch[count++] = figure == USER     ? (double)line->sample.user_ns
                           : figure == SYSTEM ? (double)line->sample.system_ns
                                              : (double)line->sample.peak_bytes;
    }
    return rh_median(scratch, count);
}

/* ---- comparing ---- */

static void compare_cell(const struct rh_report_model *model, struct rh_report_program *program,
                         size_t a) {
    struct rh_report_program_cell *cell = &program->cells[a];
    const double *base = rounds_of(model, program->wall, model->baseline);
    const double *base_peak = rounds_of(model, program->peak, model->baseline);
    cell->time = rh_paired_ratio(rounds_of(model, program->wall, a), base, model->rounds,
                                 model->level, program->comparisons);
    cell->memory = rh_paired_ratio(rounds_of(model, program->peak, a), base_peak, model->rounds,
                                   model->level, program->comparisons);
    cell->time_verdict = rh_verdict_of(&cell->time);
    cell->memory_verdict = rh_verdict_of(&cell->memory);
}

static void fill_cells(const struct rh_report_model *model, size_t p, double *scratch) {
    struct rh_report_program *program = &model->programs[p];
    for (size_t a = 0; a < model->allocators; a++) {
        struct rh_report_program_cell *cell = &program->cells[a];
        cell->wall_ns = rh_median(rounds_of(model, program->wall, a), model->rounds);
        cell->user_ns = median_of(model, p, a, RH_PROGRAM_WHOLE, USER, scratch);
        cell->system_ns = median_of(model, p, a, RH_PROGRAM_WHOLE, SYSTEM, scratch);
        cell->peak_bytes = median_of(model, p, a, RH_PROGRAM_WHOLE, PEAK, scratch);
        cell->floor_peak_bytes = median_of(model, p, a, RH_PROGRAM_FLOOR, PEAK, scratch);
        cell->time = cell->memory = no_interval;
        program->comparisons += a != model->baseline && cell->measured > 0;
    }
    for (size_t a = 0; a < model->allocators; a++)
        if (a != model->baseline && program->cells[a].measured > 0)
            compare_cell(model, program, a);
    program->control = rh_paired_ratio(rounds_of(model, program->wall, model->allocators),
                                       rounds_of(model, program->wall, model->baseline),
                                       model->rounds, model->level, 1);
    program->control_verdict = rh_verdict_of(&program->control);
}

/* By wall time; those that were not measured behind, in their order. */
static void order_cells(const struct rh_report_model *model, struct rh_report_program *program) {
    for (size_t a = 0; a < model->allocators; a++) {
        size_t at = a;
        double wall = program->cells[a].wall_ns;
        while (at > 0 && !isnan(wall)) {
            double other = program->cells[program->order[at - 1]].wall_ns;
            if (!isnan(other) && other <= wall)
                break;
            program->order[at] = program->order[at - 1];
            at--;
        }
        program->order[at] = a;
    }
}

int rh_report_fill_programs(struct rh_report_model *model, struct rh_error *error) {
    const struct rh_result *result = model->result;
    size_t count = result->manifest.program_count;
    if (count == 0 || model->allocators == 0)
        return 0;
    model->programs = rh_alloc_zeroed(count, sizeof(*model->programs));
    double *scratch = rh_alloc_zeroed(model->rounds, sizeof(*scratch));
    int made = model->programs != NULL && scratch != NULL
                   ? 0
                   : rh_fail(error, RH_ERR_MEMORY, "no memory for the programs of a report");
    for (size_t p = 0; made == 0 && p < count; p++)
        made = allocate(model, &model->programs[p], error);
    for (size_t i = 0; made == 0 && i < result->program_line_count; i++)
        take_line(model, &result->program_lines[i]);
    for (size_t p = 0; made == 0 && p < count; p++) {
        fill_cells(model, p, scratch);
        order_cells(model, &model->programs[p]);
    }
    rh_free(scratch);
    return made;
}
