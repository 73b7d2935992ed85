/* think.h - the program's own use of its memory, as a model: what a replay that thinks does in the
 * recorded gaps (docs/order.md). */
#ifndef RH_REPLAY_THINK_H
#define RH_REPLAY_THINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "compile/tape.h"
#include "result/sample.h"
#include "result/think.h"

struct rh_player;

/* What thinks. Zero-initialise: it does not. */
struct rh_thinking {
    struct rh_think_model model;
    uint32_t walks_in_64k; /* of the draws, those that begin one */
    enum rh_touch touch;   /* says which bytes of a block are resident */
    struct rh_mapped place_table;
    struct rh_mapped block_table;
    struct rh_mapped thinker_table;
    uint32_t *places; /* by slot: where its block stands in `blocks` */
    struct rh_think_block *blocks;
    struct rh_thinker *thinkers; /* by thread; NULL: nobody thinks */
};

/* Looks through the whole tape, which must have times, for whose slot is whose. */
int rh_thinking_init(struct rh_thinking *thinking, const struct rh_tape *tape,
                     const struct rh_think_model *model, enum rh_touch touch,
                     struct rh_error *error);
void rh_thinking_finish(struct rh_thinking *thinking);
/* The player is at a TIME: uses memory for as long as the program did since the one before. */
void rh_think(struct rh_thinking *thinking, const struct rh_player *player, const uint64_t *op);
/* Lines read, by all threads. */
uint64_t rh_thinking_lines(const struct rh_thinking *thinking, uint64_t threads);

#endif
