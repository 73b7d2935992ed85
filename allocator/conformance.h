/* conformance.h - does an allocator keep the contract? One suite for all of them: built-ins,
 * preloaded libraries and plugins.
 *
 * Each check makes an instance of its own and says pass, fail or not applicable. What a check found
 * is written as it goes, into memory that the caller may share with another process: if the
 * allocator crashes, the last operation is known. */
#ifndef REHEAP_CONFORMANCE_H
#define REHEAP_CONFORMANCE_H

#include "allocator/allocator.h"

enum rh_conformance_outcome {
    RH_CONFORMANCE_UNFINISHED, /* the process ended in the middle */
    RH_CONFORMANCE_PASS,
    RH_CONFORMANCE_FAIL,
    RH_CONFORMANCE_NOT_APPLICABLE,
};

/* One check's result: plain data of fixed size. */
struct rh_conformance_result {
    uint32_t outcome; /* enum rh_conformance_outcome */
    uint64_t seed;    /* with this and the name of the check the run is the same again */
    uint64_t
        operation;    /* the calls so far, of all threads; of the first violation where it fails */
    char reason[512]; /* a sentence: what was violated, what passed with a remark; "" */
};

struct rh_conformance_setup {
    const struct rh_allocator_ops *ops;       /* complete (registry.h) */
    const struct rh_allocator_config *config; /* for create; may be NULL */
    const char *library;                      /* as for rh_registry_verify */
    uint64_t seed;
    uint64_t random_ops; /* of each random run; 0: RH_CONFORMANCE_RANDOM_OPS */
};

#define RH_CONFORMANCE_RANDOM_OPS UINT64_C(1000000)

/* The checks, in the order in which they should run; ends with a NULL name. */
struct rh_conformance_check {
    const char *name;    /* [a-z0-9-]+ */
    const char *summary; /* what passes */
    void (*run)(const struct rh_conformance_setup *setup, struct rh_conformance_result *result);
};

const struct rh_conformance_check *rh_conformance_checks(void);

/* NULL: there is none of this name. */
const struct rh_conformance_check *rh_conformance_find(const char *name);

/* Runs one check in this process. *result is zeroed first. An allocator that breaks its contract
 * may take the process with it, so give each check a process. */
void rh_conformance_run(const struct rh_conformance_check *check,
                        const struct rh_conformance_setup *setup,
                        struct rh_conformance_result *result);

#endif
