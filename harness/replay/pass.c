/* pass.c - what the passes read, and when. Each number comes from a pass that it does not disturb:
 * clocks and usage in the throughput pass, page tables in the memory pass. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/assert.h"
#include "base/clock.h"
#include "replay/worker.h"

/* After everything was freed: allocators give memory back at once, or after a while. */
static const uint64_t idle_steps_ns[RH_SAMPLE_IDLE_STEPS] = {0, 100000000u, 1000000000u,
                                                             5000000000u, 12000000000u};
enum { QUICK_IDLE_STEPS = 2 };

static bool measures_memory(const struct rh_worker *worker) {
    return worker->shared->pass == RH_PASS_MEMORY;
}

static bool counts_hardware(const struct rh_worker *worker) {
    return worker->shared->pass == RH_PASS_THROUGHPUT;
}

static bool counts_calls(const struct rh_worker *worker) {
    return worker->shared->pass == RH_PASS_SYSCALLS;
}

static uint64_t read_resident(struct rh_worker *worker, uint64_t *ret_other_bytes) {
    struct rh_error error = {0};
    struct rh_resident_sample now;
    if (rh_resident_read(&worker->resident, &error, &now) < 0)
        rh_worker_end_error(worker, &error);
    if (ret_other_bytes != NULL)
        *ret_other_bytes = now.total_bytes - now.anonymous_bytes;
    return now.anonymous_bytes - now.lazy_free_bytes;
}

void rh_pass_prepare(struct rh_worker *worker) {
    if (worker->shared->pass == RH_PASS_LATENCY)
        rh_latency_learn_clock(&worker->latency_clock);
}

void rh_pass_open(struct rh_worker *worker) {
    struct rh_error error = {0};
    if (counts_calls(worker))
        rh_syscalls_watch(worker);
    if (counts_hardware(worker))
        rh_counters_open(&worker->counters, rh_counters_hardware);
    if (worker->shared->pass == RH_PASS_LATENCY &&
        rh_latency_pass_create(&worker->tape, &worker->latency_clock, worker->shared->sample_seed,
                               &error, &worker->latency) < 0)
        rh_worker_end_error(worker, &error);
    if (measures_memory(worker) && rh_resident_init(&worker->resident, &error) < 0)
        rh_worker_end_error(worker, &error);
    if (measures_memory(worker) && worker->shared->splits &&
        rh_checkpoints_init(&worker->checkpoints, &worker->tape, &error) < 0)
        rh_worker_end_error(worker, &error);
}

void rh_pass_baseline(struct rh_worker *worker) {
    if (!measures_memory(worker))
        return;
    struct rh_error error = {0};
    if (rh_resident_reset_high_water(&error) < 0)
        rh_worker_end_error(worker, &error);
    worker->shared->sample.start_resident_bytes = read_resident(worker, NULL);
}

void rh_pass_start(void *user) {
    struct rh_worker *worker = user;
    if (counts_calls(worker))
        rh_syscalls_begin(worker);
    getrusage(RUSAGE_SELF, &worker->start_usage);
    if (counts_hardware(worker))
        rh_counters_start(&worker->counters);
}

/* Blocks that nobody may touch lie all at one place. */
static bool splits(const struct rh_worker *worker) {
    return worker->shared->splits && (worker->ops->flags & RH_ALLOCATOR_UNTOUCHABLE) == 0;
}

void rh_pass_mark(void *user, uint64_t index) {
    struct rh_worker *worker = user;
    struct rh_sample *sample = &worker->shared->sample;
    const struct rh_tape_mark *mark = &worker->tape.marks[index];
    rh_assert(index < RH_SAMPLE_MARKS);
    sample->marks[index] = (struct rh_mark){
        .op = mark->ops,
        .recorded_ns = mark->recorded_ns,
        .live_bytes = mark->live_bytes,
        .resident_bytes = read_resident(worker, NULL),
        .usable_bytes = UINT64_MAX,
    };
    sample->mark_count = (uint32_t)index + 1;
    struct rh_error error = {0};
    if (splits(worker) && rh_checkpoints_at_mark(&worker->checkpoints, &worker->engine, index,
                                                 &worker->resident, &error, sample) < 0)
        rh_worker_end_error(worker, &error);
}

static uint64_t ns_of(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

static void note_usage(struct rh_worker *worker) {
    struct rh_sample *sample = &worker->shared->sample;
    const struct rusage *start = &worker->start_usage;
    struct rusage end;
    struct rh_pauses pauses;
    getrusage(RUSAGE_SELF, &end);
    rh_engine_pauses(&worker->engine, &pauses);
    uint64_t user_ns = ns_of(end.ru_utime) - ns_of(start->ru_utime);
    uint64_t system_ns = ns_of(end.ru_stime) - ns_of(start->ru_stime);
    /* The pauses are the kernel's work; what is whose, it only guesses from its ticks. */
    uint64_t kernel_ns = pauses.cpu_ns < system_ns ? pauses.cpu_ns : system_ns;
    uint64_t rest_ns = pauses.cpu_ns - kernel_ns;
    sample->system_ns = system_ns - kernel_ns;
    sample->user_ns = user_ns > rest_ns ? user_ns - rest_ns : 0;
    sample->minor_faults = (uint64_t)(end.ru_minflt - start->ru_minflt) - pauses.minor_faults;
    sample->major_faults = (uint64_t)(end.ru_majflt - start->ru_majflt) - pauses.major_faults;
    sample->voluntary_switches =
        (uint64_t)(end.ru_nvcsw - start->ru_nvcsw) - pauses.voluntary_switches;
    sample->involuntary_switches =
        (uint64_t)(end.ru_nivcsw - start->ru_nivcsw) - pauses.involuntary_switches;
}

static void note_counters(struct rh_worker *worker) {
    struct rh_sample *sample = &worker->shared->sample;
    uint64_t values[RH_COUNTERS];
    rh_counters_stop(&worker->counters);
    rh_counters_read(&worker->counters, values);
    rh_counters_reason(&worker->counters, sample->counters_reason, sizeof(sample->counters_reason));
    rh_counters_close(&worker->counters);
    size_t i = 0;
#define X(name) sample->name = values[i++];
    RH_COUNTER_MAP(X)
#undef X
}

static void note_peaks(struct rh_worker *worker) {
    struct rh_sample *sample = &worker->shared->sample;
    struct rh_error error = {0};
    uint64_t other_bytes = 0, high_water_bytes = 0;
    uint64_t peak = read_resident(worker, &other_bytes);
    for (uint32_t i = 0; i < sample->mark_count; i++)
        if (sample->marks[i].resident_bytes > peak)
            peak = sample->marks[i].resident_bytes;
    sample->peak_resident_bytes = peak;
    if (rh_resident_high_water(&worker->resident, &error, &high_water_bytes) < 0)
        rh_worker_end_error(worker, &error);
    sample->high_water_bytes = high_water_bytes > other_bytes ? high_water_bytes - other_bytes : 0;
}

void rh_pass_end(struct rh_worker *worker) {
    if (counts_hardware(worker))
        note_counters(worker);
    note_usage(worker);
    if (counts_calls(worker))
        rh_syscalls_end(worker);
    rh_engine_collect(&worker->engine, &worker->shared->sample);
    if (worker->latency != NULL)
        rh_latency_pass_collect(worker->latency, &worker->engine, &worker->shared->latency);
    if (!measures_memory(worker))
        return;
    note_peaks(worker);
    if (splits(worker))
        rh_checkpoints_end(&worker->checkpoints, &worker->shared->sample);
}

static void sleep_until(uint64_t moment_ns) {
    struct timespec until = {.tv_sec = (time_t)(moment_ns / 1000000000u),
                             .tv_nsec = (long)(moment_ns % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

static void note_purge(struct rh_worker *worker) {
    struct rh_sample *sample = &worker->shared->sample;
    const char *call = worker->ops->purge(worker->ctx);
    if (call == NULL)
        return;
    snprintf(sample->purge_call, sizeof(sample->purge_call), "%s", call);
    sample->purged_resident_bytes = read_resident(worker, NULL);
}

void rh_pass_idle(struct rh_worker *worker) {
    if (!measures_memory(worker))
        return;
    struct rh_sample *sample = &worker->shared->sample;
    int steps = worker->shared->quick_idle ? QUICK_IDLE_STEPS : RH_SAMPLE_IDLE_STEPS;
    uint64_t freed_ns = rh_now_ns();
    for (int i = 0; i < steps; i++) {
        sleep_until(freed_ns + idle_steps_ns[i]);
        sample->freed_resident_bytes[i] = read_resident(worker, NULL);
        sample->freed_idle_ns[i] = idle_steps_ns[i];
    }
    note_purge(worker);
}
