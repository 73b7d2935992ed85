/* spool_builder.h - frames with records, put by the recorder's own encoder into plain memory, so
 * that reader and merge are tested against what they will meet. */
#ifndef RH_TEST_SPOOL_BUILDER_H
#define RH_TEST_SPOOL_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "record/image.h"
#include "record/preload/writer.h"

/* One frame of one thread. */
struct rh_builder {
    struct rh_writer writer;
    uint32_t thread;
    uint32_t sequence;
    uint64_t base_stamp;
    size_t bytes; /* of records so far */
    uint8_t records[RH_SPOOL_RECORDS_BYTES + 64];
};

/* On the heap of the test; rh_builder_destroy. */
struct rh_builder *rh_builder_create(uint32_t thread, uint32_t sequence, uint64_t base_stamp);
void rh_builder_destroy(struct rh_builder *builder);

void rh_build_malloc(struct rh_builder *builder, uint64_t stamp, uint64_t address, uint64_t size);
void rh_build_free(struct rh_builder *builder, uint64_t stamp, uint64_t address);
void rh_build_realloc(struct rh_builder *builder, const struct rh_realloc_record *record);
/* `extended`: enum rh_spool_extended. */
void rh_build_extended(struct rh_builder *builder, unsigned extended, unsigned argument,
                       uint64_t stamp, uint64_t address, uint64_t size);

/* The frame as an image lists it; points into the builder. */
struct rh_frame_ref rh_builder_frame(const struct rh_builder *builder);

#endif
