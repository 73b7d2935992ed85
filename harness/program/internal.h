/* internal.h - shared by the files of program/. */
#ifndef RH_PROGRAM_INTERNAL_H
#define RH_PROGRAM_INTERNAL_H

#include "base/text.h"
#include "program/program.h"

/* The files of one run, in a directory of their own. */
struct rh_program_files {
    char directory[64];
    char job[96], report[96], output[96], errors[96], witness[96], log[96];
};

int rh_program_files_init(struct rh_program_files *files, struct rh_error *error);
void rh_program_files_finish(struct rh_program_files *files);

/* A file that came with reheap: beside it, in the build tree, or where it was installed. */
int rh_program_find(const char *name, struct rh_error *error, char *ret_path, size_t bytes);

/* ---- spawn.c ---- */

/* Starts a command in a process group and a directory of its own, waits, and kills the group at the
 * time limit or on interruption. Streams are paths. *ret_status as from waitpid. */
struct rh_program_spawn {
    char *const *words;
    char *const *environment;
    const char *directory, *input, *output;
    uint64_t time_limit_ns;
    bool timed_out; /* out */
    int status;     /* out, as from waitpid */
};
int rh_program_spawn(struct rh_program_spawn *spawn, const volatile bool *interrupted,
                     struct rh_error *error);

/* ---- judge.c ---- */

/* Fills the sample from what the run left behind. */
int rh_program_judge(const struct rh_program_job *job, const struct rh_program_files *files,
                     const struct rh_program_spawn *spawn, struct rh_error *error,
                     struct rh_program_sample *sample);
/* An end other than measured, with a sentence. */
void rh_program_end(struct rh_program_sample *sample, enum rh_sample_end end, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

/* ---- proof.c ---- */

/* Who owned malloc in the process `pid`, by what the witness wrote. */
void rh_program_prove(const struct rh_program_job *job, const char *witness, uint64_t pid,
                      struct rh_program_sample *sample);

#endif
