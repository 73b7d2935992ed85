/* tape_model.h - plays a tape on paper, under a random schedule, with full vector clocks: what the
 * engine may do and no more. Finds every access to a slot that the tape's edges do not order, every
 * use of a slot that is not live, every wrong size, and every standstill. */
#ifndef RH_TEST_TAPE_MODEL_H
#define RH_TEST_TAPE_MODEL_H

#include <stdint.h>

#include "compile/tape.h"

enum { MODEL_THREADS_MAX = 64, MODEL_REASON_BYTES = 256 };

struct tape_model {
    uint64_t ops, waits, waits_open; /* done; met; met before their op was done */
    uint64_t live_bytes, live_objects;
    uint64_t marks_met;
    char reason[MODEL_REASON_BYTES]; /* "" or what is wrong */
};

/* Called before each op that counts. */
typedef void tape_model_hook(void *user, uint32_t thread, uint64_t position);

void tape_model_play_hooked(const struct rh_tape *tape, uint64_t seed, tape_model_hook *hook,
                            void *user, struct tape_model *ret_model);
void tape_model_play(const struct rh_tape *tape, uint64_t seed, struct tape_model *ret_model);

#endif
