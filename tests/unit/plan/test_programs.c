/* Programs of a plan: words, parameters, and every mistake. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "plan/plan_internal.h"
#include "tests/unit/test.h"

static void commands_become_words(void **state) {
    (void)state;
    char **words = NULL;
    assert_int_equal(rh_plan_split_words("a 'b c' \"d \\\" e\"  f\\ g '' x'y'z", NULL, &words), 0);
    static const char *const wanted[] = {"a", "b c", "d \" e", "f g", "", "xyz", NULL};
    for (size_t i = 0; wanted[i] != NULL; i++)
        assert_string_equal(words[i], wanted[i]);
    assert_null(words[6]);
    rh_plan_strings_free(words);
    static const char *const wrong[] = {"", "  ", "'open", "a \"b"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(rh_plan_split_words(wrong[i], NULL, &words), RH_ERR_INVALID);
}

static int parse(const char *programs, struct rh_error *error, struct rh_plan **ret_plan) {
    char text[1024];
    snprintf(text, sizeof(text), "allocators: [glibc]\nprograms:\n%s", programs);
    return rh_plan_parse(text, strlen(text), "/tmp/plan.yaml", error, ret_plan);
}

static void parameters_make_programs(void **state) {
    (void)state;
    struct rh_plan *plan = NULL;
    struct rh_error error = {0};
    int result =
        parse("  - {name: p, command: 'x {n} {other} -{m}', parameters: {n: [1, 2], m: a},\n"
              "     environment: {N: 'v{n}'}, check: same, status: 3, floor: x}\n"
              "  - cat 'a b'\n",
              &error, &plan);
    assert_int_equal(result, 0);
    assert_int_equal(plan->program_count, 3);
    assert_string_equal(plan->programs[1].name, "p n=2");
    assert_string_equal(plan->programs[1].words[1], "2");
    assert_string_equal(plan->programs[1].words[2], "{other}");
    assert_string_equal(plan->programs[1].words[3], "-a");
    assert_string_equal(plan->programs[1].environment[0], "N=v2");
    assert_string_equal(plan->programs[1].directory, "/tmp");
    assert_string_equal(plan->programs[0].floor_words[0], "x");
    assert_int_equal(plan->programs[0].status, 3);
    assert_int_equal(plan->programs[0].trace, RH_PLAN_NO_TRACE);
    assert_string_equal(plan->programs[2].name, "cat");
    assert_string_equal(plan->programs[2].words[1], "a b");
    rh_plan_destroy(plan);
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const struct {
        const char *programs, *sentence;
    } mistakes[] = {
        {"  - {name: x}\n", "has no \"command\""},
        {"  - {command: x, comand: y}\n", "unknown key"},
        {"  - {command: \"'x\"}\n", "not closed"},
        {"  - {command: x, status: 256}\n", "0 to 255"},
        {"  - {command: x, trace: nothing}\n", "is not in the plan"},
        {"  - {command: x, input: /nonexistent/file}\n", "cannot find"},
        {"  - x\n  - x\n", "two programs are named"},
        {"  - {command: x, parameters: {a: []}}\n", "has no value"},
        {"  - {command: x, environment: {a=b: c}}\n", "cannot be the name"},
    };
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct rh_plan *plan = NULL;
        struct rh_error error = {0};
        assert_true(parse(mistakes[i].programs, &error, &plan) < 0);
        if (strstr(error.message, mistakes[i].sentence) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", error.message, mistakes[i].sentence);
    }
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; result != 0; nth++) {
        struct rh_plan *plan = NULL;
        struct rh_error error = {0};
        rh_memory_fail_at(nth);
        result = parse("  - {command: 'a b', parameters: {n: [1, 2]}, environment: {A: b}}\n",
                       &error, &plan);
        rh_memory_fail_at(0);
        assert_true(result == 0 || result == RH_ERR_MEMORY);
        if (result == 0)
            rh_plan_destroy(plan);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_become_words),
        cmocka_unit_test(parameters_make_programs),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("plan/programs", tests, NULL, NULL);
}
