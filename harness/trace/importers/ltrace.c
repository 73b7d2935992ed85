/* ltrace.c - the output of ltrace -f -o FILE:
 *
 *   [PID ][OBJECT->]FUNCTION(ARGUMENTS)   = RESULT
 *   [PID ][OBJECT->]FUNCTION(ARGUMENTS <unfinished ...>
 *   [PID ]<... FUNCTION resumed> MORE)    = RESULT
 *
 * For functions without a prototype more arguments follow than there are: only the first count.
 * posix_memalign's pointer is not shown. ltrace does not tell threads from processes. */
#include <stdio.h>

#include "base/memory.h"
#include "trace/importers/address_map.h"
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"

enum { HELD_BYTES = 256 };

/* Arguments that count: sizes (S), counts (C), alignments (A), old pointers (P), others (-). */
static const struct function {
    const char *name;
    const char *arguments;
    uint8_t kind;
} functions[] = {
    {"malloc", "S", RH_EVENT_MALLOC},
    {"calloc", "CS", RH_EVENT_CALLOC},
    {"realloc", "PS", RH_EVENT_REALLOC},
    {"reallocarray", "PCS", RH_EVENT_REALLOC},
    {"free", "P", RH_EVENT_FREE},
    {"posix_memalign", "-AS", RH_EVENT_ALIGNED},
    {"aligned_alloc", "AS", RH_EVENT_ALIGNED},
    {"memalign", "AS", RH_EVENT_ALIGNED},
    {"valloc", "S", RH_EVENT_ALIGNED},
    {"pvalloc", "S", RH_EVENT_ALIGNED},
};

struct line {
    uint64_t pid;
    bool unusable; /* the pointer is not shown */
    struct rh_import_call call;
};

static const struct function *scan_function(const char **at) {
    size_t length = 0;
    const char *arrow = strstr(*at, "->");
    const char *bracket = strchr(*at, '(');
    if (arrow != NULL && bracket != NULL && arrow < bracket)
        *at = arrow + 2;
    const char *name = rh_scan_word(at, &length);
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (rh_word_is(name, length, functions[i].name) && rh_scan_char(at, '('))
            return &functions[i];
    return NULL;
}

/* A number of ltrace: decimal, or hexadecimal with 0x; small ones may be negative. */
static bool scan_value(const char **at, uint64_t *ret_value) {
    bool negative = rh_scan_char(at, '-');
    bool well = (*at)[0] == '0' && (*at)[1] == 'x' ? rh_scan_pointer(at, ret_value)
                                                   : rh_scan_decimal(at, ret_value);
    if (!well && rh_scan_string(at, "nil")) {
        *ret_value = 0;
        return true;
    }
    if (negative)
        *ret_value = UINT64_C(0) - *ret_value;
    return well;
}

static bool scan_arguments(const char **at, const struct function *function,
                           struct rh_import_call *call) {
    uint64_t count = 1;
    uint64_t other = 0;
    for (const char *next = function->arguments; *next != '\0'; next++) {
        rh_scan_blanks(at);
        if (next != function->arguments && !rh_scan_char(at, ','))
            return false;
        rh_scan_blanks(at);
        uint64_t *into = *next == 'S'   ? &call->size
                         : *next == 'C' ? &count
                         : *next == 'A' ? &call->alignment
                         : *next == 'P' ? &call->old
                                        : &other;
        if (!scan_value(at, into))
            return false;
    }
    call->overflowed = __builtin_mul_overflow(count, call->size, &call->size);
    return true;
}

/* Behind the arguments: "... ) = RESULT". */
static bool scan_result(const char *at, struct line *line, const struct function *function) {
    const char *equals = NULL;
    for (const char *next = at; (next = strstr(next, ") ")) != NULL; next++)
        equals = next;
    if (equals == NULL)
        return false;
    equals++;
    rh_scan_blanks(&equals);
    if (!rh_scan_string(&equals, "= "))
        return false;
    uint64_t result = 0;
    if (function->kind == RH_EVENT_FREE)
        return true;
    if (!scan_value(&equals, &result))
        return false;
    line->unusable = function->arguments[0] == '-' && result == 0;
    line->call.result = function->arguments[0] == '-' ? 0 : result;
    return true;
}

static bool scan_call(const char *text, struct line *line) {
    const char *at = text;
    const struct function *function = scan_function(&at);
    if (function == NULL)
        return false;
    line->call = rh_import_call(function->kind, line->pid);
    if (strcmp(function->name, "valloc") == 0 || strcmp(function->name, "pvalloc") == 0)
        line->call.alignment = 4096;
    return scan_arguments(&at, function, &line->call) && scan_result(at, line, function);
}

/* "PID " where it is told. */
static const char *skip_pid(const char *text, uint64_t *ret_pid) {
    const char *at = text;
    *ret_pid = 0;
    if (!rh_scan_decimal(&at, ret_pid) || *at != ' ') {
        *ret_pid = 0;
        return text;
    }
    rh_scan_blanks(&at);
    return at;
}

static bool matches(const char *text) {
    struct line line = {0};
    return scan_call(skip_pid(text, &line.pid), &line);
}

static int detect(const uint8_t *head, size_t bytes) {
    return rh_detect_lines(head, bytes, 1000, matches).matching > 0 ? RH_DETECT_MAYBE
                                                                    : RH_DETECT_NO;
}

/* ---- calls that another thread interrupted ---- */

struct held {
    char text[HELD_BYTES];
};

struct state {
    struct rh_import *import;
    uint64_t wanted; /* pid; 0: all */
    uint64_t first;
    struct rh_address_map index; /* pid -> held + 1 */
    struct held *held;
    size_t held_count, held_capacity;
};

static int held_of(struct state *state, uint64_t pid, struct rh_error *error,
                   struct held **ret_held) {
    const struct rh_address_entry *found = rh_address_map_find(&state->index, pid);
    if (found != NULL) {
        *ret_held = &state->held[found->object - 1];
        return 0;
    }
    rh_try(rh_grow((void **)&state->held, &state->held_capacity, state->held_count + 1,
                   sizeof(*state->held), error));
    const struct rh_address_entry entry = {.address = pid, .object = state->held_count + 1};
    rh_try(rh_address_map_put(&state->index, &entry, error));
    *ret_held = &state->held[state->held_count++];
    (*ret_held)->text[0] = '\0';
    return 0;
}

static int take_call(struct state *state, const char *text, uint64_t pid, struct rh_error *error) {
    struct line line = {.pid = pid};
    struct rh_import_report *report = rh_import_report(state->import);
    if (!scan_call(text, &line)) {
        report->ignored++;
        return 0;
    }
    if (state->wanted != 0 && pid != state->wanted) {
        report->other_processes++;
        return 0;
    }
    if (line.unusable) {
        report->unusable++;
        return 0;
    }
    if (state->first == 0)
        state->first = pid;
    if (pid != state->first)
        rh_try(rh_import_guess(state->import,
                               "the pids of ltrace were taken as threads of one "
                               "process (--pid takes one)",
                               error));
    return rh_import_add(state->import, &line.call, error);
}

static int take_line(struct state *state, const char *line, struct rh_error *error) {
    uint64_t pid = 0;
    struct held *held = NULL;
    const char *text = skip_pid(line, &pid);
    const char *unfinished = strstr(text, "<unfinished ...>");
    const char *resumed = strstr(text, " resumed>");
    if (unfinished != NULL) {
        rh_try(held_of(state, pid, error, &held));
        snprintf(held->text, sizeof(held->text), "%.*s", (int)(unfinished - text), text);
        return 0;
    }
    if (strncmp(text, "<... ", 5) != 0 || resumed == NULL)
        return take_call(state, text, pid, error);
    char joined[2 * HELD_BYTES];
    rh_try(held_of(state, pid, error, &held));
    snprintf(joined, sizeof(joined), "%s%s", held->text, resumed + strlen(" resumed>"));
    held->text[0] = '\0';
    return take_call(state, joined, pid, error);
}

static int take_lines(struct state *state, struct rh_input *input, struct rh_error *error) {
    char *line = NULL;
    size_t length = 0;
    int more = 0;
    while ((more = rh_input_line(input, error, &line, &length)) > 0) {
        rh_import_report(state->import)->records++;
        rh_try(take_line(state, line, error));
    }
    return more < 0 ? more : 0;
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    struct state state = {.import = import, .wanted = rh_import_options(import)->pid};
    int result = take_lines(&state, input, error);
    rh_import_meta(import)->pid = state.first;
    rh_address_map_finish(&state.index);
    rh_free(state.held);
    return result;
}

const struct rh_importer rh_importer_ltrace = {
    .name = "ltrace",
    .summary = "ltrace -f -o FILE",
    .detect = detect,
    .run = run,
};
