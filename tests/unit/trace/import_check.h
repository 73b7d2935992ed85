/* import_check.h - imports a text or a file and compares what comes of it, as lines of the text
 * form. */
#ifndef RH_TEST_IMPORT_CHECK_H
#define RH_TEST_IMPORT_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/unit/test.h"
#include "trace/importers/importers.h"
#include "trace/text_form.h"
#include "trace/trace.h"

static char import_directory[64];
static char import_input[96];
static char import_output[96];

static inline int import_set_up(void **state) {
    (void)state;
    snprintf(import_directory, sizeof(import_directory), "/dev/shm/rh-import-XXXXXX");
    if (mkdtemp(import_directory) == NULL) {
        snprintf(import_directory, sizeof(import_directory), "/tmp/rh-import-XXXXXX");
        if (mkdtemp(import_directory) == NULL)
            return -1;
    }
    snprintf(import_input, sizeof(import_input), "%s/in", import_directory);
    snprintf(import_output, sizeof(import_output), "%s/out.rht", import_directory);
    return 0;
}

static inline int import_tear_down(void **state) {
    (void)state;
    unlink(import_input);
    unlink(import_output);
    return rmdir(import_directory);
}

static inline void import_put(const void *data, size_t bytes) {
    FILE *file = fopen(import_input, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

/* The lines of the trace that was made, without its head. The caller frees them. */
static inline char *import_lines(void) {
    struct rh_trace_reader *reader = NULL;
    struct rh_error error = {0};
    struct rh_text text = {0};
    const struct rh_event *events = NULL;
    size_t count = 0;
    if (rh_trace_reader_open(import_output, &error, &reader) < 0)
        fail_msg("%s", error.message);
    bool timed = rh_trace_reader_meta(reader)->time_quantum_ns != 0;
    do {
        assert_int_equal(rh_trace_reader_next(reader, NULL, &events, &count), 0);
        for (size_t i = 0; i < count; i++)
            rh_text_form_event(&events[i], timed, &text);
    } while (count > 0);
    rh_trace_reader_close(reader);
    rh_text_add(&text, "");
    return text.data;
}

static inline struct rh_import_report import_file(const char *path, const char *format) {
    struct rh_import_options options = {.format = format};
    struct rh_import_report report = {0};
    struct rh_error error = {0};
    if (rh_import_file(path, import_output, &options, &error, &report) < 0)
        fail_msg("%s", error.message);
    if (rh_trace_verify(import_output, &error, NULL) < 0)
        fail_msg("%s", error.message);
    return report;
}

/* The format is found out and must be `format`. */
static inline struct rh_import_report import_text(const char *format, const char *text,
                                                  const char *expected) {
    import_put(text, strlen(text));
    struct rh_import_report report = import_file(import_input, NULL);
    assert_string_equal(report.format, format);
    char *lines = import_lines();
    assert_string_equal(lines, expected);
    rh_free(lines);
    return report;
}

/* Refused with a sentence that holds `expected`; no file is left. */
static inline void import_refused(const char *format, const void *data, size_t bytes,
                                  const char *expected) {
    struct rh_import_options options = {.format = format};
    struct rh_import_report report = {0};
    struct rh_error error = {0};
    unlink(import_output);
    import_put(data, bytes);
    assert_true(rh_import_file(import_input, import_output, &options, &error, &report) < 0);
    if (strstr(error.message, expected) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", error.message, expected);
    assert_int_not_equal(access(import_output, F_OK), 0);
}

#endif
