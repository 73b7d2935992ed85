/* fuzz_trace.c - the reader of .rht files, and what reads through it.
 *
 * Nearly every flipped byte dies on a checksum; so the checksums are put right first, and the fuzz
 * goes where only a liar could. */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tests/fuzz/fuzz.h"
#include "trace/facts.h"
#include "trace/format.h"
#include "trace/text_form.h"
#include "trace/trace.h"

static void right_blocks(uint8_t *data, uint64_t end) {
    uint64_t at = RH_FORMAT_HEADER_BYTES;
    while (at < end && end - at >= RH_FORMAT_BLOCK_HEADER_BYTES) {
        uint64_t bytes = RH_FORMAT_BLOCK_HEADER_BYTES + (uint64_t)rh_get_u32(data + at + 4);
        if (bytes > end - at)
            return;
        rh_put_u64(data + at + 8, XXH64(data + at + 16, bytes - 16, 0));
        at += bytes;
    }
}

static void right_checksums(uint8_t *data, size_t bytes) {
    if (bytes < RH_FORMAT_HEADER_BYTES + RH_FORMAT_TRAILER_BYTES)
        return;
    rh_put_u64(data + 16, XXH64(data, 16, 0));
    uint8_t *trailer = data + bytes - RH_FORMAT_TRAILER_BYTES;
    for (size_t part = 0; part < 3; part++) {
        uint64_t offset = rh_get_u64(trailer + part * 24);
        uint64_t length = rh_get_u64(trailer + part * 24 + 8);
        if (part == 0)
            right_blocks(data, offset < bytes ? offset : bytes);
        if (offset <= bytes && length <= bytes - offset)
            rh_put_u64(trailer + part * 24 + 16, XXH64(data + offset, length, 0));
    }
    rh_put_u64(trailer + 80, XXH64(trailer, 80, 0));
}

/* Every event that is handed out keeps the reader's promise. */
static void read_all(const char *path) {
    struct rh_trace_reader *reader = NULL;
    struct rh_error error = {0};
    if (rh_trace_reader_open(path, &error, &reader) < 0)
        return;
    const struct rh_trace_summary *summary = rh_trace_reader_summary(reader);
    struct rh_text text = {0};
    const struct rh_event *events = NULL;
    size_t count = 0;
    uint64_t acquired = 0;
    while (rh_trace_reader_next(reader, &error, &events, &count) == 0 && count > 0)
        for (size_t i = 0; i < count; i++) {
            if (events[i].kind >= RH_EVENT_KINDS || events[i].thread == RH_NO_THREAD ||
                (events[i].acquired != RH_NO_OBJECT && events[i].acquired != acquired++) ||
                (events[i].released != RH_NO_OBJECT && events[i].released >= acquired))
                abort();
            rh_text_clear(&text);
            rh_text_form_event(&events[i], true, &text);
        }
    if (error.code == 0 && acquired != summary->objects)
        abort();
    rh_text_finish(&text);
    rh_trace_reader_close(reader);
}

static void print_facts(const char *path) {
    struct rh_trace_reader *reader = NULL;
    if (rh_trace_reader_open(path, NULL, &reader) < 0)
        return;
    struct rh_facts facts = {0};
    struct rh_text text = {0};
    if (rh_facts_init(&facts, reader, NULL) == 0) {
        rh_facts_text(&facts, rh_trace_reader_meta(reader), path, 1, &text);
        if (rh_facts_json(&facts, rh_trace_reader_meta(reader), path, 1, NULL, &text) < 0)
            abort();
    }
    rh_text_finish(&text);
    rh_facts_finish(&facts);
    rh_trace_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    uint8_t *copy = malloc(bytes != 0 ? bytes : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, data, bytes);
    right_checksums(copy, bytes);
    char path[RH_FUZZ_PATH_BYTES];
    int descriptor = rh_fuzz_file(copy, bytes, path);
    read_all(path);
    if (rh_trace_verify(path, NULL, NULL) == 0)
        print_facts(path);
    rh_fuzz_close(descriptor);
    free(copy);
    return 0;
}
