/* A plan from a command line: entries, defaults, settings from text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan/plan.h"
#include "tests/unit/test.h"

static char directory[] = "/tmp/reheap-plan-XXXXXX";

static int make_files(void **state) {
    (void)state;
    if (mkdtemp(directory) == NULL || chdir(directory) != 0)
        return -1;
    const char *names[] = {"one.rht", "two.rht", "other.txt"};
    for (size_t i = 0; i < 3; i++) {
        FILE *file = fopen(names[i], "w");
        if (file == NULL)
            return -1;
        fclose(file);
    }
    return 0;
}

static int remove_files(void **state) {
    (void)state;
    unlink("one.rht");
    unlink("two.rht");
    unlink("other.txt");
    return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static struct rh_plan *create(void) {
    struct rh_plan *plan = NULL;
    assert_int_equal(rh_plan_create(NULL, &plan), 0);
    return plan;
}

static int add(struct rh_plan *plan, const char *name, const char *label, struct rh_error *error) {
    struct rh_plan_allocator entry = {.name = (char *)(uintptr_t)name,
                                      .label = (char *)(uintptr_t)label};
    return rh_plan_add_allocator(plan, &entry, error);
}

static void defaults(void **state) {
    (void)state;
    struct rh_plan *plan = create();
    assert_int_equal(add(plan, "jemalloc", NULL, NULL), 0);
    assert_int_equal(add(plan, "glibc", NULL, NULL), 0);
    assert_int_equal(rh_plan_add_trace(plan, "one.rht", NULL, NULL), 0);
    assert_int_equal(rh_plan_complete(plan, NULL), 0);
    assert_int_equal(plan->baseline, 1);
    assert_int_equal(plan->rounds, 20);
    assert_int_equal(plan->memory_rounds, 9);
    assert_true(plan->passes[RH_PASS_THROUGHPUT] && plan->passes[RH_PASS_MEMORY]);
    assert_int_equal(plan->touch, RH_TOUCH_RECORDED);
    assert_string_equal(plan->traces[0].name, "one");
    assert_string_equal(plan->title, "Comparison");
    assert_false(plan->has_seed);
    rh_plan_destroy(plan);
}

static void rounds_have_names(void **state) {
    (void)state;
    const struct {
        const char *text;
        uint32_t rounds, memory_rounds;
    } table[] = {{"quick", 10, 3}, {"default", 20, 9}, {"rigorous", 40, 10}, {"1", 1, 1},
                 {"2", 2, 2},      {"11", 11, 9},      {"100", 100, 10}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rh_plan *plan = create();
        assert_int_equal(add(plan, "glibc", NULL, NULL), 0);
        assert_int_equal(rh_plan_add_trace(plan, "one.rht", NULL, NULL), 0);
        assert_int_equal(rh_plan_set_rounds(plan, table[i].text, NULL), 0);
        assert_int_equal(rh_plan_complete(plan, NULL), 0);
        assert_int_equal(plan->rounds, table[i].rounds);
        assert_int_equal(plan->memory_rounds, table[i].memory_rounds);
        rh_plan_destroy(plan);
    }
}

static void a_memory_pass_alone_is_in_every_round(void **state) {
    (void)state;
    struct rh_plan *plan = create();
    assert_int_equal(add(plan, "glibc", NULL, NULL), 0);
    assert_int_equal(rh_plan_add_trace(plan, "one.rht", NULL, NULL), 0);
    assert_int_equal(rh_plan_add_pass(plan, "memory", NULL), 0);
    assert_int_equal(rh_plan_set_rounds(plan, "7", NULL), 0);
    assert_int_equal(rh_plan_complete(plan, NULL), 0);
    assert_int_equal(plan->memory_rounds, 7);
    assert_false(plan->passes[RH_PASS_THROUGHPUT]);
    rh_plan_destroy(plan);
}

static void other_passes_need_few_rounds(void **state) {
    (void)state;
    struct rh_plan *plan = NULL;
    assert_int_equal(rh_plan_create(NULL, &plan), 0);
    assert_int_equal(rh_plan_pass_rounds_of(plan, RH_PASS_LATENCY, 20), 0);
    assert_int_equal(rh_plan_add_pass(plan, "latency", NULL), 0);
    assert_int_equal(rh_plan_pass_rounds_of(plan, RH_PASS_LATENCY, 20), 20);
    assert_int_equal(rh_plan_add_pass(plan, "throughput", NULL), 0);
    assert_int_equal(rh_plan_pass_rounds_of(plan, RH_PASS_LATENCY, 20), 5);
    assert_int_equal(rh_plan_pass_rounds_of(plan, RH_PASS_LATENCY, 3), 3);
    assert_int_equal(rh_plan_pass_rounds_of(plan, RH_PASS_THROUGHPUT, 20), 20);
    assert_int_equal(rh_plan_pass_rounds_of(plan, RH_PASS_MEMORY, 20), 0);
    assert_int_equal(rh_plan_add_pass(plan, "check", NULL), RH_ERR_INVALID);
    rh_plan_destroy(plan);
}

static void rounds_can_be_overruled(void **state) {
    (void)state;
    struct rh_plan *plan = create();
    assert_int_equal(add(plan, "glibc", NULL, NULL), 0);
    assert_int_equal(rh_plan_add_trace(plan, "one.rht", NULL, NULL), 0);
    assert_int_equal(rh_plan_complete(plan, NULL), 0);
    assert_int_equal(rh_plan_override_rounds(plan, "quick", NULL), 0);
    assert_int_equal(plan->rounds, 10);
    assert_int_equal(plan->memory_rounds, 3);
    plan->memory_rounds_set = true;
    assert_int_equal(rh_plan_override_rounds(plan, "2", NULL), 0);
    assert_int_equal(plan->memory_rounds, 2);
    assert_int_equal(rh_plan_override_rounds(plan, "none", NULL), RH_ERR_INVALID);
    rh_plan_destroy(plan);
}

static void a_budget_stands_for_rounds(void **state) {
    (void)state;
    const struct {
        const char *text;
        uint64_t seconds;
    } table[] = {{"90", 90}, {"90s", 90}, {"10min", 600}, {"1.5 h", 5400}, {"720h", 2592000}};
    struct rh_plan *plan = create();
    assert_int_equal(add(plan, "glibc", NULL, NULL), 0);
    assert_int_equal(rh_plan_add_trace(plan, "one.rht", NULL, NULL), 0);
    assert_int_equal(rh_plan_complete(plan, NULL), 0);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(rh_plan_override_budget(plan, table[i].text, NULL), 0);
        assert_true(plan->budget_ns == table[i].seconds * UINT64_C(1000000000));
        assert_int_equal(plan->rounds, 0);
    }
    assert_int_equal(rh_plan_memory_rounds_of(plan, 2), 2);
    assert_int_equal(rh_plan_memory_rounds_of(plan, 11), 9);
    assert_int_equal(rh_plan_override_rounds(plan, "quick", NULL), 0);
    assert_true(plan->budget_ns == 0);
    assert_int_equal(plan->memory_rounds, 3);
    rh_plan_destroy(plan);
}

typedef int plan_setter(struct rh_plan *plan, const char *text, struct rh_error *error);

static void expect_refused(plan_setter *setter, const char *text, const char *words) {
    struct rh_plan *plan = create();
    struct rh_error error = {0};
    assert_int_equal(setter(plan, text, &error), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, words));
    rh_plan_destroy(plan);
}

static void bad_settings_are_refused(void **state) {
    (void)state;
    expect_refused(rh_plan_set_rounds, "0", "1 to 1000");
    expect_refused(rh_plan_set_rounds, "1001", "1 to 1000");
    expect_refused(rh_plan_set_rounds, "rigourous", "quick, default or rigorous");
    expect_refused(rh_plan_set_budget, "10 minutes", "as 90s, 10min or 2h");
    expect_refused(rh_plan_set_budget, "721h", "from 1s to 720h");
    expect_refused(rh_plan_set_budget, "nan", "from 1s to 720h");
    expect_refused(rh_plan_set_seed, "-1", "below 2^64");
    expect_refused(rh_plan_set_touch, "pages", "did you mean \"page\"");
    expect_refused(rh_plan_set_touch, "everything", "page, first, all, none");
    expect_refused(rh_plan_add_pass, "througput", "did you mean \"throughput\"");
    expect_refused(rh_plan_set_cpus, "0-", "0-1,3");
    expect_refused(rh_plan_set_cpus, "3-1", "0-1,3");
    expect_refused(rh_plan_set_cpus, "0,,1", "0-1,3");
    expect_refused(rh_plan_set_cpus, "", "0-1,3");
    expect_refused(rh_plan_set_cpus, "999999999999", "0-1,3");
    expect_refused(rh_plan_set_time_limit, "0", "seconds");
    expect_refused(rh_plan_set_time_limit, "fast", "seconds");
    expect_refused(rh_plan_set_time_limit, "s", "seconds");
    expect_refused(rh_plan_set_time_limit, "nan", "seconds");
}

static void good_settings_are_taken(void **state) {
    (void)state;
    struct rh_plan *plan = create();
    assert_int_equal(rh_plan_set_seed(plan, "18446744073709551615", NULL), 0);
    assert_true(plan->has_seed && plan->seed == UINT64_MAX);
    assert_int_equal(rh_plan_set_touch(plan, "all", NULL), 0);
    assert_int_equal(plan->touch, RH_TOUCH_ALL);
    assert_int_equal(rh_plan_set_cpus(plan, "0-1,3", NULL), 0);
    assert_string_equal(plan->cpus, "0-1,3");
    assert_int_equal(rh_plan_set_time_limit(plan, "1.5 min", NULL), 0);
    assert_true(plan->time_limit_ns == UINT64_C(90000000000));
    assert_int_equal(rh_plan_set_time_limit(plan, "20s", NULL), 0);
    assert_true(plan->time_limit_ns == UINT64_C(20000000000));
    rh_plan_destroy(plan);
}

static void labels_are_short_and_unique(void **state) {
    (void)state;
    struct rh_plan *plan = create();
    struct rh_error error = {0};
    assert_int_equal(add(plan, "preload:/usr/lib/libtbbmalloc_proxy.so.2", NULL, NULL), 0);
    assert_string_equal(plan->allocators[0].label, "tbbmalloc_proxy");
    assert_int_equal(add(plan, "plugin:./mine.so", NULL, NULL), 0);
    assert_string_equal(plan->allocators[1].label, "mine");
    assert_int_equal(add(plan, "jemalloc", "mine", &error), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "\"mine\" is taken"));
    assert_int_equal(plan->allocator_count, 2);
    assert_int_equal(add(plan, "jemalloc", "bad\nlabel", NULL), RH_ERR_INVALID);
    assert_int_equal(add(plan, "null", NULL, NULL), RH_ERR_INVALID);
    assert_int_equal(add(plan, "bump", NULL, NULL), RH_ERR_INVALID);
    assert_int_equal(add(plan, "preload:", NULL, NULL), RH_ERR_INVALID);
    assert_int_equal(add(plan, "http://x", NULL, NULL), RH_ERR_INVALID);
    error = (struct rh_error){0};
    assert_int_equal(add(plan, "jemaloc", NULL, &error), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "did you mean \"jemalloc\""));
    assert_int_equal(plan->allocator_count, 2);
    rh_plan_destroy(plan);
}

static void traces_are_files_with_names(void **state) {
    (void)state;
    struct rh_plan *plan = create();
    struct rh_error error = {0};
    assert_int_equal(rh_plan_add_traces(plan, "*.rht", NULL), 0);
    assert_int_equal(plan->trace_count, 2);
    assert_string_equal(plan->traces[0].name, "one");
    assert_string_equal(plan->traces[1].path, "two.rht");
    assert_true(rh_plan_add_trace(plan, "one.rht", NULL, &error) < 0);
    assert_non_null(strstr(error.message, "two traces are named \"one\""));
    assert_int_equal(rh_plan_add_trace(plan, "one.rht", "again", NULL), 0);
    assert_int_equal(rh_plan_add_trace(plan, "other.txt", NULL, NULL), 0);
    assert_string_equal(plan->traces[3].name, "other.txt");

    error = (struct rh_error){0};
    assert_true(rh_plan_add_trace(plan, "none.rht", NULL, &error) < 0);
    assert_non_null(strstr(error.message, "none.rht: No such file"));
    assert_true(rh_plan_add_trace(plan, ".", NULL, NULL) < 0);
    assert_true(rh_plan_add_traces(plan, "x*.rht", NULL) == RH_ERR_MISSING);
    assert_true(rh_plan_add_traces(plan, "/*/*.rht", NULL) == RH_ERR_INVALID);
    rh_plan_destroy(plan);
}

static void incomplete_plans_are_refused(void **state) {
    (void)state;
    struct rh_plan *plan = create();
    struct rh_error error = {0};
    assert_int_equal(rh_plan_complete(plan, &error), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "no allocators"));
    assert_int_equal(add(plan, "jemalloc", NULL, NULL), 0);
    error = (struct rh_error){0};
    assert_int_equal(rh_plan_complete(plan, &error), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "no traces"));
    assert_int_equal(rh_plan_add_trace(plan, "one.rht", NULL, NULL), 0);
    assert_int_equal(rh_plan_set_baseline(plan, "glibc", NULL), 0);
    error = (struct rh_error){0};
    assert_int_equal(rh_plan_complete(plan, &error), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "\"glibc\" is not among"));
    rh_plan_destroy(plan);
}

static int build(struct rh_error *error) {
    struct rh_plan *plan = NULL;
    rh_try(rh_plan_create(error, &plan));
    char option[] = "decay=0";
    char *options[] = {option, NULL};
    char name[] = "jemalloc";
    struct rh_plan_allocator entry = {.name = name, .options = options, .environment = options};
    int result = rh_plan_add_allocator(plan, &entry, error);
    if (result == 0)
        result = rh_plan_add_trace(plan, "one.rht", NULL, error);
    if (result == 0)
        result = rh_plan_complete(plan, error);
    rh_plan_destroy(plan);
    return result;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; result != 0 && nth < 100; nth++) {
        rh_memory_fail_at(nth);
        result = build(NULL);
        rh_memory_fail_at(0);
        assert_true(result == 0 || (result == RH_ERR_MEMORY && nth < 30));
    }
    assert_int_equal(result, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(rounds_have_names),
        cmocka_unit_test(other_passes_need_few_rounds),
        cmocka_unit_test(rounds_can_be_overruled),
        cmocka_unit_test(a_budget_stands_for_rounds),
        cmocka_unit_test(a_memory_pass_alone_is_in_every_round),
        cmocka_unit_test(bad_settings_are_refused),
        cmocka_unit_test(good_settings_are_taken),
        cmocka_unit_test(labels_are_short_and_unique),
        cmocka_unit_test(traces_are_files_with_names),
        cmocka_unit_test(incomplete_plans_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("plan/plan", tests, make_files, remove_files);
}
