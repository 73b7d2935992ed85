/* The rate of thinking: found on made-up times, under the right allocator, once for a run. */
#include "experiment/think.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "experiment/think_search.h"
#include "tests/unit/experiment/world.h"
#include "tests/unit/test.h"

/* ---- the search ---- */

/* A machine on which lines cost `line_ns`, and more of them more: `steeper` a line. The times of
 * three runs differ by what stands in `noise`. */
struct machine {
    double plain_ns, line_ns, steeper;
    int64_t noise[3];
    int calls, fail_at;
};

static double time_of(const struct machine *machine, uint64_t lines) {
    return machine->plain_ns +
           (double)lines * (machine->line_ns + machine->steeper * (double)lines);
}

static int run(void *context, uint64_t lines_per_ms, struct rh_error *error, uint64_t *ret_ns) {
    struct machine *machine = context;
    if (++machine->calls == machine->fail_at)
        return rh_fail(error, RH_ERR_SYSTEM, "no worker");
    double noise = (double)machine->noise[machine->calls % 3];
    *ret_ns = (uint64_t)(time_of(machine, lines_per_ms) + noise);
    return 0;
}

static struct rh_think_found search(struct machine *machine, uint64_t program_ns) {
    struct rh_think_found found = {.program_ns = program_ns};
    assert_int_equal(rh_think_search(run, machine, NULL, &found), 0);
    assert_true(machine->calls >= 3 && machine->calls <= 15 && machine->calls % 3 == 0);
    return found;
}

static void the_replay_takes_what_the_program_took(void **state) {
    (void)state;
    for (uint64_t lines = 200; lines < 16000; lines += 700) {
        struct machine machine = {
            .plain_ns = 5e8, .line_ns = 1e5, .noise = {-4000000, 0, 90000000}};
        uint64_t program_ns = (uint64_t)time_of(&machine, lines);
        struct rh_think_found found = search(&machine, program_ns);
        assert_int_equal(found.plain_ns, 500000000);
        assert_in_range(found.thinking_ns, program_ns / 100 * 98, program_ns / 100 * 102);
        assert_int_equal(found.thinking_ns, time_of(&machine, found.lines_per_ms));
    }
}

/* Beyond a cache, say. */
static void lines_that_cost_more_the_more_there_are(void **state) {
    (void)state;
    struct machine machine = {.plain_ns = 1e8, .line_ns = 1e4, .steeper = 20};
    struct rh_think_found found = search(&machine, 1500000000);
    assert_in_range(found.thinking_ns, 1200000000, 1800000000);
    assert_int_equal(found.thinking_ns, time_of(&machine, found.lines_per_ms));
}

static void no_more_than_so_many(void **state) {
    (void)state;
    struct machine machine = {.plain_ns = 1e8, .line_ns = 1e4};
    struct rh_think_found found = search(&machine, 9000000000);
    assert_int_equal(found.lines_per_ms, RH_THINK_LINES_PER_MS_MOST);
    assert_int_equal(found.thinking_ns, time_of(&machine, RH_THINK_LINES_PER_MS_MOST));
    /* Nor where lines cost nothing at all (a trace without gaps, or without blocks). */
    machine = (struct machine){.plain_ns = 1e8};
    found = search(&machine, 9000000000);
    assert_int_equal(found.lines_per_ms, RH_THINK_LINES_PER_MS_MOST);
    assert_int_equal(found.thinking_ns, 100000000);
}

static void a_program_that_took_no_longer_than_its_calls(void **state) {
    (void)state;
    const uint64_t programs_ns[] = {1, 99000000, 100000000, 101000000};
    for (size_t i = 0; i < sizeof(programs_ns) / sizeof(programs_ns[0]); i++) {
        struct machine machine = {.plain_ns = 1e8, .line_ns = 1e5};
        struct rh_think_found found = search(&machine, programs_ns[i]);
        assert_int_equal(found.lines_per_ms, 0);
        assert_int_equal(found.thinking_ns, found.plain_ns);
        assert_int_equal(machine.calls, 3);
    }
}

static void a_replay_that_fails_ends_the_search(void **state) {
    (void)state;
    for (int i = 1; i <= 6; i++) {
        struct machine machine = {.plain_ns = 1e8, .line_ns = 1e4, .fail_at = i};
        struct rh_think_found found = {.program_ns = 200000000};
        assert_int_equal(rh_think_search(run, &machine, NULL, &found), RH_ERR_SYSTEM);
        assert_int_equal(machine.calls, i);
    }
}

/* ---- the allocator ---- */

enum { REASON_BYTES = sizeof(((struct rh_error *)NULL)->message) };

/* Or the reason why there is none. */
static const char *allocator_of(char *file, char buffer[REASON_BYTES]) {
    struct rh_error error = {0};
    struct rh_result_trace trace = {.cpu_ns = 5, .allocator = file};
    struct rh_think_found found = {0};
    int result = rh_think_prepare(&world_seams, "a.rht", &trace, &error, &found);
    assert_true(result == 0 || result == RH_ERR_MISSING);
    assert_true(result < 0 || found.program_ns == 5);
    snprintf(buffer, REASON_BYTES, "%s", result == 0 ? found.allocator : error.message);
    rh_free(found.allocator);
    return buffer;
}

static void each_file_has_its_allocator(void **state) {
    (void)state;
    char buffer[REASON_BYTES], own[] = "/tmp/reheap-think-XXXXXX", wanted[64];
    char libc[] = "/lib/x86_64-linux-gnu/libc.so.6", old[] = "/lib/libc-2.31.so";
    char elsewhere[] = "/nowhere/jemalloc.so.1", unknown[] = "/nowhere/libmine.so";
    assert_string_equal(allocator_of(NULL, buffer), "glibc");
    assert_string_equal(allocator_of(libc, buffer), "glibc");
    assert_string_equal(allocator_of(old, buffer), "glibc");
    world.library_suffix = ".so.2"; /* /lib/jemalloc.so.2 */
    assert_string_equal(allocator_of(elsewhere, buffer), "jemalloc");
    assert_non_null(strstr(allocator_of(unknown, buffer), "under /nowhere/libmine"));
    int fd = mkstemp(own);
    assert_true(fd >= 0 && close(fd) == 0);
    snprintf(wanted, sizeof(wanted), "preload:%s", own);
    assert_string_equal(allocator_of(own, buffer), wanted);
    unlink(own);
}

/* ---- whole runs ---- */

enum { REPLAYS_A_TRACE = 9 }; /* of the search: plain, 4 lines/us, the right number */

static uint64_t rates[2];
static int plain, others;

static void count_rates(const struct rh_job *job) {
    bool is_b = strcmp(job->tape, "tape-b") == 0;
    plain += job->think.lines_per_ms == 0;
    others += job->think.lines_per_ms != 0 && job->think.lines_per_ms != rates[is_b];
    assert_true(!job->think.automatic && job->think.walk == 2);
}

/* Of a.rht the right number is 2000, of b.rht 6000. */
static struct rh_plan *plan_that_thinks(void) {
    struct rh_plan *made = world_plan("[a.rht, b.rht]");
    assert_int_equal(rh_plan_set_think(made, "auto,walk=2", NULL), 0);
    world_reset(NULL);
    world.cpu_ns = WORLD_PLAIN_NS + 2000 * WORLD_LINE_NS;
    world.watch = count_rates;
    rates[0] = 2000;
    rates[1] = 6000;
    plain = others = 0;
    return made;
}

static void expect_found(const struct rh_result *result) {
    for (int i = 0; i < 2; i++) {
        const struct rh_result_trace *trace = &result->manifest.traces[i];
        assert_string_equal(trace->think.allocator, "glibc");
        assert_int_equal(trace->think.lines_per_ms, rates[i]);
        assert_int_equal(trace->think.plain_ns, WORLD_PLAIN_NS);
        assert_int_equal(trace->think.thinking_ns, trace->cpu_ns);
        assert_int_equal(trace->think.program_ns, trace->cpu_ns);
    }
    assert_string_equal(result->manifest.think, "auto,uniform=30,walk=2,recent=64,writes=20");
}

static void each_trace_has_its_rate(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    struct rh_plan *made = plan_that_thinks();
    struct rh_experiment_outcome outcome;
    world_new_result(path);
    assert_int_equal(world_run(path, made, NULL, &outcome), 0);
    assert_int_equal(outcome.done, 2 * WORLD_CELLS_A_TRACE);
    assert_int_equal(world.jobs, 2 * (WORLD_CELLS_A_TRACE + REPLAYS_A_TRACE));
    assert_true(plain == 6 && others == 6);
    struct rh_result *result = world_load(path);
    expect_found(result);
    rh_result_destroy(result);
    rh_plan_destroy(made);
}

/* A search that was interrupted begins anew; what was found stays. */
static void a_resumed_run_has_the_same_rates(void **state) {
    (void)state;
    const int moments[] = {1, 5, REPLAYS_A_TRACE + 2, 2 * REPLAYS_A_TRACE + 1, 60};
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        char path[WORLD_PATH_BYTES];
        struct rh_plan *made = plan_that_thinks();
        struct rh_experiment_outcome outcome;
        world.interrupt_at = moments[i];
        world_new_result(path);
        assert_int_equal(world_run(path, made, NULL, &outcome), RH_ERR_INTERRUPTED);
        rh_plan_destroy(made);
        rh_plan_destroy(plan_that_thinks());
        assert_int_equal(world_resume(path, NULL, &outcome), 0);
        int searched = moments[i] <= REPLAYS_A_TRACE       ? 2
                       : moments[i] <= 2 * REPLAYS_A_TRACE ? 1
                                                           : 0;
        assert_int_equal(plain, 3 * searched);
        assert_int_equal(others, 3 * searched);
        struct rh_result *result = world_load(path);
        assert_true(result->manifest.complete);
        expect_found(result);
        rh_result_destroy(result);
    }
}

static void a_trace_that_does_not_say_what_its_program_took(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    struct rh_plan *made = plan_that_thinks();
    struct rh_experiment_outcome outcome;
    struct rh_error error = {0};
    world.cpu_ns = 0;
    world_new_result(path);
    assert_int_equal(world_run(path, made, &error, &outcome), RH_ERR_CHECK);
    assert_non_null(strstr(error.message, "a.rht does not say what CPU time its program took"));
    assert_non_null(strstr(error.message, "record the program again"));
    assert_int_equal(world.jobs, 0);
    assert_int_not_equal(access(path, F_OK), 0);
    rh_plan_destroy(made);
}

static void a_replay_that_crashes_is_told(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    struct rh_plan *made = plan_that_thinks();
    struct rh_experiment_outcome outcome;
    struct rh_error error = {0};
    world.crash = "glibc";
    world_new_result(path);
    assert_int_equal(world_run(path, made, &error, &outcome), RH_ERR_CHECK);
    assert_non_null(strstr(error.message, "a replay under glibc: crashed: signal 11"));
    rh_plan_destroy(made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_replay_takes_what_the_program_took),
        cmocka_unit_test(lines_that_cost_more_the_more_there_are),
        cmocka_unit_test(no_more_than_so_many),
        cmocka_unit_test(a_program_that_took_no_longer_than_its_calls),
        cmocka_unit_test(a_replay_that_fails_ends_the_search),
        cmocka_unit_test_setup(each_file_has_its_allocator, world_reset),
        cmocka_unit_test(each_trace_has_its_rate),
        cmocka_unit_test(a_resumed_run_has_the_same_rates),
        cmocka_unit_test(a_trace_that_does_not_say_what_its_program_took),
        cmocka_unit_test(a_replay_that_crashes_is_told),
    };
    return cmocka_run_group_tests_name("experiment/think", tests, world_set_up, world_tear_down);
}
