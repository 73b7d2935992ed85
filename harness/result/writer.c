/* writer.c - a result directory grows: whole lines, each in one write, so that a kill leaves at
 * most one torn line at the end of a file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "result/codec.h"

struct rh_result_writer {
    char *manifest_path;
    char *samples_path;
    char *series_path;
    char *programs_path;
    char *directory;
    int samples;  /* file descriptor, or -1 */
    int series;   /* file descriptor, or -1 */
    int programs; /* file descriptor, or -1: no program has run yet */
    bool broken;  /* a torn line could not be taken back: nothing may be appended */
    struct rh_text line;
};

static int no_memory(struct rh_error *error) {
    return rh_fail(error, RH_ERR_MEMORY, "no memory for the writer of a result");
}

static int join_paths(struct rh_result_writer *writer, const char *directory,
                      struct rh_error *error) {
    writer->manifest_path = rh_path_join(directory, RH_RESULT_MANIFEST_FILE);
    writer->samples_path = rh_path_join(directory, RH_RESULT_SAMPLES_FILE);
    writer->series_path = rh_path_join(directory, RH_RESULT_SERIES_FILE);
    writer->programs_path = rh_path_join(directory, RH_RESULT_PROGRAMS_FILE);
    writer->directory = rh_strdup(directory);
    if (writer->programs_path == NULL || writer->directory == NULL ||
        writer->manifest_path == NULL || writer->samples_path == NULL ||
        writer->series_path == NULL)
        return no_memory(error);
    return 0;
}

static int refuse(const char *path, struct rh_error *error) {
    return rh_fail(error, RH_ERR_INVALID,
                   "%s is there already: a result is never overwritten, name another directory "
                   "or remove it",
                   path);
}

/* Makes a file that must not be there yet: two runs into one directory cannot both start. */
static int create_file(const char *path, struct rh_error *error, int *ret_fd) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST)
        return refuse(path, error);
    if (fd < 0)
        return rh_fail_errno(error, "cannot create %s", path);
    *ret_fd = fd;
    return 0;
}

int rh_result_refuse_existing(const char *directory, struct rh_error *error) {
    static const char *const names[] = {RH_RESULT_MANIFEST_FILE, RH_RESULT_SAMPLES_FILE,
                                        RH_RESULT_SERIES_FILE, RH_RESULT_PROGRAMS_FILE};
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        struct stat status;
        char *path = rh_path_join(directory, names[i]);
        if (path == NULL)
            return no_memory(error);
        result = lstat(path, &status) == 0 ? refuse(path, error) : 0;
        rh_free(path);
    }
    return result;
}

static int write_manifest(const struct rh_result_writer *writer, const struct rh_manifest *manifest,
                          struct rh_error *error) {
    struct rh_text text = {0};
    int result = rh_manifest_encode(manifest, error, &text);
    if (result == 0)
        result = rh_file_write(writer->manifest_path, text.data, text.length, error);
    rh_text_finish(&text);
    return result;
}

/* Made when the first program has run; a result without programs has no such file. */
static int open_programs(struct rh_result_writer *writer, struct rh_error *error) {
    if (writer->programs >= 0)
        return 0;
    writer->programs = open(writer->programs_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    return writer->programs >= 0 ? 0
                                 : rh_fail_errno(error, "cannot open %s", writer->programs_path);
}

/* Where there are programs: their file, and the folder for hyperfine's. */
static int prepare_programs(struct rh_result_writer *writer, size_t program_count,
                            struct rh_error *error) {
    if (program_count == 0)
        return 0;
    char *folder = rh_path_join(writer->directory, RH_RESULT_HYPERFINE);
    int result = folder != NULL ? rh_make_directories(folder, error) : no_memory(error);
    rh_free(folder);
    return result < 0 ? result : open_programs(writer, error);
}

/* Held until the file is closed, by the end of the process at the latest. */
static int lock(const struct rh_result_writer *writer, struct rh_error *error) {
    if (flock(writer->samples, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return rh_fail(error, RH_ERR_INVALID, "another run is writing to %s: let it finish",
                       writer->samples_path);
    return rh_fail_errno(error, "cannot lock %s", writer->samples_path);
}

/* Samples first: their file is what a second run into the same directory trips over. */
static int create_files(struct rh_result_writer *writer, const struct rh_manifest *manifest,
                        struct rh_error *error) {
    rh_try(rh_result_refuse_existing(writer->directory, error));
    rh_try(create_file(writer->samples_path, error, &writer->samples));
    int result = lock(writer, error);
    if (result == 0)
        result = create_file(writer->series_path, error, &writer->series);
    if (result == 0)
        result = prepare_programs(writer, manifest->program_count, error);
    if (result == 0)
        result = write_manifest(writer, manifest, error);
    if (result == 0)
        return 0;
    unlink(writer->samples_path);
    if (writer->series >= 0)
        unlink(writer->series_path);
    return result;
}

static int writer_make(const char *directory, struct rh_error *error,
                       struct rh_result_writer **ret_writer) {
    struct rh_result_writer *writer = rh_alloc_zeroed(1, sizeof(*writer));
    if (writer == NULL)
        return no_memory(error);
    writer->samples = writer->series = writer->programs = -1;
    int result = join_paths(writer, directory, error);
    if (result == 0)
        *ret_writer = writer;
    else
        rh_result_writer_destroy(writer);
    return result;
}

int rh_result_writer_create(const char *directory, const struct rh_manifest *manifest,
                            struct rh_error *error, struct rh_result_writer **ret_writer) {
    rh_assert(directory != NULL && ret_writer != NULL);
    rh_json_use_memory();
    rh_try(rh_make_directories(directory, error));
    struct rh_result_writer *writer = NULL;
    rh_try(writer_make(directory, error, &writer));
    int result = create_files(writer, manifest, error);
    if (result == 0)
        *ret_writer = writer;
    else
        rh_result_writer_destroy(writer);
    return result;
}

/* ---- going on with an interrupted result ---- */

/* The end of a file of lines. */
struct tail {
    size_t whole_bytes; /* up to and with the last newline */
    bool any;           /* there is a whole line; then: */
    size_t last_offset; /* where the last one begins */
    uint64_t index;     /* its "index" */
};

static int read_last_line(const char *path, const char *text, const char *newline,
                          struct rh_error *error, struct tail *tail) {
    const char *before = memrchr(text, '\n', (size_t)(newline - text));
    const char *last = before != NULL ? before + 1 : text;
    tail->last_offset = (size_t)(last - text);
    struct rh_json_place place = {.file = path, .error = error};
    json_t *object = NULL;
    int result = rh_json_parse(&place, last, (size_t)(newline - last), &object);
    if (result == 0)
        result = rh_json_get_u64(&place, object, "index", RH_RESULT_SAMPLES, &tail->index);
    json_decref(object);
    return result;
}

static int measure_tail(const char *path, struct rh_error *error, struct tail *tail) {
    struct rh_file_map map;
    rh_try(rh_file_map(path, 0, error, &map));
    const char *text = (const char *)map.data;
    const char *newline = text != NULL ? memrchr(text, '\n', map.bytes) : NULL;
    int result = 0;
    if (newline != NULL) {
        tail->any = true;
        tail->whole_bytes = (size_t)(newline + 1 - text);
        result = read_last_line(path, text, newline, error, tail);
    }
    rh_file_unmap(&map);
    return result;
}

static int open_to_append(const char *path, struct rh_error *error, int *ret_fd) {
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return rh_fail_errno(error, "cannot open %s", path);
    *ret_fd = fd;
    return 0;
}

static int cut_to(int fd, const char *path, size_t bytes, struct rh_error *error) {
    if (ftruncate(fd, (off_t)bytes) != 0)
        return rh_fail_errno(error, "cannot take back the torn end of %s", path);
    return 0;
}

static int cut_torn_program(struct rh_result_writer *writer, struct rh_error *error) {
    struct tail programs = {0};
    if (access(writer->programs_path, F_OK) != 0)
        return 0;
    rh_try(open_programs(writer, error));
    rh_try(measure_tail(writer->programs_path, error, &programs));
    return cut_to(writer->programs, writer->programs_path, programs.whole_bytes, error);
}

/* Marks stand before their sample, and both in the order of the run: only the last line of the
 * series can be without one. */
static int cut_torn_ends(struct rh_result_writer *writer, struct rh_error *error) {
    struct tail samples = {0};
    struct tail series = {0};
    rh_try(measure_tail(writer->samples_path, error, &samples));
    rh_try(measure_tail(writer->series_path, error, &series));
    if (series.any && (!samples.any || series.index > samples.index))
        series.whole_bytes = series.last_offset;
    rh_try(cut_torn_program(writer, error));
    rh_try(cut_to(writer->samples, writer->samples_path, samples.whole_bytes, error));
    return cut_to(writer->series, writer->series_path, series.whole_bytes, error);
}

int rh_result_writer_resume(const char *directory, struct rh_error *error,
                            struct rh_result_writer **ret_writer) {
    rh_assert(directory != NULL && ret_writer != NULL);
    rh_json_use_memory();
    struct rh_result_writer *writer = NULL;
    rh_try(writer_make(directory, error, &writer));
    int result = open_to_append(writer->samples_path, error, &writer->samples);
    if (result == 0)
        result = open_to_append(writer->series_path, error, &writer->series);
    if (result == 0)
        result = lock(writer, error);
    if (result == 0)
        result = cut_torn_ends(writer, error);
    if (result == 0)
        *ret_writer = writer;
    else
        rh_result_writer_destroy(writer);
    return result;
}

/* ---- appending ---- */

/* Appends the line, or leaves the file as it was. */
static int append_line(struct rh_result_writer *writer, int fd, const char *path,
                       struct rh_error *error) {
    off_t before = lseek(fd, 0, SEEK_END);
    if (before < 0)
        return rh_fail_errno(error, "cannot find the end of %s", path);
    int result = rh_write_all(fd, writer->line.data, writer->line.length, error);
    if (result == 0)
        return 0;
    rh_error_prefix(error, "%s", path);
    if (ftruncate(fd, before) != 0)
        writer->broken = true;
    return result;
}

static int add_line(struct rh_result_writer *writer, int fd, const char *path,
                    const struct rh_result_sample *sample,
                    int (*encode)(const struct rh_result_sample *, struct rh_error *,
                                  struct rh_text *),
                    struct rh_error *error) {
    writer->line.failed = 0;
    rh_text_clear(&writer->line);
    rh_try(encode(sample, error, &writer->line));
    rh_text_add(&writer->line, "\n");
    if (writer->line.failed != 0)
        return no_memory(error);
    return append_line(writer, fd, path, error);
}

int rh_result_writer_add(struct rh_result_writer *writer, const struct rh_result_sample *sample,
                         struct rh_error *error) {
    rh_assert(writer != NULL && sample != NULL);
    if (writer->broken)
        return rh_fail(error, RH_ERR_SYSTEM, "%s ends in a torn line after a failed write",
                       writer->samples_path);
    if (sample->sample.mark_count > 0 || sample->latency != NULL)
        rh_try(add_line(writer, writer->series, writer->series_path, sample,
                        rh_result_series_encode, error));
    return add_line(writer, writer->samples, writer->samples_path, sample, rh_result_sample_encode,
                    error);
}

int rh_result_writer_add_program(struct rh_result_writer *writer,
                                 const struct rh_result_program_line *line,
                                 struct rh_error *error) {
    rh_assert(writer != NULL && line != NULL);
    if (writer->broken)
        return rh_fail(error, RH_ERR_SYSTEM, "%s ends in a torn line after a failed write",
                       writer->programs_path);
    rh_try(open_programs(writer, error));
    writer->line.failed = 0;
    rh_text_clear(&writer->line);
    rh_try(rh_result_program_line_encode(line, error, &writer->line));
    rh_text_add(&writer->line, "\n");
    if (writer->line.failed != 0)
        return no_memory(error);
    return append_line(writer, writer->programs, writer->programs_path, error);
}

char *rh_result_hyperfine_path(const char *directory, uint64_t index) {
    struct rh_text text = {0};
    rh_text_addf(&text, "%s/%s/%llu.json", directory, RH_RESULT_HYPERFINE,
                 (unsigned long long)index);
    if (text.failed != 0)
        rh_text_finish(&text);
    return text.data;
}

int rh_result_writer_finish(struct rh_result_writer *writer, const struct rh_manifest *manifest,
                            struct rh_error *error) {
    rh_assert(writer != NULL && manifest != NULL);
    if (fsync(writer->series) != 0)
        return rh_fail_errno(error, "cannot synchronise %s", writer->series_path);
    if (writer->programs >= 0 && fsync(writer->programs) != 0)
        return rh_fail_errno(error, "cannot synchronise %s", writer->programs_path);
    if (fsync(writer->samples) != 0)
        return rh_fail_errno(error, "cannot synchronise %s", writer->samples_path);
    return write_manifest(writer, manifest, error);
}

void rh_result_writer_destroy(struct rh_result_writer *writer) {
    if (writer == NULL)
        return;
    if (writer->samples >= 0)
        close(writer->samples);
    if (writer->series >= 0)
        close(writer->series);
    if (writer->programs >= 0)
        close(writer->programs);
    rh_free(writer->programs_path);
    rh_free(writer->directory);
    rh_free(writer->manifest_path);
    rh_free(writer->samples_path);
    rh_free(writer->series_path);
    rh_text_finish(&writer->line);
    rh_free(writer);
}
