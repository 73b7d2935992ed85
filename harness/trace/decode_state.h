/* decode_state.h - what the parts of the decoder share: private to decode*.c. */
#ifndef RH_TRACE_DECODE_STATE_H
#define RH_TRACE_DECODE_STATE_H

#include <zstd.h>

#include "trace/decode.h"

/* A template ready for copying. */
struct template {
    struct rh_event event; /* with thread, time and ids to be filled in */
    uint8_t reference;     /* enum rh_format_reference */
    int8_t value;
    bool acquires;
    bool touched;
    bool starts_thread;
};

/* A thread's state within the block. */
struct lane {
    uint32_t thread;
    uint32_t next_token;
    uint32_t births_first; /* its part of `births` */
    uint32_t births;
    uint64_t anchor;
};

/* A decompressed column; `at` counts elements that were used. */
struct column {
    uint8_t *data;
    size_t rows;
    size_t at;
};

struct rh_decoder {
    ZSTD_DCtx *zstd;
    struct rh_block_header header;
    struct column columns[RH_COLUMNS];
    size_t lanes_count;
    size_t lanes_capacity;
    struct lane *lanes;
    size_t templates_capacity;
    struct template *templates;
    /* The state after the events that were handed out. */
    size_t position; /* in the block */
    uint64_t time_ns;
    uint64_t acquired;
    uint64_t threads;
    uint16_t tokens[RH_FORMAT_BLOCK_EVENTS];
    uint32_t births[RH_FORMAT_BLOCK_EVENTS]; /* objects acquired by a lane, from first_acquired */
};

/* Number `row` of a column of planes. */
static inline uint64_t rh_decode_gather(const uint8_t *planes, size_t rows, size_t row,
                                        size_t width) {
    uint64_t value = 0;
    for (size_t byte = 0; byte < width; byte++)
        value |= (uint64_t)planes[rows * byte + row] << (8 * byte);
    return value;
}

/* The lane of event `i`; absent columns are NULL. */
static inline size_t rh_decode_lane_at(const uint8_t *low, const uint8_t *high, size_t i) {
    return (low != NULL ? low[i] : 0u) | (high != NULL ? (size_t)high[i] << 8 : 0u);
}

/* A column, or NULL if it is absent. */
static inline const uint8_t *rh_decode_column(const struct rh_decoder *decoder,
                                              enum rh_format_column id) {
    return decoder->columns[id].rows != 0 ? decoder->columns[id].data : NULL;
}

/* decode_columns.c: unpacks the columns of a block, and checks all of them that can be checked
 * without playing the events. */
int rh_decode_columns(struct rh_decoder *decoder, const uint8_t *block, struct rh_error *error);

#endif
