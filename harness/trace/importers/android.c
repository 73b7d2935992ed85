/* android.c - memory traces of Android (system/extras/memory_replay): text, mostly in a zip.
 *
 *   TID: malloc PTR SIZE [START END]         TID: realloc NEW OLD SIZE [START END [PRESENT]]
 *   TID: calloc PTR COUNT SIZE [START END]   TID: free PTR [START END [PRESENT]]
 *   TID: memalign PTR ALIGN SIZE [START END] TID: thread_done 0x0 [END]
 *
 * Times are CLOCK_MONOTONIC in ns; PRESENT are the bytes of the released block that were resident,
 * or -1. File order is that of a reservation before the call. */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"

struct line {
    struct rh_import_call call;
    bool timed;
};

/* Sizes and the like: a blank, then a number. */
static bool scan_argument(const char **at, uint64_t *ret_number) {
    const char *next = *at;
    rh_scan_blanks(&next);
    if (next == *at || !rh_scan_decimal(&next, ret_number))
        return false;
    *at = next;
    return true;
}

static bool scan_address(const char **at, uint64_t *ret_address) {
    rh_scan_blanks(at);
    return rh_scan_pointer(at, ret_address);
}

static uint32_t pages_of(uint64_t bytes) {
    uint64_t pages = bytes / 4096 + (bytes % 4096 != 0);
    return pages < RH_NO_TOUCHED ? (uint32_t)pages : RH_NO_TOUCHED - 1;
}

/* [START END [PRESENT]]. "0 0" stands where only PRESENT is known. */
static bool scan_times(const char **at, struct line *line) {
    uint64_t start = 0;
    uint64_t end = 0;
    uint64_t present = 0;
    if (!scan_argument(at, &start))
        return rh_scan_end(at);
    if (!scan_argument(at, &end))
        return false;
    line->timed = start != 0 || end != 0;
    /* After an acquisition, before a release. */
    line->call.time_ns = line->call.kind == RH_EVENT_FREE ? start : end;
    if (scan_argument(at, &present))
        line->call.touched_pages = pages_of(present);
    else
        rh_scan_string(at, " -1");
    return rh_scan_end(at);
}

static bool scan_call(const char **at, const char *word, size_t length, uint64_t address,
                      struct rh_import_call *call) {
    uint64_t count = 0;
    call->result = address;
    if (rh_word_is(word, length, "malloc")) {
        call->kind = RH_EVENT_MALLOC;
        return scan_argument(at, &call->size);
    }
    if (rh_word_is(word, length, "free")) {
        call->kind = RH_EVENT_FREE;
        call->old = address;
        call->result = 0;
        return true;
    }
    if (rh_word_is(word, length, "calloc")) {
        call->kind = RH_EVENT_CALLOC;
        if (!scan_argument(at, &count) || !scan_argument(at, &call->size))
            return false;
        call->overflowed = __builtin_mul_overflow(count, call->size, &call->size);
        return true;
    }
    if (rh_word_is(word, length, "memalign")) {
        call->kind = RH_EVENT_ALIGNED;
        return scan_argument(at, &call->alignment) && scan_argument(at, &call->size);
    }
    if (rh_word_is(word, length, "realloc")) {
        call->kind = RH_EVENT_REALLOC;
        return scan_address(at, &call->old) && scan_argument(at, &call->size);
    }
    return false;
}

static bool scan_line(const char *text, struct line *ret_line) {
    const char *at = text;
    uint64_t thread = 0;
    uint64_t address = 0;
    uint64_t end = 0;
    size_t length = 0;
    rh_scan_blanks(&at);
    if (!rh_scan_decimal(&at, &thread) || !rh_scan_char(&at, ':') || *at != ' ')
        return false;
    rh_scan_blanks(&at);
    const char *word = rh_scan_word(&at, &length);
    if (!scan_address(&at, &address))
        return false;
    struct line line = {.call = rh_import_call(RH_EVENT_FREE, thread)};
    if (rh_word_is(word, length, "thread_done")) {
        line.call.kind = RH_EVENT_THREAD_END;
        line.timed = scan_argument(&at, &end) && end != 0;
        line.call.time_ns = end;
        *ret_line = line;
        return rh_scan_end(&at);
    }
    if (!scan_call(&at, word, length, address, &line.call) || !scan_times(&at, &line))
        return false;
    *ret_line = line;
    return true;
}

static bool matches(const char *text) {
    struct line line;
    return scan_line(text, &line);
}

static int detect(const uint8_t *head, size_t bytes) {
    struct rh_detected detected = rh_detect_lines(head, bytes, 20, matches);
    return detected.matching > 0 && detected.matching + 1 >= detected.lines ? RH_DETECT_SURE
                                                                            : RH_DETECT_NO;
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    char *text = NULL;
    size_t length = 0;
    int more = 0;
    bool first = true;
    while ((more = rh_input_line(input, error, &text, &length)) > 0) {
        struct line line;
        if (length == 0)
            continue;
        rh_import_report(import)->records++;
        if (!scan_line(text, &line)) {
            if (rh_input_is_truncated(input))
                break;
            return rh_import_refuse_line(input, error, "not a call of an Android memory trace");
        }
        if (first && line.timed)
            rh_import_set_timed(import, 1);
        first = false;
        rh_try(rh_import_add(import, &line.call, error));
    }
    return more < 0 ? more : 0;
}

const struct rh_importer rh_importer_android = {
    .name = "android",
    .summary = "Android memory trace, text or zip",
    .detect = detect,
    .run = run,
};
