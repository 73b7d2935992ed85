/* decode_columns.c - the fixed part of a block, its columns, templates and tokens. */
#include <string.h>

#include "base/memory.h"
#include "trace/decode_state.h"

enum { TEMPLATE_PLANES = 13 };

#define damaged(error, ...) rh_fail(error, RH_ERR_FORMAT, __VA_ARGS__)

/* ---- the header ---- */

static int check_header(const struct rh_block_header *header, struct rh_error *error) {
    if (header->events == 0 || header->events > RH_FORMAT_BLOCK_EVENTS)
        return damaged(error, "a block of %u events", header->events);
    if (header->templates == 0 || header->templates > header->events)
        return damaged(error, "%u templates for %u events", header->templates, header->events);
    if (header->columns == 0 || header->columns > RH_COLUMNS)
        return damaged(error, "a block of %u columns", header->columns);
    if (header->payload_bytes > RH_FORMAT_BLOCK_MAX_BYTES - RH_FORMAT_BLOCK_HEADER_BYTES ||
        header->payload_bytes < header->columns * RH_FORMAT_COLUMN_ENTRY_BYTES)
        return damaged(error, "a block of %u bytes", header->payload_bytes);
    if (header->base_time_ns > RH_FORMAT_TIME_MAX_NS ||
        header->quantum_ns > RH_FORMAT_QUANTUM_MAX_NS)
        return damaged(error, "times out of range");
    if (header->first_event > RH_FORMAT_EVENTS_MAX ||
        header->first_acquired > header->first_event || header->first_thread > header->first_event)
        return damaged(error, "counts that cannot be");
    return 0;
}

int rh_block_header_read(const uint8_t *bytes, struct rh_error *error,
                         struct rh_block_header *ret_header) {
    if (rh_get_u32(bytes) != RH_FORMAT_BLOCK_MAGIC)
        return damaged(error, "no block begins here");
    struct rh_block_header header = {
        .payload_bytes = rh_get_u32(bytes + 4),
        .checksum = rh_get_u64(bytes + 8),
        .first_event = rh_get_u64(bytes + 16),
        .first_acquired = rh_get_u64(bytes + 24),
        .base_time_ns = rh_get_u64(bytes + 32),
        .quantum_ns = rh_get_u64(bytes + 40),
        .events = rh_get_u32(bytes + 48),
        .first_thread = rh_get_u32(bytes + 52),
        .templates = rh_get_u32(bytes + 56),
        .columns = rh_get_u32(bytes + 60),
    };
    rh_try(check_header(&header, error));
    *ret_header = header;
    return 0;
}

/* ---- columns ---- */

static int unpack_column(struct rh_decoder *decoder, unsigned id, unsigned codec,
                         const uint8_t *stored, size_t stored_bytes, size_t bytes,
                         struct rh_error *error) {
    struct column *column = &decoder->columns[id];
    size_t width = rh_format_column_bytes[id];
    if (bytes == 0 || bytes % width != 0 || bytes / width > decoder->header.events)
        return damaged(error, "column %u has %zu bytes", id, bytes);
    if (codec == RH_CODEC_PLAIN && stored_bytes == bytes)
        memcpy(column->data, stored, bytes);
    else if (codec != RH_CODEC_ZSTD ||
             ZSTD_decompressDCtx(decoder->zstd, column->data, bytes, stored, stored_bytes) != bytes)
        return damaged(error, "column %u cannot be decompressed", id);
    column->rows = bytes / width;
    return 0;
}

static int unpack_columns(struct rh_decoder *decoder, const uint8_t *block,
                          struct rh_error *error) {
    const uint8_t *entry = block + RH_FORMAT_BLOCK_HEADER_BYTES;
    const uint8_t *data = entry + decoder->header.columns * RH_FORMAT_COLUMN_ENTRY_BYTES;
    const uint8_t *end = entry + decoder->header.payload_bytes;
    unsigned least = 0;
    for (uint32_t i = 0; i < decoder->header.columns; i++) {
        uint32_t word = rh_get_u32(entry);
        unsigned id = word & 0xff;
        unsigned codec = word >> 8;
        size_t stored = rh_get_u32(entry + 8);
        if (id < least || id >= RH_COLUMNS)
            return damaged(error, "column %u is unknown or out of order", id);
        if (stored > (size_t)(end - data))
            return damaged(error, "column %u passes the end of its block", id);
        rh_try(unpack_column(decoder, id, codec, data, stored, rh_get_u32(entry + 4), error));
        least = id + 1;
        entry += RH_FORMAT_COLUMN_ENTRY_BYTES;
        data += stored;
    }
    return data == end ? 0 : damaged(error, "%td bytes too many in a block", end - data);
}

static int expect_rows(const struct rh_decoder *decoder, enum rh_format_column id, size_t rows,
                       struct rh_error *error) {
    if (decoder->columns[id].rows == rows)
        return 0;
    return damaged(error, "column %d has %zu rows instead of %zu", id, decoder->columns[id].rows,
                   rows);
}

/* ---- threads ---- */

static int count_tokens(struct rh_decoder *decoder, struct rh_error *error) {
    const uint8_t *low = rh_decode_column(decoder, RH_COLUMN_THREAD_LOW);
    const uint8_t *high = rh_decode_column(decoder, RH_COLUMN_THREAD_HIGH);
    if (low == NULL) { /* a single one */
        decoder->lanes[0].next_token = decoder->lanes[0].births_first = 0;
        return 0;
    }
    for (size_t i = 0; i < decoder->header.events; i++) {
        size_t lane = rh_decode_lane_at(low, high, i);
        if (lane >= decoder->lanes_count)
            return damaged(error, "event %zu of the block has thread %zu of %zu", i, lane,
                           decoder->lanes_count);
        decoder->lanes[lane].next_token++;
    }
    uint32_t first = 0;
    for (size_t i = 0; i < decoder->lanes_count; i++) {
        uint32_t tokens = decoder->lanes[i].next_token;
        decoder->lanes[i].next_token = first;
        decoder->lanes[i].births_first = first;
        first += tokens;
    }
    return 0;
}

static int read_lanes(struct rh_decoder *decoder, struct rh_error *error) {
    size_t count = decoder->columns[RH_COLUMN_THREADS].rows;
    size_t events = decoder->header.events;
    if (count == 0)
        return damaged(error, "a block without threads");
    rh_try(expect_rows(decoder, RH_COLUMN_THREAD_LOW, count > 1 ? events : 0, error));
    rh_try(expect_rows(decoder, RH_COLUMN_THREAD_HIGH, count > 256 ? events : 0, error));
    rh_try(rh_grow((void **)&decoder->lanes, &decoder->lanes_capacity, count,
                   sizeof(*decoder->lanes), error));
    for (size_t i = 0; i < count; i++)
        decoder->lanes[i] =
            (struct lane){.thread = rh_get_u32(decoder->columns[RH_COLUMN_THREADS].data + i * 4),
                          .anchor = decoder->header.first_acquired};
    decoder->lanes_count = count;
    return count_tokens(decoder, error);
}

/* ---- templates and tokens ---- */

static bool template_is_sound(const struct template *template, unsigned mode) {
    const struct rh_event *event = &template->event;
    unsigned kind = event->kind;
    bool is_look = kind == RH_EVENT_RESIDENT;
    bool touches = is_look ? template->touched : rh_event_releases(kind) || !template->touched;
    bool sized = template->acquires || kind == RH_EVENT_FAILED || kind == RH_EVENT_FREE_SIZED;
    bool refers = template->reference != RH_REFERENCE_NONE;
    return kind < RH_EVENT_KINDS && event->align_log2 < 64 &&
           (event->flags & ~RH_EVENT_PROLOGUE) == 0 &&
           (mode & ~(RH_TEMPLATE_REFERENCE_MASK | RH_TEMPLATE_TOUCHED)) == 0 &&
           refers == rh_event_refers(kind) && touches &&
           (sized || (event->size == 0 && event->align_log2 == 0)) &&
           (!template->acquires || event->size <= RH_TRACE_SIZE_MAX_BYTES);
}

static int read_templates(struct rh_decoder *decoder, struct rh_error *error) {
    size_t rows = decoder->header.templates;
    rh_try(expect_rows(decoder, RH_COLUMN_TEMPLATES, rows, error));
    rh_try(rh_grow((void **)&decoder->templates, &decoder->templates_capacity, rows,
                   sizeof(*decoder->templates), error));
    const uint8_t *in = decoder->columns[RH_COLUMN_TEMPLATES].data;
    for (size_t row = 0; row < rows; row++) {
        unsigned mode = in[rows * 3 + row];
        struct template template = {
            .event = {.size = rh_decode_gather(in + rows * 5, rows, row, 8),
                      .acquired = RH_NO_OBJECT,
                      .released = RH_NO_OBJECT,
                      .parent = RH_NO_THREAD,
                      .touched_pages = RH_NO_TOUCHED,
                      .kind = in[row],
                      .align_log2 = in[rows + row],
                      .flags = in[rows * 2 + row]},
            .reference = mode & RH_TEMPLATE_REFERENCE_MASK,
            .value = (int8_t)in[rows * 4 + row],
            .acquires = rh_event_acquires(in[row]),
            .touched = (mode & RH_TEMPLATE_TOUCHED) != 0,
            .starts_thread = in[row] == RH_EVENT_THREAD_START,
        };
        if (!template_is_sound(&template, mode))
            return damaged(error, "template %zu is unsound", row);
        decoder->templates[row] = template;
    }
    return 0;
}

static int read_tokens(struct rh_decoder *decoder, struct rh_error *error) {
    size_t count = decoder->header.events;
    rh_try(expect_rows(decoder, RH_COLUMN_TOKEN, count, error));
    const uint8_t *narrow = decoder->columns[RH_COLUMN_TOKEN].data;
    const uint8_t *more = decoder->columns[RH_COLUMN_TOKEN_MORE].data;
    size_t rows = decoder->columns[RH_COLUMN_TOKEN_MORE].rows;
    size_t row = 0;
    for (size_t i = 0; i < count; i++) {
        size_t token = narrow[i];
        if (token == RH_FORMAT_ESCAPE) {
            if (row == rows)
                return damaged(error, "tokens are missing");
            token += more[row] + ((size_t)more[rows + row] << 8);
            row++;
        }
        if (token >= decoder->header.templates)
            return damaged(error, "token %zu of %u templates", token, decoder->header.templates);
        decoder->tokens[i] = (uint16_t)token;
    }
    return row == rows ? 0 : damaged(error, "%zu tokens too many", rows - row);
}

int rh_decode_columns(struct rh_decoder *decoder, const uint8_t *block, struct rh_error *error) {
    const struct rh_block_header *header = &decoder->header;
    rh_try(unpack_columns(decoder, block, error));
    rh_try(read_lanes(decoder, error));
    rh_try(read_templates(decoder, error));
    rh_try(read_tokens(decoder, error));
    return expect_rows(decoder, RH_COLUMN_TIME, header->quantum_ns != 0 ? header->events : 0,
                       error);
}
