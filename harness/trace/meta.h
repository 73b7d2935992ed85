/* meta.h - metadata as JSON: private to the writer and the reader. */
#ifndef RH_TRACE_META_H
#define RH_TRACE_META_H

#include <jansson.h>

#include "base/text.h"
#include "trace/trace.h"

/* The metadata as one JSON object. */
int rh_trace_meta_write(const struct rh_trace_meta *meta, struct rh_error *error,
                        struct rh_text *ret_text);
/* The reverse, into a zeroed struct; keys that are not known go to unknown_json. */
int rh_trace_meta_read(const char *text, size_t bytes, struct rh_error *error,
                       struct rh_trace_meta *ret_meta);

/* A JSON string of any bytes: one that is no UTF-8 shows as \xHH. A new reference, or NULL. */
json_t *rh_trace_json_text(const char *string);
/* Appends the JSON as text, with the flags of json_dumps. NULL is a failure, so that the last of a
 * row of json_...() need not be checked. */
int rh_trace_json_dump(const json_t *json, size_t flags, struct rh_error *error,
                       struct rh_text *ret_text);

#endif
