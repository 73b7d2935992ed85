/* format.h - the layout of a .rht file in numbers: private to the writer and the reader.
 *
 * docs/trace-format.md says what they mean. All numbers are little-endian. */
#ifndef RH_TRACE_FORMAT_H
#define RH_TRACE_FORMAT_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "trace/trace.h"

/* As PNG's: survives no text-mode transfer unseen. */
#define RH_FORMAT_MAGIC         "\x89RHT\r\n\x1a\n"
#define RH_FORMAT_TRAILER_MAGIC "RHTEND\r\n"
#define RH_FORMAT_BLOCK_MAGIC   0x42544852u /* "RHTB" */

enum {
    /* magic 8, version u32, zero u32, XXH64 of the 16 bytes before */
    RH_FORMAT_HEADER_BYTES = 24,
    RH_FORMAT_TRAILER_BYTES = 96,
    RH_FORMAT_INDEX_ENTRY_BYTES = 24,
    RH_FORMAT_BLOCK_HEADER_BYTES = 64,
    RH_FORMAT_COLUMN_ENTRY_BYTES = 12,
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    RH_FORMAT_BLOCK_EVENTS = 512, /* libFuzzer runs more inputs where each takes less memory */
#else
    RH_FORMAT_BLOCK_EVENTS = 65536,
#endif
    RH_FORMAT_META_MAX_BYTES = 16 << 20,
    RH_FORMAT_SUMMARY_WORDS = RH_EVENT_KINDS + 11,
    RH_FORMAT_SUMMARY_RESIDENT = 1 + RH_EVENT_RESIDENT, /* the word that version 1 does not have */
};

/* Words of the summary in a file. */
static inline size_t rh_summary_words(uint32_t version) {
    return version == 1 ? RH_FORMAT_SUMMARY_WORDS - 1 : RH_FORMAT_SUMMARY_WORDS;
}

/* What a stored value of 255 in a narrow column means: the rest stands in the column beside it. */
enum { RH_FORMAT_ESCAPE = 255 };

/* References to a released object, smallest first. */
enum rh_format_reference {
    RH_REFERENCE_NONE = 0,
    RH_REFERENCE_NEAR = 1,   /* the value-th latest acquisition of this thread in this block */
    RH_REFERENCE_STRIDE = 2, /* the thread's last stride or far reference, plus a signed byte */
    RH_REFERENCE_FAR = 3,    /* distance back in acquisitions, in the column FAR */
};

enum {
    RH_FORMAT_NEAR_MAX = 32,   /* near values are smaller */
    RH_FORMAT_STRIDE_MAX = 64, /* strides lie in [-64, 64) */
};

/* The mode byte of a template: a reference in the low two bits, and this. */
enum { RH_TEMPLATE_REFERENCE_MASK = 3, RH_TEMPLATE_TOUCHED = 4 };

/* X(NAME, id, bytes an element, most elements an event) */
#define RH_FORMAT_COLUMN_MAP(X)                                                                    \
    X(THREADS, 0, 4, 1)     /* ids of the block's threads, in order of appearance */               \
    X(THREAD_LOW, 1, 1, 1)  /* per event: index into THREADS; absent for one thread */             \
    X(THREAD_HIGH, 2, 1, 1) /* its high byte; absent for at most 256 threads */                    \
    X(TEMPLATES, 3, 13, 1)  /* planes: kind, align, flags, mode, value, eight of the size */       \
    X(TOKEN, 4, 1, 1)       /* per event, thread after thread: index into TEMPLATES or 255 */      \
    X(TOKEN_MORE, 5, 2, 1)  /* two planes: index - 255 */                                          \
    X(TIME, 6, 1, 1)        /* per event: quanta since the event before, or 255 */                 \
    X(TIME_MORE, 7, 3, 1)   /* three planes: quanta - 255, or 0xffffff */                          \
    X(TIME_WIDE, 8, 8, 1)   /* quanta, eight bytes each */                                         \
    X(FAR, 9, 4, 1)         /* four planes: distance, or 0xffffffff */                             \
    X(FAR_WIDE, 10, 8, 1)   /* distance, eight bytes each */                                       \
    X(TOUCHED, 11, 4, 1)    /* four planes: resident pages at release */                           \
    X(PARENT, 12, 4, 1)     /* creating thread of a THREAD_START */

enum rh_format_column {
#define X(name, id, bytes, elements) RH_COLUMN_##name = id,
    RH_FORMAT_COLUMN_MAP(X)
#undef X
        RH_COLUMNS = 13
};

/* Bytes of one element of a column. */
static const uint8_t rh_format_column_bytes[RH_COLUMNS] = {
#define X(name, id, bytes, elements) [id] = (bytes),
    RH_FORMAT_COLUMN_MAP(X)
#undef X
};

enum rh_format_codec { RH_CODEC_PLAIN = 0, RH_CODEC_ZSTD = 1 };

/* The most that a block can take: every column full and stored plain. */
enum {
    RH_FORMAT_EVENT_MAX_BYTES = 4 + 1 + 1 + 13 + 1 + 2 + 1 + 3 + 8 + 4 + 8 + 4 + 4,
    RH_FORMAT_BLOCK_MAX_BYTES = RH_FORMAT_BLOCK_HEADER_BYTES +
                                RH_COLUMNS * RH_FORMAT_COLUMN_ENTRY_BYTES +
                                RH_FORMAT_BLOCK_EVENTS * RH_FORMAT_EVENT_MAX_BYTES,
};

/* Times stay within 2^62 ns and a block's quantum within 2^36, so that sums over a block cannot
 * wrap; likewise the number of events. */
#define RH_FORMAT_TIME_MAX_NS    (UINT64_C(1) << 62)
#define RH_FORMAT_QUANTUM_MAX_NS (UINT64_C(1) << 36)
#define RH_FORMAT_EVENTS_MAX     (UINT64_C(1) << 56)

/* The fixed part of a block. */
struct rh_block_header {
    uint32_t payload_bytes;  /* what follows the 64 bytes */
    uint64_t checksum;       /* XXH64 of all that follows this number, to the end of the block */
    uint64_t first_event;    /* index of its first event in the trace */
    uint64_t first_acquired; /* objects acquired before it */
    uint64_t base_time_ns;   /* time of the last event before it; 0 for the first block */
    uint64_t quantum_ns;     /* times are multiples of it, from base_time_ns; 0: none differs */
    uint32_t events;
    uint32_t first_thread; /* threads started before it */
    uint32_t templates;
    uint32_t columns;
};

/* The summary as numbers in file order (that of struct rh_trace_summary), and back. */
void rh_summary_to_words(const struct rh_trace_summary *summary,
                         uint64_t ret_words[RH_FORMAT_SUMMARY_WORDS]);
void rh_summary_from_words(const uint64_t words[RH_FORMAT_SUMMARY_WORDS],
                           struct rh_trace_summary *ret_summary);

static inline uint32_t rh_get_u32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return le32toh(value);
}

static inline uint64_t rh_get_u64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return le64toh(value);
}

static inline void rh_put_u32(uint8_t *bytes, uint32_t value) {
    value = htole32(value);
    memcpy(bytes, &value, sizeof(value));
}

static inline void rh_put_u64(uint8_t *bytes, uint64_t value) {
    value = htole64(value);
    memcpy(bytes, &value, sizeof(value));
}

#endif
