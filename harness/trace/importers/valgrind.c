/* valgrind.c - what valgrind --trace-malloc=yes prints to standard error, among other lines:
 *
 *   --PID-- FUNCTION(ARGUMENTS) = PTR      --PID-- free(PTR)
 *   --PID-- realloc(0x0,N)malloc(N) = PTR  --PID-- realloc(PTR,0)free(PTR), then "--PID--  = 0"
 *
 * memcheck frees NULL some seventy times at the end (__libc_freeres); those are no calls of the
 * program and cannot be told from the program's own: all free(0x0) are dropped, and counted. */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"

/* "malloc(N)", "_Znwm(N)", "_ZnwmSt11align_val_t(size N, al A)". */
static bool scan_new(const char **at, struct rh_import_call *call) {
    if (rh_scan_string(at, "size ")) {
        call->kind = RH_EVENT_NEW_ALIGNED;
        return rh_scan_decimal(at, &call->size) && rh_scan_string(at, ", al ") &&
               rh_scan_decimal(at, &call->alignment) && rh_scan_char(at, ')');
    }
    return rh_scan_decimal(at, &call->size) && rh_scan_char(at, ')');
}

static bool scan_calloc(const char **at, struct rh_import_call *call) {
    uint64_t count = 0;
    if (!rh_scan_decimal(at, &count) || !rh_scan_char(at, ',') ||
        !rh_scan_decimal(at, &call->size) || !rh_scan_char(at, ')'))
        return false;
    call->overflowed = __builtin_mul_overflow(count, call->size, &call->size);
    return true;
}

/* Behind the new size the call that it comes to may be named. */
static bool scan_realloc(const char **at, struct rh_import_call *call) {
    uint64_t again = 0;
    if (!rh_scan_pointer(at, &call->old) || !rh_scan_char(at, ',') ||
        !rh_scan_decimal(at, &call->size) || !rh_scan_char(at, ')'))
        return false;
    if (rh_scan_string(at, "malloc("))
        return rh_scan_decimal(at, &again) && rh_scan_char(at, ')');
    if (rh_scan_string(at, "free("))
        return rh_scan_pointer(at, &again) && rh_scan_char(at, ')');
    return true;
}

static bool starts_with(const char *word, size_t length, const char *start) {
    return length >= strlen(start) && memcmp(word, start, strlen(start)) == 0;
}

static bool is_new(const char *word, size_t length) {
    return starts_with(word, length, "_Znw") || starts_with(word, length, "_Zna") ||
           starts_with(word, length, "__builtin_new") ||
           starts_with(word, length, "__builtin_vec_new");
}

static bool is_delete(const char *word, size_t length) {
    return starts_with(word, length, "_ZdlPv") || starts_with(word, length, "_ZdaPv") ||
           starts_with(word, length, "__builtin_delete") ||
           starts_with(word, length, "__builtin_vec_delete");
}

static bool scan_function(const char **at, struct rh_import_call *call) {
    size_t length = 0;
    const char *word = rh_scan_word(at, &length);
    if (!rh_scan_char(at, '('))
        return false;
    if (rh_word_is(word, length, "free") || is_delete(word, length)) {
        call->kind = RH_EVENT_FREE;
        return rh_scan_pointer(at, &call->old) && rh_scan_char(at, ')') && rh_scan_end(at);
    }
    bool well = false;
    if (rh_word_is(word, length, "malloc")) {
        call->kind = RH_EVENT_MALLOC;
        well = scan_new(at, call);
    } else if (is_new(word, length)) {
        call->kind = RH_EVENT_NEW;
        well = scan_new(at, call);
    } else if (rh_word_is(word, length, "calloc")) {
        call->kind = RH_EVENT_CALLOC;
        well = scan_calloc(at, call);
    } else if (rh_word_is(word, length, "realloc")) {
        call->kind = RH_EVENT_REALLOC;
        well = scan_realloc(at, call);
        if (well && rh_scan_end(at))
            return call->size == 0 && call->old != 0; /* " = 0" comes on a line of its own */
    } else if (rh_word_is(word, length, "memalign")) {
        call->kind = RH_EVENT_ALIGNED;
        well = rh_scan_string(at, "al ") && rh_scan_decimal(at, &call->alignment) &&
               rh_scan_string(at, ", size ") && rh_scan_decimal(at, &call->size) &&
               rh_scan_char(at, ')');
    }
    rh_scan_blanks(at);
    return well && rh_scan_string(at, "= ") && rh_scan_pointer(at, &call->result) &&
           rh_scan_end(at);
}

static bool scan_line(const char *line, uint64_t *ret_pid, struct rh_import_call *ret_call) {
    const char *at = line;
    *ret_call = rh_import_call(RH_EVENT_MALLOC, 0);
    return rh_scan_string(&at, "--") && rh_scan_decimal(&at, ret_pid) &&
           rh_scan_string(&at, "-- ") && scan_function(&at, ret_call);
}

static bool matches(const char *line) {
    uint64_t pid = 0;
    struct rh_import_call call;
    return scan_line(line, &pid, &call);
}

static int detect(const uint8_t *head, size_t bytes) {
    return rh_detect_lines(head, bytes, 1000, matches).matching > 0 ? RH_DETECT_SURE : RH_DETECT_NO;
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    uint64_t wanted = rh_import_options(import)->pid;
    struct rh_import_report *report = rh_import_report(import);
    char *line = NULL;
    size_t length = 0;
    int more = 0;
    while ((more = rh_input_line(input, error, &line, &length)) > 0) {
        uint64_t pid = 0;
        struct rh_import_call call;
        report->records++;
        if (!scan_line(line, &pid, &call)) {
            report->ignored++;
            continue;
        }
        wanted = wanted != 0 ? wanted : pid;
        if (pid != wanted)
            report->other_processes++;
        else if (call.kind == RH_EVENT_FREE && call.old == 0)
            report->dropped_null_frees++;
        else
            rh_try(rh_import_add(import, &call, error));
    }
    rh_import_meta(import)->pid = wanted;
    return more < 0 ? more : 0;
}

const struct rh_importer rh_importer_valgrind = {
    .name = "valgrind",
    .summary = "valgrind --trace-malloc=yes (standard error)",
    .detect = detect,
    .run = run,
};
