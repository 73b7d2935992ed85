/* mtrace.c - glibc's mtrace(3):
 *
 *   [@ WHERE] + PTR SIZE     malloc and the like     [@ WHERE] - PTR          free
 *   [@ WHERE] < OLD, then [@ WHERE] > NEW SIZE       realloc
 *   [@ WHERE] ! PTR SIZE     realloc that failed     = Start, = End
 *
 * Sizes are hexadecimal; no thread is told, and calloc and memalign look like malloc. */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"

struct line {
    char sign; /* one of + - < > ! = */
    uint64_t address, size;
};

/* "@ FILE:(SYMBOL+0x1)[0x2] ": the file may hold anything but ends with "] ". */
static bool skip_where(const char **at) {
    if (!rh_scan_string(at, "@ "))
        return true;
    const char *end = NULL;
    for (const char *next = *at; (next = strstr(next, "] ")) != NULL; next++)
        end = next;
    if (end == NULL)
        return false;
    *at = end + 2;
    return true;
}

static bool scan_line(const char *text, struct line *ret_line) {
    const char *at = text;
    struct line line = {0};
    rh_scan_blanks(&at);
    if (!skip_where(&at))
        return false;
    line.sign = *at;
    if (line.sign == '\0' || strchr("+-<>!=", line.sign) == NULL || at[1] != ' ')
        return false;
    at += 2;
    *ret_line = line;
    if (line.sign == '=')
        return true;
    if (!rh_scan_pointer(&at, &line.address))
        return false;
    if (strchr("+>!", line.sign) != NULL) {
        rh_scan_blanks(&at);
        if (!rh_scan_pointer(&at, &line.size))
            return false;
    }
    *ret_line = line;
    return rh_scan_end(&at);
}

static bool matches(const char *text) {
    struct line line;
    return scan_line(text, &line);
}

static int detect(const uint8_t *head, size_t bytes) {
    static const char start[] = "= Start";
    if (bytes >= sizeof(start) - 1 && memcmp(head, start, sizeof(start) - 1) == 0)
        return RH_DETECT_SURE;
    struct rh_detected detected = rh_detect_lines(head, bytes, 20, matches);
    return detected.matching > 0 && detected.matching + 1 >= detected.lines ? RH_DETECT_MAYBE
                                                                            : RH_DETECT_NO;
}

/* `*old` is the address of a "<" that waits for its ">"; 0: none. */
static int add_line(struct rh_import *import, const struct line *line, uint64_t *old,
                    struct rh_error *error) {
    struct rh_import_call call = rh_import_call(RH_EVENT_MALLOC, 0);
    call.result = line->address;
    call.size = line->size;
    switch (line->sign) {
    case '<':
        *old = line->address;
        return 0;
    case '>':
        call.kind = RH_EVENT_REALLOC;
        call.old = *old;
        *old = 0;
        return rh_import_add(import, &call, error);
    case '!':
        call.kind = RH_EVENT_REALLOC;
        call.old = line->address;
        call.result = 0;
        return rh_import_add(import, &call, error);
    case '-':
        call = rh_import_call(RH_EVENT_FREE, 0);
        call.old = line->address;
        return rh_import_add(import, &call, error);
    case '+':
        return rh_import_add(import, &call, error);
    default:
        return 0;
    }
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    uint64_t old = 0;
    char *text = NULL;
    size_t length = 0;
    int more = 0;
    while ((more = rh_input_line(input, error, &text, &length)) > 0) {
        struct line line;
        if (length == 0)
            continue;
        rh_import_report(import)->records++;
        if (!scan_line(text, &line)) {
            if (rh_input_is_truncated(input))
                break;
            return rh_import_refuse_line(input, error, "\"%.60s\" is no line of mtrace(3)", text);
        }
        rh_try(add_line(import, &line, &old, error));
    }
    return more < 0 ? more : 0;
}

const struct rh_importer rh_importer_mtrace = {
    .name = "mtrace",
    .summary = "glibc mtrace(3)",
    .detect = detect,
    .run = run,
};
