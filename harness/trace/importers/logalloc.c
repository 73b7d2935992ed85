/* logalloc.c - Firefox's logalloc (memory/replace/logalloc), raw, or munged to slot numbers:
 *
 *   PID [TID] FUNCTION(ARGUMENTS)[=RESULT]
 *
 * A result is a pointer, or "#N" in munged logs; #0 is NULL. Old logs have no TID. */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"

struct line {
    uint64_t pid;
    bool is_call; /* of the heap: markers are calls too */
    struct rh_import_call call;
};

static bool scan_object(const char **at, uint64_t *ret_address) {
    if (rh_scan_char(at, '#'))
        return rh_scan_decimal(at, ret_address);
    return rh_scan_pointer(at, ret_address);
}

/* What stands between the brackets: sizes (S), counts (C), alignments (A), old pointers (P). */
static const struct function {
    const char *name;
    const char *arguments;
    uint8_t kind;
    bool has_result;
} functions[] = {
    {"malloc", "S", RH_EVENT_MALLOC, true},
    {"calloc", "CS", RH_EVENT_CALLOC, true},
    {"realloc", "PS", RH_EVENT_REALLOC, true},
    {"free", "P", RH_EVENT_FREE, false},
    {"posix_memalign", "AS", RH_EVENT_ALIGNED, true},
    {"aligned_alloc", "AS", RH_EVENT_ALIGNED, true},
    {"memalign", "AS", RH_EVENT_ALIGNED, true},
    {"valloc", "S", RH_EVENT_ALIGNED, true},
    {"jemalloc_stats", "", RH_EVENT_MARKER, false},
};

static const struct function *find_function(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (rh_word_is(name, length, functions[i].name))
            return &functions[i];
    return NULL;
}

static bool scan_arguments(const char **at, const char *shape, struct rh_import_call *call) {
    uint64_t count = 1;
    for (const char *next = shape; *next != '\0'; next++) {
        if (next != shape && !rh_scan_char(at, ','))
            return false;
        bool well = *next == 'S'   ? rh_scan_decimal(at, &call->size)
                    : *next == 'C' ? rh_scan_decimal(at, &count)
                    : *next == 'A' ? rh_scan_decimal(at, &call->alignment)
                                   : scan_object(at, &call->old);
        if (!well)
            return false;
    }
    call->overflowed = __builtin_mul_overflow(count, call->size, &call->size);
    return true;
}

static bool scan_line(const char *text, struct line *ret_line) {
    const char *at = text;
    size_t length = 0;
    struct line line = {.pid = 0};
    uint64_t thread = 0;
    rh_scan_blanks(&at);
    if (!rh_scan_decimal(&at, &line.pid) || *at != ' ')
        return false;
    rh_scan_blanks(&at);
    if (rh_scan_decimal(&at, &thread))
        rh_scan_blanks(&at);
    else
        thread = line.pid;
    const char *name = rh_scan_word(&at, &length);
    const struct function *function = find_function(name, length);
    if (function == NULL || !rh_scan_char(&at, '('))
        return false;
    line.call = rh_import_call(function->kind, thread);
    if (rh_word_is(name, length, "valloc"))
        line.call.alignment = 4096;
    if (!scan_arguments(&at, function->arguments, &line.call) || !rh_scan_char(&at, ')'))
        return false;
    if (function->has_result && (!rh_scan_char(&at, '=') || !scan_object(&at, &line.call.result)))
        return false;
    *ret_line = line;
    return rh_scan_end(&at);
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
    uint64_t pid = rh_import_options(import)->pid;
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
            return rh_import_refuse_line(input, error, "\"%.60s\" is no call of a logalloc log",
                                         text);
        }
        pid = pid != 0 ? pid : line.pid;
        if (line.pid == pid)
            rh_try(rh_import_add(import, &line.call, error));
        else
            rh_import_report(import)->other_processes++;
    }
    rh_import_meta(import)->pid = pid;
    return more < 0 ? more : 0;
}

const struct rh_importer rh_importer_logalloc = {
    .name = "logalloc",
    .summary = "Firefox logalloc, raw or munged",
    .detect = detect,
    .run = run,
};
