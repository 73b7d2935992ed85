/* think.h - how a replay spends the recorded gaps on the program's memory (docs/order.md). Plain
 * data, as course.h, for every room. */
#ifndef RH_RESULT_THINK_H
#define RH_RESULT_THINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* All zero: gaps are not spent. */
struct rh_think_model {
    uint64_t lines_per_ms;    /* cache lines that are read in a recorded ms */
    bool automatic;           /* they are to be found for each trace, and are 0 until then */
    uint32_t uniform_percent; /* of the blocks, those met on walks over the whole live heap */
    uint32_t walk;            /* how many blocks, made one after another, a walk meets */
    uint32_t recent;          /* the others are among so many that were allocated last */
    uint32_t write_percent;   /* of the lines, those that are written, too */
};

enum { RH_THINK_BYTES = 96, RH_THINK_RECENT_MOST = 4096, RH_THINK_WALK_MOST = 4096 };

/* The most that is ever found: not all of the time between two calls is use of memory. */
enum { RH_THINK_LINES_PER_MS_MOST = 16000 };

/* How many lines a trace is thought over with, where that was to be found: times are CPU times. */
struct rh_think_found {
    char *allocator;     /* that it was found under; NULL: nobody asked */
    uint64_t program_ns; /* what the program took, without recording */
    uint64_t plain_ns;   /* what a replay takes that does not think; 0: not found yet */
    uint64_t thinking_ns;
    uint64_t lines_per_ms; /* 0: a plain replay takes no less than the program */
};

/* Is a time needed for each gap? */
static inline bool rh_think_wants_times(const struct rh_think_model *model) {
    return model->automatic || model->lines_per_ms != 0;
}

/* "off", or lines a recorded microsecond or "auto", and what is to be other than the default:
 * "8", "auto,recent=8", "0.5,uniform=30,walk=4,recent=64,writes=20". An error says what would be
 * accepted. */
int rh_think_parse(const char *text, struct rh_error *error, struct rh_think_model *ret_model);
/* The other way round, with everything that makes the model; returns `buffer`. */
const char *rh_think_text(const struct rh_think_model *model, char buffer[RH_THINK_BYTES]);

enum { RH_THINK_FOUND_BYTES = 320 };

/* What was found, in a sentence: "4.7 lines/us: the program took ..."; returns `buffer`. */
const char *rh_think_found_text(const struct rh_think_found *found,
                                char buffer[RH_THINK_FOUND_BYTES]);

#endif
