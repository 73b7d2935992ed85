/* plan.h - what a run is to do: which allocators, which traces, how often, and how.
 *
 * A plan comes from YAML (rh_plan_load) or from a command line (rh_plan_create, then the adders,
 * then rh_plan_complete): the same checks hold for both. Untrusted input: everything is bounded.
 * The keys of the file are in docs/plan-format.md. */
#ifndef RH_PLAN_PLAN_H
#define RH_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "result/course.h"
#include "result/sample.h"

enum {
    RH_PLAN_FILE_BYTES_MOST = 256 * 1024,
    RH_PLAN_ALLOCATORS_MOST = 64, /* after list values have become variants */
    RH_PLAN_TRACES_MOST = 256,
    RH_PLAN_PROGRAMS_MOST = 64, /* after parameters have become variants */
    RH_PLAN_WORDS_MOST = 1024,
    RH_PLAN_SETTINGS_MOST = 64, /* options and environment variables of one allocator */
    RH_PLAN_ROUNDS_MOST = 1000,
    RH_PLAN_LABEL_BYTES_MOST = 63,
};

/* X(NAME, text, rounds, memory_rounds) - the sizes of a run that have a name. Nine memory rounds
 * are the fewest that resolve anything among a dozen allocators (2^(1-9) <= 5 % / 12); the three of
 * a quick run show sizes, and their ratios stay unresolved. */
#define RH_PLAN_SIZE_MAP(X)                                                                        \
    X(QUICK, "quick", 10, 3)                                                                       \
    X(DEFAULT, "default", 20, 9)                                                                   \
    X(RIGOROUS, "rigorous", 40, 10)

/* One row of the tables to come. Strings are owned by the plan. */
struct rh_plan_allocator {
    char *name;         /* "glibc", "preload:PATH" ... (allocator/registry.h) */
    char *label;        /* unique in the plan */
    char **options;     /* NULL-terminated "name=value"; NULL: none */
    char **environment; /* NULL-terminated "NAME=value"; NULL: none */
    char *sweep;        /* of a variant: the label without its values; else NULL */
    char *setting;      /* of a variant: its values, as in the label */
};

struct rh_plan_trace {
    char *name; /* unique in the plan: the file's name without ".rht", unless it was given one */
    char *path;
};

/* A real program that is run under each allocator. Strings are owned by the plan; NULL: not given.
 */
struct rh_plan_program {
    char *name;         /* unique in the plan */
    char **words;       /* the command, NULL-terminated; the first is searched in PATH */
    char *directory;    /* where it runs */
    char *input;        /* path of its standard input; NULL: nothing to read */
    char *prepare;      /* shell commands before and after each run, */
    char *cleanup;      /*   neither timed nor under the allocator */
    char *check;        /* "same": the output must be the baseline's; else a shell command that
                           reads the output */
    char **floor_words; /* a run of the same program that does nothing, whose peak is subtracted */
    char **environment; /* NULL-terminated "NAME=value" */
    char *trace_name;   /* the trace of the plan that recorded it */
    uint32_t status;    /* the exit status that is right */
    uint32_t trace;     /* index of that trace, RH_PLAN_NO_TRACE: none; set by rh_plan_complete */
};

#define RH_PLAN_NO_TRACE UINT32_MAX

struct rh_plan {
    char *path; /* of the YAML file; NULL: from a command line */
    char *text; /* its content, for the manifest; NULL likewise */
    char *title;
    struct rh_plan_allocator *allocators;
    size_t allocator_count, allocator_capacity;
    struct rh_plan_trace *traces;
    size_t trace_count, trace_capacity;
    struct rh_plan_program *programs;
    size_t program_count, program_capacity;
    char *baseline_label; /* as asked; NULL: glibc where it is in the plan, else the first */
    uint32_t baseline;    /* index into allocators; set by rh_plan_complete */
    uint32_t rounds;      /* counted ones; 0 until rh_plan_complete: the default */
    uint64_t budget_ns;   /* what the whole run may take; 0: no budget. With one, `rounds` stays 0:
                             it is computed behind the warm-up round */
    uint32_t
        memory_rounds; /* the first so many rounds also have a memory pass; 0: no memory pass */
    bool memory_rounds_set; /* false until rh_plan_complete: follows from `rounds` */
    bool passes[RH_PASSES];
    bool passes_set; /* false: throughput and memory */
    bool
        idle_long; /* memory pass: watch for seconds what is given back after everything is freed */
    enum rh_touch touch;
    struct rh_course course; /* order, pace, thinking */
    bool has_seed;
    uint64_t seed;
    char *cpus;             /* "0-1,3"; NULL: all */
    uint64_t time_limit_ns; /* for one worker */
};

/* An empty plan with the defaults. */
int rh_plan_create(struct rh_error *error, struct rh_plan **ret_plan);
/* Accepts NULL. */
void rh_plan_destroy(struct rh_plan *plan);

/* Copies the entry. A NULL label becomes the allocator's short name; "tbbmalloc" and "scudo" become
 * the libraries that Debian installs. Refuses names that nothing has, a label that is taken, the
 * floors (they are in every run) and more than RH_PLAN_ALLOCATORS_MOST. */
int rh_plan_add_allocator(struct rh_plan *plan, const struct rh_plan_allocator *entry,
                          struct rh_error *error);

/* Adds the trace at `path`, which must be a readable file; a NULL name becomes the file's name
 * without ".rht". A name that is taken is refused. */
int rh_plan_add_trace(struct rh_plan *plan, const char *path, const char *name,
                      struct rh_error *error);

/* Adds every file that matches; wildcards (* ? [) are for the last part of the path only. At least
 * one must match. */
int rh_plan_add_traces(struct rh_plan *plan, const char *pattern, struct rh_error *error);

/* Takes over the strings of `entry`, also on failure. The name must be free. */
int rh_plan_add_program(struct rh_plan *plan, struct rh_plan_program *entry,
                        struct rh_error *error);

/* Where the trace of a recipe of scripts/record-traces --large lies: in
 * $XDG_CACHE_HOME/reheap/traces or ~/.cache/reheap/traces. RH_ERR_MISSING, with the command that
 * records it, where there is none. The caller frees *ret_path with rh_free. */
int rh_plan_recipe_path(const char *recipe, struct rh_error *error, char **ret_path);

/* Settings from text, as in the file and on the command line. Errors say what would be accepted. */
int rh_plan_set_rounds(struct rh_plan *plan, const char *text, struct rh_error *error);
int rh_plan_set_seed(struct rh_plan *plan, const char *text, struct rh_error *error);
int rh_plan_set_touch(struct rh_plan *plan, const char *text, struct rh_error *error);
int rh_plan_set_order(struct rh_plan *plan, const char *text, struct rh_error *error);
int rh_plan_set_pace(struct rh_plan *plan, const char *text, struct rh_error *error);
int rh_plan_set_think(struct rh_plan *plan, const char *text, struct rh_error *error);
int rh_plan_set_cpus(struct rh_plan *plan, const char *text, struct rh_error *error);
int rh_plan_set_time_limit(struct rh_plan *plan, const char *text, struct rh_error *error);
/* In place of a number of rounds. */
int rh_plan_set_budget(struct rh_plan *plan, const char *text, struct rh_error *error);
int rh_plan_set_baseline(struct rh_plan *plan, const char *label, struct rh_error *error);
int rh_plan_add_pass(struct rh_plan *plan, const char *text, struct rh_error *error);

/* Changes the rounds of a complete plan, in place of a budget that it may have; memory rounds
 * follow, and never outnumber them. */
int rh_plan_override_rounds(struct rh_plan *plan, const char *text, struct rh_error *error);
/* Gives a complete plan a budget in place of its rounds. */
int rh_plan_override_budget(struct rh_plan *plan, const char *text, struct rh_error *error);

/* How many of so many rounds have a memory pass; at most all. */
uint32_t rh_plan_memory_rounds_of(const struct rh_plan *plan, uint32_t rounds);

/* How many of so many rounds, from the first, have this pass. Latency and system calls need only a
 * few, unless the plan measures no time: rare calls are gathered over all rounds, and counts hardly
 * differ. */
uint32_t rh_plan_pass_rounds_of(const struct rh_plan *plan, enum rh_pass pass, uint32_t rounds);

/* Finds the baseline among the allocators; also part of rh_plan_complete, but a command line is
 * better refused before the work that comes between. */
int rh_plan_find_baseline(struct rh_plan *plan, struct rh_error *error);

/* Fills what was left open (rounds, passes, baseline, title) and checks the whole. */
int rh_plan_complete(struct rh_plan *plan, struct rh_error *error);

/* Reads a plan: complete, checked. Paths in it are relative to its own directory. Errors name
 * FILE:LINE:COLUMN, and the nearest known key. */
int rh_plan_load(const char *path, struct rh_error *error, struct rh_plan **ret_plan);

/* As rh_plan_load, from `bytes` of text that is to be named `path`. */
int rh_plan_parse(const char *text, size_t bytes, const char *path, struct rh_error *error,
                  struct rh_plan **ret_plan);

#endif
