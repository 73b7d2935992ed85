/* spool_builder.c - see the header. */
#include "tests/unit/record/spool_builder.h"

#include <stdlib.h>

#include "record/preload/residency.h"

/* What preload/record.c needs of the rest of the library. */
uint32_t rh_clock = RH_SPOOL_CLOCK_MONOTONIC;

bool rh_writer_flush(struct rh_writer *writer) {
    (void)writer;
    return true;
}

void rh_residency_note(const void *pointer, size_t bytes) {
    (void)pointer;
    (void)bytes;
}

uint32_t rh_residency_look(struct rh_writer *writer, const void *pointer, size_t bytes) {
    (void)writer;
    (void)pointer;
    (void)bytes;
    return RH_PAGES_UNKNOWN;
}

struct rh_builder *rh_builder_create(uint32_t thread, uint32_t sequence, uint64_t base_stamp) {
    struct rh_builder *builder = aligned_alloc(128, (sizeof(*builder) + 127) / 128 * 128);
    if (builder == NULL)
        abort();
    *builder = (struct rh_builder){.thread = thread,
                                   .sequence = sequence,
                                   .base_stamp = base_stamp,
                                   .writer = {.stamp = base_stamp}};
    return builder;
}

void rh_builder_destroy(struct rh_builder *builder) {
    free(builder);
}

static void put(struct rh_builder *builder, struct rh_shape shape, unsigned argument,
                uint64_t stamp, uint64_t address, uint64_t size) {
    if (builder->bytes + RH_SPOOL_RECORD_BYTES_MOST > RH_SPOOL_RECORDS_BYTES)
        abort();
    uint8_t *end = rh_put_record(&builder->writer, builder->records + builder->bytes, shape,
                                 argument, stamp, address, size);
    builder->bytes = (size_t)(end - builder->records);
}

void rh_build_malloc(struct rh_builder *builder, uint64_t stamp, uint64_t address, uint64_t size) {
    put(builder, (struct rh_shape){RH_SPOOL_MALLOC, 0, true, RH_WRITER_ACQUIRED}, 0, stamp, address,
        size);
}

void rh_build_free(struct rh_builder *builder, uint64_t stamp, uint64_t address) {
    put(builder, (struct rh_shape){RH_SPOOL_FREE, 0, false, RH_WRITER_RELEASED}, 0, stamp, address,
        0);
}

void rh_build_realloc(struct rh_builder *builder, const struct rh_realloc_record *record) {
    uint8_t *end = rh_put_realloc(&builder->writer, builder->records + builder->bytes, record);
    builder->bytes = (size_t)(end - builder->records);
}

void rh_build_extended(struct rh_builder *builder, unsigned extended, unsigned argument,
                       uint64_t stamp, uint64_t address, uint64_t size) {
    bool acquires = extended == RH_SPOOL_EXT_ALIGNED || extended == RH_SPOOL_EXT_NEW_ALIGNED;
    put(builder,
        (struct rh_shape){RH_SPOOL_EXTENDED, (uint8_t)extended, true,
                          acquires ? RH_WRITER_ACQUIRED : RH_WRITER_RELEASED},
        argument, stamp, address, size);
}

struct rh_frame_ref rh_builder_frame(const struct rh_builder *builder) {
    return (struct rh_frame_ref){.records = builder->records,
                                 .base_stamp = builder->base_stamp,
                                 .bytes = (uint32_t)builder->bytes,
                                 .thread = builder->thread,
                                 .sequence = builder->sequence};
}
