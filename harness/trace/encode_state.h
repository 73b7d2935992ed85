/* encode_state.h - what the parts of the encoder share: private to encode*.c. */
#ifndef RH_TRACE_ENCODE_STATE_H
#define RH_TRACE_ENCODE_STATE_H

#include <zstd.h>

#include "trace/encode.h"
#include "trace/format.h"

enum {
    TEMPLATE_SLOTS = 2 * RH_FORMAT_BLOCK_EVENTS,
    TEMPLATE_PLANES = 13,
};

/* Events that differ only in thread, time and far references share a template. */
struct template {
    uint64_t size;
    uint8_t kind, align_log2, flags, mode;
    int8_t value;
};

/* A thread's state within a block. */
struct lane {
    uint32_t thread;
    uint32_t events;
    uint32_t first;    /* place of its first token */
    uint32_t acquired; /* objects so far */
    uint64_t anchor;   /* object of its last stride or far reference */
};

/* Who acquired an object of this block. */
struct birth {
    uint32_t lane;
    uint32_t ordinal; /* among the lane's acquisitions */
};

struct rh_encoder {
    ZSTD_CCtx *zstd;
    struct rh_block_header header; /* the first_... and base members are of the next block */
    uint32_t lanes_count;
    size_t lane_of_capacity;
    uint32_t *lane_of; /* per thread of the trace: lane + 1 in this block */
    size_t column_bytes[RH_COLUMNS];
    uint8_t *columns[RH_COLUMNS];
    struct lane lanes[RH_FORMAT_BLOCK_EVENTS];
    uint32_t event_lane[RH_FORMAT_BLOCK_EVENTS];
    struct birth births[RH_FORMAT_BLOCK_EVENTS];
    uint32_t event_template[RH_FORMAT_BLOCK_EVENTS];
    uint32_t tokens[RH_FORMAT_BLOCK_EVENTS];
    struct template templates[RH_FORMAT_BLOCK_EVENTS];
    uint32_t template_uses[RH_FORMAT_BLOCK_EVENTS];
    uint32_t template_rank[RH_FORMAT_BLOCK_EVENTS];
    uint32_t template_order[RH_FORMAT_BLOCK_EVENTS];
    uint32_t uses_start[RH_FORMAT_BLOCK_EVENTS + 2];
    size_t slots_mask;                       /* of the slots that this block uses */
    uint32_t template_slots[TEMPLATE_SLOTS]; /* template + 1 */
    uint8_t block[RH_FORMAT_BLOCK_MAX_BYTES];
};

static inline void rh_encode_u8(struct rh_encoder *encoder, enum rh_format_column column,
                                uint8_t value) {
    encoder->columns[column][encoder->column_bytes[column]++] = value;
}

static inline void rh_encode_u32(struct rh_encoder *encoder, enum rh_format_column column,
                                 uint32_t value) {
    rh_put_u32(encoder->columns[column] + encoder->column_bytes[column], value);
    encoder->column_bytes[column] += 4;
}

static inline void rh_encode_u64(struct rh_encoder *encoder, enum rh_format_column column,
                                 uint64_t value) {
    rh_put_u64(encoder->columns[column] + encoder->column_bytes[column], value);
    encoder->column_bytes[column] += 8;
}

/* Rows of numbers of `width` bytes become planes: all lowest bytes first. Numbers that grow
 * together have equal high bytes, which compress to nothing. `spare` holds the column. */
void rh_encode_planes(struct rh_encoder *encoder, enum rh_format_column column, size_t width,
                      uint8_t *spare);

/* encode_templates.c: fills the columns of references, touched pages, parents, templates and
 * tokens. Counts what the events add to the state of the trace in `next`. */
void rh_encode_templates(struct rh_encoder *encoder, const struct rh_event *events, size_t count,
                         struct rh_block_header *next);

#endif
