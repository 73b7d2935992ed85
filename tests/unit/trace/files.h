/* files.h - traces of tests: a directory for them, whole traces in memory. */
#ifndef RH_TEST_FILES_H
#define RH_TEST_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "tests/unit/test.h"
#include "trace/trace.h"

static char files_directory[64];
static char files_path_buffer[4][128];

static int files_make_directory(void **state) {
    (void)state;
    /* In memory where that is possible: each finished trace waits for the disk. */
    snprintf(files_directory, sizeof(files_directory), "/dev/shm/rh-tools-XXXXXX");
    if (mkdtemp(files_directory) != NULL)
        return 0;
    snprintf(files_directory, sizeof(files_directory), "/tmp/rh-tools-XXXXXX");
    return mkdtemp(files_directory) == NULL;
}

static inline const char *files_path(const char *name) {
    static unsigned next;
    char *buffer = files_path_buffer[next++ % 4];
    snprintf(buffer, sizeof(files_path_buffer[0]), "%s/%s", files_directory, name);
    return buffer;
}

/* The tests remove what they make: anything that is left was left behind by a tool. */
static int files_remove_directory(void **state) {
    (void)state;
    return rmdir(files_directory);
}

struct trace {
    struct rh_event *events;
    size_t count;
    struct rh_trace_meta meta;
    struct rh_trace_summary summary;
};

static inline void trace_finish(struct trace *trace) {
    free(trace->events);
    rh_trace_meta_finish(&trace->meta);
    *trace = (struct trace){0};
}

/* Verifies, reads all, and removes the file. */
static inline struct trace trace_take(const char *path) {
    struct trace trace = {0};
    struct rh_error error = {0};
    if (rh_trace_verify(path, &error, &trace.summary) < 0)
        fail_msg("%s", error.message);
    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(path, &error, &reader), 0);
    assert_int_equal(rh_trace_meta_copy(rh_trace_reader_meta(reader), &error, &trace.meta), 0);
    trace.events = malloc((trace.summary.events + 1) * sizeof(*trace.events));
    const struct rh_event *events = NULL;
    size_t count = 0;
    do {
        assert_int_equal(rh_trace_reader_next(reader, &error, &events, &count), 0);
        memcpy(trace.events + trace.count, events, count * sizeof(*events));
        trace.count += count;
    } while (count > 0);
    rh_trace_reader_close(reader);
    assert_int_equal(trace.count, trace.summary.events);
    assert_int_equal(unlink(path), 0);
    return trace;
}

static inline void trace_store(const char *path, const struct rh_event *events, size_t count,
                               const struct rh_trace_meta *meta) {
    struct rh_trace_writer *writer = NULL;
    struct rh_error error = {0};
    assert_int_equal(rh_trace_writer_create(path, &error, &writer), 0);
    if (rh_trace_writer_add(writer, events, count, &error) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(rh_trace_writer_finish(writer, meta, &error, NULL), 0);
    rh_trace_writer_destroy(writer);
}

#endif
