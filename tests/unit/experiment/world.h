/* world.h - made-up traces, libraries and workers, so that whole runs are played without a process.
 */
#ifndef RH_TEST_WORLD_H
#define RH_TEST_WORLD_H

#include "experiment/experiment.h"

/* What the made-up worker does, and what was asked of it. world_reset zeroes it. */
struct world {
    int jobs;
    int interrupt_at;         /* the job during which the user interrupts; 0: never */
    int no_worker_at;         /* the job for which no worker can be started; 0: never */
    const char *crash;        /* the allocator that crashes; NULL: none */
    const char *hang;         /* the allocator that times out; NULL: none */
    const char *missing;      /* the allocator that is not installed; NULL: none */
    const char *hash;         /* of every trace; NULL: the usual one */
    uint32_t marks;           /* of each memory pass */
    int sleep_ms;             /* what each worker takes at least */
    int programs;             /* runs of programs */
    int interrupt_program_at; /* the run during which the user interrupts; 0: never */
    const char *liar; /* the library under which programs write another output; NULL: none */
    const char *library_suffix; /* of the libraries of programs; NULL: none */
    size_t warnings;            /* findings that the run told before its first worker */
    int progress_calls, last_done;
    uint64_t cpu_ns; /* that the program of a.rht took; that of b.rht took as much again */
    /* Sees each job; NULL: nobody. */
    void (*watch)(const struct rh_job *job);
    struct rh_job last;
};

extern struct world world;

/* Makes a directory with traces a.rht, b.rht and bad.rht; world_tear_down takes it away. */
int world_set_up(void **state);
int world_tear_down(void **state);
int world_reset(void **state);

/* "DIRECTORY/NAME" in a buffer of the caller's. */
enum { WORLD_PATH_BYTES = 128 };
void world_path(char ret_path[WORLD_PATH_BYTES], const char *name);
/* A path for a result, another one with every call. */
void world_new_result(char ret_path[WORLD_PATH_BYTES]);

/* Two allocators beside glibc; four rounds, one of them with a memory pass; `traces` as in YAML. */
struct rh_plan *world_plan(const char *traces);
/* Workers of that plan: per trace five rounds with glibc twice, x, y, null and bump, and one memory
 * round without bump. */
enum { WORLD_CELLS_A_TRACE = 5 * 6 + 5 };

int world_run(const char *path, const struct rh_plan *plan, struct rh_error *error,
              struct rh_experiment_outcome *ret_outcome);
int world_resume(const char *path, struct rh_error *error,
                 struct rh_experiment_outcome *ret_outcome);

/* CPU time that every worker takes, and of those that think with so many lines a ms. */
enum { WORLD_PLAIN_NS = 1000000, WORLD_LINE_NS = 500 };

extern const struct rh_experiment_seams world_seams;

/* Loads a result that must be readable. */
struct rh_result *world_load(const char *path);

#endif
