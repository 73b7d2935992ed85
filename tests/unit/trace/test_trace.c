/* What was written is what is read. */
#include "base/file.h"
#include "base/memory.h"
#include "tests/unit/trace/one_file.h"

static void check_round_trip(uint64_t seed, size_t count, uint32_t threads, bool timed) {
    struct rh_event *events = stream_make(seed, count, threads, timed);
    struct rh_error error = {0};
    struct rh_trace_summary written = {0};
    struct rh_trace_summary verified = {0};
    const struct rh_trace_meta meta = {.time_quantum_ns = timed ? 10 : 0};
    assert_int_equal(write_trace(events, count, &meta, &error, &written), 0);
    assert_int_equal(compare_trace(events, count, &error), 0);
    assert_int_equal(rh_trace_verify(path, &error, &verified), 0);
    assert_memory_equal(&written, &verified, sizeof(written));
    assert_int_equal(written.events, count);
    free(events);
}

static void round_trip(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        check_round_trip(seed, seed * 7, 1 + (uint32_t)seed % 5, seed % 2 == 0);
    check_round_trip(100, 65536, 3, true);
    check_round_trip(101, 65537, 1, true);
    check_round_trip(102, 70000, 12, false);
    check_round_trip(103, 20000, 500, true);
}

static void an_empty_trace(void **state) {
    (void)state;
    const struct rh_trace_meta meta = {0};
    struct rh_error error = {0};
    assert_int_equal(write_trace(NULL, 0, &meta, &error, NULL), 0);
    assert_int_equal(compare_trace(NULL, 0, &error), 0);
    assert_int_equal(rh_trace_verify(path, &error, NULL), 0);
}

/* The same events give the same hash however they are stored, and others give another. */
static void the_hash_is_of_the_events(void **state) {
    (void)state;
    struct rh_event event = {.acquired = RH_NO_OBJECT,
                             .released = RH_NO_OBJECT,
                             .parent = RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED,
                             .kind = RH_EVENT_THREAD_START};
    struct rh_trace_meta meta = {.program = (char *)(uintptr_t) "x"};
    struct rh_trace_summary summary = {0};
    assert_int_equal(write_trace(&event, 1, &meta, NULL, &summary), 0);
    /* XXH64 of the 48 bytes of docs/trace-format.md, hashed as a file. */
    assert_int_equal(summary.content_hash, UINT64_C(0x9c82c84662cf2b48));
}

static void metadata_comes_back(void **state) {
    (void)state;
    char command[] = "a \"b\" 'c' \xff\xc3\xa4";
    struct rh_trace_meta meta = {.program = command + 2,
                                 .command = command,
                                 .unknown_json = (char *)(uintptr_t) "{\"new\":[1,{\"a\":null}]}",
                                 .pid = 17,
                                 .peak_rss_bytes = UINT64_C(1) << 40,
                                 .cpu_ns = 5000,
                                 .recorder_ns = 400};
    assert_int_equal(write_trace(NULL, 0, &meta, NULL, NULL), 0);

    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(path, NULL, &reader), 0);
    struct rh_trace_meta copy = {0};
    assert_int_equal(rh_trace_meta_copy(rh_trace_reader_meta(reader), NULL, &copy), 0);
    rh_trace_reader_close(reader);
    assert_string_equal(copy.command, "a \"b\" 'c' \\xff\xc3\xa4");
    assert_null(copy.host);
    assert_int_equal(copy.pid, 17);
    assert_int_equal(copy.peak_rss_bytes, UINT64_C(1) << 40);
    assert_int_equal(copy.cpu_ns, 5000);
    assert_int_equal(copy.recorder_ns, 400);
    assert_string_equal(copy.unknown_json, "{\"new\":[1,{\"a\":null}]}");
    assert_int_equal(write_trace(NULL, 0, &copy, NULL, NULL), 0);
    rh_trace_meta_finish(&copy);
}

static void names_of_threads_come_back(void **state) {
    (void)state;
    struct rh_trace_meta meta = {0};
    assert_int_equal(rh_trace_meta_name_thread(&meta, 3, "worker", NULL), 0);
    assert_int_equal(rh_trace_meta_name_thread(&meta, 40, "\xff", NULL), 0);
    assert_int_equal(rh_trace_meta_name_thread(&meta, 3, "writer", NULL), 0);
    assert_int_equal(rh_trace_meta_name_thread(&meta, 5, "", NULL), 0);
    assert_int_equal(rh_trace_meta_name_thread(&meta, UINT32_MAX - 1, "far", NULL), RH_ERR_LIMIT);
    assert_int_equal(write_trace(NULL, 0, &meta, NULL, NULL), 0);
    rh_trace_meta_finish(&meta);

    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(path, NULL, &reader), 0);
    const struct rh_trace_meta *read = rh_trace_reader_meta(reader);
    assert_string_equal(rh_trace_meta_thread_name(read, 3), "writer");
    assert_string_equal(rh_trace_meta_thread_name(read, 40), "\\xff");
    assert_null(rh_trace_meta_thread_name(read, 5));
    assert_null(rh_trace_meta_thread_name(read, 4000000));
    assert_null(read->unknown_json);
    rh_trace_reader_close(reader);
}

static void rewinding_starts_again(void **state) {
    (void)state;
    struct rh_event *events = stream_make(5, 70000, 2, true);
    assert_int_equal(write_trace(events, 70000, &timed_meta, NULL, NULL), 0);
    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(path, NULL, &reader), 0);
    const struct rh_event *got = NULL;
    size_t count = 0;
    for (int chunks = 0; chunks < 18; chunks++)
        assert_int_equal(rh_trace_reader_next(reader, NULL, &got, &count), 0);
    assert_int_equal(rh_trace_reader_rewind(reader, NULL), 0);
    assert_int_equal(rh_trace_reader_next(reader, NULL, &got, &count), 0);
    assert_true(count > 0 && stream_equal(&got[0], &events[0]) &&
                stream_equal(&got[count - 1], &events[count - 1]));
    rh_trace_reader_close(reader);
    free(events);
}

/* Seeking gives just the events that reading through gives. */
static void seeking(void **state) {
    (void)state;
    enum { EVENTS = 140000 };
    struct rh_event *events = stream_make(6, EVENTS, 3, true);
    assert_int_equal(write_trace(events, EVENTS, &timed_meta, NULL, NULL), 0);
    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(path, NULL, &reader), 0);
    struct rh_random random;
    rh_random_seed(&random, 1);
    const struct rh_event *got = NULL;
    size_t count = 0;
    for (int tries = 0; tries < 24; tries++) {
        size_t from = tries < 3 ? (size_t)tries * 65536 : rh_random_below(&random, EVENTS);
        bool by_time = tries % 2 == 1;
        while (by_time && from > 0 && events[from - 1].time_ns == events[from].time_ns)
            from--;
        int result = by_time ? rh_trace_reader_seek_time(reader, events[from].time_ns, NULL)
                             : rh_trace_reader_seek(reader, from, NULL);
        assert_int_equal(result, 0);
        for (int chunks = 0; chunks < 6 && from < EVENTS; chunks++) {
            assert_int_equal(rh_trace_reader_next(reader, NULL, &got, &count), 0);
            assert_true(count > 0);
            for (size_t i = 0; i < count; i++, from++)
                assert_true(stream_equal(&got[i], &events[from]));
        }
    }
    assert_int_equal(rh_trace_reader_seek(reader, EVENTS - 1, NULL), 0);
    assert_int_equal(rh_trace_reader_next(reader, NULL, &got, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(rh_trace_reader_next(reader, NULL, &got, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(rh_trace_reader_seek(reader, EVENTS + 7, NULL), 0);
    assert_int_equal(rh_trace_reader_next(reader, NULL, &got, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(rh_trace_reader_seek_time(reader, UINT64_MAX, NULL), 0);
    assert_int_equal(rh_trace_reader_next(reader, NULL, &got, &count), 0);
    assert_int_equal(count, 0);
    rh_trace_reader_close(reader);
    free(events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(an_empty_trace),
        cmocka_unit_test(the_hash_is_of_the_events),
        cmocka_unit_test(metadata_comes_back),
        cmocka_unit_test(names_of_threads_come_back),
        cmocka_unit_test(rewinding_starts_again),
        cmocka_unit_test(seeking),
    };
    return cmocka_run_group_tests_name("trace/trace", tests, make_directory, remove_directory);
}
