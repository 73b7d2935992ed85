/* compiler_internal.h - the parts of a compilation, for the files that share it. */
#ifndef RH_COMPILE_COMPILER_INTERNAL_H
#define RH_COMPILE_COMPILER_INTERNAL_H

#include <stdbool.h>

#include "compile/compiler.h"
#include "compile/known.h"
#include "compile/objects.h"
#include "compile/tape.h"
#include "compile/tape_writer.h"

enum { RH_FREE_SLOTS_MIN = 1 << 16 }; /* below it new slots are cheaper than order */

/* Free slots of one thread: a stack, whose oldest part other threads may take over. */
struct rh_slot_pool {
    uint32_t *slots;
    size_t capacity;
    size_t bottom, top; /* [bottom, top) are filled */
};

/* Where operations number 0, stride, 2 * stride ... of a stream begin: coarse marks from which the
 * exact boundaries of the segments are walked to when the length is known. */
struct rh_checkpoints {
    uint64_t *positions;
    uint32_t count, capacity;
    uint64_t stride; /* 0: none yet */
    uint64_t next;   /* the number that is noted next */
};

enum { RH_EPOCHS_A_WINDOW = 4 };

/* The pieces of the recorded order, for orders that wait for whole pieces. */
struct rh_epochs {
    uint32_t *entries; /* by threads, of each */
    size_t count, capacity;
    uint64_t numbers[RH_EPOCHS_A_WINDOW]; /* of the newest, by index modulo the length */
    uint32_t awaited;                     /* by the newest: how many before it */
    uint32_t newest_thread;               /* the last to enter the newest */
};

enum rh_thread_state { RH_THREAD_ALIVE, RH_THREAD_ENDED };

struct rh_compiler_thread {
    struct rh_stream stream;
    struct rh_known known;
    struct rh_slot_pool pool;
    struct rh_checkpoints checkpoints;
    uint64_t timed; /* position behind the prologue */
    uint64_t ops, prologue_ops;
    uint64_t time_ns; /* of its latest TIME */
    uint32_t epoch;   /* + 1; 0: in none */
    uint32_t parent;
    uint32_t alive_index; /* in compiler.alive */
    enum rh_thread_state state;
};

enum rh_prologue { RH_PROLOGUE_NONE, RH_PROLOGUE_RUNNING, RH_PROLOGUE_OVER };

struct rh_compiler {
    struct rh_compiler_setup setup;
    struct rh_tape_writer writer;
    struct rh_objects objects;
    struct rh_compiler_thread *threads;
    size_t thread_count, thread_capacity;
    uint32_t *alive; /* threads */
    size_t alive_count, alive_capacity;
    uint32_t *orphans; /* ended threads with slots in their pools */
    size_t orphan_count, orphan_capacity;
    struct rh_tape_root *roots;
    size_t root_count, root_capacity;
    struct rh_tape_mark *marks;
    size_t mark_count, mark_capacity;
    uint32_t placed;          /* of the evenly spread marks */
    uint64_t next_mark_event; /* the next of them */
    uint32_t latest_thread;   /* of the event before */
    uint64_t next_object;
    uint64_t now_ns;   /* recorded time of the event */
    uint64_t clock_ns; /* the same with long idling cut */
    uint64_t live_bytes, live_bytes_max;
    uint64_t live_bytes_at_peak; /* behind the event that the setup names */
    struct rh_epochs epochs;
    struct rh_stream closing;
    enum rh_prologue prologue;
    struct rh_tape_header header; /* counts that the tape shows */
};

/* Where the next op of the thread will be. */
static inline uint64_t rh_compiler_here(const struct rh_compiler *compiler, uint32_t thread) {
    return compiler->threads[thread].stream.at;
}

/* An op of one word that is no operation of the program. */
static inline int rh_compiler_put_word(struct rh_compiler *compiler, uint32_t thread, uint64_t word,
                                       struct rh_error *error) {
    struct rh_stream *stream = &compiler->threads[thread].stream;
    uint64_t position = 0;
    rh_try(rh_stream_put(&compiler->writer, stream, 1, error, &position));
    *rh_stream_word(&compiler->writer, stream, position) = word;
    return 0;
}

/* ---- ops.c ---- */

/* A call of the program; RH_EVENT_RESIDENT is taken for one. */
int rh_compiler_put_call(struct rh_compiler *compiler, const struct rh_event *event,
                         struct rh_error *error);
/* As many of the first events as are calls of living threads behind the prologue, in a tape with
 * nothing but operations and edges in its streams: *ret_done. */
int rh_compiler_put_calls(struct rh_compiler *compiler, const struct rh_event *events, size_t count,
                          struct rh_error *error, size_t *ret_done);

static inline bool rh_compiler_is_call(unsigned kind) {
    return rh_event_acquires(kind) || rh_event_refers(kind);
}
/* Frees of what is live at the end, for the worker to do when the clocks have stopped. */
int rh_compiler_put_closing(struct rh_compiler *compiler, struct rh_error *error);

/* ---- runs.c ---- */

/* As many of the first events as are common calls of one thread, which is alive: returns how many.
 * Where rh_compiler_put_calls may be called. */
size_t rh_compiler_put_run(struct rh_compiler *compiler, const struct rh_event *events,
                           size_t count);

/* ---- slots.c ---- */

/* As take_slot, where the thread has none. */
int rh_compiler_find_slot(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                          struct rh_error *error, uint32_t *ret_slot);
int rh_slot_pool_push(struct rh_slot_pool *pool, uint32_t slot, struct rh_error *error);
/* The thread ends: its free slots become anybody's. */
int rh_compiler_orphan_slots(struct rh_compiler *compiler, uint32_t thread, struct rh_error *error);

/* A slot for a new object of `thread`. */
static inline int rh_compiler_take_slot(struct rh_compiler *compiler,
                                        struct rh_compiler_thread *self, struct rh_error *error,
                                        uint32_t *ret_slot) {
    struct rh_slot_pool *pool = &self->pool;
    if (pool->top == pool->bottom)
        return rh_compiler_find_slot(compiler, self, error, ret_slot);
    *ret_slot = pool->slots[--pool->top];
    return 0;
}

/* The thread has released what was in the slot, at `position`. */
static inline int rh_compiler_give_slot(struct rh_compiler *compiler,
                                        struct rh_compiler_thread *self, uint32_t slot,
                                        uint64_t position, struct rh_error *error) {
    struct rh_slot_pool *pool = &self->pool;
    compiler->objects.by_slot[slot].last = position;
    compiler->objects.by_slot[slot].live = 0;
    if (__builtin_expect(pool->top == pool->capacity, 0))
        return rh_slot_pool_push(pool, slot, error);
    pool->slots[pool->top++] = slot;
    return 0;
}

/* ---- order.c ---- */

/* Makes the next op of `thread` come after `position` of `other`: a WAIT, unless it is known. */
int rh_compiler_order(struct rh_compiler *compiler, uint32_t thread, uint32_t other,
                      uint64_t position, struct rh_error *error);
int rh_compiler_start_thread(struct rh_compiler *compiler, const struct rh_event *event,
                             struct rh_error *error);
int rh_compiler_end_thread(struct rh_compiler *compiler, uint32_t thread, struct rh_error *error);
/* A barrier for all threads that are alive. */
int rh_compiler_place_mark(struct rh_compiler *compiler, struct rh_error *error);
int rh_compiler_place_gate(struct rh_compiler *compiler, struct rh_error *error);

/* ---- times.c ---- */

/* The event's time is now. */
static inline void rh_compiler_follow_time(struct rh_compiler *compiler, uint64_t time_ns) {
    uint64_t idle_cap_ns = compiler->setup.idle_cap_ns;
    uint64_t passed_ns = time_ns > compiler->now_ns ? time_ns - compiler->now_ns : 0;
    if (idle_cap_ns != 0 && passed_ns > idle_cap_ns)
        passed_ns = idle_cap_ns;
    compiler->clock_ns += passed_ns;
    compiler->now_ns = time_ns;
}
/* Says in the thread's stream what time it is, if its latest TIME is long enough ago or `always`.
 * To be called before anything of the event is put there. */
int rh_compiler_put_time(struct rh_compiler *compiler, uint32_t thread, bool always,
                         struct rh_error *error);

/* ---- epochs.c ---- */

/* The thread's next op belongs to the epoch of now. To be called before anything of the event is
 * put in its stream. */
int rh_compiler_enter_epoch(struct rh_compiler *compiler, uint32_t thread, struct rh_error *error);
/* The thread's next op is one at which it may stand for long. */
int rh_compiler_leave_epoch(struct rh_compiler *compiler, uint32_t thread, struct rh_error *error);

/* ---- tables.c ---- */

/* Notes the op that begins at `position`, the `number`-th of the stream. */
int rh_checkpoints_note(struct rh_checkpoints *checkpoints, uint64_t number, uint64_t position,
                        struct rh_error *error);
int rh_compiler_write_tables(struct rh_compiler *compiler, struct rh_error *error);

#endif
