/* stage.h - where the threads of a synthetic workload act: clock, objects, queues. Private to
 * generators/. */
#ifndef RH_TRACE_GENERATORS_STAGE_H
#define RH_TRACE_GENERATORS_STAGE_H

#include "base/random.h"
#include "trace/generators/synthetic.h"
#include "trace/tools/batch.h"

/* All times are multiples of it, so that the times of a trace take one byte each. */
enum { RH_STAGE_QUANTUM_NS = 10 };

/* A live object, or nothing (id = RH_NO_OBJECT). */
struct rh_block {
    uint64_t id;
    uint64_t size : 49; /* up to RH_TRACE_SIZE_MAX_BYTES */
    uint64_t kind : 7;
    uint64_t align_log2 : 8;
};

static const struct rh_block rh_no_block = {.id = RH_NO_OBJECT};

static inline bool rh_block_is(const struct rh_block *block) {
    return block->id != RH_NO_OBJECT;
}

/* Blocks that pass from one thread to another together. */
struct rh_bundle {
    struct rh_block container; /* or nothing */
    uint32_t count;
    struct rh_block blocks[];
};

struct rh_actor;

/* A queue while a phase is played. */
struct rh_queue {
    const struct rh_synthetic_queue *description;
    struct rh_bundle **bundles; /* a ring of `capacity` */
    uint32_t first, count;
    struct rh_actor *waiting; /* for a bundle, or for room; never both */
    uint32_t producers;       /* parts that may still bring something */
    uint32_t consumers;       /* parts that may still take something */
};

/* One thread of a role, and its successors. */
struct rh_actor {
    const struct rh_synthetic_role *role;
    struct rh_stage *stage;
    struct rh_actor *next_waiting; /* in a queue */
    struct rh_actor *siblings;     /* the first of its role */
    struct rh_random random;
    uint64_t order;        /* in which actors were made */
    uint32_t thread;       /* before its own has started: the main thread */
    bool ended;            /* its thread has */
    uint64_t time_ns;      /* of its next step */
    uint64_t last_time_ns; /* of its last event */
    uint64_t steps, steps_of_thread;
    double weights[RH_SYNTHETIC_PARTS_MOST];          /* one a part, as are the next */
    void *states[RH_SYNTHETIC_PARTS_MOST];            /* of the behaviours */
    struct rh_block *places[RH_SYNTHETIC_PARTS_MOST]; /* of EXCHANGE; with the first sibling only */
};

struct rh_stage {
    const struct rh_synthetic *synthetic;
    struct rh_batch batch;
    uint64_t time_ns; /* of the last event */
    uint64_t next_object;
    uint32_t next_thread;
    uint64_t actors_made; /* each has random numbers of its own */
    struct rh_actor main;
    struct rh_queue *queues; /* as many as the description has */
    struct rh_actor **heap;  /* of those that can act, the earliest on top */
    size_t heap_count, heap_capacity;
};

/* What came of a step. */
enum rh_step { RH_STEP_DONE = 0, RH_STEP_GOES_ON = 1, RH_STEP_WAITS = 2 };

/* What a thread does. One instance a file; the table is in actor.c. */
struct rh_behaviour {
    /* Makes the state of one part of one actor. */
    int (*create)(struct rh_actor *actor, const struct rh_synthetic_part *part,
                  struct rh_error *error, void **ret_state);
    /* One step: enum rh_step, or a failure. WAITS: the actor has put itself in a queue. */
    int (*step)(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
                struct rh_error *error);
    /* The thread is about to end: blocks are freed, unless they stay. */
    int (*end)(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
               struct rh_error *error);
    /* Accepts NULL. */
    void (*destroy)(void *state);
};

extern const struct rh_behaviour rh_behaviour_slots, rh_behaviour_batch, rh_behaviour_produce,
    rh_behaviour_consume, rh_behaviour_lifetimes, rh_behaviour_grow, rh_behaviour_thin;

/* ---- objects (stage.c) ---- */

/* Makes a block of `size_bytes` by a call that the part chooses. */
int rh_actor_acquire_sized(struct rh_actor *actor, const struct rh_synthetic_part *part,
                           uint64_t size_bytes, struct rh_error *error, struct rh_block *ret_block);
/* As above, with a size that the part chooses. */
int rh_actor_acquire(struct rh_actor *actor, const struct rh_synthetic_part *part,
                     struct rh_error *error, struct rh_block *ret_block);
/* Frees the block, on the thread that the part chooses, and clears it; nothing is left alone. */
int rh_actor_release(struct rh_actor *actor, const struct rh_synthetic_part *part,
                     struct rh_block *block, struct rh_error *error);
/* realloc: the block becomes another one. */
int rh_actor_resize(struct rh_actor *actor, struct rh_block *block, uint64_t size_bytes,
                    struct rh_error *error);
/* At the end of a thread: frees `count` blocks, or forgets them if the part lets them stay. */
int rh_actor_release_all(struct rh_actor *actor, const struct rh_synthetic_part *part,
                         struct rh_block *blocks, size_t count, struct rh_error *error);
/* An index by weight, of weights that are not all 0. */
size_t rh_actor_choose(struct rh_actor *actor, const double *weights, size_t count);
/* Puts blocks into the order in which they are to be freed. */
void rh_actor_order(struct rh_actor *actor, struct rh_block *blocks, size_t count,
                    enum rh_free_order order);

/* ---- threads (stage.c) ---- */

int rh_stage_start_thread(struct rh_stage *stage, struct rh_actor *creator, struct rh_error *error,
                          uint32_t *ret_thread);
int rh_stage_end_thread(struct rh_stage *stage, struct rh_actor *actor, struct rh_error *error);

/* ---- who acts next (schedule.c) ---- */

/* Adds one that can act, at its time. */
int rh_stage_push(struct rh_stage *stage, struct rh_actor *actor, struct rh_error *error);
/* The earliest, which stays in the heap; NULL: none. */
struct rh_actor *rh_stage_top(const struct rh_stage *stage);
/* The time of the earliest has grown. */
void rh_stage_top_moved(struct rh_stage *stage);
void rh_stage_pop(struct rh_stage *stage);
/* Everyone who waits at the queue can act again, from now on. */
int rh_stage_wake(struct rh_stage *stage, struct rh_queue *queue, struct rh_error *error);

/* ---- actors (actor.c) ---- */

/* A zeroed one, but for `siblings`. It acts on the main thread until it is given its own. */
int rh_actor_init(struct rh_actor *actor, struct rh_stage *stage,
                  const struct rh_synthetic_role *role, struct rh_error *error);
/* Accepts a zeroed one. */
void rh_actor_finish(struct rh_actor *actor);
/* One step, with what it costs in time; enum rh_step or a failure. */
int rh_actor_step(struct rh_actor *actor, struct rh_error *error);
/* Ends its parts and its thread. */
int rh_actor_end(struct rh_actor *actor, struct rh_error *error);

/* ---- queues (queue.c) ---- */

int rh_queue_init(struct rh_queue *queue, const struct rh_synthetic_queue *description,
                  struct rh_error *error);
/* Accepts a zeroed one; what is in it is forgotten. */
void rh_queue_finish(struct rh_queue *queue);
/* The main thread frees what is in it. */
int rh_queue_drain(struct rh_stage *stage, struct rh_queue *queue, struct rh_error *error);

#endif
