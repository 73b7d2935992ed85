/* emit.h - JSON that is safe inside a script element. Internal to report/. */
#ifndef RH_REPORT_EMIT_H
#define RH_REPORT_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "stats/stats.h"

/* Zero-initialise but for `text`. A NULL key: an element of an array, or the whole. */
struct rh_report_emitter {
    struct rh_text *text;
    bool comma; /* something stands before the next value in this object or array */
};

void rh_report_open(struct rh_report_emitter *emitter, const char *key, char bracket);
void rh_report_close(struct rh_report_emitter *emitter, char bracket);
/* NULL is null. The characters < > & and the two line separators that end a JavaScript line are
 * written as \u escapes, so that nothing in the string ends the script element. */
void rh_report_emit_text(struct rh_report_emitter *emitter, const char *key, const char *string);
/* Ten significant digits; what is not finite is null. */
void rh_report_emit_number(struct rh_report_emitter *emitter, const char *key, double value);
void rh_report_emit_count(struct rh_report_emitter *emitter, const char *key, uint64_t value);
/* As count, and UINT64_MAX is null. */
void rh_report_emit_figure(struct rh_report_emitter *emitter, const char *key, uint64_t value);
void rh_report_emit_bool(struct rh_report_emitter *emitter, const char *key, bool value);
/* An array of strings; NULL is an empty one. */
void rh_report_emit_list(struct rh_report_emitter *emitter, const char *key, char *const *list);
void rh_report_emit_numbers(struct rh_report_emitter *emitter, const char *key,
                            const double *values, size_t count);
/* {"estimate", "low", "high", "level", "pairs", "exact"}; null without data. */
void rh_report_emit_interval(struct rh_report_emitter *emitter, const char *key,
                             const struct rh_interval *interval);

#endif
