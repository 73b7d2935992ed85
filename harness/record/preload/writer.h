/* writer.h - the fast path: a thread's writer, and records into its slot.
 *
 * A thread owns one writer, and nobody else touches it: no lock, no shared counter. The writers lie
 * in memory that the kernel wipes in a fork child, so that the child finds `state` = 0 and starts
 * its own spool, whichever call forked it. */
#ifndef RH_RECORD_PRELOAD_WRITER_H
#define RH_RECORD_PRELOAD_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "record/preload/large.h"
#include "record/spool.h"

enum rh_writer_state {
    RH_WRITER_NONE = 0, /* no writer yet, or wiped by a fork */
    RH_WRITER_READY,
    RH_WRITER_READY_SLOWLY, /* the same where the stamps are not the processor's */
    RH_WRITER_INSIDE,       /* the thread is inside a recorded call */
    RH_WRITER_STOPPED,      /* recording has ended for want of disk */
};

/* Which last address the lower bytes of a record's take the place of. */
enum rh_writer_sort { RH_WRITER_ACQUIRED, RH_WRITER_RELEASED };

struct rh_writer {
    uint32_t state; /* enum rh_writer_state */
    uint32_t thread;
    uint8_t *cursor;        /* the next record */
    uint8_t *limit;         /* beyond it there is no room for one more; NULL: see fork.c */
    uint64_t stamp;         /* of the last record */
    uint64_t place[2];      /* rh_place of the last address of each enum rh_writer_sort */
    uint64_t progress_bias; /* progress = cursor + progress_bias */
    struct rh_spool_frame *frame;
    /* Cold. */
    uint32_t sequence;
    struct rh_writer *next_free;
    void *(*start)(void *); /* a thread that is about to start: what it runs */
    void *start_argument;
    int32_t tid;           /* of the thread that has it */
    uint64_t since_stamp;  /* when it became the thread's, */
    uint64_t look_stamps;  /* and how long it has looked at pages since */
    uint64_t nested_count; /* calls that came while it was INSIDE */
    uint64_t new_bytes;    /* what operator new of an allocator with one of its own was asked */
    uint64_t new_alignment;
    bool new_is_under_way;
} __attribute__((aligned(128)));

/* What a thread has before it has a writer of its own. Never written to. */
extern struct rh_writer rh_no_writer __attribute__((visibility("hidden")));
/* Of the thread's writer from that one. 0 is none: the first thread's storage holds zeros, and not
 * yet what it is to begin with, when a function that chooses another (ifunc) calls malloc. */
extern __thread uintptr_t rh_writer_distance
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

RH_INLINE struct rh_writer *rh_writer_own(void) {
    return (struct rh_writer *)((uintptr_t)&rh_no_writer + rh_writer_distance);
}

RH_INLINE void rh_writer_make_own(const struct rh_writer *writer) {
    rh_writer_distance = (uintptr_t)writer - (uintptr_t)&rh_no_writer;
}

extern uint32_t rh_clock __attribute__((visibility("hidden"))); /* enum rh_spool_clock */

/* The slow way in: attaches the thread, or counts the call as one that is not recorded. The
 * writer, now INSIDE, or NULL. Keeps errno. */
struct rh_writer *rh_writer_enter_slow(struct rh_writer *writer);
/* Appends the full frame to .full and empties the slot. False: the writer is the thread's no more,
 * or recording has stopped. Keeps errno. */
bool rh_writer_flush(struct rh_writer *writer);
/* Flushes and leaves; returns `pointer`. */
__attribute__((noinline, cold)) void *rh_writer_leave_full(struct rh_writer *writer, void *pointer);

RH_INLINE enum rh_writer_state rh_writer_ready(void) {
    return rh_likely(rh_clock == RH_SPOOL_CLOCK_TSC) ? RH_WRITER_READY : RH_WRITER_READY_SLOWLY;
}

RH_INLINE uint64_t rh_stamp(void) {
    uint64_t ticks = rh_likely(rh_clock == RH_SPOOL_CLOCK_TSC) ? rh_tsc() : rh_now_ns();
    return ticks >> RH_SPOOL_STAMP_SHIFT;
}

/* The writer if this call is to be recorded: then rh_writer_leave must follow. */
RH_INLINE struct rh_writer *rh_writer_enter(void) {
    struct rh_writer *writer = rh_writer_own();
    if (rh_unlikely(writer->state != RH_WRITER_READY))
        return rh_writer_enter_slow(writer);
    writer->state = RH_WRITER_INSIDE;
    atomic_signal_fence(memory_order_seq_cst);
    return writer;
}

/* Publishes the records up to `cursor`. */
RH_INLINE void rh_writer_publish(struct rh_writer *writer, uint8_t *cursor) {
    writer->cursor = cursor;
    atomic_store_explicit(&writer->frame->progress, (uintptr_t)cursor + writer->progress_bias,
                          memory_order_release);
}

RH_INLINE void rh_writer_leave(struct rh_writer *writer, uint8_t *cursor) {
    rh_assert_hot(cursor <= (uint8_t *)writer->frame + RH_SPOOL_SLOT_BYTES - 8);
    rh_writer_publish(writer, cursor);
    if (rh_unlikely(cursor > writer->limit) && !rh_writer_flush(writer))
        return;
    atomic_signal_fence(memory_order_seq_cst);
    writer->state = rh_writer_ready();
}

/* Unaligned stores; they may write beyond the field, what follows overwrites it. */
RH_INLINE void rh_put16(uint8_t *cursor, uint16_t value) {
    memcpy(cursor, &value, sizeof(value));
}

RH_INLINE void rh_put32(uint8_t *cursor, uint32_t value) {
    memcpy(cursor, &value, sizeof(value));
}

RH_INLINE void rh_put64(uint8_t *cursor, uint64_t value) {
    memcpy(cursor, &value, sizeof(value));
}

/* Length of a number below 2^32. Compared, not counted with bsr, which is slow on many CPUs; in
 * assembly, since compilers make twice as many instructions of it. */
RH_INLINE uint64_t rh_short_length(uint32_t number) {
    uint64_t length = 4;
    __asm__("cmp $0x100, %1\n\tsbb $0, %k0\n\tcmp $0x10000, %1\n\tsbb $0, %k0\n\tcmp $0x1000000, "
            "%1\n\tsbb $0, %k0"
            : "+&r"(length)
            : "r"(number)
            : "cc");
    return length;
}

/* log2 of the length of a size: 1, 2, 4 or 8 bytes. */
RH_INLINE unsigned rh_size_length_log2(uint64_t size) {
    return (size > 0xff) + (size > 0xffff) + (size > 0xffffffff);
}

/* The parts of a record that are constants where one is put. */
struct rh_shape {
    uint8_t op;
    uint8_t extended;
    bool has_size;
    enum rh_writer_sort sort;
};

/* The head and what comes before the address. */
RH_INLINE uint8_t *rh_put_head(uint8_t *cursor, struct rh_shape shape, unsigned argument,
                               unsigned bits, uint64_t time) {
    cursor[0] = (uint8_t)((shape.op << RH_SPOOL_OP_SHIFT) + bits); /* + is short in code */
    cursor[1] = (uint8_t)time;
    cursor += 2;
    if (shape.op == RH_SPOOL_EXTENDED) {
        rh_put16(cursor, (uint16_t)(shape.extended | argument << 8));
        cursor += 2;
    }
    return cursor;
}

/* Time has moved on further than a record can say: puts a pause, so that writer->stamp is near
 * enough. Nothing where `stamp` is before it, as a signal handler's calls have come between. */
__attribute__((noinline, cold)) uint8_t *rh_put_pause(struct rh_writer *writer, uint8_t *cursor,
                                                      uint64_t stamp);

/* The last address of a sort. */
RH_INLINE uint64_t rh_writer_last(const struct rh_writer *writer, enum rh_writer_sort sort) {
    return rh_spool_address(writer->place[sort]);
}

/* One record behind `cursor`, whose time fits; returns the end of it. `size_bytes`: 1 <<
 * `size_log2`, which a caller may know a shorter way to. */
RH_INLINE uint8_t *rh_put_fields(struct rh_writer *writer, uint8_t *cursor, struct rh_shape shape,
                                 unsigned argument, uint64_t stamp, uint64_t address, uint64_t size,
                                 unsigned size_log2, unsigned size_bytes) {
    uint64_t time = stamp - writer->stamp;
    uint64_t place = rh_spool_place(address);
    uint64_t changed = place ^ writer->place[shape.sort];
    unsigned size_bits = size_log2 << RH_SPOOL_SIZE_SHIFT;
    writer->stamp = stamp;
    writer->place[shape.sort] = place;

    if (rh_unlikely(changed >> 32 != 0)) {
        cursor = rh_put_head(cursor, shape, argument, RH_SPOOL_FAR + size_bits, time);
        rh_put64(cursor, place);
        cursor += 8;
    } else {
        uint64_t length = rh_short_length((uint32_t)changed);
        cursor = rh_put_head(cursor, shape, argument, (unsigned)length - 1 + size_bits, time);
        rh_put32(cursor, (uint32_t)place);
        cursor += length;
    }
    if (shape.has_size) {
        rh_put64(cursor, size);
        cursor += size_bytes;
    }
    return cursor;
}

/* One record behind `cursor`; returns the end of it. */
RH_INLINE uint8_t *rh_put_record(struct rh_writer *writer, uint8_t *cursor, struct rh_shape shape,
                                 unsigned argument, uint64_t stamp, uint64_t address,
                                 uint64_t size) {
    if (rh_unlikely(stamp - writer->stamp > RH_SPOOL_TIME_MOST)) {
        cursor = rh_put_pause(writer, cursor, stamp);
        if (stamp < writer->stamp)
            stamp = writer->stamp;
    }
    unsigned size_log2 = shape.has_size ? rh_size_length_log2(size) : 0;
    return rh_put_fields(writer, cursor, shape, argument, stamp, address, size, size_log2,
                         1u << size_log2);
}

struct rh_realloc_record {
    uint64_t before; /* stamps */
    uint64_t after;
    uint64_t old; /* addresses */
    uint64_t pointer;
    uint64_t size;
};

/* A realloc that has given memory. */
uint8_t *rh_put_realloc(struct rh_writer *writer, uint8_t *cursor,
                        const struct rh_realloc_record *record);

/* If the block is a large one: takes it out of the table and puts how many of its pages are
 * resident. Before the release. */
__attribute__((noinline, cold)) uint8_t *rh_put_touched(struct rh_writer *writer, uint8_t *cursor,
                                                        const void *pointer);

RH_INLINE uint8_t *rh_before_release(struct rh_writer *writer, const void *pointer) {
    if (rh_likely(!rh_large_may_be(pointer)))
        return writer->cursor;
    return rh_put_touched(writer, writer->cursor, pointer);
}

/* A large block that is live from now on; one that finds no place in the table counts as not looked
 * at. */
__attribute__((noinline, cold)) void rh_residency_note(const void *pointer, size_t bytes);

RH_INLINE void rh_after_acquisition(const void *pointer, size_t size) {
    if (rh_unlikely(size >= RH_SPOOL_LARGE_BYTES))
        rh_residency_note(pointer, size);
}

/* ---- what the calls record; each leaves ---- */

/* A plain acquisition that has returned. */
RH_INLINE void rh_record_acquired(struct rh_writer *writer, unsigned op, void *pointer,
                                  size_t size) {
    const struct rh_shape shape = {(uint8_t)op, 0, true, RH_WRITER_ACQUIRED};
    rh_after_acquisition(pointer, size);
    rh_writer_leave(writer, rh_put_record(writer, writer->cursor, shape, 0, rh_stamp(),
                                          (uintptr_t)pointer, size));
}

/* A free that is about to be called. */
RH_INLINE void rh_record_free(struct rh_writer *writer, void *pointer) {
    const struct rh_shape shape = {RH_SPOOL_FREE, 0, false, RH_WRITER_RELEASED};
    uint8_t *cursor = rh_before_release(writer, pointer);
    rh_writer_leave(writer,
                    rh_put_record(writer, cursor, shape, 0, rh_stamp(), (uintptr_t)pointer, 0));
}

/* The others, in record.c. */
/* What a call of malloc or calloc has given, NULL also; returns `pointer`. */
__attribute__((noinline, cold)) void *rh_record_result(struct rh_writer *writer, unsigned op,
                                                       void *pointer, size_t size);
/* A free of any pointer. */
__attribute__((noinline, cold)) void rh_record_free_any(struct rh_writer *writer, void *pointer);
void rh_record_free_null(struct rh_writer *writer);
void rh_record_free_sized(struct rh_writer *writer, void *pointer, size_t size);

/* A realloc that is about to be called: its stamp, and what is known of the old block's pages. */
struct rh_realloc_start {
    uint64_t stamp;
    size_t large_bytes; /* 0: the old block is not a large one */
    uint32_t pages;
};

struct rh_realloc_start rh_record_realloc_start(struct rh_writer *writer, void *old);
/* It has freed, for it was to 0 bytes. */
void rh_record_freed(struct rh_writer *writer, const struct rh_realloc_start *start, void *pointer);
void rh_record_realloc(struct rh_writer *writer, const struct rh_realloc_start *start, void *old,
                       void *pointer, size_t size);
/* It has failed: the old block stays. */
void rh_record_realloc_failed(struct rh_writer *writer, const struct rh_realloc_start *start,
                              void *old, size_t size);
void rh_record_aligned(struct rh_writer *writer, uint8_t extended, void *pointer, size_t alignment,
                       size_t size);
/* `alignment` 0: none was asked. */
void rh_record_failed(struct rh_writer *writer, size_t alignment, size_t size);
void rh_record_usable(struct rh_writer *writer, void *pointer);
/* At the program's end, of a block that is still live. */
void rh_record_resident(struct rh_writer *writer, const void *pointer, uint32_t pages);

#endif
