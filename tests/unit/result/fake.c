/* fake.c - results as a run might have left them. All figures are made up. */
#include "tests/unit/result/fake.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/random.h"
#include "tests/unit/result/fake_passes.h"

/* A made-up character: ns an operation, share of time over the floors' threads, bytes kept. */
struct character {
    const char *label, *name, *kind, *file, *version;
    bool floor;
    double ns;       /* an operation on the first trace */
    double slope;    /* how the cost grows with the trace's number */
    double overhead; /* R over L at the peak */
    double kept;     /* share of the peak that stays after everything was freed */
    uint64_t base_bytes;
};

static const struct character characters[] = {
    {"null", "null", "built-in", NULL, NULL, true, 1.1, 0.0, 0, 0, 0},
    {"bump", "bump", "built-in", NULL, NULL, true, 2.9, 0.1, 3.0, 1.0, 4096},
    {"glibc", "glibc", "built-in", "/lib/x86_64-linux-gnu/libc.so.6", "2.36", false, 31.0, 2.0,
     1.12, 0.35, 140000},
    {"sbrk", "sbrk", "built-in", NULL, "0.1.0", false, 27.0, 9.0, 1.31, 0.9, 70000},
    {"jemalloc", "jemalloc", "preload", "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", "5.3.0",
     false, 19.5, 1.0, 1.24, 0.5, 2600000},
    {"mimalloc", "mimalloc", "preload", "/usr/lib/x86_64-linux-gnu/libmimalloc.so.2.0", "2.0.9",
     false, 16.1, 1.0, 1.15, 0.6, 1100000},
    {"tcmalloc", "tcmalloc", "preload", "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4",
     "2.10", false, 16.1, 1.0, 1.19, 0.95, 6100000},
    {"tbbmalloc", "preload:/usr/lib/x86_64-linux-gnu/libtbbmalloc_proxy.so.2", "preload",
     "/usr/lib/x86_64-linux-gnu/libtbbmalloc_proxy.so.2", "2021.8", false, 30.4, 2.1, 1.45, 0.9,
     3900000},
    {"scudo", "preload:/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.scudo.so", "preload",
     "/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.scudo.so", "14.0.6", false, 58.0, 4.0,
     1.38, 0.7, 900000},
    {"jemalloc-decay0", "jemalloc", "preload", "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2",
     "5.3.0", false, 24.0, 1.0, 1.13, 0.1, 2600000},
    {"mimalloc-eager", "mimalloc", "preload", "/usr/lib/x86_64-linux-gnu/libmimalloc.so.2.0",
     "2.0.9", false, 15.9, 1.0, 1.33, 0.6, 1100000},
    {"rpmalloc", "preload:/opt/lib/librpmalloc.so", "preload", "/opt/lib/librpmalloc.so", "1.4.4",
     false, 18.0, 1.5, 1.41, 0.8, 1600000},
    {"hoard", "preload:/opt/lib/libhoard.so", "preload", "/opt/lib/libhoard.so", NULL, false, 26.0,
     3.0, 1.6, 0.8, 2100000},
    {"mesh", "preload:/opt/lib/libmesh.so", "preload", "/opt/lib/libmesh.so", NULL, false, 61.0,
     2.0, 1.02, 0.3, 2900000},
};

enum { FLOORS = 2, MOST_RANKED = sizeof(characters) / sizeof(characters[0]) - FLOORS };

static const char *const trace_names[] = {
    "json",    "sqlite", "redis-io-threads", "ripgrep",  "cc1", "perl", "git-log", "lld",
    "mariadb", "gdb",    "python-ast",       "xml-tree", "tar", "apt",  "node",    "postgres",
};

/* ---- the manifest ---- */

static char *text(const char *string) {
    char *copy = string != NULL ? rh_strdup(string) : NULL;
    rh_assert(string == NULL || copy != NULL);
    return copy;
}

static unsigned or_default(unsigned value, unsigned fallback) {
    return value != 0 ? value : fallback;
}

static unsigned ranked_count(const struct fake_options *options) {
    unsigned count = or_default(options->allocators, 7);
    return count <= MOST_RANKED ? count : MOST_RANKED;
}

static unsigned floor_count(const struct fake_options *options) {
    return options->no_floors ? 0 : FLOORS;
}

/* The character of the i-th allocator of the manifest. */
static const struct character *character(const struct fake_options *options, size_t i) {
    return &characters[i + FLOORS - floor_count(options)];
}

static void make_allocator(const struct fake_options *options, size_t i,
                           struct rh_result_allocator *allocator) {
    const struct character *from = character(options, i);
    bool odd = options->odd_name != NULL && i == floor_count(options) + 1;
    *allocator = (struct rh_result_allocator){
        .label = text(odd ? options->odd_name : from->label),
        .name = text(from->name),
        .kind = text(from->kind),
        .file = text(from->file),
        .hash = text(from->file != NULL ? "00c0ffee00c0ffee" : NULL),
        .version = text(from->version),
        .floor = from->floor,
    };
    if (options->failures && strcmp(from->label, "scudo") == 0)
        allocator->unavailable = text("libclang_rt.scudo.so is not installed: apt install "
                                      "libclang-rt-14-dev");
    if (strcmp(from->label, "jemalloc-decay0") == 0) {
        allocator->environment = rh_alloc_zeroed(2, sizeof(char *));
        rh_assert(allocator->environment != NULL);
        allocator->environment[0] = text("MALLOC_CONF=dirty_decay_ms:0");
    }
}

static bool is_synthetic(const struct fake_options *options, size_t t) {
    return options->all_synthetic ||
           (options->synthetic && t + 1 == or_default(options->traces, 3));
}

static uint64_t trace_ops(size_t t) {
    return 400000 + 250000 * t;
}

static uint64_t trace_peak(size_t t) {
    return (uint64_t)(6u + 11u * t) << 20;
}

static void make_trace(const struct fake_options *options, size_t t,
                       struct rh_result_trace *trace) {
    const char *name = options->odd_name != NULL && t == 0 ? options->odd_name : trace_names[t];
    char path[128];
    char command[128];
    snprintf(path, sizeof(path), "traces/%s.rht", trace_names[t]);
    snprintf(command, sizeof(command), "%s --input 'some file'", trace_names[t]);
    *trace = (struct rh_result_trace){
        .calls = {190000, 2000, 8000, 100, 0, 0, 199000, 0, 0, 0, 0},
        .sizes = {0, 0, 500, 3000, 90000, 70000, 30000, 6000, 500, 0, 0, 0, 100},
        .call_count = RH_RESULT_CALLS,
        .size_count = 13,
        .name = text(name),
        .path = text(path),
        .hash = text("0123456789abcdef"),
        .program = text(trace_names[t]),
        .command = text(command),
        .source = text(is_synthetic(options, t) ? "synthetic:larson" : "recorded"),
        .events = trace_ops(t) + 20,
        .ops = trace_ops(t),
        .objects = trace_ops(t) * 48 / 100,
        .threads = t % 3 == 2 ? 4 : 1,
        .cross_thread_releases = t % 3 == 2 ? trace_ops(t) / 10 : 0,
        .peak_live_bytes = trace_peak(t),
        .allocated_bytes = trace_ops(t) * 210,
        .duration_ns = 1500000000u + 300000000u * t,
    };
}

/* What the checks of the machine said, one of each verdict. */
static void make_findings(struct rh_manifest *manifest) {
    static const struct {
        const char *name, *value;
        uint32_t verdict;
        const char *why, *fix;
    } findings[] = {
        {"governor", "powersave", RH_FINDING_WARNING, "clocks change while it runs",
         "cpupower frequency-set -g performance"},
        {"aslr", "2", RH_FINDING_GOOD, "addresses differ from worker to worker", NULL},
        {"thp", "madvise", RH_FINDING_NOTE, "changes what is resident, alike for all", NULL},
        {"smt", "?", RH_FINDING_UNKNOWN, "siblings share a core", NULL},
    };
    enum { COUNT = sizeof(findings) / sizeof(findings[0]) };
    manifest->findings = rh_alloc_zeroed(COUNT, sizeof(*manifest->findings));
    rh_assert(manifest->findings != NULL);
    manifest->finding_count = COUNT;
    for (size_t i = 0; i < COUNT; i++) {
        manifest->findings[i].verdict = findings[i].verdict;
        manifest->findings[i].name = text(findings[i].name);
        manifest->findings[i].value = text(findings[i].value);
        manifest->findings[i].why = text(findings[i].why);
        manifest->findings[i].fix = text(findings[i].fix);
    }
}

int fake_make_manifest(const struct fake_options *options, struct rh_manifest *ret_manifest) {
    size_t traces = or_default(options->traces, 3);
    size_t allocators = ranked_count(options) + floor_count(options);
    rh_assert(traces <= sizeof(trace_names) / sizeof(trace_names[0]));
    *ret_manifest = (struct rh_manifest){
        .tool = text("reheap 0.1.0"),
        .started = text("2026-02-03T04:05:06Z"),
        .title = text("made-up figures for a test"),
        .command = text("reheap run configs/made-up.yaml --seed 42"),
        .seed = 18446744073709551557u, /* above 2^53 on purpose */
        .rounds = or_default(options->rounds, 20),
        .memory_rounds = or_default(options->memory_rounds, 1),
        .baseline = floor_count(options),
        .touch = text("page"),
        .host = {.cpu = text("Made-up CPU @ 3.00GHz"),
                 .cpus = text("2 online, 2 usable"),
                 .kernel = text("Linux 6.1.0 x86_64"),
                 .libc = text("glibc 2.36"),
                 .memory = text("7.75 GiB"),
                 .thp = text("madvise"),
                 .overcommit = text("0 (heuristic)"),
                 .swap = text("none"),
                 .virtualisation = text("virtual machine")},
        .allocators = rh_alloc_zeroed(allocators, sizeof(struct rh_result_allocator)),
        .allocator_count = allocators,
        .traces = rh_alloc_zeroed(traces, sizeof(struct rh_result_trace)),
        .trace_count = traces,
    };
    rh_assert(ret_manifest->allocators != NULL && ret_manifest->traces != NULL);
    make_findings(ret_manifest);
    for (size_t i = 0; i < allocators; i++)
        make_allocator(options, i, &ret_manifest->allocators[i]);
    for (size_t t = 0; t < traces; t++)
        make_trace(options, t, &ret_manifest->traces[t]);
    return 0;
}

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
    const struct character *from = character(writing->options, allocator);
    double ns = from->ns + from->slope * (double)trace;
    if (from->floor && writing->options->slow_floor)
        ns += 4;
    if (!from->floor && is_synthetic(writing->options, trace) && writing->options->synthetic &&
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
    s->sample.ops = trace_ops(trace);
    s->sample.checksum = 0xfedcba9876543210u + trace;
    s->sample.threads = writing->manifest.traces[trace].threads;
    s->sample.threads_peak = s->sample.threads;
    s->sample.failed_op = UINT64_MAX;
    const char *file = character(writing->options, allocator)->file;
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
    const struct character *from = character(writing->options, s->allocator);
    sample->minor_faults =
        (uint64_t)((double)trace_peak(s->trace) * from->overhead * (1.5 - from->kept) / 4096) +
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
    const struct character *from = character(writing->options, s->allocator);
    uint32_t marks = or_default(writing->options->marks, 200);
    double overhead = from->overhead * exp(0.004 * noise(&writing->random));
    double peak = (double)trace_peak(s->trace);
    const double worker_bytes = 180000; /* what the worker holds without any allocator */
    double resident = 0;

    no_memory_figures(sample);
    sample->peak_live_bytes = trace_peak(s->trace);
    sample->replayed_peak_live_bytes = trace_peak(s->trace) - 100 * s->allocator;
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
    const char *label = character(writing->options, s->allocator)->label;
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
    uint32_t order[MOST_RANKED + FLOORS + 1];
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
    writing->manifest.finished = text("2026-02-03T04:15:06Z");
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
