/* Plans from YAML: every key, and every mistake with its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan/plan.h"
#include "tests/unit/test.h"

static char directory[] = "/tmp/reheap-load-XXXXXX";
static char plan_path[64];

static int make_files(void **state) {
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(plan_path, sizeof(plan_path), "%s/plan.yaml", directory);
    const char *names[] = {"a.rht", "b.rht"};
    for (size_t i = 0; i < 2; i++) {
        char path[64];
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        FILE *file = fopen(path, "w");
        if (file == NULL)
            return -1;
        fclose(file);
    }
    return 0;
}

static int remove_files(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof(path), "%s/a.rht", directory);
    unlink(path);
    snprintf(path, sizeof(path), "%s/b.rht", directory);
    unlink(path);
    unlink(plan_path);
    return rmdir(directory);
}

static struct rh_plan *parse(const char *text) {
    struct rh_plan *plan = NULL;
    struct rh_error error = {0};
    int result = rh_plan_parse(text, strlen(text), plan_path, &error, &plan);
    if (result != 0)
        print_message("# %s\n", error.message);
    assert_int_equal(result, 0);
    return plan;
}

/* The place and a piece of the sentence. */
static void expect_error(const char *text, const char *place, const char *words) {
    struct rh_plan *plan = NULL;
    struct rh_error error = {0};
    assert_true(rh_plan_parse(text, strlen(text), plan_path, &error, &plan) < 0);
    assert_null(plan);
    char start[128];
    snprintf(start, sizeof(start), "%s:%s: ", plan_path, place);
    if (strncmp(error.message, start, strlen(start)) != 0 || strstr(error.message, words) == NULL)
        print_message("# got: %s\n", error.message);
    assert_memory_equal(error.message, start, strlen(start));
    assert_non_null(strstr(error.message, words));
}

static void every_key(void **state) {
    (void)state;
    struct rh_plan *plan = parse("title: What suits us?\n"
                                 "baseline: je\n"
                                 "rounds: quick\n"
                                 "memory_rounds: 2\n"
                                 "passes: [throughput, memory]\n"
                                 "touch: first\n"
                                 "idle: long\n"
                                 "seed: 42\n"
                                 "cpus: 0-1\n"
                                 "time_limit: 90s\n"
                                 "traces:\n"
                                 "  - a.rht\n"
                                 "  - path: b.rht\n"
                                 "    name: second\n"
                                 "allocators:\n"
                                 "  - glibc\n"
                                 "  - name: jemalloc\n"
                                 "    label: je\n"
                                 "    options: {decay: 0}\n"
                                 "    environment:\n"
                                 "      MALLOC_CONF: \"dirty_decay_ms:0\"\n"
                                 "  - preload: ./lib/libx.so\n"
                                 "  - preload: liby.so.2\n"
                                 "  - plugin: /opt/mine.so\n");
    assert_string_equal(plan->title, "What suits us?");
    assert_int_equal(plan->baseline, 1);
    assert_int_equal(plan->rounds, 10);
    assert_int_equal(plan->memory_rounds, 2);
    assert_int_equal(plan->touch, RH_TOUCH_FIRST);
    assert_true(plan->idle_long && plan->has_seed && plan->seed == 42);
    assert_string_equal(plan->cpus, "0-1");
    assert_true(plan->time_limit_ns == UINT64_C(90000000000));
    assert_int_equal(plan->trace_count, 2);
    assert_string_equal(plan->traces[1].name, "second");
    assert_memory_equal(plan->traces[0].path, directory, strlen(directory));
    assert_int_equal(plan->allocator_count, 5);
    assert_string_equal(plan->allocators[1].options[0], "decay=0");
    assert_null(plan->allocators[1].options[1]);
    assert_string_equal(plan->allocators[1].environment[0], "MALLOC_CONF=dirty_decay_ms:0");
    char expected[96];
    snprintf(expected, sizeof(expected), "preload:%s/./lib/libx.so", directory);
    assert_string_equal(plan->allocators[2].name, expected);
    assert_string_equal(plan->allocators[3].name, "preload:liby.so.2");
    assert_string_equal(plan->allocators[4].name, "plugin:/opt/mine.so");
    assert_string_equal(plan->allocators[4].label, "mine");
    rh_plan_destroy(plan);
}

#define TAIL "traces: [a.rht]\nallocators: [glibc]\n"

static void mistakes_have_a_place(void **state) {
    (void)state;
    expect_error("alocators: [glibc]\n", "1:1", "did you mean \"allocators\"");
    expect_error("frequency: 3\n" TAIL, "1:1", "a plan has title, baseline");
    expect_error("title: x\ntitle: y\n" TAIL, "2:1", "twice (first in line 1)");
    expect_error("rounds: [1, 2]\n" TAIL, "1:9", "single value, not a list");
    expect_error("rounds:\n" TAIL, "1:8", "has no value");
    expect_error("rounds: 0\n" TAIL, "1:9", "1 to 1000");
    expect_error("touch: pagee\n" TAIL, "1:8", "did you mean \"page\"");
    expect_error("passes: throughput\n" TAIL, "1:9", "is a list");
    expect_error("passes: [throughput, memry]\n" TAIL, "1:22", "did you mean \"memory\"");
    expect_error("passes: [memory, memory]\n" TAIL, "1:18", "twice");
    expect_error("idle: never\n" TAIL, "1:7", "short or long");
    expect_error("rounds: 2\nmemory_rounds: 3\n" TAIL, "2:16", "only 2 rounds");
    expect_error("budget: soon\n" TAIL, "1:9", "as 90s, 10min or 2h");
    expect_error("budget: 0.5\n" TAIL, "1:9", "from 1s to 720h");
    expect_error("rounds: 2\nbudget: 60s\n" TAIL, "2:9", "\"rounds\" or a \"budget\"");
    expect_error("budget: 1h\nmemory_rounds: 3\nbaseline: hoard\n" TAIL, "3:11",
                 "not among the allocators");
    expect_error("baseline: hoard\n" TAIL, "1:11", "not among the allocators");
    expect_error("traces: [a.rht]\n", "1:1", "no allocators");
    expect_error("allocators: [glibc]\ntraces: []\n", "2:9", "no traces");
    expect_error("- glibc\n", "1:1", "not a list");
}

static void mistakes_in_traces(void **state) {
    (void)state;
    expect_error("traces:\n  - c.rht\nallocators: [glibc]\n", "2:5", "c.rht: No such file");
    expect_error("traces: [\"z*.rht\"]\n", "1:10", "no file matches");
    expect_error("traces: [a.rht, \"*.rht\"]\n", "1:17", "two traces are named \"a\"");
    expect_error("traces:\n  - name: sbrk\n", "2:5", "a \"path\" or a \"recipe\"");
    expect_error("traces:\n  - {path: a.rht, recipe: b}\n", "2:5", "a \"path\" or a \"recipe\"");
    expect_error("traces:\n  - recipe: ../x\n", "2:5", "name of a recipe is letters");
    setenv("XDG_CACHE_HOME", directory, 1);
    expect_error("traces:\n  - recipe: none\n", "2:5",
                 "recipe none is not recorded here: scripts/record-traces --large none");
    unsetenv("XDG_CACHE_HOME");
    expect_error("traces:\n  - pth: a.rht\n", "2:5", "did you mean \"path\"");
    expect_error("traces:\n  - [a.rht]\n", "2:5", "not a list");
}

static void mistakes_in_allocators(void **state) {
    (void)state;
    expect_error("allocators: [glibc, glibc]\n", "1:21", "\"glibc\" is taken");
    expect_error("allocators:\n  - name: sbrk\n    preload: y\n", "2:5", "exactly one of");
    expect_error("allocators:\n  - label: x\n", "2:5", "exactly one of");
    expect_error("allocators:\n  - name: sbrk\n    enviroment: {A: 1}\n", "3:5",
                 "did you mean \"environment\"");
    expect_error("allocators:\n  - name: sbrk\n    options: [a]\n", "3:14", "is a mapping");
    expect_error("allocators:\n  - name: sbrk\n    options: {a: {b: c}}\n", "3:18", "single value");
    expect_error("allocators:\n  - name: sbrk\n    options: {a: []}\n", "3:18", "no value");
    expect_error("allocators:\n  - name: sbrk\n    options: {a=b: 1}\n", "3:20",
                 "name of a setting");
    expect_error("allocators:\n  - name: sbrk\n    options: {a: 1, a: 2}\n", "3:21", "twice");
    expect_error("allocators: [null]\n", "1:14", "is a floor");
}

static void not_yaml(void **state) {
    (void)state;
    expect_error("traces: [a.rht\nallocators: [glibc]\n", "2:11", "not YAML");
    expect_error("\"unfinished\n", "2:1", "not YAML");
    expect_error("a: &x [1]\nb: *y\n", "2:4", "not YAML");
    expect_error("---\ntitle: x\n---\ntitle: y\n", "3:1", "second document");
    expect_error("title: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", "1:23", "too deeply");

    struct rh_plan *plan = NULL;
    struct rh_error error = {0};
    assert_true(rh_plan_parse("", 0, plan_path, &error, &plan) < 0);
    assert_non_null(strstr(error.message, "the plan is empty"));
    error = (struct rh_error){0};
    assert_true(rh_plan_parse("a: \xff\xfe\x01", 6, plan_path, &error, &plan) < 0);
    assert_non_null(strstr(error.message, "not a text file"));
    error = (struct rh_error){0};
    assert_true(rh_plan_parse("title: \"a\\0b\"", 13, plan_path, &error, &plan) < 0);
    assert_non_null(strstr(error.message, "NUL"));
}

static void bounds(void **state) {
    (void)state;
    struct rh_error error = {0};
    struct rh_plan *plan = NULL;
    size_t bytes = RH_PLAN_FILE_BYTES_MOST + 1;
    char *text = malloc(bytes);
    memset(text, '[', bytes);
    assert_int_equal(rh_plan_parse(text, bytes, plan_path, &error, &plan), RH_ERR_LIMIT);
    error = (struct rh_error){0};
    assert_int_equal(rh_plan_parse(text, bytes - 1, plan_path, &error, &plan), RH_ERR_LIMIT);
    assert_non_null(strstr(error.message, "too deeply"));

    size_t used = (size_t)snprintf(text, bytes, "title: &a x\ntraces: [");
    for (int i = 0; i < 300; i++)
        used += (size_t)snprintf(text + used, bytes - used, "*a, ");
    snprintf(text + used, bytes - used, "]\n");
    error = (struct rh_error){0};
    assert_int_equal(rh_plan_parse(text, strlen(text), plan_path, &error, &plan), RH_ERR_LIMIT);
    assert_non_null(strstr(error.message, "too many aliases"));
    free(text);
}

/* An alias inside its own anchor makes a tree without an end. */
static void a_tree_without_an_end(void **state) {
    (void)state;
    expect_error("traces: &a [*a]\n", "1:9", "single value, not a list");
    expect_error("allocators: &a\n  - &b\n    name: sbrk\n    options: *b\n", "2:5",
                 "single value");
}

static void aliases_are_welcome(void **state) {
    (void)state;
    struct rh_plan *plan = parse("allocators:\n"
                                 "  - {name: glibc, environment: &e {A: 1}}\n"
                                 "  - {name: jemalloc, environment: *e}\n"
                                 "traces: [a.rht]\n");
    assert_string_equal(plan->allocators[1].environment[0], "A=1");
    rh_plan_destroy(plan);
}

static void lists_make_variants(void **state) {
    (void)state;
    struct rh_plan *plan = parse("allocators:\n"
                                 "  - name: jemalloc\n"
                                 "    label: je\n"
                                 "    options: {arenas: 1, decay: [0, 10]}\n"
                                 "    environment: {X: [a, b, c]}\n"
                                 "traces: [a.rht]\n");
    assert_int_equal(plan->allocator_count, 6);
    assert_string_equal(plan->allocators[0].label, "je decay=0 a");
    assert_string_equal(plan->allocators[1].label, "je decay=0 b");
    assert_string_equal(plan->allocators[5].label, "je decay=10 c");
    assert_string_equal(plan->allocators[5].options[0], "arenas=1");
    assert_string_equal(plan->allocators[5].options[1], "decay=10");
    assert_string_equal(plan->allocators[5].environment[0], "X=c");
    rh_plan_destroy(plan);
    expect_error("allocators:\n"
                 "  - name: sbrk\n"
                 "    options:\n"
                 "      a: [1, 2, 3, 4]\n"
                 "      b: [1, 2, 3, 4]\n"
                 "      c: [1, 2, 3, 4]\n"
                 "      d: [1, 2]\n",
                 "2:5", "more than 64");
}

static void from_a_file(void **state) {
    (void)state;
    struct rh_plan *plan = NULL;
    struct rh_error error = {0};
    assert_true(rh_plan_load(plan_path, &error, &plan) < 0);
    assert_non_null(strstr(error.message, plan_path));
    FILE *file = fopen(plan_path, "w");
    assert_non_null(file);
    fputs(TAIL, file);
    fclose(file);
    assert_int_equal(rh_plan_load(plan_path, NULL, &plan), 0);
    assert_string_equal(plan->text, TAIL);
    assert_string_equal(plan->path, plan_path);
    assert_string_equal(plan->title, "plan.yaml");
    rh_plan_destroy(plan);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    static const char text[] = "title: x\n"
                               "traces: [a.rht, {path: b.rht, name: y}]\n"
                               "allocators: [glibc, {preload: ./x.so, options: {a: [1, 2]}}]\n";
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; result != 0 && nth < 200; nth++) {
        struct rh_plan *plan = NULL;
        rh_memory_fail_at(nth);
        result = rh_plan_parse(text, sizeof(text) - 1, plan_path, NULL, &plan);
        rh_memory_fail_at(0);
        assert_true(result == 0 || result == RH_ERR_MEMORY);
        assert_true((result == 0) == (plan != NULL));
        rh_plan_destroy(plan);
    }
    assert_int_equal(result, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key),
        cmocka_unit_test(mistakes_have_a_place),
        cmocka_unit_test(mistakes_in_traces),
        cmocka_unit_test(mistakes_in_allocators),
        cmocka_unit_test(not_yaml),
        cmocka_unit_test(bounds),
        cmocka_unit_test(a_tree_without_an_end),
        cmocka_unit_test(aliases_are_welcome),
        cmocka_unit_test(lists_make_variants),
        cmocka_unit_test(from_a_file),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("plan/load", tests, make_files, remove_files);
}
