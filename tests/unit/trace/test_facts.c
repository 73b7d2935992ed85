/* What is counted of a small trace that a reader can count by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/unit/test.h"
#include "trace/facts.h"
#include "trace/text_form.h"
#include "trace/trace.h"

/* clang-format off */
#define NO RH_NO_OBJECT
#define EVENT(time, on, name, old, made, bytes, align, pages, by)                                  \
    {.time_ns = (time), .thread = (on), .kind = RH_EVENT_##name, .released = (old),                \
     .acquired = (made), .size = (bytes), .align_log2 = (align), .touched_pages = (pages),         \
     .parent = (by)}

/* Two threads, five objects; thread 1 frees what thread 0 made; object 4 is never freed. */
static const struct rh_event events[] = {
    EVENT(0, 0, THREAD_START, NO, NO, 0, 0, RH_NO_TOUCHED, RH_NO_THREAD),
    EVENT(10, 0, MALLOC, NO, 0, 100, 0, RH_NO_TOUCHED, RH_NO_THREAD),
    EVENT(20, 0, CALLOC, NO, 1, 28, 0, RH_NO_TOUCHED, RH_NO_THREAD),
    EVENT(20, 1, THREAD_START, NO, NO, 0, 0, RH_NO_TOUCHED, 0),
    EVENT(30, 1, REALLOC, 0, 2, 300, 0, RH_NO_TOUCHED, RH_NO_THREAD),
    EVENT(40, 1, FREE, 1, NO, 0, 0, 7, RH_NO_THREAD),
    EVENT(50, 0, ALIGNED, NO, 3, 64, 6, RH_NO_TOUCHED, RH_NO_THREAD),
    EVENT(60, 0, FREE_SIZED, 3, NO, 64, 0, RH_NO_TOUCHED, RH_NO_THREAD),
    EVENT(70, 0, REALLOC, 2, 4, 64, 0, RH_NO_TOUCHED, RH_NO_THREAD),
    EVENT(640, 1, THREAD_END, NO, NO, 0, 0, RH_NO_TOUCHED, RH_NO_THREAD),
};
/* clang-format on */
enum { EVENTS = sizeof(events) / sizeof(events[0]) };

static char path[64];
static struct rh_trace_reader *reader;

static int open_trace(void **state) {
    (void)state;
    snprintf(path, sizeof(path), "/tmp/rh-facts-%d.rht", (int)getpid());
    struct rh_trace_writer *writer = NULL;
    char program[] = "tiny\xff";
    char command[] = "tiny with a command line that is longer than what fits into eighty columns";
    const struct rh_trace_meta meta = {
        .program = program,
        .command = command,
        .time_quantum_ns = 10,
        .cpu_ns = 123456789,
        .recorder_ns = 98765432,
    };
    return rh_trace_writer_create(path, NULL, &writer) < 0 ||
           rh_trace_writer_add(writer, events, EVENTS, NULL) < 0 ||
           rh_trace_writer_finish(writer, &meta, NULL, NULL) < 0 ||
           (rh_trace_writer_destroy(writer), rh_trace_reader_open(path, NULL, &reader)) < 0;
}

static int close_trace(void **state) {
    (void)state;
    rh_trace_reader_close(reader);
    return unlink(path);
}

static void counts(void **state) {
    (void)state;
    struct rh_facts facts;
    assert_int_equal(rh_trace_reader_rewind(reader, NULL), 0);
    assert_int_equal(rh_facts_init(&facts, reader, NULL), 0);
    assert_int_equal(facts.summary.peak_live_bytes, 300 + 64);
    assert_int_equal(facts.summary.peak_live_bytes_event, 6);
    assert_int_equal(facts.summary.peak_live_objects, 2);
    assert_int_equal(facts.summary.cross_thread_releases, 3);
    assert_int_equal(facts.summary.end_live_bytes, 64);
    assert_int_equal(facts.summary.allocated_bytes, 100 + 28 + 300 + 64 + 64);
    /* Classes: 28 in [16, 32), 64 twice and 100 in [64, 128), 300 in [256, 512). */
    assert_int_equal(facts.sizes[5].objects, 1);
    assert_int_equal(facts.sizes[7].objects, 3);
    assert_int_equal(facts.sizes[7].bytes, 228);
    assert_int_equal(facts.sizes[9].objects, 1);
    assert_int_equal(facts.top_sizes[0].size, 64);
    assert_int_equal(facts.top_sizes[0].objects, 2);
    assert_int_equal(facts.top_sizes[1].size, 28);
    assert_int_equal(facts.distinct_sizes, 4);
    assert_int_equal(facts.alignments[6], 1);
    assert_int_equal(facts.grown, 1);
    assert_int_equal(facts.shrunk, 1);
    assert_int_equal(facts.kept_bytes, 100 + 64);
    /* Lifetimes: 3, 3, 4 and 1 events. */
    assert_int_equal(facts.lifetimes_events[1], 1);
    assert_int_equal(facts.lifetimes_events[2], 2);
    assert_int_equal(facts.lifetimes_events[3], 1);
    assert_int_equal(facts.threads_count, 2);
    assert_int_equal(facts.thread_runs, 3);
    assert_int_equal(facts.threads[1].parent, 0);
    assert_int_equal(facts.threads[1].releases, 2);
    assert_int_equal(facts.threads[1].foreign_releases, 2);
    assert_int_equal(facts.threads[0].foreign_releases, 1);
    assert_true(facts.threads[1].ended && !facts.threads[0].ended);
    /* 640 ns need bins of 4 ns: one holds time 20. */
    assert_int_equal(facts.bin_width, 4);
    assert_int_equal(facts.bins[0].events, 1);
    assert_int_equal(facts.bins[5].events, 2);
    assert_int_equal(facts.bins[5].peak_live_bytes, 128);
    assert_int_equal(facts.bins[160].events, 1);
    /* Nothing happens at 16 ns and from 71 to 639 ns: what lives lives on. */
    assert_int_equal(facts.bins[4].events, 0);
    assert_int_equal(facts.bins[4].peak_live_bytes, 100);
    assert_int_equal(facts.bins[17].events, 1);
    assert_int_equal(facts.bins[17].peak_live_bytes, 300);
    assert_int_equal(facts.bins[18].peak_live_bytes, 64);
    assert_int_equal(facts.bins[159].peak_live_bytes, 64);
    rh_facts_finish(&facts);
}

static void lines_fit_the_terminal(void **state) {
    (void)state;
    struct rh_facts facts;
    struct rh_text text = {0};
    assert_int_equal(rh_trace_reader_rewind(reader, NULL), 0);
    assert_int_equal(rh_facts_init(&facts, reader, NULL), 0);
    rh_facts_text(&facts, rh_trace_reader_meta(reader), path, 1000, &text);
    size_t column = 0;
    for (const char *at = rh_text_get(&text); *at != '\0'; at++) {
        column = *at == '\n' ? 0 : column + 1;
        assert_true(column <= 80);
    }
    assert_non_null(strstr(text.data, "calloc"));
    assert_non_null(strstr(text.data, "75.00 % of releases on another thread"));
    assert_non_null(strstr(text.data, "into eig..."));
    assert_non_null(strstr(text.data, "123 ms of the recorded process, about 98.8 ms of it for"));
    rh_text_finish(&text);
    rh_facts_finish(&facts);
}

static void json_can_be_read(void **state) {
    (void)state;
    struct rh_facts facts;
    struct rh_text text = {0};
    assert_int_equal(rh_trace_reader_rewind(reader, NULL), 0);
    assert_int_equal(rh_facts_init(&facts, reader, NULL), 0);
    assert_int_equal(rh_facts_json(&facts, rh_trace_reader_meta(reader), path, 1000, NULL, &text),
                     0);
    json_t *json = json_loads(rh_text_get(&text), 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_integer_value(json_object_get(json, "peak_live_bytes")), 364);
    json_t *kinds = json_object_get(json, "events_by_kind");
    assert_int_equal(json_integer_value(json_object_get(kinds, "realloc")), 2);
    json_t *threads = json_object_get(json, "threads");
    assert_int_equal(json_array_size(threads), 2);
    assert_true(json_is_null(json_object_get(json_array_get(threads, 0), "parent")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "meta"), "program")), "tiny\\xff");
    json_decref(json);
    rh_text_finish(&text);
    rh_facts_finish(&facts);
}

static void events_as_lines(void **state) {
    (void)state;
    static const char *const lines[EVENTS] = {
        "0 0 thread-start\n",
        "10 0 malloc 0 size=100\n",
        "20 0 calloc 1 size=28\n",
        "20 1 thread-start parent=0\n",
        "30 1 realloc 0 2 size=300\n",
        "40 1 free 1 touched=7\n",
        "50 0 aligned 3 size=64 align=64\n",
        "60 0 free-sized 3 size=64\n",
        "70 0 realloc 2 4 size=64\n",
        "640 1 thread-end\n",
    };
    struct rh_text text = {0};
    for (size_t i = 0; i < EVENTS; i++) {
        rh_text_clear(&text);
        rh_text_form_event(&events[i], true, &text);
        assert_string_equal(rh_text_get(&text), lines[i]);
    }
    rh_text_clear(&text);
    struct rh_event event = events[6];
    event.flags = RH_EVENT_PROLOGUE;
    rh_text_form_event(&event, false, &text);
    assert_string_equal(rh_text_get(&text), "- 0 aligned 3 size=64 align=64 prologue\n");
    rh_text_finish(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(lines_fit_the_terminal),
        cmocka_unit_test(json_can_be_read),
        cmocka_unit_test(events_as_lines),
    };
    return cmocka_run_group_tests_name("trace/facts", tests, open_trace, close_trace);
}
