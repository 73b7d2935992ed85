/* writer.c - a .rht file from a stream of events. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "trace/check.h"
#include "trace/encode.h"
#include "trace/format.h"
#include "trace/meta.h"
#include "trace/trace.h"

struct rh_trace_writer {
    char *path;
    char *temporary; /* NULL once renamed */
    int fd;
    int failed; /* the first failure that leaves the file unusable */
    uint64_t offset;
    struct rh_trace_check check;
    struct rh_encoder *encoder;
    struct rh_text index; /* entries as they will stand in the file */
    uint64_t block_base_time_ns;
    size_t pending_count;
    struct rh_event pending[RH_FORMAT_BLOCK_EVENTS];
};

/* ---- bytes ---- */

static int put(struct rh_trace_writer *writer, const void *data, size_t bytes,
               struct rh_error *error) {
    int result = rh_write_all(writer->fd, data, bytes, error);
    if (result < 0) {
        rh_error_prefix(error, "%s", writer->temporary);
        return result;
    }
    writer->offset += bytes;
    return 0;
}

static void fill_header(uint32_t version, uint8_t ret_header[RH_FORMAT_HEADER_BYTES]) {
    memset(ret_header, 0, RH_FORMAT_HEADER_BYTES);
    memcpy(ret_header, RH_FORMAT_MAGIC, 8);
    rh_put_u32(ret_header + 8, version);
    rh_put_u64(ret_header + 16, XXH64(ret_header, 16, 0));
}

static int put_header(struct rh_trace_writer *writer, struct rh_error *error) {
    uint8_t header[RH_FORMAT_HEADER_BYTES];
    fill_header(RH_TRACE_VERSION_FIRST, header);
    return put(writer, header, sizeof(header), error);
}

/* Older readers need not refuse what they understand: the version is the lowest that has the
 * trace's events. */
static uint32_t version_of(const struct rh_trace_summary *summary) {
    return summary->events_by_kind[RH_EVENT_RESIDENT] > 0 ? RH_TRACE_VERSION
                                                          : RH_TRACE_VERSION_FIRST;
}

static int correct_header(const struct rh_trace_writer *writer, uint32_t version,
                          struct rh_error *error) {
    uint8_t header[RH_FORMAT_HEADER_BYTES];
    if (version == RH_TRACE_VERSION_FIRST)
        return 0;
    fill_header(version, header);
    if (pwrite(writer->fd, header, sizeof(header), 0) != (ssize_t)sizeof(header))
        return rh_fail_errno(error, "cannot write %s", writer->temporary);
    return 0;
}

static void add_index_entry(struct rh_trace_writer *writer) {
    uint8_t entry[RH_FORMAT_INDEX_ENTRY_BYTES];
    rh_put_u64(entry, writer->offset);
    rh_put_u64(entry + 8, writer->check.summary.events - writer->pending_count);
    rh_put_u64(entry + 16, writer->block_base_time_ns);
    rh_text_add_bytes(&writer->index, (const char *)entry, sizeof(entry));
}

static int flush_block(struct rh_trace_writer *writer, struct rh_error *error) {
    if (writer->pending_count == 0)
        return 0;
    const uint8_t *bytes = NULL;
    size_t count = 0;
    rh_try(rh_encoder_block(writer->encoder, writer->pending, writer->pending_count, error, &bytes,
                            &count));
    add_index_entry(writer);
    if (writer->index.failed)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the index of %s", writer->path);
    rh_try(put(writer, bytes, count, error));
    writer->block_base_time_ns = writer->pending[writer->pending_count - 1].time_ns;
    writer->pending_count = 0;
    return 0;
}

/* ---- life ---- */

int rh_trace_writer_target(const char *path, struct rh_error *error, char ret_target[PATH_MAX]) {
    bool special = false;
    rh_try(rh_file_target(path, ret_target, &special, error));
    if (special || path[0] == '\0')
        return rh_fail(error, RH_ERR_INVALID,
                       "%s is no regular file: name one that a trace can be written to",
                       path[0] != '\0' ? path : "\"\"");
    return 0;
}

static int name_files(struct rh_trace_writer *writer, const char *path, struct rh_error *error) {
    char target[PATH_MAX], temporary[PATH_MAX];
    rh_try(rh_trace_writer_target(path, error, target));
    int length = snprintf(temporary, sizeof(temporary), "%s.%d.tmp", target, (int)getpid());
    if (length < 0 || (size_t)length >= sizeof(temporary))
        return rh_fail(error, RH_ERR_LIMIT, "the path %s is too long", path);
    writer->path = rh_strdup(target);
    writer->temporary = rh_strdup(temporary);
    if (writer->path == NULL || writer->temporary == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for writing %s", path);
    return 0;
}

static int start(struct rh_trace_writer *writer, const char *path, struct rh_error *error) {
    rh_try(name_files(writer, path, error));
    rh_try(rh_trace_check_init(&writer->check, error));
    rh_try(rh_encoder_create(error, &writer->encoder));
    writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (writer->fd < 0)
        return rh_fail_errno(error, "cannot create %s", writer->temporary);
    return put_header(writer, error);
}

int rh_trace_writer_create(const char *path, struct rh_error *error,
                           struct rh_trace_writer **ret_writer) {
    struct rh_trace_writer *writer = rh_alloc_zeroed(1, sizeof(*writer));
    if (writer == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for writing %s", path);
    writer->fd = -1;
    int result = start(writer, path, error);
    if (result < 0) {
        rh_trace_writer_destroy(writer);
        return result;
    }
    *ret_writer = writer;
    return 0;
}

void rh_trace_writer_destroy(struct rh_trace_writer *writer) {
    if (writer == NULL)
        return;
    if (writer->fd >= 0) {
        close(writer->fd);
        unlink(writer->temporary);
    }
    rh_trace_check_finish(&writer->check);
    rh_encoder_destroy(writer->encoder);
    rh_text_finish(&writer->index);
    rh_free(writer->temporary);
    rh_free(writer->path);
    rh_free(writer);
}

/* ---- events ---- */

static int add(struct rh_trace_writer *writer, const struct rh_event *event,
               struct rh_error *error) {
    int result = rh_trace_check_add(&writer->check, event, error);
    if (result == RH_ERR_CHECK)
        rh_error_prefix(error, "%s", writer->path);
    else if (result < 0)
        writer->failed = result;
    if (result < 0)
        return result;

    writer->pending[writer->pending_count++] = *event;
    if (writer->pending_count < RH_FORMAT_BLOCK_EVENTS)
        return 0;
    writer->failed = flush_block(writer, error);
    return writer->failed;
}

static int refuse_failed(const struct rh_trace_writer *writer, struct rh_error *error) {
    return writer->failed == 0
               ? 0
               : rh_fail(error, writer->failed, "writing %s failed before", writer->path);
}

int rh_trace_writer_add(struct rh_trace_writer *writer, const struct rh_event *events, size_t count,
                        struct rh_error *error) {
    rh_try(refuse_failed(writer, error));
    for (size_t i = 0; i < count; i++)
        rh_try(add(writer, &events[i], error));
    return 0;
}

/* ---- the end of the file ---- */

/* Where the parts of the end lie: offset, bytes, checksum each. */
struct part {
    uint64_t offset, bytes, checksum;
};

static int put_part(struct rh_trace_writer *writer, const void *data, size_t bytes,
                    struct rh_error *error, struct part *ret_part) {
    *ret_part =
        (struct part){.offset = writer->offset, .bytes = bytes, .checksum = XXH64(data, bytes, 0)};
    return put(writer, data, bytes, error);
}

static int put_meta(struct rh_trace_writer *writer, const struct rh_trace_meta *meta,
                    struct rh_error *error, struct part *ret_part) {
    struct rh_text text = {0};
    int result = rh_trace_meta_write(meta, error, &text);
    if (result == 0 && text.length > RH_FORMAT_META_MAX_BYTES)
        result = rh_fail(error, RH_ERR_LIMIT, "metadata of %zu bytes", text.length);
    if (result == 0)
        result = put_part(writer, text.data, text.length, error, ret_part);
    rh_text_finish(&text);
    return result;
}

static int put_summary(struct rh_trace_writer *writer, const struct rh_trace_summary *summary,
                       struct rh_error *error, struct part *ret_part) {
    uint64_t words[RH_FORMAT_SUMMARY_WORDS];
    rh_summary_to_words(summary, words);
    uint8_t bytes[sizeof(words)];
    size_t count = rh_summary_words(version_of(summary));
    bool is_short = count < RH_FORMAT_SUMMARY_WORDS;
    for (size_t i = 0; i < count; i++)
        rh_put_u64(bytes + i * 8, words[i + (is_short && i >= RH_FORMAT_SUMMARY_RESIDENT)]);
    return put_part(writer, bytes, count * 8, error, ret_part);
}

static int put_trailer(struct rh_trace_writer *writer, const struct part parts[3],
                       struct rh_error *error) {
    uint8_t trailer[RH_FORMAT_TRAILER_BYTES] = {0};
    for (size_t i = 0; i < 3; i++) {
        rh_put_u64(trailer + i * 24, parts[i].offset);
        rh_put_u64(trailer + i * 24 + 8, parts[i].bytes);
        rh_put_u64(trailer + i * 24 + 16, parts[i].checksum);
    }
    rh_put_u64(trailer + 72, writer->offset + RH_FORMAT_TRAILER_BYTES);
    rh_put_u64(trailer + 80, XXH64(trailer, 80, 0));
    memcpy(trailer + 88, RH_FORMAT_TRAILER_MAGIC, 8);
    return put(writer, trailer, sizeof(trailer), error);
}

static int put_end(struct rh_trace_writer *writer, const struct rh_trace_meta *meta,
                   const struct rh_trace_summary *summary, struct rh_error *error) {
    struct part parts[3];
    rh_try(flush_block(writer, error));
    rh_try(put_part(writer, rh_text_get(&writer->index), writer->index.length, error, &parts[0]));
    rh_try(put_meta(writer, meta, error, &parts[1]));
    rh_try(put_summary(writer, summary, error, &parts[2]));
    rh_try(put_trailer(writer, parts, error));
    return correct_header(writer, version_of(summary), error);
}

/* Data first, then the name: a crash leaves the old file or the new one. */
static int publish(struct rh_trace_writer *writer, struct rh_error *error) {
    if (fsync(writer->fd) != 0)
        return rh_fail_errno(error, "cannot synchronise %s", writer->temporary);
    int fd = writer->fd;
    writer->fd = -1;
    int result = 0;
    if (close(fd) != 0)
        result = rh_fail_errno(error, "cannot close %s", writer->temporary);
    else if (rename(writer->temporary, writer->path) != 0)
        result = rh_fail_errno(error, "cannot rename %s to %s", writer->temporary, writer->path);
    if (result < 0)
        unlink(writer->temporary);
    return result;
}

int rh_trace_writer_finish(struct rh_trace_writer *writer, const struct rh_trace_meta *meta,
                           struct rh_error *error, struct rh_trace_summary *ret_summary) {
    rh_try(refuse_failed(writer, error));
    if (meta->time_quantum_ns == 0 && writer->check.time_ns != 0)
        return rh_fail(error, RH_ERR_INVALID,
                       "%s: events have times, but the metadata's time_quantum_ns is 0",
                       writer->path);
    struct rh_trace_summary summary = rh_trace_check_summary(&writer->check);
    writer->failed = RH_ERR_INVALID; /* only good for destroy from here */
    rh_try(put_end(writer, meta, &summary, error));
    rh_try(publish(writer, error));
    if (ret_summary != NULL)
        *ret_summary = summary;
    return 0;
}
