/* conformance.c - the list of the checks, and how one is run. */
#include "allocator/conformance.h"

#include <string.h>

#include "allocator/conformance/trial.h"
#include "allocator/reason.h"

/* A check on one instance, made before and given back after it. */
#define ON_INSTANCE(body)                                                                          \
    static void run_##body(const struct rh_conformance_setup *setup,                               \
                           struct rh_conformance_result *result) {                                 \
        struct rh_trial run;                                                                       \
        if (!rh_trial_open(&run, setup, result))                                                   \
            return;                                                                                \
        body(&run);                                                                                \
        rh_trial_close(&run);                                                                      \
    }

ON_INSTANCE(rh_check_overlap)
ON_INSTANCE(rh_check_alignment)
ON_INSTANCE(rh_check_zeroing)
ON_INSTANCE(rh_check_usable_size)
ON_INSTANCE(rh_check_resize)
ON_INSTANCE(rh_check_remap)
ON_INSTANCE(rh_check_free_sized)
ON_INSTANCE(rh_check_extremes)
ON_INSTANCE(rh_check_calloc_overflow)
ON_INSTANCE(rh_check_purge)

static const struct rh_conformance_check checks[] = {
    {"ownership", "every function lies in the library that was asked for", rh_check_ownership},
    {"overlap", "live blocks lie apart, on fresh and on used memory", run_rh_check_overlap},
    {"alignment", "blocks are aligned by every path, from 1 byte to 2 MiB", run_rh_check_alignment},
    {"zeroing", "alloc_zeroed gives zeroes on memory that was used before", run_rh_check_zeroing},
    {"usable-size", "a block may be written up to its usable size", run_rh_check_usable_size},
    {"resize", "resize keeps the content and the room it promises", run_rh_check_resize},
    {"remap", "remap keeps the content in both directions", run_rh_check_remap},
    {"free-sized", "sized free puts blocks where they belong", run_rh_check_free_sized},
    {"extremes", "length 0 is served, lengths beyond the machine are refused",
     run_rh_check_extremes},
    {"calloc-overflow", "calloc refuses a product that overflows", run_rh_check_calloc_overflow},
    {"purge", "purge leaves live blocks alone, the statistics count them", run_rh_check_purge},
    {"memory-limit", "want of memory is refused and damages nothing", rh_check_memory_limit},
    {"random-1-thread", "no overlap, content kept, over a random run", rh_check_random_1},
    {"random-2-threads", "the same with 2 threads that free each other's blocks",
     rh_check_random_2},
    {"random-8-threads", "the same with 8 threads", rh_check_random_8},
    {"thread-storm", "the same while threads start and exit", rh_check_thread_storm},
    {NULL, NULL, NULL},
};

const struct rh_conformance_check *rh_conformance_checks(void) {
    return checks;
}

const struct rh_conformance_check *rh_conformance_find(const char *name) {
    for (const struct rh_conformance_check *check = checks; check->name != NULL; check++)
        if (strcmp(check->name, name) == 0)
            return check;
    return NULL;
}

void rh_conformance_run(const struct rh_conformance_check *check,
                        const struct rh_conformance_setup *setup,
                        struct rh_conformance_result *result) {
    memset(result, 0, sizeof(*result));
    result->seed = setup->seed;
    rh_require((setup->ops->flags & (RH_ALLOCATOR_UNTOUCHABLE | RH_ALLOCATOR_WRAPPER)) == 0);
    check->run(setup, result);
}
