/* job.h - what parent and worker share: one memfd that holds the job, the state of the run and the
 * sample, so that a worker that was killed leaves what it had. */
#ifndef RH_REPLAY_JOB_H
#define RH_REPLAY_JOB_H

#include <stdatomic.h>
#include <stdint.h>

#include "replay/engine.h"
#include "replay/inspect.h"
#include "result/sample.h"

enum {
    RH_SHARED_VERSION = 7,
    RH_SHARED_TEXT_BYTES = 32768,
    RH_SHARED_OPTIONS = 64,
    RH_SHARED_CPU_WORDS = 16,
};

/* X(NAME, text) - where a worker is, for the sentence when it ends there. */
#define RH_STAGE_MAP(X)                                                                            \
    X(STARTING, "before it had started")                                                           \
    X(LOADING, "while it loaded the tape")                                                         \
    X(CREATING, "while the allocator was created")                                                 \
    X(CHECKING, "while it was checked")                                                            \
    X(REPLAYING, "while it replayed")                                                              \
    X(CLOSING, "while it freed what was left")                                                     \
    X(IDLING, "while it idled")                                                                    \
    X(ENDING, "while it ended")

enum rh_stage {
#define X(name, text) RH_STAGE_##name,
    RH_STAGE_MAP(X)
#undef X
        RH_STAGES
};

/* Texts are offsets into `text`, 0 = "". The players follow at `players_at`, a multiple of 4096,
 * when the worker has opened the tape and made the file larger. */
struct rh_shared {
    uint32_t version;

    /* The job, written by the parent. */
    uint32_t pass;
    uint32_t touch;
    double pace;
    struct rh_think_model think;
    uint32_t counts_live;
    uint32_t checked;
    uint32_t quick_idle;
    uint32_t splits;
    uint32_t parent_pid;                /* 0: something lies between parent and worker */
    uint64_t cpus[RH_SHARED_CPU_WORDS]; /* a bit a CPU; all 0: as the parent */
    uint64_t tape_window_words;         /* as in tape.h */
    uint32_t tape, allocator, library;
    uint32_t inspects; /* the job is an inspection: no tape, no pass */
    uint32_t check;    /* of an inspection; "": none */
    uint64_t seed, random_ops;
    uint64_t sample_seed;  /* latency: which operations are timed */
    uint32_t calls_socket; /* system calls: what the worker sends its listener through */
    uint32_t options[RH_SHARED_OPTIONS];
    uint32_t option_count;
    uint32_t text_bytes;
    char text[RH_SHARED_TEXT_BYTES];

    /* The state, written by the worker. */
    _Atomic uint32_t stage;
    uint32_t limited;        /* the worker started itself again, under a limit of address space */
    uint32_t crashed_thread; /* + 1; 0: not known */
    uint32_t crashed_op;     /* its kind */
    _Atomic uint32_t counts_calls; /* system calls are the allocator's */
    uint64_t own_mappings;         /* and of these, so many were the harness's own mmap */
    uint64_t players_at;
    uint64_t player_count;

    struct rh_sample sample; /* of an inspection: its end, its reason and the object only */
    struct rh_inspection inspection;
    struct rh_latency latency; /* of a latency pass */
};

#endif
