/* wee.c - traces of Rust's wee_alloc tests: "Alloc(SIZE)," and "Free(K)," where K counts the Alloc
 * lines from 0. A second Free of the same K does nothing. */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"

static bool scan_line(const char *line, struct rh_import_call *ret_call) {
    const char *at = line;
    struct rh_import_call call = rh_import_call(RH_EVENT_MALLOC, 0);
    uint64_t number = 0;
    rh_scan_blanks(&at);
    bool frees = rh_scan_string(&at, "Free(");
    if ((!frees && !rh_scan_string(&at, "Alloc(")) || !rh_scan_decimal(&at, &number) ||
        number == UINT64_MAX || !rh_scan_char(&at, ')'))
        return false;
    rh_scan_char(&at, ',');
    if (frees) {
        call.kind = RH_EVENT_FREE;
        call.old = number + 1;
    } else {
        call.size = number;
    }
    *ret_call = call;
    return rh_scan_end(&at);
}

static bool matches(const char *line) {
    struct rh_import_call call;
    return scan_line(line, &call);
}

static int detect(const uint8_t *head, size_t bytes) {
    struct rh_detected detected = rh_detect_lines(head, bytes, 20, matches);
    return detected.matching > 0 && detected.matching + 1 >= detected.lines ? RH_DETECT_SURE
                                                                            : RH_DETECT_NO;
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    uint64_t made = 0;
    char *line = NULL;
    size_t length = 0;
    int more = 0;
    while ((more = rh_input_line(input, error, &line, &length)) > 0) {
        struct rh_import_call call;
        if (length == 0)
            continue;
        rh_import_report(import)->records++;
        if (!scan_line(line, &call)) {
            if (rh_input_is_truncated(input))
                break;
            return rh_import_refuse_line(input, error, "neither Alloc(N) nor Free(N)");
        }
        if (call.kind == RH_EVENT_MALLOC)
            call.result = ++made;
        rh_try(rh_import_add(import, &call, error));
    }
    return more < 0 ? more : 0;
}

const struct rh_importer rh_importer_wee = {
    .name = "wee_alloc",
    .summary = "wee_alloc test trace",
    .detect = detect,
    .run = run,
};
