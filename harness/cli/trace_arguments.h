/* trace_arguments.h - what the commands that make traces from traces have in common. */
#ifndef RH_CLI_TRACE_ARGUMENTS_H
#define RH_CLI_TRACE_ARGUMENTS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* -o TRACE, --json, --list, and the files that are read. */
struct rh_trace_arguments {
    const char *output;
    bool json, list;
    const char *const *files; /* into argv */
    size_t file_count;
};

#define RH_TRACE_OUTPUT_OPTION                                                                     \
    { "output", 'o', "TRACE", 0, "where to write the new trace (required)", 0 }
#define RH_TRACE_JSON_OPTION                                                                       \
    { "json", 'j', NULL, 0, "print the facts as JSON", 0 }

/* A parser of the common options, for the end of a command's own parser. Without a file it is a
 * usage error, unless --list is there. */
error_t rh_trace_take(int key, char *value, struct argp_state *state,
                      struct rh_trace_arguments *arguments);
/* After parsing: not more than one file; the second also wants an output. Else a usage error, which
 * exits; so does a value of an option that is no whole number. */
void rh_trace_need_single(struct argp_state *state, const struct rh_trace_arguments *arguments);
void rh_trace_need_one(struct argp_state *state, const struct rh_trace_arguments *arguments);
uint64_t rh_trace_take_number(struct argp_state *state, const char *option, const char *value);

/* "A-B", "A-" or "-B" in the unit that `parse` reads; what is left out keeps its value. 0 or
 * RH_ERR_INVALID. */
typedef int rh_range_parser(const char *text, uint64_t *ret_value);
int rh_parse_range(const char *text, rh_range_parser *parse, uint64_t *from, uint64_t *to);
/* "1.5s", "20ms", "3us", "100ns", or "0". 0 or RH_ERR_INVALID. */
int rh_parse_duration(const char *text, uint64_t *ret_ns);

#endif
