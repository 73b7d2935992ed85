/* text.c - the text form of our own traces (docs/trace-format.md, "The text form"). The way there
 * is text_form.c. */
#include "trace/text_form.h"

#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"
#include "trace/meta.h"

static int detect(const uint8_t *head, size_t bytes) {
    size_t length = strlen(RH_TEXT_FORM_SIGNATURE);
    return bytes >= length && memcmp(head, RH_TEXT_FORM_SIGNATURE, length) == 0 ? RH_DETECT_SURE
                                                                                : RH_DETECT_NO;
}

/* Objects are labels, shifted by one: address 0 is NULL. */
static bool scan_object(const char **at, uint64_t *ret_address) {
    rh_scan_blanks(at);
    if (!rh_scan_decimal(at, ret_address) || *ret_address == UINT64_MAX)
        return false;
    ++*ret_address;
    return true;
}

static bool scan_kind(const char **at, uint8_t *ret_kind) {
    rh_scan_blanks(at);
    const char *word = *at;
    while (**at != ' ' && **at != '\0')
        (*at)++;
    for (unsigned kind = 0; kind < RH_EVENT_KINDS; kind++)
        if (rh_word_is(word, (size_t)(*at - word), rh_event_kind_name(kind))) {
            *ret_kind = (uint8_t)kind;
            return true;
        }
    return false;
}

/* "key=value" and flags, in any order. */
static bool scan_details(const char **at, struct rh_import_call *call) {
    uint64_t touched = 0;
    while (!rh_scan_end(at)) {
        if (rh_scan_string(at, "size=")) {
            if (!rh_scan_decimal(at, &call->size))
                return false;
        } else if (rh_scan_string(at, "align=")) {
            if (!rh_scan_decimal(at, &call->alignment))
                return false;
        } else if (rh_scan_string(at, "touched=")) {
            if (!rh_scan_decimal(at, &touched) || touched >= RH_NO_TOUCHED)
                return false;
            call->touched_pages = (uint32_t)touched;
        } else if (rh_scan_string(at, "parent=")) {
            if (!rh_scan_decimal(at, &call->parent))
                return false;
        } else if (rh_scan_string(at, "prologue")) {
            call->prologue = true;
        } else {
            return false;
        }
        if (**at != ' ' && **at != '\0')
            return false;
    }
    return true;
}

static bool scan_event(const char *line, bool timed, struct rh_import_call *ret_call) {
    const char *at = line;
    struct rh_import_call call = rh_import_call(RH_EVENT_MALLOC, 0);
    if (timed ? !rh_scan_decimal(&at, &call.time_ns) : !rh_scan_char(&at, '-'))
        return false;
    rh_scan_blanks(&at);
    if (!rh_scan_decimal(&at, &call.thread) || !scan_kind(&at, &call.kind))
        return false;
    if (rh_event_refers(call.kind) && !scan_object(&at, &call.old))
        return false;
    if (rh_event_acquires(call.kind) && !scan_object(&at, &call.result))
        return false;
    if (!scan_details(&at, &call))
        return false;
    *ret_call = call;
    return true;
}

/* The first two lines: the signature, and the metadata. */
static int read_head(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    char *line = NULL;
    size_t length = 0;
    struct rh_trace_meta *meta = rh_import_meta(import);
    int more = rh_input_line(input, error, &line, &length);
    if (more > 0 && strcmp(line, RH_TEXT_FORM_SIGNATURE) != 0)
        return rh_import_refuse_line(input, error, "not \"" RH_TEXT_FORM_SIGNATURE "\"");
    if (more > 0)
        more = rh_input_line(input, error, &line, &length);
    if (more < 0)
        return more;
    if (more == 0 || strncmp(line, "meta ", 5) != 0)
        return rh_import_refuse_line(input, error, "the metadata are missing");
    struct rh_error own = {0};
    int result = rh_trace_meta_read(line + 5, length - 5, &own, meta);
    if (result < 0)
        return rh_import_refuse_line(input, error, "%s", own.message);
    if (meta->time_quantum_ns != 0)
        rh_import_set_timed(import, meta->time_quantum_ns);
    rh_import_set_exact(import);
    return 0;
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    rh_try(read_head(import, input, error));
    bool timed = rh_import_meta(import)->time_quantum_ns != 0;
    char *line = NULL;
    size_t length = 0;
    int more = 0;
    while ((more = rh_input_line(input, error, &line, &length)) > 0) {
        if (length == 0 || line[0] == '#')
            continue;
        rh_import_report(import)->records++;
        struct rh_import_call call;
        if (!scan_event(line, timed, &call))
            return rh_import_refuse_line(input, error, "\"%.60s\" is no event", line);
        int result = rh_import_add(import, &call, error);
        if (result == RH_ERR_FORMAT)
            rh_error_prefix(error, "%s, line %llu", rh_input_path(input),
                            (unsigned long long)rh_input_line_number(input));
        rh_try(result);
    }
    return more < 0 ? more : 0;
}

const struct rh_importer rh_importer_text = {
    .name = "text",
    .summary = "text form of reheap trace dump",
    .detect = detect,
    .run = run,
};
