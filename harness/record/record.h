/* record.h - runs a command under the preload library and turns what it leaves into traces.
 *
 * The recorder writes raw events of each process into a spool (record/spool.h): shared file
 * mappings that are complete even when the process is killed. When the command is over, each
 * process's spool becomes a trace. */
#ifndef RH_RECORD_RECORD_H
#define RH_RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "trace/trace.h"

enum rh_record_times {
    RH_RECORD_TIMES_FULL = 0, /* to 10 ns */
    RH_RECORD_TIMES_COARSE,   /* to 1 us: smaller traces */
    RH_RECORD_TIMES_NONE,     /* the order only */
};

/* Zero-initialise: zero and NULL are the defaults. */
struct rh_record_options {
    /* The main process's trace, or the directory of them all, which is there, or has a slash at its
     * end and is made then; NULL: PROGRAM.rht in the working directory. Further processes:
     * PROGRAM.PID.rht in the same directory. */
    const char *output;
    bool no_children;    /* record the main process only; its children run without the library */
    const char *library; /* libreheap-record.so; NULL: the one beside this program, or the installed
                            one */
    enum rh_record_times times;
    /* Told (may be NULL) when the command is over and process `pid`, which it left behind, is
     * waited for. */
    void (*waiting)(void *context, uint64_t pid);
    void *context;
};

/* One trace that was written. Strings are owned by the outcome. */
struct rh_record_trace {
    char *path;
    char *program; /* what was started */
    uint64_t pid;
    struct rh_trace_summary summary; /* events, threads, peak_live_bytes, ... */
    uint64_t unknown_frees;
    uint64_t drops;         /* events known to be lost; 0 unless the disk was full */
    uint64_t usable_calls;  /* malloc_usable_size */
    uint64_t stalls;        /* waits of 1 ms or more for the recorder */
    uint64_t look_ns;       /* what it took to count the resident pages of large blocks */
    uint64_t looks_skipped; /* blocks where that would have cost too much */
    uint64_t duration_ns;   /* of the recorded process */
    uint64_t raw_bytes;     /* of its spool */
    char *note;             /* why the recording ended early; NULL: it did not */
};

struct rh_record_outcome {
    int wait_status;                /* of the command, as from waitpid */
    struct rh_record_trace *traces; /* [0] is the command's own process (the last program that it
                                       executed); then by start */
    size_t count;                   /* at least 1 when rh_record succeeded */
    size_t running_count;           /* rh_record_finish: processes that still run; theirs is left */
    size_t unbegun_count;           /* processes whose spool had no room for a first event */
    double cost_ns; /* of recording one event on this machine, measured after the run; 0: unknown */
};

/* Runs `command` (NULL-terminated; command[0] is searched in PATH) with this process's standard
 * streams, waits for it and for the recorded processes that it leaves running (until SIGINT or
 * SIGTERM: then what they did so far is their trace), and writes the traces. Terminal signals go to
 * the command; SIGTERM and SIGHUP are handed on to it.
 *
 * A command that fails or dies is no error here: see wait_status. Errors: the command cannot be
 * started, or cannot be recorded (statically linked, setuid: RH_ERR_INVALID), or left no events
 * (RH_ERR_MISSING), or a trace could not be written. */
int rh_record(const struct rh_record_options *options, char *const *command, struct rh_error *error,
              struct rh_record_outcome *ret_outcome);

/* For programs that are started elsewhere, as services are: makes the spool `directory` if need be,
 * and adds the lines "NAME=value" that their environment must have. */
int rh_record_environment(const struct rh_record_options *options, const char *directory,
                          struct rh_error *error, struct rh_text *ret_lines);

/* Turns the spools in `directory` of processes that have ended into traces, as rh_record does: left
 * by services, or by a launcher that was killed. There is no process of the command's own: all
 * traces are PROGRAM.PID.rht, beside options->output (which may be "FOLDER/"). */
int rh_record_finish(const struct rh_record_options *options, const char *directory,
                     struct rh_error *error, struct rh_record_outcome *ret_outcome);

/* Frees what the outcome owns; accepts a zeroed one. */
void rh_record_outcome_finish(struct rh_record_outcome *outcome);

/* The exit status as a shell gives it: 128 + n for death by signal n. */
int rh_record_exit_status(int wait_status);

#endif
