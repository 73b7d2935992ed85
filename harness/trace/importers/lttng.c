/* lttng.c - LTTng-UST's libc wrapper, as babeltrace2 prints it:
 *
 *   [HH:MM:SS.NNNNNNNNN] (+DELTA) HOST lttng_ust_libc:EVENT: { CONTEXT }, ..., { FIELDS }
 *
 * with NAME = VALUE in the braces; threads and processes are told by the contexts vtid and vpid.
 * Times wrap at midnight unless babeltrace2 ran with --clock-date. */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"

#define SECOND_NS UINT64_C(1000000000)
#define DAY_NS    (86400 * SECOND_NS)

struct line {
    uint64_t pid;
    bool dated;
    struct rh_import_call call;
};

/* ---- times ---- */

/* Days from 1970-01-01 in the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms", days_from_civil, for years from 1970). */
static uint64_t days_of(uint64_t year, uint64_t month, uint64_t day) {
    uint64_t shifted = month <= 2 ? year - 1 : year;
    uint64_t era = shifted / 400;
    uint64_t of_era = shifted - era * 400;
    uint64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool scan_date(const char **at, uint64_t *ret_ns) {
    const char *next = *at;
    uint64_t year = 0;
    uint64_t month = 0;
    uint64_t day = 0;
    if (!rh_scan_decimal(&next, &year) || !rh_scan_char(&next, '-') ||
        !rh_scan_decimal(&next, &month) || !rh_scan_char(&next, '-') ||
        !rh_scan_decimal(&next, &day) || !rh_scan_char(&next, ' '))
        return false;
    if (year < 1970 || year > 2100 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    *ret_ns = days_of(year, month, day) * DAY_NS;
    *at = next;
    return true;
}

/* "HH:MM:SS.NNNNNNNNN" */
static bool scan_clock(const char **at, uint64_t *ret_ns) {
    uint64_t hours = 0;
    uint64_t minutes = 0;
    uint64_t seconds = 0;
    uint64_t ns = 0;
    if (!rh_scan_decimal(at, &hours) || !rh_scan_char(at, ':') || !rh_scan_decimal(at, &minutes) ||
        !rh_scan_char(at, ':') || !rh_scan_decimal(at, &seconds) || !rh_scan_char(at, '.') ||
        !rh_scan_decimal(at, &ns))
        return false;
    if (hours > 23 || minutes > 59 || seconds > 60 || ns >= SECOND_NS)
        return false;
    *ret_ns = ((hours * 60 + minutes) * 60 + seconds) * SECOND_NS + ns;
    return true;
}

static bool scan_time(const char **at, struct line *line) {
    uint64_t date_ns = 0;
    if (!rh_scan_char(at, '['))
        return false;
    line->dated = scan_date(at, &date_ns);
    if (!scan_clock(at, &line->call.time_ns) || !rh_scan_char(at, ']'))
        return false;
    line->call.time_ns += date_ns;
    return true;
}

/* ---- fields ---- */

/* " NAME = VALUE" anywhere behind `text`. */
static bool find_field(const char *text, const char *name, uint64_t *ret_value) {
    size_t length = strlen(name);
    for (const char *at = text; (at = strstr(at, name)) != NULL; at += length) {
        if (at == text || (at[-1] != ' ' && at[-1] != '{') || strncmp(at + length, " = ", 3) != 0)
            continue;
        at += length + 3;
        bool negative = rh_scan_char(&at, '-');
        bool well = at[0] == '0' && (at[1] == 'x' || at[1] == 'X')
                        ? rh_scan_pointer(&at, ret_value)
                        : rh_scan_decimal(&at, ret_value);
        if (negative)
            *ret_value = UINT64_C(0) - *ret_value;
        return well;
    }
    return false;
}

static bool scan_calloc(const char *fields, struct rh_import_call *call) {
    uint64_t count = 0;
    if (!find_field(fields, "nmemb", &count) || !find_field(fields, "size", &call->size) ||
        !find_field(fields, "ptr", &call->result))
        return false;
    call->overflowed = __builtin_mul_overflow(count, call->size, &call->size);
    return true;
}

static bool scan_fields(const char *event, size_t length, const char *fields,
                        struct rh_import_call *call) {
    uint64_t result = 0;
    if (rh_word_is(event, length, "malloc")) {
        call->kind = RH_EVENT_MALLOC;
        return find_field(fields, "size", &call->size) && find_field(fields, "ptr", &call->result);
    }
    if (rh_word_is(event, length, "calloc")) {
        call->kind = RH_EVENT_CALLOC;
        return scan_calloc(fields, call);
    }
    if (rh_word_is(event, length, "realloc")) {
        call->kind = RH_EVENT_REALLOC;
        return find_field(fields, "in_ptr", &call->old) &&
               find_field(fields, "size", &call->size) && find_field(fields, "ptr", &call->result);
    }
    if (rh_word_is(event, length, "free")) {
        call->kind = RH_EVENT_FREE;
        return find_field(fields, "ptr", &call->old);
    }
    call->kind = RH_EVENT_ALIGNED;
    if (rh_word_is(event, length, "memalign"))
        return find_field(fields, "alignment", &call->alignment) &&
               find_field(fields, "size", &call->size) && find_field(fields, "ptr", &call->result);
    if (!rh_word_is(event, length, "posix_memalign") ||
        !find_field(fields, "alignment", &call->alignment) ||
        !find_field(fields, "size", &call->size) || !find_field(fields, "result", &result) ||
        !find_field(fields, "out_ptr", &call->result))
        return false;
    if (result != 0)
        call->result = 0;
    return true;
}

static bool scan_line(const char *text, struct line *ret_line) {
    static const char provider[] = "lttng_ust_libc:";
    const char *at = text;
    size_t length = 0;
    struct line line = {.call = rh_import_call(RH_EVENT_MALLOC, 0)};
    if (!scan_time(&at, &line))
        return false;
    at = strstr(at, provider);
    if (at == NULL)
        return false;
    at += sizeof(provider) - 1;
    const char *event = rh_scan_word(&at, &length);
    if (!rh_scan_char(&at, ':'))
        return false;
    find_field(at, "vpid", &line.pid);
    if (!find_field(at, "vtid", &line.call.thread))
        line.call.thread = 0;
    const char *fields = strrchr(at, '{');
    if (fields == NULL || !scan_fields(event, length, fields, &line.call))
        return false;
    *ret_line = line;
    return true;
}

static bool matches(const char *text) {
    struct line line;
    return scan_line(text, &line);
}

static int detect(const uint8_t *head, size_t bytes) {
    return rh_detect_lines(head, bytes, 100, matches).matching > 0 ? RH_DETECT_SURE : RH_DETECT_NO;
}

/* ---- the course ---- */

/* A clock that goes back by more than half a day has passed midnight. */
static void unwrap_time(struct line *line, uint64_t *day_ns, uint64_t *last_ns) {
    if (!line->dated && line->call.time_ns + *day_ns + DAY_NS / 2 < *last_ns)
        *day_ns += DAY_NS;
    line->call.time_ns += *day_ns;
    if (line->call.time_ns > *last_ns)
        *last_ns = line->call.time_ns;
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    struct rh_import_report *report = rh_import_report(import);
    uint64_t wanted = rh_import_options(import)->pid;
    uint64_t day_ns = 0;
    uint64_t last_ns = 0;
    char *text = NULL;
    size_t length = 0;
    int more = 0;
    rh_import_set_timed(import, 1);
    while ((more = rh_input_line(input, error, &text, &length)) > 0) {
        struct line line;
        report->records++;
        if (!scan_line(text, &line)) {
            report->ignored++;
            continue;
        }
        wanted = wanted != 0 ? wanted : line.pid;
        unwrap_time(&line, &day_ns, &last_ns);
        if (line.pid != wanted)
            report->other_processes++;
        else
            rh_try(rh_import_add(import, &line.call, error));
    }
    rh_import_meta(import)->pid = wanted;
    return more < 0 ? more : 0;
}

const struct rh_importer rh_importer_lttng = {
    .name = "lttng",
    .summary = "LTTng-UST libc wrapper through babeltrace2",
    .detect = detect,
    .run = run,
};
