/* checkpoints.h - at which marks of a memory pass the resident bytes are split. */
#ifndef RH_REPLAY_CHECKPOINTS_H
#define RH_REPLAY_CHECKPOINTS_H

#include "replay/split.h"

struct rh_checkpoints {
    struct rh_splitter splitter;
    uint64_t marks;                /* of the tape */
    uint64_t peak_live_mark;       /* where L is highest */
    uint64_t peak_resident_bytes;  /* the highest R that was split */
    bool any;                      /* a mark was seen; then: */
    struct rh_split peak_resident; /* the split there */
};

int rh_checkpoints_init(struct rh_checkpoints *checkpoints, const struct rh_tape *tape,
                        struct rh_error *error);
/* All threads stand at the mark, where R is `resident_bytes`: splits there, if the mark is one of
 * some evenly spaced ones, or that of the highest L, or R is by 1/16 higher than at all splits
 * before. */
int rh_checkpoints_at_mark(struct rh_checkpoints *checkpoints, const struct rh_engine *engine,
                           uint64_t mark, const struct rh_resident *resident,
                           struct rh_error *error, struct rh_sample *sample);
/* Puts the split at the highest R, or within 1/16 of it, among the sample's. */
void rh_checkpoints_end(const struct rh_checkpoints *checkpoints, struct rh_sample *sample);

#endif
