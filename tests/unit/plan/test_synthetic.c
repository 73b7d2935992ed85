/* Descriptions from YAML: every key, every mistake with its place, and the ready ones. */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan/synthetic.h"
#include "tests/unit/test.h"
#include "tests/unit/trace/files.h"

static int parse(const char *text, struct rh_error *error, struct rh_synthetic *synthetic) {
    return rh_synthetic_parse(text, strlen(text), "d.yaml", error, synthetic);
}

static struct rh_synthetic take(const char *text) {
    struct rh_synthetic synthetic = {0};
    struct rh_error error = {0};
    if (parse(text, &error, &synthetic) < 0)
        fail_msg("%s", error.message);
    return synthetic;
}

static const char *const everything =
    "name: all.of-it_1\n"
    "summary: everything\n"
    "seed: 1_000\n"
    "queues: {q: {capacity: 5, take: newest}, r: {}}\n"
    "phases:\n"
    "  - name: first\n"
    "    events: 1_000_000\n"
    "    roles:\n"
    "      - name: a\n"
    "        threads: 3\n"
    "        steps: 77\n"
    "        gap_ns: {exponential: {mean: 100, min: 10, max: 4K}}\n"
    "        restart: {after: 9, inherit: yes}\n"
    "        slots: {count: 10, start: half, pick: cyclic, places: 4,\n"
    "                actions: {replace: 1, toggle: 2, fill: 3, free: 4, resize: 5, exchange: 6}}\n"
    "        size: {uniform: [8, 1K]}\n"
    "        calls: {malloc: 1, calloc: 2, aligned: 3, new: 4, new-aligned: 5}\n"
    "        align: {table: {16: 1, 4K: 1, 100-200: 2}}\n"
    "        sized_free: 0.5\n"
    "        cross_thread: 0.25\n"
    "        at_end: stay\n"
    "      - threads: main\n"
    "        parts:\n"
    "          - {weight: 2, batch: {count: 7, order: lifo, keep: 0.2, ends: yes, leave_every: "
    "3}}\n"
    "          - {produce: {queue: q, count: 8, container_bytes: 2K}, size: 1T}\n"
    "          - {consume: {queue: r, order: random}}\n"
    "          - {lifetimes: {steps: {power_law: {min: 1, max: 1M, exponent: 1.5}}}}\n"
    "          - {grow: {buffers: 6, until: {lognormal: {median: 5K, sigma: 0.5}}, factor: 1.5,\n"
    "                    add: 16}}\n"
    "          - {thin: {live_bytes: 1M, rounds: 4}, size: 16}\n";

static void check_first_role(const struct rh_synthetic_role *role) {
    assert_string_equal(role->name, "a");
    assert_int_equal(role->threads, 3);
    assert_int_equal(role->steps, 77);
    assert_int_equal(role->restart_after, 9);
    assert_true(role->inherit && !role->on_main);
    assert_int_equal(role->gap_ns.kind, RH_DISTRIBUTION_EXPONENTIAL);
    assert_true(role->gap_ns.mean == 100 && role->gap_ns.min == 10 && role->gap_ns.max == 4096);
    assert_int_equal(role->part_count, 1);
    const struct rh_synthetic_part *part = &role->parts[0];
    assert_int_equal(part->behaviour, RH_BEHAVIOUR_SLOTS);
    assert_int_equal(part->slots.count, 10);
    assert_int_equal(part->slots.start, RH_SLOT_START_HALF);
    assert_int_equal(part->slots.places, 4);
    assert_true(part->slots.cyclic);
    for (size_t i = 0; i < RH_SLOT_ACTIONS; i++)
        assert_true(part->slots.actions[i] == (double)(i + 1));
    assert_true(part->size.min == 8 && part->size.max == 1024);
    static const unsigned kinds[] = {RH_EVENT_MALLOC, RH_EVENT_CALLOC, RH_EVENT_ALIGNED,
                                     RH_EVENT_NEW, RH_EVENT_NEW_ALIGNED};
    for (size_t i = 0; i < 5; i++)
        assert_true(part->calls[kinds[i]] == (double)(i + 1));
    assert_int_equal(part->align_bytes.row_count, 3);
    assert_int_equal(part->align_bytes.rows[1].first, 4096);
    assert_int_equal(part->align_bytes.rows[2].first, 100);
    assert_int_equal(part->align_bytes.rows[2].last, 200);
    assert_true(part->sized_free == 0.5 && part->cross_thread == 0.25 && part->stay);
}

static void every_key_is_read(void **state) {
    (void)state;
    struct rh_synthetic synthetic = take(everything);
    assert_string_equal(synthetic.name, "all.of-it_1");
    assert_string_equal(synthetic.summary, "everything");
    assert_int_equal(synthetic.seed, 1000);
    assert_int_equal(synthetic.queue_count, 2);
    assert_int_equal(synthetic.queues[0].capacity, 5);
    assert_true(synthetic.queues[0].newest_first && !synthetic.queues[1].newest_first);
    assert_int_equal(synthetic.phase_count, 1);
    assert_string_equal(synthetic.phases[0].name, "first");
    assert_int_equal(synthetic.phases[0].events, 1000000);
    assert_int_equal(synthetic.phases[0].role_count, 2);
    check_first_role(&synthetic.phases[0].roles[0]);
    const struct rh_synthetic_role *role = &synthetic.phases[0].roles[1];
    assert_true(role->on_main && role->part_count == 6);
    const struct rh_synthetic_part *parts = role->parts;
    assert_true(parts[0].weight == 2 && parts[1].weight == 1);
    assert_true(parts[0].batch.count == 7 && parts[0].batch.order == RH_FREE_ORDER_LIFO);
    assert_true(parts[0].batch.keep == 0.2 && parts[0].batch.ends);
    assert_int_equal(parts[0].batch.leave_every, 3);
    assert_true(parts[1].produce.queue == 0 && parts[1].produce.count == 8);
    assert_int_equal(parts[1].produce.container_bytes, 2048);
    assert_int_equal(parts[1].size.max, UINT64_C(1) << 40);
    assert_true(parts[2].consume.queue == 1 && parts[2].consume.order == RH_FREE_ORDER_RANDOM);
    assert_true(parts[3].lifetimes.steps.exponent == 1.5);
    assert_true(parts[4].grow.buffers == 6 && parts[4].grow.factor == 1.5);
    assert_true(parts[4].grow.add == 16 && parts[4].grow.until.sigma == 0.5);
    assert_true(parts[5].thin.live_bytes == 1 << 20 && parts[5].thin.rounds == 4);
    rh_synthetic_finish(&synthetic);
}

#define HEAD "name: x\nphases:\n  - events: 10\n    roles:\n      - "

/* The place and a piece of the sentence. */
static void what_is_wrong_has_a_place(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"nam: x\n", "d.yaml:1:1: ", "did you mean \"name\"?"},
        {HEAD "slot: {count: 3}\n", "d.yaml:5:9: ", "unknown key \"slot\""},
        {HEAD "slots: {coun: 3}\n", "d.yaml:5:17: ", "did you mean \"count\"?"},
        {HEAD "slots: {count: many}\n", "d.yaml:5:24: ", "use a whole number"},
        {HEAD "slots: {count: 99999999}\n", "d.yaml:5:24: ", "the most is 16777216"},
        {HEAD "slots: {start: fully}\n", "d.yaml:5:24: ", "did you mean \"full\"?"},
        {HEAD "slots: {actions: {replaced: 1}}\n", "d.yaml:5:37: ", "did you mean \"replace\"?"},
        {HEAD "slots: {pick: first}\n", "d.yaml:5:23: ", "pick: use uniform"},
        {HEAD "{batch: {}, size: {unifrom: [1, 2]}}\n", "d.yaml:5:37: ", "mean \"uniform\"?"},
        {HEAD "{batch: {}, size: {uniform: [1]}}\n", "d.yaml:5:37: ", "two numbers"},
        {HEAD "{batch: {}, size: {uniform: [2, 1]}}\n", "d.yaml:5:27: ", "min 2 is above max 1"},
        {HEAD "{batch: {}, size: {table: {}}}\n", "d.yaml:5:27: ", "1 to 4096 rows"},
        {HEAD "{batch: {}, size: {table: {9-8: 1}}}\n", "d.yaml:5:27: ", "9-8 is no range"},
        {HEAD "{batch: {}, size: {power_law: {exponent: 1}}}\n", "d.yaml:5:27: ", "at least 1"},
        {HEAD "{batch: {}, size: {}}\n", "d.yaml:5:27: ", "size is empty"},
        {HEAD "{batch: {}, size: big}\n", "d.yaml:5:27: ", "not a whole number"},
        {HEAD "{batch: {}, gap_ns: 2G}\n", "d.yaml:5:29: ", "too large"},
        {HEAD "{batch: {ends: maybe}}\n", "d.yaml:5:24: ", "use yes or no"},
        {HEAD "{batch: {}, slots: {}}\n", "d.yaml:5:21: ", "use \"parts\" to do both"},
        {HEAD "{batch: {}, calls: {free: 1}}\n", "d.yaml:5:35: ", "no call is named \"free\""},
        {HEAD "{batch: {}, at_end: leave}\n", "d.yaml:5:29: ", "use free or stay"},
        {HEAD "{produce: {queue: q}}\n", "d.yaml:5:27: ", "no queue is named \"q\""},
        {HEAD "{parts: [{size: 3}]}\n", "d.yaml:5:18: ", "does nothing"},
        {HEAD "{threads: 3}\n", "d.yaml: phase 1: role 1: ", "nothing to do"},
        {HEAD "{threads: 0, batch: {}}\n", "d.yaml: phase 1: role 1: ", "threads is 0"},
        {"name: x\nphases: [{roles: [{name: r, batch: {}}]}]\n", "d.yaml: phase 1: ", "an end"},
        {"name: x\n", "d.yaml: ", "no phases"},
        {"phases: [{events: 1, roles: [{batch: {}}]}]\n", "d.yaml: ", "name: use"},
        {"", "d.yaml: ", "empty"},
        {"name: x\nqueues: {q: {take: first}}\n", "d.yaml:2:20: ", "use oldest or newest"},
        {"name: x\nqueues: {q: {}, q: {}}\n", "d.yaml:2:17: ", "twice"},
        {"name: x\nseed: 1__0\n", "d.yaml:2:7: ", "use a whole number"},
        {"name: x\nseed: 10_\n", "d.yaml:2:7: ", "use a whole number"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rh_synthetic synthetic = {.name = NULL};
        struct rh_error error = {0};
        assert_int_equal(parse(cases[i][0], &error, &synthetic), RH_ERR_INVALID);
        if (strncmp(error.message, cases[i][1], strlen(cases[i][1])) != 0 ||
            strstr(error.message, cases[i][2]) == NULL)
            fail_msg("case %zu: \"%s\", not \"%s...%s\"", i, error.message, cases[i][1],
                     cases[i][2]);
        assert_null(synthetic.phases);
    }
}

/* What each ready description must show, of a trace of 60,000 events. */
static const struct {
    const char *name;
    double cross_min, cross_max; /* share of the releases on another thread */
    uint64_t threads_min, live_objects_max;
    double mean_bytes_min, mean_bytes_max;
} ready[] = {
    {"alloc-test", 0, 0, 5, 132000, 20, 40},
    {"cache-thrash", 0, 0, 5, 4, 1, 1},
    {"fragmentation-robson", 0, 0, 1, 1 << 20, 16, 200},
    {"glibc-simple", 0, 0, 13, 1600, 30, 45},
    {"glibc-thread", 0, 0, 5, 4096, 25, 50},
    {"larson", 0.05, 0.2, 5, 4000, 480, 530},
    {"mstress", 0.001, 0.3, 40, 4000, 8000, 30000},
    {"power-law", 0.08, 0.12, 5, 20000, 100, 2000},
    {"producer-consumer", 1, 1, 3, 4100, 150, 300},
    {"sh6bench", 0, 0, 5, 40000, 15, 30},
    {"thread-churn", 0.05, 0.3, 60, 3000, 150, 400},
    {"xmalloc-test", 0.99, 1, 9, 450000, 70, 75},
};

static void check_ready(const char *path) {
    struct rh_synthetic synthetic = {0};
    struct rh_error error = {0};
    if (rh_synthetic_load(path, &error, &synthetic) < 0)
        fail_msg("%s", error.message);
    size_t at = 0;
    while (strcmp(ready[at].name, synthetic.name) != 0)
        assert_in_range(++at, 0, sizeof(ready) / sizeof(ready[0]) - 1);
    if (rh_synthetic_set_events(&synthetic, 60000, &error) < 0)
        assert_string_equal(synthetic.name, "fragmentation-robson");
    const char *trace_path = files_path("ready.rht");
    error = (struct rh_error){0};
    if (rh_synthetic_generate(&synthetic, trace_path, &error, NULL) < 0)
        fail_msg("%s", error.message);
    struct trace trace = trace_take(trace_path);
    const struct rh_trace_summary *sum = &trace.summary;
    double releases =
        (double)(sum->events_by_kind[RH_EVENT_FREE] + sum->events_by_kind[RH_EVENT_FREE_SIZED]);
    double cross = (double)sum->cross_thread_releases / releases;
    double mean = (double)sum->allocated_bytes / (double)sum->objects;
    if (cross < ready[at].cross_min || cross > ready[at].cross_max ||
        mean < ready[at].mean_bytes_min || mean > ready[at].mean_bytes_max ||
        sum->threads < ready[at].threads_min || sum->peak_live_objects > ready[at].live_objects_max)
        fail_msg("%s: cross %g, mean %g B, %lu threads, %lu live", synthetic.name, cross, mean,
                 (unsigned long)sum->threads, (unsigned long)sum->peak_live_objects);
    assert_non_null(synthetic.summary);
    trace_finish(&trace);
    rh_synthetic_finish(&synthetic);
}

static void ready_descriptions_do_what_they_say(void **state) {
    (void)state;
    glob_t found;
    assert_int_equal(glob(READY "/*.yaml", 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, sizeof(ready) / sizeof(ready[0]));
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_ready(found.gl_pathv[i]);
    globfree(&found);
}

/* The bound of Robson's construction: round after round half of the live bytes make a comb. */
static void robson_leaves_a_comb(void **state) {
    (void)state;
    struct rh_synthetic synthetic = take(
        "name: r\nphases: [{roles: [{threads: main, steps: 1_000_000, size: 16, at_end: stay,\n"
        "  thin: {live_bytes: 64K, rounds: 5}}]}]\n");
    const char *path = files_path("robson.rht");
    assert_int_equal(rh_synthetic_generate(&synthetic, path, NULL, NULL), 0);
    struct trace trace = trace_take(path);
    assert_int_equal(trace.summary.peak_live_bytes, 65536);
    assert_int_equal(trace.summary.end_live_bytes, 32768);
    /* 4096 blocks of 16, 1024 of 32, 512 of 64, 256 of 128, 128 of 256. */
    assert_int_equal(trace.summary.objects, 4096 + 1024 + 512 + 256 + 128);
    uint64_t freed_first = UINT64_MAX;
    for (size_t i = 0; i < trace.count && freed_first == UINT64_MAX; i++)
        if (trace.events[i].kind == RH_EVENT_FREE)
            freed_first = trace.events[i].released;
    assert_int_equal(freed_first, 1);
    trace_finish(&trace);
    rh_synthetic_finish(&synthetic);
}

static void no_memory(void **state) {
    (void)state;
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; result != 0; nth++) {
        struct rh_synthetic synthetic = {0};
        rh_memory_fail_at(nth);
        result = parse(everything, NULL, &synthetic);
        rh_memory_fail_at(0);
        assert_true(result == 0 || result == RH_ERR_MEMORY);
        assert_true(result != 0 || nth > 15);
        rh_synthetic_finish(&synthetic);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(what_is_wrong_has_a_place),
        cmocka_unit_test(ready_descriptions_do_what_they_say),
        cmocka_unit_test(robson_leaves_a_comb),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("plan/synthetic", tests, files_make_directory,
                                       files_remove_directory);
}
