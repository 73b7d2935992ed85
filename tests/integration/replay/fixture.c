/* fixture.c - what the tests of whole samples share. */
#include "tests/integration/replay/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "compile/compile.h"
#include "tests/unit/compile/synthetic.h"
#include "tests/unit/test.h"

char fixture_directory[64];
char fixture_single_path[128];
char *fixture_single, *fixture_threaded;
struct rh_sample sample;
static char threaded_path[128];

void fixture_write(const char *path, const struct rh_event *events, size_t count) {
    struct rh_trace_writer *writer = NULL;
    struct rh_trace_meta meta = {.time_quantum_ns = 100};
    assert_int_equal(rh_trace_writer_create(path, NULL, &writer), 0);
    assert_int_equal(rh_trace_writer_add(writer, events, count, NULL), 0);
    assert_int_equal(rh_trace_writer_finish(writer, &meta, NULL, NULL), 0);
    rh_trace_writer_destroy(writer);
}

static void write_synthetic(const char *path, uint32_t threads) {
    struct synthetic wanted = {.seed = threads,
                               .events = FIXTURE_EVENTS,
                               .threads = threads,
                               .threads_live = threads < 4 ? threads : 4,
                               .live_objects = 500,
                               .cross_percent = 40};
    struct synthetic_trace trace;
    synthetic_make(&wanted, &trace);
    fixture_write(path, trace.events, trace.count);
    rh_free(trace.events);
}

int fixture_try_compile(const char *path, struct rh_error *error, char **ret_tape) {
    struct rh_compile_options options = {.cache_directory = fixture_directory, .marks = 40};
    struct rh_tape_facts facts;
    return rh_compile(path, &options, error, ret_tape, &facts);
}

char *fixture_compile(const char *path) {
    char *tape = NULL;
    assert_int_equal(fixture_try_compile(path, NULL, &tape), 0);
    return tape;
}

int fixture_set_up(void **state) {
    (void)state;
    snprintf(fixture_directory, sizeof(fixture_directory), "/tmp/reheap-replay-XXXXXX");
    assert_non_null(mkdtemp(fixture_directory));
    snprintf(fixture_single_path, sizeof(fixture_single_path), "%s/single.rht", fixture_directory);
    snprintf(threaded_path, sizeof(threaded_path), "%s/threaded.rht", fixture_directory);
    write_synthetic(fixture_single_path, 1);
    write_synthetic(threaded_path, 9);
    fixture_single = fixture_compile(fixture_single_path);
    fixture_threaded = fixture_compile(threaded_path);
    return 0;
}

int fixture_tear_down(void **state) {
    (void)state;
    unlink(fixture_single_path);
    unlink(threaded_path);
    unlink(fixture_single);
    unlink(fixture_threaded);
    rh_free(fixture_single);
    rh_free(fixture_threaded);
    return rmdir(fixture_directory);
}

struct rh_event fixture_event(uint32_t thread, unsigned kind) {
    return (struct rh_event){.thread = thread,
                             .kind = (uint8_t)kind,
                             .acquired = RH_NO_OBJECT,
                             .released = RH_NO_OBJECT,
                             .parent = RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED};
}

void fixture_replay(const struct rh_job *job) {
    struct rh_error error = {0};
    int result = rh_replay(job, NULL, &error, &sample);
    if (result < 0 || sample.end != RH_SAMPLE_MEASURED)
        print_error("%s%s\n", error.message, sample.reason);
    assert_int_equal(result, 0);
    assert_int_equal(sample.end, RH_SAMPLE_MEASURED);
    assert_string_equal(sample.reason, "");
}
