/* tape_writer.h - the growing file of a tape: many streams, each written in chunks, changed in
 * place later.
 *
 * The newest chunk of a stream lies in memory of its own and is written at once when it is full:
 * first writes to a mapped file cost a fault a page, which was a fifth of the whole compilation.
 * What is read or changed later is reached through a mapping. */
#ifndef RH_COMPILE_TAPE_WRITER_H
#define RH_COMPILE_TAPE_WRITER_H

#include <stdint.h>

#include "base/error.h"
#include "compile/tape.h"

/* The blocks of the file are reserved before they are used, so that a full disk is an error here
 * and never a SIGBUS. */
struct rh_tape_writer {
    int fd;            /* the caller's */
    uint64_t *words;   /* the file; of each stream, the words from `kept` on are not yet in it */
    uint64_t capacity; /* words mapped */
    uint64_t used;     /* words handed out */
    uint64_t window_words; /* 0: all of it may lie in memory; else: at most about twice so many */
    uint64_t settled;      /* words that have gone to the disk and out of memory */
};

/* One stream. Zero-initialise. */
struct rh_stream {
    uint64_t begin; /* 0: nothing yet */
    uint64_t at;    /* where the next op goes */
    uint64_t limit; /* end of the chunk; one word before it is kept for the JUMP */
    uint64_t chunk_words;
    uint64_t kept; /* position of the first word that is kept here */
    uint64_t *words;
    uint64_t capacity; /* of `words` */
};

/* Starts a tape in an empty file, open for reading and writing. */
int rh_tape_writer_init(struct rh_tape_writer *writer, int fd, uint64_t window_words,
                        struct rh_error *error);
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
/* Writes what is kept; the stream grows no more. */
int rh_stream_close(struct rh_tape_writer *writer, struct rh_stream *stream,
                    struct rh_error *error);
/* Gives its memory back. Accepts a zeroed one. */
void rh_stream_finish(struct rh_stream *stream);

/* Makes sure that an op of so many words comes to where the stream is at. */
static inline int rh_stream_fit(struct rh_tape_writer *writer, struct rh_stream *stream,
                                uint64_t count, struct rh_error *error) {
    if (__builtin_expect(stream->at + count >= stream->limit, 0))
        return rh_stream_grow(writer, stream, count, error);
    return 0;
}

/* Room for an op of `count` words: *ret_position is where its first word goes. */
static inline int rh_stream_put(struct rh_tape_writer *writer, struct rh_stream *stream,
                                uint64_t count, struct rh_error *error, uint64_t *ret_position) {
    rh_try(rh_stream_fit(writer, stream, count, error));
    *ret_position = stream->at;
    stream->at += count;
    return 0;
}

/* The word at a position of the stream, wherever it is. Good until the stream grows. */
static inline uint64_t *rh_stream_word(const struct rh_tape_writer *writer,
                                       const struct rh_stream *stream, uint64_t position) {
    if (__builtin_expect(position < stream->kept, 0))
        return writer->words + position;
    return stream->words + (position - stream->kept);
}

#endif
