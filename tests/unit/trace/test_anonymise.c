/* What a shared trace must not say any more, and what it still says. */
#include "base/file.h"
#include "tests/unit/trace/files.h"
#include "tests/unit/trace/stream.h"
#include "trace/tools/anonymise.h"

enum { EVENTS = 3000 };

static char secret[] = "SECRETPROGRAM";
static char json_secret[] = "{\"key\": \"SECRETVALUE\"}";
static char synthetic[] = "cut of synthetic:SECRETNAME";

static const char *store(const struct rh_event *events, size_t count, char *source) {
    const struct rh_trace_meta meta = {.program = secret,
                                       .command = secret,
                                       .source = source,
                                       .host = secret,
                                       .libc = secret,
                                       .allocator = secret,
                                       .tool = secret,
                                       .date = secret,
                                       .note = secret,
                                       .unknown_json = json_secret,
                                       .pid = 4242,
                                       .time_quantum_ns = 10,
                                       .duration_ns = 123456789,
                                       .unknown_frees = 1,
                                       .drops = 2,
                                       .torn = 3,
                                       .peak_rss_bytes = 4096,
                                       .cpu_ns = 98765432,
                                       .recorder_ns = 7654321};
    const char *path = files_path("secret.rht");
    trace_store(path, events, count, &meta);
    return path;
}

static struct trace anonymise(const char *path, const struct rh_anonymise *how) {
    struct rh_error error = {0};
    const char *out = files_path("shared.rht");
    if (rh_trace_anonymise(path, how, out, &error, NULL) < 0)
        fail_msg("%s", error.message);
    /* Not in any form of the file. */
    struct rh_file_map map;
    assert_int_equal(rh_file_map(out, 0, NULL, &map), 0);
    assert_null(memmem(map.data, map.bytes, "SECRET", 6));
    assert_null(memmem(map.data, map.bytes, "4242", 4));
    rh_file_unmap(&map);
    return trace_take(out);
}

static void names_are_gone(void **state) {
    (void)state;
    struct rh_event *events = stream_make(1, EVENTS, 5, true);
    const char *path = store(events, EVENTS, secret);
    struct rh_file_map map;
    assert_int_equal(rh_file_map(path, 0, NULL, &map), 0);
    assert_non_null(memmem(map.data, map.bytes, "SECRET", 6)); /* it is looked for rightly */
    rh_file_unmap(&map);
    const struct rh_anonymise how = {.time_step_ns = 1000000, .size_step_bytes = 1};
    struct trace trace = anonymise(path, &how);
    const struct rh_trace_meta *meta = &trace.meta;
    assert_true(meta->program == NULL && meta->command == NULL && meta->host == NULL);
    assert_true(meta->libc == NULL && meta->allocator == NULL && meta->tool == NULL);
    assert_true(meta->date == NULL && meta->note == NULL && meta->unknown_json == NULL);
    assert_int_equal(meta->pid, 0);
    assert_string_equal(meta->source, "anonymous");
    assert_int_equal(meta->duration_ns, 123000000);
    assert_int_equal(meta->time_quantum_ns, 1000000);
    assert_true(meta->cpu_ns == 98000000 && meta->recorder_ns == 7000000);
    assert_true(meta->unknown_frees == 1 && meta->drops == 2 && meta->torn == 3);
    assert_int_equal(trace.count, EVENTS);
    for (size_t i = 0; i < EVENTS; i++) {
        struct rh_event wanted = events[i];
        wanted.time_ns -= wanted.time_ns % 1000000;
        assert_true(stream_equal(&wanted, &trace.events[i]));
    }
    trace_finish(&trace);
    unlink(path);
    free(events);
}

static void times_and_sizes_can_go(void **state) {
    (void)state;
    struct rh_event *events = stream_make(2, EVENTS, 5, true);
    const char *path = store(events, EVENTS, synthetic);
    const struct rh_anonymise how = {.time_step_ns = 0, .size_step_bytes = 48};
    struct trace trace = anonymise(path, &how);
    assert_string_equal(trace.meta.source, "synthetic:anonymous");
    assert_int_equal(trace.meta.time_quantum_ns, 0);
    assert_int_equal(trace.meta.duration_ns, 0);
    assert_int_equal(trace.meta.cpu_ns, 0);
    for (size_t i = 0; i < EVENTS; i++) {
        assert_int_equal(trace.events[i].time_ns, 0);
        assert_int_equal(trace.events[i].kind, events[i].kind);
        if (events[i].kind == RH_EVENT_FAILED)
            continue;
        assert_int_equal(trace.events[i].size % 48, 0);
        assert_in_range(trace.events[i].size - events[i].size, 0, 47);
    }
    trace_finish(&trace);
    unlink(path);
    free(events);
}

static void what_remains_is_said(void **state) {
    (void)state;
    char sentences[RH_ANONYMISE_REMAINS_MOST][RH_ANONYMISE_SENTENCE_BYTES];
    const struct rh_anonymise exact = {.time_step_ns = 10000000, .size_step_bytes = 1};
    int count = rh_anonymise_remains(&exact, sentences);
    assert_int_equal(count, 6);
    assert_non_null(strstr(sentences[1], "exact sizes"));
    assert_non_null(strstr(sentences[3], "10.0 ms"));
    const struct rh_anonymise coarse = {.time_step_ns = 0, .size_step_bytes = 64};
    count = rh_anonymise_remains(&coarse, sentences);
    assert_int_equal(count, 5);
    assert_non_null(strstr(sentences[1], "multiples of 64 bytes"));
    for (int i = 0; i < count; i++)
        assert_null(strstr(sentences[i], "times"));
}

static void what_goes_wrong(void **state) {
    (void)state;
    struct rh_event *events = stream_make(2, 500, 5, true);
    const char *path = store(events, 500, secret);
    const char *out = files_path("shared.rht");
    struct rh_anonymise how = {.size_step_bytes = 0};
    struct rh_error error = {0};
    assert_int_equal(rh_trace_anonymise(path, &how, out, &error, NULL), RH_ERR_INVALID);
    how.size_step_bytes = 1;
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; result != 0; nth++) {
        rh_memory_fail_at(nth);
        result = rh_trace_anonymise(path, &how, out, NULL, NULL);
        rh_memory_fail_at(0);
        assert_true(result == 0 || result == RH_ERR_MEMORY);
        assert_int_equal(access(out, F_OK), result == 0 ? 0 : -1);
    }
    unlink(out);
    unlink(path);
    free(events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_gone),
        cmocka_unit_test(times_and_sizes_can_go),
        cmocka_unit_test(what_remains_is_said),
        cmocka_unit_test(what_goes_wrong),
    };
    return cmocka_run_group_tests_name("trace/anonymise", tests, files_make_directory,
                                       files_remove_directory);
}
