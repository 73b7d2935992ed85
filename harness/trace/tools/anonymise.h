/* anonymise.h - a trace that can be given away. */
#ifndef RH_TRACE_TOOLS_ANONYMISE_H
#define RH_TRACE_TOOLS_ANONYMISE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/trace.h"

struct rh_anonymise {
    uint64_t time_step_ns;    /* times are rounded down to multiples of it; 0: no times at all */
    uint64_t size_step_bytes; /* sizes are rounded up to multiples of it; 1: they stay */
};

/* Writes the trace at `path` to `out` without what names a person, a machine or a program: command
 * line, program, host, C library, allocator, tool, date, process id, notes and unknown keys; times
 * only as coarse as asked. What remains is listed by rh_anonymise_remains. ret_summary may be NULL.
 */
int rh_trace_anonymise(const char *path, const struct rh_anonymise *anonymise, const char *out,
                       struct rh_error *error, struct rh_trace_summary *ret_summary);

/* What was dropped and what the file still says, one sentence each, NULL-terminated. The first
 * array follows from no setting, the second from `anonymise`. */
const char *const *rh_anonymise_drops(void);
/* Fills at most RH_ANONYMISE_REMAINS_MOST sentences, each at most 127 characters; returns how many.
 */
enum { RH_ANONYMISE_REMAINS_MOST = 8, RH_ANONYMISE_SENTENCE_BYTES = 128 };
int rh_anonymise_remains(const struct rh_anonymise *anonymise,
                         char ret_sentences[][RH_ANONYMISE_SENTENCE_BYTES]);

#endif
