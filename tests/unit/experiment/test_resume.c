/* An interrupted run goes on: nothing is lost, nothing is repeated, nothing may have changed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "tests/unit/experiment/world.h"
#include "tests/unit/test.h"

enum { CELLS = 2 * WORLD_CELLS_A_TRACE };

/* Starts the usual run and interrupts it at a job. */
static void interrupt_at(int job, char ret_path[WORLD_PATH_BYTES]) {
    world_reset(NULL);
    world.marks = 3;
    world.interrupt_at = job;
    world_new_result(ret_path);
    struct rh_plan *plan = world_plan("[a.rht, b.rht]");
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_run(ret_path, plan, NULL, &outcome), RH_ERR_INTERRUPTED);
    rh_plan_destroy(plan);
    world_reset(NULL);
    world.marks = 3;
}

static void expect_whole(const char *path) {
    struct rh_result *result = world_load(path);
    assert_true(result->manifest.complete);
    assert_int_equal(result->sample_count, CELLS);
    assert_int_equal(result->damaged_lines, 0);
    for (size_t i = 0; i < result->sample_count; i++) {
        assert_int_equal(result->samples[i].index, i);
        assert_true(i == 0 || result->samples[i].started_ns >= result->samples[i - 1].started_ns);
    }
    rh_result_destroy(result);
}

static void an_interrupted_run_goes_on(void **state) {
    (void)state;
    const int moments[] = {1, 2, 13, 40, CELLS};
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        char path[WORLD_PATH_BYTES];
        interrupt_at(moments[i], path);
        struct rh_experiment_outcome outcome;
        assert_int_equal(world_resume(path, NULL, &outcome), 0);
        assert_int_equal(outcome.done, CELLS);
        assert_int_equal(outcome.total, CELLS);
        assert_int_equal(world.jobs, CELLS - (moments[i] - 1));
        expect_whole(path);
    }
}

static void a_complete_run_stays_as_it_is(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    interrupt_at(2, path);
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_resume(path, NULL, &outcome), 0);
    struct rh_result *result = world_load(path);
    char *finished = rh_strdup(result->manifest.finished);
    rh_result_destroy(result);
    sleep(1); /* the least that a date tells apart */
    assert_int_equal(world_resume(path, NULL, &outcome), 0);
    result = world_load(path);
    assert_string_equal(result->manifest.finished, finished);
    rh_result_destroy(result);
    rh_free(finished);
}

/* The order is that of an uninterrupted run with the same seed. */
static void the_schedule_is_the_same(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    char other_path[WORLD_PATH_BYTES];
    interrupt_at(29, path);
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_resume(path, NULL, &outcome), 0);
    struct rh_plan *plan = world_plan("[a.rht, b.rht]");
    world_new_result(other_path);
    assert_int_equal(world_run(other_path, plan, NULL, &outcome), 0);
    rh_plan_destroy(plan);
    struct rh_result *resumed = world_load(path);
    struct rh_result *whole = world_load(other_path);
    for (size_t i = 0; i < CELLS; i++) {
        assert_int_equal(resumed->samples[i].allocator, whole->samples[i].allocator);
        assert_int_equal(resumed->samples[i].trace, whole->samples[i].trace);
        assert_int_equal(resumed->samples[i].environment_padding_bytes,
                         whole->samples[i].environment_padding_bytes);
    }
    rh_result_destroy(resumed);
    rh_result_destroy(whole);
}

static off_t size_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

/* What a kill, a full disk or a power cut leaves: the files end anywhere, also inside a line, and
 * the series may be one line ahead. */
static void files_may_end_anywhere(void **state) {
    (void)state;
    struct rh_random random;
    rh_random_seed(&random, 9);
    for (int i = 0; i < 20; i++) {
        char path[WORLD_PATH_BYTES];
        interrupt_at(2 + (int)rh_random_below(&random, CELLS - 2), path);
        char samples[WORLD_PATH_BYTES + 16];
        snprintf(samples, sizeof(samples), "%s/samples.jsonl", path);
        /* Take back up to one line of samples, so that its marks have none. */
        off_t cut = (off_t)rh_random_below(&random, 700);
        off_t bytes = size_of(samples);
        assert_int_equal(truncate(samples, bytes > cut ? bytes - cut : 0), 0);
        struct rh_experiment_outcome outcome;
        struct rh_error error = {0};
        if (world_resume(path, &error, &outcome) != 0)
            fail_msg("%s", error.message);
        expect_whole(path);
    }
}

static void twice_is_well(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    interrupt_at(20, path);
    world.interrupt_at = 10;
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_resume(path, NULL, &outcome), RH_ERR_INTERRUPTED);
    assert_int_equal(outcome.done, 19 + 9);
    world_reset(NULL);
    world.marks = 3;
    assert_int_equal(world_resume(path, NULL, &outcome), 0);
    assert_int_equal(world_resume(path, NULL, &outcome), 0);
    expect_whole(path);
}

static void failures_are_not_repeated(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    world_new_result(path);
    world.hang = "preload:x.so";
    world.interrupt_at = 50;
    struct rh_plan *plan = world_plan("[a.rht, b.rht]");
    struct rh_experiment_outcome first;
    assert_int_equal(world_run(path, plan, NULL, &first), RH_ERR_INTERRUPTED);
    rh_plan_destroy(plan);
    world_reset(NULL);
    world.hang = "preload:x.so";
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_resume(path, NULL, &outcome), 0);
    assert_int_equal(outcome.failed, 12);
    assert_string_equal(outcome.first_failure, first.first_failure);
    /* Per trace: five rounds of throughput of which three are played, one of memory. */
    assert_int_equal(world.jobs + (int)first.done, CELLS - 4);
    expect_whole(path);
}

static void expect_refused(const char *path, const char *words) {
    struct rh_experiment_outcome outcome;
    struct rh_error error = {0};
    assert_int_equal(world_resume(path, &error, &outcome), RH_ERR_CHECK);
    if (strstr(error.message, words) == NULL)
        fail_msg("%s", error.message);
    assert_int_equal(world.jobs, 0);
    world_reset(NULL);
}

static void what_has_changed_is_named(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    interrupt_at(30, path);
    world.hash = "fedcba9876543210";
    expect_refused(path, "the trace a (was 0123456789abcdef, is fedcba9876543210)");
    world.missing = "preload:y.so";
    expect_refused(path, "the allocator y (was there, is preload:y.so is not installed)");

    char plan[WORLD_PATH_BYTES];
    world_path(plan, "plan.yaml");
    assert_int_equal(rh_file_write(plan, "title: t\nseed: 6\n", 17, NULL), 0);
    expect_refused(path, "plan.yaml (from line 2 on)");
    unlink(plan);
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_resume(path, NULL, &outcome), 0);
}

static void a_foreign_sample_is_refused(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    interrupt_at(30, path);
    char manifest[WORLD_PATH_BYTES + 16];
    snprintf(manifest, sizeof(manifest), "%s/manifest.json", path);
    char *text = NULL;
    assert_int_equal(rh_file_read(manifest, 1 << 20, NULL, &text, NULL), 0);
    char *seed = strstr(text, "\"seed\": \"5\"");
    assert_non_null(seed);
    seed[9] = '7';
    assert_int_equal(rh_file_write(manifest, text, strlen(text), NULL), 0);
    rh_free(text);
    expect_refused(path, "is not what the schedule of seed 7 has there");
}

static void two_at_a_time_are_refused(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    interrupt_at(30, path);
    char samples[WORLD_PATH_BYTES + 16];
    snprintf(samples, sizeof(samples), "%s/samples.jsonl", path);
    int fd = open(samples, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    struct rh_experiment_outcome outcome;
    struct rh_error error = {0};
    assert_int_equal(world_resume(path, &error, &outcome), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "another run is writing"));
    close(fd);
    assert_int_equal(world_resume(path, NULL, &outcome), 0);
}

/* A run from a command line has no plan file: allocators, traces and settings are in the manifest.
 */
static void a_run_without_a_plan_file(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    char trace[WORLD_PATH_BYTES];
    world_new_result(path);
    world_path(trace, "b.rht");
    struct rh_plan *plan = NULL;
    assert_int_equal(rh_plan_create(NULL, &plan), 0);
    char glibc[] = "glibc";
    char label[] = "mine";
    char option[] = "a=1";
    char *options[] = {option, NULL};
    struct rh_plan_allocator entries[] = {{.name = glibc},
                                          {.name = glibc, .label = label, .options = options}};
    assert_int_equal(rh_plan_add_allocator(plan, &entries[0], NULL), 0);
    assert_int_equal(rh_plan_add_allocator(plan, &entries[1], NULL), 0);
    assert_int_equal(rh_plan_add_trace(plan, trace, "renamed", NULL), 0);
    assert_int_equal(rh_plan_set_rounds(plan, "3", NULL), 0);
    assert_int_equal(rh_plan_set_touch(plan, "all", NULL), 0);
    assert_int_equal(rh_plan_complete(plan, NULL), 0);
    world.interrupt_at = 11;
    struct rh_experiment_outcome outcome;
    assert_int_equal(world_run(path, plan, NULL, &outcome), RH_ERR_INTERRUPTED);
    rh_plan_destroy(plan);

    world_reset(NULL);
    assert_int_equal(world_resume(path, NULL, &outcome), 0);
    assert_int_equal(outcome.done, outcome.total);
    assert_int_equal(world.last.touch, RH_TOUCH_ALL);
    struct rh_result *result = world_load(path);
    assert_string_equal(result->manifest.allocators[1].label, "mine");
    assert_string_equal(result->manifest.allocators[1].options[0], "a=1");
    assert_string_equal(result->manifest.traces[0].name, "renamed");
    assert_int_equal(result->sample_count, outcome.total);
    rh_result_destroy(result);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    interrupt_at(CELLS - 1, path);
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; result != 0 && nth < 20000; nth += nth < 100 ? 1 : 23) {
        struct rh_experiment_outcome outcome;
        rh_memory_fail_at(nth);
        result = world_resume(path, NULL, &outcome);
        rh_memory_fail_at(0);
        if (result != 0)
            assert_int_equal(result, RH_ERR_MEMORY);
    }
    assert_int_equal(result, 0);
    expect_whole(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_interrupted_run_goes_on, world_reset),
        cmocka_unit_test_setup(a_complete_run_stays_as_it_is, world_reset),
        cmocka_unit_test_setup(the_schedule_is_the_same, world_reset),
        cmocka_unit_test_setup(files_may_end_anywhere, world_reset),
        cmocka_unit_test_setup(twice_is_well, world_reset),
        cmocka_unit_test_setup(failures_are_not_repeated, world_reset),
        cmocka_unit_test_setup(what_has_changed_is_named, world_reset),
        cmocka_unit_test_setup(a_foreign_sample_is_refused, world_reset),
        cmocka_unit_test_setup(two_at_a_time_are_refused, world_reset),
        cmocka_unit_test_setup(a_run_without_a_plan_file, world_reset),
        cmocka_unit_test_setup(every_allocation_may_fail, world_reset),
    };
    return cmocka_run_group_tests_name("experiment/resume", tests, world_set_up, world_tear_down);
}
