/* tape.h - the tape: a trace compiled for replay.
 *
 * One file of 64-bit little-endian words, mapped read-only by the worker: a header page, the ops,
 * then the tables. A position is an index of a word in the file, so that one number names an op in
 * every process. Each thread has a stream of ops; a stream lies in chunks, each but the last ended
 * by a JUMP, and positions within a stream only grow. The tape is a cache of this machine: it is
 * never shipped, and any change of the format raises RH_TAPE_VERSION (docs/adr/0040).
 *
 * Word 0 of an op: bits 0-4 kind, bit 5 signal, bits 6-31 slot, bits 32-63 size. */
#ifndef RH_COMPILE_TAPE_H
#define RH_COMPILE_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

/* X(NAME, value, words, is an operation of the program, text)
 *
 * What the other words hold, and what the size field of word 0 holds where it is not a size:
 *   REALLOC       size: old; word 1: new size
 *   ALLOC_WIDE    size: rh_tape_shape; word 1: size; word 2: touched pages
 *   FREE_WIDE     size: rh_tape_shape; word 1: size; word 2: touched pages
 *   REALLOC_WIDE  size: rh_tape_shape; word 1: old size; word 2: new size; word 3: touched pages of
 *                 the new block, and of the old one << 32
 *   USABLE_WIDE   size: rh_tape_shape; word 1: size
 *   JUMP          bits 6-63: position of the next op
 *   WAIT          slot: thread; word 1: position in that thread that must be done
 *   SPAWN         slot: thread to create
 *   MARK          slot: index of the mark
 *   TIME          bits 6-63: recorded ns at which the thread makes what follows (only in tapes that
 *                 were compiled with times; idle time may have been cut)
 *   EPOCH         slot: epoch that the thread enters, or RH_TAPE_NO_EPOCH; size: epochs, from the
 *                 first, that must be over before. In any case the thread leaves the one before.
 * The narrow forms mean the alignment of malloc, sizes from 1 byte, and for allocations at most
 * RH_TAPE_NARROW_BYTES. */
#define RH_TAPE_OP_MAP(X)                                                                          \
    X(MALLOC, 1, 1, 1, "malloc")                                                                   \
    X(CALLOC, 2, 1, 1, "calloc")                                                                   \
    X(FREE, 3, 1, 1, "free")                                                                       \
    X(FREE_SIZED, 4, 1, 1, "sized free")                                                           \
    X(REALLOC, 5, 2, 1, "realloc")                                                                 \
    X(USABLE, 6, 1, 1, "usable size")                                                              \
    X(ALLOC_WIDE, 7, 3, 1, "allocation")                                                           \
    X(FREE_WIDE, 8, 3, 1, "free")                                                                  \
    X(REALLOC_WIDE, 9, 4, 1, "realloc")                                                            \
    X(USABLE_WIDE, 10, 2, 1, "usable size")                                                        \
    X(JUMP, 11, 1, 0, "jump")                                                                      \
    X(WAIT, 12, 2, 0, "wait")                                                                      \
    X(SPAWN, 13, 1, 0, "thread creation")                                                          \
    X(MARK, 14, 1, 0, "mark")                                                                      \
    X(GATE, 15, 1, 0, "end of the prologue")                                                       \
    X(TIME, 16, 1, 0, "time")                                                                      \
    X(EPOCH, 17, 1, 0, "epoch")

/* 0 is no op: untouched tape never passes for a stream. */
enum rh_tape_op {
#define X(name, value, words, is_op, text) RH_TAPE_##name = value,
    RH_TAPE_OP_MAP(X)
#undef X
        RH_TAPE_OPS = 32
};

enum {
    RH_TAPE_VERSION = 4,
    RH_TAPE_HEADER_BYTES = 4096,
    RH_TAPE_FIRST_WORD = RH_TAPE_HEADER_BYTES / 8,
    RH_TAPE_PADDING_WORDS = 64, /* behind the last op: the loop looks ahead */
    RH_TAPE_SEGMENTS = 24,
    RH_TAPE_SEGMENT_OPS_MIN = 64, /* threads of fewer operations a segment have one segment */
    RH_TAPE_NARROW_BYTES = 4096,  /* larger allocations are wide: they have room for page counts */
    RH_TAPE_MALLOC_ALIGN_LOG2 = 4,
    RH_TAPE_ALLOC_WORDS_MOST = 3,
    RH_TAPE_ALIGN_LOG2_MAX = 40,
    RH_TAPE_PAGE_WORDS = 512,
};

#define RH_TAPE_SIGNAL    UINT64_C(0x20)
#define RH_TAPE_SLOTS_MAX (UINT64_C(1) << 26)
#define RH_TAPE_NO_EPOCH  (RH_TAPE_SLOTS_MAX - 1)
#define RH_TAPE_MAGIC     "RHTAPE\r\n"

/* The size field of a wide op. */
enum rh_tape_shape {
    RH_TAPE_SHAPE_ALIGN = 0xff,    /* log2 of the alignment */
    RH_TAPE_SHAPE_ZEROED = 1 << 8, /* ALLOC_WIDE: calloc */
    RH_TAPE_SHAPE_SIZED = 1 << 9,  /* FREE_WIDE: the program named the size */
};

enum rh_tape_thread_flag {
    RH_TAPE_THREAD_PARKS = 1 << 0, /* alive when the trace ends: stays until everything was freed */
};

/* No thread. */
#define RH_TAPE_NO_THREAD UINT32_MAX

struct rh_tape_thread {
    uint64_t begin, timed, end; /* positions; [begin, timed) is the prologue */
    uint64_t ops;               /* operations in [timed, end) */
    uint64_t prologue_ops;
    uint32_t parent; /* whose stream has the SPAWN; RH_TAPE_NO_THREAD: a root */
    uint32_t flags;  /* enum rh_tape_thread_flag */
    uint64_t segments;
    uint64_t segment_end[RH_TAPE_SEGMENTS]; /* positions; the last is `end` */
};

/* A thread that no thread creates: the worker itself does, behind `after_position` of
 * `after_thread` (RH_TAPE_NO_THREAD: at once). Thread 0 is none: it runs on the main thread. */
struct rh_tape_root {
    uint32_t thread;
    uint32_t after_thread;
    uint64_t after_position;
};

/* A place in the recorded order where all threads meet. */
struct rh_tape_mark {
    uint64_t ops; /* timed operations before it, of all threads */
    uint64_t recorded_ns;
    uint64_t live_bytes;
    uint64_t live_objects;
    uint64_t parties; /* threads alive there */
};

/* Positions are in words, places of tables in bytes of the file. */
struct rh_tape_header {
    char magic[8];
    uint64_t version;
    uint64_t file_bytes;
    uint64_t body_hash; /* XXH64 of everything behind the header page */
    uint64_t content_hash;
    uint64_t marks_wanted;
    uint64_t ops_end; /* position behind the last word of ops */
    uint64_t threads, threads_at;
    uint64_t roots, roots_at;
    uint64_t marks, marks_at;
    uint64_t closing_begin, closing_end; /* FREEs of what is live at the end: no thread's stream */
    uint64_t closing_ops;
    uint64_t gate_parties; /* threads that meet at the end of the prologue; 0: no prologue */
    uint64_t events;
    uint64_t ops; /* timed operations of all threads */
    uint64_t prologue_ops;
    uint64_t slots;
    uint64_t edges;         /* WAITs */
    uint64_t edges_implied; /* order that needed no WAIT, because other order implies it */
    uint64_t edges_slot;    /* of `edges`, those that only keep the slot table small */
    uint64_t cross_releases;
    uint64_t threads_peak;
    uint64_t peak_live_bytes;
    uint64_t end_live_bytes;
    uint64_t skipped_free_null, skipped_failed, skipped_usable; /* events without an op */
    uint64_t skipped_marks; /* markers beyond what a sample holds */
    uint64_t has_times;
    uint64_t one_thread;      /* the events of all threads lie in the stream of thread 0 */
    uint64_t time_quantum_ns; /* TIMEs of a thread are at least so far apart; 0: there are none */
    uint64_t idle_cap_ns;     /* what was longer between two events is so long here; 0: all as is */
    uint64_t time_begin_ns;   /* the TIME of the first timed event */
    uint64_t time_end_ns;     /* of the last event */
    uint64_t order;           /* enum rh_order */
    uint64_t window_ns, window_events;
    uint64_t epochs, epochs_at; /* uint32_t each: how many times it is entered */
    uint64_t header_hash;       /* XXH64 of the members before it */
};

/* An open tape. The pointers lead into the mapping. */
struct rh_tape {
    struct rh_file_map map;
    const struct rh_tape_header *header;
    const uint64_t *words; /* words[position] */
    const struct rh_tape_thread *threads;
    const struct rh_tape_root *roots;
    const struct rh_tape_mark *marks;
    const uint32_t *epochs;
    /* 0: all of it may lie in memory. Else who goes along a stream lets go of what is behind, in
     * steps of so many words. The opener's to set. */
    uint64_t window_words;
};

/* Maps a tape and checks its header and tables. The error names the file, and says what to do. */
int rh_tape_open(const char *path, bool populate, struct rh_error *error, struct rh_tape *ret_tape);
/* Checks every op: kinds, bounds, boundaries of segments. The loop relies on it. Takes no memory
 * but one bit a thread. */
int rh_tape_check(const struct rh_tape *tape, struct rh_error *error);
/* Compares the checksum of the body. */
int rh_tape_check_hash(const struct rh_tape *tape, struct rh_error *error);
/* Accepts a zeroed one. */
void rh_tape_close(struct rh_tape *tape);

uint64_t rh_tape_header_hash(const struct rh_tape_header *header);
/* Of the mapped bytes behind the header page. */
uint64_t rh_tape_body_hash(const struct rh_tape *tape);

/* ---- tape_pages.c ---- */

/* The window of each of so many threads that live at once, for a tape of so many bytes where so
 * many are available. */
uint64_t rh_tape_choose_window(uint64_t tape_bytes, uint64_t available_bytes, uint64_t threads);
/* Puts these words into memory, and the page behind them. */
void rh_tape_fetch(const struct rh_tape *tape, uint64_t begin, uint64_t end);
/* Puts them out of it. */
void rh_tape_let_go(const struct rh_tape *tape, uint64_t begin, uint64_t end);

/* Words of an op of each kind, 0 for no kind. */
extern const uint8_t rh_tape_op_words[RH_TAPE_OPS];
extern const uint8_t rh_tape_op_counts[RH_TAPE_OPS]; /* 1: an operation of the program */
const char *rh_tape_op_name(unsigned kind);

static inline unsigned rh_tape_kind(uint64_t word) {
    return (unsigned)(word & 0x1f);
}

static inline uint32_t rh_tape_slot(uint64_t word) {
    return (uint32_t)word >> 6;
}

/* The operand of JUMP and TIME. */
static inline uint64_t rh_tape_long_operand(uint64_t word) {
    return word >> 6;
}

static inline uint64_t rh_tape_size(uint64_t word) {
    return word >> 32;
}

static inline uint64_t rh_tape_word(unsigned kind, uint64_t slot, uint64_t size) {
    return kind | slot << 6 | size << 32;
}

/* The position of the op behind the one at `position`, through jumps. */
static inline uint64_t rh_tape_next(const uint64_t *words, uint64_t position) {
    uint64_t word = words[position];
    if (rh_tape_kind(word) == RH_TAPE_JUMP)
        return word >> 6;
    return position + rh_tape_op_words[rh_tape_kind(word)];
}

/* What an op does to the block in its slot. */
struct rh_tape_change {
    int objects;                   /* 1: makes it, -1: frees it, 0: leaves one there */
    uint64_t old_bytes, new_bytes; /* equal where the op only looks */
    uint32_t align_log2;
};
/* All zeros for an op that is no operation of the program. */
struct rh_tape_change rh_tape_change_of(const uint64_t *op);

/* Number, in the timed part, of the operation with which a segment begins. */
static inline uint64_t rh_tape_segment_start(const struct rh_tape_thread *entry, uint64_t segment) {
    return entry->ops * segment / entry->segments;
}

/* Walks `ops` operations on from `position` (an op's begin, before `end`); returns where the next
 * op begins. */
uint64_t rh_tape_walk(const uint64_t *words, uint64_t position, uint64_t ops);
/* Operations of the thread before `position`, which may be any word: the number of the operation
 * that begins there. */
uint64_t rh_tape_number(const struct rh_tape *tape, uint64_t thread, uint64_t position);

#endif
