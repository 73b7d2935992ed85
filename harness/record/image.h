/* image.h - the spool of one process image, opened for reading: header, and the frames of each
 * thread in order. */
#ifndef RH_RECORD_IMAGE_H
#define RH_RECORD_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "record/spool.h"
#include "record/stream.h"

struct rh_image {
    struct rh_spool_header header; /* a copy; its strings are terminated */
    struct rh_frame_ref *frames;   /* by thread, then by sequence; each only once */
    size_t frames_count;
    size_t frames_capacity;
    uint8_t **slots; /* copies of the slots that hold something */
    size_t slots_count;
    size_t slots_capacity;
    struct rh_file_map full;
    uint64_t lost_count; /* events that the recorder had to leave out */
    uint64_t torn_count; /* slots that were used, and are not there */
    uint64_t raw_bytes;  /* of records */
};

/* Opens STEM.live and, if it is there, STEM.full. The process may still run: what it had committed
 * is read. RH_ERR_FORMAT: not a spool, or its header is damaged. RH_ERR_MISSING: its process ended,
 * or found the disk full, before it had one. */
int rh_image_open(const char *stem, struct rh_error *error, struct rh_image *ret_image);
void rh_image_close(struct rh_image *image);

/* Only the header: what tells whose spool it is. */
int rh_image_read_header(const char *stem, struct rh_error *error,
                         struct rh_spool_header *ret_header);
/* What was started, as traces are named after it: a file's name without a path, whatever the header
 * says. Points into the header. */
const char *rh_image_program(const struct rh_spool_header *header);

#endif
