/* threads.c - random runs in the checked wrapper, alone and with others, and threads that come and
 * go. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "allocator/builtins.h"
#include "allocator/checked/judge.h"
#include "allocator/complete.h"
#include "allocator/conformance/trial.h"
#include "allocator/reason.h"

enum { CELLS = 4096, CELLS_A_THREAD = 1024, THREADS_MOST = 64, STORMS = 24 };

/* A block changes hands here: whoever comes next may be another thread. */
struct cell {
    pthread_mutex_t lock;
    struct rh_block block;
};

struct crowd {
    const struct rh_allocator_ops *checked;
    void *ctx;
    struct rh_conformance_result *result;
    atomic_uint_fast64_t operations;
    size_t cell_count;
    struct cell cells[CELLS];
};

struct member {
    struct crowd *crowd;
    pthread_t thread;
    uint64_t seed, ops;
};

static struct crowd crowd;

/* Around the allocator: its length counts here, not its usable size, which has its own check. */
static bool open_crowd(const struct rh_conformance_setup *setup,
                       struct rh_conformance_result *result, size_t thread_count) {
    static const char *const options[] = {"usable=no", NULL};
    struct rh_allocator_config config = {
        .options = options, .inner = setup->ops, .inner_config = setup->config};
    char reason[256] = "";
    result->seed = setup->seed;
    crowd.checked = rh_complete(&rh_allocator_checked, reason, sizeof(reason));
    crowd.result = result;
    crowd.cell_count =
        thread_count * CELLS_A_THREAD < CELLS ? thread_count * CELLS_A_THREAD : CELLS;
    atomic_store(&crowd.operations, 0);
    if (crowd.checked == NULL ||
        crowd.checked->create(&config, &crowd.ctx, reason, sizeof(reason)) != 0) {
        result->outcome = RH_CONFORMANCE_FAIL;
        snprintf(result->reason, sizeof(result->reason), "create: %s", reason);
        return false;
    }
    for (size_t i = 0; i < CELLS; i++) {
        pthread_mutex_init(&crowd.cells[i].lock, NULL);
        crowd.cells[i].block.ptr = NULL;
    }
    return true;
}

/* With all threads at rest. */
static void look(struct rh_conformance_result *result) {
    char reason[sizeof(result->reason)] = "";
    if (crowd.checked->check(crowd.ctx, reason, sizeof(reason)) == 0)
        return;
    result->outcome = RH_CONFORMANCE_FAIL;
    snprintf(result->reason, sizeof(result->reason), "%s", reason);
    const struct rh_checked *checked = crowd.ctx;
    if (rh_checked_is_broken(checked))
        result->operation = checked->violating_call;
}

static void close_crowd(void) {
    struct rh_conformance_result *result = crowd.result;
    look(result);
    for (size_t i = 0; i < CELLS; i++) {
        struct rh_block *block = &crowd.cells[i].block;
        if (block->ptr != NULL)
            crowd.checked->free(crowd.ctx, block->ptr, block->len, block->align);
        pthread_mutex_destroy(&crowd.cells[i].lock);
    }
    if (result->outcome == RH_CONFORMANCE_UNFINISHED)
        look(result);
    if (result->outcome == RH_CONFORMANCE_UNFINISHED)
        result->outcome = RH_CONFORMANCE_PASS;
    crowd.checked->destroy(crowd.ctx);
}

static void take(struct rh_trial *run, struct rh_block *block) {
    block->len = rh_trial_below(run, 50) == 0 ? 0 : rh_trial_length(run);
    block->align = rh_trial_below(run, 4) == 0 ? (size_t)1 << rh_trial_below(run, 13) : 1;
    block->ptr = rh_trial_below(run, 8) == 0
                     ? run->ops->alloc_zeroed(run->ctx, block->len, block->align)
                     : run->ops->alloc(run->ctx, block->len, block->align);
}

static void change(struct rh_trial *run, struct rh_block *block) {
    size_t new_len = rh_trial_length(run);
    if (rh_trial_below(run, 3) == 0) {
        if (block->len > 0 &&
            run->ops->resize(run->ctx, block->ptr, block->len, block->align, new_len))
            block->len = new_len;
        return;
    }
    void *ptr = run->ops->remap(run->ctx, block->ptr, block->len, block->align, new_len);
    if (ptr == NULL)
        return;
    block->ptr = ptr;
    block->len = new_len;
}

static void play_cell(struct rh_trial *run, struct rh_block *block) {
    if (block->ptr == NULL) {
        take(run, block);
    } else if (rh_trial_below(run, 5) == 0) {
        change(run, block);
    } else {
        run->ops->free(run->ctx, block->ptr, block->len, block->align);
        block->ptr = NULL;
    }
}

/* Counts now and then, so that it costs nothing; false after a violation. */
static bool goes_on(const struct member *member, uint64_t done) {
    enum { STEP = 256 };
    if (done % STEP != 0)
        return true;
    uint64_t all = atomic_fetch_add(&member->crowd->operations, STEP) + STEP;
    __atomic_store_n(&member->crowd->result->operation, all, __ATOMIC_RELAXED);
    return !rh_checked_is_broken(member->crowd->ctx);
}

static void *play(void *argument) {
    struct member *member = argument;
    struct crowd *all = member->crowd;
    struct rh_trial run = {.ops = all->checked, .ctx = all->ctx, .random = member->seed};
    run.ops->thread_init(run.ctx);
    for (uint64_t i = 0; i < member->ops && goes_on(member, i); i++) {
        struct cell *cell = &all->cells[rh_trial_below(&run, all->cell_count)];
        pthread_mutex_lock(&cell->lock);
        play_cell(&run, &cell->block);
        pthread_mutex_unlock(&cell->lock);
    }
    run.ops->thread_fini(run.ctx);
    return NULL;
}

/* False: the system gives no thread. */
static bool play_together(size_t thread_count, uint64_t ops, uint64_t seed) {
    struct member members[THREADS_MOST];
    size_t started = 0;
    rh_require(thread_count <= THREADS_MOST);
    for (; started < thread_count; started++) {
        members[started] = (struct member){
            .crowd = &crowd, .ops = ops / thread_count, .seed = seed * THREADS_MOST + started};
        if (pthread_create(&members[started].thread, NULL, play, &members[started]) != 0)
            break;
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(members[i].thread, NULL);
    return started == thread_count;
}

static void no_thread(struct rh_conformance_result *result) {
    result->outcome = RH_CONFORMANCE_FAIL;
    snprintf(result->reason, sizeof(result->reason), "the system gives no thread");
}

static void random_run(const struct rh_conformance_setup *setup,
                       struct rh_conformance_result *result, size_t thread_count) {
    if (!open_crowd(setup, result, thread_count))
        return;
    uint64_t ops = setup->random_ops > 0 ? setup->random_ops : RH_CONFORMANCE_RANDOM_OPS;
    if (!play_together(thread_count, ops, setup->seed))
        no_thread(result);
    close_crowd();
}

void rh_check_random_1(const struct rh_conformance_setup *setup,
                       struct rh_conformance_result *result) {
    random_run(setup, result, 1);
}

void rh_check_random_2(const struct rh_conformance_setup *setup,
                       struct rh_conformance_result *result) {
    random_run(setup, result, 2);
}

void rh_check_random_8(const struct rh_conformance_setup *setup,
                       struct rh_conformance_result *result) {
    random_run(setup, result, 8);
}

/* Threads that live for a few calls only, and leave blocks behind that others release. */
void rh_check_thread_storm(const struct rh_conformance_setup *setup,
                           struct rh_conformance_result *result) {
    enum { THREADS = 32, OPS = 60 };
    if (!open_crowd(setup, result, 1))
        return;
    for (uint64_t storm = 0; storm < STORMS; storm++)
        if (!play_together(THREADS, THREADS * OPS, setup->seed + storm)) {
            no_thread(result);
            break;
        }
    close_crowd();
}
