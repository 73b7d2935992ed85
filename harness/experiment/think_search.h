/* think_search.h - how many cache lines a microsecond make a replay take as long as its program. */
#ifndef RH_EXPERIMENT_THINK_SEARCH_H
#define RH_EXPERIMENT_THINK_SEARCH_H

#include <stdint.h>

#include "base/error.h"
#include "result/think.h"

/* Replays once, thinking with so many lines (0: not at all), and says what CPU time that took. */
typedef int rh_think_timer(void *context, uint64_t lines_per_ms, struct rh_error *error,
                           uint64_t *ret_ns);

/* Looks for the number with which a replay takes found->program_ns, and fills the other numbers of
 * *found: those of the nearest that was tried, with the medians of its times. 0 where a replay
 * takes as long anyway, RH_THINK_LINES_PER_MS_MOST where it never does; at most 15 replays. */
int rh_think_search(rh_think_timer *timer, void *context, struct rh_error *error,
                    struct rh_think_found *found);

#endif
