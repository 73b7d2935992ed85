/* replay.c - one sample: a fresh process, and what it left. */
#include "replay/replay.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "allocator/registry.h"
#include "base/assert.h"
#include "replay/launch.h"

int rh_launch_open(struct rh_launch *launch, const struct rh_job *job, struct rh_error *error) {
    launch->shared_fd = memfd_create("reheap-job", MFD_CLOEXEC);
    launch->log_fd = memfd_create("reheap-log", MFD_CLOEXEC);
    if (launch->shared_fd < 0 || launch->log_fd < 0)
        return rh_fail_errno(error, "memfd_create");
    launch->shared_bytes = sizeof(struct rh_shared);
    if (ftruncate(launch->shared_fd, (off_t)launch->shared_bytes) != 0)
        return rh_fail_errno(error, "cannot size the file that is shared with the worker");
    void *mapping =
        mmap(NULL, launch->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, launch->shared_fd, 0);
    if (mapping == MAP_FAILED)
        return rh_fail_errno(error, "cannot map the file that is shared with the worker");
    launch->shared = mapping;
    rh_sample_init(&launch->shared->sample, job->pass);
    return job->pass == RH_PASS_SYSCALLS ? rh_launch_open_calls(launch, error) : 0;
}

void rh_launch_close(struct rh_launch *launch) {
    if (launch->shared != NULL)
        munmap(launch->shared, launch->shared_bytes);
    rh_launch_close_calls(launch);
    if (launch->shared_fd >= 0)
        close(launch->shared_fd);
    if (launch->log_fd >= 0)
        close(launch->log_fd);
    rh_launch_free_environment(launch->environment);
}

/* The worker's process is another's code: what it left is bounded before anybody reads it. */
static void take_latency(const struct rh_launch *launch, struct rh_latency *ret_latency) {
    *ret_latency = launch->shared->latency;
    if (ret_latency->entry_count > RH_LATENCY_ENTRIES)
        ret_latency->entry_count = 0;
    if (ret_latency->exemplar_count > RH_LATENCY_EXEMPLARS)
        ret_latency->exemplar_count = 0;
}

static int run(struct rh_launch *launch, const struct rh_job *job, const char *library,
               const volatile bool *interrupted, struct rh_error *error,
               struct rh_sample *ret_sample) {
    rh_try(rh_launch_open(launch, job, error));
    rh_try(rh_launch_write_job(launch, job, library, error));
    rh_try(rh_launch_make_environment(job, library, error, &launch->environment));
    rh_try(rh_launch_start(launch, error));
    /* Under a debugger it may stand still. */
    const char *tape = job->under == NULL ? job->tape : NULL;
    rh_try(rh_launch_watch(launch, tape, job->time_limit_ns, interrupted, error));
    rh_launch_settle_calls(launch);
    rh_launch_judge(launch, job, ret_sample);
    if (job->latency != NULL)
        take_latency(launch, job->latency);
    return 0;
}

int rh_replay(const struct rh_job *job, const volatile bool *interrupted, struct rh_error *error,
              struct rh_sample *ret_sample) {
    rh_assert(job->tape != NULL && job->allocator != NULL);
    char library[RH_SAMPLE_PATH_BYTES], reason[RH_SAMPLE_REASON_BYTES];
    if (rh_registry_locate(job->allocator, library, sizeof(library), reason, sizeof(reason)) != 0) {
        rh_sample_init(ret_sample, job->pass);
        ret_sample->end = RH_SAMPLE_NOT_LOADED;
        snprintf(ret_sample->reason, sizeof(ret_sample->reason), "%s", reason);
        return 0;
    }
    struct rh_launch launch = {
        .worker = rh_launch_worker_for(job->allocator),
        .under = job->under,
        .library = library,
        .shared_fd = -1,
        .log_fd = -1,
        .calls_fd = -1,
        .worker_calls_fd = -1,
    };
    int result = run(&launch, job, library, interrupted, error, ret_sample);
    rh_launch_close(&launch);
    return result;
}
