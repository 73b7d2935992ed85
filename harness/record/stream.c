/* stream.c - decodes records. What it reads may be damaged: every length is checked against the end
 * of the frame. */
#include "record/stream.h"

#include <string.h>

#include "base/assert.h"
#include "trace/trace.h"

enum { ACQUIRED, RELEASED };

/* What an op means. */
struct meaning {
    uint8_t raw;
    uint8_t kind;
    uint8_t sort;
    bool has_size;
    bool is_known;
    bool has_argument; /* of extended ones; those of the others are 0 */
};

static const struct meaning op_meanings[8] = {
    [RH_SPOOL_FREE] = {RH_RAW_RELEASE, RH_EVENT_FREE, RELEASED, false, true},
    [RH_SPOOL_MALLOC] = {RH_RAW_ACQUIRE, RH_EVENT_MALLOC, ACQUIRED, true, true},
    [RH_SPOOL_NEW] = {RH_RAW_ACQUIRE, RH_EVENT_NEW, ACQUIRED, true, true},
    [RH_SPOOL_FREE_SIZED] = {RH_RAW_RELEASE, RH_EVENT_FREE_SIZED, RELEASED, true, true},
    [RH_SPOOL_CALLOC] = {RH_RAW_ACQUIRE, RH_EVENT_CALLOC, ACQUIRED, true, true},
    [RH_SPOOL_REALLOC] = {RH_RAW_REALLOC, RH_EVENT_REALLOC, RELEASED, true, true},
};

static const struct meaning extended_meanings[] = {
    [RH_SPOOL_EXT_ALIGNED] = {RH_RAW_ACQUIRE, RH_EVENT_ALIGNED, ACQUIRED, true, true, true},
    [RH_SPOOL_EXT_NEW_ALIGNED] = {RH_RAW_ACQUIRE, RH_EVENT_NEW_ALIGNED, ACQUIRED, true, true, true},
    [RH_SPOOL_EXT_FREE_NULL] = {RH_RAW_PLAIN, RH_EVENT_FREE_NULL, RELEASED, false, true},
    [RH_SPOOL_EXT_FAILED] = {RH_RAW_PLAIN, RH_EVENT_FAILED, RELEASED, true, true, true},
    [RH_SPOOL_EXT_USABLE] = {RH_RAW_USABLE, RH_EVENT_USABLE, RELEASED, false, true},
    [RH_SPOOL_EXT_THREAD_START] = {RH_RAW_THREAD_START, RH_EVENT_THREAD_START, RELEASED, true,
                                   true},
    [RH_SPOOL_EXT_THREAD_END] = {RH_RAW_THREAD_END, RH_EVENT_THREAD_END, RELEASED, true, true},
    [RH_SPOOL_EXT_TOUCHED] = {RH_RAW_PLAIN, 0, RELEASED, true, true},
    [RH_SPOOL_EXT_RESIDENT] = {RH_RAW_RESIDENT, RH_EVENT_RESIDENT, RELEASED, true, true},
};

enum { EXTENDED_COUNT = sizeof(extended_meanings) / sizeof(extended_meanings[0]) };

/* A cursor over a frame's bytes that cannot run over its end. */
struct cursor {
    const uint8_t *next;
    const uint8_t *end;
    bool is_short; /* something was wanted beyond the end */
};

/* The next `bytes` (at most 8) as a little-endian number. */
static inline uint64_t take(struct cursor *cursor, unsigned bytes) {
    uint64_t value = 0;
    if ((size_t)(cursor->end - cursor->next) >= 8) {
        memcpy(&value, cursor->next, 8);
        value &= UINT64_MAX >> (64 - 8 * bytes);
    } else if ((size_t)(cursor->end - cursor->next) >= bytes) {
        memcpy(&value, cursor->next, bytes);
    } else {
        cursor->is_short = true;
        return 0;
    }
    cursor->next += bytes;
    return value;
}

/* The part of a record that all have. */
struct record {
    struct meaning meaning;
    bool sets_touched;
    uint8_t argument;
    uint64_t stamp;
    uint64_t address;
    uint64_t size;
};

static bool find_meaning(struct cursor *cursor, unsigned op, struct record *record) {
    if (op != RH_SPOOL_EXTENDED) {
        record->meaning = op_meanings[op];
        return record->meaning.is_known;
    }
    unsigned kind = (unsigned)take(cursor, 1);
    record->argument = (uint8_t)take(cursor, 1);
    if (kind >= EXTENDED_COUNT)
        return false;
    record->meaning = extended_meanings[kind];
    record->sets_touched = kind == RH_SPOOL_EXT_TOUCHED;
    return record->meaning.is_known && (record->argument == 0 || record->meaning.has_argument);
}

static unsigned size_log2(unsigned head) {
    return head >> RH_SPOOL_SIZE_SHIFT & 3;
}

/* Time that has passed before the next record. */
static bool take_pause(struct rh_stream *stream, struct cursor *cursor, unsigned head) {
    uint64_t units = take(cursor, 1u << size_log2(head));
    if (cursor->is_short || units > (UINT64_MAX - stream->stamp) >> RH_SPOOL_TIME_BITS)
        return false;
    stream->stamp += units << RH_SPOOL_TIME_BITS;
    return true;
}

static bool take_record(struct rh_stream *stream, struct cursor *cursor, unsigned head,
                        struct record *record) {
    record->stamp = stream->stamp + take(cursor, 1);
    record->argument = 0;
    record->sets_touched = false;
    if (!find_meaning(cursor, head >> RH_SPOOL_OP_SHIFT, record))
        return false;

    uint64_t *last = &stream->place[record->meaning.sort];
    unsigned bytes = head & RH_SPOOL_FAR ? 8 : 1 + (head & 3);
    uint64_t kept = bytes < 8 ? *last >> 8 * bytes << 8 * bytes : 0;
    uint64_t place = kept | take(cursor, bytes);
    record->address = rh_spool_address(place);
    record->size = record->meaning.has_size ? take(cursor, 1u << size_log2(head)) : 0;
    if (cursor->is_short || record->stamp < stream->stamp)
        return false;
    stream->stamp = record->stamp;
    *last = place;
    return true;
}

/* The acquiring half of a realloc. */
static bool take_acquisition(struct rh_stream *stream, struct cursor *cursor,
                             struct rh_raw_event *event) {
    unsigned head = (unsigned)take(cursor, 1);
    uint64_t time = take(cursor, 1u << (head & 3));
    uint64_t distance = (uint64_t)rh_spool_unzigzag(take(cursor, 1 + (head >> 2 & 7)));
    if (!(head & 1 << 5))
        distance *= 8;
    if (cursor->is_short || time > UINT64_MAX - stream->stamp)
        return false;
    stream->stamp += time;
    event->acquired_stamp = stream->stamp;
    event->new_address = event->address + distance;
    stream->place[ACQUIRED] = rh_spool_place(event->new_address);
    return event->new_address != 0;
}

/* Values that no recorder writes. */
static bool is_plausible(const struct rh_raw_event *event) {
    bool has_address = event->raw <= RH_RAW_USABLE;
    bool acquires = event->raw == RH_RAW_ACQUIRE || event->raw == RH_RAW_REALLOC;
    return (!has_address || event->address != 0 || event->raw == RH_RAW_USABLE) &&
           (!acquires || event->size <= RH_TRACE_SIZE_MAX_BYTES) && event->align_log2 <= 63 &&
           (event->raw != RH_RAW_RESIDENT || event->touched_pages != RH_NO_TOUCHED);
}

/* What is known of the pages of a released block comes in a record of its own before it. */
static uint32_t take_touched(struct rh_stream *stream, const struct record *record) {
    uint32_t given =
        record->size < RH_NO_TOUCHED ? (uint32_t)record->size : (uint32_t)RH_NO_TOUCHED;
    uint32_t pages = record->meaning.raw == RH_RAW_RESIDENT ? given : stream->touched_pages;
    stream->touched_pages = record->sets_touched ? given : RH_NO_TOUCHED;
    return pages;
}

static bool take_event(struct rh_stream *stream, struct cursor *cursor, struct rh_raw_event *event,
                       bool *ret_is_event) {
    struct record record;
    unsigned head = (unsigned)take(cursor, 1);
    if ((head & RH_SPOOL_PAUSE_MASK) == RH_SPOOL_PAUSE)
        return take_pause(stream, cursor, head);
    if (!take_record(stream, cursor, head, &record))
        return false;
    *ret_is_event = !record.sets_touched;
    *event = (struct rh_raw_event){
        .stamp = record.stamp,
        .address = record.address,
        .size = record.size,
        .parent = (uint32_t)record.size,
        .touched_pages = take_touched(stream, &record),
        .raw = record.meaning.raw,
        .kind = record.meaning.kind,
        .align_log2 = record.argument,
    };
    if (event->raw == RH_RAW_REALLOC && !take_acquisition(stream, cursor, event))
        return false;
    return is_plausible(event);
}

/* ---- frames ---- */

void rh_stream_init(struct rh_stream *stream, const struct rh_frame_ref *frames, size_t count) {
    *stream =
        (struct rh_stream){.frames = frames, .frames_count = count, .touched_pages = RH_NO_TOUCHED};
}

static bool open_next_frame(struct rh_stream *stream) {
    if (stream->next_frame == stream->frames_count)
        return false;
    const struct rh_frame_ref *frame = &stream->frames[stream->next_frame];
    uint32_t expected =
        stream->next_frame == 0 ? 0 : stream->frames[stream->next_frame - 1].sequence + 1;
    if (frame->sequence != expected)
        stream->torn_count++;
    if (frame->is_torn)
        stream->torn_count++;
    stream->next_frame++;
    stream->next = frame->records;
    stream->end = frame->records + frame->bytes;
    if (frame->base_stamp > stream->stamp)
        stream->stamp = frame->base_stamp;
    stream->touched_pages = RH_NO_TOUCHED;
    stream->place[ACQUIRED] = 0;
    stream->place[RELEASED] = 0;
    return true;
}

bool rh_stream_next(struct rh_stream *stream, struct rh_raw_event *ret_event) {
    for (;;) {
        if (stream->next == stream->end) {
            if (!open_next_frame(stream))
                return false;
            continue;
        }
        struct cursor cursor = {.next = stream->next, .end = stream->end};
        bool is_event = false;
        if (!take_event(stream, &cursor, ret_event, &is_event)) {
            if (!stream->frames[stream->next_frame - 1].is_torn)
                stream->torn_count++;
            stream->next = stream->end;
            continue;
        }
        stream->next = cursor.next;
        if (is_event)
            return true;
    }
}
