/* program.h - one run of a real program under an allocator, through hyperfine.
 *
 * hyperfine times a small launcher (reheap-launch), which preloads the library into the program
 * alone, waits for it and writes down what only the parent of a process can know. In the program a
 * second, tiny library (libreheap-witness.so) writes who owns malloc there: a row is what it says.
 */
#ifndef RH_PROGRAM_PROGRAM_H
#define RH_PROGRAM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "result/program_sample.h"

/* Strings belong to the caller; NULL: none, but for the first three, which are needed. */
struct rh_program_job {
    const char *const *words;      /* NULL-terminated; the first is searched in PATH */
    const char *directory;         /* where it runs */
    const char *library;           /* to preload: an absolute path; "": none, malloc is libc's */
    const char *input;             /* its standard input */
    const char *prepare, *cleanup; /* shell commands around it */
    const char *check;             /* a shell command that reads its output */
    const char *const *environment[2]; /* of the program and of the allocator, "NAME=value" */
    uint32_t status;                   /* the exit status that is right */
    uint64_t time_limit_ns;            /* 0: none */
    uint64_t padding_bytes;            /* length of the random environment variable */
    const char *json;                  /* where hyperfine's own file goes */
};

/* Runs it once and waits. 0 whenever there is a sample, however it ended; negative only when
 * nothing could be run at all (RH_ERR_MISSING: no hyperfine), or on interruption. */
int rh_program_run(const struct rh_program_job *job, const volatile bool *interrupted,
                   struct rh_error *error, struct rh_program_sample *ret_sample);

/* The library to preload into a program for the allocator `name`, or "" for glibc. 0, or -1 with
 * the reason why no program can be run under it. */
int rh_program_locate(const char *name, char *ret_path, size_t path_bytes, char *ret_reason,
                      size_t reason_bytes);

#endif
