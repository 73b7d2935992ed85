/* result.h - the result directory: a manifest, samples appended one JSON line each, series.
 *
 *   RESULT/manifest.json   host, versions, hashes, plan echo, allocators, traces, seed; written at
 *                          the start and rewritten (whole) at the end with "complete": true
 *   RESULT/samples.jsonl   one line a worker, appended and flushed as it ends
 *   RESULT/series.jsonl    what is long: the marks and splits of memory passes, the distributions
 * of latency passes; one line a sample, written before its sample
 *   RESULT/programs.jsonl  one line a run of a real program, where the plan has any
 *   RESULT/hyperfine/      what hyperfine wrote about each, INDEX.json, as it was
 *
 * docs/result-format.md is the reference. Only this module knows the JSON. */
#ifndef RH_RESULT_RESULT_H
#define RH_RESULT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "result/program_sample.h"
#include "result/sample.h"
#include "result/think.h"

/* Strings are owned by the result (rh_free); NULL where unknown. */
struct rh_result_allocator {
    char *label;       /* unique in the run, what tables show */
    char *name;        /* "glibc", "preload:PATH" ... */
    char *kind;        /* "built-in", "preload", "plugin" */
    char *file;        /* the object that owns the functions */
    char *hash;        /* of that file */
    char *version;     /* as good as it is known ("2.36", soname), or NULL */
    char *unavailable; /* why it could not be used at all; NULL: it was */
    bool floor;        /* null, bump: shown, never ranked */
    char *sweep,
        *setting; /* of a variant: the entry that it came from, and its values; else NULL */
    char *program_library;     /* what is preloaded into programs, "" for glibc; NULL: none can be
                                  run under it, or there are none */
    char *program_unavailable; /* why no program is run under it; NULL: it is, or there are none */
    char **options;            /* "name=value", NULL-terminated; NULL: none */
    char **environment;        /* "NAME=value", NULL-terminated; NULL: none */
};

enum { RH_RESULT_CALLS = 11, RH_RESULT_SIZES = 64 };

struct rh_result_trace {
    char *name; /* unique in the run */
    char *path;
    char *hash; /* content hash, 16 hex digits */
    char *program;
    char *command;
    char *source;    /* "recorded", "synthetic:..." */
    char *allocator; /* the file that owned malloc when it was recorded */
    uint64_t events, ops, objects, threads, cross_thread_releases;
    uint64_t peak_live_bytes, allocated_bytes, duration_ns;
    uint64_t cpu_ns;             /* of the program, without what recording took; 0: unknown */
    struct rh_think_found think; /* where the plan says "auto" */
    /* Calls by kind, in the order of enum rh_event_kind up to USABLE; blocks by requested size, [n]
     * those from 2^n to below 2^(n+1), [0] also those of 0. Counts of 0: unknown. */
    uint64_t calls[RH_RESULT_CALLS], sizes[RH_RESULT_SIZES];
    uint32_t call_count, size_count; /* entries of the two */
};

/* A real program of the run. NULL: not given. */
struct rh_result_program {
    char *name;      /* unique in the run */
    char **words;    /* the command */
    char *directory; /* where it runs */
    char *input, *prepare, *cleanup, *check;
    char **floor_words; /* the command whose peak is subtracted */
    char **environment; /* "NAME=value" */
    uint32_t status;    /* the exit status that is right */
    uint32_t trace;     /* index of its trace, RH_RESULT_NO_TRACE: none */
    char *file, *hash;  /* the executable */
};

#define RH_RESULT_NO_TRACE UINT32_MAX

/* X(member, json key) - one line each about the machine. */
#define RH_HOST_MAP(X)                                                                             \
    X(cpu, "cpu")                                                                                  \
    X(cpus, "cpus")                                                                                \
    X(kernel, "kernel")                                                                            \
    X(libc, "libc")                                                                                \
    X(memory, "memory")                                                                            \
    X(governor, "governor")                                                                        \
    X(thp, "transparent_huge_pages")                                                               \
    X(overcommit, "overcommit")                                                                    \
    X(swap, "swap")                                                                                \
    X(virtualisation, "virtualisation")

struct rh_host {
#define X(member, key) char *member;
    RH_HOST_MAP(X)
#undef X
};

/* Fills what can be read from the system; never fails for a missing file. */
int rh_host_read(struct rh_error *error, struct rh_host *ret_host);
void rh_host_finish(struct rh_host *host);

/* X(NAME, text) - what a check of the machine says (reheap doctor). */
#define RH_FINDING_MAP(X)                                                                          \
    X(GOOD, "good")                                                                                \
    X(NOTE, "note")       /* changes what is measured, alike for all */                            \
    X(WARNING, "warning") /* disturbs the measuring */                                             \
    X(UNKNOWN, "unknown")

enum rh_finding {
#define X(name, text) RH_FINDING_##name,
    RH_FINDING_MAP(X)
#undef X
        RH_FINDINGS
};

struct rh_result_finding {
    char *name;
    char *value;
    uint32_t verdict; /* enum rh_finding */
    char *why;        /* it matters */
    char *fix;        /* a command, or what to do; NULL: nothing needs to or can be done */
};

/* "?" for a number that is none of them. */
const char *rh_finding_name(unsigned finding);
/* Frees the array and its strings; accepts NULL. */
void rh_result_findings_free(struct rh_result_finding *findings, size_t count);
/* As an array of JSON, as in the manifest; for a command that shows them. */
int rh_result_findings_json(const struct rh_result_finding *findings, size_t count,
                            struct rh_error *error, struct rh_text *ret_text);

struct rh_manifest {
    char *tool;     /* "reheap 0.1.0" */
    char *started;  /* ISO 8601, UTC */
    char *finished; /* NULL: the run did not come to its end */
    bool complete;
    char *title;                 /* the plan's title */
    char *plan_path, *plan_text; /* echo; NULL for a run without a plan */
    char *command;               /* how to run it again */
    uint64_t seed;
    uint32_t rounds;        /* counted rounds; round 0 is the warm-up, drawn, not counted. 0: with a
                               budget, and ended before they were computed */
    uint64_t budget_ns;     /* what the run was allowed to take; 0: no budget */
    uint32_t memory_rounds; /* rounds that also have a memory pass (rounds 1 ... n) */
    uint32_t latency_rounds;
    uint32_t syscall_rounds;
    uint32_t baseline;  /* index into allocators */
    char *touch;        /* name of the touch policy */
    char *order, *pace; /* as course.h writes them; NULL: unknown */
    char *think;        /* as think.h writes it; NULL: unknown */
    char *cpus_used;    /* NULL: all */
    struct rh_host host;
    struct rh_result_finding *findings; /* about the machine, before the first worker */
    size_t finding_count;
    struct rh_result_allocator *allocators;
    size_t allocator_count;
    struct rh_result_trace *traces;
    size_t trace_count;
    struct rh_result_program *programs;
    size_t program_count;
};

void rh_result_trace_finish(struct rh_result_trace *trace);
void rh_manifest_finish(struct rh_manifest *manifest);

/* What the whole machine did while a worker or a program ran; UINT64_MAX: not known. ns of CPU
 * time, summed over the CPUs, from /proc/stat in steps of 10 ms. */
struct rh_result_machine {
    uint64_t machine_busy_ns, machine_idle_ns, machine_steal_ns;
    uint64_t own_cpu_ns; /* of the worker or program, of hyperfine and of reheap itself */
};

/* X(member) */
#define RH_MACHINE_FIGURES(X)                                                                      \
    X(machine_busy_ns)                                                                             \
    X(machine_idle_ns)                                                                             \
    X(machine_steal_ns)                                                                            \
    X(own_cpu_ns)

/* One line of samples.jsonl. */
struct rh_result_sample {
    uint64_t index;      /* order in which it ran, from 0 */
    uint32_t round;      /* 0: warm-up */
    uint32_t trace;      /* index into traces */
    uint32_t allocator;  /* index into allocators */
    uint32_t copy;       /* 0; 1: the second run of the baseline in this round (A/A) */
    uint64_t started_ns; /* since the start of the run */
    uint64_t environment_padding_bytes;
    struct rh_result_machine machine;
    /* The distribution of a latency pass; NULL: none. Of a loaded result, owned by it; else by the
     * caller. */
    struct rh_latency *latency;
    struct rh_sample sample;
};

/* X(NAME, text) */
#define RH_PROGRAM_RUN_MAP(X)                                                                      \
    X(WHOLE, "program")                                                                            \
    X(FLOOR, "floor") /* its floor command: what it takes to start */

enum rh_program_run {
#define X(name, text) RH_PROGRAM_##name,
    RH_PROGRAM_RUN_MAP(X)
#undef X
        RH_PROGRAM_RUNS
};

/* One line of programs.jsonl. */
struct rh_result_program_line {
    uint64_t index; /* of the same order as those of samples */
    uint32_t round, program, allocator, copy;
    uint32_t run; /* enum rh_program_run */
    uint64_t started_ns, environment_padding_bytes;
    struct rh_result_machine machine;
    struct rh_program_sample sample;
};

struct rh_result {
    struct rh_result_program_line *program_lines; /* in file order */
    size_t program_line_count;
    struct rh_manifest manifest;
    struct rh_result_sample *samples; /* in file order; marks are loaded */
    size_t sample_count;
    uint64_t damaged_lines; /* torn by an interruption; skipped and counted. Of `samples`, the marks
                               behind mark_count are not initialised. */
};

/* ---- writing ---- */

struct rh_result_writer;

/* Raised when a reader of the old format would misread the new one; a new key alone does not. */
enum { RH_RESULT_VERSION = 1 };

/* Bounds of what is written and read. */
enum {
    RH_RESULT_ALLOCATORS = 256,
    RH_RESULT_TRACES = 1024,
    RH_RESULT_PROGRAMS = 256,
    RH_RESULT_CELLS = 32768, /* traces x allocators */
    RH_RESULT_ROUNDS = 100000,
    RH_RESULT_SAMPLES = 1000000,
};

/* RH_ERR_INVALID: a result lies there, or a part of one. */
int rh_result_refuse_existing(const char *directory, struct rh_error *error);
/* Makes the directory (which must not hold a result) and writes the manifest. */
int rh_result_writer_create(const char *directory, const struct rh_manifest *manifest,
                            struct rh_error *error, struct rh_result_writer **ret_writer);
/* Opens a result that was interrupted, to append to it: takes away what the interruption left of a
 * torn line, and marks whose sample never came. RH_ERR_INVALID: another run is writing there. */
int rh_result_writer_resume(const char *directory, struct rh_error *error,
                            struct rh_result_writer **ret_writer);
/* Appends and flushes: what was appended survives a kill of this process. */
int rh_result_writer_add(struct rh_result_writer *writer, const struct rh_result_sample *sample,
                         struct rh_error *error);
/* Likewise for a run of a program. */
int rh_result_writer_add_program(struct rh_result_writer *writer,
                                 const struct rh_result_program_line *line, struct rh_error *error);
/* Where hyperfine's own file of the run with this index lies; NULL: no memory. The caller frees it
 * with rh_free. */
char *rh_result_hyperfine_path(const char *directory, uint64_t index);
/* Rewrites the manifest, also while the run goes on (finished, complete, and what was learned about
 * allocators). */
int rh_result_writer_finish(struct rh_result_writer *writer, const struct rh_manifest *manifest,
                            struct rh_error *error);
void rh_result_writer_destroy(struct rh_result_writer *writer);

/* ---- reading ---- */

/* One sample as the JSON object of samples.jsonl (without index, round, trace ...), with its marks,
 * splits and distribution (NULL: none) where `series`; for a command that shows a single sample.
 * Appends to *ret_text, which the caller finishes. */
int rh_result_sample_json(const struct rh_sample *sample, const struct rh_latency *latency,
                          bool series, struct rh_error *error, struct rh_text *ret_text);

/* Loads a result directory; untrusted. Errors name file, line and key. */
int rh_result_load(const char *directory, struct rh_error *error, struct rh_result **ret_result);
void rh_result_destroy(struct rh_result *result);

#endif
