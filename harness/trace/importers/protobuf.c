/* protobuf.c - trace files of ClaytonKnittel/malloc-bench: a protobuf message, mostly gzipped.
 *
 *   1: repeated TraceLine   2: varint, most objects at a time
 *   TraceLine, one of: 1 Malloc{1 result, 2 size, 3 alignment}  2 Free{1 id, 2 size, 3 alignment}
 *                      3 Realloc{1 result, 2 id, 3 size}        4 Calloc{1 result, 2 count, 3 size}
 *
 * A number that is absent is 0; a Free without id is free(NULL). Ids come back after a free.
 * Encoding: protobuf.dev/programming-guides/encoding. */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"

enum { LINE_BYTES_MAX = 256, FIELDS = 4 };

/* A piece of a message. */
struct piece {
    const uint8_t *data;
    size_t bytes;
};

static bool take_varint(struct piece *piece, uint64_t *ret_number) {
    uint64_t number = 0;
    for (size_t i = 0; i < piece->bytes && i < 10; i++) {
        number |= (uint64_t)(piece->data[i] & 0x7f) << (7 * i);
        if ((piece->data[i] & 0x80) == 0) {
            piece->data += i + 1;
            piece->bytes -= i + 1;
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* A field's number, and its content: a varint, or a piece of bytes (wire types 0 and 2). */
struct field {
    uint64_t number;
    bool is_piece;
    uint64_t value;
    struct piece piece;
};

static bool take_field(struct piece *piece, struct field *ret_field) {
    uint64_t key = 0;
    struct field field = {0};
    if (!take_varint(piece, &key) || ((key & 7) != 0 && (key & 7) != 2) ||
        !take_varint(piece, &field.value))
        return false;
    field.number = key >> 3;
    field.is_piece = (key & 7) == 2;
    if (field.is_piece) {
        if (field.value > piece->bytes)
            return false;
        field.piece = (struct piece){piece->data, (size_t)field.value};
        piece->data += field.value;
        piece->bytes -= field.value;
    }
    *ret_field = field;
    return true;
}

/* The varints of an operation by field number; *present has a bit for each that is there. */
static bool take_numbers(struct piece body, uint64_t numbers[FIELDS], unsigned *present) {
    while (body.bytes > 0) {
        struct field field;
        if (!take_field(&body, &field))
            return false;
        if (!field.is_piece && field.number < FIELDS) {
            numbers[field.number] = field.value;
            *present |= 1u << field.number;
        }
    }
    return true;
}

/* Objects are ids shifted by one: address 0 is NULL. */
static bool make_call(uint64_t operation, const uint64_t numbers[FIELDS], unsigned present,
                      struct rh_import_call *call) {
    *call = rh_import_call(RH_EVENT_MALLOC, 0);
    call->result = numbers[1] + 1;
    switch (operation) {
    case 1:
        call->size = numbers[2];
        call->alignment = numbers[3];
        if (numbers[3] > 1)
            call->kind = RH_EVENT_ALIGNED;
        return true;
    case 2:
        call->kind = numbers[2] != 0 ? RH_EVENT_FREE_SIZED : RH_EVENT_FREE;
        call->old = (present & 2) != 0 ? numbers[1] + 1 : 0;
        call->size = numbers[2];
        call->alignment = numbers[3];
        call->result = 0;
        return true;
    case 3:
        call->kind = RH_EVENT_REALLOC;
        call->old = (present & 4) != 0 ? numbers[2] + 1 : 0;
        call->size = numbers[3];
        return true;
    case 4:
        call->kind = RH_EVENT_CALLOC;
        call->overflowed = __builtin_mul_overflow(numbers[2], numbers[3], &call->size);
        return true;
    default:
        return false;
    }
}

static bool scan_line(struct piece line, struct rh_import_call *ret_call) {
    struct field field;
    uint64_t numbers[FIELDS] = {0};
    unsigned present = 0;
    return take_field(&line, &field) && line.bytes == 0 && field.is_piece &&
           take_numbers(field.piece, numbers, &present) && numbers[1] != UINT64_MAX &&
           numbers[2] != UINT64_MAX && make_call(field.number, numbers, present, ret_call);
}

/* ---- the stream of lines ---- */

/* A varint from the input. 1: there, 0: the input ends before it, or an error. */
static int read_varint(struct rh_input *input, struct rh_error *error, uint64_t *ret_number) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t *byte = NULL;
        size_t count = 0;
        rh_try(rh_input_take(input, 1, error, &byte, &count));
        if (count == 0)
            return 0;
        number |= (uint64_t)(*byte & 0x7f) << shift;
        if ((*byte & 0x80) == 0) {
            *ret_number = number;
            return 1;
        }
    }
    return rh_fail(error, RH_ERR_FORMAT, "%s, byte %llu: a number of more than 64 bits",
                   rh_input_path(input), (unsigned long long)rh_input_offset(input));
}

static int take_line(struct rh_import *import, struct rh_input *input, uint64_t bytes,
                     struct rh_error *error) {
    unsigned long long at = rh_input_offset(input);
    struct piece line = {0};
    struct rh_import_call call;
    if (bytes > LINE_BYTES_MAX)
        return rh_fail(error, RH_ERR_FORMAT, "%s, byte %llu: a line of %llu bytes",
                       rh_input_path(input), at, (unsigned long long)bytes);
    rh_try(rh_input_take(input, (size_t)bytes, error, &line.data, &line.bytes));
    if (line.bytes < bytes) {
        rh_import_report(import)->cut_short++;
        return 0;
    }
    rh_import_report(import)->records++;
    if (!scan_line(line, &call))
        return rh_fail(error, RH_ERR_FORMAT, "%s, byte %llu: no line of a malloc-bench trace",
                       rh_input_path(input), at);
    return rh_import_add(import, &call, error);
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    for (;;) {
        uint64_t key = 0;
        uint64_t value = 0;
        int more = read_varint(input, error, &key);
        if (more <= 0)
            return more;
        more = read_varint(input, error, &value);
        if (more <= 0) {
            rh_import_report(import)->cut_short += more == 0;
            return more;
        }
        if (key == 0x0a)
            rh_try(take_line(import, input, value, error));
        else if ((key & 7) != 0)
            return rh_fail(error, RH_ERR_FORMAT, "%s, byte %llu: field %llu", rh_input_path(input),
                           (unsigned long long)rh_input_offset(input), (unsigned long long)key);
    }
}

static int detect(const uint8_t *head, size_t bytes) {
    struct piece rest = {head, bytes};
    size_t lines = 0;
    for (; lines < 20; lines++) {
        struct field field;
        struct rh_import_call call;
        if (!take_field(&rest, &field))
            break;
        if (field.is_piece ? field.number != 1 || !scan_line(field.piece, &call)
                           : field.number != 2)
            return RH_DETECT_NO;
    }
    return lines > 0 && (lines == 20 || rest.bytes < LINE_BYTES_MAX) ? RH_DETECT_MAYBE
                                                                     : RH_DETECT_NO;
}

const struct rh_importer rh_importer_protobuf = {
    .name = "malloc-bench",
    .summary = "ClaytonKnittel/malloc-bench protobuf",
    .detect = detect,
    .run = run,
};
