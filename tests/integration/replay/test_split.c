/* Where the resident bytes are, of an allocator for which it is known to the page. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "compile/compile.h"
#include "replay/replay.h"
#include "tests/integration/replay/hoarder.h"
#include "tests/unit/test.h"
#include "trace/trace.h"

enum { BLOCKS = 600, FREED = 200, BLOCK_BYTES = 1000, EVENTS = 1 + BLOCKS + FREED };

static char directory[64], path[128];
static char *tape;
static struct rh_sample sample;

/* BLOCKS blocks, then every third of them is given back. */
static void make_events(struct rh_event events[EVENTS]) {
    for (uint64_t i = 0; i < EVENTS; i++)
        events[i] = (struct rh_event){.acquired = RH_NO_OBJECT,
                                      .released = RH_NO_OBJECT,
                                      .parent = RH_NO_THREAD,
                                      .touched_pages = RH_NO_TOUCHED};
    events[0].kind = RH_EVENT_THREAD_START;
    for (uint64_t i = 0; i < BLOCKS; i++) {
        events[1 + i].kind = RH_EVENT_MALLOC;
        events[1 + i].size = BLOCK_BYTES;
        events[1 + i].acquired = i;
    }
    for (uint64_t i = 0; i < FREED; i++) {
        events[1 + BLOCKS + i].kind = RH_EVENT_FREE;
        events[1 + BLOCKS + i].released = 3 * i;
    }
}

static int set_up(void **state) {
    (void)state;
    static struct rh_event events[EVENTS];
    struct rh_trace_writer *writer = NULL;
    struct rh_trace_meta meta = {.time_quantum_ns = 100};
    struct rh_compile_options options = {.cache_directory = directory, .marks = 30};
    struct rh_tape_facts facts;
    snprintf(directory, sizeof(directory), "/tmp/reheap-split-XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/known.rht", directory);
    make_events(events);
    assert_int_equal(rh_trace_writer_create(path, NULL, &writer), 0);
    assert_int_equal(rh_trace_writer_add(writer, events, EVENTS, NULL), 0);
    assert_int_equal(rh_trace_writer_finish(writer, &meta, NULL, NULL), 0);
    rh_trace_writer_destroy(writer);
    assert_int_equal(rh_compile(path, &options, NULL, &tape, &facts), 0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(path);
    unlink(tape);
    rh_free(tape);
    return rmdir(directory);
}

static void replay(const char *allocator) {
    struct rh_job job = {.tape = tape,
                         .allocator = allocator,
                         .pass = RH_PASS_MEMORY,
                         .splits = true,
                         .quick_idle = true};
    struct rh_error error = {0};
    if (rh_replay(&job, NULL, &error, &sample) < 0 || sample.end != RH_SAMPLE_MEASURED)
        fail_msg("%s%s", error.message, sample.reason);
}

static void a_hoard_is_measured_exactly(void **state) {
    (void)state;
    replay("plugin:" HOARDER);
    assert_in_range(sample.split_count, 10, RH_SAMPLE_SPLITS);
    for (uint32_t i = 0; i < sample.split_count; i++) {
        const struct rh_split *split = &sample.splits[i];
        uint64_t blocks = sample.marks[split->mark].live_bytes / BLOCK_BYTES;
        assert_int_equal(split->live_bytes, blocks * BLOCK_BYTES);
        assert_int_equal(split->internal_bytes, blocks * (2048 - BLOCK_BYTES));
        assert_int_equal(split->partial_bytes, blocks * 2048);
        assert_int_equal(split->usable_bytes, blocks * 2048);
        assert_int_equal(sample.marks[split->mark].usable_bytes, blocks * 2048);
        assert_int_equal(split->lazy_free_bytes, HOARDER_LAZY_FREE * 4096);
        for (int tenth = 0; tenth < RH_SAMPLE_TENTHS; tenth++)
            assert_int_equal(split->occupancy[tenth], tenth == 2 ? blocks : 0);
        assert_int_equal(split->counted_bytes, split->anonymous_bytes);
        /* Beside the hoard, what the worker held before, and pages of its own that it touches as
         * it goes. */
        uint64_t hoard = (HOARDER_EMPTY + HOARDER_LAZY_FREE) * 4096;
        uint64_t own = split->empty_bytes - hoard - sample.start_resident_bytes;
        assert_in_range(own, 0, 16 * 4096);
    }
}

static void the_split_closes_for_glibc(void **state) {
    (void)state;
    replay("glibc");
    assert_true(sample.split_count > 0);
    for (uint32_t i = 0; i < sample.split_count; i++) {
        const struct rh_split *split = &sample.splits[i];
        assert_int_equal(split->counted_bytes, split->live_bytes + split->internal_bytes +
                                                   split->partial_bytes + split->empty_bytes);
        assert_in_range(split->counted_bytes, split->anonymous_bytes * 99 / 100,
                        split->anonymous_bytes * 101 / 100);
    }
}

static void the_null_worker_has_no_split(void **state) {
    (void)state;
    replay("null");
    assert_int_equal(sample.split_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hoard_is_measured_exactly),
        cmocka_unit_test(the_split_closes_for_glibc),
        cmocka_unit_test(the_null_worker_has_no_split),
    };
    return cmocka_run_group_tests_name("replay/split", tests, set_up, tear_down);
}
