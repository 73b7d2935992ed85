/* model.c - from a result to everything that a report shows. */
#include "report/model.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

/* Bounds the two grids of doubles: 128 MiB each. */
enum { MOST_VALUES = 16 << 20 };

const char *rh_report_time_word(enum rh_verdict verdict) {
    static const char *const words[] = {"", "unresolved", "equal", "faster", "slower"};
    return verdict <= RH_VERDICT_HIGHER ? words[verdict] : "";
}

const char *rh_report_memory_word(enum rh_verdict verdict) {
    static const char *const words[] = {"", "unresolved", "equal", "less", "more"};
    return verdict <= RH_VERDICT_HIGHER ? words[verdict] : "";
}

/* As far as samples go: an interrupted run has fewer rounds than its manifest. */
static size_t count_rounds(const struct rh_result *result) {
    size_t rounds = 0;
    for (size_t i = 0; i < result->sample_count; i++)
        if (result->samples[i].round > rounds)
            rounds = result->samples[i].round;
    for (size_t i = 0; i < result->program_line_count; i++)
        if (result->program_lines[i].round > rounds)
            rounds = result->program_lines[i].round;
    return rounds;
}

static size_t find_null(const struct rh_manifest *manifest) {
    for (size_t a = 0; a < manifest->allocator_count; a++)
        if (manifest->allocators[a].floor && strcmp(manifest->allocators[a].name, "null") == 0)
            return a;
    return RH_REPORT_NOBODY;
}

static int allocate_orders(struct rh_report_model *model, struct rh_error *error) {
    for (size_t t = 0; t < model->traces; t++) {
        model->trace[t].order = rh_alloc_zeroed(model->allocators, sizeof(size_t));
        if (model->trace[t].order == NULL)
            return rh_fail(error, RH_ERR_MEMORY, "no memory for the model of a report");
    }
    return 0;
}

static int allocate(struct rh_report_model *model, struct rh_error *error) {
    size_t values = model->traces * model->columns * model->rounds;
    if (values > MOST_VALUES)
        return rh_fail(error, RH_ERR_LIMIT,
                       "%zu traces x %zu allocators x %zu rounds are too many for one report",
                       model->traces, model->allocators, model->rounds);
    model->ns = rh_alloc_zeroed(values, sizeof(*model->ns));
    model->peak = rh_alloc_zeroed(values, sizeof(*model->peak));
    model->cells = rh_alloc_zeroed(model->traces * model->allocators, sizeof(*model->cells));
    model->trace = rh_alloc_zeroed(model->traces, sizeof(*model->trace));
    model->means = rh_alloc_zeroed(model->allocators, sizeof(*model->means));
    model->order = rh_alloc_zeroed(model->allocators, sizeof(*model->order));
    if (model->ns == NULL || model->peak == NULL || model->cells == NULL || model->trace == NULL ||
        model->means == NULL || model->order == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the model of a report");
    return allocate_orders(model, error);
}

static int fill(struct rh_report_model *model, struct rh_error *error) {
    rh_try(allocate(model, error));
    rh_try(rh_report_fill_cells(model, error));
    rh_try(rh_report_compare_cells(model, error));
    rh_try(rh_report_fill_means(model, error));
    rh_report_fill_others(model);
    rh_try(rh_report_fill_programs(model, error));
    rh_report_fill_fidelity(model);
    rh_try(rh_report_fill_banners(model, error));
    return rh_report_fill_headline(model, error);
}

int rh_report_model_init(const struct rh_result *result, double level, struct rh_error *error,
                         struct rh_report_model *ret_model) {
    rh_assert(level > 0 && level < 1);
    rh_assert(result->manifest.allocator_count == 0 ||
              result->manifest.baseline < result->manifest.allocator_count);
    struct rh_report_model model = {
        .result = result,
        .level = level,
        .allocators = result->manifest.allocator_count,
        .traces = result->manifest.trace_count,
        .rounds = count_rounds(result),
        .columns = result->manifest.allocator_count + 1,
        .baseline = result->manifest.baseline,
        .null_allocator = find_null(&result->manifest),
        .best = RH_REPORT_NOBODY,
        .detectable = NAN,
        .detectable_by_default = NAN,
    };
    int filled = fill(&model, error);
    if (filled < 0)
        rh_report_model_finish(&model);
    else
        *ret_model = model;
    return filled;
}

void rh_report_model_finish(struct rh_report_model *model) {
    for (size_t t = 0; model->trace != NULL && t < model->traces; t++)
        rh_free(model->trace[t].order);
    for (size_t i = 0; i < model->banner_count; i++)
        rh_free(model->banners[i].text);
    rh_free(model->banners);
    rh_report_finish_programs(model);
    rh_free(model->headline);
    rh_free(model->ns);
    rh_free(model->peak);
    rh_free(model->cells);
    rh_free(model->trace);
    rh_free(model->means);
    rh_free(model->order);
    *model = (struct rh_report_model){0};
}
