/* experiment.c - a new run, from plan to result. */
#include "experiment/experiment.h"

#include "base/assert.h"
#include "experiment/describe.h"
#include "experiment/run.h"

static int begin(struct rh_run *run) {
    rh_try(rh_result_refuse_existing(run->options->directory, run->error));
    rh_try(rh_describe_run(run->plan, run->options, run->error, &run->manifest, &run->tapes));
    rh_try(rh_run_prepare(run));
    return rh_result_writer_create(run->options->directory, &run->manifest, run->error,
                                   &run->writer);
}

int rh_experiment_run(const struct rh_plan *plan, const struct rh_experiment_options *options,
                      struct rh_error *error, struct rh_experiment_outcome *ret_outcome) {
    rh_assert(options->directory != NULL && options->seams != NULL);
    struct rh_error own = {0}; /* where the caller wants no sentence */
    struct rh_run run = {.plan = plan, .options = options, .error = error != NULL ? error : &own};
    *ret_outcome = (struct rh_experiment_outcome){0};
    int result = begin(&run);
    if (result == 0) {
        result = rh_run_close(&run, rh_run_play(&run));
        *ret_outcome = run.outcome;
    }
    rh_run_finish(&run);
    return result;
}
