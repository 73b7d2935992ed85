/* compile.c - the cache of tapes.
 *
 * A tape's name says what it was made from, so a tape that is there is right unless it is damaged,
 * and that is checked. It appears under its name whole or not at all. */
#include "compile/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/groups.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "compile/compiler.h"
#include "compile/tape.h"
#include "result/sample.h"
#include "trace/trace.h"

enum { MARKS_DEFAULT = 300, MARKS_MAX = RH_SAMPLE_MARKS - 24 };

/* Between two looks at the clock, in the time of the replay. */
#define PACE_QUANTUM_NS 100000.0
/* Shorter gaps are summed up: some ops and some lines of memory each. */
#define THINK_QUANTUM_NS 1000

void rh_compile_follow_course(struct rh_compile_options *options, const struct rh_course *course) {
    options->one_thread = course->order == RH_ORDER_ONE_THREAD;
    options->order = options->one_thread ? RH_ORDER_RECORDED : course->order;
    options->window_ns = course->window_ns;
    options->window_events = course->window_events;
    options->idle_cap_ns = course->idle_cap_ns;
    if (rh_think_wants_times(&course->think))
        options->time_quantum_ns = THINK_QUANTUM_NS;
    if (course->pace <= 0)
        return;
    double quantum_ns = PACE_QUANTUM_NS * course->pace;
    uint64_t pace_quantum_ns = quantum_ns > 1 ? (uint64_t)quantum_ns : 1;
    if (options->time_quantum_ns == 0 || pace_quantum_ns < options->time_quantum_ns)
        options->time_quantum_ns = pace_quantum_ns;
}

static int find_directory(const struct rh_compile_options *options, struct rh_error *error,
                          char **ret_directory) {
    if (options->cache_directory == NULL)
        return rh_cache_directory("reheap", "tapes", error, ret_directory);
    *ret_directory = rh_strdup(options->cache_directory);
    return *ret_directory != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
}

static uint32_t marks_of(const struct rh_compile_options *options) {
    uint32_t marks = options->marks == 0 ? MARKS_DEFAULT : options->marks;
    return marks < MARKS_MAX ? marks : MARKS_MAX;
}

static void fill_facts(const struct rh_tape_header *header, struct rh_tape_facts *ret_facts) {
    *ret_facts = (struct rh_tape_facts){
        .ops = header->ops,
        .slots = header->slots,
        .edges = header->edges,
        .threads = header->threads,
        .threads_peak = header->threads_peak,
        .peak_live_bytes = header->peak_live_bytes,
    };
}

/* ---- a tape that is there ---- */

static bool has_options(const struct rh_tape_header *header,
                        const struct rh_compiler_setup *setup) {
    return header->one_thread == setup->one_thread &&
           header->time_quantum_ns == setup->time_quantum_ns &&
           header->idle_cap_ns == setup->idle_cap_ns && header->order == (uint64_t)setup->order &&
           header->window_ns == setup->window_ns && header->window_events == setup->window_events;
}

static int check_tape(const char *path, const struct rh_compiler_setup *setup,
                      struct rh_error *error, struct rh_tape_facts *ret_facts) {
    struct rh_tape tape = {0};
    rh_try(rh_tape_open(path, false, error, &tape));
    tape.window_words = rh_tape_choose_window(tape.map.bytes, rh_memory_available(""), 1);
    int result = 0;
    if (tape.header->content_hash != setup->content_hash ||
        tape.header->marks_wanted != setup->marks || !has_options(tape.header, setup))
        result = rh_fail(error, RH_ERR_FORMAT, "%s: the tape of another trace", path);
    if (result == 0)
        result = rh_tape_check_hash(&tape, error);
    if (result == 0)
        result = rh_tape_check(&tape, error);
    if (result == 0)
        fill_facts(tape.header, ret_facts);
    rh_tape_close(&tape);
    return result;
}

/* ---- a new tape ---- */

static int compile_events(struct rh_trace_reader *reader, struct rh_compiler *compiler,
                          struct rh_error *error) {
    for (;;) {
        const struct rh_event *events = NULL;
        size_t count = 0;
        rh_try(rh_trace_reader_next(reader, error, &events, &count));
        if (count == 0)
            return 0;
        rh_try(rh_compiler_add(compiler, events, count, error));
    }
}

/* What was just written is not read again: the worker checks every op of every tape. */
static int compile_into(struct rh_trace_reader *reader, const struct rh_compiler_setup *setup,
                        struct rh_error *error, struct rh_tape_facts *ret_facts) {
    struct rh_compiler *compiler = NULL;
    rh_try(rh_compiler_create(setup, error, &compiler));
    int result = compile_events(reader, compiler, error);
    if (result == 0)
        result = rh_compiler_finish(compiler, error);
    if (result == 0)
        fill_facts(rh_compiler_header(compiler), ret_facts);
    rh_compiler_destroy(compiler);
    return result;
}

/* A file without a name where the file system can: a killed compilation then leaves nothing. */
static int open_unnamed(const char *directory, const char *temporary, struct rh_error *error,
                        bool *ret_named) {
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
    *ret_named = fd < 0;
    if (fd < 0)
        fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        rh_fail_errno(error, "cannot write %s", temporary);
    return fd;
}

static int give_name(int fd, const char *temporary, bool named, const char *path,
                     struct rh_error *error) {
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (!named && linkat(AT_FDCWD, link, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) != 0)
        return rh_fail_errno(error, "cannot write %s", temporary);
    if (rename(temporary, path) != 0) {
        rh_fail_errno(error, "cannot rename %s to %s", temporary, path);
        unlink(temporary);
        return RH_ERR_SYSTEM;
    }
    return 0;
}

static int build(struct rh_trace_reader *reader, struct rh_compiler_setup *setup,
                 const char *directory, const char *path, struct rh_error *error,
                 struct rh_tape_facts *ret_facts) {
    rh_try(rh_make_directories(directory, error));
    struct rh_text temporary = {0};
    rh_text_addf(&temporary, "%s.%" PRIx64 ".tmp", path, rh_random_system_seed());
    if (temporary.failed)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
    bool named = false;
    int result = 0;
    setup->fd = open_unnamed(directory, rh_text_get(&temporary), error, &named);
    if (setup->fd < 0) {
        rh_text_finish(&temporary);
        return RH_ERR_SYSTEM;
    }
    result = compile_into(reader, setup, error, ret_facts);
    if (result == 0)
        result = give_name(setup->fd, rh_text_get(&temporary), named, path, error);
    else if (named)
        unlink(rh_text_get(&temporary));
    close(setup->fd);
    rh_text_finish(&temporary);
    return result;
}

/* ---- both ---- */

static void describe(const struct rh_trace_reader *reader, const struct rh_compile_options *options,
                     struct rh_compiler_setup *ret_setup) {
    const struct rh_trace_summary *summary = rh_trace_reader_summary(reader);
    *ret_setup = (struct rh_compiler_setup){
        .fd = -1,
        .content_hash = summary->content_hash,
        .events = summary->events,
        .peak_event = summary->objects > 0 ? summary->peak_live_bytes_event : UINT64_MAX,
        .marks = marks_of(options),
        .tape_window_words = rh_tape_choose_window(summary->events * 8, rh_memory_available(""), 1),
        .has_times = rh_trace_reader_meta(reader)->time_quantum_ns != 0,
        .one_thread = options->one_thread,
        .time_quantum_ns = options->time_quantum_ns,
        .idle_cap_ns = options->time_quantum_ns != 0 ? options->idle_cap_ns : 0,
    };
    /* One thread is always in the recorded order. */
    if (options->one_thread || summary->threads <= 1)
        return;
    ret_setup->order = options->order;
    ret_setup->window_ns = options->order == RH_ORDER_WINDOW ? options->window_ns : 0;
    ret_setup->window_events = options->order == RH_ORDER_WINDOW ? options->window_events : 0;
}

static int check_options(const struct rh_compiler_setup *setup, struct rh_error *error) {
    if (setup->time_quantum_ns != 0 && !setup->has_times)
        return rh_fail(error, RH_ERR_INVALID,
                       "the trace has no times, so a replay cannot keep them");
    if (setup->window_ns != 0 && !setup->has_times)
        return rh_fail(error, RH_ERR_INVALID,
                       "the trace has no times: give the window in events, as in window(1000)");
    rh_assert(setup->order != RH_ORDER_WINDOW ||
              (setup->window_ns == 0) != (setup->window_events == 0));
    return 0;
}

static int name_tape(const struct rh_compiler_setup *setup, const char *directory,
                     struct rh_error *error, char **ret_path) {
    struct rh_text name = {0};
    rh_text_addf(&name, "%016" PRIx64 "-m%" PRIu32, setup->content_hash, setup->marks);
    if (setup->one_thread)
        rh_text_add(&name, "-1");
    if (setup->time_quantum_ns != 0)
        rh_text_addf(&name, "-t%" PRIu64, setup->time_quantum_ns);
    if (setup->idle_cap_ns != 0)
        rh_text_addf(&name, "-c%" PRIu64, setup->idle_cap_ns);
    if (setup->order == RH_ORDER_RECORDED)
        rh_text_add(&name, "-r");
    if (setup->window_ns != 0)
        rh_text_addf(&name, "-w%" PRIu64 "ns", setup->window_ns);
    if (setup->window_events != 0)
        rh_text_addf(&name, "-w%" PRIu64, setup->window_events);
    rh_text_addf(&name, "-v%d.tape", RH_TAPE_VERSION);
    char *path = name.failed ? NULL : rh_path_join(directory, rh_text_get(&name));
    rh_text_finish(&name);
    if (path == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
    *ret_path = path;
    return 0;
}

static int find_or_build(struct rh_trace_reader *reader, struct rh_compiler_setup *setup,
                         const char *directory, const char *path, struct rh_error *error,
                         struct rh_tape_facts *ret_facts) {
    struct rh_error ignored = {0};
    /* A tape does not excuse what has happened to the trace since it was made. */
    if (check_tape(path, setup, &ignored, ret_facts) == 0)
        return rh_trace_reader_check_bytes(reader, error);
    return build(reader, setup, directory, path, error, ret_facts);
}

int rh_compile(const char *trace_path, const struct rh_compile_options *options,
               struct rh_error *error, char **ret_path, struct rh_tape_facts *ret_facts) {
    static const struct rh_compile_options defaults;
    if (options == NULL)
        options = &defaults;
    struct rh_trace_reader *reader = NULL;
    rh_try(rh_trace_reader_open(trace_path, error, &reader));
    struct rh_compiler_setup setup;
    describe(reader, options, &setup);
    char *directory = NULL, *path = NULL;
    int result = check_options(&setup, error);
    if (result == 0)
        result = find_directory(options, error, &directory);
    if (result == 0)
        result = name_tape(&setup, directory, error, &path);
    if (result == 0)
        result = find_or_build(reader, &setup, directory, path, error, ret_facts);
    if (result < 0 && error != NULL &&
        (error->code == RH_ERR_FORMAT || error->code == RH_ERR_INVALID))
        rh_error_prefix(error, "%s", trace_path);
    rh_trace_reader_close(reader);
    rh_free(directory);
    if (result < 0)
        rh_free(path);
    else
        *ret_path = path;
    return result;
}
