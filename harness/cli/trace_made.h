/* trace_made.h - what the commands that make traces print: a short list of facts. */
#ifndef RH_CLI_TRACE_MADE_H
#define RH_CLI_TRACE_MADE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "trace/trace.h"

/* Facts as lines for people, or as one JSON object. Zero-initialise, but for `json`. */
struct rh_made {
    bool json;
    struct rh_text text;
};

/* `key` is for JSON, and with spaces for its "_" the label for people; units are part of it. */
void rh_made_count(struct rh_made *made, const char *key, uint64_t value);
void rh_made_bytes(struct rh_made *made, const char *key, uint64_t value);
/* A share as a fraction of 1; for people in percent. */
void rh_made_share(struct rh_made *made, const char *key, double value);
/* true or false; for people yes or no. */
void rh_made_flag(struct rh_made *made, const char *key, bool value);
void rh_made_text(struct rh_made *made, const char *key, const char *value);
/* Several sentences: a line each for people, an array in JSON. NULL-terminated. */
void rh_made_list(struct rh_made *made, const char *key, const char *const *sentences);
/* The trace that was written. */
void rh_made_trace(struct rh_made *made, const char *path, const struct rh_trace_summary *summary);

/* Prints and releases. 0 or RH_ERR_MEMORY. */
int rh_made_print(struct rh_made *made, struct rh_error *error);

#endif
