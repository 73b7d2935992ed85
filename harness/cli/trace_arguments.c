/* trace_arguments.c - common arguments of the commands that make traces from traces. */
#include "cli/trace_arguments.h"

#include <string.h>

#include "base/text.h"

error_t rh_trace_take(int key, char *value, struct argp_state *state,
                      struct rh_trace_arguments *arguments) {
    switch (key) {
    case 'o':
        arguments->output = value;
        return 0;
    case 'j':
        arguments->json = true;
        return 0;
    case 'l':
        arguments->list = true;
        return 0;
    case ARGP_KEY_ARGS:
        arguments->files = (const char *const *)state->argv + state->next;
        arguments->file_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        if (!arguments->list)
            argp_error(state, "which trace?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void rh_trace_need_single(struct argp_state *state, const struct rh_trace_arguments *arguments) {
    if (arguments->file_count > 1)
        argp_error(state, "one at a time, not %zu", arguments->file_count);
}

void rh_trace_need_one(struct argp_state *state, const struct rh_trace_arguments *arguments) {
    rh_trace_need_single(state, arguments);
    if (arguments->output == NULL)
        argp_error(state, "where to? -o names the new trace");
}

uint64_t rh_trace_take_number(struct argp_state *state, const char *option, const char *value) {
    uint64_t number = 0;
    if (rh_parse_u64(value, &number) < 0)
        argp_error(state, "--%s=%s: use a whole number", option, value);
    return number;
}

int rh_parse_range(const char *text, rh_range_parser *parse, uint64_t *from, uint64_t *to) {
    char first[64];
    const char *dash = strchr(text, '-');
    if (dash == NULL || dash - text >= (ptrdiff_t)sizeof(first) || strcmp(text, "-") == 0)
        return RH_ERR_INVALID;
    memcpy(first, text, (size_t)(dash - text));
    first[dash - text] = '\0';
    if (dash > text)
        rh_try(parse(first, from));
    return dash[1] != '\0' ? parse(dash + 1, to) : 0;
}

int rh_parse_duration(const char *text, uint64_t *ret_ns) {
    static const struct {
        const char *suffix;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    char number[40];
    size_t length = strlen(text);
    if (strcmp(text, "0") == 0) {
        *ret_ns = 0;
        return 0;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t suffix = strlen(units[i].suffix);
        if (length <= suffix || length - suffix >= sizeof(number) ||
            strcmp(text + length - suffix, units[i].suffix) != 0)
            continue;
        memcpy(number, text, length - suffix);
        number[length - suffix] = '\0';
        double value = 0;
        rh_try(rh_parse_double(number, &value));
        if (!(value >= 0 && value * units[i].ns < 0x1p62))
            return RH_ERR_INVALID;
        *ret_ns = (uint64_t)(value * units[i].ns + 0.5);
        return 0;
    }
    return RH_ERR_INVALID;
}
