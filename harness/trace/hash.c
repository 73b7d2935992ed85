/* hash.c - the content hash. */
#include "trace/hash.h"

#define XXH_STATIC_LINKING_ONLY
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/format.h"

int rh_trace_hash_init(struct rh_trace_hash *hash, struct rh_error *error) {
    hash->pending = 0;
    hash->state = rh_alloc(sizeof(XXH64_state_t));
    if (hash->state == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a hash");
    XXH64_reset(hash->state, 0);
    return 0;
}

void rh_trace_hash_finish(struct rh_trace_hash *hash) {
    rh_free(hash->state);
    hash->state = NULL;
}

void rh_trace_hash_add(struct rh_trace_hash *hash, const struct rh_event *event) {
    uint8_t *bytes = hash->batch + hash->pending * RH_HASH_EVENT_BYTES;
    rh_put_u64(bytes, event->time_ns);
    rh_put_u64(bytes + 8, event->size);
    rh_put_u64(bytes + 16, event->acquired);
    rh_put_u64(bytes + 24, event->released);
    rh_put_u32(bytes + 32, event->thread);
    rh_put_u32(bytes + 36, event->parent);
    rh_put_u32(bytes + 40, event->touched_pages);
    rh_put_u32(bytes + 44,
               event->kind | (uint32_t)event->align_log2 << 8 | (uint32_t)event->flags << 16);
    if (++hash->pending < RH_HASH_BATCH)
        return;
    XXH64_update(hash->state, hash->batch, sizeof(hash->batch));
    hash->pending = 0;
}

uint64_t rh_trace_hash_get(const struct rh_trace_hash *hash) {
    rh_assert(hash->state != NULL);
    XXH64_state_t state = *(const XXH64_state_t *)hash->state;
    XXH64_update(&state, hash->batch, hash->pending * RH_HASH_EVENT_BYTES);
    return XXH64_digest(&state);
}
