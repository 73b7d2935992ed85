/* worker.h - the parts of reheap-worker. */
#ifndef RH_REPLAY_WORKER_H
#define RH_REPLAY_WORKER_H

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>

#include "compile/tape.h"
#include "measure/counters.h"
#include "measure/resident.h"
#include "replay/checkpoints.h"
#include "replay/engine_internal.h"
#include "replay/job.h"
#include "replay/latency.h"

enum { RH_WORKER_EXIT_NO_JOB = 3 };

struct rh_worker {
    struct rh_shared *shared;
    int shared_fd;
    uint32_t cpus;
    const char *options[RH_SHARED_OPTIONS + 1];
    struct rh_tape tape;
    struct rh_player *players;
    const struct rh_allocator_ops *ops;
    void *ctx;
    struct rh_engine engine;
    struct rusage start_usage;
    struct rh_counters counters;
    struct rh_resident resident;
    struct rh_latency_clock latency_clock;
    struct rh_latency_pass *latency;
    struct rh_checkpoints checkpoints;
    uint64_t own_mappings; /* when the timed part began */
};

/* Writes how it ended, and ends the process. */
_Noreturn void rh_worker_end(struct rh_worker *worker, int end, const char *reason);
_Noreturn void rh_worker_end_error(struct rh_worker *worker, const struct rh_error *error);
void rh_worker_stage(struct rh_worker *worker, enum rh_stage stage);

/* The operations that the job names; ends the process where they cannot be used here. */
const struct rh_allocator_ops *rh_worker_find(struct rh_worker *worker);
/* Ends the process unless they lie in the library that was asked for. */
void rh_worker_verify(struct rh_worker *worker, const struct rh_allocator_ops *ops);
const char *rh_worker_text(const struct rh_worker *worker, uint32_t offset);

/* ---- inspect_worker.c ---- */

/* The whole job of an inspection. */
_Noreturn void rh_worker_inspect(struct rh_worker *worker);

/* ---- syscalls.c ---- */

/* From now on the parent is told of every call; ends the process where that cannot be. */
void rh_syscalls_watch(struct rh_worker *worker);
/* Between these two they count. */
void rh_syscalls_begin(struct rh_worker *worker);
void rh_syscalls_end(struct rh_worker *worker);

/* ---- pass.c: what a pass does where. `user` is the worker. ---- */

/* What takes long and needs no tape. */
void rh_pass_prepare(struct rh_worker *worker);
/* Opens what will be read. */
void rh_pass_open(struct rh_worker *worker);
/* Before the first op. */
void rh_pass_baseline(struct rh_worker *worker);
/* The timed part begins. */
void rh_pass_start(void *user);
/* All threads stand at a mark. */
void rh_pass_mark(void *user, uint64_t mark);
/* Every op is done. */
void rh_pass_end(struct rh_worker *worker);
/* Everything is freed. */
void rh_pass_idle(struct rh_worker *worker);

#endif
