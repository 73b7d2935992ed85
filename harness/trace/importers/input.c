/* input.c - files, decompressors, lines. */
#include "trace/importers/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "base/assert.h"
#include "base/memory.h"

enum {
    RAW_BYTES = 1 << 16,
    ZIP_HEADER_BYTES = 30,
    /* A full buffer of lines, and room for one that is as long as allowed. */
    DECODED_BYTES = RH_INPUT_LINE_MAX_BYTES + (1 << 17),
};

enum codec { CODEC_PLAIN, CODEC_ZLIB, CODEC_ZSTD };

struct rh_input {
    char *path;
    int fd;
    enum codec codec;
    bool zip; /* raw deflate, one member */
    bool raw_ended, decoded_ended, truncated;
    z_stream zlib;
    bool zlib_open;
    ZSTD_DStream *zstd;
    size_t zstd_state;    /* 0: between frames */
    uint64_t stored_left; /* bytes of a stored zip member, or all */
    size_t raw_at, raw_count;
    size_t at, count; /* of decoded */
    uint64_t taken, lines;
    uint8_t raw[RAW_BYTES];
    char decoded[DECODED_BYTES + 1];
};

/* ---- raw bytes ---- */

static int refill_raw(struct rh_input *input, struct rh_error *error) {
    if (input->raw_at > 0) {
        memmove(input->raw, input->raw + input->raw_at, input->raw_count - input->raw_at);
        input->raw_count -= input->raw_at;
        input->raw_at = 0;
    }
    while (!input->raw_ended && input->raw_count < RAW_BYTES) {
        ssize_t got = read(input->fd, input->raw + input->raw_count, RAW_BYTES - input->raw_count);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rh_fail_errno(error, "cannot read %s", input->path);
        input->raw_ended = got == 0;
        input->raw_count += (size_t)got;
    }
    return 0;
}

static int need_raw(struct rh_input *input, struct rh_error *error) {
    return input->raw_at == input->raw_count ? refill_raw(input, error) : 0;
}

/* ---- decoders: each appends to `decoded` or says that it ended ---- */

static void end_of_input(struct rh_input *input, bool truncated) {
    input->decoded_ended = true;
    input->truncated |= truncated;
}

static int decode_plain(struct rh_input *input, struct rh_error *error) {
    rh_try(need_raw(input, error));
    size_t bytes = input->raw_count - input->raw_at;
    size_t room = DECODED_BYTES - input->count;
    bytes = bytes < room ? bytes : room;
    bytes = bytes < input->stored_left ? bytes : (size_t)input->stored_left;
    if (bytes == 0) {
        end_of_input(input, input->zip && input->stored_left > 0);
        return 0;
    }
    memcpy(input->decoded + input->count, input->raw + input->raw_at, bytes);
    input->raw_at += bytes;
    input->count += bytes;
    input->stored_left -= bytes;
    return 0;
}

/* After a gzip member comes another or the end; after a zip member its directory. */
static int end_member(struct rh_input *input, struct rh_error *error) {
    rh_try(refill_raw(input, error));
    bool more =
        !input->zip && input->raw_count >= 2 && input->raw[0] == 0x1f && input->raw[1] == 0x8b;
    if (more)
        inflateReset(&input->zlib);
    else
        end_of_input(input, false);
    return 0;
}

static int decode_zlib(struct rh_input *input, struct rh_error *error) {
    rh_try(need_raw(input, error));
    input->zlib.next_in = input->raw + input->raw_at;
    input->zlib.avail_in = (uInt)(input->raw_count - input->raw_at);
    input->zlib.next_out = (Bytef *)input->decoded + input->count;
    input->zlib.avail_out = (uInt)(DECODED_BYTES - input->count);
    int status = inflate(&input->zlib, Z_NO_FLUSH);
    input->raw_at = input->raw_count - input->zlib.avail_in;
    input->count = DECODED_BYTES - input->zlib.avail_out;
    if (status == Z_STREAM_END)
        return end_member(input, error);
    if (status == Z_OK)
        return 0;
    if (status == Z_MEM_ERROR)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for decompressing %s", input->path);
    if (status == Z_BUF_ERROR && input->raw_ended) {
        end_of_input(input, true);
        return 0;
    }
    return rh_fail(error, RH_ERR_FORMAT, "%s: damaged %s data after %" PRIu64 " decoded bytes",
                   input->path, input->zip ? "zip" : "gzip",
                   input->taken + (input->count - input->at));
}

static int decode_zstd(struct rh_input *input, struct rh_error *error) {
    rh_try(need_raw(input, error));
    if (input->raw_at == input->raw_count) {
        end_of_input(input, input->zstd_state != 0);
        return 0;
    }
    ZSTD_inBuffer in = {input->raw, input->raw_count, input->raw_at};
    ZSTD_outBuffer out = {input->decoded, DECODED_BYTES, input->count};
    input->zstd_state = ZSTD_decompressStream(input->zstd, &out, &in);
    input->raw_at = in.pos;
    input->count = out.pos;
    if (!ZSTD_isError(input->zstd_state))
        return 0;
    return rh_fail(error, RH_ERR_FORMAT,
                   "%s: damaged zstd data after %" PRIu64 " decoded bytes: %s", input->path,
                   input->taken + (input->count - input->at), ZSTD_getErrorName(input->zstd_state));
}

/* Decodes more, behind what is there and not taken yet. */
static int decode_more(struct rh_input *input, struct rh_error *error) {
    if (input->at > 0) {
        memmove(input->decoded, input->decoded + input->at, input->count - input->at);
        input->count -= input->at;
        input->at = 0;
    }
    size_t before = input->count;
    rh_assert(before < DECODED_BYTES);
    while (input->count == before && !input->decoded_ended) {
        if (input->codec == CODEC_ZLIB)
            rh_try(decode_zlib(input, error));
        else if (input->codec == CODEC_ZSTD)
            rh_try(decode_zstd(input, error));
        else
            rh_try(decode_plain(input, error));
    }
    return 0;
}

/* ---- opening ---- */

static int open_zlib(struct rh_input *input, int window, struct rh_error *error) {
    if (inflateInit2(&input->zlib, window) != Z_OK)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for decompressing %s", input->path);
    input->zlib_open = true;
    input->codec = CODEC_ZLIB;
    return 0;
}

static unsigned get_u16(const uint8_t *bytes) {
    return bytes[0] | (unsigned)bytes[1] << 8;
}

/* The local header of the first member (PKWARE's APPNOTE, 4.3.7). */
static int open_zip(struct rh_input *input, struct rh_error *error) {
    const uint8_t *raw = input->raw;
    size_t skip = ZIP_HEADER_BYTES;
    if (input->raw_count >= skip)
        skip += get_u16(raw + 26) + get_u16(raw + 28);
    if (input->raw_count < skip)
        return rh_fail(error, RH_ERR_FORMAT, "%s: the zip archive is cut short", input->path);
    unsigned flags = get_u16(raw + 6);
    unsigned method = get_u16(raw + 8);
    if ((flags & 1) != 0)
        return rh_fail(error, RH_ERR_FORMAT, "%s: the zip archive is encrypted", input->path);
    if (method != 8 && (method != 0 || (flags & 8) != 0))
        return rh_fail(error, RH_ERR_FORMAT,
                       "%s: zip method %u is not supported: unpack it with another tool",
                       input->path, method);
    input->zip = true;
    input->stored_left = get_u16(raw + 18) | (uint64_t)get_u16(raw + 20) << 16;
    input->raw_at = skip;
    return method == 8 ? open_zlib(input, -MAX_WBITS, error) : 0;
}

static int open_zstd(struct rh_input *input, struct rh_error *error) {
    input->codec = CODEC_ZSTD;
    input->zstd = ZSTD_createDStream();
    return input->zstd != NULL
               ? 0
               : rh_fail(error, RH_ERR_MEMORY, "no memory for decompressing %s", input->path);
}

static int choose_codec(struct rh_input *input, struct rh_error *error) {
    static const uint8_t zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    rh_try(refill_raw(input, error));
    input->stored_left = UINT64_MAX;
    if (input->raw_count >= 2 && input->raw[0] == 0x1f && input->raw[1] == 0x8b)
        return open_zlib(input, 16 + MAX_WBITS, error);
    if (input->raw_count >= 4 && memcmp(input->raw, zstd_magic, 4) == 0)
        return open_zstd(input, error);
    if (input->raw_count >= 4 && memcmp(input->raw, "PK\3\4", 4) == 0)
        return open_zip(input, error);
    return 0;
}

static int open_fd(struct rh_input *input, const char *path, struct rh_error *error) {
    bool standard = strcmp(path, "-") == 0;
    input->fd = -1;
    input->path = rh_strdup(standard ? "standard input" : path);
    if (input->path == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for reading %s", path);
    input->fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    return input->fd >= 0 ? 0 : rh_fail_errno(error, "cannot open %s", path);
}

int rh_input_open(const char *path, struct rh_error *error, struct rh_input **ret_input) {
    struct rh_input *input = rh_alloc_zeroed(1, sizeof(*input));
    if (input == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for reading %s", path);
    int result = open_fd(input, path, error);
    if (result == 0)
        result = choose_codec(input, error);
    if (result < 0) {
        rh_input_close(input);
        return result;
    }
    *ret_input = input;
    return 0;
}

void rh_input_close(struct rh_input *input) {
    if (input == NULL)
        return;
    if (input->fd >= 0)
        close(input->fd);
    if (input->zlib_open)
        inflateEnd(&input->zlib);
    ZSTD_freeDStream(input->zstd);
    rh_free(input->path);
    rh_free(input);
}

/* ---- taking ---- */

const char *rh_input_path(const struct rh_input *input) {
    return input->path;
}

/* Until `bytes` are there or the input ended. */
static int fill(struct rh_input *input, size_t bytes, struct rh_error *error) {
    while (input->count - input->at < bytes && !input->decoded_ended)
        rh_try(decode_more(input, error));
    return 0;
}

int rh_input_peek(struct rh_input *input, struct rh_error *error, const uint8_t **ret_bytes,
                  size_t *ret_count) {
    rh_assert(input->taken == 0);
    rh_try(fill(input, RH_INPUT_PEEK_BYTES, error));
    size_t count = input->count - input->at;
    *ret_bytes = (const uint8_t *)input->decoded + input->at;
    *ret_count = count < RH_INPUT_PEEK_BYTES ? count : RH_INPUT_PEEK_BYTES;
    return 0;
}

int rh_input_take(struct rh_input *input, size_t bytes, struct rh_error *error,
                  const uint8_t **ret_bytes, size_t *ret_count) {
    rh_assert(bytes <= RH_INPUT_PEEK_BYTES);
    rh_try(fill(input, bytes, error));
    size_t count = input->count - input->at;
    count = count < bytes ? count : bytes;
    *ret_bytes = (const uint8_t *)input->decoded + input->at;
    *ret_count = count;
    input->at += count;
    input->taken += count;
    return 0;
}

/* Takes `length` bytes and the `end` bytes behind them as a line. */
static int take_line(struct rh_input *input, size_t length, size_t end, char **ret_line,
                     size_t *ret_length) {
    char *line = input->decoded + input->at;
    input->at += length + end;
    input->taken += length + end;
    input->lines++;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    line[length] = '\0';
    *ret_line = line;
    *ret_length = length;
    return 1;
}

int rh_input_line(struct rh_input *input, struct rh_error *error, char **ret_line,
                  size_t *ret_length) {
    size_t searched = 0;
    for (;;) {
        const char *start = input->decoded + input->at;
        size_t have = input->count - input->at;
        const char *end = memchr(start + searched, '\n', have - searched);
        if (end != NULL)
            return take_line(input, (size_t)(end - start), 1, ret_line, ret_length);
        if (have > RH_INPUT_LINE_MAX_BYTES)
            return rh_fail(error, RH_ERR_FORMAT, "%s, line %" PRIu64 ": longer than %d bytes",
                           input->path, input->lines + 1, RH_INPUT_LINE_MAX_BYTES);
        if (input->decoded_ended && have == 0)
            return 0;
        if (input->decoded_ended) {
            input->truncated = true;
            return take_line(input, have, 0, ret_line, ret_length);
        }
        searched = have;
        rh_try(decode_more(input, error));
    }
}

uint64_t rh_input_line_number(const struct rh_input *input) {
    return input->lines;
}

uint64_t rh_input_offset(const struct rh_input *input) {
    return input->taken;
}

bool rh_input_is_truncated(const struct rh_input *input) {
    return input->truncated;
}
