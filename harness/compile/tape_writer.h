/* tape_writer.h - the growing file of a tape: many streams, each written in chunks, patched in
 * place. */
#ifndef RH_COMPILE_TAPE_WRITER_H
#define RH_COMPILE_TAPE_WRITER_H

#include <stdint.h>

#include "base/error.h"
#include "compile/tape.h"

/* The file is mapped; its blocks are reserved before they are written, so that a full disk is an
 * error here and never a SIGBUS. */
struct rh_tape_writer {
    int fd; /* the caller's */
    uint64_t *words;
    uint64_t capacity; /* words mapped */
    uint64_t used;     /* words handed out */
};

/* One stream. Zero-initialise. */
struct rh_stream {
    uint64_t begin; /* 0: nothing yet */
    uint64_t at;    /* where the next op goes */
    uint64_t limit; /* end of the chunk; one word before it is kept for the JUMP */
    uint64_t chunk_words;
};

/* Starts a tape in an empty file, open for reading and writing. */
int rh_tape_writer_init(struct rh_tape_writer *writer, int fd, struct rh_error *error);
/* Makes room for `count` words behind the used ones; they are zero. *ret_position is where. */
int rh_tape_writer_reserve(struct rh_tape_writer *writer, uint64_t count, struct rh_error *error,
                           uint64_t *ret_position);
/* Cuts the file to what was used. */
int rh_tape_writer_cut(struct rh_tape_writer *writer, struct rh_error *error);
/* Unmaps. Accepts a zeroed one. */
void rh_tape_writer_finish(struct rh_tape_writer *writer);

/* Continues the stream in a chunk that holds at least `count` words and a jump. */
int rh_stream_grow(struct rh_tape_writer *writer, struct rh_stream *stream, uint64_t count,
                   struct rh_error *error);

/* Room for an op of `count` words: *ret_position is where its first word goes. */
static inline int rh_stream_put(struct rh_tape_writer *writer, struct rh_stream *stream,
                                uint64_t count, struct rh_error *error, uint64_t *ret_position) {
    if (__builtin_expect(stream->at + count >= stream->limit, 0))
        rh_try(rh_stream_grow(writer, stream, count, error));
    *ret_position = stream->at;
    stream->at += count;
    return 0;
}

#endif
