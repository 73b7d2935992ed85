/* encode.c - events to blocks of columns: threads, times, and the block around them. */
#include "trace/encode.h"

#include <string.h>

#include <zstd.h>
#include <zstd_errors.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/encode_state.h"
#include "trace/format.h"

enum { LEVEL = 3 };

int rh_encoder_create(struct rh_error *error, struct rh_encoder **ret_encoder) {
    struct rh_encoder *encoder = rh_alloc_zeroed(1, sizeof(*encoder));
    if (encoder == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for writing a trace");
    int result = 0;
    for (int i = 0; i < RH_COLUMNS && result == 0; i++) {
        encoder->columns[i] = rh_alloc(RH_FORMAT_BLOCK_EVENTS * rh_format_column_bytes[i]);
        if (encoder->columns[i] == NULL)
            result = RH_ERR_MEMORY;
    }
    encoder->zstd = ZSTD_createCCtx();
    if (result < 0 || encoder->zstd == NULL) {
        rh_encoder_destroy(encoder);
        return rh_fail(error, RH_ERR_MEMORY, "no memory for writing a trace");
    }
    *ret_encoder = encoder;
    return 0;
}

void rh_encoder_destroy(struct rh_encoder *encoder) {
    if (encoder == NULL)
        return;
    ZSTD_freeCCtx(encoder->zstd);
    for (int i = 0; i < RH_COLUMNS; i++)
        rh_free(encoder->columns[i]);
    rh_free(encoder->lane_of);
    rh_free(encoder);
}

/* ---- threads ---- */

static int find_lane(struct rh_encoder *encoder, uint32_t thread, struct rh_error *error,
                     uint32_t *ret_lane) {
    size_t before = encoder->lane_of_capacity;
    if (thread >= before) {
        rh_try(rh_grow((void **)&encoder->lane_of, &encoder->lane_of_capacity, (size_t)thread + 1,
                       sizeof(*encoder->lane_of), error));
        memset(encoder->lane_of + before, 0,
               (encoder->lane_of_capacity - before) * sizeof(*encoder->lane_of));
    }
    if (encoder->lane_of[thread] == 0) {
        uint32_t lane = encoder->lanes_count++;
        encoder->lanes[lane] =
            (struct lane){.thread = thread, .anchor = encoder->header.first_acquired};
        encoder->lane_of[thread] = lane + 1;
    }
    *ret_lane = encoder->lane_of[thread] - 1;
    return 0;
}

static int assign_lanes(struct rh_encoder *encoder, const struct rh_event *events, size_t count,
                        struct rh_error *error) {
    encoder->lanes_count = 0;
    for (size_t i = 0; i < count; i++) {
        rh_try(find_lane(encoder, events[i].thread, error, &encoder->event_lane[i]));
        encoder->lanes[encoder->event_lane[i]].events++;
    }
    uint32_t first = 0;
    for (uint32_t i = 0; i < encoder->lanes_count; i++) {
        encoder->lanes[i].first = first;
        first += encoder->lanes[i].events;
        encoder->lane_of[encoder->lanes[i].thread] = 0;
    }
    return 0;
}

static void emit_lanes(struct rh_encoder *encoder, size_t count) {
    for (uint32_t i = 0; i < encoder->lanes_count; i++)
        rh_put_u32(encoder->columns[RH_COLUMN_THREADS] + (size_t)i * 4, encoder->lanes[i].thread);
    encoder->column_bytes[RH_COLUMN_THREADS] = (size_t)encoder->lanes_count * 4;
    if (encoder->lanes_count > 1) {
        for (size_t i = 0; i < count; i++)
            encoder->columns[RH_COLUMN_THREAD_LOW][i] = (uint8_t)encoder->event_lane[i];
        encoder->column_bytes[RH_COLUMN_THREAD_LOW] = count;
    }
    if (encoder->lanes_count > 256) {
        for (size_t i = 0; i < count; i++)
            encoder->columns[RH_COLUMN_THREAD_HIGH][i] = (uint8_t)(encoder->event_lane[i] >> 8);
        encoder->column_bytes[RH_COLUMN_THREAD_HIGH] = count;
    }
}

/* ---- columns of numbers ---- */

void rh_encode_planes(struct rh_encoder *encoder, enum rh_format_column column, size_t width,
                      uint8_t *spare) {
    size_t rows = encoder->column_bytes[column] / width;
    const uint8_t *data = encoder->columns[column];
    for (size_t byte = 0; byte < width; byte++)
        for (size_t row = 0; row < rows; row++)
            spare[byte * rows + row] = data[row * width + byte];
    memcpy(encoder->columns[column], spare, rows * width);
}

/* ---- times ---- */

static uint64_t greatest_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The largest number that divides every step: 10 for a clock of 10 ns, whatever the file's metadata
 * say. */
static uint64_t find_quantum(const struct rh_event *events, size_t count, uint64_t base_ns) {
    uint64_t quantum = 0;
    for (size_t i = 0; i < count && quantum != 1; i++) {
        uint64_t step = events[i].time_ns - base_ns;
        base_ns = events[i].time_ns;
        if (quantum == 0 || step % quantum != 0)
            quantum = greatest_divisor(step, quantum);
    }
    return quantum > RH_FORMAT_QUANTUM_MAX_NS ? 1 : quantum;
}

static void append_step(struct rh_encoder *encoder, uint64_t steps) {
    if (steps < RH_FORMAT_ESCAPE) {
        rh_encode_u8(encoder, RH_COLUMN_TIME, (uint8_t)steps);
        return;
    }
    rh_encode_u8(encoder, RH_COLUMN_TIME, RH_FORMAT_ESCAPE);
    uint64_t more = steps - RH_FORMAT_ESCAPE;
    bool wide = more >= 0xffffff;
    for (int shift = 0; shift < 24; shift += 8)
        rh_encode_u8(encoder, RH_COLUMN_TIME_MORE, wide ? 0xff : (uint8_t)(more >> shift));
    if (wide)
        rh_encode_u64(encoder, RH_COLUMN_TIME_WIDE, steps);
}

static void emit_times(struct rh_encoder *encoder, const struct rh_event *events, size_t count) {
    uint64_t last_ns = encoder->header.base_time_ns;
    uint64_t quantum = find_quantum(events, count, last_ns);
    encoder->header.quantum_ns = quantum;
    if (quantum == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        append_step(encoder, (events[i].time_ns - last_ns) / quantum);
        last_ns = events[i].time_ns;
    }
    rh_encode_planes(encoder, RH_COLUMN_TIME_MORE, 3, encoder->block);
}

/* ---- the block ---- */

/* Compresses a column behind what the block holds, or copies it where that is no gain. */
static int store_column(struct rh_encoder *encoder, int column, size_t at, struct rh_error *error,
                        size_t *ret_stored, int *ret_codec) {
    size_t bytes = encoder->column_bytes[column];
    rh_assert(bytes <= RH_FORMAT_BLOCK_EVENTS * rh_format_column_bytes[column]);
    size_t stored = ZSTD_compressCCtx(encoder->zstd, encoder->block + at, bytes - 1,
                                      encoder->columns[column], bytes, LEVEL);
    if (!ZSTD_isError(stored)) {
        *ret_stored = stored;
        *ret_codec = RH_CODEC_ZSTD;
        return 0;
    }
    if (ZSTD_getErrorCode(stored) != ZSTD_error_dstSize_tooSmall)
        return rh_fail(error, RH_ERR_MEMORY, "zstd: %s", ZSTD_getErrorName(stored));
    memcpy(encoder->block + at, encoder->columns[column], bytes);
    *ret_stored = bytes;
    *ret_codec = RH_CODEC_PLAIN;
    return 0;
}

static int store_columns(struct rh_encoder *encoder, struct rh_error *error, size_t *ret_end) {
    encoder->header.columns = 0;
    for (int i = 0; i < RH_COLUMNS; i++)
        encoder->header.columns += encoder->column_bytes[i] != 0;

    size_t entry = RH_FORMAT_BLOCK_HEADER_BYTES;
    size_t at = entry + encoder->header.columns * RH_FORMAT_COLUMN_ENTRY_BYTES;
    for (int i = 0; i < RH_COLUMNS; i++) {
        if (encoder->column_bytes[i] == 0)
            continue;
        size_t stored = 0;
        int codec = 0;
        rh_try(store_column(encoder, i, at, error, &stored, &codec));
        rh_put_u32(encoder->block + entry, (uint32_t)i | (uint32_t)codec << 8);
        rh_put_u32(encoder->block + entry + 4, (uint32_t)encoder->column_bytes[i]);
        rh_put_u32(encoder->block + entry + 8, (uint32_t)stored);
        entry += RH_FORMAT_COLUMN_ENTRY_BYTES;
        at += stored;
    }
    *ret_end = at;
    return 0;
}

static void store_header(struct rh_encoder *encoder, size_t end) {
    uint8_t *out = encoder->block;
    const struct rh_block_header *header = &encoder->header;
    rh_put_u32(out, RH_FORMAT_BLOCK_MAGIC);
    rh_put_u32(out + 4, (uint32_t)(end - RH_FORMAT_BLOCK_HEADER_BYTES));
    rh_put_u64(out + 16, header->first_event);
    rh_put_u64(out + 24, header->first_acquired);
    rh_put_u64(out + 32, header->base_time_ns);
    rh_put_u64(out + 40, header->quantum_ns);
    rh_put_u32(out + 48, header->events);
    rh_put_u32(out + 52, header->first_thread);
    rh_put_u32(out + 56, header->templates);
    rh_put_u32(out + 60, header->columns);
    rh_put_u64(out + 8, XXH64(out + 16, end - 16, 0));
}

int rh_encoder_block(struct rh_encoder *encoder, const struct rh_event *events, size_t count,
                     struct rh_error *error, const uint8_t **ret_bytes, size_t *ret_count) {
    rh_assert(count > 0 && count <= RH_FORMAT_BLOCK_EVENTS);
    memset(encoder->column_bytes, 0, sizeof(encoder->column_bytes));
    encoder->header.events = (uint32_t)count;
    struct rh_block_header next = {.first_event = encoder->header.first_event + count,
                                   .first_acquired = encoder->header.first_acquired,
                                   .first_thread = encoder->header.first_thread,
                                   .base_time_ns = events[count - 1].time_ns};

    rh_try(assign_lanes(encoder, events, count, error));
    emit_lanes(encoder, count);
    emit_times(encoder, events, count);
    rh_encode_templates(encoder, events, count, &next);
    size_t end = 0;
    rh_try(store_columns(encoder, error, &end));
    store_header(encoder, end);
    encoder->header = next;
    *ret_bytes = encoder->block;
    *ret_count = end;
    return 0;
}
