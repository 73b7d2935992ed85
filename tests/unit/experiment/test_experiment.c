/* The course of a run, with made-up traces and workers: what is appended, in which order, and what
 * remains of it when something goes wrong. */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "tests/unit/experiment/world.h"
#include "tests/unit/test.h"

enum { CELLS = 2 * WORLD_CELLS_A_TRACE };

static void a_run_comes_to_its_end(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    world_new_result(path);
    struct rh_plan *plan = world_plan("[a.rht, b.rht]");
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_run(path, plan, NULL, &outcome), 0);
    assert_int_equal(outcome.total, CELLS);
    assert_int_equal(outcome.done, CELLS);
    assert_int_equal(outcome.failed, 0);
    assert_int_equal(outcome.seed, 5);
    assert_string_equal(outcome.first_failure, "");
    assert_int_equal(world.jobs, CELLS);
    assert_int_equal(world.progress_calls, CELLS + 1);
    assert_int_equal(world.last_done, CELLS);

    struct rh_result *result = world_load(path);
    assert_true(result->manifest.complete);
    assert_non_null(result->manifest.finished);
    assert_int_equal(result->manifest.seed, 5);
    assert_int_equal(result->manifest.rounds, 4);
    assert_int_equal(result->manifest.memory_rounds, 1);
    assert_string_equal(result->manifest.command, "reheap run plan.yaml");
    assert_int_equal(world.warnings, 1);
    assert_int_equal(result->manifest.finding_count, 1);
    assert_string_equal(result->manifest.findings[0].fix, "take an umbrella");
    assert_int_equal(result->manifest.findings[0].verdict, RH_FINDING_WARNING);
    assert_string_equal(result->manifest.plan_text, plan->text);
    assert_int_equal(result->manifest.allocator_count, 5);
    assert_string_equal(result->manifest.allocators[1].kind, "preload");
    assert_string_equal(result->manifest.allocators[1].environment[0], "A=1");
    assert_true(result->manifest.allocators[3].floor && result->manifest.allocators[4].floor);
    assert_string_equal(result->manifest.allocators[0].file, "/lib/glibc.so.3");
    assert_string_equal(result->manifest.allocators[0].version, "3");
    assert_int_equal(result->manifest.trace_count, 2);
    assert_int_equal(result->manifest.traces[1].events, 1000);
    assert_int_equal(result->sample_count, CELLS);
    for (size_t i = 0; i < result->sample_count; i++)
        assert_int_equal(result->samples[i].index, i);
    rh_result_destroy(result);
    rh_plan_destroy(plan);
}

static void an_interruption_leaves_what_was_done(void **state) {
    (void)state;
    const int moments[] = {1, 2, 17, CELLS};
    struct rh_plan *plan = world_plan("[a.rht, b.rht]");
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        world_reset(state);
        world.interrupt_at = moments[i];
        char path[WORLD_PATH_BYTES];
        world_new_result(path);
        struct rh_experiment_outcome outcome;
        struct rh_error error = {0};
        assert_int_equal(world_run(path, plan, &error, &outcome), RH_ERR_INTERRUPTED);
        assert_non_null(strstr(error.message, "readable up to there"));
        assert_int_equal(outcome.done, moments[i] - 1);
        struct rh_result *result = world_load(path);
        assert_false(result->manifest.complete);
        assert_null(result->manifest.finished);
        assert_int_equal(result->sample_count, moments[i] - 1);
        rh_result_destroy(result);
    }
    rh_plan_destroy(plan);
}

static void a_crash_is_a_sample(void **state) {
    (void)state;
    world.crash = "preload:y.so";
    char path[WORLD_PATH_BYTES];
    world_new_result(path);
    struct rh_plan *plan = world_plan("[a.rht, b.rht]");
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_run(path, plan, NULL, &outcome), 0);
    assert_int_equal(outcome.done, CELLS);
    assert_int_equal(outcome.failed, 2 * 6);
    assert_non_null(strstr(outcome.first_failure, "y on "));
    assert_non_null(strstr(outcome.first_failure, "crashed: signal 11"));
    struct rh_result *result = world_load(path);
    assert_int_equal(result->sample_count, CELLS);
    assert_true(result->manifest.complete);
    rh_result_destroy(result);
    rh_plan_destroy(plan);
}

static void a_hang_costs_three_time_limits(void **state) {
    (void)state;
    world.hang = "preload:x.so";
    char path[WORLD_PATH_BYTES];
    world_new_result(path);
    struct rh_plan *plan = world_plan("[a.rht]");
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_run(path, plan, NULL, &outcome), 0);
    /* Five rounds of throughput, one of memory: two of the five are not played. */
    assert_int_equal(outcome.failed, 6);
    assert_int_equal(world.jobs, CELLS / 2 - 2);
    struct rh_result *result = world_load(path);
    size_t unplayed = 0;
    for (size_t i = 0; i < result->sample_count; i++)
        unplayed += strstr(result->samples[i].sample.reason, "not played") != NULL;
    assert_int_equal(unplayed, 2);
    rh_result_destroy(result);
    rh_plan_destroy(plan);
}

static void a_missing_allocator_stays_in_the_manifest(void **state) {
    (void)state;
    world.missing = "preload:y.so";
    char path[WORLD_PATH_BYTES];
    world_new_result(path);
    struct rh_plan *plan = world_plan("[a.rht]");
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_run(path, plan, NULL, &outcome), 0);
    assert_int_equal(outcome.missing, 1);
    assert_int_equal(outcome.done, 5 * 5 + 4);
    struct rh_result *result = world_load(path);
    assert_string_equal(result->manifest.allocators[2].unavailable,
                        "preload:y.so is not installed");
    for (size_t i = 0; i < result->sample_count; i++)
        assert_int_not_equal(result->samples[i].allocator, 2);
    rh_result_destroy(result);

    world_reset(state);
    world.missing = "glibc";
    world_new_result(path);
    struct rh_error error = {0};
    assert_int_equal(world_run(path, plan, &error, &outcome), RH_ERR_MISSING);
    assert_string_equal(error.message,
                        "the baseline \"glibc\" cannot be used: glibc is not installed");
    assert_int_equal(world.jobs, 0);
    rh_plan_destroy(plan);
}

static void errors_before_the_first_worker(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    world_new_result(path);
    struct rh_plan *plan = world_plan("[a.rht, bad.rht]");
    struct rh_experiment_outcome outcome;
    struct rh_error error = {0};
    assert_int_equal(world_run(path, plan, &error, &outcome), RH_ERR_FORMAT);
    assert_non_null(strstr(error.message, "bad.rht: byte 17"));
    assert_int_not_equal(access(path, F_OK), 0);
    rh_plan_destroy(plan);

    plan = world_plan("[a.rht]");
    assert_int_equal(world_run(path, plan, NULL, &outcome), 0);
    error = (struct rh_error){0};
    assert_int_equal(world_run(path, plan, &error, &outcome), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "never overwritten"));
    rh_plan_destroy(plan);
}

static void no_worker_ends_the_run(void **state) {
    (void)state;
    world.no_worker_at = 4;
    char path[WORLD_PATH_BYTES];
    world_new_result(path);
    struct rh_plan *plan = world_plan("[a.rht]");
    struct rh_experiment_outcome outcome;
    struct rh_error error = {0};
    assert_int_equal(world_run(path, plan, &error, &outcome), RH_ERR_SYSTEM);
    assert_string_equal(error.message, "cannot start the worker");
    struct rh_result *result = world_load(path);
    assert_int_equal(result->sample_count, 3);
    rh_result_destroy(result);
    rh_plan_destroy(plan);
}

static void a_job_is_what_the_plan_says(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    world_new_result(path);
    struct rh_plan *plan = world_plan("[a.rht]");
    assert_int_equal(rh_plan_set_cpus(plan, "0", NULL), 0);
    assert_int_equal(rh_plan_set_touch(plan, "first", NULL), 0);
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_run(path, plan, NULL, &outcome), 0);
    assert_string_equal(world.last.cpus, "0");
    assert_int_equal(world.last.touch, RH_TOUCH_FIRST);
    assert_true(world.last.time_limit_ns == plan->time_limit_ns);
    assert_true(world.last.quick_idle && !world.last.checked);
    assert_true(world.last.environment_padding_bytes < 4096);
    rh_plan_destroy(plan);
}

/* The worker's distribution is in the result, and the calls that are timed are the same for all
 * allocators of a round. */
static void a_latency_pass_keeps_its_distribution(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    struct rh_plan *plan = world_plan("[a.rht]");
    assert_int_equal(rh_plan_add_pass(plan, "latency", NULL), 0);
    world.crash = "preload:y.so";
    world_new_result(path);
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_run(path, plan, NULL, &outcome), 0);
    struct rh_result *result = world_load(path);
    assert_int_equal(result->manifest.latency_rounds, 4);
    size_t latency_samples = 0;
    for (size_t i = 0; i < result->sample_count; i++) {
        const struct rh_result_sample *sample = &result->samples[i];
        bool has =
            sample->sample.pass == RH_PASS_LATENCY && sample->sample.end == RH_SAMPLE_MEASURED;
        assert_int_equal(sample->latency != NULL, has);
        latency_samples += sample->sample.pass == RH_PASS_LATENCY;
        if (has)
            assert_int_equal(sample->latency->entries[0].bin, i + 1);
    }
    assert_int_equal(latency_samples, 4 * 5);
    rh_result_destroy(result);
    rh_plan_destroy(plan);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct rh_plan *plan = world_plan("[a.rht]");
    int result = RH_ERR_MEMORY;
    uint64_t nth = 1;
    for (; result != 0 && nth < 20000; nth += nth < 200 ? 1 : 97) {
        char path[WORLD_PATH_BYTES];
        world_new_result(path);
        struct rh_experiment_outcome outcome;
        rh_memory_fail_at(nth);
        result = world_run(path, plan, NULL, &outcome);
        rh_memory_fail_at(0);
        if (result != 0)
            assert_int_equal(result, RH_ERR_MEMORY);
    }
    assert_int_equal(result, 0);
    assert_true(nth > 100);
    rh_plan_destroy(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_run_comes_to_its_end, world_reset),
        cmocka_unit_test_setup(an_interruption_leaves_what_was_done, world_reset),
        cmocka_unit_test_setup(a_crash_is_a_sample, world_reset),
        cmocka_unit_test_setup(a_hang_costs_three_time_limits, world_reset),
        cmocka_unit_test_setup(a_missing_allocator_stays_in_the_manifest, world_reset),
        cmocka_unit_test_setup(errors_before_the_first_worker, world_reset),
        cmocka_unit_test_setup(no_worker_ends_the_run, world_reset),
        cmocka_unit_test_setup(a_latency_pass_keeps_its_distribution, world_reset),
        cmocka_unit_test_setup(a_job_is_what_the_plan_says, world_reset),
        cmocka_unit_test_setup(every_allocation_may_fail, world_reset),
    };
    return cmocka_run_group_tests_name("experiment/experiment", tests, world_set_up,
                                       world_tear_down);
}
