/* merge_meta.h - metadata of merged traces. Private to the merger. */
#ifndef RH_TRACE_TOOLS_MERGE_META_H
#define RH_TRACE_TOOLS_MERGE_META_H

#include "base/text.h"
#include "trace/trace.h"

/* Zero-initialise. */
struct rh_merge_meta {
    struct rh_trace_meta meta;
    struct rh_text programs, sources, notes;
    size_t count;
};

/* What all have in common stays; counts are added up; names are listed. */
int rh_merge_meta_add(struct rh_merge_meta *merged, const struct rh_trace_meta *meta,
                      const struct rh_trace_summary *summary, struct rh_error *error);
/* After the last. */
int rh_merge_meta_complete(struct rh_merge_meta *merged, bool untimed, struct rh_error *error);
void rh_merge_meta_finish(struct rh_merge_meta *merged);

#endif
