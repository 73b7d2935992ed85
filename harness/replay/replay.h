/* replay.h - the parent side of one sample: a job for a worker, a fresh process, what it measured.
 */
#ifndef RH_REPLAY_REPLAY_H
#define RH_REPLAY_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "result/sample.h"
#include "result/think.h"

/* What one worker is to do. Strings belong to the caller. */
struct rh_job {
    const char *tape;               /* path of the tape */
    const char *allocator;          /* "glibc", "preload:PATH" ... (allocator/registry.h) */
    bool checked;                   /* wrap it in `checked` */
    const char *const *options;     /* NULL-terminated "name=value" for the allocator; NULL: none */
    const char *const *environment; /* NULL-terminated "NAME=value" for the process; NULL: none */
    uint64_t memory_bytes; /* there are for the tape, which is read in windows where it is large
                              against them; 0: what is available when the worker starts */
    enum rh_pass pass;
    enum rh_touch touch;
    bool counts_live; /* measure the peak of live bytes, at the price of time (memory: always) */
    double pace;      /* as in course.h; the tape was compiled for it */
    struct rh_think_model think;        /* likewise */
    const char *cpus;                   /* "0-1,3"; NULL: all that the parent has */
    uint64_t time_limit_ns;             /* 0: none */
    uint64_t environment_padding_bytes; /* length of the random environment variable, 0-4095 */
    uint64_t sample_seed;               /* latency pass: which operations are timed */
    struct rh_latency *latency;         /* output: what a latency pass measured; NULL: not wanted */
    bool splits;                        /* memory pass: split the resident bytes at some marks */
    const char *under; /* start the worker under this tool of rh_replay_tools, which has the
                          terminal; NULL: none */
    bool quick_idle; /* memory pass: do not idle for seconds after everything was freed (0 and 0.1 s
                        only) */
};

/* What a worker can be started under, NULL-terminated. */
const char *const *rh_replay_tools(void);

/* Runs one worker and waits for it. Returns 0 whenever there is a sample, however it ended (also
 * when the library is missing: NOT_LOADED); negative only when no worker could be started at all
 * (RH_ERR_MISSING: the tool is not installed),
 * or on interruption (RH_ERR_INTERRUPTED when *interrupted becomes true; the worker is then
 * killed). */
int rh_replay(const struct rh_job *job, const volatile bool *interrupted, struct rh_error *error,
              struct rh_sample *ret_sample);

#endif
