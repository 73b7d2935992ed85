/* compare.c - reheap compare: two results, or one candidate against its baseline; a gate for CI. */
#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "report/versus.h"
#include "result/result.h"

struct arguments {
    char *results[2]; /* into argv */
    size_t result_count;
    const char *output;
    struct rh_versus_options options;
};

enum { KEY_GATE = 1000, KEY_REFERENCE, KEY_LEVEL };

static const struct argp_option options[] = {
    {"format", 'f', "FORMAT", 0, "term (the default), html, md, json or junit", 0},
    {"output", 'o', "FILE", 0, "Write to FILE", 0},
    {"gate", KEY_GATE, "PERCENT", 0,
     "Exit status 3 when a regression beyond PERCENT is resolved, or something is not measured any "
     "more",
     0},
    {"allocator", 'a', "LABEL", 0, "Only this allocator", 0},
    {"reference", KEY_REFERENCE, "LABEL", 0,
     "The allocator whose time stands for the speed of the machine (default: the baseline of "
     "RESULT_A); none: compare times as they are",
     0},
    {"level", KEY_LEVEL, "PERCENT", 0, "Confidence of the intervals (95)", 0},
    {0},
};

static const char doc[] =
    "Compares two results: two versions of an allocator, two machines, two days. Traces are "
    "matched by their content, allocators by their labels. With one result, compares its "
    "allocators with its baseline.\v"
    "Examples:\n"
    "  reheap compare results/before results/after\n"
    "  reheap compare results/before results/after --gate 2% --format md\n"
    "  reheap compare results/before results/after --format html -o changes.html\n"
    "  reheap compare results/candidate --gate 2% --format junit -o reheap.xml";

/* "2%", "2 %" or "2" as a fraction. */
static double parse_percent(const char *text, const char *what, double least, double most,
                            struct argp_state *state) {
    char number[32];
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == '%' || text[length - 1] == ' '))
        length--;
    double value = 0;
    if (length < sizeof(number)) {
        memcpy(number, text, length);
        number[length] = '\0';
        if (rh_parse_double(number, &value) == 0 && value >= least && value <= most)
            return value / 100;
    }
    argp_error(state, "--%s takes a percentage from %g to %g, not \"%s\"", what, least, most, text);
    return 0;
}

static void parse_format(const char *text, struct argp_state *state,
                         enum rh_versus_format *ret_format) {
    const char *const *names = rh_versus_format_names();
    for (unsigned i = 0; i < RH_VERSUS_FORMATS; i++) {
        if (strcmp(names[i], text) == 0) {
            *ret_format = (enum rh_versus_format)i;
            return;
        }
    }
    const char *near = rh_text_nearest(text, names);
    argp_error(state, "no format \"%s\": %s%s", text,
               near != NULL ? "did you mean " : "there are term, html, md, json and junit",
               near != NULL ? near : "");
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'f':
        parse_format(text, state, &arguments->options.format);
        return 0;
    case 'o':
        arguments->output = text;
        return 0;
    case 'a':
        arguments->options.allocator = text;
        return 0;
    case KEY_GATE:
        arguments->options.gated = true;
        arguments->options.gate = parse_percent(text, "gate", 0, 1000, state);
        return 0;
    case KEY_REFERENCE:
        arguments->options.reference = text;
        return 0;
    case KEY_LEVEL:
        arguments->options.level = parse_percent(text, "level", 1, 99.999, state);
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->result_count == 2)
            argp_error(state, "two results at most: \"%s\" is a third", text);
        arguments->results[arguments->result_count++] = text;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which results? (directories that \"reheap run\" or \"reheap bench\" "
                          "made)");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void look_at_terminal(struct arguments *arguments) {
    if (arguments->output != NULL)
        return;
    arguments->options.colour = rh_cli_colour(STDOUT_FILENO);
    arguments->options.columns = rh_cli_columns(STDOUT_FILENO);
}

/* The last parts of a path. */
static const char *last_parts(const char *path, size_t count) {
    const char *at = path + strlen(path);
    for (; at > path; at--)
        if (at[-1] == '/' && --count == 0)
            break;
    return at;
}

/* Results are called by the end of their paths, as long as it takes to tell them apart. */
static void name_results(struct arguments *arguments) {
    for (size_t i = 0; i < arguments->result_count; i++)
        for (size_t end = strlen(arguments->results[i]);
             end > 1 && arguments->results[i][end - 1] == '/'; end--)
            arguments->results[i][end - 1] = '\0';
    const char *before = arguments->results[0];
    const char *after = arguments->results[1];
    size_t parts = 1;
    while (after != NULL && strcmp(last_parts(before, parts), last_parts(after, parts)) == 0 &&
           (last_parts(before, parts) != before || last_parts(after, parts) != after))
        parts++;
    arguments->options.before_name = last_parts(before, parts);
    arguments->options.after_name = after != NULL ? last_parts(after, parts) : NULL;
}

static int compare(const struct arguments *arguments, struct rh_error *error, struct rh_text *text,
                   struct rh_versus_outcome *outcome) {
    struct rh_result *loaded[2] = {NULL, NULL};
    int result = 0;
    for (size_t i = 0; result == 0 && i < arguments->result_count; i++)
        result = rh_result_load(arguments->results[i], error, &loaded[i]);
    if (result == 0)
        result = rh_versus(loaded[0], loaded[1], &arguments->options, error, text, outcome);
    rh_result_destroy(loaded[0]);
    rh_result_destroy(loaded[1]);
    return result;
}

int rh_cli_compare(int argc, char **argv) {
    static const struct argp argp = {options, parse, "RESULT_A RESULT_B\nRESULT", doc, NULL,
                                     NULL,    NULL};
    struct arguments arguments = {0};
    argp_err_exit_status = RH_EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    look_at_terminal(&arguments);
    name_results(&arguments);

    struct rh_error error = {0};
    struct rh_text text = {0};
    struct rh_versus_outcome outcome = {0};
    int result = compare(&arguments, &error, &text, &outcome);
    if (result == 0 && arguments.output != NULL)
        result = rh_file_write(arguments.output, rh_text_get(&text), text.length, &error);
    else if (result == 0)
        fwrite(rh_text_get(&text), 1, text.length, stdout);
    rh_text_finish(&text);
    if (result < 0)
        return rh_cli_report(&error);
    return outcome.regressions > 0 ? RH_EXIT_SAYS_NO : RH_EXIT_WELL;
}
