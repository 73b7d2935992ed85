/* record.c - the records that are not on the fastest path. */
#include "record/preload/residency.h"
#include "record/preload/writer.h"

/* log2, rounded up as memalign does; 0 and 1 ask for nothing. No event has more than 63, and what
 * asks for more fails anyway. */
static unsigned log2_up(size_t alignment) {
    unsigned log2 = alignment > 1 ? 64u - (unsigned)__builtin_clzll(alignment - 1) : 0;
    return log2 < 63 ? log2 : 63;
}

uint8_t *rh_put_pause(struct rh_writer *writer, uint8_t *cursor, uint64_t stamp) {
    if (stamp < writer->stamp)
        return cursor;
    uint64_t units = (stamp - writer->stamp) >> RH_SPOOL_TIME_BITS;
    unsigned length_log2 = rh_size_length_log2(units);
    *cursor++ = (uint8_t)(RH_SPOOL_PAUSE | length_log2 << RH_SPOOL_SIZE_SHIFT);
    rh_put64(cursor, units);
    writer->stamp += units << RH_SPOOL_TIME_BITS;
    return cursor + (1u << length_log2);
}

/* Distances of a realloc's addresses may be long. */
static unsigned top_byte(uint64_t number) {
    return (63u - (unsigned)__builtin_clzll(number | 1)) >> 3;
}

/* An extended record without an address. */
static void record_plain(struct rh_writer *writer, struct rh_shape shape, unsigned argument,
                         uint64_t size) {
    uint64_t same = rh_writer_last(writer, RH_WRITER_RELEASED);
    rh_writer_leave(writer,
                    rh_put_record(writer, writer->cursor, shape, argument, rh_stamp(), same, size));
}

void rh_record_free_null(struct rh_writer *writer) {
    const struct rh_shape shape = {RH_SPOOL_EXTENDED, RH_SPOOL_EXT_FREE_NULL, false,
                                   RH_WRITER_RELEASED};
    record_plain(writer, shape, 0, 0);
}

void rh_record_failed(struct rh_writer *writer, size_t alignment, size_t size) {
    const struct rh_shape shape = {RH_SPOOL_EXTENDED, RH_SPOOL_EXT_FAILED, true,
                                   RH_WRITER_RELEASED};
    record_plain(writer, shape, log2_up(alignment), size);
}

void *rh_record_result(struct rh_writer *writer, unsigned op, void *pointer, size_t size) {
    if (pointer != NULL)
        rh_record_acquired(writer, op, pointer, size);
    else
        rh_record_failed(writer, 0, size);
    return pointer;
}

void rh_record_free_any(struct rh_writer *writer, void *pointer) {
    if (pointer != NULL)
        rh_record_free(writer, pointer);
    else
        rh_record_free_null(writer);
}

void rh_record_free_sized(struct rh_writer *writer, void *pointer, size_t size) {
    if (pointer == NULL) {
        rh_record_free_null(writer);
        return;
    }
    const struct rh_shape shape = {RH_SPOOL_FREE_SIZED, 0, true, RH_WRITER_RELEASED};
    uint8_t *cursor = rh_before_release(writer, pointer);
    rh_writer_leave(writer,
                    rh_put_record(writer, cursor, shape, 0, rh_stamp(), (uintptr_t)pointer, size));
}

void rh_record_aligned(struct rh_writer *writer, uint8_t extended, void *pointer, size_t alignment,
                       size_t size) {
    struct rh_shape shape = {RH_SPOOL_EXTENDED, extended, true, RH_WRITER_ACQUIRED};
    rh_after_acquisition(pointer, size);
    rh_writer_leave(writer, rh_put_record(writer, writer->cursor, shape, log2_up(alignment),
                                          rh_stamp(), (uintptr_t)pointer, size));
}

void rh_record_usable(struct rh_writer *writer, void *pointer) {
    const struct rh_shape shape = {RH_SPOOL_EXTENDED, RH_SPOOL_EXT_USABLE, false,
                                   RH_WRITER_RELEASED};
    rh_writer_leave(
        writer, rh_put_record(writer, writer->cursor, shape, 0, rh_stamp(), (uintptr_t)pointer, 0));
}

/* The acquiring half of a realloc: time since the release, distance from the old address. */
static uint8_t *put_acquisition(uint8_t *cursor, uint64_t time, int64_t distance) {
    unsigned exact = ((uint64_t)distance & 7) != 0;
    uint64_t zigzag = rh_spool_zigzag(exact ? distance : distance >> 3);
    unsigned time_log2 = rh_size_length_log2(time);
    unsigned address_top = top_byte(zigzag);
    *cursor++ = (uint8_t)(time_log2 | address_top << 2 | exact << 5);
    rh_put64(cursor, time);
    cursor += 1u << time_log2;
    rh_put64(cursor, zigzag);
    return cursor + address_top + 1;
}

uint8_t *rh_put_realloc(struct rh_writer *writer, uint8_t *cursor,
                        const struct rh_realloc_record *record) {
    const struct rh_shape shape = {RH_SPOOL_REALLOC, 0, true, RH_WRITER_RELEASED};
    cursor = rh_put_record(writer, cursor, shape, 0, record->before, record->old, record->size);
    uint64_t time = record->after > writer->stamp ? record->after - writer->stamp : 0;
    cursor = put_acquisition(cursor, time, (int64_t)(record->pointer - record->old));
    writer->stamp += time;
    writer->place[RH_WRITER_ACQUIRED] = rh_spool_place(record->pointer);
    return cursor;
}

/* ---- resident pages ---- */

static uint8_t *put_pages(struct rh_writer *writer, uint8_t *cursor, uint32_t pages) {
    const struct rh_shape shape = {RH_SPOOL_EXTENDED, RH_SPOOL_EXT_TOUCHED, true,
                                   RH_WRITER_RELEASED};
    uint64_t same = rh_writer_last(writer, RH_WRITER_RELEASED);
    if (pages == RH_PAGES_UNKNOWN)
        return cursor;
    return rh_put_record(writer, cursor, shape, 0, writer->stamp, same, pages);
}

uint8_t *rh_put_touched(struct rh_writer *writer, uint8_t *cursor, const void *pointer) {
    size_t bytes = rh_large_take(pointer);
    if (bytes == 0)
        return cursor;
    return put_pages(writer, cursor, rh_residency_look(writer, pointer, bytes));
}

void rh_record_resident(struct rh_writer *writer, const void *pointer, uint32_t pages) {
    const struct rh_shape shape = {RH_SPOOL_EXTENDED, RH_SPOOL_EXT_RESIDENT, true,
                                   RH_WRITER_RELEASED};
    rh_writer_leave(writer, rh_put_record(writer, writer->cursor, shape, 0, rh_stamp(),
                                          (uintptr_t)pointer, pages));
}

/* ---- realloc ---- */

struct rh_realloc_start rh_record_realloc_start(struct rh_writer *writer, void *old) {
    struct rh_realloc_start start = {.pages = RH_PAGES_UNKNOWN};
    if (rh_unlikely(rh_large_may_be(old)))
        start.large_bytes = rh_large_take(old);
    if (start.large_bytes != 0)
        start.pages = rh_residency_look(writer, old, start.large_bytes);
    start.stamp = rh_stamp();
    return start;
}

void rh_record_freed(struct rh_writer *writer, const struct rh_realloc_start *start,
                     void *pointer) {
    const struct rh_shape shape = {RH_SPOOL_FREE, 0, false, RH_WRITER_RELEASED};
    uint8_t *cursor = put_pages(writer, writer->cursor, start->pages);
    rh_writer_leave(writer,
                    rh_put_record(writer, cursor, shape, 0, start->stamp, (uintptr_t)pointer, 0));
}

void rh_record_realloc(struct rh_writer *writer, const struct rh_realloc_start *start, void *old,
                       void *pointer, size_t size) {
    struct rh_realloc_record record = {
        .before = start->stamp,
        .after = rh_stamp(),
        .old = (uintptr_t)old,
        .pointer = (uintptr_t)pointer,
        .size = size,
    };
    rh_after_acquisition(pointer, size);
    uint8_t *cursor = put_pages(writer, writer->cursor, start->pages);
    rh_writer_leave(writer, rh_put_realloc(writer, cursor, &record));
}

void rh_record_realloc_failed(struct rh_writer *writer, const struct rh_realloc_start *start,
                              void *old, size_t size) {
    if (start->large_bytes != 0)
        rh_residency_note(old, start->large_bytes);
    rh_record_failed(writer, 0, size);
}
