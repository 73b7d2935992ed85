/* run.h - a run under way, new or resumed. Private to experiment/. */
#ifndef RH_EXPERIMENT_RUN_H
#define RH_EXPERIMENT_RUN_H

#include "experiment/estimate.h"
#include "experiment/experiment.h"
#include "experiment/forecast.h"
#include "experiment/schedule.h"
#include "measure/cpu_time.h"

/* Zero-initialise, set the first three, fill manifest and tapes, then rh_run_prepare. */
struct rh_run {
    const struct rh_plan *plan;
    const struct rh_experiment_options *options;
    struct rh_error *error; /* never NULL */
    struct rh_manifest manifest;
    char **tapes; /* one path a trace */
    struct rh_result_writer *writer;
    uint64_t earlier_ns; /* of a resumed run: what its clock showed when it was taken up again */

    /* Made by rh_run_prepare. */
    uint64_t memory_bytes; /* asked once: whether a tape is read in windows is the same for all */
    bool (*plays)[RH_PASSES];
    bool *plays_programs; /* per allocator */
    bool *has_floor;      /* per program */
    uint64_t *outputs;    /* per program: hash of the baseline's output; 0: not known yet */
    struct rh_schedule schedule;
    struct rh_forecast forecast;
    struct rh_estimate estimate;
    bool *done;                      /* per cell: its sample is in the result */
    uint8_t *time_outs;              /* per trace, allocator and pass */
    struct rh_result_sample *sample; /* the one at hand: too large for the stack */
    struct rh_latency *latency;      /* likewise, of a latency pass */
    struct rh_result_program_line line;
    uint64_t started_ns;
    struct rh_experiment_outcome outcome;
};

/* Lays out the schedule that the manifest and the plan ask for. */
int rh_run_prepare(struct rh_run *run);

/* Takes note of a sample that is in the result already. It must be the one that the schedule has at
 * its index. `took_ns`: until the next one began; UINT64_MAX: unknown. */
int rh_run_skip(struct rh_run *run, const struct rh_result_sample *sample, uint64_t took_ns);

int rh_run_skip_program(struct rh_run *run, const struct rh_result_program_line *line,
                        uint64_t took_ns);

/* Is this cell a run of a program? Then its number among the programs is the second. */
static inline bool rh_run_is_program(const struct rh_run *run, const struct rh_cell *cell) {
    return cell->trace >= run->manifest.trace_count;
}
static inline uint32_t rh_run_program_of(const struct rh_run *run, const struct rh_cell *cell) {
    return cell->trace - (uint32_t)run->manifest.trace_count;
}

/* ---- lay_out.c ---- */

/* Lays the schedule out, also again for the rounds that the manifest now has; what was laid out
 * stays its beginning. */
int rh_run_lay_out(struct rh_run *run);

/* ---- machine.c ---- */

/* What the machine has done so far, this process and its children included. */
struct rh_run_meter {
    struct rh_cpu_time all;
    uint64_t own_ns;
    bool known;
};
struct rh_run_meter rh_run_meter_read(void);
/* What it did between a reading and now. */
struct rh_result_machine rh_run_meter_since(const struct rh_run_meter *before);

/* ---- run_program.c ---- */

/* Plays a cell that is a program, and fills run->line but for its place in time. `given_up`: it has
 * timed out too often and is not played. */
int rh_run_program(struct rh_run *run, const struct rh_cell *cell, size_t index, bool given_up);
/* Takes note of a program's output, so that the others can be compared with it. */
void rh_run_note_output(struct rh_run *run, const struct rh_result_program_line *line);

/* ---- run_think.c ---- */

/* With what model a trace is thought over. */
struct rh_think_model rh_run_think_of(const struct rh_run *run, uint32_t trace);
/* Finds the rates of all traces that are to have one and have none yet, and writes them down. */
int rh_run_find_thinking(struct rh_run *run);
/* Takes over what was found before the run was interrupted. */
void rh_run_keep_thinking(struct rh_run *run, struct rh_manifest *before);

/* ---- budget.c ---- */

/* Of a run with a budget behind its warm-up round. */
struct rh_budget {
    uint64_t left_ns;            /* of the budget */
    uint64_t round_ns;           /* a round without memory passes */
    uint64_t memory_ns;          /* the memory passes of a round, the floors of programs included */
    uint64_t pass_ns[RH_PASSES]; /* likewise, of latency and system calls */
    uint64_t idle_ns;            /* once: what memory passes idle longer in the first round */
};
/* The most rounds that fit; 0: not even one does. */
uint32_t rh_budget_rounds(const struct rh_budget *budget, const struct rh_plan *plan);

/* Is the number of rounds still to be computed? */
static inline bool rh_run_is_open(const struct rh_run *run) {
    return run->manifest.rounds == 0;
}
/* Computes it and lays out the rest of the run. RH_ERR_LIMIT: the budget is too small. */
int rh_run_settle_rounds(struct rh_run *run);

/* The time since the run began, what it was interrupted for not counted. */
uint64_t rh_run_clock_ns(const struct rh_run *run, uint64_t now_ns);

/* ---- run.c ---- */

/* Plays every cell that is not done; needs the writer. */
int rh_run_play(struct rh_run *run);

/* Rewrites the manifest after rh_run_play, whose result goes in and whose failure comes out. */
int rh_run_close(struct rh_run *run, int result);

void rh_run_finish(struct rh_run *run);

#endif
