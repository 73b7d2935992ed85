/* tape_writer.c - chunks of streams in a file that grows. */
#include "compile/tape_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"

enum {
    FIRST_CHUNK_WORDS = 16,
    LAST_CHUNK_WORDS = 8192, /* 64 KiB */
    OP_WORDS_MOST = 4,
    GROWTH_WORDS_MIN = 1 << 17,
};

/* Reserves blocks of the file and maps them. */
static int enlarge(struct rh_tape_writer *writer, uint64_t words, struct rh_error *error) {
    int failure = posix_fallocate(writer->fd, 0, (off_t)(words * 8));
    if (failure != 0) {
        errno = failure;
        return rh_fail_errno(error, "cannot reserve %.1f MB for a tape", (double)words * 8 / 1e6);
    }
    void *mapping = writer->words == NULL
                        ? mmap(NULL, words * 8, PROT_READ | PROT_WRITE, MAP_SHARED, writer->fd, 0)
                        : mremap(writer->words, writer->capacity * 8, words * 8, MREMAP_MAYMOVE);
    if (mapping == MAP_FAILED)
        return rh_fail_errno(error, "cannot map %.1f MB of a tape", (double)words * 8 / 1e6);
    writer->words = mapping;
    writer->capacity = words;
    return 0;
}

int rh_tape_writer_init(struct rh_tape_writer *writer, int fd, uint64_t window_words,
                        struct rh_error *error) {
    *writer = (struct rh_tape_writer){.fd = fd, .window_words = window_words};
    rh_try(enlarge(writer, GROWTH_WORDS_MIN, error));
    writer->used = RH_TAPE_FIRST_WORD;
    return 0;
}

/* What is this old is changed seldom, and read again then. A tape is a cache: what a disk loses,
 * the checksum finds. */
static void settle(struct rh_tape_writer *writer) {
    off_t bytes = (off_t)(writer->window_words * 8);
    while (writer->used - writer->settled >= 2 * writer->window_words) {
        off_t from = (off_t)(writer->settled * 8);
        sync_file_range(writer->fd, from, bytes,
                        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                            SYNC_FILE_RANGE_WAIT_AFTER);
        madvise(writer->words + writer->settled, (size_t)bytes, MADV_DONTNEED);
        posix_fadvise(writer->fd, from, bytes, POSIX_FADV_DONTNEED);
        writer->settled += writer->window_words;
    }
}

int rh_tape_writer_reserve(struct rh_tape_writer *writer, uint64_t count, struct rh_error *error,
                           uint64_t *ret_position) {
    rh_assert(writer->words != NULL);
    if (count > writer->capacity - writer->used) {
        uint64_t growth = writer->capacity / 2;
        rh_try(enlarge(writer, writer->capacity + (growth > count ? growth : count), error));
    }
    if (writer->window_words != 0)
        settle(writer);
    *ret_position = writer->used;
    writer->used += count;
    return 0;
}

int rh_tape_writer_cut(struct rh_tape_writer *writer, struct rh_error *error) {
    if (ftruncate(writer->fd, (off_t)(writer->used * 8)) != 0)
        return rh_fail_errno(error, "cannot cut the tape");
    return 0;
}

void rh_tape_writer_finish(struct rh_tape_writer *writer) {
    if (writer->words != NULL)
        munmap(writer->words, writer->capacity * 8);
    *writer = (struct rh_tape_writer){.fd = -1};
}

/* ---- streams ---- */

static int write_kept(const struct rh_tape_writer *writer, struct rh_stream *stream, uint64_t end,
                      struct rh_error *error) {
    const char *from = (const char *)stream->words;
    size_t bytes = (size_t)(end - stream->kept) * 8;
    off_t offset = (off_t)(stream->kept * 8);
    while (bytes > 0) {
        ssize_t wrote = pwrite(writer->fd, from, bytes, offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return rh_fail_errno(error, "cannot write a tape");
        from += wrote;
        offset += wrote;
        bytes -= (size_t)wrote;
    }
    return 0;
}

/* An op may begin before a chunk that continues the one before, and end in it. */
static int make_room(struct rh_stream *stream, uint64_t words, struct rh_error *error) {
    uint64_t wanted = words + OP_WORDS_MOST;
    if (wanted <= stream->capacity)
        return 0;
    void *larger = rh_realloc(stream->words, wanted * sizeof(*stream->words));
    if (larger == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a piece of a tape");
    stream->words = larger;
    stream->capacity = wanted;
    return 0;
}

static uint64_t next_chunk_words(const struct rh_stream *stream) {
    if (stream->chunk_words == 0)
        return FIRST_CHUNK_WORDS;
    return stream->chunk_words < LAST_CHUNK_WORDS ? stream->chunk_words * 2 : LAST_CHUNK_WORDS;
}

int rh_stream_grow(struct rh_tape_writer *writer, struct rh_stream *stream, uint64_t count,
                   struct rh_error *error) {
    uint64_t words = next_chunk_words(stream);
    rh_assert(count <= OP_WORDS_MOST && stream->limit - stream->at <= OP_WORDS_MOST);
    uint64_t position = 0;
    rh_try(make_room(stream, words, error));
    rh_try(rh_tape_writer_reserve(writer, words, error, &position));
    stream->chunk_words = words;
    if (stream->begin == 0) {
        stream->begin = stream->at = position;
    } else if (position == stream->limit) {
        rh_try(write_kept(writer, stream, stream->at, error));
    } else {
        *rh_stream_word(writer, stream, stream->at) = RH_TAPE_JUMP | position << 6;
        rh_try(write_kept(writer, stream, stream->at + 1, error));
        stream->at = position;
    }
    stream->kept = stream->at;
    stream->limit = position + words;
    return 0;
}

int rh_stream_close(struct rh_tape_writer *writer, struct rh_stream *stream,
                    struct rh_error *error) {
    rh_try(write_kept(writer, stream, stream->at, error));
    stream->kept = stream->limit = stream->at;
    rh_stream_finish(stream);
    return 0;
}

void rh_stream_finish(struct rh_stream *stream) {
    rh_free(stream->words);
    stream->words = NULL;
    stream->capacity = 0;
}
