/* samples.c - sorts the samples of a result once, so that each cell finds its own. */
#include "report/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "stats/stats.h"

static size_t column_of(const struct rh_result *result, const struct rh_result_sample *sample) {
    return sample->copy != 0 ? result->manifest.allocator_count : sample->allocator;
}

static int compare_u32(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

/* Trace, then allocator with the second run of the baseline behind all, then pass and round. */
static int compare(const void *a, const void *b) {
    const struct rh_result_sample *left = *(const struct rh_result_sample *const *)a;
    const struct rh_result_sample *right = *(const struct rh_result_sample *const *)b;
    int order = compare_u32(left->trace, right->trace);
    if (order == 0)
        order = compare_u32(left->copy, right->copy);
    if (order == 0 && left->copy == 0)
        order = compare_u32(left->allocator, right->allocator);
    if (order == 0)
        order = compare_u32(left->sample.pass, right->sample.pass);
    return order != 0 ? order : compare_u32(left->round, right->round);
}

static void find_starts(const struct rh_result *result, struct rh_report_index *index) {
    size_t cells = result->manifest.trace_count * index->columns;
    size_t next = 0;
    for (size_t i = 0; i < result->sample_count; i++) {
        const struct rh_result_sample *sample = index->sorted[i];
        size_t cell = sample->trace * index->columns + column_of(result, sample);
        while (next <= cell)
            index->starts[next++] = i;
    }
    while (next <= cells)
        index->starts[next++] = result->sample_count;
}

int rh_report_index_init(const struct rh_result *result, struct rh_error *error,
                         struct rh_report_index *ret_index) {
    struct rh_report_index index = {.columns = result->manifest.allocator_count + 1};
    size_t cells = result->manifest.trace_count * index.columns;
    index.sorted = rh_alloc_zeroed(result->sample_count, sizeof(*index.sorted));
    index.starts = rh_alloc_zeroed(cells + 1, sizeof(*index.starts));
    index.scratch = rh_alloc_zeroed(result->sample_count + 1, sizeof(*index.scratch));
    if (index.sorted == NULL || index.starts == NULL || index.scratch == NULL) {
        rh_report_index_finish(&index);
        return rh_fail(error, RH_ERR_MEMORY, "no memory to sort %zu samples", result->sample_count);
    }
    for (size_t i = 0; i < result->sample_count; i++)
        index.sorted[i] = &result->samples[i];
    qsort(index.sorted, result->sample_count, sizeof(*index.sorted), compare);
    find_starts(result, &index);
    *ret_index = index;
    return 0;
}

void rh_report_index_finish(struct rh_report_index *index) {
    rh_free(index->sorted);
    rh_free(index->starts);
    rh_free(index->scratch);
    *index = (struct rh_report_index){0};
}

struct rh_report_slice rh_report_index_cell(const struct rh_report_index *index, size_t trace,
                                            size_t column) {
    rh_assert(column < index->columns);
    size_t cell = trace * index->columns + column;
    return (struct rh_report_slice){
        .samples = index->sorted + index->starts[cell],
        .count = index->starts[cell + 1] - index->starts[cell],
    };
}

bool rh_report_counts(const struct rh_result_sample *sample, enum rh_pass pass) {
    return sample->sample.pass == pass && sample->sample.end == RH_SAMPLE_MEASURED &&
           sample->round > 0;
}

double rh_report_figure(uint64_t value) {
    return value == UINT64_MAX ? NAN : (double)value;
}

double rh_report_median(const struct rh_report_index *index, struct rh_report_slice slice,
                        enum rh_pass pass, size_t offset) {
    size_t count = 0;
    for (size_t i = 0; i < slice.count; i++) {
        if (!rh_report_counts(slice.samples[i], pass))
            continue;
        uint64_t value = 0;
        memcpy(&value, (const char *)&slice.samples[i]->sample + offset, sizeof(value));
        index->scratch[count++] = rh_report_figure(value);
    }
    return rh_median(index->scratch, count);
}
