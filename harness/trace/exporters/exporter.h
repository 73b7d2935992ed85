/* exporter.h - traces in the formats of others. A format is one file with a line in the table. */
#ifndef RH_TRACE_EXPORTERS_EXPORTER_H
#define RH_TRACE_EXPORTERS_EXPORTER_H

#include <stdint.h>

#include "base/error.h"
#include "trace/exporters/sink.h"
#include "trace/tools/feed.h"
#include "trace/trace.h"

/* What was written, and what the format cannot say. */
struct rh_export_facts {
    uint64_t written;        /* lines or records */
    uint64_t dropped_events; /* kinds that the format does not have */
    uint64_t dropped_kinds[RH_EVENT_KINDS];
    uint64_t changed_kinds[RH_EVENT_KINDS]; /* written as another kind */
    uint64_t alignments_lost;
    bool threads_lost; /* the format has one thread, and the trace has more */
    bool times_lost;
};

struct rh_export {
    struct rh_feed feed;
    struct rh_sink sink;
    struct rh_export_facts facts;
};

struct rh_exporter {
    const char *name;
    const char *summary; /* one line */
    int (*run)(struct rh_export *export, struct rh_error *error);
};

/* NULL-terminated. */
extern const struct rh_exporter *const rh_exporters[];

/* NULL: no such format. */
const struct rh_exporter *rh_exporter_find(const char *name);

/* Writes the trace at `path` to `out` (NULL: standard output). ret_facts may be NULL. */
int rh_trace_export(const char *path, const struct rh_exporter *exporter, const char *out,
                    struct rh_error *error, struct rh_export_facts *ret_facts);

/* ---- for the formats ---- */

extern const struct rh_exporter rh_exporter_rep, rh_exporter_android, rh_exporter_objects;

static inline void rh_export_drop(struct rh_export *export, const struct rh_event *event) {
    export->facts.dropped_events++;
    export->facts.dropped_kinds[event->kind]++;
}

#endif
