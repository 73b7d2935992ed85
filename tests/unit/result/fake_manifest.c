/* fake_manifest.c - what was run: made-up allocators, traces, and a host. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "tests/unit/result/fake_internal.h"

static const struct fake_character characters[] = {
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

enum { MOST_RANKED = sizeof(characters) / sizeof(characters[0]) - FAKE_FLOORS };
_Static_assert(MOST_RANKED + FAKE_FLOORS <= FAKE_ALLOCATORS_MOST, "they have room in an order");

static const char *const trace_names[] = {
    "json",    "sqlite", "redis-io-threads", "ripgrep",  "cc1", "perl", "git-log", "lld",
    "mariadb", "gdb",    "python-ast",       "xml-tree", "tar", "apt",  "node",    "postgres",
};

/* ---- the manifest ---- */

char *fake_text(const char *string) {
    char *copy = string != NULL ? rh_strdup(string) : NULL;
    rh_assert(string == NULL || copy != NULL);
    return copy;
}

unsigned fake_or_default(unsigned value, unsigned fallback) {
    return value != 0 ? value : fallback;
}

static unsigned ranked_count(const struct fake_options *options) {
    unsigned count = fake_or_default(options->allocators, 7);
    return count <= MOST_RANKED ? count : MOST_RANKED;
}

static unsigned floor_count(const struct fake_options *options) {
    return options->no_floors ? 0 : FAKE_FLOORS;
}

/* The character of the i-th allocator of the manifest. */
const struct fake_character *fake_character(const struct fake_options *options, size_t i) {
    return &characters[i + FAKE_FLOORS - floor_count(options)];
}

static void make_allocator(const struct fake_options *options, size_t i,
                           struct rh_result_allocator *allocator) {
    const struct fake_character *from = fake_character(options, i);
    bool odd = options->odd_name != NULL && i == floor_count(options) + 1;
    *allocator = (struct rh_result_allocator){
        .label = fake_text(odd ? options->odd_name : from->label),
        .name = fake_text(from->name),
        .kind = fake_text(from->kind),
        .file = fake_text(from->file),
        .hash = fake_text(from->file != NULL ? "00c0ffee00c0ffee" : NULL),
        .version = fake_text(from->version),
        .floor = from->floor,
    };
    if (options->failures && strcmp(from->label, "scudo") == 0)
        allocator->unavailable = fake_text("libclang_rt.scudo.so is not installed: apt install "
                                           "libclang-rt-14-dev");
    if (strcmp(from->label, "jemalloc-decay0") == 0) {
        allocator->environment = rh_alloc_zeroed(2, sizeof(char *));
        rh_assert(allocator->environment != NULL);
        allocator->environment[0] = fake_text("MALLOC_CONF=dirty_decay_ms:0");
    }
}

bool fake_is_synthetic(const struct fake_options *options, size_t t) {
    return options->all_synthetic ||
           (options->synthetic && t + 1 == fake_or_default(options->traces, 3));
}

uint64_t fake_trace_ops(size_t t) {
    return 400000 + 250000 * t;
}

uint64_t fake_trace_peak(size_t t) {
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
        .name = fake_text(name),
        .path = fake_text(path),
        .hash = fake_text("0123456789abcdef"),
        .program = fake_text(trace_names[t]),
        .command = fake_text(command),
        .source = fake_text(fake_is_synthetic(options, t) ? "synthetic:larson" : "recorded"),
        .events = fake_trace_ops(t) + 20,
        .ops = fake_trace_ops(t),
        .objects = fake_trace_ops(t) * 48 / 100,
        .threads = t % 3 == 2 ? 4 : 1,
        .cross_thread_releases = t % 3 == 2 ? fake_trace_ops(t) / 10 : 0,
        .peak_live_bytes = fake_trace_peak(t),
        .allocated_bytes = fake_trace_ops(t) * 210,
        .duration_ns = 1500000000u + 300000000u * t,
        .allocator = fake_text("/lib/x86_64-linux-gnu/libc.so.6"),
        .cpu_ns = t % 2 == 0 ? 1400000000u + 300000000u * t : 0,
    };
    if (t == 0)
        trace->think = (struct rh_think_found){.allocator = fake_text("glibc"),
                                               .program_ns = trace->cpu_ns,
                                               .plain_ns = 400000000,
                                               .thinking_ns = 1390000000,
                                               .lines_per_ms = 4700};
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
        manifest->findings[i].name = fake_text(findings[i].name);
        manifest->findings[i].value = fake_text(findings[i].value);
        manifest->findings[i].why = fake_text(findings[i].why);
        manifest->findings[i].fix = fake_text(findings[i].fix);
    }
}

int fake_make_manifest(const struct fake_options *options, struct rh_manifest *ret_manifest) {
    size_t traces = fake_or_default(options->traces, 3);
    size_t allocators = ranked_count(options) + floor_count(options);
    rh_assert(traces <= sizeof(trace_names) / sizeof(trace_names[0]));
    *ret_manifest = (struct rh_manifest){
        .tool = fake_text("reheap 0.1.0"),
        .started = fake_text("2026-02-03T04:05:06Z"),
        .title = fake_text("made-up figures for a test"),
        .command = fake_text("reheap run configs/made-up.yaml --seed 42"),
        .seed = 18446744073709551557u, /* above 2^53 on purpose */
        .rounds = fake_or_default(options->rounds, 20),
        .memory_rounds = fake_or_default(options->memory_rounds, 1),
        .baseline = floor_count(options),
        .touch = fake_text("page"),
        .host = {.cpu = fake_text("Made-up CPU @ 3.00GHz"),
                 .cpus = fake_text("2 online, 2 usable"),
                 .kernel = fake_text("Linux 6.1.0 x86_64"),
                 .libc = fake_text("glibc 2.36"),
                 .memory = fake_text("7.75 GiB"),
                 .thp = fake_text("madvise"),
                 .overcommit = fake_text("0 (heuristic)"),
                 .swap = fake_text("none"),
                 .virtualisation = fake_text("virtual machine")},
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
