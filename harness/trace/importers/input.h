/* input.h - a foreign trace as a stream of bytes or lines: plain, gzip, zstd, or a zip archive of
 * one file, told apart by their first bytes. Memory is bounded whatever the file says. */
#ifndef RH_TRACE_IMPORTERS_INPUT_H
#define RH_TRACE_IMPORTERS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    RH_INPUT_PEEK_BYTES = 65536,
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    RH_INPUT_LINE_MAX_BYTES = 1 << 12, /* as RH_FORMAT_BLOCK_EVENTS: small, for speed */
#else
    RH_INPUT_LINE_MAX_BYTES = 1 << 20,
#endif
};

struct rh_input;

/* Opens PATH; "-" is standard input. Errors name it. */
int rh_input_open(const char *path, struct rh_error *error, struct rh_input **ret_input);
/* Accepts NULL. */
void rh_input_close(struct rh_input *input);
const char *rh_input_path(const struct rh_input *input);

/* The first decoded bytes, at most RH_INPUT_PEEK_BYTES; only before the first line or record. */
int rh_input_peek(struct rh_input *input, struct rh_error *error, const uint8_t **ret_bytes,
                  size_t *ret_count);

/* The next line without its end ("\n" or "\r\n"), NUL-terminated in place and good until the next
 * call. 1: a line, 0: the end, or an error. */
int rh_input_line(struct rh_input *input, struct rh_error *error, char **ret_line,
                  size_t *ret_length);
/* The next `bytes` (at most RH_INPUT_PEEK_BYTES), good until the next call; fewer only at the end
 * of the input. */
int rh_input_take(struct rh_input *input, size_t bytes, struct rh_error *error,
                  const uint8_t **ret_bytes, size_t *ret_count);

/* Lines taken so far: the number of the newest, from 1. */
uint64_t rh_input_line_number(const struct rh_input *input);
/* Decoded bytes taken so far. */
uint64_t rh_input_offset(const struct rh_input *input);
/* The last line had no end, or compressed data broke off: the input was cut short. */
bool rh_input_is_truncated(const struct rh_input *input);

#endif
