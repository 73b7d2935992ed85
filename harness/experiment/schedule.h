/* schedule.h - in which order the workers of a run start: a pure function of the plan's figures and
 * the seed (docs/method.md, Statistics; docs/adr/0050). */
#ifndef RH_EXPERIMENT_SCHEDULE_H
#define RH_EXPERIMENT_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "result/sample.h"

enum { RH_SCHEDULE_PADDING_BYTES = 4096 };

/* One worker to come. Its place in the schedule is its index in the result. */
struct rh_cell {
    uint32_t round; /* 0: warm-up */
    uint32_t trace; /* from `traces` on: a program, whose pass THROUGHPUT is the program itself and
                       whose pass MEMORY is its floor */
    uint32_t allocator;
    uint32_t copy; /* 1: the second run of the baseline in this round */
    enum rh_pass pass;
    uint32_t
        padding_bytes; /* of the random environment variable, below RH_SCHEDULE_PADDING_BYTES */
};

struct rh_schedule {
    struct rh_cell *cells;
    size_t count;
};

/* What the order depends on. */
struct rh_schedule_input {
    uint32_t traces; /* traces and programs together > 0 */
    uint32_t programs;
    const bool *plays_programs; /* per allocator; may be NULL without programs */
    const bool *has_floor;      /* per program; likewise */
    uint32_t allocators;        /* length of `plays` */
    /* Per allocator and pass: does it take part? The baseline must, in every pass that is used. */
    const bool (*plays)[RH_PASSES];
    uint32_t baseline;
    uint32_t rounds;        /* counted rounds of the throughput pass; round 0 comes before them */
    uint32_t memory_rounds; /* rounds 1 to this one also have a memory pass */
    /* Of latency and system calls: rounds 1 to this one also have this pass. */
    uint32_t pass_rounds[RH_PASSES];
    /* Of all but throughput: round 0 has this pass too, so that its time is known: the rounds are
     * computed from it, and the cells of a schedule with rounds 0 are the first ones of that with
     * any number. */
    bool warm[RH_PASSES];
    bool throughput; /* false: the other passes alone, from round 0 on */
    uint64_t seed;
};

/* Within a round every trace, and then every program, is played in turn, and on each trace every
 * allocator once and the baseline twice, in an order that is a row of a cyclic Latin square: over a
 * block of as many rounds as there are players, each stands once at every position. Each trace and
 * block has a square of its own, made of fresh random permutations.
 *
 * RH_ERR_LIMIT for more cells than a result may have. The caller finishes the schedule. */
int rh_schedule_init(struct rh_schedule *schedule, const struct rh_schedule_input *input,
                     struct rh_error *error);
void rh_schedule_finish(struct rh_schedule *schedule);

#endif
