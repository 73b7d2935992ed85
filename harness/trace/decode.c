/* decode.c - blocks of columns to events. */
#include "trace/decode.h"

#include <string.h>

#include <zstd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/decode_state.h"

#define damaged(error, ...) rh_fail(error, RH_ERR_FORMAT, __VA_ARGS__)
#define ALWAYS_INLINE       inline __attribute__((always_inline))

int rh_decoder_create(struct rh_error *error, struct rh_decoder **ret_decoder) {
    struct rh_decoder *decoder = rh_alloc_zeroed(1, sizeof(*decoder));
    if (decoder == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for reading a trace");
    int result = 0;
    for (int i = 0; i < RH_COLUMNS && result == 0; i++) {
        decoder->columns[i].data = rh_alloc(RH_FORMAT_BLOCK_EVENTS * rh_format_column_bytes[i]);
        if (decoder->columns[i].data == NULL)
            result = RH_ERR_MEMORY;
    }
    decoder->zstd = ZSTD_createDCtx();
    if (result < 0 || decoder->zstd == NULL) {
        rh_decoder_destroy(decoder);
        return rh_fail(error, RH_ERR_MEMORY, "no memory for reading a trace");
    }
    *ret_decoder = decoder;
    return 0;
}

void rh_decoder_destroy(struct rh_decoder *decoder) {
    if (decoder == NULL)
        return;
    ZSTD_freeDCtx(decoder->zstd);
    for (int i = 0; i < RH_COLUMNS; i++)
        rh_free(decoder->columns[i].data);
    rh_free(decoder->lanes);
    rh_free(decoder->templates);
    rh_free(decoder);
}

int rh_block_check(const uint8_t *block, const struct rh_block_header *header,
                   struct rh_error *error) {
    size_t checked = RH_FORMAT_BLOCK_HEADER_BYTES - 16 + header->payload_bytes;
    if (XXH64(block + 16, checked, 0) != header->checksum)
        return damaged(error, "the checksum does not match");
    return 0;
}

int rh_decoder_begin(struct rh_decoder *decoder, const uint8_t *block,
                     const struct rh_block_header *header, struct rh_error *error) {
    rh_try(rh_block_check(block, header, error));
    decoder->header = *header;
    for (int i = 0; i < RH_COLUMNS; i++)
        decoder->columns[i].rows = decoder->columns[i].at = 0;
    decoder->position = decoder->header.events; /* nothing to hand out, should this fail */
    rh_try(rh_decode_columns(decoder, block, error));
    decoder->position = 0;
    decoder->time_ns = header->base_time_ns;
    decoder->acquired = header->first_acquired;
    decoder->threads = header->first_thread;
    return 0;
}

/* ---- events ---- */

/* The next number of a column of planes. */
static int next_number(struct rh_decoder *decoder, enum rh_format_column id, struct rh_error *error,
                       uint64_t *ret_number) {
    struct column *column = &decoder->columns[id];
    if (column->at == column->rows)
        return damaged(error, "column %d is too short", id);
    *ret_number =
        rh_decode_gather(column->data, column->rows, column->at++, rh_format_column_bytes[id]);
    return 0;
}

/* The next number of a column of eight-byte rows. */
static int next_wide(struct rh_decoder *decoder, enum rh_format_column id, struct rh_error *error,
                     uint64_t *ret_number) {
    struct column *column = &decoder->columns[id];
    if (column->at == column->rows)
        return damaged(error, "column %d is too short", id);
    *ret_number = rh_get_u64(column->data + column->at++ * 8);
    return 0;
}

static int long_step(struct rh_decoder *decoder, uint64_t time_ns, struct rh_error *error,
                     uint64_t *ret_step_ns) {
    uint64_t steps = 0;
    uint64_t step_ns = 0;
    rh_try(next_number(decoder, RH_COLUMN_TIME_MORE, error, &steps));
    if (steps == 0xffffff)
        rh_try(next_wide(decoder, RH_COLUMN_TIME_WIDE, error, &steps));
    else
        steps += RH_FORMAT_ESCAPE;
    if (__builtin_mul_overflow(steps, decoder->header.quantum_ns, &step_ns) ||
        step_ns > RH_FORMAT_TIME_MAX_NS || time_ns + step_ns > RH_FORMAT_TIME_MAX_NS)
        return damaged(error, "a time is out of range");
    *ret_step_ns = step_ns;
    return 0;
}

static int resolve_far(struct rh_decoder *decoder, uint64_t acquired, struct rh_error *error,
                       uint64_t *ret_object) {
    uint64_t distance = 0;
    rh_try(next_number(decoder, RH_COLUMN_FAR, error, &distance));
    if (distance == UINT32_MAX)
        rh_try(next_wide(decoder, RH_COLUMN_FAR_WIDE, error, &distance));
    if (distance >= acquired)
        return damaged(error, "a reference to an object before the first");
    *ret_object = acquired - 1 - distance;
    return 0;
}

static ALWAYS_INLINE int resolve(struct rh_decoder *decoder, struct lane *lane,
                                 const struct template *template, uint64_t acquired,
                                 struct rh_error *error, uint64_t *ret_object) {
    if (template->reference == RH_REFERENCE_NEAR) {
        unsigned back = (uint8_t) template->value;
        if (back >= lane->births)
            return damaged(error, "a reference to an object of another block");
        const uint32_t *births = decoder->births + lane->births_first;
        *ret_object = decoder->header.first_acquired + births[lane->births - 1 - back];
        return 0;
    }
    if (template->reference == RH_REFERENCE_STRIDE) {
        lane->anchor += (uint64_t)(int64_t) template->value;
        if (lane->anchor >= acquired)
            return damaged(error, "a reference to an object that does not exist");
    } else {
        rh_try(resolve_far(decoder, acquired, error, &lane->anchor));
    }
    *ret_object = lane->anchor;
    return 0;
}

static int fill_rare(struct rh_decoder *decoder, const struct template *template,
                     struct rh_error *error, struct rh_event *event) {
    if (template->touched) {
        uint64_t pages = 0;
        rh_try(next_number(decoder, RH_COLUMN_TOUCHED, error, &pages));
        event->touched_pages = (uint32_t)pages;
    }
    if (!template->starts_thread)
        return 0;
    if (event->thread != decoder->threads)
        return damaged(error, "thread %u starts out of order", event->thread);
    struct column *parents = &decoder->columns[RH_COLUMN_PARENT];
    if (parents->at == parents->rows)
        return damaged(error, "a parent thread is missing");
    event->parent = rh_get_u32(parents->data + parents->at++ * 4);
    if (event->parent != RH_NO_THREAD && event->parent >= decoder->threads)
        return damaged(error, "parent thread %u does not exist", event->parent);
    decoder->threads++;
    return 0;
}

/* What the events count up. A copy of the decoder's, because a register is nearer. */
struct counts {
    uint64_t time_ns, acquired;
};

static ALWAYS_INLINE int decode_event(struct rh_decoder *decoder, struct lane *lane,
                                      uint64_t quantum_ns, unsigned step, struct counts *counts,
                                      struct rh_error *error, struct rh_event *event) {
    const struct template *template = &decoder->templates[decoder->tokens[lane->next_token++]];
    uint64_t step_ns = step * quantum_ns;
    if (step == RH_FORMAT_ESCAPE)
        rh_try(long_step(decoder, counts->time_ns, error, &step_ns));
    counts->time_ns += step_ns;

    *event = template->event;
    event->time_ns = counts->time_ns;
    event->thread = lane->thread;
    if (template->reference != RH_REFERENCE_NONE)
        rh_try(resolve(decoder, lane, template, counts->acquired, error, &event->released));
    if (template->acquires) {
        decoder->births[lane->births_first + lane->births++] =
            (uint32_t)(counts->acquired - decoder->header.first_acquired);
        event->acquired = counts->acquired++;
    }
    if (template->touched || template->starts_thread)
        rh_try(fill_rare(decoder, template, error, event));
    return lane->thread < decoder->threads
               ? 0
               : damaged(error, "thread %u has not started", event->thread);
}

/* At the end of a block every number of every column must have been used. */
static int check_leftovers(const struct rh_decoder *decoder, struct rh_error *error) {
    static const enum rh_format_column used[] = {RH_COLUMN_TIME_MORE, RH_COLUMN_TIME_WIDE,
                                                 RH_COLUMN_FAR,       RH_COLUMN_FAR_WIDE,
                                                 RH_COLUMN_TOUCHED,   RH_COLUMN_PARENT};
    for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
        if (decoder->columns[used[i]].at != decoder->columns[used[i]].rows)
            return damaged(error, "column %d has rows that nothing uses", used[i]);
    return 0;
}

/* What all events of the block share is a constant here: `low` and `times` may be NULL. */
static ALWAYS_INLINE int decode_lanes(struct rh_decoder *decoder, const uint8_t *low,
                                      const uint8_t *times, struct rh_event *events, size_t count,
                                      struct rh_error *error) {
    const uint8_t *high = low != NULL ? rh_decode_column(decoder, RH_COLUMN_THREAD_HIGH) : NULL;
    struct lane *lane = decoder->lanes;
    const uint64_t quantum_ns = decoder->header.quantum_ns;
    struct counts counts = {decoder->time_ns, decoder->acquired};
    for (size_t i = 0; i < count; i++) {
        size_t at = decoder->position + i;
        if (low != NULL)
            lane = &decoder->lanes[rh_decode_lane_at(low, high, at)];
        unsigned step = times != NULL ? times[at] : 0;
        rh_try(decode_event(decoder, lane, quantum_ns, step, &counts, error, &events[i]));
    }
    decoder->time_ns = counts.time_ns;
    decoder->acquired = counts.acquired;
    return 0;
}

static int decode_events(struct rh_decoder *decoder, struct rh_event *events, size_t count,
                         struct rh_error *error) {
    const uint8_t *low = rh_decode_column(decoder, RH_COLUMN_THREAD_LOW);
    const uint8_t *times = rh_decode_column(decoder, RH_COLUMN_TIME);
    if (low == NULL)
        rh_try(decode_lanes(decoder, NULL, times, events, count, error));
    else
        rh_try(decode_lanes(decoder, low, times, events, count, error));
    if (decoder->time_ns > RH_FORMAT_TIME_MAX_NS)
        return damaged(error, "a time is out of range");
    decoder->position += count;
    return decoder->position == decoder->header.events ? check_leftovers(decoder, error) : 0;
}

int rh_decoder_next(struct rh_decoder *decoder, struct rh_event *events, size_t limit,
                    struct rh_error *error, size_t *ret_count) {
    rh_assert(limit > 0);
    size_t left = decoder->header.events - decoder->position;
    size_t count = left < limit ? left : limit;
    int result = decode_events(decoder, events, count, error);
    if (result < 0) {
        decoder->position = decoder->header.events; /* nothing more comes of this block */
        return result;
    }
    *ret_count = count;
    return 0;
}

struct rh_block_header rh_decoder_end_state(const struct rh_decoder *decoder) {
    rh_assert(decoder->position == decoder->header.events);
    return (struct rh_block_header){
        .first_event = decoder->header.first_event + decoder->header.events,
        .first_acquired = decoder->acquired,
        .first_thread = (uint32_t)decoder->threads,
        .base_time_ns = decoder->time_ns,
    };
}
