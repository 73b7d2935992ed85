/* hash.h - the content hash of a trace: XXH64 (seed 0) over its decoded events.
 *
 * Each event counts as 48 bytes, little-endian: time_ns, size, acquired, released (eight bytes
 * each), thread, parent, touched_pages (four each), kind, align_log2, flags, 0 (one each). So the
 * hash is of what the trace says and not of how the file stores it; metadata is not in it. */
#ifndef RH_TRACE_HASH_H
#define RH_TRACE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/event.h"

enum { RH_HASH_EVENT_BYTES = 48, RH_HASH_BATCH = 128 };

struct rh_trace_hash {
    void *state; /* XXH64_state_t */
    size_t pending;
    uint8_t batch[RH_HASH_BATCH * RH_HASH_EVENT_BYTES];
};

int rh_trace_hash_init(struct rh_trace_hash *hash, struct rh_error *error);
void rh_trace_hash_finish(struct rh_trace_hash *hash);
void rh_trace_hash_add(struct rh_trace_hash *hash, const struct rh_event *event);
/* The hash of what was added so far. */
uint64_t rh_trace_hash_get(const struct rh_trace_hash *hash);

#endif
