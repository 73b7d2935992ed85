/* experiment.h - the course of a run: a plan becomes a result directory.
 *
 * Compiles every trace, finds every allocator, lays out the schedule, and plays one fresh worker
 * per cell; each sample is appended as it comes, so that whatever ends the run leaves a result that
 * is readable up to there. */
#ifndef RH_EXPERIMENT_EXPERIMENT_H
#define RH_EXPERIMENT_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "plan/plan.h"
#include "program/program.h"
#include "replay/replay.h"
#include "result/result.h"

/* Where the run meets the rest of the program: tests put their own functions here. All needed. */
struct rh_experiment_seams {
    /* Reads the facts of a trace (all members but name and path) and makes its tape for the course,
     * a path to be freed with rh_free. */
    int (*open_trace)(const char *path, const struct rh_course *course, struct rh_error *error,
                      struct rh_result_trace *ret_facts, char **ret_tape);
    /* As rh_registry_locate. */
    int (*locate)(const char *name, char *ret_path, size_t path_bytes, char *ret_reason,
                  size_t reason_bytes);
    /* The version of the library that a file is, to be freed with rh_free; NULL: not known. */
    int (*version)(const char *path, struct rh_error *error, char **ret_version);
    /* What about the machine disturbs measuring: as rh_doctor, with the options of a run. */
    int (*examine)(struct rh_error *error, struct rh_result_finding **ret_findings,
                   size_t *ret_count);
    /* As rh_program_locate and rh_program_run. */
    int (*locate_program)(const char *name, char *ret_path, size_t path_bytes, char *ret_reason,
                          size_t reason_bytes);
    int (*run_program)(const struct rh_program_job *job, const volatile bool *interrupted,
                       struct rh_error *error, struct rh_program_sample *ret_sample);
    /* As rh_replay. */
    int (*replay)(const struct rh_job *job, const volatile bool *interrupted,
                  struct rh_error *error, struct rh_sample *ret_sample);
};

/* The real ones. */
extern const struct rh_experiment_seams rh_experiment_real;

/* What is about to be played, or, at the end of the run, that nothing is left. */
struct rh_experiment_progress {
    size_t done, total; /* workers */
    size_t failed;      /* of those done, how many were not measured */
    uint64_t elapsed_ns;
    uint64_t left_ns; /* an estimate; UINT64_MAX: none yet */
    /* The cell that starts now; NULL when all are done. `trace` may be a program. */
    const char *trace, *allocator;
    bool is_program;
    enum rh_pass pass;
    uint32_t round, rounds;
    /* Its time over the baseline's: the median of the rounds so far. NaN: no estimate yet, or it is
     * the baseline. */
    double ratio;
    const char *baseline;
};

/* What a worker that has ended was about; its sample is in the result. */
struct rh_experiment_finished {
    const char *trace, *allocator;
    bool is_program;
    enum rh_pass pass;
    uint32_t round;
    uint64_t took_ns; /* start of the worker and all */
    const char *end;  /* "measured", "crashed", ... */
    const char *reason;
    double cost;  /* ns per operation, or of the whole program; NaN: none was measured */
    double ratio; /* as that of rh_experiment_progress, with this one */
    const char *baseline;
};

/* Zero-initialise; NULL is the default where a member is not needed. */
struct rh_experiment_options {
    const char *directory;            /* of the result; must not hold one yet. Needed */
    const char *command;              /* how to run it again, for the manifest */
    const volatile bool *interrupted; /* becomes true: the worker is killed, the run ends */
    /* Called before each worker and once at the end. */
    void (*progress)(void *context, const struct rh_experiment_progress *progress);
    /* Called after each worker; NULL: nobody asks. */
    void (*finished)(void *context, const struct rh_experiment_finished *finished);
    /* Called once, when the machine was examined and before the first worker; NULL: nobody asks. */
    void (*warn)(void *context, const struct rh_result_finding *findings, size_t count);
    /* Called for each trace whose rate of thinking is looked for: before (its plain_ns is 0) and
     * when it was found; NULL: nobody asks. */
    void (*thinking)(void *context, const struct rh_result_trace *trace);
    void *context;
    const struct rh_experiment_seams *seams; /* needed */
};

struct rh_experiment_outcome {
    size_t done, total;      /* workers */
    size_t failed;           /* samples that are not "measured" */
    size_t missing;          /* allocators that are not installed */
    char first_failure[640]; /* the first of them in a sentence; "" when all is well */
    uint64_t seed;
};

/* Runs a complete plan. 0 also when workers failed: see the outcome. RH_ERR_INTERRUPTED: the result
 * is readable up to there. Other errors: a trace cannot be read, the baseline is not installed, the
 * result cannot be written, no worker can be started. ret_outcome is filled whenever the run got as
 * far as its first worker, and zeroed otherwise. */
int rh_experiment_run(const struct rh_plan *plan, const struct rh_experiment_options *options,
                      struct rh_error *error, struct rh_experiment_outcome *ret_outcome);

/* Finishes the run whose result lies in options->directory, without repeating a sample that is
 * there; its plan is taken from the manifest. RH_ERR_CHECK: a plan, trace, library or program has
 * changed since; the sentence says which. A run that is complete already is well. Otherwise as
 * rh_experiment_run; options->command is not used. */
int rh_experiment_resume(const struct rh_experiment_options *options, struct rh_error *error,
                         struct rh_experiment_outcome *ret_outcome);

#endif
