/* stream.h - the records of one thread, read back frame by frame. */
#ifndef RH_RECORD_STREAM_H
#define RH_RECORD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/spool.h"

enum rh_raw_kind {
    RH_RAW_ACQUIRE,
    RH_RAW_RELEASE,
    RH_RAW_REALLOC,
    RH_RAW_USABLE,
    RH_RAW_RESIDENT,
    RH_RAW_PLAIN, /* concerns no address: FREE_NULL, FAILED */
    RH_RAW_THREAD_START,
    RH_RAW_THREAD_END,
};

/* One record, its distances resolved. */
struct rh_raw_event {
    uint64_t stamp;          /* of a release: before it; of an acquisition: after it */
    uint64_t acquired_stamp; /* REALLOC: of the acquisition */
    uint64_t address;
    uint64_t new_address; /* REALLOC */
    uint64_t size;
    uint32_t parent;        /* THREAD_START: number within the image, or RH_SPOOL_NO_THREAD */
    uint32_t touched_pages; /* of what is released, or RESIDENT; or RH_NO_TOUCHED */
    uint8_t raw;            /* enum rh_raw_kind */
    uint8_t kind;           /* enum rh_event_kind that it becomes */
    uint8_t align_log2;
};

/* A frame's records, wherever they lie. */
struct rh_frame_ref {
    const uint8_t *records;
    uint64_t base_stamp;
    uint32_t bytes;
    uint32_t thread;
    uint32_t sequence;
    bool is_torn;                                 /* records are missing at its end */
    char thread_name[RH_SPOOL_THREAD_NAME_BYTES]; /* perhaps not terminated */
};

/* The frames are those of one thread in order; not owned. */
struct rh_stream {
    const struct rh_frame_ref *frames;
    size_t frames_count;
    size_t next_frame;
    const uint8_t *next; /* in the current frame */
    const uint8_t *end;
    uint64_t stamp;
    uint64_t place[2];
    uint32_t touched_pages; /* of the block that the next record releases */
    uint64_t torn_count;    /* frames that end in a torn or damaged record, or are missing */
};

void rh_stream_init(struct rh_stream *stream, const struct rh_frame_ref *frames, size_t count);
/* The next event; false at the end. A damaged record ends its frame, which is counted. */
bool rh_stream_next(struct rh_stream *stream, struct rh_raw_event *ret_event);

#endif
