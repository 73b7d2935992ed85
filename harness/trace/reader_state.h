/* reader_state.h - what the parts of the reader share: private to reader*.c. */
#ifndef RH_TRACE_READER_STATE_H
#define RH_TRACE_READER_STATE_H

#include "trace/decode.h"
#include "trace/format.h"
#include "trace/trace.h"

enum {
    /* Events handed out at once: what fits into a second-level cache with room to spare. */
    CHUNK_EVENTS = 4096,
};

/* A part of the end of the file. */
struct rh_trace_part {
    uint64_t offset, bytes, checksum;
};

struct rh_trace_reader {
    char *path;
    int fd;
    uint64_t file_bytes;
    uint32_t version;
    struct rh_trace_part index, metadata, numbers;
    struct rh_trace_meta meta;
    bool meta_loaded;
    struct rh_trace_summary summary;
    struct rh_decoder *decoder;
    uint8_t *block;
    size_t block_capacity;
    uint64_t offset;       /* of the next block */
    uint64_t blocks;       /* that were begun */
    uint64_t block_offset; /* of the newest */
    /* What the next block's header must say. */
    struct rh_block_header expected;
    bool in_block;
    bool damaged;     /* the index is not asked, and the summary may be missing */
    bool sought;      /* the next block need not continue the one before */
    uint64_t skip;    /* events of the block to leave out, */
    uint64_t from_ns; /* and those before this time */
    int failed;
    struct rh_event events[CHUNK_EVENTS];
};

/* Exactly `bytes` at `offset`; a file that ends before is damaged. */
int rh_reader_read(const struct rh_trace_reader *reader, uint64_t offset, void *buffer,
                   size_t bytes, struct rh_error *error);
/* Opens a file whose blocks may be sound though its end is not. */
int rh_reader_open_damaged(const char *path, struct rh_error *error,
                           struct rh_trace_reader **ret_reader);
/* Behind a sentence about damage: a trace whose header is sound may still be repaired. */
void rh_reader_say_what_to_do(const struct rh_trace_reader *reader, struct rh_error *error);
/* Stands before the first block. */
void rh_reader_start(struct rh_trace_reader *reader);

#endif
