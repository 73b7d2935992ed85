/* sink.h - buffered output of text, to a file that appears when it is complete, or to standard
 * output. */
#ifndef RH_TRACE_EXPORTERS_SINK_H
#define RH_TRACE_EXPORTERS_SINK_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { RH_SINK_BYTES = 1 << 16 };

struct rh_sink {
    int fd;
    const char *path; /* NULL: standard output */
    char *temporary;  /* beside `target`; NULL where that is a device or a pipe */
    char target[PATH_MAX];
    int failed; /* the first failure sticks, and is in `error` */
    struct rh_error *error;
    size_t count;
    char bytes[RH_SINK_BYTES];
};

/* `path` NULL: standard output. `path` and `error` must outlive the sink. */
int rh_sink_open(struct rh_sink *sink, const char *path, struct rh_error *error);
/* Writes what is buffered, synchronises and renames into place; the first failure of all. */
int rh_sink_finish(struct rh_sink *sink);
/* Without a finish before it, nothing is left of the file. Accepts a zeroed one. */
void rh_sink_close(struct rh_sink *sink);

/* These note a failure in the sink. */
void rh_sink_text(struct rh_sink *sink, const char *text);
void rh_sink_byte(struct rh_sink *sink, char byte);
void rh_sink_decimal(struct rh_sink *sink, uint64_t value);
/* "0x", lower case. */
void rh_sink_hex(struct rh_sink *sink, uint64_t value);

#endif
