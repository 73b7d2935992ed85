/* batch.c - events gathered for a writer. */
#include "trace/tools/batch.h"

#include "base/assert.h"

int rh_batch_init(struct rh_batch *batch, const char *path, struct rh_error *error) {
    batch->writer = NULL;
    batch->total = 0;
    batch->count = 0;
    return rh_trace_writer_create(path, error, &batch->writer);
}

void rh_batch_destroy(struct rh_batch *batch) {
    rh_trace_writer_destroy(batch->writer);
    batch->writer = NULL;
}

int rh_batch_flush(struct rh_batch *batch, struct rh_error *error) {
    rh_assert(batch->writer != NULL);
    size_t count = batch->count;
    batch->count = 0;
    return count > 0 ? rh_trace_writer_add(batch->writer, batch->events, count, error) : 0;
}

int rh_batch_finish(struct rh_batch *batch, const struct rh_trace_meta *meta,
                    struct rh_error *error, struct rh_trace_summary *ret_summary) {
    rh_try(rh_batch_flush(batch, error));
    return rh_trace_writer_finish(batch->writer, meta, error, ret_summary);
}
