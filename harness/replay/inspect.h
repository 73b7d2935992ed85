/* inspect.h - what an allocator is, found out in a worker: where its code lies, what it can do, and
 * whether it keeps the contract. */
#ifndef RH_REPLAY_INSPECT_H
#define RH_REPLAY_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "allocator/conformance.h"
#include "base/error.h"
#include "result/sample.h"

/* Strings belong to the caller. */
struct rh_inspection_job {
    const char *allocator;          /* as in struct rh_job */
    const char *const *options;     /* NULL-terminated "name=value"; NULL: none */
    const char *const *environment; /* NULL-terminated "NAME=value"; NULL: none */
    const char *check;              /* of the conformance suite; NULL: only describe */
    uint64_t seed;
    uint64_t random_ops;    /* 0: the suite's default */
    uint64_t time_limit_ns; /* 0: none */
};

enum { RH_INSPECTION_VERSION_BYTES = 64 };

/* Plain data: the worker fills it in memory that it shares. */
struct rh_inspection {
    uint32_t end;                              /* enum rh_sample_end; MEASURED: it answered */
    char reason[RH_SAMPLE_REASON_BYTES];       /* a sentence, unless it answered */
    char object[RH_SAMPLE_PATH_BYTES];         /* the file that holds its functions */
    char version[RH_INSPECTION_VERSION_BYTES]; /* as the library says; "": it does not */
    uint32_t flags;                            /* enum rh_allocator_flag */
    uint32_t capabilities;                     /* enum rh_capability */
    struct rh_conformance_result conformance;  /* of the check */
};

/* Inspects in one fresh worker. As rh_replay: 0 whenever there is an answer, however the worker
 * ended. A check during which the worker crashed or ran out of time has failed. */
int rh_inspect(const struct rh_inspection_job *job, const volatile bool *interrupted,
               struct rh_error *error, struct rh_inspection *ret_inspection);

#endif
