/* synthetic.h - workloads that are described, not recorded.
 *
 * A description is phases, one after the other. In a phase roles run side by side; a role is a
 * number of threads that do the same. What a thread does are parts: a behaviour, the sizes of its
 * blocks, the calls that make them. Each step of a thread takes one of its parts by weight. A
 * virtual clock orders the steps of all threads: it stands for the time that a program spends
 * between its calls, never for what an allocator takes.
 *
 * The keys of the YAML form and what they mean are in docs/synthetic-format.md. */
#ifndef RH_TRACE_GENERATORS_SYNTHETIC_H
#define RH_TRACE_GENERATORS_SYNTHETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/generators/distribution.h"
#include "trace/trace.h"

enum {
    RH_SYNTHETIC_PHASES_MOST = 256,
    RH_SYNTHETIC_ROLES_MOST = 64,
    RH_SYNTHETIC_PARTS_MOST = 16,
    RH_SYNTHETIC_THREADS_MOST = 4096, /* of a role, at one time */
    RH_SYNTHETIC_QUEUES_MOST = 64,
    RH_SYNTHETIC_NAME_BYTES_MOST = 63,
    RH_SYNTHETIC_BLOCKS_MOST = 1 << 24, /* slots, blocks of a batch, buffers of one thread */
};

/* Bounds that keep the virtual clock below 2^62 ns. */
#define RH_SYNTHETIC_EVENTS_MOST UINT64_C(2000000000)
#define RH_SYNTHETIC_GAP_MOST_NS UINT64_C(1000000000)

/* X(NAME, text, summary) */
#define RH_BEHAVIOUR_MAP(X)                                                                        \
    X(SLOTS, "slots", "a table of blocks, of which one is replaced in each step")                  \
    X(BATCH, "batch", "blocks are made one after the other, then freed together")                  \
    X(PRODUCE, "produce", "blocks are made and passed to a queue")                                 \
    X(CONSUME, "consume", "blocks of a queue are freed")                                           \
    X(LIFETIMES, "lifetimes", "a block in each step, freed when its time has come")                \
    X(GROW, "grow", "buffers that grow by realloc")                                                \
    X(THIN, "thin", "rounds of ever larger blocks, every other of which is freed")

enum rh_behaviour_kind {
#define X(name, text, summary) RH_BEHAVIOUR_##name,
    RH_BEHAVIOUR_MAP(X)
#undef X
        RH_BEHAVIOURS
};

/* X(NAME, text) - what happens to the chosen slot. */
#define RH_SLOT_ACTION_MAP(X)                                                                      \
    X(REPLACE, "replace")   /* its block is freed, another is made */                              \
    X(TOGGLE, "toggle")     /* its block is freed; where there is none, one is made */             \
    X(FILL, "fill")         /* where there is none, one is made */                                 \
    X(FREE, "free")         /* its block, if any, is freed */                                      \
    X(RESIZE, "resize")     /* realloc to another size; where there is none, one is made */        \
    X(EXCHANGE, "exchange") /* it swaps with a random place that all threads of the role share */

enum rh_slot_action {
#define X(name, text) RH_SLOT_##name,
    RH_SLOT_ACTION_MAP(X)
#undef X
        RH_SLOT_ACTIONS
};

/* X(NAME, text) - which slots have a block at the beginning. */
#define RH_SLOT_START_MAP(X)                                                                       \
    X(EMPTY, "empty")                                                                              \
    X(FULL, "full") /* the thread fills them in its first steps */                                 \
    X(HALF, "half") /* as full, but each with probability 1/2 */                                   \
    X(MAIN, "main") /* the main thread fills them before the thread starts */

enum rh_slot_start {
#define X(name, text) RH_SLOT_START_##name,
    RH_SLOT_START_MAP(X)
#undef X
        RH_SLOT_STARTS
};

struct rh_synthetic_slots {
    uint32_t count;
    enum rh_slot_start start;
    bool cyclic;                     /* one slot after the other; else drawn from `pick` */
    struct rh_distribution pick;     /* slot numbers, 0 ... count - 1 */
    double actions[RH_SLOT_ACTIONS]; /* weights; all 0: replace */
    uint32_t places;                 /* shared places of EXCHANGE */
};

/* X(NAME, text) - the order in which blocks are freed. */
#define RH_FREE_ORDER_MAP(X)                                                                       \
    X(FIFO, "fifo")                                                                                \
    X(LIFO, "lifo")                                                                                \
    X(RANDOM, "random")

enum rh_free_order {
#define X(name, text) RH_FREE_ORDER_##name,
    RH_FREE_ORDER_MAP(X)
#undef X
        RH_FREE_ORDERS
};

/* When `count` blocks are there, they are freed, but for a window of `keep` of them that moves on
 * with every round: those before it in `order`, those behind it in the opposite order (`ends`) or
 * in the same. Of those that would be freed each `leave_every`-th is never freed by the part. */
struct rh_synthetic_batch {
    uint32_t count;
    enum rh_free_order order;
    double keep; /* 0 ... 0.9 */
    bool ends;
    uint32_t leave_every; /* 0: none */
};

/* A queue of bundles of blocks. */
struct rh_synthetic_queue {
    char *name;
    uint32_t capacity; /* bundles; who brings one more waits */
    bool newest_first;
};

struct rh_synthetic_produce {
    uint32_t queue;           /* index into the description's queues */
    uint32_t count;           /* blocks of a bundle */
    uint64_t container_bytes; /* of the block that holds the bundle, made first; 0: none */
};

struct rh_synthetic_consume {
    uint32_t queue;
    enum rh_free_order order;
};

struct rh_synthetic_lifetimes {
    struct rh_distribution steps; /* of this part, until the block is freed */
};

struct rh_synthetic_grow {
    uint32_t buffers;
    struct rh_distribution until; /* bytes at which a buffer is full, and freed */
    double factor;                /* each realloc: size * factor + add */
    uint64_t add;
};

/* Blocks of `size` times 2^round until `live_bytes` are live, then every other of all live blocks
 * is freed; the thread is done after `rounds`. */
struct rh_synthetic_thin {
    uint64_t live_bytes;
    uint32_t rounds; /* 1 ... 32 */
};

struct rh_synthetic_part {
    double weight;
    enum rh_behaviour_kind behaviour;
    struct rh_distribution size;        /* bytes */
    double calls[RH_EVENT_KINDS];       /* weights of the kinds that acquire; all 0: malloc */
    struct rh_distribution align_bytes; /* of ALIGNED and NEW_ALIGNED: rounded to a power of two */
    double sized_free;                  /* share of the blocks from new whose size free names */
    double cross_thread; /* share of the frees that another thread of the role makes */
    bool stay;           /* at the end blocks stay live; else they are freed */
    union {
        struct rh_synthetic_slots slots;
        struct rh_synthetic_batch batch;
        struct rh_synthetic_produce produce;
        struct rh_synthetic_consume consume;
        struct rh_synthetic_lifetimes lifetimes;
        struct rh_synthetic_grow grow;
        struct rh_synthetic_thin thin;
    };
};

struct rh_synthetic_role {
    char *name;
    uint32_t threads;
    bool on_main;                  /* the main thread plays it; threads = 1 */
    uint64_t steps;                /* of each thread with its successors; 0: until the phase ends */
    struct rh_distribution gap_ns; /* between two steps of a thread */
    uint64_t restart_after;        /* steps, then another thread takes the place; 0: never */
    bool inherit; /* the other thread goes on with the blocks; else they end with the first */
    struct rh_synthetic_part *parts;
    size_t part_count, part_capacity;
};

struct rh_synthetic_phase {
    char *name;
    uint64_t
        events; /* when so many were made the phase ends; 0: when every role's steps are done */
    struct rh_synthetic_role *roles;
    size_t role_count, role_capacity;
};

struct rh_synthetic {
    char *name;    /* letters, digits, '-', '_', '.' */
    char *summary; /* one line, for lists and reports */
    uint64_t seed;
    struct rh_synthetic_queue *queues;
    size_t queue_count, queue_capacity;
    struct rh_synthetic_phase *phases;
    size_t phase_count, phase_capacity;
    bool prepared;
};

/* Growing a zeroed description; what is returned has the defaults of docs/synthetic-format.md, and
 * is good until the next add to the same list. Names are copied. */
int rh_synthetic_add_queue(struct rh_synthetic *synthetic, const char *name, struct rh_error *error,
                           struct rh_synthetic_queue **ret_queue);
int rh_synthetic_add_phase(struct rh_synthetic *synthetic, struct rh_error *error,
                           struct rh_synthetic_phase **ret_phase);
int rh_synthetic_add_role(struct rh_synthetic_phase *phase, struct rh_error *error,
                          struct rh_synthetic_role **ret_role);
int rh_synthetic_add_part(struct rh_synthetic_role *role, enum rh_behaviour_kind behaviour,
                          struct rh_error *error, struct rh_synthetic_part **ret_part);
/* The queue of that name, or -1. */
int rh_synthetic_find_queue(const struct rh_synthetic *synthetic, const char *name);

/* Checks everything and prepares the distributions. Errors say which phase, role and part. */
int rh_synthetic_prepare(struct rh_synthetic *synthetic, struct rh_error *error);
/* Makes the whole about `events` events long: the lengths of the phases that are given in events
 * are scaled together. Refused where no phase has such a length. */
int rh_synthetic_set_events(struct rh_synthetic *synthetic, uint64_t events,
                            struct rh_error *error);
/* Accepts a zeroed one. */
void rh_synthetic_finish(struct rh_synthetic *synthetic);

/* Writes the trace of a prepared description. The same description gives the same events. Memory
 * grows with the blocks and threads that are live at one time. ret_summary may be NULL. */
int rh_synthetic_generate(const struct rh_synthetic *synthetic, const char *path,
                          struct rh_error *error, struct rh_trace_summary *ret_summary);

#endif
