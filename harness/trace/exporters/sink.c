/* sink.c - buffered output of text. */
#include "trace/exporters/sink.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

static int open_special(struct rh_sink *sink, struct rh_error *error) {
    sink->fd = open(sink->target, O_WRONLY | O_CLOEXEC);
    return sink->fd >= 0 ? 0 : rh_fail_errno(error, "cannot write to %s", sink->path);
}

static int open_temporary(struct rh_sink *sink, struct rh_error *error) {
    struct rh_text text = {0};
    rh_text_addf(&text, "%s.XXXXXX", sink->target);
    if (text.failed < 0) {
        rh_text_finish(&text);
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
    }
    sink->temporary = text.data;
    sink->fd = mkostemp(sink->temporary, O_CLOEXEC);
    if (sink->fd >= 0)
        return 0;
    rh_free(sink->temporary);
    sink->temporary = NULL;
    return rh_fail_errno(error, "cannot make a file beside %s", sink->path);
}

static int open_output(struct rh_sink *sink, struct rh_error *error) {
    bool special = false;
    rh_try(rh_file_target(sink->path, sink->target, &special, error));
    return special ? open_special(sink, error) : open_temporary(sink, error);
}

int rh_sink_open(struct rh_sink *sink, const char *path, struct rh_error *error) {
    sink->fd = path != NULL ? -1 : STDOUT_FILENO;
    sink->path = path;
    sink->temporary = NULL;
    sink->failed = 0;
    sink->error = error;
    sink->count = 0;
    return path != NULL ? open_output(sink, error) : 0;
}

static void flush(struct rh_sink *sink) {
    if (sink->failed == 0 && sink->count > 0) {
        sink->failed = rh_write_all(sink->fd, sink->bytes, sink->count, sink->error);
        if (sink->failed < 0)
            rh_error_prefix(sink->error, "%s", sink->path != NULL ? sink->path : "standard output");
    }
    sink->count = 0;
}

/* A file of its own has the rights that any new file has, not those of mkstemp. */
static int put_in_place(struct rh_sink *sink) {
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(sink->fd, 0666 & ~mask) != 0 || fsync(sink->fd) != 0 ||
        rename(sink->temporary, sink->target) != 0)
        return rh_fail_errno(sink->error, "cannot complete %s", sink->path);
    rh_free(sink->temporary);
    sink->temporary = NULL;
    return 0;
}

int rh_sink_finish(struct rh_sink *sink) {
    flush(sink);
    rh_try(sink->failed);
    return sink->temporary != NULL ? put_in_place(sink) : 0;
}

void rh_sink_close(struct rh_sink *sink) {
    if (sink->temporary != NULL)
        unlink(sink->temporary);
    rh_free(sink->temporary);
    sink->temporary = NULL;
    if (sink->path != NULL && sink->fd >= 0)
        close(sink->fd);
    sink->path = NULL;
}

static char *reserve(struct rh_sink *sink, size_t bytes) {
    rh_assert(bytes <= RH_SINK_BYTES);
    if (sink->count + bytes > RH_SINK_BYTES)
        flush(sink);
    return sink->bytes + sink->count;
}

void rh_sink_text(struct rh_sink *sink, const char *text) {
    size_t length = strlen(text);
    memcpy(reserve(sink, length), text, length);
    sink->count += length;
}

void rh_sink_byte(struct rh_sink *sink, char byte) {
    *reserve(sink, 1) = byte;
    sink->count++;
}

static void add_digits(struct rh_sink *sink, uint64_t value, unsigned base) {
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    memcpy(reserve(sink, sizeof(digits)), digits + at, sizeof(digits) - at);
    sink->count += sizeof(digits) - at;
}

void rh_sink_decimal(struct rh_sink *sink, uint64_t value) {
    add_digits(sink, value, 10);
}

void rh_sink_hex(struct rh_sink *sink, uint64_t value) {
    rh_sink_text(sink, "0x");
    add_digits(sink, value, 16);
}
