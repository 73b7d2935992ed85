/* Whole samples: compile, a worker process, and what it leaves. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "tests/integration/replay/fixture.h"
#include "tests/unit/test.h"

static void a_throughput_sample_is_complete(void **state) {
    (void)state;
    struct rh_job job = {
        .tape = fixture_single, .allocator = "glibc", .environment_padding_bytes = 1000};
    fixture_replay(&job);
    assert_in_range(sample.ops, FIXTURE_EVENTS * 9 / 10, FIXTURE_EVENTS);
    assert_int_equal(sample.segment_count, 24);
    assert_true(sample.busy_ns > 0 && sample.wall_ns >= sample.busy_ns);
    assert_int_equal(sample.stall_ns, 0);
    assert_true(sample.checksum != 0);
    assert_true(sample.minor_faults > 0);
    assert_true(sample.object[0] == '/');
    assert_int_equal(sample.peak_resident_bytes, UINT64_MAX);
    assert_true(sample.instructions != UINT64_MAX || sample.counters_reason[0] != '\0');
}

static void a_memory_sample_is_complete(void **state) {
    (void)state;
    struct rh_job job = {
        .tape = fixture_threaded, .allocator = "glibc", .pass = RH_PASS_MEMORY, .quick_idle = true};
    fixture_replay(&job);
    assert_in_range(sample.mark_count, 30, 41);
    uint64_t most_live = 0, most_resident = 0;
    for (uint32_t i = 0; i < sample.mark_count; i++) {
        const struct rh_mark *mark = &sample.marks[i];
        most_live = mark->live_bytes > most_live ? mark->live_bytes : most_live;
        most_resident = mark->resident_bytes > most_resident ? mark->resident_bytes : most_resident;
        assert_true(mark->resident_bytes > 0);
        assert_true(i == 0 || mark->op >= sample.marks[i - 1].op);
    }
    assert_int_equal(most_live, sample.peak_live_bytes);
    assert_true(sample.replayed_peak_live_bytes >= most_live);
    assert_true(sample.peak_resident_bytes >= most_resident);
    assert_true(sample.peak_resident_bytes > sample.start_resident_bytes);
    assert_true(sample.freed_resident_bytes[1] != UINT64_MAX);
    assert_int_equal(sample.freed_resident_bytes[2], UINT64_MAX);
}

/* About one operation in 64, each with a time, and slow calls that are operations of the tape. */
static void a_latency_sample_is_complete(void **state) {
    (void)state;
    static struct rh_latency latency;
    struct rh_job job = {.tape = fixture_threaded,
                         .allocator = "glibc",
                         .pass = RH_PASS_LATENCY,
                         .latency = &latency,
                         .sample_seed = 1};
    fixture_replay(&job);
    uint64_t counted = 0, slowest = latency.exemplars[0].ns;
    for (uint32_t i = 0; i < latency.entry_count; i++)
        counted += latency.entries[i].count;
    assert_int_equal(counted, latency.samples);
    assert_int_equal(latency.lost, 0);
    assert_in_range(latency.samples, sample.ops / 64 / 2, sample.ops / 64 * 2 + 1);
    assert_true(latency.quantum_ps > 0);
    assert_in_range(latency.exemplar_count, 1, RH_LATENCY_EXEMPLARS);
    for (uint32_t i = 0; i < latency.exemplar_count; i++) {
        assert_true(latency.exemplars[i].ns <= slowest);
        assert_true(latency.exemplars[i].op < sample.ops);
        assert_true(latency.exemplars[i].thread < sample.threads);
        slowest = latency.exemplars[i].ns;
    }
    uint64_t checksum = sample.checksum;
    job.pass = RH_PASS_THROUGHPUT;
    fixture_replay(&job);
    assert_int_equal(sample.checksum, checksum); /* timed operations do the same work */
}

static void allocators_do_the_same_work(void **state) {
    (void)state;
    struct rh_job job = {.tape = fixture_threaded, .allocator = "glibc"};
    fixture_replay(&job);
    uint64_t ops = sample.ops, checksum = sample.checksum;
    job.allocator = "bump";
    fixture_replay(&job);
    assert_int_equal(sample.ops, ops);
    assert_int_equal(sample.checksum, checksum);
    job.allocator = "null";
    fixture_replay(&job);
    assert_int_equal(sample.ops, ops);
    assert_int_equal(sample.checksum, 0);
}

static void the_check_pass_finds_nothing_wrong(void **state) {
    (void)state;
    static const char *const names[] = {"glibc", "sbrk", "bump"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct rh_job job = {
            .tape = fixture_threaded, .allocator = names[i], .pass = RH_PASS_CHECK};
        fixture_replay(&job);
        assert_true(sample.ops > 0);
    }
}

#if VILLAIN_WORKS
/* A sanitizer's own memory is anonymous, and in the way here. */
static void the_null_worker_holds_nothing(void **state) {
    (void)state;
    struct rh_job job = {
        .tape = fixture_threaded, .allocator = "null", .pass = RH_PASS_MEMORY, .quick_idle = true};
    fixture_replay(&job);
    /* Tape, tables, stacks and players are file or shmem pages. */
    assert_in_range(sample.peak_resident_bytes - sample.start_resident_bytes, 0, 256 * 1024);
}
#endif

/* Four blocks that live to the end: not touched at all, touched up to the third page, grown from
 * such a one, and not known. */
static char *compile_large(const char *path) {
    enum { COUNT = 10, BYTES = 100000 };
    struct rh_event events[COUNT] = {
        fixture_event(0, RH_EVENT_THREAD_START), fixture_event(0, RH_EVENT_MALLOC),
        fixture_event(0, RH_EVENT_MALLOC),       fixture_event(0, RH_EVENT_MALLOC),
        fixture_event(0, RH_EVENT_REALLOC),      fixture_event(0, RH_EVENT_MALLOC),
        fixture_event(0, RH_EVENT_RESIDENT),     fixture_event(0, RH_EVENT_RESIDENT),
        fixture_event(0, RH_EVENT_RESIDENT),     fixture_event(0, RH_EVENT_MALLOC)};
    for (uint64_t i = 0; i < 3; i++) {
        events[1 + i].acquired = i;
        events[1 + i].size = BYTES;
    }
    events[4].released = 2;
    events[4].touched_pages = 2;
    events[4].acquired = 3;
    events[4].size = 2 * BYTES;
    events[5].acquired = 4;
    events[5].size = BYTES;
    static const uint64_t counted[3] = {0, 1, 3};
    static const uint32_t pages[3] = {0, 3, 5};
    for (int i = 0; i < 3; i++) {
        events[6 + i].released = counted[i];
        events[6 + i].touched_pages = pages[i];
    }
    events[9].acquired = 5;
    events[9].size = 16;
    fixture_write(path, events, COUNT);
    return fixture_compile(path);
}

/* What was touched is looked at when all is freed, and nothing else. */
static void large_blocks_keep_what_was_touched(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof(path), "%s/large.rht", fixture_directory);
    char *tape = compile_large(path);
    struct rh_job job = {.tape = tape, .allocator = "glibc", .touch = RH_TOUCH_RECORDED};
    fixture_replay(&job);
    job.touch = RH_TOUCH_PAGE;
    fixture_replay(&job);
#if VILLAIN_WORKS
    const char *const environment[] = {"VILLAIN=lose 6", NULL};
    job = (struct rh_job){.tape = tape,
                          .allocator = "preload:" VILLAIN,
                          .touch = RH_TOUCH_RECORDED,
                          .environment = environment};
    assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_WRONG);
    assert_non_null(strstr(sample.reason, "3 blocks that were live at the end had lost"));
#endif
    unlink(path);
    unlink(tape);
    rh_free(tape);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_throughput_sample_is_complete),
        cmocka_unit_test(a_memory_sample_is_complete),
        cmocka_unit_test(a_latency_sample_is_complete),
        cmocka_unit_test(allocators_do_the_same_work),
        cmocka_unit_test(the_check_pass_finds_nothing_wrong),
#if VILLAIN_WORKS
        cmocka_unit_test(the_null_worker_holds_nothing),
#endif
        cmocka_unit_test(large_blocks_keep_what_was_touched),
    };
    return cmocka_run_group_tests_name("replay-samples", tests, fixture_set_up, fixture_tear_down);
}
