/* Exported text, letter by letter, and what is said to be lost. */
#include <fcntl.h>

#include "base/file.h"
#include "tests/unit/trace/files.h"
#include "tests/unit/trace/stream.h"
#include "trace/exporters/exporter.h"

#define NONE RH_NO_OBJECT

static struct rh_event made(unsigned kind, uint32_t thread, uint64_t acquired, uint64_t released,
                            uint64_t size, uint64_t time_ns) {
    return (struct rh_event){.kind = (uint8_t)kind,
                             .thread = thread,
                             .acquired = acquired,
                             .released = released,
                             .size = size,
                             .time_ns = time_ns,
                             .parent =
                                 kind == RH_EVENT_THREAD_START && thread > 0 ? 0 : RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED};
}

/* Every kind once. */
static void store(bool timed) {
    struct rh_event events[] = {
        made(RH_EVENT_THREAD_START, 0, NONE, NONE, 0, 0),
        made(RH_EVENT_MALLOC, 0, 0, NONE, 100, 10),
        made(RH_EVENT_CALLOC, 0, 1, NONE, 200, 20),
        made(RH_EVENT_THREAD_START, 1, NONE, NONE, 0, 30),
        made(RH_EVENT_ALIGNED, 1, 2, NONE, 300, 40),
        made(RH_EVENT_NEW, 1, 3, NONE, 400, 50),
        made(RH_EVENT_NEW_ALIGNED, 1, 4, NONE, 500, 60),
        made(RH_EVENT_REALLOC, 1, 5, 0, 9000, 70),
        made(RH_EVENT_USABLE, 1, NONE, 5, 0, 80),
        made(RH_EVENT_FREE, 0, NONE, 1, 0, 90),
        made(RH_EVENT_FREE_SIZED, 0, NONE, 3, 400, 100),
        made(RH_EVENT_FREE_NULL, 0, NONE, NONE, 0, 110),
        made(RH_EVENT_FAILED, 0, NONE, NONE, 1 << 30, 120),
        made(RH_EVENT_MARKER, 0, NONE, NONE, 0, 130),
        made(RH_EVENT_FREE, 0, NONE, 5, 0, 140),
        made(RH_EVENT_THREAD_END, 1, NONE, NONE, 0, 150),
        made(RH_EVENT_MALLOC, 0, 6, NONE, 0, 160),
    };
    size_t count = sizeof(events) / sizeof(events[0]);
    events[4].align_log2 = 6;
    events[6].align_log2 = 12;
    events[14].touched_pages = 2;
    for (size_t i = 0; i < count && !timed; i++)
        events[i].time_ns = 0;
    const struct rh_trace_meta meta = {.time_quantum_ns = timed ? 10 : 0};
    trace_store(files_path("whole.rht"), events, count, &meta);
}

static void check_text(const char *format, bool timed, const char *wanted,
                       struct rh_export_facts *ret_facts) {
    store(timed);
    const char *whole = files_path("whole.rht");
    const char *out = files_path("out.txt");
    struct rh_error error = {0};
    if (rh_trace_export(whole, rh_exporter_find(format), out, &error, ret_facts) < 0)
        fail_msg("%s", error.message);
    char *text = NULL;
    assert_int_equal(rh_file_read(out, 1 << 20, NULL, &text, NULL), 0);
    assert_string_equal(text, wanted);
    rh_free(text);
    unlink(out);
    unlink(whole);
}

static void rep_is_the_malloc_lab(void **state) {
    (void)state;
    struct rh_export_facts facts;
    check_text("rep", true,
               "1\n6\n10\n10400\n"
               "a 0 100\na 1 200\na 2 300\na 3 400\na 4 500\nr 0 9000\n"
               "f 1\nf 3\nf 0\na 5 0\n",
               &facts);
    assert_int_equal(facts.written, 10);
    assert_int_equal(facts.dropped_events, 4);
    assert_int_equal(facts.dropped_kinds[RH_EVENT_USABLE], 1);
    assert_int_equal(facts.dropped_kinds[RH_EVENT_FREE_NULL], 1);
    assert_int_equal(facts.dropped_kinds[RH_EVENT_FAILED], 1);
    assert_int_equal(facts.dropped_kinds[RH_EVENT_MARKER], 1);
    assert_int_equal(facts.changed_kinds[RH_EVENT_CALLOC], 1);
    assert_int_equal(facts.changed_kinds[RH_EVENT_FREE_SIZED], 1);
    assert_int_equal(facts.alignments_lost, 2);
    assert_true(facts.threads_lost && facts.times_lost);
}

static void android_keeps_threads_and_times(void **state) {
    (void)state;
    struct rh_export_facts facts;
    check_text("android", true,
               "1000: malloc 0x100000 100 10 10\n"
               "1000: calloc 0x100010 1 200 20 20\n"
               "1001: memalign 0x100020 64 300 40 40\n"
               "1001: malloc 0x100030 400 50 50\n"
               "1001: memalign 0x100040 4096 500 60 60\n"
               "1001: realloc 0x100050 0x100000 9000 70 70\n"
               "1000: free 0x100010 90 90\n"
               "1000: free 0x100030 100 100\n"
               "1000: free 0x0 110 110\n"
               "1000: free 0x100050 140 140 8192\n"
               "1001: thread_done 0x0 150\n"
               "1000: malloc 0x100060 0 160 160\n",
               &facts);
    assert_int_equal(facts.written, 12);
    assert_int_equal(facts.dropped_events, 3);
    assert_int_equal(facts.changed_kinds[RH_EVENT_NEW], 1);
    assert_int_equal(facts.changed_kinds[RH_EVENT_NEW_ALIGNED], 1);
    assert_int_equal(facts.changed_kinds[RH_EVENT_FREE_SIZED], 1);
    assert_false(facts.threads_lost || facts.times_lost);
    check_text("android", false,
               "1000: malloc 0x100000 100\n"
               "1000: calloc 0x100010 1 200\n"
               "1001: memalign 0x100020 64 300\n"
               "1001: malloc 0x100030 400\n"
               "1001: memalign 0x100040 4096 500\n"
               "1001: realloc 0x100050 0x100000 9000\n"
               "1000: free 0x100010\n"
               "1000: free 0x100030\n"
               "1000: free 0x0\n"
               "1000: free 0x100050 0 0 8192\n"
               "1001: thread_done 0x0\n"
               "1000: malloc 0x100060 0\n",
               NULL);
}

#define HEADER                                                                                     \
    "id,size_bytes,align_bytes,birth_call,birth_thread,birth_event,birth_ns,"                      \
    "death_call,death_thread,death_event,death_ns,touched_pages\r\n"

static void csv_is_a_line_an_object(void **state) {
    (void)state;
    struct rh_export_facts facts;
    check_text("csv", true,
               HEADER "0,100,,malloc,0,1,10,realloc,1,7,70,\r\n"
                      "1,200,,calloc,0,2,20,free,0,9,90,\r\n"
                      "3,400,,new,1,5,50,free-sized,0,10,100,\r\n"
                      "5,9000,,realloc,1,7,70,free,0,14,140,2\r\n"
                      "2,300,64,aligned,1,4,40,,,,,\r\n"
                      "4,500,4096,new-aligned,1,6,60,,,,,\r\n"
                      "6,0,,malloc,0,16,160,,,,,\r\n",
               &facts);
    assert_int_equal(facts.written, 7);
    check_text("csv", false,
               HEADER "0,100,,malloc,0,1,,realloc,1,7,,\r\n"
                      "1,200,,calloc,0,2,,free,0,9,,\r\n"
                      "3,400,,new,1,5,,free-sized,0,10,,\r\n"
                      "5,9000,,realloc,1,7,,free,0,14,,2\r\n"
                      "2,300,64,aligned,1,4,,,,,,\r\n"
                      "4,500,4096,new-aligned,1,6,,,,,,\r\n"
                      "6,0,,malloc,0,16,,,,,,\r\n",
               NULL);
}

/* Longer than the buffer: nothing is lost between two writes. */
static void long_traces_are_complete(void **state) {
    (void)state;
    struct rh_event *events = stream_make(9, 50000, 5, true);
    const struct rh_trace_meta meta = {.time_quantum_ns = 10};
    const char *whole = files_path("whole.rht");
    const char *out = files_path("out.txt");
    trace_store(whole, events, 50000, &meta);
    for (size_t i = 0; rh_exporters[i] != NULL; i++) {
        struct rh_export_facts facts;
        assert_int_equal(rh_trace_export(whole, rh_exporters[i], out, NULL, &facts), 0);
        char *text = NULL;
        size_t bytes = 0;
        assert_int_equal(rh_file_read(out, 1 << 24, NULL, &text, &bytes), 0);
        size_t lines = 0;
        for (size_t at = 0; at < bytes; at++)
            lines += text[at] == '\n';
        size_t head = rh_exporters[i] == &rh_exporter_rep       ? 4
                      : rh_exporters[i] == &rh_exporter_objects ? 1
                                                                : 0;
        assert_int_equal(lines, facts.written + head);
        rh_free(text);
    }
    unlink(out);
    unlink(whole);
    free(events);
}

static void what_goes_wrong(void **state) {
    (void)state;
    store(true);
    const char *whole = files_path("whole.rht");
    const char *out = files_path("out.txt");
    struct rh_error error = {0};
    assert_null(rh_exporter_find("parquet"));
    for (size_t i = 0; rh_exporters[i] != NULL; i++) {
        int result = RH_ERR_MEMORY;
        for (uint64_t nth = 1; result != 0; nth++) {
            rh_memory_fail_at(nth);
            result = rh_trace_export(whole, rh_exporters[i], out, NULL, NULL);
            rh_memory_fail_at(0);
            assert_true(result == 0 || result == RH_ERR_MEMORY);
            assert_int_equal(access(out, F_OK), result == 0 ? 0 : -1);
            assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0); /* not ours to close */
        }
        unlink(out);
    }
    assert_int_equal(rh_trace_export(whole, rh_exporters[0], "/dev/full/x", &error, NULL),
                     RH_ERR_SYSTEM);
    error = (struct rh_error){0};
    assert_int_equal(rh_trace_export("/nonexistent", rh_exporters[0], out, &error, NULL),
                     RH_ERR_SYSTEM);
    assert_int_equal(access(out, F_OK), -1);
    unlink(whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rep_is_the_malloc_lab),
        cmocka_unit_test(android_keeps_threads_and_times),
        cmocka_unit_test(csv_is_a_line_an_object),
        cmocka_unit_test(long_traces_are_complete),
        cmocka_unit_test(what_goes_wrong),
    };
    return cmocka_run_group_tests_name("trace/export", tests, files_make_directory,
                                       files_remove_directory);
}
