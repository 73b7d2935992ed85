/* ops.c - calls of the program become ops, narrow where they fit into a word.
 *
 * All that a call needs, from its event to its word, is in this file or inline, because a trace has
 * millions of them: what is rare lies behind a call. */
#include <inttypes.h>

#include "base/assert.h"
#include "compile/compiler_internal.h"

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define ALWAYS_INLINE       inline __attribute__((always_inline))

/* ---- words ---- */

/* Room for an operation of `words` words in the thread's stream, counted and noted. */
static ALWAYS_INLINE int put_op(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                                unsigned words, struct rh_error *error, uint64_t *ret_position,
                                uint64_t **ret_words) {
    rh_try(rh_stream_put(&compiler->writer, &self->stream, words, error, ret_position));
    *ret_words = rh_stream_word(&compiler->writer, &self->stream, *ret_position);
    if (UNLIKELY(compiler->prologue == RH_PROLOGUE_RUNNING)) {
        self->prologue_ops++;
        compiler->header.prologue_ops++;
        return 0;
    }
    if (UNLIKELY(self->ops == self->checkpoints.next))
        rh_try(rh_checkpoints_note(&self->checkpoints, self->ops, *ret_position, error));
    self->ops++;
    compiler->header.ops++;
    return 0;
}

/* The words of the op that made the object. */
static uint64_t *op_that_made(const struct rh_compiler *compiler, const struct rh_object *object) {
    return rh_stream_word(&compiler->writer, &compiler->threads[object->thread].stream,
                          object->acquired);
}

static bool is_narrow(const struct rh_object *object) {
    return object->align_log2 == RH_TAPE_MALLOC_ALIGN_LOG2 && object->size > 0 &&
           object->size <= UINT32_MAX;
}

/* An allocation of a block that might be touched in part has room for the count of its pages. */
static bool is_narrow_alloc(const struct rh_object *object) {
    return is_narrow(object) && object->size <= RH_TAPE_NARROW_BYTES;
}

static ALWAYS_INLINE int put_alloc(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                                   const struct rh_event *event, uint32_t slot,
                                   struct rh_error *error) {
    struct rh_object *object = &compiler->objects.by_slot[slot];
    bool zeroed = event->kind == RH_EVENT_CALLOC;
    bool narrow = is_narrow_alloc(object);
    uint64_t position = 0, *words = NULL;
    rh_try(put_op(compiler, self, narrow ? 1 : 3, error, &position, &words));
    if (narrow) {
        words[0] = rh_tape_word(zeroed ? RH_TAPE_CALLOC : RH_TAPE_MALLOC, slot, object->size);
    } else {
        uint64_t shape = object->align_log2 | (zeroed ? RH_TAPE_SHAPE_ZEROED : 0);
        words[0] = rh_tape_word(RH_TAPE_ALLOC_WIDE, slot, shape);
        words[1] = object->size;
        words[2] = RH_NO_TOUCHED;
    }
    object->last = object->acquired = position;
    return 0;
}

static ALWAYS_INLINE int put_free(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                                  const struct rh_event *event, uint32_t slot,
                                  struct rh_error *error, uint64_t *ret_position) {
    const struct rh_object *object = &compiler->objects.by_slot[slot];
    bool sized = event->kind == RH_EVENT_FREE_SIZED && !object->resized;
    bool narrow = is_narrow(object);
    uint64_t *words = NULL;
    rh_try(put_op(compiler, self, narrow ? 1 : 3, error, ret_position, &words));
    if (narrow) {
        words[0] = rh_tape_word(sized ? RH_TAPE_FREE_SIZED : RH_TAPE_FREE, slot, object->size);
    } else {
        uint64_t shape = object->align_log2 | (sized ? RH_TAPE_SHAPE_SIZED : 0);
        words[0] = rh_tape_word(RH_TAPE_FREE_WIDE, slot, shape);
        words[1] = object->size;
        words[2] = event->touched_pages;
    }
    return 0;
}

/* What the op that made the block says. */
static uint32_t touched_pages_of(const struct rh_compiler *compiler,
                                 const struct rh_object *object) {
    const uint64_t *words = op_that_made(compiler, object);
    unsigned kind = rh_tape_kind(words[0]);
    if (kind == RH_TAPE_ALLOC_WIDE)
        return (uint32_t)words[2];
    return kind == RH_TAPE_REALLOC_WIDE ? (uint32_t)words[3] : RH_NO_TOUCHED;
}

/* How many pages of the block the program used is known only at its release: the op that made it
 * gets the count then. */
static void patch_touched(struct rh_compiler *compiler, const struct rh_object *object,
                          uint32_t touched_pages) {
    if (touched_pages == RH_NO_TOUCHED)
        return;
    uint64_t *words = op_that_made(compiler, object);
    unsigned kind = rh_tape_kind(words[0]);
    if (kind == RH_TAPE_ALLOC_WIDE)
        words[2] = touched_pages;
    else if (kind == RH_TAPE_REALLOC_WIDE)
        words[3] = (words[3] & ~(uint64_t)UINT32_MAX) | touched_pages;
}

/* The op that grows or shrinks `before` to what now is in the slot. */
static int put_realloc(struct rh_compiler *compiler, struct rh_compiler_thread *self, uint32_t slot,
                       const struct rh_object *before, struct rh_error *error) {
    struct rh_object *object = &compiler->objects.by_slot[slot];
    bool narrow =
        is_narrow_alloc(object) && before->size > 0 && before->size <= RH_TAPE_NARROW_BYTES;
    uint32_t touched_pages = narrow ? RH_NO_TOUCHED : touched_pages_of(compiler, before);
    uint64_t position = 0, *words = NULL;
    rh_try(put_op(compiler, self, narrow ? 2 : 4, error, &position, &words));
    if (narrow) {
        words[0] = rh_tape_word(RH_TAPE_REALLOC, slot, before->size);
        words[1] = object->size;
    } else {
        words[0] = rh_tape_word(RH_TAPE_REALLOC_WIDE, slot, object->align_log2);
        words[1] = before->size;
        words[2] = object->size;
        words[3] = RH_NO_TOUCHED | (uint64_t)touched_pages << 32;
    }
    object->last = object->acquired = position;
    return 0;
}

static int put_usable(struct rh_compiler *compiler, struct rh_compiler_thread *self, uint32_t slot,
                      struct rh_error *error) {
    struct rh_object *object = &compiler->objects.by_slot[slot];
    bool narrow = is_narrow(object);
    uint64_t position = 0, *words = NULL;
    rh_try(put_op(compiler, self, narrow ? 1 : 2, error, &position, &words));
    words[0] = narrow ? rh_tape_word(RH_TAPE_USABLE, slot, object->size)
                      : rh_tape_word(RH_TAPE_USABLE_WIDE, slot, object->align_log2);
    if (!narrow)
        words[1] = object->size;
    object->last = position;
    return 0;
}

int rh_compiler_put_closing(struct rh_compiler *compiler, struct rh_error *error) {
    struct rh_tape_writer *writer = &compiler->writer;
    struct rh_stream *stream = &compiler->closing;
    rh_try(rh_stream_grow(writer, stream, 3, error));
    for (uint64_t slot = 0; slot < compiler->objects.slots; slot++) {
        const struct rh_object *object = &compiler->objects.by_slot[slot];
        if (!object->live)
            continue;
        bool narrow = is_narrow_alloc(object);
        uint64_t position = 0;
        rh_try(rh_stream_put(writer, stream, narrow ? 1 : 3, error, &position));
        uint64_t *words = rh_stream_word(writer, stream, position);
        words[0] = narrow ? rh_tape_word(RH_TAPE_FREE, slot, object->size)
                          : rh_tape_word(RH_TAPE_FREE_WIDE, slot, object->align_log2);
        if (!narrow) {
            words[1] = object->size;
            words[2] = touched_pages_of(compiler, object);
        }
        compiler->header.closing_ops++;
    }
    return 0;
}

/* ---- objects ---- */

static int refuse_acquired(const struct rh_compiler *compiler, const struct rh_event *event,
                           struct rh_error *error) {
    if (event->acquired != compiler->next_object)
        return rh_fail(error, RH_ERR_FORMAT,
                       "it makes object %" PRIu64 ", but %" PRIu64 " is the next", event->acquired,
                       compiler->next_object);
    if (event->align_log2 > RH_TAPE_ALIGN_LOG2_MAX)
        return rh_fail(error, RH_ERR_LIMIT, "an alignment of 2^%u is beyond any use",
                       event->align_log2);
    return rh_fail(error, RH_ERR_LIMIT, "a size of %" PRIu64 " bytes is beyond any memory",
                   event->size);
}

static inline int check_acquired(struct rh_compiler *compiler, const struct rh_event *event,
                                 struct rh_error *error) {
    if (UNLIKELY(event->acquired != compiler->next_object ||
                 event->align_log2 > RH_TAPE_ALIGN_LOG2_MAX || event->size > (uint64_t)INT64_MAX ||
                 compiler->live_bytes > (uint64_t)INT64_MAX - event->size))
        return refuse_acquired(compiler, event, error);
    compiler->next_object++;
    return 0;
}

static inline void count_live(struct rh_compiler *compiler, uint64_t size) {
    compiler->live_bytes += size;
    if (compiler->live_bytes > compiler->live_bytes_max)
        compiler->live_bytes_max = compiler->live_bytes;
}

static ALWAYS_INLINE int acquire(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                                 const struct rh_event *event, struct rh_error *error) {
    rh_try(check_acquired(compiler, event, error));
    uint32_t slot = 0;
    rh_try(rh_compiler_take_slot(compiler, self, error, &slot));
    uint8_t align_log2 = event->align_log2 > RH_TAPE_MALLOC_ALIGN_LOG2 ? event->align_log2
                                                                       : RH_TAPE_MALLOC_ALIGN_LOG2;
    compiler->objects.by_slot[slot] = (struct rh_object){
        .size = event->size, .thread = event->thread, .align_log2 = align_log2, .live = 1};
    rh_try(rh_objects_add(&compiler->objects, event->acquired, slot, error));
    rh_try(put_alloc(compiler, self, event, slot, error));
    count_live(compiler, event->size);
    return 0;
}

/* Takes the released object out and puts its last use before this event. */
static ALWAYS_INLINE int take_released(struct rh_compiler *compiler, const struct rh_event *event,
                                       struct rh_error *error, uint32_t *ret_slot) {
    uint32_t slot = 0;
    rh_try(rh_objects_take(&compiler->objects, event->released, error, &slot));
    const struct rh_object *object = &compiler->objects.by_slot[slot];
    if (UNLIKELY(object->thread != event->thread)) {
        compiler->header.cross_releases++;
        rh_try(rh_compiler_order(compiler, event->thread, object->thread, object->last, error));
    }
    patch_touched(compiler, object, event->touched_pages);
    compiler->live_bytes -= object->size;
    *ret_slot = slot;
    return 0;
}

static ALWAYS_INLINE int release(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                                 const struct rh_event *event, struct rh_error *error) {
    uint32_t slot = 0;
    uint64_t position = 0;
    rh_try(take_released(compiler, event, error, &slot));
    rh_try(put_free(compiler, self, event, slot, error, &position));
    return rh_compiler_give_slot(compiler, self, slot, position, error);
}

/* The new block takes over the slot of the old one. */
static int reallocate(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                      const struct rh_event *event, struct rh_error *error) {
    rh_try(check_acquired(compiler, event, error));
    uint32_t slot = 0;
    rh_try(take_released(compiler, event, error, &slot));
    struct rh_object *object = &compiler->objects.by_slot[slot];
    struct rh_object before = *object;
    object->size = event->size;
    object->thread = event->thread;
    object->resized = 1;
    rh_try(rh_objects_add(&compiler->objects, event->acquired, slot, error));
    rh_try(put_realloc(compiler, self, slot, &before, error));
    count_live(compiler, event->size);
    return 0;
}

/* Only the thread that made the block may look at it without further order. */
static int look(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                const struct rh_event *event, struct rh_error *error) {
    uint32_t slot = 0;
    rh_try(rh_objects_find(&compiler->objects, event->released, error, &slot));
    if (compiler->objects.by_slot[slot].thread != event->thread) {
        compiler->header.skipped_usable++;
        return 0;
    }
    return put_usable(compiler, self, slot, error);
}

/* The count comes with no call: the op that made the block gets it. */
static int note_resident(struct rh_compiler *compiler, const struct rh_event *event,
                         struct rh_error *error) {
    uint32_t slot = 0;
    rh_try(rh_objects_find(&compiler->objects, event->released, error, &slot));
    patch_touched(compiler, &compiler->objects.by_slot[slot], event->touched_pages);
    return 0;
}

/* ---- calls ---- */

static ALWAYS_INLINE int put_call(struct rh_compiler *compiler, const struct rh_event *event,
                                  struct rh_error *error) {
    struct rh_compiler_thread *self = &compiler->threads[event->thread];
    switch (event->kind) {
    case RH_EVENT_MALLOC:
    case RH_EVENT_CALLOC:
    case RH_EVENT_ALIGNED:
    case RH_EVENT_NEW:
    case RH_EVENT_NEW_ALIGNED:
        return acquire(compiler, self, event, error);
    case RH_EVENT_REALLOC:
        return reallocate(compiler, self, event, error);
    case RH_EVENT_FREE:
    case RH_EVENT_FREE_SIZED:
        return release(compiler, self, event, error);
    case RH_EVENT_USABLE:
        return look(compiler, self, event, error);
    default:
        rh_assert(event->kind == RH_EVENT_RESIDENT);
        return note_resident(compiler, event, error);
    }
}

int rh_compiler_put_call(struct rh_compiler *compiler, const struct rh_event *event,
                         struct rh_error *error) {
    return put_call(compiler, event, error);
}

/* A call that needs no look at what else may have to be done. */
static inline bool is_plain(const struct rh_compiler *compiler, const struct rh_event *event) {
    return rh_compiler_is_call(event->kind) && (event->flags & RH_EVENT_PROLOGUE) == 0 &&
           event->thread < compiler->thread_count &&
           compiler->threads[event->thread].state == RH_THREAD_ALIVE;
}

int rh_compiler_put_calls(struct rh_compiler *compiler, const struct rh_event *events, size_t count,
                          struct rh_error *error, size_t *ret_done) {
    size_t done = 0;
    while (done < count && is_plain(compiler, &events[done])) {
        done += rh_compiler_put_run(compiler, &events[done], count - done);
        if (done == count || !is_plain(compiler, &events[done]))
            break;
        rh_compiler_follow_time(compiler, events[done].time_ns);
        rh_try(put_call(compiler, &events[done], error));
        compiler->header.events++;
        done++;
    }
    if (done > 0)
        compiler->latest_thread = events[done - 1].thread;
    *ret_done = done;
    return 0;
}
