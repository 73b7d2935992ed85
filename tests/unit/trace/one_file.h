/* one_file.h - tests that write one trace again and again, and compare what is read of it. */
#ifndef RH_TEST_ONE_FILE_H
#define RH_TEST_ONE_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/trace/stream.h"
#include "trace/trace.h"

static char directory[64];
static char path[96];

static inline int make_directory(void **state) {
    (void)state;
    /* In memory where that is possible: each finished trace waits for the disk. */
    snprintf(directory, sizeof(directory), "/dev/shm/rh-trace-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        snprintf(directory, sizeof(directory), "/tmp/rh-trace-XXXXXX");
        if (mkdtemp(directory) == NULL)
            return -1;
    }
    snprintf(path, sizeof(path), "%s/a.rht", directory);
    return 0;
}

static inline int remove_directory(void **state) {
    (void)state;
    unlink(path);
    return rmdir(directory); /* fails when a temporary file was left behind */
}

static const struct rh_trace_meta timed_meta = {.time_quantum_ns = 10};

static inline int write_trace(const struct rh_event *events, size_t count,
                              const struct rh_trace_meta *meta, struct rh_error *error,
                              struct rh_trace_summary *ret_summary) {
    struct rh_trace_writer *writer = NULL;
    int result = rh_trace_writer_create(path, error, &writer);
    if (result == 0)
        result = rh_trace_writer_add(writer, events, count, error);
    if (result == 0)
        result = rh_trace_writer_finish(writer, meta, error, ret_summary);
    rh_trace_writer_destroy(writer);
    return result;
}

/* Reads the trace to its end. 0 if it holds just these events, 1 if others, or the error. */
static inline int compare_trace(const struct rh_event *events, size_t count,
                                struct rh_error *error) {
    struct rh_trace_reader *reader = NULL;
    int result = rh_trace_reader_open(path, error, &reader);
    if (result < 0)
        return result;
    const struct rh_event *got = NULL;
    size_t more = 0;
    size_t at = 0;
    int differs = 0;
    do {
        result = rh_trace_reader_next(reader, error, &got, &more);
        for (size_t i = 0; result == 0 && i < more; i++, at++)
            if (at >= count || !stream_equal(&events[at], &got[i]))
                differs = 1;
    } while (result == 0 && more > 0);
    rh_trace_reader_close(reader);
    return result < 0 ? result : differs || at != count;
}

#endif
