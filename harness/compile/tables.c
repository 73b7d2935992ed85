/* tables.c - what stands behind the ops: threads with their segments, roots, marks; and the header.
 */
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "compile/compiler_internal.h"

enum { CHECKPOINTS_MAX = 256 };

/* Keeps every second one. */
static void thin_out(struct rh_checkpoints *checkpoints) {
    for (uint32_t i = 0; i < checkpoints->count / 2; i++)
        checkpoints->positions[i] = checkpoints->positions[2 * i];
    checkpoints->count /= 2;
    checkpoints->stride *= 2;
}

static int grow_checkpoints(struct rh_checkpoints *checkpoints, struct rh_error *error) {
    uint32_t capacity = checkpoints->capacity == 0 ? 4 : checkpoints->capacity * 2;
    void *larger = rh_realloc(checkpoints->positions, capacity * sizeof(*checkpoints->positions));
    if (larger == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the segments of a thread");
    checkpoints->positions = larger;
    checkpoints->capacity = capacity;
    return 0;
}

int rh_checkpoints_note(struct rh_checkpoints *checkpoints, uint64_t number, uint64_t position,
                        struct rh_error *error) {
    rh_assert(number == checkpoints->next);
    if (checkpoints->stride == 0)
        checkpoints->stride = RH_TAPE_SEGMENT_OPS_MIN;
    if (checkpoints->count == CHECKPOINTS_MAX)
        thin_out(checkpoints);
    else if (checkpoints->count == checkpoints->capacity)
        rh_try(grow_checkpoints(checkpoints, error));
    if (number % checkpoints->stride == 0)
        checkpoints->positions[checkpoints->count++] = position;
    checkpoints->next = (number / checkpoints->stride + 1) * checkpoints->stride;
    return 0;
}

/* The file as it is so far. */
static struct rh_tape view(const struct rh_compiler *compiler) {
    const struct rh_tape_writer *writer = &compiler->writer;
    return (struct rh_tape){.map = {.data = (const void *)writer->words, .bytes = writer->used * 8},
                            .words = writer->words,
                            .window_words = writer->window_words};
}

/* Where operation `number` of the timed part begins. */
static uint64_t find_op(const struct rh_compiler *compiler, const struct rh_compiler_thread *thread,
                        uint64_t number) {
    const struct rh_checkpoints *checkpoints = &thread->checkpoints;
    rh_assert(checkpoints->count > 0);
    uint64_t index = number / checkpoints->stride;
    if (index >= checkpoints->count)
        index = checkpoints->count - 1;
    uint64_t from = checkpoints->positions[index];
    uint64_t at = rh_tape_walk(compiler->writer.words, from, number - index * checkpoints->stride);
    if (compiler->writer.window_words != 0) {
        const struct rh_tape file = view(compiler);
        rh_tape_let_go(&file, from, at);
    }
    return at;
}

static void fill_thread(const struct rh_compiler *compiler, const struct rh_compiler_thread *thread,
                        struct rh_tape_thread *entry) {
    *entry = (struct rh_tape_thread){
        .begin = thread->stream.begin,
        .timed = thread->timed,
        .end = thread->stream.at,
        .ops = thread->ops,
        .prologue_ops = thread->prologue_ops,
        .parent = thread->parent,
        .flags = thread->state == RH_THREAD_ALIVE ? RH_TAPE_THREAD_PARKS : 0,
        .segments = 1,
    };
    if (thread->ops >= (uint64_t)RH_TAPE_SEGMENTS * RH_TAPE_SEGMENT_OPS_MIN)
        entry->segments = RH_TAPE_SEGMENTS;
    for (uint64_t i = 0; i + 1 < entry->segments; i++)
        entry->segment_end[i] = find_op(compiler, thread, rh_tape_segment_start(entry, i + 1));
    entry->segment_end[entry->segments - 1] = entry->end;
}

/* Room for a table; *ret_at is its place in bytes. */
static int reserve_table(struct rh_compiler *compiler, uint64_t bytes, struct rh_error *error,
                         uint64_t *ret_at) {
    uint64_t position = 0;
    rh_try(rh_tape_writer_reserve(&compiler->writer, (bytes + 7) / 8, error, &position));
    *ret_at = position * 8;
    return 0;
}

static int write_table(struct rh_compiler *compiler, const void *table, uint64_t bytes,
                       struct rh_error *error, uint64_t *ret_at) {
    rh_try(reserve_table(compiler, bytes, error, ret_at));
    if (bytes > 0)
        memcpy(compiler->writer.words + *ret_at / 8, table, bytes);
    return 0;
}

static int write_threads(struct rh_compiler *compiler, struct rh_error *error) {
    struct rh_tape_header *header = &compiler->header;
    header->threads = compiler->thread_count;
    rh_try(reserve_table(compiler, header->threads * sizeof(struct rh_tape_thread), error,
                         &header->threads_at));
    struct rh_tape_thread *entries = (void *)(compiler->writer.words + header->threads_at / 8);
    for (size_t i = 0; i < compiler->thread_count; i++)
        fill_thread(compiler, &compiler->threads[i], &entries[i]);
    return 0;
}

static void seal(struct rh_compiler *compiler) {
    struct rh_tape_header *header = &compiler->header;
    memcpy(header->magic, RH_TAPE_MAGIC, sizeof(header->magic));
    header->version = RH_TAPE_VERSION;
    header->file_bytes = compiler->writer.used * 8;
    const struct rh_tape file = view(compiler);
    header->body_hash = rh_tape_body_hash(&file);
    header->header_hash = rh_tape_header_hash(header);
    memcpy(compiler->writer.words, header, sizeof(*header));
}

int rh_compiler_write_tables(struct rh_compiler *compiler, struct rh_error *error) {
    struct rh_tape_header *header = &compiler->header;
    uint64_t padding = 0;
    header->ops_end = compiler->writer.used;
    rh_try(rh_tape_writer_reserve(&compiler->writer, RH_TAPE_PADDING_WORDS, error, &padding));
    rh_try(write_threads(compiler, error));
    header->roots = compiler->root_count;
    rh_try(write_table(compiler, compiler->roots, header->roots * sizeof(*compiler->roots), error,
                       &header->roots_at));
    header->marks = compiler->mark_count;
    rh_try(write_table(compiler, compiler->marks, header->marks * sizeof(*compiler->marks), error,
                       &header->marks_at));
    header->epochs = compiler->epochs.count;
    rh_try(write_table(compiler, compiler->epochs.entries,
                       header->epochs * sizeof(*compiler->epochs.entries), error,
                       &header->epochs_at));
    seal(compiler);
    return rh_tape_writer_cut(&compiler->writer, error);
}
