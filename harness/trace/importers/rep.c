/* rep.c - .rep files of malloc labs (CMU and others): whitespace-separated tokens.
 *
 *   header: HEAP_SIZE IDS OPS WEIGHT (2002), WEIGHT IDS OPS MAX_ALLOC (2016), or IDS OPS (xv6)
 *   then    a ID BYTES | r ID BYTES | f ID
 *
 * An id that comes back after its free is a new object; r keeps its id. */
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"

enum { HEADER_NUMBERS_MAX = 4 };

struct state {
    uint64_t header[HEADER_NUMBERS_MAX];
    size_t header_count;
    uint64_t operations;
    char letter; /* of the operation that is being read, or 0 */
    uint64_t numbers[2];
    size_t numbers_count;
};

static size_t numbers_of(char letter) {
    return letter == 'f' ? 1 : 2;
}

static bool is_letter(char c) {
    return c == 'a' || c == 'r' || c == 'f';
}

/* Objects are ids shifted by one: address 0 is NULL. */
static int add_operation(struct rh_import *import, struct state *state, struct rh_error *error) {
    struct rh_import_call call = rh_import_call(RH_EVENT_MALLOC, 0);
    uint64_t address = state->numbers[0] + 1;
    if (state->letter == 'f') {
        call.kind = RH_EVENT_FREE;
        call.old = address;
    } else {
        call.size = state->numbers[1];
        call.result = address;
    }
    if (state->letter == 'r') {
        call.kind = RH_EVENT_REALLOC;
        call.old = address;
    }
    state->letter = 0;
    state->operations++;
    return rh_import_add(import, &call, error);
}

static int take_token(struct rh_import *import, struct rh_input *input, struct state *state,
                      const char **at, struct rh_error *error) {
    uint64_t number = 0;
    if (state->letter == 0 && is_letter(**at)) {
        if (state->operations == 0 && state->header_count != 2 && state->header_count != 4)
            return rh_import_refuse_line(input, error, "a header of %zu numbers, not 2 or 4",
                                         state->header_count);
        state->letter = *(*at)++;
        state->numbers_count = 0;
        return 0;
    }
    if (!rh_scan_decimal(at, &number) || number == UINT64_MAX)
        return rh_import_refuse_line(input, error, "neither a number nor one of a, r, f: \"%.20s\"",
                                     *at);
    if (state->letter != 0) {
        state->numbers[state->numbers_count++] = number;
        return state->numbers_count == numbers_of(state->letter)
                   ? add_operation(import, state, error)
                   : 0;
    }
    if (state->operations > 0 || state->header_count == HEADER_NUMBERS_MAX)
        return rh_import_refuse_line(input, error, "a number where a, r or f should be");
    state->header[state->header_count++] = number;
    return 0;
}

static int check_count(struct rh_import *import, const struct state *state,
                       struct rh_error *error) {
    if (state->header_count < 2)
        return 0;
    uint64_t stated = state->header[state->header_count == 4 ? 2 : 1];
    if (stated == state->operations)
        return 0;
    return rh_import_guess(import, "the header states another number of operations", error);
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    struct state state = {0};
    char *line = NULL;
    size_t length = 0;
    int more = 0;
    while ((more = rh_input_line(input, error, &line, &length)) > 0) {
        rh_import_report(import)->records++;
        const char *at = line;
        while (!rh_scan_end(&at))
            rh_try(take_token(import, input, &state, &at, error));
    }
    if (more < 0)
        return more;
    rh_import_report(import)->cut_short += state.letter != 0;
    return check_count(import, &state, error);
}

static bool is_number_line(const char *line) {
    uint64_t number = 0;
    return rh_scan_decimal(&line, &number) && rh_scan_end(&line);
}

static bool is_operation_line(const char *line) {
    uint64_t number = 0;
    char letter = *line++;
    if (!is_letter(letter) || *line != ' ')
        return false;
    rh_scan_blanks(&line);
    if (!rh_scan_decimal(&line, &number))
        return false;
    rh_scan_blanks(&line);
    return letter == 'f' ? *line == '\0' : rh_scan_decimal(&line, &number) && rh_scan_end(&line);
}

static bool matches(const char *line) {
    return is_number_line(line) || is_operation_line(line);
}

static int detect(const uint8_t *head, size_t bytes) {
    struct rh_detected numbers = rh_detect_lines(head, bytes, 2, is_number_line);
    struct rh_detected both = rh_detect_lines(head, bytes, 30, matches);
    struct rh_detected operations = rh_detect_lines(head, bytes, 30, is_operation_line);
    bool well = numbers.matching == 2 && operations.matching > 0 && both.matching + 1 >= both.lines;
    return well ? RH_DETECT_SURE : RH_DETECT_NO;
}

const struct rh_importer rh_importer_rep = {
    .name = "rep",
    .summary = "malloc lab .rep (2002, 2016 and xv6 headers)",
    .detect = detect,
    .run = run,
};
