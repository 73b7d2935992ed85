/* image.c - finds the frames of a spool. The live file is read before the full one: a frame that
 * moves from the one to the other meanwhile is then seen at least once. */
#include "record/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/text.h"

enum { FRAME_BYTES = sizeof(struct rh_spool_frame) };

static int name_file(const char *stem, const char *suffix, struct rh_error *error,
                     char ret_path[PATH_MAX]) {
    int length = snprintf(ret_path, PATH_MAX, "%s%s", stem, suffix);
    if (length < 0 || length >= PATH_MAX)
        return rh_fail(error, RH_ERR_LIMIT, "the path %s%s is too long", stem, suffix);
    return 0;
}

/* Reads at most `bytes` at an offset; returns how many there were. */
static int read_at(int fd, uint64_t offset, void *buffer, size_t bytes, const char *path,
                   struct rh_error *error, size_t *ret_bytes) {
    size_t have = 0;
    while (have < bytes) {
        ssize_t got = pread(fd, (char *)buffer + have, bytes - have, (off_t)(offset + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rh_fail_errno(error, "cannot read %s", path);
        if (got == 0)
            break;
        have += (size_t)got;
    }
    *ret_bytes = have;
    return 0;
}

/* ---- the header ---- */

static void terminate_strings(struct rh_spool_header *header) {
    header->boot_id[sizeof(header->boot_id) - 1] = '\0';
    header->libc[sizeof(header->libc) - 1] = '\0';
    header->allocator[sizeof(header->allocator) - 1] = '\0';
    header->program[sizeof(header->program) - 1] = '\0';
    header->name[sizeof(header->name) - 1] = '\0';
    header->command[sizeof(header->command) - 1] = '\0';
    if (header->command_bytes >= sizeof(header->command))
        header->command_bytes = sizeof(header->command) - 1;
}

/* The magic is written last. Where frames are there, however, it has been there. */
static bool is_begun(const char *path, const struct rh_spool_header *header, size_t got) {
    static const char nothing[sizeof(header->magic)];
    char full[PATH_MAX];
    size_t stem_length = strlen(path) - strlen(".live");
    if (got >= sizeof(nothing) && memcmp(header->magic, nothing, sizeof(nothing)) != 0)
        return true;
    snprintf(full, sizeof(full), "%.*s.full", (int)stem_length, path);
    return access(full, F_OK) == 0;
}

static int read_header(int fd, const char *path, struct rh_error *error,
                       struct rh_spool_header *header) {
    size_t got = 0;
    rh_try(read_at(fd, 0, header, sizeof(*header), path, error, &got));
    if (!is_begun(path, header, got))
        return rh_fail(error, RH_ERR_MISSING, "%s: its process ended before it recorded anything",
                       path);
    if (got < sizeof(*header) || memcmp(header->magic, RH_SPOOL_MAGIC, sizeof(header->magic)) != 0)
        return rh_fail(error, RH_ERR_FORMAT,
                       "%s is no spool of a recorded process: its header is incomplete or foreign",
                       path);
    if (header->version != RH_SPOOL_VERSION)
        return rh_fail(error, RH_ERR_VERSION,
                       "%s was written by a recorder of version %u, this program reads version %d: "
                       "finish it with the program that recorded it",
                       path, header->version, RH_SPOOL_VERSION);
    if (header->clock != RH_SPOOL_CLOCK_TSC && header->clock != RH_SPOOL_CLOCK_MONOTONIC)
        return rh_fail(error, RH_ERR_FORMAT, "%s: byte 12: %u is not a kind of clock", path,
                       header->clock);
    terminate_strings(header);
    return 0;
}

int rh_image_read_header(const char *stem, struct rh_error *error,
                         struct rh_spool_header *ret_header) {
    char path[PATH_MAX];
    rh_try(name_file(stem, ".live", error, path));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return rh_fail_errno(error, "cannot open %s", path);
    int result = read_header(fd, path, error, ret_header);
    close(fd);
    return result;
}

const char *rh_image_program(const struct rh_spool_header *header) {
    const char *choices[] = {rh_path_base(header->name), rh_path_base(header->program)};
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        if (choices[i][0] != '\0' && rh_text_is_printable(choices[i]))
            return choices[i];
    return "program";
}

/* ---- frames ---- */

static uint32_t bytes_of(uint64_t progress) {
    return (uint32_t)progress;
}

static uint32_t sequence_of(uint64_t progress) {
    return (uint32_t)(progress >> 32);
}

static int add_frame(struct rh_image *image, const struct rh_spool_frame *frame,
                     const uint8_t *records, uint32_t bytes, bool is_torn, struct rh_error *error) {
    rh_try(rh_grow((void **)&image->frames, &image->frames_capacity, image->frames_count + 1,
                   sizeof(*image->frames), error));
    struct rh_frame_ref *added = &image->frames[image->frames_count++];
    *added = (struct rh_frame_ref){
        .records = records,
        .base_stamp = frame->base_stamp,
        .bytes = bytes,
        .thread = frame->thread,
        .sequence = sequence_of(atomic_load(&frame->progress)),
        .is_torn = is_torn,
    };
    memcpy(added->thread_name, frame->thread_name, sizeof(added->thread_name));
    return 0;
}

/* ---- the live file ---- */

/* A slot's frame if it holds records. */
static int read_slot(struct rh_image *image, int fd, uint64_t offset, const char *path,
                     struct rh_error *error) {
    struct rh_spool_frame frame;
    size_t got = 0;
    rh_try(read_at(fd, offset, &frame, sizeof(frame), path, error, &got));
    uint64_t progress = atomic_load(&frame.progress);
    if (got < sizeof(frame) || frame.nonce != image->header.nonce) {
        image->torn_count++;
        return 0;
    }
    image->lost_count += atomic_load(&frame.lost_count);
    uint32_t bytes = bytes_of(progress);
    if (bytes == 0)
        return 0;
    bool is_torn = bytes > RH_SPOOL_RECORDS_BYTES;
    if (is_torn)
        bytes = RH_SPOOL_RECORDS_BYTES;

    rh_try(rh_grow((void **)&image->slots, &image->slots_capacity, image->slots_count + 1,
                   sizeof(*image->slots), error));
    uint8_t *copy = rh_alloc(bytes);
    if (copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a slot of %s", path);
    image->slots[image->slots_count++] = copy;
    rh_try(read_at(fd, offset + FRAME_BYTES, copy, bytes, path, error, &got));
    image->raw_bytes += got;
    return add_frame(image, &frame, copy, (uint32_t)got, is_torn || got < bytes, error);
}

/* How many slots are there, of those that were used; what a damaged header says beyond is torn. */
static uint32_t slots_in(struct rh_image *image, int fd) {
    uint32_t used = atomic_load(&image->header.slots_count);
    if (used > RH_SPOOL_SLOTS_MOST)
        used = RH_SPOOL_SLOTS_MOST;
    off_t end = lseek(fd, 0, SEEK_END);
    uint64_t bytes = end > RH_SPOOL_HEADER_BYTES ? (uint64_t)end - RH_SPOOL_HEADER_BYTES : 0;
    uint64_t there = (bytes + RH_SPOOL_SLOT_BYTES - 1) / RH_SPOOL_SLOT_BYTES;
    if (there >= used)
        return used;
    image->torn_count += used - there;
    return (uint32_t)there;
}

static int read_live(struct rh_image *image, const char *stem, struct rh_error *error) {
    char path[PATH_MAX];
    rh_try(name_file(stem, ".live", error, path));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return rh_fail_errno(error, "cannot open %s", path);
    int result = read_header(fd, path, error, &image->header);
    image->lost_count = atomic_load(&image->header.lost_count);
    uint32_t slots = result == 0 ? slots_in(image, fd) : 0;
    for (uint32_t slot = 0; result == 0 && slot < slots; slot++)
        result = read_slot(image, fd, RH_SPOOL_HEADER_BYTES + (uint64_t)slot * RH_SPOOL_SLOT_BYTES,
                           path, error);
    close(fd);
    return result;
}

/* ---- the full file ---- */

/* The header of the frame at an offset; false: what lies there is none of this image's. */
static bool frame_at(const struct rh_image *image, size_t offset, struct rh_spool_frame *frame) {
    if (offset > image->full.bytes || image->full.bytes - offset < FRAME_BYTES)
        return false;
    memcpy(frame, image->full.data + offset, FRAME_BYTES);
    return frame->nonce == image->header.nonce &&
           bytes_of(atomic_load(&frame->progress)) <= RH_SPOOL_RECORDS_BYTES;
}

/* Where the next frame begins from `start` on, or `limit`. A write that was cut short leaves what
 * comes after it unaligned. */
static size_t find_frame(const struct rh_image *image, size_t start, size_t limit) {
    struct rh_spool_frame frame;
    while (start < limit) {
        const uint8_t *found = memmem(image->full.data + start, image->full.bytes - start,
                                      &image->header.nonce, sizeof(image->header.nonce));
        if (found == NULL || (size_t)(found - image->full.data) >= limit)
            return limit;
        start = (size_t)(found - image->full.data);
        if (frame_at(image, start, &frame))
            return start;
        start++;
    }
    return limit;
}

/* The end of the frame at `offset`, padding and all: it is looked through for another frame only if
 * behind it stands neither one nor the end of the file. */
static size_t end_of_frame(const struct rh_image *image, size_t offset, uint32_t bytes) {
    struct rh_spool_frame next;
    size_t end = offset + rh_spool_padded(bytes);
    if (end == image->full.bytes || frame_at(image, end, &next))
        return end;
    return find_frame(image, offset + 1, end < image->full.bytes ? end : image->full.bytes);
}

/* What is no frame where one should begin, and an end that is none of a frame, are all that tells
 * of frames that are gone with nothing behind them. (A disk that is full leaves such an end, too;
 * then the frame is still in its slot.) */
static void count_holes(struct rh_image *image, uint32_t holes) {
    if (atomic_load(&image->header.state) == RH_SPOOL_STOPPED)
        return;
    image->torn_count += holes + (image->full.bytes % RH_SPOOL_FRAME_ALIGN != 0);
}

static int index_full(struct rh_image *image, struct rh_error *error) {
    struct rh_spool_frame frame;
    size_t offset = 0;
    uint32_t holes = 0;
    while (offset < image->full.bytes) {
        if (!frame_at(image, offset, &frame)) {
            holes++;
            offset = find_frame(image, offset + 1, image->full.bytes);
            continue;
        }
        uint32_t bytes = bytes_of(atomic_load(&frame.progress));
        size_t end = end_of_frame(image, offset, bytes);
        size_t have = end > offset + FRAME_BYTES ? end - offset - FRAME_BYTES : 0;
        bool is_torn = have < bytes;
        if (is_torn)
            bytes = (uint32_t)have;
        rh_try(add_frame(image, &frame, image->full.data + offset + FRAME_BYTES, bytes, is_torn,
                         error));
        image->raw_bytes += bytes;
        offset = end;
    }
    count_holes(image, holes);
    return 0;
}

static int read_full(struct rh_image *image, const char *stem, struct rh_error *error) {
    char path[PATH_MAX];
    rh_try(name_file(stem, ".full", error, path));
    if (access(path, F_OK) != 0)
        return 0;
    rh_try(rh_file_map(path, 0, error, &image->full));
    return index_full(image, error);
}

/* ---- all of it ---- */

/* By thread, then by sequence; of two the same, the more complete one first. */
static int compare_frames(const void *left, const void *right) {
    const struct rh_frame_ref *a = left;
    const struct rh_frame_ref *b = right;
    if (a->thread != b->thread)
        return a->thread < b->thread ? -1 : 1;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    if (a->is_torn != b->is_torn)
        return a->is_torn ? 1 : -1;
    return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

static void drop_doubles(struct rh_image *image) {
    size_t kept = 0;
    for (size_t i = 0; i < image->frames_count; i++) {
        const struct rh_frame_ref *frame = &image->frames[i];
        bool is_double = kept > 0 && frame->thread == image->frames[kept - 1].thread &&
                         frame->sequence == image->frames[kept - 1].sequence;
        if (!is_double)
            image->frames[kept++] = *frame;
    }
    image->frames_count = kept;
}

int rh_image_open(const char *stem, struct rh_error *error, struct rh_image *ret_image) {
    struct rh_image image = {0};
    int result = read_live(&image, stem, error);
    if (result == 0)
        result = read_full(&image, stem, error);
    if (result < 0) {
        rh_image_close(&image);
        return result;
    }
    if (image.frames_count > 0)
        qsort(image.frames, image.frames_count, sizeof(*image.frames), compare_frames);
    drop_doubles(&image);
    *ret_image = image;
    return 0;
}

void rh_image_close(struct rh_image *image) {
    for (size_t i = 0; i < image->slots_count; i++)
        rh_free(image->slots[i]);
    rh_free(image->slots);
    rh_free(image->frames);
    rh_file_unmap(&image->full);
    *image = (struct rh_image){0};
}
