/* No memory and no disk: an error with a sentence, and no half file. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "tests/unit/test.h"
#include "tests/unit/trace/stream.h"
#include "trace/facts.h"
#include "trace/trace.h"

/* More than a block for the disk, less where it happens for each of many allocations. */
enum { EVENTS = 70000, FEW_EVENTS = 8000 };

static char directory[64];
static char path[96];
static struct rh_event *events;
static size_t events_count = EVENTS;

static int set_up(void **state) {
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/rh-trace-fault-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/a.rht", directory);
    events = stream_make(3, EVENTS, 4, true);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(events);
    unlink(path);
    return rmdir(directory);
}

static size_t files_left(void) {
    size_t count = 0;
    DIR *stream = opendir(directory);
    assert_non_null(stream);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(stream);
    return count;
}

static int write_trace(struct rh_error *error) {
    char command[] = "program --with 'arguments'";
    char unknown[] = "{\"later\":[1,2,3]}";
    const struct rh_trace_meta meta = {
        .command = command, .unknown_json = unknown, .time_quantum_ns = 10};
    struct rh_trace_writer *writer = NULL;
    int result = rh_trace_writer_create(path, error, &writer);
    if (result == 0)
        result = rh_trace_writer_add(writer, events, events_count, error);
    if (result == 0)
        result = rh_trace_writer_finish(writer, &meta, error, NULL);
    rh_trace_writer_destroy(writer);
    return result;
}

static int read_trace(struct rh_error *error) {
    struct rh_trace_reader *reader = NULL;
    struct rh_facts facts = {0};
    int result = rh_trace_verify(path, error, NULL);
    if (result == 0)
        result = rh_trace_reader_open(path, error, &reader);
    if (result == 0)
        result = rh_facts_init(&facts, reader, error);
    rh_facts_finish(&facts);
    rh_trace_reader_close(reader);
    return result;
}

/* Makes the n-th allocation fail for n = 1, 2, ... until all goes well. Returns how many failed. */
static uint64_t fail_each(int (*action)(struct rh_error *), size_t files_after_failure) {
    for (uint64_t nth = 1;; nth++) {
        struct rh_error error = {0};
        rh_memory_fail_at(nth);
        int result = action(&error);
        rh_memory_fail_at(0);
        if (result == 0)
            return nth - 1;
        if (result != RH_ERR_MEMORY || error.code != RH_ERR_MEMORY || error.message[0] == '\0')
            fail_msg("allocation %zu: %d, \"%s\"", (size_t)nth, result, error.message);
        assert_int_equal(files_left(), files_after_failure);
    }
}

static void memory_runs_out(void **state) {
    (void)state;
    unlink(path);
    events_count = FEW_EVENTS;
    assert_true(fail_each(write_trace, 0) > 20);
    assert_int_equal(files_left(), 1);
    assert_true(fail_each(read_trace, 1) > 20);
    events_count = EVENTS;
}

/* In a child whose files may not grow beyond `bytes`: 0 when writing failed as it should. */
static int write_limited(rlim_t bytes) {
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};
        struct rh_error error = {0};
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(9);
        int result = write_trace(&error);
        bool told = strstr(error.message, strerror(EFBIG)) != NULL &&
                    strstr(error.message, directory) != NULL;
        _exit(result == 0 ? 1 : result == RH_ERR_SYSTEM && told ? 0 : 2);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void the_disk_runs_full(void **state) {
    (void)state;
    assert_int_equal(write_trace(NULL), 0);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long whole = ftell(file);
    fclose(file);
    unlink(path);
    for (long bytes = 0; bytes < whole; bytes += 1 + whole / 11) {
        assert_int_equal(write_limited((rlim_t)bytes), 0);
        assert_int_equal(files_left(), 0);
    }
    assert_int_equal(write_limited((rlim_t)whole - 1), 0);
    assert_int_equal(write_limited((rlim_t)whole), 1);
}

/* A writer that is dropped before its end leaves the old file as it was. */
static void an_unfinished_writer_changes_nothing(void **state) {
    (void)state;
    assert_int_equal(write_trace(NULL), 0);
    struct rh_trace_writer *writer = NULL;
    assert_int_equal(rh_trace_writer_create(path, NULL, &writer), 0);
    assert_int_equal(rh_trace_writer_add(writer, events, EVENTS, NULL), 0);
    assert_int_equal(files_left(), 2);
    rh_trace_writer_destroy(writer);
    assert_int_equal(files_left(), 1);
    assert_int_equal(rh_trace_verify(path, NULL, NULL), 0);
    struct rh_error error = {0};
    assert_int_equal(rh_trace_writer_create("/nonexistent/a.rht", &error, &writer), RH_ERR_SYSTEM);
    assert_non_null(strstr(error.message, "/nonexistent/a.rht"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(the_disk_runs_full),
        cmocka_unit_test(an_unfinished_writer_changes_nothing),
    };
    return cmocka_run_group_tests_name("fault/trace", tests, set_up, tear_down);
}
