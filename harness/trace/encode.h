/* encode.h - events to blocks of columns. The choice of encodings is argued in
 * docs/adr/0030-trace-columns.md. */
#ifndef RH_TRACE_ENCODE_H
#define RH_TRACE_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/event.h"

struct rh_encoder;

int rh_encoder_create(struct rh_error *error, struct rh_encoder **ret_encoder);
/* Accepts NULL. */
void rh_encoder_destroy(struct rh_encoder *encoder);

/* Encodes the next 1 to RH_FORMAT_BLOCK_EVENTS events of the trace, which obey the rules.
 * *ret_bytes is good until the next call. After a failure the encoder is only good for destroy. */
int rh_encoder_block(struct rh_encoder *encoder, const struct rh_event *events, size_t count,
                     struct rh_error *error, const uint8_t **ret_bytes, size_t *ret_count);

#endif
