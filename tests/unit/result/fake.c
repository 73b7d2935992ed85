/* fake.c - samples as a run might have left them. All figures are made up. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "tests/unit/result/fake_internal.h"

/* ---- samples ---- */

struct writing {
    const struct fake_options *options;
    struct rh_manifest manifest;
    struct rh_result_writer *writer;
    struct rh_random random;
    struct rh_result_sample *sample; /* large: on the heap */
    struct rh_latency latency;
    double round_noise;
    struct rh_error *error;
};

/* About normal: the sum of twelve uniform numbers, minus six. */
static double noise(struct rh_random *random) {
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rh_random_unit(random);
    return sum;
}

static double cost_ns(const struct writing *writing, size_t allocator, size_t trace) {
    const struct fake_character *from = fake_character(writing->options, allocator);
    double ns = from->ns + from->slope * (double)trace;
    if (from->floor && writing->options->slow_floor)
        ns += 4;
    if (!from->floor && fake_is_synthetic(writing->options, trace) && writing->options->synthetic &&
        strcmp(from->label, "sbrk") == 0)
        ns /= 6;
    return ns;
}

static void start_sample(struct writing *writing, uint32_t round, uint32_t trace,
                         uint32_t allocator, uint32_t copy, enum rh_pass pass) {
    struct rh_result_sample *s = writing->sample;
    uint64_t index = s->index;
    memset(s, 0, sizeof(*s));
    s->index = index;
    s->round = round;
    s->trace = trace;
    s->allocator = allocator;
    s->copy = copy;
    s->started_ns = index * 900000000u;
    s->environment_padding_bytes = rh_random_below(&writing->random, 4096);
    s->sample.version = RH_SAMPLE_VERSION;
    s->sample.end = RH_SAMPLE_MEASURED;
    s->sample.pass = pass;
    s->sample.ops = fake_trace_ops(trace);
    s->sample.checksum = 0xfedcba9876543210u + trace;
    s->sample.threads = writing->manifest.traces[trace].threads;
    s->sample.threads_peak = s->sample.threads;
    s->sample.failed_op = UINT64_MAX;
    const char *file = fake_character(writing->options, allocator)->file;
    snprintf(s->sample.object, sizeof(s->sample.object), "%s",
             file != NULL ? file : "/usr/libexec/reheap-worker");
}

static void no_memory_figures(struct rh_sample *sample) {
    sample->peak_live_bytes = UINT64_MAX;
    sample->replayed_peak_live_bytes = UINT64_MAX;
    sample->start_resident_bytes = UINT64_MAX;
    sample->peak_resident_bytes = UINT64_MAX;
    sample->high_water_bytes = UINT64_MAX;
    sample->purged_resident_bytes = UINT64_MAX;
    for (int i = 0; i < RH_SAMPLE_IDLE_STEPS; i++)
        sample->freed_idle_ns[i] = sample->freed_resident_bytes[i] = UINT64_MAX;
}

static void fill_throughput(struct writing *writing) {
    struct rh_result_sample *s = writing->sample;
    struct rh_sample *sample = &s->sample;
    double ns = cost_ns(writing, s->allocator, s->trace);
    ns *= exp(writing->round_noise + 0.012 * noise(&writing->random));
    if (s->round == 0)
        ns *= 1.4; /* the warm-up round is slower */
    if (writing->options->unsteady && s->copy == 1 && s->trace == 0)
        ns *= 1.03;
    sample->busy_ns = (uint64_t)(ns * (double)sample->ops);
    sample->stall_ns = sample->threads > 1 ? sample->busy_ns / 20 : 0;
    sample->wall_ns = (sample->busy_ns + sample->stall_ns) / sample->threads;
    sample->user_ns = sample->busy_ns * 8 / 10;
    sample->system_ns = sample->busy_ns * 2 / 10;
    sample->edges = writing->manifest.traces[s->trace].cross_thread_releases;
    sample->edges_waited = sample->edges / 7;
    const struct fake_character *from = fake_character(writing->options, s->allocator);
    sample->minor_faults =
        (uint64_t)((double)fake_trace_peak(s->trace) * from->overhead * (1.5 - from->kept) / 4096) +
        rh_random_below(&writing->random, 30);
    sample->voluntary_switches = sample->threads > 1 ? 120 : 1;
    sample->segment_count = 20;
    for (uint32_t i = 0; i < sample->segment_count; i++) {
        sample->segment_ops[i] = sample->ops / 20;
        sample->segment_busy_ns[i] = sample->busy_ns / 20;
    }
    /* A machine that counts all but one. */
    sample->instructions = sample->ops * (90 + 10 * s->allocator);
    sample->cycles = sample->busy_ns * 3;
    sample->cache_misses = sample->ops / (50 + s->allocator);
    sample->dtlb_misses = UINT64_MAX;
    no_memory_figures(sample);
}

/* L over the run: ramps, plateaus and a saw, by the trace's number. */
static double live_share(size_t trace, double x) {
    double ramp = x < 0.3 ? x / 0.3 : x > 0.8 ? (1 - x) / 0.2 : 1;
    double saw = fmod(x * 6, 1);
    double bell = exp(-pow((x - 0.55) / 0.2, 2));
    double share = trace % 3 == 0 ? ramp : trace % 3 == 1 ? 0.35 + 0.65 * saw : bell;
    return share < 0.01 ? 0.01 : share;
}

static void fill_memory(struct writing *writing) {
    struct rh_result_sample *s = writing->sample;
    struct rh_sample *sample = &s->sample;
    const struct fake_character *from = fake_character(writing->options, s->allocator);
    uint32_t marks = fake_or_default(writing->options->marks, 200);
    double overhead = from->overhead * exp(0.004 * noise(&writing->random));
    double peak = (double)fake_trace_peak(s->trace);
    const double worker_bytes = 180000; /* what the worker holds without any allocator */
    double resident = 0;

    no_memory_figures(sample);
    sample->peak_live_bytes = fake_trace_peak(s->trace);
    sample->replayed_peak_live_bytes = fake_trace_peak(s->trace) - 100 * s->allocator;
    sample->start_resident_bytes = (uint64_t)worker_bytes + from->base_bytes;
    sample->mark_count = marks;
    uint64_t highest = 0;
    for (uint32_t i = 0; i < marks; i++) {
        double x = (i + 1.0) / marks;
        double live = peak * live_share(s->trace, x);
        double wanted = live * overhead;
        double floor = resident * (from->kept > 0 ? 0.97 : 0);
        resident = wanted > floor ? wanted : floor;
        struct rh_mark *mark = &sample->marks[i];
        mark->op = (uint64_t)(x * (double)sample->ops);
        mark->recorded_ns = (uint64_t)(x * (double)writing->manifest.traces[s->trace].duration_ns);
        mark->live_bytes = (uint64_t)live;
        mark->resident_bytes = (uint64_t)(resident + worker_bytes) + from->base_bytes;
        mark->usable_bytes = from->floor ? UINT64_MAX : (uint64_t)(live * 1.06);
        highest = mark->resident_bytes > highest ? mark->resident_bytes : highest;
    }
    sample->peak_resident_bytes = highest;
    sample->high_water_bytes = highest + 8192;
    for (int i = 0; i < RH_SAMPLE_IDLE_STEPS; i++) {
        static const uint64_t idle_ns[] = {0, 100000000, 1000000000, 5000000000, 12000000000};
        sample->freed_idle_ns[i] = idle_ns[i];
        sample->freed_resident_bytes[i] =
            (uint64_t)((double)(highest - (uint64_t)worker_bytes) * from->kept / (1 + i) +
                       worker_bytes);
    }
    sample->minor_faults = highest / 4096;
}

/* What went wrong, in the places that `failures` names. */
static void spoil(struct writing *writing) {
    struct rh_result_sample *s = writing->sample;
    const char *label = fake_character(writing->options, s->allocator)->label;
    struct rh_sample *sample = &s->sample;
    if (strcmp(label, "sbrk") == 0 && s->trace == 1) {
        sample->end = RH_SAMPLE_CRASHED;
        sample->signal = 11;
        sample->failed_op = 1234;
        snprintf(sample->reason, sizeof(sample->reason), "killed by signal 11 at operation 1234");
    } else if (strcmp(label, "tbbmalloc") == 0 && s->trace == 0 && s->round == 3) {
        sample->end = RH_SAMPLE_TIMED_OUT;
        snprintf(sample->reason, sizeof(sample->reason), "no end after 30 s");
    } else if (strcmp(label, "scudo") == 0) {
        sample->end = RH_SAMPLE_NOT_LOADED;
        snprintf(sample->reason, sizeof(sample->reason), "libclang_rt.scudo.so is not installed");
    }
}

static void fill_passes(struct writing *writing, enum rh_pass pass) {
    struct rh_result_sample *s = writing->sample;
    s->latency = NULL;
    if (pass == RH_PASS_MEMORY)
        fake_split(s, &writing->random);
    else if (pass == RH_PASS_SYSCALLS)
        fake_system_calls(&s->sample, s->allocator, &writing->random);
    else if (pass == RH_PASS_LATENCY)
        fake_latency(s->latency = &writing->latency, s->allocator, &writing->random);
}

static int add(struct writing *writing, uint32_t round, uint32_t trace, uint32_t allocator,
               uint32_t copy, enum rh_pass pass) {
    start_sample(writing, round, trace, allocator, copy, pass);
    if (pass == RH_PASS_MEMORY)
        fill_memory(writing);
    else
        fill_throughput(writing);
    if (writing->options->passes)
        fill_passes(writing, pass);
    if (writing->options->failures)
        spoil(writing);
    int result = rh_result_writer_add(writing->writer, writing->sample, writing->error);
    writing->sample->index++;
    return result;
}

/* One trace in one round: a shuffled order, the baseline twice, then the memory passes. */
static int add_block(struct writing *writing, uint32_t round, uint32_t trace) {
    uint32_t order[FAKE_ALLOCATORS_MOST + 1];
    uint32_t count = (uint32_t)writing->manifest.allocator_count;
    for (uint32_t i = 0; i <= count; i++)
        order[i] = i;
    rh_random_shuffle(&writing->random, order, count + 1);
    for (uint32_t i = 0; i <= count; i++) {
        bool again = order[i] == count;
        rh_try(add(writing, round, trace, again ? writing->manifest.baseline : order[i], again,
                   RH_PASS_THROUGHPUT));
    }
    if (round < 1 || round > writing->manifest.memory_rounds)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        rh_try(add(writing, round, trace, i, 0, RH_PASS_MEMORY));
    for (uint32_t i = 0; writing->options->passes && i < count; i++) {
        rh_try(add(writing, round, trace, i, 0, RH_PASS_SYSCALLS));
        rh_try(add(writing, round, trace, i, 0, RH_PASS_LATENCY));
    }
    return 0;
}

static int add_rounds(struct writing *writing) {
    uint32_t rounds = writing->manifest.rounds;
    for (uint32_t round = 0; round <= rounds; round++) {
        writing->round_noise = 0.03 * noise(&writing->random);
        for (uint32_t trace = 0; trace < writing->manifest.trace_count; trace++) {
            if (writing->options->interrupted && round == rounds / 2 && trace == 1)
                return 0;
            rh_try(add_block(writing, round, trace));
        }
    }
    return 0;
}

static void tear(const char *directory, const char *name) {
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_APPEND);
    rh_assert(fd >= 0);
    rh_assert(write(fd, "{\"index\":99", 11) == 11);
    close(fd);
}

static int write_all(struct writing *writing, const char *directory) {
    rh_try(
        rh_result_writer_create(directory, &writing->manifest, writing->error, &writing->writer));
    if (writing->options->no_samples)
        return 0;
    rh_try(add_rounds(writing));
    if (writing->options->interrupted) {
        tear(directory, "samples.jsonl");
        tear(directory, "series.jsonl");
        return 0;
    }
    writing->manifest.complete = true;
    writing->manifest.finished = fake_text("2026-02-03T04:15:06Z");
    return rh_result_writer_finish(writing->writer, &writing->manifest, writing->error);
}

int fake_write(const char *directory, const struct fake_options *options, struct rh_error *error) {
    struct writing writing = {.options = options, .error = error};
    writing.sample = rh_alloc_zeroed(1, sizeof(*writing.sample));
    rh_assert(writing.sample != NULL);
    rh_random_seed(&writing.random, options->seed);
    int result = fake_make_manifest(options, &writing.manifest);
    if (result == 0)
        result = write_all(&writing, directory);
    rh_result_writer_destroy(writing.writer);
    rh_manifest_finish(&writing.manifest);
    rh_free(writing.sample);
    return result;
}

void fake_directory(char *ret_path, size_t bytes) {
    char parent[] = "/tmp/rh-result-XXXXXX";
    rh_assert(mkdtemp(parent) != NULL);
    snprintf(ret_path, bytes, "%s/result", parent);
}

void fake_remove(const char *path) {
    char command[600];
    snprintf(command, sizeof(command), "rm -rf '%.*s'", (int)(strlen(path) - strlen("/result")),
             path);
    rh_assert(system(command) == 0);
}
