/* engine.h - the threads that play a tape on an allocator.
 *
 * Nothing here allocates from malloc: tables and stacks lie in shared mappings, which count as
 * shmem and never as the anonymous memory that is measured. */
#ifndef RH_REPLAY_ENGINE_H
#define RH_REPLAY_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "allocator/allocator.h"
#include "base/error.h"
#include "base/memory.h"
#include "compile/tape.h"
#include "replay/think.h"
#include "result/sample.h"

struct rh_engine;
struct rh_latency_pass;

enum { RH_ENGINE_STACK_SLABS = 24 }; /* each twice the one before */

/* What was spent, with no clock running, on reading the tape in windows. */
struct rh_pauses {
    uint64_t ns, cpu_ns;
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches, involuntary_switches;
};

/* One thread of the trace. What others read and what the op loop writes lie in lines of their own.
 */
struct rh_player {
    /* Read by the threads that wait for this one. */
    _Alignas(64) _Atomic uint64_t published; /* position of the newest signalled op that is done */
    _Atomic uint64_t wake_at;                /* the least position that a sleeper waits for */

    /* The op loop's own. */
    _Alignas(64) const uint64_t *at; /* the op that runs */
    const uint64_t *words;           /* of the tape, by position */
    void **slots;
    const struct rh_allocator_ops *ops;
    void *ctx;
    struct rh_engine *engine;
    uint64_t skipped_words; /* other threads' words that it has jumped over */
    uint32_t thread;
    bool untouchable;

    /* Waiting. */
    _Alignas(64) _Atomic uint32_t wake_word; /* futex: 1 = look again */
    _Atomic uint32_t queue_lock;             /* guards `sleepers` and their links */
    struct rh_player *sleepers;              /* that wait for this thread, nearest position first */
    struct rh_player *next_sleeper;
    bool queued;
    _Atomic uint32_t waits_for_thread; /* + 1; 0: it does not wait */
    _Atomic uint64_t waits_for_position;
    _Atomic uint32_t looks;   /* 1: it does at a mark what the pass does there */
    uint64_t waits;           /* edges that really had to wait */
    uint64_t window_waits;    /* EPOCHs that had to */
    uint64_t stall_ns;        /* waiting for other threads */
    uint64_t window_stall_ns; /* of these, for slower ones by the order alone */
    uint64_t paced_ns;        /* waiting for the recorded time */
    uint64_t late_ns;         /* the most by which it came too late for that */
    uint32_t epoch;           /* + 1; 0: in none */
    struct rh_stall longest;  /* of its waits for edges; positions instead of numbers */
    uint64_t creation_ns;     /* creating threads */
    uint64_t pause_delay_ns;  /* of these, ready to run but without a CPU */
    int delay_fd;             /* measure/run_delay.h */

    /* Results. */
    uint64_t ended_ns;
    uint64_t segment_busy_ns[RH_TAPE_SEGMENTS];
    uint64_t timed_stall_ns, timed_preempted_ns, timed_creation_ns, timed_paced_ns;

    /* Its window of a tape that is read in windows. */
    _Atomic uint64_t window_begin; /* position */
    _Atomic uint64_t window_end;   /* UINT64_MAX: the tape is in memory as a whole */
    struct rh_pauses pauses;

    /* The thread itself. */
    pthread_t handle;
    void *stack;
    struct rh_player *next_finished;
};

/* Requested bytes of all blocks that the program holds. */
struct rh_live_bytes {
    _Alignas(64) _Atomic uint64_t now;
    _Atomic uint64_t peak;
};

/* A place where threads meet. */
struct rh_barrier {
    _Atomic uint32_t arrived;
    _Atomic uint32_t open; /* futex */
};

struct rh_engine_setup {
    const struct rh_tape *tape; /* checked; read in windows where it says so */
    const struct rh_allocator_ops *ops;
    void *ctx;
    enum rh_touch touch;
    uint32_t cpus;
    /* Zeroed, one a thread of the tape and one more; may be shared with a parent. The last is no
     * thread: what it has published is how many epochs are over, so that threads wait for that as
     * for each other. */
    struct rh_player *players;
    bool counts_live;                /* the peak of live bytes is measured */
    double pace;                     /* as in course.h; a tape without times has none */
    struct rh_think_model think;     /* likewise */
    bool filled;                     /* the allocator itself touches every byte of its blocks */
    struct rh_latency_pass *latency; /* times a share of the operations; NULL: none */
    /* Called with all threads stopped at a mark; NULL: marks are passed by. */
    void (*at_mark)(void *user, uint64_t mark);
    /* Called when the timed part is about to begin; may be NULL. */
    void (*at_start)(void *user);
    /* The replay cannot go on: writes down why and ends the process. `op` is the number of the
     * operation in its thread, from 0. */
    void (*on_failure)(void *user, int end, uint32_t thread, uint64_t op, const char *reason)
        __attribute__((noreturn));
    void *user;
};

struct rh_engine {
    struct rh_engine_setup setup;
    const uint64_t *(*play)(struct rh_player *, const uint64_t *end);
    /* What the latency pass plays with: the op loop itself, and a single op. */
    const uint64_t *(*play_between)(struct rh_player *, const uint64_t *end);
    const uint64_t *(*play_one)(struct rh_player *, const uint64_t *op);
    struct rh_mapped slot_table;
    struct rh_mapped barrier_table;
    struct rh_mapped epoch_table;
    _Atomic uint32_t *epochs; /* entries of each that have not been left */
    struct rh_barrier *marks;
    struct rh_live_bytes live;
    struct rh_thinking thinking;
    struct rh_barrier gate;
    struct rh_barrier release;     /* lets the parked threads end */
    _Atomic uint64_t window_floor; /* words before it were let go */
    _Atomic uint32_t running;      /* threads that want a CPU */
    _Atomic uint32_t unfinished;   /* threads that have not played their stream; futex */
    pthread_mutex_t lock;          /* guards the two lists */
    struct rh_player *finished;    /* threads that can be joined */
    void *free_stacks;             /* linked through their first word */
    struct rh_mapped stack_slabs[RH_ENGINE_STACK_SLABS];
    uint32_t stack_slab_count;
    uint32_t stacks_left; /* in the newest slab */
    uint64_t joined;      /* threads */
    uint64_t started_ns;
};

/* Prepares the tables, resident before anything is measured. `setup` is copied. */
int rh_engine_init(struct rh_engine *engine, const struct rh_engine_setup *setup,
                   struct rh_error *error);
/* Plays the whole tape; thread 0 is the caller. Returns when every thread has played its stream;
 * those that were alive at the end of the trace stay parked. */
void rh_engine_run(struct rh_engine *engine);
/* Frees what is still live, on the calling thread. *ret_checksum is over the content of these
 * blocks: the sum, over blocks in the tape's order, of what touching left in them. Returns the
 * number of blocks that do not hold it. */
uint64_t rh_engine_close(struct rh_engine *engine, uint64_t *ret_checksum);
/* Lets parked threads end and joins all. */
void rh_engine_join(struct rh_engine *engine);
void rh_engine_finish(struct rh_engine *engine);

/* The sum over all threads. */
void rh_engine_pauses(const struct rh_engine *engine, struct rh_pauses *ret_pauses);
/* Adds up times, segments, waits into the sample. */
void rh_engine_collect(const struct rh_engine *engine, struct rh_sample *sample);

#endif
