/* trace_page.h - what a trace holds, as one self-contained page (page.h). */
#ifndef RH_REPORT_TRACE_PAGE_H
#define RH_REPORT_TRACE_PAGE_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "trace/facts.h"

/* Appends the page to `text`. `path` names the trace, `file_bytes` is its size on disk. The figures
 * are those of rh_facts_json, which the page carries as it is. */
int rh_trace_page(const struct rh_facts *facts, const struct rh_trace_meta *meta, const char *path,
                  uint64_t file_bytes, struct rh_error *error, struct rh_text *text);

#endif
