/* think.h - how a replay spends the recorded gaps on the program's memory (docs/order.md). Plain
 * data, as course.h, for every room. */
#ifndef RH_RESULT_THINK_H
#define RH_RESULT_THINK_H

#include <stdint.h>

#include "base/error.h"

/* All zero: gaps are not spent. */
struct rh_think_model {
    uint64_t lines_per_ms;    /* cache lines that are read in a recorded ms */
    uint32_t uniform_percent; /* of the blocks, those met on walks over the whole live heap */
    uint32_t walk;            /* how many blocks, made one after another, a walk meets */
    uint32_t recent;          /* the others are among so many that were allocated last */
    uint32_t write_percent;   /* of the lines, those that are written, too */
};

enum { RH_THINK_BYTES = 96, RH_THINK_RECENT_MOST = 4096, RH_THINK_WALK_MOST = 4096 };

/* "off", or lines a recorded microsecond, and what is to be other than the default:
 * "8", "0.5,uniform=30,walk=4,recent=64,writes=20". An error says what would be accepted. */
int rh_think_parse(const char *text, struct rh_error *error, struct rh_think_model *ret_model);
/* The other way round, with everything that makes the model; returns `buffer`. */
const char *rh_think_text(const struct rh_think_model *model, char buffer[RH_THINK_BYTES]);

#endif
