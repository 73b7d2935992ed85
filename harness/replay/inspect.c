/* inspect.c - the parent side of an inspection: a job without a tape. */
#include "replay/inspect.h"

#include <stdio.h>
#include <string.h>

#include "allocator/registry.h"
#include "base/assert.h"
#include "replay/launch.h"

static int write_job(struct rh_launch *launch, const struct rh_inspection_job *job,
                     const struct rh_job *base, const char *library, struct rh_error *error) {
    rh_try(rh_launch_write_job(launch, base, library, error));
    struct rh_shared *shared = launch->shared;
    shared->inspects = 1;
    shared->seed = job->seed;
    shared->random_ops = job->random_ops;
    return rh_launch_add_text(launch, job->check != NULL ? job->check : "", error, &shared->check);
}

/* A check that the worker did not survive has failed, and where it was is known. */
static void judge_check(struct rh_inspection *inspection) {
    struct rh_conformance_result *check = &inspection->conformance;
    bool died = inspection->end == RH_SAMPLE_CRASHED || inspection->end == RH_SAMPLE_TIMED_OUT ||
                inspection->end == RH_SAMPLE_FAILED;
    if (!died || check->outcome != RH_CONFORMANCE_UNFINISHED)
        return;
    check->outcome = RH_CONFORMANCE_FAIL;
    snprintf(check->reason, sizeof(check->reason), "%s", inspection->reason);
}

static void take_answer(struct rh_launch *launch, const struct rh_inspection_job *job,
                        const struct rh_job *base, struct rh_inspection *ret_inspection) {
    struct rh_sample sample;
    rh_launch_judge(launch, base, &sample);
    *ret_inspection = launch->shared->inspection;
    ret_inspection->end = sample.end;
    snprintf(ret_inspection->reason, sizeof(ret_inspection->reason), "%s", sample.reason);
    snprintf(ret_inspection->object, sizeof(ret_inspection->object), "%s", sample.object);
    ret_inspection->version[RH_INSPECTION_VERSION_BYTES - 1] = '\0';
    ret_inspection->conformance.reason[sizeof(ret_inspection->conformance.reason) - 1] = '\0';
    if (job->check != NULL)
        judge_check(ret_inspection);
}

static int run(struct rh_launch *launch, const struct rh_inspection_job *job, const char *library,
               const volatile bool *interrupted, struct rh_error *error,
               struct rh_inspection *ret_inspection) {
    struct rh_job base = {
        .tape = "",
        .allocator = job->allocator,
        .options = job->options,
        .environment = job->environment,
        .time_limit_ns = job->time_limit_ns,
    };
    rh_try(rh_launch_open(launch, &base, error));
    rh_try(write_job(launch, job, &base, library, error));
    rh_try(rh_launch_make_environment(&base, library, error, &launch->environment));
    rh_try(rh_launch_start(launch, error));
    rh_try(rh_launch_watch(launch, NULL, job->time_limit_ns, interrupted, error));
    take_answer(launch, job, &base, ret_inspection);
    return 0;
}

int rh_inspect(const struct rh_inspection_job *job, const volatile bool *interrupted,
               struct rh_error *error, struct rh_inspection *ret_inspection) {
    rh_assert(job->allocator != NULL);
    char library[RH_SAMPLE_PATH_BYTES], reason[RH_SAMPLE_REASON_BYTES];
    if (rh_registry_locate(job->allocator, library, sizeof(library), reason, sizeof(reason)) != 0) {
        memset(ret_inspection, 0, sizeof(*ret_inspection));
        ret_inspection->end = RH_SAMPLE_NOT_LOADED;
        snprintf(ret_inspection->reason, sizeof(ret_inspection->reason), "%s", reason);
        return 0;
    }
    struct rh_launch launch = {
        .worker = rh_launch_worker_for(job->allocator),
        .shared_fd = -1,
        .log_fd = -1,
        .calls_fd = -1,
        .worker_calls_fd = -1,
    };
    int result = run(&launch, job, library, interrupted, error, ret_inspection);
    rh_launch_close(&launch);
    return result;
}
