/* worker.c - reheap-worker: plays one tape on one allocator in one pass, and ends.
 *
 * It links no JSON, YAML or compression, prints nothing, and allocates nothing from malloc: what
 * the process holds there is the allocator under test. Its only argument is the number of the
 * shared file. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocator/registry.h"
#include "base/assert.h"
#include "base/text.h"
#include "replay/worker.h"

/* The one worker of this process; signal handlers need it. */
static struct rh_worker the_worker;

void rh_worker_end(struct rh_worker *worker, int end, const char *reason) {
    struct rh_sample *sample = &worker->shared->sample;
    snprintf(sample->reason, sizeof(sample->reason), "%s", reason);
    sample->end = (uint32_t)end;
    _exit(0);
}

void rh_worker_end_error(struct rh_worker *worker, const struct rh_error *error) {
    rh_worker_end(worker, RH_SAMPLE_FAILED, error->message);
}

void rh_worker_stage(struct rh_worker *worker, enum rh_stage stage) {
    atomic_store(&worker->shared->stage, stage);
}

static _Noreturn void on_failure(void *user, int end, uint32_t thread, uint64_t op,
                                 const char *reason) {
    struct rh_worker *worker = user;
    char violation[RH_SAMPLE_REASON_BYTES];
    worker->shared->crashed_thread = thread + 1;
    worker->shared->sample.failed_op = op;
    /* The wrapper gives NULL, too, once it has seen a breach of the contract. */
    if (end == RH_SAMPLE_OUT_OF_MEMORY &&
        worker->ops->check(worker->ctx, violation, sizeof(violation)) != 0)
        rh_worker_end(worker, RH_SAMPLE_WRONG, violation);
    rh_worker_end(worker, end, reason);
}

/* ---- a crash ---- */

/* Notes which thread was at which op, and lets the signal come again without a handler. */
static void on_crash(int signal_number) {
    struct rh_worker *worker = &the_worker;
    struct rh_shared *shared = worker->shared;
    (void)signal_number; /* the parent learns it from the exit status */
    if (atomic_load(&shared->stage) != RH_STAGE_REPLAYING || shared->crashed_thread != 0)
        return;
    for (uint64_t i = 0; i < shared->player_count; i++) {
        const struct rh_player *player = &worker->players[i];
        if (player->at == NULL || !pthread_equal(player->handle, pthread_self()))
            continue;
        shared->crashed_thread = (uint32_t)i + 1;
        shared->crashed_op = rh_tape_kind(*player->at);
        shared->sample.failed_op = rh_player_op_number(player);
        return;
    }
}

static void catch_crashes(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
}

/* ---- the job ---- */

static void open_shared(struct rh_worker *worker, int fd) {
    struct rh_shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    struct stat status;
    if (shared == MAP_FAILED || fstat(fd, &status) != 0 ||
        status.st_size < (off_t)sizeof(*shared) || shared->version != RH_SHARED_VERSION)
        _exit(RH_WORKER_EXIT_NO_JOB);
    worker->shared = shared;
    worker->shared_fd = fd;
    shared->text[RH_SHARED_TEXT_BYTES - 1] = '\0';
}

const char *rh_worker_text(const struct rh_worker *worker, uint32_t offset) {
    rh_assert(offset < RH_SHARED_TEXT_BYTES);
    return worker->shared->text + offset;
}

static void read_options(struct rh_worker *worker) {
    const struct rh_shared *shared = worker->shared;
    rh_assert(shared->option_count <= RH_SHARED_OPTIONS);
    for (uint32_t i = 0; i < shared->option_count; i++)
        worker->options[i] = rh_worker_text(worker, shared->options[i]);
    worker->options[shared->option_count] = NULL;
}

static void die_with_parent(const struct rh_worker *worker) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    uint32_t parent_pid = worker->shared->parent_pid;
    if (parent_pid != 0 && (uint32_t)getppid() != parent_pid)
        _exit(RH_WORKER_EXIT_NO_JOB);
}

static void set_cpus(struct rh_worker *worker) {
    cpu_set_t set;
    bool any = false;
    CPU_ZERO(&set);
    for (size_t cpu = 0; cpu < RH_SHARED_CPU_WORDS * 64 && cpu < CPU_SETSIZE; cpu++)
        if (worker->shared->cpus[cpu / 64] >> (cpu % 64) & 1) {
            CPU_SET(cpu, &set);
            any = true;
        }
    struct rh_error error = {0};
    if (any && sched_setaffinity(0, sizeof(set), &set) != 0) {
        rh_fail_errno(&error, "the CPUs that were asked for cannot be used");
        rh_worker_end_error(worker, &error);
    }
    if (sched_getaffinity(0, sizeof(set), &set) != 0) {
        rh_fail_errno(&error, "the number of CPUs cannot be read");
        rh_worker_end_error(worker, &error);
    }
    worker->cpus = (uint32_t)CPU_COUNT(&set);
}

/* ---- the allocator ---- */

static const struct rh_allocator_ops *find_ops(struct rh_worker *worker, const char *name) {
    char reason[RH_SAMPLE_REASON_BYTES];
    const struct rh_allocator_ops *ops = rh_registry_find(name, reason, sizeof(reason));
    if (ops == NULL || ops->probe(reason, sizeof(reason)) != 0)
        rh_worker_end(worker, RH_SAMPLE_NOT_LOADED, reason);
    return ops;
}

const struct rh_allocator_ops *rh_worker_find(struct rh_worker *worker) {
    return find_ops(worker, rh_worker_text(worker, worker->shared->allocator));
}

/* A row is what it says: nothing is timed unless every function lies in the library that was asked
 * for. */
void rh_worker_verify(struct rh_worker *worker, const struct rh_allocator_ops *ops) {
    struct rh_sample *sample = &worker->shared->sample;
    char reason[RH_SAMPLE_REASON_BYTES];
    if (rh_registry_verify(ops, rh_worker_text(worker, worker->shared->library), sample->object,
                           sizeof(sample->object), reason, sizeof(reason)) != 0)
        rh_worker_end(worker, RH_SAMPLE_NOT_LOADED, reason);
}

static void create_allocator(struct rh_worker *worker) {
    const struct rh_allocator_ops *ops = rh_worker_find(worker);
    rh_worker_verify(worker, ops);
    struct rh_allocator_config config = {.options = worker->options};
    struct rh_allocator_config wrapper = {.inner = ops, .inner_config = &config};
    bool checked = worker->shared->checked != 0;
    worker->ops = checked ? find_ops(worker, "checked") : ops;
    char reason[RH_SAMPLE_REASON_BYTES];
    if (worker->ops->create(checked ? &wrapper : &config, &worker->ctx, reason, sizeof(reason)) !=
        0)
        rh_worker_end(worker, RH_SAMPLE_FAILED, reason);
    worker->ops->thread_init(worker->ctx);
}

/* ---- the tape and the engine ---- */

/* The players lie behind the job in the shared file, so that the parent can see them. */
static void share_players(struct rh_worker *worker) {
    uint64_t at = (sizeof(struct rh_shared) + 4095) / 4096 * 4096;
    uint64_t count = worker->tape.header->threads;
    uint64_t bytes = (count + 1) * sizeof(struct rh_player);
    struct rh_error error = {0};
    void *players = MAP_FAILED;
    if (ftruncate(worker->shared_fd, (off_t)(at + bytes)) == 0)
        players = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                       worker->shared_fd, (off_t)at);
    if (players == MAP_FAILED) {
        rh_fail_errno(&error, "no memory for %llu threads", (unsigned long long)count);
        rh_worker_end_error(worker, &error);
    }
    worker->players = players;
    worker->shared->players_at = at;
    worker->shared->player_count = count;
}

static void load_tape(struct rh_worker *worker) {
    struct rh_error error = {0};
    const char *path = rh_worker_text(worker, worker->shared->tape);
    uint64_t window_words = worker->shared->tape_window_words;
    int result = rh_tape_open(path, window_words == 0, &error, &worker->tape);
    if (result == 0) {
        worker->tape.window_words = window_words;
        result = rh_tape_check(&worker->tape, &error);
        if (result < 0)
            rh_error_prefix(&error, "%s", path);
    }
    if (result < 0)
        rh_worker_end_error(worker, &error);
    share_players(worker);
}

static void prepare_engine(struct rh_worker *worker) {
    struct rh_engine_setup setup = {
        .tape = &worker->tape,
        .ops = worker->ops,
        .ctx = worker->ctx,
        .touch = worker->shared->touch,
        .pace = worker->shared->pace,
        .think = worker->shared->think,
        .filled = worker->shared->checked != 0,
        .counts_live = worker->shared->counts_live != 0,
        .cpus = worker->cpus,
        .players = worker->players,
        .latency = worker->latency,
        .at_start = rh_pass_start,
        .at_mark = worker->shared->pass == RH_PASS_MEMORY ? rh_pass_mark : NULL,
        .on_failure = on_failure,
        .user = worker,
    };
    /* The wrapper fills whole blocks with patterns of its own. */
    if (worker->shared->checked)
        setup.touch = RH_TOUCH_NONE;
    struct rh_error error = {0};
    if (rh_engine_init(&worker->engine, &setup, &error) < 0)
        rh_worker_end_error(worker, &error);
}

/* ---- the course ---- */

static void close_and_check(struct rh_worker *worker) {
    struct rh_sample *sample = &worker->shared->sample;
    char reason[RH_SAMPLE_REASON_BYTES];
    uint64_t wrong = rh_engine_close(&worker->engine, &sample->checksum);
    if (wrong != 0) {
        snprintf(reason, sizeof(reason),
                 "%llu blocks that were live at the end had lost their content",
                 (unsigned long long)wrong);
        rh_worker_end(worker, RH_SAMPLE_WRONG, reason);
    }
    if (worker->ops->check(worker->ctx, reason, sizeof(reason)) != 0)
        rh_worker_end(worker, RH_SAMPLE_WRONG, reason);
}

static void work(struct rh_worker *worker) {
    rh_worker_stage(worker, RH_STAGE_LOADING);
    rh_pass_prepare(worker);
    load_tape(worker);
    rh_pass_open(worker);
    rh_worker_stage(worker, RH_STAGE_CREATING);
    create_allocator(worker);
    prepare_engine(worker);
    rh_pass_baseline(worker);
    rh_worker_stage(worker, RH_STAGE_REPLAYING);
    rh_engine_run(&worker->engine);
    rh_pass_end(worker);
    rh_worker_stage(worker, RH_STAGE_CLOSING);
    close_and_check(worker);
    rh_worker_stage(worker, RH_STAGE_IDLING);
    rh_pass_idle(worker);
    rh_worker_stage(worker, RH_STAGE_ENDING);
    rh_engine_join(&worker->engine);
    worker->ops->thread_fini(worker->ctx);
    worker->ops->destroy(worker->ctx);
    rh_worker_end(worker, RH_SAMPLE_MEASURED, "");
}

int main(int argc, char **argv) {
    uint64_t fd = 0;
    if (argc != 2 || rh_parse_u64(argv[1], &fd) != 0) {
        static const char text[] = "reheap-worker: part of reheap, which starts it\n";
        return write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? RH_WORKER_EXIT_NO_JOB
                                                                : RH_WORKER_EXIT_NO_JOB;
    }
    struct rh_worker *worker = &the_worker;
    open_shared(worker, (int)fd);
    die_with_parent(worker);
    catch_crashes();
    set_cpus(worker);
    read_options(worker);
    if (worker->shared->inspects)
        rh_worker_inspect(worker);
    work(worker);
    return 0;
}
