/* samples.h - the samples of a result, by cell. Internal to report/. */
#ifndef RH_REPORT_SAMPLES_H
#define RH_REPORT_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "result/result.h"

/* Samples of one trace and one column, in order of pass and round. A column is an allocator, or
 * (the number of allocators) the second run of the baseline. */
struct rh_report_slice {
    const struct rh_result_sample *const *samples; /* borrowed from the index */
    size_t count;
};

struct rh_report_index {
    const struct rh_result_sample **sorted; /* by trace, column, pass, round */
    size_t *starts;                         /* [traces * columns + 1] */
    size_t columns;
    double *scratch; /* [samples], for who reads a cell */
};

int rh_report_index_init(const struct rh_result *result, struct rh_error *error,
                         struct rh_report_index *ret_index);
/* Accepts a zeroed one. */
void rh_report_index_finish(struct rh_report_index *index);

struct rh_report_slice rh_report_index_cell(const struct rh_report_index *index, size_t trace,
                                            size_t column);
/* Only those of one pass that were measured in counted rounds: a part of the slice cannot be given
 * without holes, so the caller skips by this. */
bool rh_report_counts(const struct rh_result_sample *sample, enum rh_pass pass);

/* UINT64_MAX is unknown, NaN. */
double rh_report_figure(uint64_t value);

/* The median over the counted samples of a pass of the 64-bit figure that lies `offset` bytes into
 * a struct rh_sample. Uses the scratch. */
double rh_report_median(const struct rh_report_index *index, struct rh_report_slice slice,
                        enum rh_pass pass, size_t offset);

#endif
