/* A budget in place of a number of rounds: the warm-up is timed, then the number is fixed. */
#include <stdio.h>
#include <string.h>

#include "experiment/run.h"
#include "tests/unit/experiment/world.h"
#include "tests/unit/test.h"

/* Of one trace: glibc twice and the floors; without bump in a memory pass. */
enum { PLAYERS = 4, MEMORY_PLAYERS = 3, WARM_UP = PLAYERS + MEMORY_PLAYERS };

static struct rh_plan *plan_of(const char *settings) {
    char text[512];
    char path[WORLD_PATH_BYTES];
    world_path(path, "plan.yaml");
    snprintf(text, sizeof(text),
             "title: t\nseed: 5\n%s\ntraces: [a.rht]\n"
             "allocators: [glibc]\n",
             settings);
    struct rh_plan *plan = NULL;
    struct rh_error error = {0};
    if (rh_plan_parse(text, strlen(text), path, &error, &plan) < 0)
        fail_msg("%s", error.message);
    return plan;
}

/* 10 ns a round and 100 ns a round of memory passes, of which there are 3 up to 10 rounds, 9 up to
 * 20, and 10 above. */
static void as_many_as_fit(void **state) {
    (void)state;
    const struct {
        const char *settings;
        uint64_t left_ns, idle_ns;
        uint32_t rounds;
    } table[] = {
        {"budget: 1h", 109, 0, 0},
        {"budget: 1h", 110, 0, 1},
        {"budget: 1h", 110, 1, 0},
        {"budget: 1h", 399, 0, 9},
        {"budget: 1h", 400, 0, 10},
        {"budget: 1h", 1009, 0, 10}, /* 11 rounds take 110 + 900 */
        {"budget: 1h", 1010, 0, 11},
        {"budget: 1h", 1010, 5, 10},
        {"budget: 1h", 1209, 0, 20}, /* 21 rounds take 210 + 1000 */
        {"budget: 1h", 1210, 0, 21},
        {"budget: 1h", UINT64_C(1000000000), 0, RH_PLAN_ROUNDS_MOST},
        {"budget: 1h\nmemory_rounds: 2", 210, 0, 1}, /* 2 rounds take 20 + 200 */
        {"budget: 1h\nmemory_rounds: 2", 220, 0, 2},
        {"budget: 1h\nmemory_rounds: 2", 230, 0, 3},
        {"budget: 1h\npasses: [throughput]", 50, 7, 5},
        {"budget: 1h\npasses: [memory]", 550, 0, 5},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rh_plan *plan = plan_of(table[i].settings);
        struct rh_budget budget = {.left_ns = table[i].left_ns,
                                   .round_ns = 10,
                                   .memory_ns = 100,
                                   .idle_ns = table[i].idle_ns};
        uint32_t rounds = rh_budget_rounds(&budget, plan);
        if (rounds != table[i].rounds)
            fail_msg("line %zu: %u rounds instead of %u", i, rounds, table[i].rounds);
        rh_plan_destroy(plan);
    }
}

/* Made-up workers take no time, so that the budget allows as many rounds as a plan may have. */
static void expect_most_rounds(const char *path, uint32_t memory_rounds) {
    struct rh_result *result = world_load(path);
    assert_true(result->manifest.complete);
    assert_int_equal(result->manifest.rounds, RH_PLAN_ROUNDS_MOST);
    assert_int_equal(result->manifest.memory_rounds, memory_rounds);
    assert_true(result->manifest.budget_ns == UINT64_C(3600000000000) * 700);
    size_t count = WARM_UP + RH_PLAN_ROUNDS_MOST * PLAYERS + memory_rounds * MEMORY_PLAYERS;
    assert_int_equal(result->sample_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(result->samples[i].index, i);
        assert_int_equal(result->samples[i].round == 0, i < WARM_UP);
        assert_int_equal(result->samples[i].sample.pass, i >= PLAYERS && i < WARM_UP
                                                             ? RH_PASS_MEMORY
                                                             : result->samples[i].sample.pass);
    }
    rh_result_destroy(result);
}

/* In the warm-up the number is not known yet; later it stays what it was. */
static void interrupted_anywhere_it_goes_on(void **state) {
    (void)state;
    const int moments[] = {3, WARM_UP + 1};
    const char *const settings[] = {"budget: 700h\nmemory_rounds: 4", "rounds: default"};
    const uint32_t memory_rounds[] = {4, 10};
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        struct rh_plan *plan = plan_of(settings[i]);
        assert_int_equal(rh_plan_override_budget(plan, "700h", NULL), 0);
        char path[WORLD_PATH_BYTES];
        world_reset(state);
        world_new_result(path);
        world.interrupt_at = moments[i];
        struct rh_experiment_outcome outcome;
        assert_int_equal(world_run(path, plan, NULL, &outcome), RH_ERR_INTERRUPTED);
        struct rh_result *result = world_load(path);
        assert_int_equal(result->manifest.rounds, moments[i] <= WARM_UP ? 0 : RH_PLAN_ROUNDS_MOST);
        assert_int_equal(result->sample_count, moments[i] - 1);
        rh_result_destroy(result);
        world_reset(state);
        struct rh_error error = {0};
        if (world_resume(path, &error, &outcome) < 0)
            fail_msg("%s", error.message);
        expect_most_rounds(path, memory_rounds[i]);
        rh_plan_destroy(plan);
    }
}

static void too_small_a_budget(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    world_new_result(path);
    world.sleep_ms = 145; /* the warm-up alone takes a second */
    struct rh_plan *plan = plan_of("budget: 1s");
    struct rh_experiment_outcome outcome;
    struct rh_error error = {0};
    assert_int_equal(world_run(path, plan, &error, &outcome), RH_ERR_LIMIT);
    assert_non_null(strstr(error.message, "the budget of 1 s is too small: the warm-up took 1."));
    struct rh_result *result = world_load(path);
    assert_false(result->manifest.complete);
    assert_int_equal(result->sample_count, WARM_UP);
    rh_result_destroy(result);
    rh_plan_destroy(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(as_many_as_fit, world_reset),
        cmocka_unit_test_setup(interrupted_anywhere_it_goes_on, world_reset),
        cmocka_unit_test_setup(too_small_a_budget, world_reset),
    };
    return cmocka_run_group_tests_name("experiment/budget", tests, world_set_up, world_tear_down);
}
