/* decode.h - blocks of columns to events, some thousand at a time. */
#ifndef RH_TRACE_DECODE_H
#define RH_TRACE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/event.h"
#include "trace/format.h"

struct rh_decoder;

int rh_decoder_create(struct rh_error *error, struct rh_decoder **ret_decoder);
/* Accepts NULL. */
void rh_decoder_destroy(struct rh_decoder *decoder);

/* Reads the fixed part of a block from RH_FORMAT_BLOCK_HEADER_BYTES bytes, and checks that its
 * numbers are possible, so that payload_bytes bounds what to read. The checksum is not checked. */
int rh_block_header_read(const uint8_t *bytes, struct rh_error *error,
                         struct rh_block_header *ret_header);

/* Holds a whole block (header and payload) against its checksum. */
int rh_block_check(const uint8_t *block, const struct rh_block_header *header,
                   struct rh_error *error);

/* Takes a whole block (header and payload): checksum, columns, counts. The bytes are not needed
 * after. Nothing is handed out before this succeeded. */
int rh_decoder_begin(struct rh_decoder *decoder, const uint8_t *block,
                     const struct rh_block_header *header, struct rh_error *error);

/* The next events of the block, at most `limit`; each is checked before it is handed out: a kind
 * that exists, ids and threads in range, members that the kind has no use for as event.h says.
 * *ret_count 0: the end of the block. */
int rh_decoder_next(struct rh_decoder *decoder, struct rh_event *events, size_t limit,
                    struct rh_error *error, size_t *ret_count);

/* What the next block's header must say, once this one was read to its end. */
struct rh_block_header rh_decoder_end_state(const struct rh_decoder *decoder);

#endif
