/* inspect_worker.c - a worker that looks at an allocator instead of timing it. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "allocator/registry.h"
#include "replay/worker.h"

static void describe(struct rh_worker *worker, const struct rh_allocator_ops *ops) {
    struct rh_inspection *inspection = &worker->shared->inspection;
    struct rh_allocator_config config = {.options = worker->options};
    char reason[RH_SAMPLE_REASON_BYTES];
    void *ctx;
    inspection->flags = ops->flags;
    const char *version = ops->version();
    snprintf(inspection->version, sizeof(inspection->version), "%s",
             version != NULL ? version : "");
    rh_worker_stage(worker, RH_STAGE_CREATING);
    if (ops->create(&config, &ctx, reason, sizeof(reason)) != 0)
        rh_worker_end(worker, RH_SAMPLE_FAILED, reason);
    ops->thread_init(ctx);
    inspection->capabilities = rh_registry_capabilities(ops, ctx);
    ops->thread_fini(ctx);
    ops->destroy(ctx);
}

/* A library that takes its address space when it is loaded is out of a limit's reach by the time
 * that the check sets one. So this process becomes itself again with a limit that is there first.
 * Where the library does not load under it, the first answer stands: the check has written it. */
static void start_again_under_limit(struct rh_worker *worker) {
    static const size_t room_bytes = (size_t)512 << 20;
    struct rlimit limit;
    char number[16];
    char program[] = "reheap-worker";
    char *arguments[] = {program, number, NULL};
    if (worker->shared->limited || getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_max < room_bytes)
        return;
    snprintf(number, sizeof(number), "%d", worker->shared_fd);
    limit.rlim_cur = room_bytes;
    worker->shared->limited = 1;
    if (setrlimit(RLIMIT_AS, &limit) == 0)
        execv("/proc/self/exe", arguments);
}

static void check(struct rh_worker *worker, const struct rh_allocator_ops *ops, const char *name) {
    const struct rh_shared *shared = worker->shared;
    const struct rh_conformance_check *found = rh_conformance_find(name);
    struct rh_allocator_config config = {.options = worker->options};
    if (found == NULL || (ops->flags & (RH_ALLOCATOR_UNTOUCHABLE | RH_ALLOCATOR_WRAPPER)) != 0)
        rh_worker_end(worker, RH_SAMPLE_FAILED,
                      found == NULL ? "there is no such check"
                                    : "its memory cannot be touched, so there is nothing to check");
    struct rh_conformance_setup setup = {
        .ops = ops,
        .config = &config,
        .library = rh_worker_text(worker, shared->library),
        .seed = shared->seed,
        .random_ops = shared->random_ops,
    };
    rh_worker_stage(worker, RH_STAGE_CHECKING);
    struct rh_conformance_result *result = &worker->shared->inspection.conformance;
    rh_conformance_run(found, &setup, result);
    if (strcmp(name, "memory-limit") == 0 && result->outcome == RH_CONFORMANCE_NOT_APPLICABLE)
        start_again_under_limit(worker);
}

_Noreturn void rh_worker_inspect(struct rh_worker *worker) {
    const char *name = rh_worker_text(worker, worker->shared->check);
    /* Ownership is a check of its own: what another library owns is what it tells. */
    bool tells_ownership = strcmp(name, "ownership") == 0;
    char reason[RH_SAMPLE_REASON_BYTES];
    const struct rh_allocator_ops *ops =
        tells_ownership ? rh_registry_find(rh_worker_text(worker, worker->shared->allocator),
                                           reason, sizeof(reason))
                        : rh_worker_find(worker);
    if (ops == NULL)
        rh_worker_end(worker, RH_SAMPLE_NOT_LOADED, reason);
    if (!tells_ownership)
        rh_worker_verify(worker, ops);
    if (name[0] == '\0')
        describe(worker, ops);
    else
        check(worker, ops, name);
    rh_worker_end(worker, RH_SAMPLE_MEASURED, "");
}
