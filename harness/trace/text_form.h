/* text_form.h - the trace as lines that a person can read, grep, edit and turn back
 * (docs/trace-format.md, "The text form"). */
#ifndef RH_TRACE_TEXT_FORM_H
#define RH_TRACE_TEXT_FORM_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "trace/trace.h"

#define RH_TEXT_FORM_SIGNATURE "reheap-trace-text 1"

/* Appends the first lines: the signature and the metadata. */
int rh_text_form_head(const struct rh_trace_meta *meta, struct rh_error *error,
                      struct rh_text *ret_text);
/* Appends the line of one event. */
void rh_text_form_event(const struct rh_event *event, bool timed, struct rh_text *ret_text);

#endif
