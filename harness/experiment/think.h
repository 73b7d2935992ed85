/* think.h - the rate of thinking of a trace, found by replays (docs/order.md): under the allocator
 * with which it was recorded, the replay is to take the CPU time that the program took. */
#ifndef RH_EXPERIMENT_THINK_H
#define RH_EXPERIMENT_THINK_H

#include <stdbool.h>

#include "experiment/experiment.h"

/* What a search needs to know: fills the allocator and the program's time of *found. RH_ERR_CHECK:
 * the trace does not say what the program took; RH_ERR_MISSING: its allocator is not here. `path`
 * is for the sentence. */
int rh_think_prepare(const struct rh_experiment_seams *seams, const char *path,
                     const struct rh_result_trace *trace, struct rh_error *error,
                     struct rh_think_found *found);

/* Fills the rest of it, or nothing. Of the job the tape and what concerns time are used: touch,
 * pace, the model of thinking, CPUs and the time limit. */
int rh_think_find(const struct rh_experiment_seams *seams, const struct rh_job *job,
                  const volatile bool *interrupted, struct rh_error *error,
                  struct rh_think_found *found);

#endif
