/* quick.h - malloc, calloc and free as nearly every call of theirs is.
 *
 * Reading the clock keeps the processor busy for longer than all the rest, and what is beside it is
 * free as long as it is short. So what is rare goes to functions that are called last: nothing has
 * to be saved for their sake. */
#ifndef RH_RECORD_PRELOAD_QUICK_H
#define RH_RECORD_PRELOAD_QUICK_H

#include "record/preload/writer.h"

/* As rh_writer_enter, but NULL also where that would give a writer yet, or the clock is not the
 * processor's. */
RH_INLINE struct rh_writer *rh_quick_enter(void) {
    struct rh_writer *writer = rh_writer_own();
    if (rh_unlikely(writer->state != RH_WRITER_READY))
        return NULL;
    writer->state = RH_WRITER_INSIDE;
    atomic_signal_fence(memory_order_seq_cst);
    return writer;
}

/* The stamp of now, if a record can say it. */
RH_INLINE bool rh_quick_stamp(const struct rh_writer *writer, uint64_t *ret_stamp) {
    *ret_stamp = rh_tsc() >> RH_SPOOL_STAMP_SHIFT;
    return rh_likely(*ret_stamp - writer->stamp <= RH_SPOOL_TIME_MOST);
}

/* As rh_writer_leave; false: the frame is full, and rh_writer_leave_full must follow. */
RH_INLINE bool rh_quick_leave(struct rh_writer *writer, uint8_t *cursor) {
    rh_assert_hot(cursor <= (uint8_t *)writer->frame + RH_SPOOL_SLOT_BYTES - 8);
    rh_writer_publish(writer, cursor);
    if (rh_unlikely(cursor > writer->limit))
        return false;
    atomic_signal_fence(memory_order_seq_cst);
    writer->state = RH_WRITER_READY;
    return true;
}

/* What a call of malloc or calloc has given, NULL also; returns `pointer`. */
RH_INLINE void *rh_quick_acquired(struct rh_writer *writer, unsigned op, void *pointer,
                                  size_t size) {
    const struct rh_shape shape = {(uint8_t)op, 0, true, RH_WRITER_ACQUIRED};
    uint64_t stamp = 0;
    _Static_assert(RH_SPOOL_LARGE_BYTES == 0x10000, "a size that is not large has 1 or 2 bytes");
    if (rh_unlikely(pointer == NULL) || rh_unlikely(size >= RH_SPOOL_LARGE_BYTES) ||
        !rh_quick_stamp(writer, &stamp))
        return rh_record_result(writer, op, pointer, size);
    unsigned is_long = size > 0xff;
    uint8_t *cursor = rh_put_fields(writer, writer->cursor, shape, 0, stamp, (uintptr_t)pointer,
                                    size, is_long, 1 + is_long);
    return rh_quick_leave(writer, cursor) ? pointer : rh_writer_leave_full(writer, pointer);
}

enum rh_quick_end {
    RH_QUICK_DONE,
    RH_QUICK_FULL,  /* rh_writer_leave_full must follow */
    RH_QUICK_OTHER, /* nothing was recorded: rh_record_free_any must follow */
};

/* A free that is about to be called. */
RH_INLINE enum rh_quick_end rh_quick_free(struct rh_writer *writer, const void *pointer) {
    const struct rh_shape shape = {RH_SPOOL_FREE, 0, false, RH_WRITER_RELEASED};
    uint64_t stamp = 0;
    if (rh_unlikely(pointer == NULL) || rh_unlikely(rh_large_may_be(pointer)) ||
        !rh_quick_stamp(writer, &stamp))
        return RH_QUICK_OTHER;
    uint8_t *cursor =
        rh_put_fields(writer, writer->cursor, shape, 0, stamp, (uintptr_t)pointer, 0, 0, 0);
    return rh_quick_leave(writer, cursor) ? RH_QUICK_DONE : RH_QUICK_FULL;
}

#endif
