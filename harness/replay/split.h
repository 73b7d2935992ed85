/* split.h - where the resident bytes are, at a mark: what the allocator has handed out, page by
 * page, against what is resident.
 *
 * Which blocks are live, and how large they are, comes from the tape: the sum over each slot's ops
 * up to the mark, of all threads. Where they lie comes from the engine's slots. */
#ifndef RH_REPLAY_SPLIT_H
#define RH_REPLAY_SPLIT_H

#include "base/error.h"
#include "measure/pages.h"
#include "measure/resident.h"
#include "replay/engine.h"

struct rh_splitter {
    const struct rh_tape *tape;
    struct rh_pages pages;
    struct rh_mapped slots;   /* a slot's block, by the ops that were read so far */
    struct rh_mapped cursors; /* how far each thread's stream was read */
    struct rh_mapped used;    /* by page: bytes of live blocks */
};

/* Takes all memory that it will need. */
int rh_splitter_init(struct rh_splitter *splitter, const struct rh_tape *tape,
                     struct rh_error *error);
/* Accepts a zeroed one. */
void rh_splitter_finish(struct rh_splitter *splitter);

/* The split at a mark where all threads stand; marks only grow from call to call. Waits for threads
 * that ended before the mark in the recording, but are not done yet. RH_ERR_CHECK: the tape's ops
 * and the mark's live bytes do not agree within seconds. */
int rh_splitter_split(struct rh_splitter *splitter, const struct rh_engine *engine, uint64_t mark,
                      const struct rh_resident *resident, struct rh_error *error,
                      struct rh_split *ret_split);

#endif
