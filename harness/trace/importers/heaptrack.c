/* heaptrack.c - heaptrack's files, raw (heaptrack -r) and interpreted (what users have). Numbers
 * are hexadecimal without prefix, the first character is the kind of line:
 *
 *   raw:          + SIZE TRACE PTR    - PTR
 *   interpreted:  a SIZE TRACE (the n-th describes allocations of kind n)    + KIND    - KIND
 *   both:         c MS_SINCE_START    R RSS_PAGES    X COMMAND    I PAGE_BYTES PAGES    A
 * (attached)
 *
 * An interpreted file does not say which object is freed, only one of its kind: the oldest is
 * taken. realloc shows as free and malloc; calloc, alignments and threads are not told. */
#include "base/memory.h"
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/importers/scan.h"

#define NO_NODE UINT32_MAX

/* Allocations of one size from one place: its live objects, oldest first. */
struct kind {
    uint64_t size;
    uint32_t first, last; /* nodes */
};

struct node {
    uint64_t label;
    uint32_t next;
};

struct state {
    struct rh_import *import;
    uint64_t time_ns;
    uint64_t page_bytes;
    uint64_t peak_pages;
    uint64_t labels;
    struct kind *kinds;
    size_t kinds_count, kinds_capacity;
    struct node *nodes;
    size_t nodes_count, nodes_capacity;
    uint32_t free_node; /* list of those that are not used */
};

static bool scan_number(const char **at, uint64_t *ret_number) {
    rh_scan_blanks(at);
    return rh_scan_hex(at, ret_number);
}

/* ---- raw ---- */

static int add_call(struct state *state, enum rh_event_kind kind, uint64_t size, uint64_t address,
                    struct rh_error *error) {
    struct rh_import_call call = rh_import_call(kind, 0);
    call.time_ns = state->time_ns;
    call.size = size;
    if (kind == RH_EVENT_FREE)
        call.old = address;
    else
        call.result = address;
    return rh_import_add(state->import, &call, error);
}

/* ---- interpreted ---- */

static int add_kind(struct state *state, uint64_t size, struct rh_error *error) {
    rh_try(rh_grow((void **)&state->kinds, &state->kinds_capacity, state->kinds_count + 1,
                   sizeof(*state->kinds), error));
    state->kinds[state->kinds_count++] =
        (struct kind){.size = size, .first = NO_NODE, .last = NO_NODE};
    return 0;
}

static int take_node(struct state *state, struct rh_error *error, uint32_t *ret_node) {
    if (state->free_node != NO_NODE) {
        *ret_node = state->free_node;
        state->free_node = state->nodes[state->free_node].next;
        return 0;
    }
    if (state->nodes_count >= NO_NODE)
        return rh_fail(error, RH_ERR_LIMIT, "too many live objects");
    rh_try(rh_grow((void **)&state->nodes, &state->nodes_capacity, state->nodes_count + 1,
                   sizeof(*state->nodes), error));
    *ret_node = (uint32_t)state->nodes_count++;
    return 0;
}

static int allocate_kind(struct state *state, struct kind *kind, struct rh_error *error) {
    uint32_t made = 0;
    rh_try(take_node(state, error, &made));
    state->nodes[made] = (struct node){.label = ++state->labels, .next = NO_NODE};
    if (kind->last == NO_NODE)
        kind->first = made;
    else
        state->nodes[kind->last].next = made;
    kind->last = made;
    return add_call(state, RH_EVENT_MALLOC, kind->size, state->labels, error);
}

static int free_kind(struct state *state, struct kind *kind, struct rh_error *error) {
    uint32_t oldest = kind->first;
    if (oldest == NO_NODE)
        return add_call(state, RH_EVENT_FREE, 0, UINT64_MAX, error); /* unknown */
    rh_import_report(state->import)->guessed_releases += oldest != kind->last;
    kind->first = state->nodes[oldest].next;
    if (kind->first == NO_NODE)
        kind->last = NO_NODE;
    state->nodes[oldest].next = state->free_node;
    state->free_node = oldest;
    return add_call(state, RH_EVENT_FREE, 0, state->nodes[oldest].label, error);
}

/* ---- lines ---- */

/* "+" and "-": one number is a kind, three (one for "-") are a raw call. */
static bool scan_call(const char *line, uint64_t numbers[3], size_t *ret_count) {
    const char *at = line + 1;
    size_t count = 0;
    while (!rh_scan_end(&at))
        if (count == 3 || !scan_number(&at, &numbers[count++]))
            return false;
    *ret_count = count;
    return count > 0;
}

static int take_call(struct state *state, struct rh_input *input, const char *line,
                     struct rh_error *error) {
    uint64_t numbers[3] = {0};
    size_t count = 0;
    if (!scan_call(line, numbers, &count) || count == 2 || (line[0] == '-' && count == 3))
        return rh_import_refuse_line(input, error, "\"%.60s\" is no call of heaptrack", line);
    if (line[0] == '+' && count == 3)
        return add_call(state, RH_EVENT_MALLOC, numbers[0], numbers[2], error);
    if (state->kinds_count == 0 && line[0] == '-')
        return add_call(state, RH_EVENT_FREE, 0, numbers[0], error);
    if (numbers[0] >= state->kinds_count)
        return rh_import_refuse_line(input, error, "allocation kind %llx of %zx",
                                     (unsigned long long)numbers[0], state->kinds_count);
    struct kind *kind = &state->kinds[numbers[0]];
    if (line[0] == '+')
        return allocate_kind(state, kind, error);
    rh_try(rh_import_guess(state->import,
                           "heaptrack does not say which object of a kind is freed: the oldest was "
                           "taken, so lifetimes are approximate",
                           error));
    return free_kind(state, kind, error);
}

static int take_command(struct state *state, const char *command, struct rh_error *error) {
    struct rh_trace_meta *meta = rh_import_meta(state->import);
    size_t length = strcspn(command, " ");
    const char *base = command;
    for (const char *at = command; at < command + length; at++)
        if (*at == '/')
            base = at + 1;
    rh_try(rh_import_set_string(&meta->command, command, strlen(command), error));
    return rh_import_set_string(&meta->program, base, (size_t)(command + length - base), error);
}

static int take_line(struct state *state, struct rh_input *input, const char *line,
                     struct rh_error *error) {
    const char *at = line + (line[0] != '\0');
    uint64_t number = 0;
    switch (line[0]) {
    case '+':
    case '-':
        return take_call(state, input, line, error);
    case 'a':
        return scan_number(&at, &number)
                   ? add_kind(state, number, error)
                   : rh_import_refuse_line(input, error, "an allocation kind without a size");
    case 'c':
        if (scan_number(&at, &number) && number < UINT64_C(1) << 40)
            state->time_ns = number * 1000000;
        return 0;
    case 'R':
        if (scan_number(&at, &number) && number > state->peak_pages)
            state->peak_pages = number;
        return 0;
    case 'I':
        if (scan_number(&at, &number) && number <= 1 << 20)
            state->page_bytes = number;
        return 0;
    case 'X':
        return take_command(state, line + (line[1] == ' ' ? 2 : 1), error);
    case 'A':
        return rh_import_guess(state->import, "heaptrack was attached to a running program", error);
    default:
        return 0; /* modules, strings, stacks */
    }
}

static int take_lines(struct state *state, struct rh_input *input, struct rh_error *error) {
    char *line = NULL;
    size_t length = 0;
    int more = 0;
    while ((more = rh_input_line(input, error, &line, &length)) > 0) {
        rh_import_report(state->import)->records++;
        if ((line[0] == '+' || line[0] == '-') && rh_input_is_truncated(input))
            break;
        rh_try(take_line(state, input, line, error));
    }
    return more < 0 ? more : 0;
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    struct state state = {.import = import, .page_bytes = 4096, .free_node = NO_NODE};
    rh_import_set_timed(import, 1000000);
    int result = take_lines(&state, input, error);
    struct rh_trace_meta *meta = rh_import_meta(import);
    if (__builtin_mul_overflow(state.peak_pages, state.page_bytes, &meta->peak_rss_bytes))
        meta->peak_rss_bytes = 0;
    rh_free(state.kinds);
    rh_free(state.nodes);
    return result;
}

/* "v VERSION FILE_VERSION" comes first. */
static bool is_version(const char *line) {
    uint64_t number = 0;
    return rh_scan_string(&line, "v ") && rh_scan_hex(&line, &number) && number >= 0x10000 &&
           (rh_scan_end(&line) || (scan_number(&line, &number) && rh_scan_end(&line)));
}

static int detect(const uint8_t *head, size_t bytes) {
    return rh_detect_lines(head, bytes, 1, is_version).matching == 1 ? RH_DETECT_SURE
                                                                     : RH_DETECT_NO;
}

const struct rh_importer rh_importer_heaptrack = {
    .name = "heaptrack",
    .summary = "heaptrack, raw or interpreted",
    .detect = detect,
    .run = run,
};
