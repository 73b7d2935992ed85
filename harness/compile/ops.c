/* ops.c - the ops of single calls, narrow where they fit into a word. */
#include "compile/compiler_internal.h"

/* Room for an operation of `words` words in the thread's stream, counted and noted. */
static int put_op(struct rh_compiler *compiler, uint32_t thread, unsigned words,
                  struct rh_error *error, uint64_t *ret_position) {
    struct rh_compiler_thread *self = &compiler->threads[thread];
    rh_try(rh_stream_put(&compiler->writer, &self->stream, words, error, ret_position));
    if (compiler->prologue == RH_PROLOGUE_RUNNING) {
        self->prologue_ops++;
        compiler->header.prologue_ops++;
        return 0;
    }
    if (self->ops == self->checkpoints.next)
        rh_try(rh_checkpoints_note(&self->checkpoints, self->ops, *ret_position, error));
    self->ops++;
    compiler->header.ops++;
    return 0;
}

static bool is_narrow(const struct rh_object *object) {
    return object->align_log2 == RH_TAPE_MALLOC_ALIGN_LOG2 && object->size > 0 &&
           object->size <= UINT32_MAX;
}

/* An allocation of a block that might be touched in part has room for the count of its pages. */
static bool is_narrow_alloc(const struct rh_object *object) {
    return is_narrow(object) && object->size <= RH_TAPE_NARROW_BYTES;
}

int rh_compiler_put_alloc(struct rh_compiler *compiler, const struct rh_event *event, uint32_t slot,
                          struct rh_error *error) {
    struct rh_object *object = &compiler->objects.by_slot[slot];
    bool zeroed = event->kind == RH_EVENT_CALLOC;
    bool narrow = is_narrow_alloc(object);
    uint64_t position = 0;
    rh_try(put_op(compiler, event->thread, narrow ? 1 : 3, error, &position));
    uint64_t *words = compiler->writer.words;
    if (narrow) {
        words[position] =
            rh_tape_word(zeroed ? RH_TAPE_CALLOC : RH_TAPE_MALLOC, slot, object->size);
    } else {
        uint64_t shape = object->align_log2 | (zeroed ? RH_TAPE_SHAPE_ZEROED : 0);
        words[position] = rh_tape_word(RH_TAPE_ALLOC_WIDE, slot, shape);
        words[position + 1] = object->size;
        words[position + 2] = RH_NO_TOUCHED;
    }
    object->last = object->acquired = position;
    return 0;
}

int rh_compiler_put_free(struct rh_compiler *compiler, const struct rh_event *event, uint32_t slot,
                         struct rh_error *error, uint64_t *ret_position) {
    const struct rh_object *object = &compiler->objects.by_slot[slot];
    bool sized = event->kind == RH_EVENT_FREE_SIZED && !object->resized;
    bool narrow = is_narrow(object);
    rh_try(put_op(compiler, event->thread, narrow ? 1 : 3, error, ret_position));
    uint64_t *words = compiler->writer.words + *ret_position;
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
    const uint64_t *words = compiler->writer.words + object->acquired;
    unsigned kind = rh_tape_kind(words[0]);
    if (kind == RH_TAPE_ALLOC_WIDE)
        return (uint32_t)words[2];
    return kind == RH_TAPE_REALLOC_WIDE ? (uint32_t)words[3] : RH_NO_TOUCHED;
}

int rh_compiler_put_realloc(struct rh_compiler *compiler, const struct rh_event *event,
                            uint32_t slot, uint64_t old_size, struct rh_error *error) {
    struct rh_object *object = &compiler->objects.by_slot[slot];
    bool narrow = is_narrow_alloc(object) && old_size > 0 && old_size <= RH_TAPE_NARROW_BYTES;
    uint64_t position = 0;
    rh_try(put_op(compiler, event->thread, narrow ? 2 : 4, error, &position));
    uint64_t *words = compiler->writer.words + position;
    if (narrow) {
        words[0] = rh_tape_word(RH_TAPE_REALLOC, slot, old_size);
        words[1] = object->size;
    } else {
        words[0] = rh_tape_word(RH_TAPE_REALLOC_WIDE, slot, object->align_log2);
        words[1] = old_size;
        words[2] = object->size;
        words[3] = RH_NO_TOUCHED | (uint64_t)touched_pages_of(compiler, object) << 32;
    }
    object->last = object->acquired = position;
    return 0;
}

int rh_compiler_put_usable(struct rh_compiler *compiler, uint32_t thread, uint32_t slot,
                           struct rh_error *error) {
    struct rh_object *object = &compiler->objects.by_slot[slot];
    bool narrow = is_narrow(object);
    uint64_t position = 0;
    rh_try(put_op(compiler, thread, narrow ? 1 : 2, error, &position));
    uint64_t *words = compiler->writer.words + position;
    words[0] = narrow ? rh_tape_word(RH_TAPE_USABLE, slot, object->size)
                      : rh_tape_word(RH_TAPE_USABLE_WIDE, slot, object->align_log2);
    if (!narrow)
        words[1] = object->size;
    object->last = position;
    return 0;
}

void rh_compiler_patch_touched(struct rh_compiler *compiler, const struct rh_object *object,
                               uint32_t touched_pages) {
    if (touched_pages == RH_NO_TOUCHED)
        return;
    uint64_t *words = compiler->writer.words + object->acquired;
    unsigned kind = rh_tape_kind(words[0]);
    if (kind == RH_TAPE_ALLOC_WIDE)
        words[2] = touched_pages;
    else if (kind == RH_TAPE_REALLOC_WIDE)
        words[3] = (words[3] & ~(uint64_t)UINT32_MAX) | touched_pages;
}

int rh_compiler_put_closing(struct rh_compiler *compiler, struct rh_error *error) {
    struct rh_tape_header *header = &compiler->header;
    struct rh_stream stream = {0};
    rh_try(rh_stream_grow(&compiler->writer, &stream, 3, error));
    for (uint64_t slot = 0; slot < compiler->objects.slots; slot++) {
        const struct rh_object *object = &compiler->objects.by_slot[slot];
        if (!object->live)
            continue;
        bool narrow = is_narrow_alloc(object);
        uint32_t pages = touched_pages_of(compiler, object);
        uint64_t position = 0;
        rh_try(rh_stream_put(&compiler->writer, &stream, narrow ? 1 : 3, error, &position));
        uint64_t *words = compiler->writer.words + position;
        words[0] = narrow ? rh_tape_word(RH_TAPE_FREE, slot, object->size)
                          : rh_tape_word(RH_TAPE_FREE_WIDE, slot, object->align_log2);
        if (!narrow) {
            words[1] = object->size;
            words[2] = pages;
        }
        header->closing_ops++;
    }
    header->closing_begin = stream.begin;
    header->closing_end = stream.at;
    return 0;
}
