/* reader_open.c - opening a .rht file: header, trailer, and the parts that the trailer names. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_STATIC_LINKING_ONLY
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/memory.h"
#include "trace/meta.h"
#include "trace/reader_state.h"

enum { INDEX_BATCH = 512 };

#define damaged(error, ...) rh_fail(error, RH_ERR_FORMAT, __VA_ARGS__)

/* ---- the header ---- */

static int open_file(struct rh_trace_reader *reader, struct rh_error *error) {
    /* Not to wait for a writer, where it is a pipe. */
    reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (reader->fd < 0)
        return rh_fail_errno(error, "cannot open");
    struct stat status;
    if (fstat(reader->fd, &status) != 0)
        return rh_fail_errno(error, "cannot read");
    if (!S_ISREG(status.st_mode))
        return rh_fail(error, RH_ERR_INVALID, "not a regular file: a trace is read in any order");
    reader->file_bytes = (uint64_t)status.st_size;
    return 0;
}

static int check_header(struct rh_trace_reader *reader, struct rh_error *error) {
    uint8_t header[RH_FORMAT_HEADER_BYTES];
    if (reader->file_bytes == 0)
        return damaged(error, "the file is empty: record it again");
    if (reader->file_bytes < sizeof(header))
        return damaged(error, "not a trace (.rht): only %" PRIu64 " bytes; record it again",
                       reader->file_bytes);
    rh_try(rh_reader_read(reader, 0, header, sizeof(header), error));
    if (memcmp(header, RH_FORMAT_MAGIC, 8) != 0)
        return damaged(error, "byte 0: not a trace (.rht); another program's trace goes through "
                              "reheap trace import");
    if (XXH64(header, 16, 0) != rh_get_u64(header + 16))
        return damaged(error, "byte 8: the header is damaged: record it again");
    uint32_t version = rh_get_u32(header + 8);
    if (version < RH_TRACE_VERSION_FIRST || version > RH_TRACE_VERSION)
        return rh_fail(error, RH_ERR_VERSION,
                       "written in format version %u, this reheap reads versions %d to %d: record "
                       "it again, or use the reheap that wrote it",
                       version, RH_TRACE_VERSION_FIRST, RH_TRACE_VERSION);
    reader->version = version;
    return 0;
}

/* ---- the trailer ---- */

/* A file without a trailer: says how much of it is whole. */
static int report_unfinished(const struct rh_trace_reader *reader, struct rh_error *error) {
    uint8_t bytes[RH_FORMAT_BLOCK_HEADER_BYTES];
    struct rh_block_header header;
    uint64_t offset = RH_FORMAT_HEADER_BYTES;
    uint64_t blocks = 0;
    uint64_t events = 0;
    while (reader->file_bytes - offset >= sizeof(bytes)) {
        if (rh_reader_read(reader, offset, bytes, sizeof(bytes), NULL) < 0 ||
            rh_block_header_read(bytes, NULL, &header) < 0 ||
            reader->file_bytes - offset - sizeof(bytes) < header.payload_bytes)
            break;
        offset += sizeof(bytes) + header.payload_bytes;
        events += header.events;
        blocks++;
    }
    return damaged(error,
                   "not finished: the writer was interrupted or the file cut short; %" PRIu64
                   " whole blocks with %" PRIu64 " events up to byte %" PRIu64 " of %" PRIu64,
                   blocks, events, offset, reader->file_bytes);
}

static struct rh_trace_part part_at(const uint8_t *bytes) {
    return (struct rh_trace_part){rh_get_u64(bytes), rh_get_u64(bytes + 8), rh_get_u64(bytes + 16)};
}

/* Index, metadata and summary follow each other without a gap up to the trailer. */
static int check_parts(const struct rh_trace_reader *reader, uint64_t trailer,
                       struct rh_error *error) {
    const struct rh_trace_part *index = &reader->index;
    const struct rh_trace_part *metadata = &reader->metadata;
    const struct rh_trace_part *numbers = &reader->numbers;
    if (index->offset < RH_FORMAT_HEADER_BYTES || index->offset > trailer ||
        index->bytes > trailer - index->offset || index->bytes % RH_FORMAT_INDEX_ENTRY_BYTES != 0)
        return damaged(error, "the index cannot lie at byte %" PRIu64, index->offset);
    if (metadata->offset != index->offset + index->bytes ||
        metadata->bytes > RH_FORMAT_META_MAX_BYTES || metadata->bytes > trailer - metadata->offset)
        return damaged(error, "the metadata cannot lie at byte %" PRIu64, metadata->offset);
    if (numbers->offset != metadata->offset + metadata->bytes ||
        numbers->bytes != trailer - numbers->offset ||
        numbers->bytes != rh_summary_words(reader->version) * 8)
        return damaged(error, "the summary cannot lie at byte %" PRIu64, numbers->offset);
    return 0;
}

static int read_trailer(struct rh_trace_reader *reader, struct rh_error *error) {
    uint8_t trailer[RH_FORMAT_TRAILER_BYTES];
    if (reader->file_bytes < RH_FORMAT_HEADER_BYTES + sizeof(trailer))
        return report_unfinished(reader, error);
    uint64_t at = reader->file_bytes - sizeof(trailer);
    rh_try(rh_reader_read(reader, at, trailer, sizeof(trailer), error));
    if (memcmp(trailer + 88, RH_FORMAT_TRAILER_MAGIC, 8) != 0)
        return report_unfinished(reader, error);
    if (XXH64(trailer, 80, 0) != rh_get_u64(trailer + 80))
        return damaged(error, "byte %" PRIu64 ": the trailer is damaged", at);
    if (rh_get_u64(trailer + 72) != reader->file_bytes)
        return damaged(error, "has %" PRIu64 " bytes, but was written with %" PRIu64,
                       reader->file_bytes, rh_get_u64(trailer + 72));
    reader->index = part_at(trailer);
    reader->metadata = part_at(trailer + 24);
    reader->numbers = part_at(trailer + 48);
    int result = check_parts(reader, at, error);
    if (result < 0)
        rh_error_prefix(error, "byte %" PRIu64, at);
    return result;
}

void rh_reader_say_what_to_do(const struct rh_trace_reader *reader, struct rh_error *error) {
    if (error != NULL && error->code == RH_ERR_FORMAT)
        rh_error_suffix(error,
                        "; record it again, or keep what is whole: reheap trace verify --repair "
                        "OUTPUT %s",
                        reader->path);
}

/* ---- the parts ---- */

static int load_part(const struct rh_trace_reader *reader, const struct rh_trace_part *part,
                     const char *name, struct rh_error *error, uint8_t *ret_bytes) {
    rh_try(rh_reader_read(reader, part->offset, ret_bytes, part->bytes, error));
    if (XXH64(ret_bytes, part->bytes, 0) == part->checksum)
        return 0;
    return damaged(error, "byte %" PRIu64 ": the checksum of the %s does not match", part->offset,
                   name);
}

static int load_meta(struct rh_trace_reader *reader, struct rh_error *error) {
    uint8_t *text = rh_alloc(reader->metadata.bytes);
    if (text == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the metadata");
    int result = load_part(reader, &reader->metadata, "metadata", error, text);
    if (result == 0)
        result =
            rh_trace_meta_read((const char *)text, reader->metadata.bytes, error, &reader->meta);
    rh_free(text);
    reader->meta_loaded = result == 0;
    return result;
}

static int load_summary(struct rh_trace_reader *reader, struct rh_error *error) {
    uint8_t bytes[RH_FORMAT_SUMMARY_WORDS * 8];
    uint64_t words[RH_FORMAT_SUMMARY_WORDS] = {0};
    bool is_short = reader->version == 1;
    rh_try(load_part(reader, &reader->numbers, "summary", error, bytes));
    for (size_t i = 0; i < rh_summary_words(reader->version); i++)
        words[i + (is_short && i >= RH_FORMAT_SUMMARY_RESIDENT)] = rh_get_u64(bytes + i * 8);
    rh_summary_from_words(words, &reader->summary);
    return 0;
}

/* Offsets and first events must ascend: then a search of the index ends, and in the file. */
static int check_entries(const struct rh_trace_reader *reader, const uint8_t *entries, size_t count,
                         uint64_t *offset, uint64_t *event, struct rh_error *error) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *entry = entries + i * RH_FORMAT_INDEX_ENTRY_BYTES;
        if (rh_get_u64(entry) < *offset || rh_get_u64(entry) >= reader->index.offset ||
            rh_get_u64(entry + 8) < *event || rh_get_u64(entry + 8) >= reader->summary.events)
            return damaged(error, "the index names a block at byte %" PRIu64 ", which cannot be",
                           rh_get_u64(entry));
        *offset = rh_get_u64(entry) + RH_FORMAT_BLOCK_HEADER_BYTES;
        *event = rh_get_u64(entry + 8) + 1;
    }
    return 0;
}

static int check_index(const struct rh_trace_reader *reader, struct rh_error *error) {
    uint8_t entries[INDEX_BATCH * RH_FORMAT_INDEX_ENTRY_BYTES];
    uint64_t offset = RH_FORMAT_HEADER_BYTES;
    uint64_t event = 0;
    XXH64_state_t hash;
    XXH64_reset(&hash, 0);
    for (uint64_t at = 0; at < reader->index.bytes;) {
        uint64_t left = reader->index.bytes - at;
        size_t bytes = left < sizeof(entries) ? (size_t)left : sizeof(entries);
        rh_try(rh_reader_read(reader, reader->index.offset + at, entries, bytes, error));
        rh_try(check_entries(reader, entries, bytes / RH_FORMAT_INDEX_ENTRY_BYTES, &offset, &event,
                             error));
        XXH64_update(&hash, entries, bytes);
        at += bytes;
    }
    if (XXH64_digest(&hash) == reader->index.checksum)
        return 0;
    return damaged(error, "byte %" PRIu64 ": the checksum of the index does not match",
                   reader->index.offset);
}

/* ---- life ---- */

static int open_whole(struct rh_trace_reader *reader, struct rh_error *error) {
    rh_try(open_file(reader, error));
    rh_try(check_header(reader, error));
    int result = read_trailer(reader, error);
    if (result == 0)
        result = load_summary(reader, error);
    if (result == 0)
        result = load_meta(reader, error);
    if (result == 0)
        result = check_index(reader, error);
    if (result < 0)
        rh_reader_say_what_to_do(reader, error);
    return result;
}

/* Of a damaged file the blocks are wanted, and of its end what can be read. */
static int open_damaged(struct rh_trace_reader *reader, struct rh_error *error) {
    rh_try(open_file(reader, error));
    rh_try(check_header(reader, error));
    reader->damaged = true;
    if (read_trailer(reader, NULL) < 0) {
        reader->index = (struct rh_trace_part){.offset = reader->file_bytes};
        return 0;
    }
    load_summary(reader, NULL);
    load_meta(reader, NULL);
    return 0;
}

static int open_with(const char *path,
                     int (*open)(struct rh_trace_reader *reader, struct rh_error *error),
                     struct rh_error *error, struct rh_trace_reader **ret_reader) {
    struct rh_trace_reader *reader = rh_alloc_zeroed(1, sizeof(*reader));
    char *copy = rh_strdup(path);
    if (reader == NULL || copy == NULL) {
        rh_free(reader);
        rh_free(copy);
        return rh_fail(error, RH_ERR_MEMORY, "no memory for reading %s", path);
    }
    reader->path = copy;
    reader->fd = -1;
    int result = open(reader, error);
    if (result < 0)
        rh_error_prefix(error, "%s", path);
    else
        result = rh_decoder_create(error, &reader->decoder);
    if (result < 0) {
        rh_trace_reader_close(reader);
        return result;
    }
    rh_reader_start(reader);
    *ret_reader = reader;
    return 0;
}

int rh_trace_reader_open(const char *path, struct rh_error *error,
                         struct rh_trace_reader **ret_reader) {
    return open_with(path, open_whole, error, ret_reader);
}

int rh_reader_open_damaged(const char *path, struct rh_error *error,
                           struct rh_trace_reader **ret_reader) {
    return open_with(path, open_damaged, error, ret_reader);
}

void rh_trace_reader_close(struct rh_trace_reader *reader) {
    if (reader == NULL)
        return;
    if (reader->fd >= 0)
        close(reader->fd);
    rh_decoder_destroy(reader->decoder);
    rh_trace_meta_finish(&reader->meta);
    rh_free(reader->block);
    rh_free(reader->path);
    rh_free(reader);
}

const struct rh_trace_meta *rh_trace_reader_meta(const struct rh_trace_reader *reader) {
    return &reader->meta;
}

const struct rh_trace_summary *rh_trace_reader_summary(const struct rh_trace_reader *reader) {
    return &reader->summary;
}
