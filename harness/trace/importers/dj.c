/* dj.c - raw traces of glibc's dj/malloc branch (mtrace.out.PID): records of 64 bytes,
 * little-endian, in the order of a global counter.
 *
 *   i32 thread; u32 type and path bits; u64 ptr1, ptr2, size, size2, size3, pad, pad
 *
 * The first is the signature: type 255, ptr1 = 0x1234, size = 8 (bytes of a pointer). */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/format.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"

enum { RECORD_BYTES = 64, TYPE_SIGNATURE = 255 };

enum type {
    TYPE_UNUSED = 0,
    TYPE_MALLOC,
    TYPE_CALLOC,
    TYPE_FREE,
    TYPE_REALLOC,
    TYPE_MEMALIGN,
    TYPE_VALLOC,
    TYPE_PVALLOC,
    TYPE_POSIX_MEMALIGN,
};

struct record {
    uint32_t thread, type;
    uint64_t ptr1, ptr2, size, size2;
};

static struct record record_at(const uint8_t *bytes) {
    return (struct record){.thread = rh_get_u32(bytes),
                           .type = rh_get_u32(bytes + 4) & 0xff,
                           .ptr1 = rh_get_u64(bytes + 8),
                           .ptr2 = rh_get_u64(bytes + 16),
                           .size = rh_get_u64(bytes + 24),
                           .size2 = rh_get_u64(bytes + 32)};
}

static struct rh_import_call call_of(const struct record *record) {
    static const uint8_t kinds[] = {
        [TYPE_UNUSED] = 0,
        [TYPE_MALLOC] = RH_EVENT_MALLOC,
        [TYPE_CALLOC] = RH_EVENT_CALLOC,
        [TYPE_FREE] = RH_EVENT_FREE,
        [TYPE_REALLOC] = RH_EVENT_REALLOC,
        [TYPE_MEMALIGN] = RH_EVENT_ALIGNED,
        [TYPE_VALLOC] = RH_EVENT_ALIGNED,
        [TYPE_PVALLOC] = RH_EVENT_ALIGNED,
        [TYPE_POSIX_MEMALIGN] = RH_EVENT_ALIGNED,
    };
    struct rh_import_call call = rh_import_call(kinds[record->type], record->thread);
    call.result = record->ptr2;
    call.size = record->size;
    if (record->type == TYPE_FREE) {
        call.old = record->ptr1;
        call.result = call.size = 0;
    }
    if (record->type == TYPE_REALLOC)
        call.old = record->ptr1;
    if (record->type == TYPE_MEMALIGN || record->type == TYPE_POSIX_MEMALIGN)
        call.alignment = record->size2;
    if (record->type == TYPE_VALLOC || record->type == TYPE_PVALLOC)
        call.alignment = 4096;
    if (record->type == TYPE_POSIX_MEMALIGN && record->ptr1 != 0)
        call.result = 0; /* an error code */
    return call;
}

static int take_record(struct rh_import *import, struct rh_input *input,
                       const struct record *record, struct rh_error *error) {
    unsigned long long at = rh_input_offset(input) - RECORD_BYTES;
    if (at == 0 && record->type == TYPE_SIGNATURE && record->size != 8)
        return rh_fail(error, RH_ERR_FORMAT, "%s: of a program with pointers of %llu bytes",
                       rh_input_path(input), (unsigned long long)record->size);
    if (record->type == TYPE_SIGNATURE)
        return 0;
    if (record->type == TYPE_UNUSED) {
        rh_import_report(import)->ignored++;
        return 0;
    }
    if (record->type > TYPE_POSIX_MEMALIGN)
        return rh_fail(error, RH_ERR_FORMAT, "%s, byte %llu: record type %u", rh_input_path(input),
                       at, record->type);
    struct rh_import_call call = call_of(record);
    return rh_import_add(import, &call, error);
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    for (;;) {
        const uint8_t *bytes = NULL;
        size_t count = 0;
        rh_try(rh_input_take(input, RECORD_BYTES, error, &bytes, &count));
        if (count < RECORD_BYTES) {
            rh_import_report(import)->cut_short += count > 0;
            return 0;
        }
        struct record record = record_at(bytes);
        rh_import_report(import)->records++;
        rh_try(take_record(import, input, &record, error));
    }
}

static int detect(const uint8_t *head, size_t bytes) {
    if (bytes < RECORD_BYTES)
        return RH_DETECT_NO;
    struct record record = record_at(head);
    return record.type == TYPE_SIGNATURE && record.ptr1 == 0x1234 ? RH_DETECT_SURE : RH_DETECT_NO;
}

const struct rh_importer rh_importer_dj = {
    .name = "dj",
    .summary = "glibc dj/malloc trace (mtrace.out.PID)",
    .detect = detect,
    .run = run,
};
