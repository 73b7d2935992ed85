/* exporter.c - the table of formats. */
#include "trace/exporters/exporter.h"

#include <string.h>

#include "base/memory.h"

const struct rh_exporter *const rh_exporters[] = {
    &rh_exporter_android,
    &rh_exporter_rep,
    &rh_exporter_objects,
    NULL,
};

const struct rh_exporter *rh_exporter_find(const char *name) {
    for (size_t i = 0; rh_exporters[i] != NULL; i++)
        if (strcmp(rh_exporters[i]->name, name) == 0)
            return rh_exporters[i];
    return NULL;
}

static int run(struct rh_export *export, const char *path, const struct rh_exporter *exporter,
               const char *out, struct rh_error *error) {
    rh_try(rh_feed_open(&export->feed, path, error));
    rh_try(rh_sink_open(&export->sink, out, error));
    rh_try(exporter->run(export, error));
    return rh_sink_finish(&export->sink);
}

int rh_trace_export(const char *path, const struct rh_exporter *exporter, const char *out,
                    struct rh_error *error, struct rh_export_facts *ret_facts) {
    struct rh_error local = {0}; /* the sink needs a place for its first failure */
    struct rh_error *first = error != NULL ? error : &local;
    struct rh_export *export = rh_alloc_zeroed(1, sizeof(*export));
    if (export == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory to export %s", path);
    int result = run(export, path, exporter, out, first);
    if (result == 0 && ret_facts != NULL)
        *ret_facts = export->facts;
    rh_sink_close(&export->sink);
    rh_feed_close(&export->feed);
    rh_free(export);
    return result;
}
