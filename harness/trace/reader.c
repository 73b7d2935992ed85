/* reader.c - a .rht file as a stream of events. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/memory.h"
#include "trace/reader_state.h"

#define damaged(error, ...) rh_fail(error, RH_ERR_FORMAT, __VA_ARGS__)

int rh_reader_read(const struct rh_trace_reader *reader, uint64_t offset, void *buffer,
                   size_t bytes, struct rh_error *error) {
    uint8_t *to = buffer;
    while (bytes > 0) {
        ssize_t got = pread(reader->fd, to, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rh_fail_errno(error, "cannot read at byte %" PRIu64, offset);
        if (got == 0)
            return damaged(error, "ends at byte %" PRIu64 " (it shrank while it was read?)",
                           offset);
        to += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return 0;
}

void rh_reader_start(struct rh_trace_reader *reader) {
    reader->offset = RH_FORMAT_HEADER_BYTES;
    reader->block_offset = RH_FORMAT_HEADER_BYTES;
    reader->blocks = 0;
    reader->expected = (struct rh_block_header){0};
    reader->in_block = false;
    reader->sought = false;
    reader->skip = 0;
    reader->from_ns = 0;
    reader->failed = 0;
}

int rh_trace_reader_rewind(struct rh_trace_reader *reader, struct rh_error *error) {
    (void)error;
    rh_reader_start(reader);
    return 0;
}

/* ---- blocks ---- */

/* The block's own numbers, held against what came before it. */
static int check_order(const struct rh_trace_reader *reader, const struct rh_block_header *header,
                       struct rh_error *error) {
    const struct rh_block_header *expected = &reader->expected;
    if (reader->sought)
        return 0;
    if (header->first_event != expected->first_event)
        return damaged(error, "begins with event %" PRIu64 " instead of %" PRIu64,
                       header->first_event, expected->first_event);
    if (header->first_acquired != expected->first_acquired ||
        header->first_thread != expected->first_thread ||
        header->base_time_ns != expected->base_time_ns)
        return damaged(error, "does not continue the block before it");
    return 0;
}

/* The index must say of the newest block what its header says. */
static int check_index_entry(const struct rh_trace_reader *reader,
                             const struct rh_block_header *header, struct rh_error *error) {
    uint8_t entry[RH_FORMAT_INDEX_ENTRY_BYTES];
    uint64_t at = (reader->blocks - 1) * sizeof(entry);
    if (at >= reader->index.bytes)
        return damaged(error, "the index ends before this block");
    rh_try(rh_reader_read(reader, reader->index.offset + at, entry, sizeof(entry), error));
    if (rh_get_u64(entry) != reader->block_offset || rh_get_u64(entry + 8) != header->first_event ||
        rh_get_u64(entry + 16) != header->base_time_ns)
        return damaged(error, "the index says otherwise of this block");
    return 0;
}

/* The bytes of the next block. */
static int read_block(struct rh_trace_reader *reader, struct rh_error *error,
                      struct rh_block_header *ret_header) {
    uint8_t bytes[RH_FORMAT_BLOCK_HEADER_BYTES];
    uint64_t room = reader->index.offset - reader->offset;
    reader->block_offset = reader->offset;
    reader->blocks++;
    if (room < sizeof(bytes))
        return damaged(error, "no room for a block before the index");
    rh_try(rh_reader_read(reader, reader->offset, bytes, sizeof(bytes), error));
    rh_try(rh_block_header_read(bytes, error, ret_header));
    size_t total = sizeof(bytes) + ret_header->payload_bytes;
    if (total > room)
        return damaged(error, "%zu bytes long, and passes into the index", total);
    rh_try(check_order(reader, ret_header, error));
    if (!reader->damaged)
        rh_try(check_index_entry(reader, ret_header, error));
    rh_try(rh_grow((void **)&reader->block, &reader->block_capacity, total, 1, error));
    rh_try(rh_reader_read(reader, reader->offset, reader->block, total, error));
    reader->offset += total;
    return 0;
}

static int load_block(struct rh_trace_reader *reader, struct rh_error *error) {
    struct rh_block_header header;
    rh_try(read_block(reader, error, &header));
    rh_try(rh_decoder_begin(reader->decoder, reader->block, &header, error));
    reader->in_block = true;
    reader->sought = false;
    return 0;
}

static int check_end(const struct rh_trace_reader *reader, struct rh_error *error) {
    const struct rh_trace_summary *summary = &reader->summary;
    if (reader->damaged)
        return 0;
    if (reader->expected.first_event != summary->events)
        return damaged(error, "%" PRIu64 " events instead of the %" PRIu64 " of the summary",
                       reader->expected.first_event, summary->events);
    if (reader->expected.first_acquired != summary->objects ||
        reader->expected.first_thread != summary->threads)
        return damaged(error, "other counts of objects or threads than in the summary");
    if (reader->blocks != reader->index.bytes / RH_FORMAT_INDEX_ENTRY_BYTES)
        return damaged(error, "%" PRIu64 " blocks, not as many as in the index", reader->blocks);
    return 0;
}

static int next_chunk(struct rh_trace_reader *reader, struct rh_error *error, size_t *ret_count) {
    size_t count = 0;
    while (count == 0) {
        if (!reader->in_block) {
            if (reader->offset == reader->index.offset) {
                *ret_count = 0;
                return check_end(reader, error);
            }
            rh_try(load_block(reader, error));
        }
        rh_try(rh_decoder_next(reader->decoder, reader->events, CHUNK_EVENTS, error, &count));
        if (count == 0) {
            reader->expected = rh_decoder_end_state(reader->decoder);
            reader->in_block = false;
        }
    }
    *ret_count = count;
    return 0;
}

/* How many of the events to leave out because a seek wants later ones. */
static size_t skip_events(struct rh_trace_reader *reader, size_t count) {
    size_t skipped = reader->skip < count ? (size_t)reader->skip : count;
    reader->skip -= skipped;
    while (skipped < count && reader->events[skipped].time_ns < reader->from_ns)
        skipped++;
    if (skipped < count)
        reader->from_ns = 0;
    return skipped;
}

static int fail_at_block(struct rh_trace_reader *reader, int result, struct rh_error *error) {
    reader->failed = result;
    rh_error_prefix(error, "%s: block %" PRIu64 ", byte %" PRIu64, reader->path,
                    reader->blocks - (reader->blocks > 0), reader->block_offset);
    rh_reader_say_what_to_do(reader, error);
    return result;
}

int rh_trace_reader_check_bytes(struct rh_trace_reader *reader, struct rh_error *error) {
    rh_reader_start(reader);
    while (reader->offset != reader->index.offset) {
        struct rh_block_header header;
        reader->sought = true; /* what a block continues is known only to who decodes */
        int result = read_block(reader, error, &header);
        if (result == 0)
            result = rh_block_check(reader->block, &header, error);
        if (result < 0)
            return fail_at_block(reader, result, error);
    }
    rh_reader_start(reader);
    return 0;
}

int rh_trace_reader_next(struct rh_trace_reader *reader, struct rh_error *error,
                         const struct rh_event **ret_events, size_t *ret_count) {
    if (reader->failed < 0)
        return rh_fail(error, reader->failed, "%s: reading failed before", reader->path);
    size_t count = 0;
    size_t skipped = 0;
    do {
        int result = next_chunk(reader, error, &count);
        if (result < 0)
            return fail_at_block(reader, result, error);
        skipped = skip_events(reader, count);
    } while (count > 0 && skipped == count);
    *ret_events = reader->events + skipped;
    *ret_count = count - skipped;
    return 0;
}

/* ---- seeking ---- */

struct index_entry {
    uint64_t offset, first_event, base_time_ns;
};

static int read_entry(const struct rh_trace_reader *reader, uint64_t block, struct rh_error *error,
                      struct index_entry *ret_entry) {
    uint8_t bytes[RH_FORMAT_INDEX_ENTRY_BYTES];
    rh_try(rh_reader_read(reader, reader->index.offset + block * sizeof(bytes), bytes,
                          sizeof(bytes), error));
    *ret_entry =
        (struct index_entry){rh_get_u64(bytes), rh_get_u64(bytes + 8), rh_get_u64(bytes + 16)};
    return 0;
}

static bool begins_before(const struct index_entry *entry, uint64_t event, uint64_t time_ns) {
    return entry->first_event <= event && (time_ns == 0 || entry->base_time_ns < time_ns);
}

/* The last block that begins at or before the event, and before the time (0: any). */
static int find_block(const struct rh_trace_reader *reader, uint64_t event, uint64_t time_ns,
                      struct rh_error *error, uint64_t *ret_block, struct index_entry *ret_entry) {
    uint64_t low = 0; /* the first block begins before everything */
    uint64_t high = reader->index.bytes / RH_FORMAT_INDEX_ENTRY_BYTES;
    struct index_entry entry;
    rh_try(read_entry(reader, 0, error, ret_entry));
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        rh_try(read_entry(reader, middle, error, &entry));
        if (begins_before(&entry, event, time_ns)) {
            low = middle;
            *ret_entry = entry;
        } else {
            high = middle;
        }
    }
    *ret_block = low;
    return 0;
}

static int seek(struct rh_trace_reader *reader, uint64_t event, uint64_t time_ns,
                struct rh_error *error) {
    rh_reader_start(reader);
    if (reader->index.bytes == 0)
        return 0;
    uint64_t block = 0;
    struct index_entry entry = {0};
    int result = find_block(reader, event, time_ns, error, &block, &entry);
    if (result < 0) {
        rh_error_prefix(error, "%s", reader->path);
        return result;
    }
    reader->offset = entry.offset;
    reader->blocks = block;
    reader->sought = true;
    reader->from_ns = time_ns;
    if (event != UINT64_MAX)
        reader->skip = event - entry.first_event;
    return 0;
}

int rh_trace_reader_seek(struct rh_trace_reader *reader, uint64_t event, struct rh_error *error) {
    uint64_t events = reader->summary.events;
    return seek(reader, event < events ? event : events, 0, error);
}

int rh_trace_reader_seek_time(struct rh_trace_reader *reader, uint64_t time_ns,
                              struct rh_error *error) {
    return seek(reader, UINT64_MAX, time_ns, error);
}
