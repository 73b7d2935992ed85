/* passes.h - what single passes say about a cell, and only pages and JSON show: hardware counters,
 * system calls, where the resident bytes are, latency. Read from the samples as it is written.
 * Internal to report/. */
#ifndef RH_REPORT_PASSES_H
#define RH_REPORT_PASSES_H

#include "report/emit.h"
#include "report/model.h"
#include "report/samples.h"

/* "counters", "system_calls", "split" and "latency" of one cell; null each where nothing measured
 * it (docs/result-format.md, The report as JSON). */
void rh_report_emit_passes(const struct rh_report_index *index, size_t trace, size_t allocator,
                           struct rh_report_emitter *out);

#endif
