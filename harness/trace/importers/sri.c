/* sri.c - the mhook recorder of SRI's allocation traces; all numbers are hexadecimal.
 *
 *   m SIZE PTR CALLER | f PTR CALLER | c COUNT SIZE PTR CALLER | r OLD SIZE NEW CALLER
 *   i 0x0 (start) | e 0x0 (end)
 *
 * No thread is told, and a free may stand behind the reuse of its address. */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"

enum { NUMBERS_MAX = 4 };

struct line {
    bool is_call;
    struct rh_import_call call;
};

static size_t scan_numbers(const char **at, uint64_t numbers[NUMBERS_MAX]) {
    size_t count = 0;
    while (!rh_scan_end(at)) {
        if (count == NUMBERS_MAX || !rh_scan_pointer(at, &numbers[count]))
            return SIZE_MAX;
        count++;
    }
    return count;
}

static bool scan_line(const char *text, struct line *ret_line) {
    const char *at = text + 1;
    uint64_t numbers[NUMBERS_MAX] = {0};
    struct line line = {.call = rh_import_call(RH_EVENT_MALLOC, 0)};
    if (text[0] == '\0' || text[1] != ' ')
        return false;
    size_t count = scan_numbers(&at, numbers);
    size_t wanted = 0;
    switch (text[0]) {
    case 'm':
        line.call.size = numbers[0];
        line.call.result = numbers[1];
        wanted = 3;
        break;
    case 'f':
        line.call.kind = RH_EVENT_FREE;
        line.call.old = numbers[0];
        wanted = 2;
        break;
    case 'c':
        line.call.kind = RH_EVENT_CALLOC;
        line.call.overflowed = __builtin_mul_overflow(numbers[0], numbers[1], &line.call.size);
        line.call.result = numbers[2];
        wanted = 4;
        break;
    case 'r':
        line.call.kind = RH_EVENT_REALLOC;
        line.call.old = numbers[0];
        line.call.size = numbers[1];
        line.call.result = numbers[2];
        wanted = 4;
        break;
    case 'i':
    case 'e':
        wanted = 1;
        break;
    default:
        return false;
    }
    line.is_call = wanted > 1;
    *ret_line = line;
    return count == wanted;
}

static bool matches(const char *text) {
    struct line line;
    return scan_line(text, &line);
}

static int detect(const uint8_t *head, size_t bytes) {
    struct rh_detected detected = rh_detect_lines(head, bytes, 20, matches);
    return detected.matching > 1 && detected.matching + 1 >= detected.lines ? RH_DETECT_SURE
                                                                            : RH_DETECT_NO;
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    char *text = NULL;
    size_t length = 0;
    int more = 0;
    rh_import_set_late_frees(import);
    while ((more = rh_input_line(input, error, &text, &length)) > 0) {
        struct line line;
        if (length == 0)
            continue;
        rh_import_report(import)->records++;
        if (!scan_line(text, &line)) {
            if (rh_input_is_truncated(input))
                break;
            return rh_import_refuse_line(input, error, "\"%.60s\" is no call of an mhook trace",
                                         text);
        }
        if (line.is_call)
            rh_try(rh_import_add(import, &line.call, error));
    }
    return more < 0 ? more : 0;
}

const struct rh_importer rh_importer_sri = {
    .name = "sri",
    .summary = "SRI mhook trace",
    .detect = detect,
    .run = run,
};
