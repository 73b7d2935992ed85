/* Every way in which a replay may end but well. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "compile/tape.h"
#include "tests/integration/replay/fixture.h"
#include "tests/unit/test.h"

#if VILLAIN_WORKS
static enum rh_pass villain_pass = RH_PASS_THROUGHPUT;

static void villain(const char *tape, const char *deed, uint64_t time_limit_ns) {
    char variable[64];
    snprintf(variable, sizeof(variable), "VILLAIN=%s", deed);
    const char *environment[] = {variable, NULL};
    struct rh_job job = {.tape = tape,
                         .allocator = "preload:" VILLAIN,
                         .environment = environment,
                         .pass = villain_pass,
                         .time_limit_ns = time_limit_ns};
    struct rh_error error = {0};
    int result = rh_replay(&job, NULL, &error, &sample);
    if (result < 0)
        print_error("%s\n", error.message);
    assert_int_equal(result, 0);
}

static void expect(unsigned end, const char *text) {
    if (sample.end != end || strstr(sample.reason, text) == NULL)
        print_error("end %u: %s\n", sample.end, sample.reason);
    assert_int_equal(sample.end, end);
    assert_non_null(strstr(sample.reason, text));
}

static void every_bad_end_is_told(void **state) {
    (void)state;
    villain(fixture_single, "none 1", 0);
    assert_int_equal(sample.end, RH_SAMPLE_MEASURED);
    assert_non_null(strstr(sample.object, "villain"));
    villain(fixture_single, "crash 5000", 0);
    expect(RH_SAMPLE_CRASHED, "SIGSEGV in the ");
    assert_int_equal(sample.signal, SIGSEGV);
    assert_in_range(sample.failed_op, 5000, FIXTURE_EVENTS);
    villain(fixture_threaded, "crash 5000", 0);
    expect(RH_SAMPLE_CRASHED, " of thread ");
    villain(fixture_single, "abort 70", 0);
    expect(RH_SAMPLE_CRASHED, "villain: I give up");
    villain(fixture_single, "null 3000", 0);
    expect(RH_SAMPLE_OUT_OF_MEMORY, "gave NULL for the ");
    assert_in_range(sample.failed_op, 3000, FIXTURE_EVENTS);
    villain(fixture_single, "exit 10", 0);
    expect(RH_SAMPLE_FAILED, "status 7");
    villain(fixture_single, "lose 12000", 0);
    expect(RH_SAMPLE_WRONG, "lost their content");
    villain_pass = RH_PASS_CHECK;
    villain(fixture_single, "none 1", 0);
    assert_int_equal(sample.end, RH_SAMPLE_MEASURED);
    villain(fixture_single, "lose 12000", 0);
    expect(RH_SAMPLE_WRONG, "");
    villain(fixture_single, "twice 5000", 0);
    expect(RH_SAMPLE_WRONG, "");
    villain_pass = RH_PASS_THROUGHPUT;
}

static void a_standstill_says_who_waits_for_whom(void **state) {
    (void)state;
    villain(fixture_threaded, "hang 9000", 1000000000);
    expect(RH_SAMPLE_TIMED_OUT, "killed after 1.00 s while it replayed");
    expect(RH_SAMPLE_TIMED_OUT, " waits for operation ");
}
#endif

/* ---- a tape on which no thread can go on ---- */

/* Two threads make a block each, and each frees the other's. */
static char *compile_exchange(const char *path) {
    struct rh_event events[6] = {
        fixture_event(0, RH_EVENT_THREAD_START), fixture_event(1, RH_EVENT_THREAD_START),
        fixture_event(0, RH_EVENT_MALLOC),       fixture_event(1, RH_EVENT_MALLOC),
        fixture_event(0, RH_EVENT_FREE),         fixture_event(1, RH_EVENT_FREE)};
    events[1].parent = 0;
    events[2].size = events[3].size = 64;
    events[2].acquired = events[5].released = 0;
    events[3].acquired = events[4].released = 1;
    fixture_write(path, events, 6);
    return fixture_compile(path);
}

static uint64_t last_operation(const struct rh_tape *tape, uint32_t thread) {
    const struct rh_tape_thread *entry = &tape->threads[thread];
    uint64_t last = 0;
    for (uint64_t at = entry->begin; at != entry->end; at = rh_tape_next(tape->words, at))
        if (rh_tape_op_counts[rh_tape_kind(tape->words[at])])
            last = at;
    return last;
}

/* Each thread waits for the end of the other instead of for its block. */
static void make_a_cycle(const char *path) {
    struct rh_tape tape;
    assert_int_equal(rh_tape_open(path, false, NULL, &tape), 0);
    FILE *file = fopen(path, "r+b");
    int waits = 0;
    assert_non_null(file);
    for (uint32_t thread = 0; thread < 2; thread++) {
        const struct rh_tape_thread *entry = &tape.threads[thread];
        for (uint64_t at = entry->begin; at != entry->end; at = rh_tape_next(tape.words, at)) {
            if (rh_tape_kind(tape.words[at]) != RH_TAPE_WAIT)
                continue;
            uint64_t end = last_operation(&tape, 1 - thread);
            assert_int_equal(fseek(file, (long)(at + 1) * 8, SEEK_SET), 0);
            assert_int_equal(fwrite(&end, sizeof(end), 1, file), 1);
            waits++;
        }
    }
    fclose(file);
    rh_tape_close(&tape);
    assert_int_equal(waits, 2);
}

static void a_cycle_ends_and_names_the_blocks(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof(path), "%s/cycle.rht", fixture_directory);
    char *tape = compile_exchange(path);
    struct rh_job job = {.tape = tape, .allocator = "glibc"};
    fixture_replay(&job);
    make_a_cycle(tape);
    struct rh_error error = {0};
    assert_int_equal(rh_replay(&job, NULL, &error, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_FAILED);
    static const char *const parts[] = {
        "no thread can go on", "thread 0 waits for operation 1 of thread 1 (free of 64 bytes, slot",
        " before its own operation 1 (free of 64 bytes, slot", "thread 1 waits for operation 1 of"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(sample.reason, parts[i]) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", parts[i], sample.reason);
    unlink(path);
    unlink(tape);
    rh_free(tape);
}

/* ---- refused, interrupted ---- */

static void what_is_missing_is_told(void **state) {
    (void)state;
    struct rh_job job = {.tape = fixture_single, .allocator = "preload:/nowhere/libx.so"};
    assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_NOT_LOADED);
    assert_non_null(strstr(sample.reason, "/nowhere/libx.so"));
    job.allocator = "glibz";
    assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_NOT_LOADED);
    job.allocator = "glibc";
    job.tape = "/nowhere/x.tape";
    assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_FAILED);
    assert_non_null(strstr(sample.reason, "/nowhere/x.tape"));
    job.tape = fixture_single;
    job.cpus = "0-";
    struct rh_error error = {0};
    assert_int_equal(rh_replay(&job, NULL, &error, &sample), RH_ERR_INVALID);
    job.cpus = "1023";
    assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_FAILED);
    assert_non_null(strstr(sample.reason, "CPU"));
}

static void an_interruption_ends_it(void **state) {
    (void)state;
    volatile bool interrupted = true;
    struct rh_job job = {.tape = fixture_single, .allocator = "glibc", .pass = RH_PASS_MEMORY};
    uint64_t start_ns = rh_now_ns();
    struct rh_error error = {0};
    assert_int_equal(rh_replay(&job, &interrupted, &error, &sample), RH_ERR_INTERRUPTED);
    assert_true(rh_now_ns() - start_ns < 10000000000u); /* it would have idled for 12 s */
}

/* What the parent's shell holds must not reach the worker. */
static void the_parents_environment_stays_out(void **state) {
    (void)state;
    setenv("MALLOC_PERTURB_", "165", 1);
    setenv("GLIBC_TUNABLES", "glibc.malloc.mxfast=0", 1);
    setenv("LD_PRELOAD", "/nowhere/liby.so", 1);
    struct rh_job job = {.tape = fixture_single, .allocator = "glibc"};
    fixture_replay(&job);
    unsetenv("MALLOC_PERTURB_");
    unsetenv("GLIBC_TUNABLES");
    unsetenv("LD_PRELOAD");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#if VILLAIN_WORKS
        cmocka_unit_test(every_bad_end_is_told),
        cmocka_unit_test(a_standstill_says_who_waits_for_whom),
#endif
        cmocka_unit_test(a_cycle_ends_and_names_the_blocks),
        cmocka_unit_test(what_is_missing_is_told),
        cmocka_unit_test(an_interruption_ends_it),
        cmocka_unit_test(the_parents_environment_stays_out),
    };
    return cmocka_run_group_tests_name("replay-ends", tests, fixture_set_up, fixture_tear_down);
}
