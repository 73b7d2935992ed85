/* What breaks a rule of the events is refused when it is written. */
#include "base/file.h"
#include "base/memory.h"
#include "tests/unit/trace/one_file.h"

static struct rh_event event_of(enum rh_event_kind kind) {
    return (struct rh_event){.time_ns = 100,
                             .acquired = RH_NO_OBJECT,
                             .released = RH_NO_OBJECT,
                             .parent = RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED,
                             .kind = (uint8_t)kind};
}

/* Thread 0 starts, thread 1 starts and ends, objects 0 and 1 are made, object 0 is freed; then
 * `last`, which must be refused with a sentence that holds `expected`. */
static void check_refused(struct rh_event last, const char *expected) {
    struct rh_event events[6];
    enum rh_event_kind kinds[6] = {RH_EVENT_THREAD_START, RH_EVENT_THREAD_START,
                                   RH_EVENT_THREAD_END,   RH_EVENT_MALLOC,
                                   RH_EVENT_NEW,          RH_EVENT_FREE};
    for (int i = 0; i < 6; i++)
        events[i] = event_of(kinds[i]);
    events[1].thread = events[2].thread = 1;
    events[1].parent = 0;
    events[3].acquired = 0;
    events[4].acquired = 1;
    events[4].size = 8;
    events[5].released = 0;

    struct rh_error error = {0};
    struct rh_trace_writer *writer = NULL;
    assert_int_equal(rh_trace_writer_create(path, &error, &writer), 0);
    assert_int_equal(rh_trace_writer_add(writer, events, 6, &error), 0);
    assert_int_equal(rh_trace_writer_add(writer, &last, 1, &error), RH_ERR_CHECK);
    if (strstr(error.message, expected) == NULL || strstr(error.message, "event 6") == NULL)
        fail_msg("\"%s\" lacks \"%s\"", error.message, expected);
    /* The refused event is not in, and the writer goes on. */
    struct rh_event good = event_of(RH_EVENT_FREE);
    good.released = 1;
    assert_int_equal(rh_trace_writer_add(writer, &good, 1, NULL), 0);
    struct rh_trace_summary summary = {0};
    assert_int_equal(rh_trace_writer_finish(writer, &timed_meta, NULL, &summary), 0);
    assert_int_equal(summary.events, 7);
    assert_int_equal(summary.cross_thread_releases, 0);
    rh_trace_writer_destroy(writer);
}

static unsigned version_of_file(void) {
    unsigned char header[12] = {0};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(header, 1, sizeof(header), file), sizeof(header));
    fclose(file);
    return header[8];
}

/* Only events that version 1 does not have make a file of version 2. */
static void the_version_is_the_lowest_that_will_do(void **state) {
    (void)state;
    struct rh_event events[3] = {event_of(RH_EVENT_THREAD_START), event_of(RH_EVENT_MALLOC),
                                 event_of(RH_EVENT_RESIDENT)};
    for (size_t i = 0; i < 3; i++)
        events[i].time_ns = 100;
    events[0].thread = 0;
    events[1].acquired = 0;
    events[1].size = 100000;
    events[2].released = 0;
    events[2].touched_pages = 12;
    struct rh_error error = {0};
    assert_int_equal(write_trace(events, 2, &timed_meta, NULL, NULL), 0);
    assert_int_equal(version_of_file(), 1);
    assert_int_equal(compare_trace(events, 2, &error), 0);
    assert_int_equal(rh_trace_verify(path, &error, NULL), 0);
    assert_int_equal(write_trace(events, 3, &timed_meta, NULL, NULL), 0);
    assert_int_equal(version_of_file(), 2);
    assert_int_equal(compare_trace(events, 3, &error), 0);
    assert_int_equal(rh_trace_verify(path, &error, NULL), 0);
}

static void objects_have_rules(void **state) {
    (void)state;
    struct rh_event event = event_of(RH_EVENT_FREE);
    event.released = 0;
    check_refused(event, "object 0 is not live");
    event.released = 2;
    check_refused(event, "object 2 is not live");
    event.released = RH_NO_OBJECT;
    check_refused(event, "is not live");
    event = event_of(RH_EVENT_USABLE);
    event.released = 0;
    check_refused(event, "object 0 is not live");
    event = event_of(RH_EVENT_RESIDENT);
    event.touched_pages = 1;
    event.released = 0;
    check_refused(event, "object 0 is not live");
    event.released = 1;
    event.touched_pages = RH_NO_TOUCHED;
    check_refused(event, "how many pages");
    event = event_of(RH_EVENT_CALLOC);
    event.acquired = 3;
    check_refused(event, "object 3 is acquired");
    event.acquired = RH_NO_OBJECT;
    check_refused(event, "is acquired, but the next is 2");
    event.acquired = 2;
    event.size = (UINT64_C(1) << 48) + 1;
    check_refused(event, "bytes");
    event = event_of(RH_EVENT_REALLOC);
    event.acquired = 2;
    event.released = 2;
    check_refused(event, "object 2 is not live");
}

static void threads_have_rules(void **state) {
    (void)state;
    struct rh_event event = event_of(RH_EVENT_THREAD_START);
    event.thread = 3;
    check_refused(event, "thread 3 starts");
    event.thread = 0;
    check_refused(event, "thread 0 starts");
    event.thread = 2;
    event.parent = 2;
    check_refused(event, "thread 2 is started by thread 2");
    event = event_of(RH_EVENT_MARKER);
    event.thread = 2;
    check_refused(event, "thread 2 was never started");
    event.thread = 1;
    check_refused(event, "thread 1 has ended");
    event = event_of(RH_EVENT_MARKER);
    event.parent = 0;
    check_refused(event, "no parent");
}

static void members_have_rules(void **state) {
    (void)state;
    struct rh_event event = event_of(RH_EVENT_MARKER);
    event.time_ns = 99;
    check_refused(event, "time goes back");
    event.time_ns = UINT64_MAX;
    check_refused(event, "out of range");
    event = event_of(RH_EVENT_MARKER);
    event.kind = RH_EVENT_KINDS;
    check_refused(event, "not a kind");
    event = event_of(RH_EVENT_FREE_NULL);
    event.size = 1;
    check_refused(event, "neither a size");
    event = event_of(RH_EVENT_FREE);
    event.released = 1;
    event.align_log2 = 1;
    check_refused(event, "nor an alignment");
    event = event_of(RH_EVENT_FAILED);
    event.align_log2 = 64;
    check_refused(event, "2^64");
    event = event_of(RH_EVENT_FREE);
    event.released = 1;
    event.acquired = 2;
    check_refused(event, "acquires nothing");
    event = event_of(RH_EVENT_MALLOC);
    event.acquired = 2;
    event.released = 1;
    check_refused(event, "releases nothing");
    event = event_of(RH_EVENT_MALLOC);
    event.acquired = 2;
    event.touched_pages = 0;
    check_refused(event, "no touched pages");
}

static void flags_have_rules(void **state) {
    (void)state;
    struct rh_event event = event_of(RH_EVENT_MALLOC);
    event.acquired = 2;
    event.flags = 2;
    check_refused(event, "unknown flags");
    event.flags = RH_EVENT_PROLOGUE;
    check_refused(event, "prologue is over");
}

/* Times without a resolution cannot be told from no times. */
static void times_need_a_quantum(void **state) {
    (void)state;
    struct rh_event event = event_of(RH_EVENT_THREAD_START);
    const struct rh_trace_meta meta = {0};
    struct rh_error error = {0};
    assert_int_equal(write_trace(&event, 1, &meta, &error, NULL), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "time_quantum_ns"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_is_the_lowest_that_will_do),
        cmocka_unit_test(objects_have_rules),
        cmocka_unit_test(threads_have_rules),
        cmocka_unit_test(members_have_rules),
        cmocka_unit_test(flags_have_rules),
        cmocka_unit_test(times_need_a_quantum),
    };
    return cmocka_run_group_tests_name("trace/writer", tests, make_directory, remove_directory);
}
