/* webkit.c - .ops files of WebKit's MallocBench: records of 24 bytes, little-endian, no header.
 *
 *   u32 opcode; u16 thread; u16 log2 of the alignment; u64 slot; u64 size
 *   opcodes: 0 malloc, 1 free, 2 realloc, 3 aligned malloc
 *
 * A malloc into a slot that is in use leaks what was there: it stays live. Free and realloc of an
 * empty slot do nothing. Files of 2014 have padding where thread and alignment are. */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/format.h"
#include "trace/importers/address_map.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"

enum { RECORD_BYTES = 24, OPCODES = 4, ALIGN_LOG2_MAX = 64, THREADS_LIKELY = 4096 };

struct record {
    uint32_t opcode, thread, align_log2;
    uint64_t slot, size;
};

static struct record record_at(const uint8_t *bytes) {
    return (struct record){.opcode = rh_get_u32(bytes),
                           .thread = rh_get_u32(bytes + 4) & 0xffff,
                           .align_log2 = rh_get_u32(bytes + 4) >> 16,
                           .slot = rh_get_u64(bytes + 8),
                           .size = rh_get_u64(bytes + 16)};
}

/* Each object gets a label of its own, so that one that was leaked stays live. */
static int add_record(struct rh_import *import, const struct record *record,
                      struct rh_address_map *slots, uint64_t *labels, struct rh_error *error) {
    struct rh_import_call call = rh_import_call(RH_EVENT_MALLOC, record->thread);
    struct rh_address_entry *found = rh_address_map_find(slots, record->slot);
    if ((record->opcode == 1 || record->opcode == 2) && found == NULL) {
        rh_import_report(import)->calls++;
        *(record->opcode == 1 ? &rh_import_report(import)->unknown_frees
                              : &rh_import_report(import)->unknown_reallocs) += 1;
        return 0;
    }
    if (record->opcode == 1) {
        call.kind = RH_EVENT_FREE;
        call.old = found->object;
        rh_address_map_remove(slots, found);
        return rh_import_add(import, &call, error);
    }
    static const uint8_t kinds[OPCODES] = {RH_EVENT_MALLOC, 0, RH_EVENT_REALLOC, RH_EVENT_ALIGNED};
    call.kind = kinds[record->opcode];
    call.old = record->opcode == 2 ? found->object : 0;
    call.result = ++*labels;
    call.size = record->size;
    call.alignment = record->opcode == 3 ? UINT64_C(1) << (record->align_log2 & 63) : 0;
    const struct rh_address_entry entry = {.address = record->slot, .object = *labels};
    if (found != NULL)
        found->object = *labels;
    else
        rh_try(rh_address_map_put(slots, &entry, error));
    return rh_import_add(import, &call, error);
}

static int check_record(struct rh_input *input, const struct record *record,
                        struct rh_error *error) {
    unsigned long long at = rh_input_offset(input) - RECORD_BYTES;
    if (record->opcode >= OPCODES)
        return rh_fail(error, RH_ERR_FORMAT, "%s, byte %llu: opcode %u", rh_input_path(input), at,
                       record->opcode);
    if (record->opcode == 3 && record->align_log2 >= ALIGN_LOG2_MAX)
        return rh_fail(error, RH_ERR_FORMAT, "%s, byte %llu: an alignment of 2^%u",
                       rh_input_path(input), at, record->align_log2);
    return 0;
}

static int add_all(struct rh_import *import, struct rh_input *input, struct rh_address_map *slots,
                   struct rh_error *error) {
    uint64_t labels = 0;
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
        rh_try(check_record(input, &record, error));
        if (record.opcode < 3 && record.thread >= THREADS_LIKELY) {
            record.thread = 0;
            rh_try(
                rh_import_guess(import, "thread numbers that look like padding taken as 0", error));
        }
        rh_try(add_record(import, &record, slots, &labels, error));
    }
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    struct rh_address_map slots = {0};
    int result = add_all(import, input, &slots, error);
    rh_address_map_finish(&slots);
    return result;
}

/* There is no signature: many whole records that all make sense are one. */
static int detect(const uint8_t *head, size_t bytes) {
    size_t records = bytes / RECORD_BYTES;
    if (records == 0)
        return RH_DETECT_NO;
    for (size_t i = 0; i < records; i++) {
        struct record record = record_at(head + i * RECORD_BYTES);
        if (record.opcode >= OPCODES || record.thread >= THREADS_LIKELY ||
            record.align_log2 >= ALIGN_LOG2_MAX || record.size > UINT64_C(1) << 40)
            return RH_DETECT_NO;
    }
    return RH_DETECT_MAYBE;
}

const struct rh_importer rh_importer_webkit = {
    .name = "webkit",
    .summary = "WebKit MallocBench .ops",
    .detect = detect,
    .run = run,
};
