/* report.c - reheap report: a result directory for people, pull requests and scripts. */
#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "report/report.h"
#include "result/result.h"

enum { KEY_COLOUR = 256, KEY_LEVEL, KEY_WIDTH };

struct arguments {
    const char *result;
    const char *output; /* NULL: standard output */
    enum rh_report_format format;
    const char *colour; /* "auto", "always", "never" */
    uint64_t width;     /* 0: that of the terminal */
    double level;
};

static const struct argp_option options[] = {
    {"format", 'f', "FORMAT", 0, "term (default), html, md, csv or json", 0},
    {"output", 'o', "FILE", 0, "write to FILE, as a whole or not at all", 0},
    {"level", KEY_LEVEL, "PERCENT", 0, "confidence of the intervals (default: 95)", 0},
    {"width", KEY_WIDTH, "COLUMNS", 0, "term: width (default: that of the terminal, else 80)", 0},
    {"colour", KEY_COLOUR, "WHEN", 0,
     "term: auto (default: on a terminal, unless NO_COLOR is set), always, never", 0},
    {"color", KEY_COLOUR, NULL, OPTION_ALIAS, NULL, 0},
    {0},
};

static const char doc[] =
    "Shows the result of a run: the answer first, then what to be careful about, tables and facts."
    "\vEverything shown is computed from the samples in RESULT (docs/result-format.md).\n\n"
    "Examples:\n"
    "  reheap report results/RUN\n"
    "  reheap report results/RUN --format html -o report.html\n"
    "  reheap report results/RUN --format csv | column -s, -t | less -S";

static void parse_level(const char *text, struct argp_state *state, double *ret_level) {
    double percent = 0;
    if (rh_parse_double(text, &percent) < 0 || !(percent >= 1 && percent <= 99.999))
        argp_error(state, "--level takes a percentage from 1 to 99.999, not \"%s\"", text);
    *ret_level = percent / 100;
}

static void parse_colour(const char *text, struct argp_state *state, const char **ret_colour) {
    if (strcmp(text, "auto") != 0 && strcmp(text, "always") != 0 && strcmp(text, "never") != 0)
        argp_error(state, "--colour takes auto, always or never, not \"%s\"", text);
    *ret_colour = text;
}

static void parse_format(const char *text, struct argp_state *state,
                         enum rh_report_format *ret_format) {
    struct rh_error error = {0};
    if (rh_report_format_parse(text, &error, ret_format) < 0)
        argp_error(state, "%s", error.message);
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'f':
        parse_format(text, state, &arguments->format);
        return 0;
    case 'o':
        arguments->output = text;
        return 0;
    case KEY_LEVEL:
        parse_level(text, state, &arguments->level);
        return 0;
    case KEY_COLOUR:
        parse_colour(text, state, &arguments->colour);
        return 0;
    case KEY_WIDTH:
        if (rh_parse_u64(text, &arguments->width) < 0 || arguments->width > 10000)
            argp_error(state, "--width takes a number of columns, not \"%s\"", text);
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->result != NULL)
            argp_error(state, "one RESULT at a time");
        arguments->result = text;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state,
                   "which RESULT? (a directory that \"reheap run\" or \"reheap bench\" made)");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool wants_colour(const struct arguments *arguments) {
    if (strcmp(arguments->colour, "auto") != 0)
        return strcmp(arguments->colour, "always") == 0;
    return arguments->output == NULL && rh_cli_colour(STDOUT_FILENO);
}

static unsigned width_of(const struct arguments *arguments) {
    if (arguments->width != 0 || arguments->output != NULL)
        return (unsigned)arguments->width;
    return rh_cli_columns(STDOUT_FILENO);
}

static int make_report(const struct arguments *arguments, struct rh_error *error,
                       struct rh_text *text) {
    struct rh_report_options report = {
        .format = arguments->format,
        .columns = width_of(arguments),
        .colour = wants_colour(arguments),
        .level = arguments->level,
        .path = arguments->result,
    };
    struct rh_result *result = NULL;
    rh_try(rh_result_load(arguments->result, error, &result));
    int made = rh_report(result, &report, error, text);
    rh_result_destroy(result);
    return made;
}

int rh_cli_show_result(const char *directory, struct rh_error *error) {
    struct arguments arguments = {.colour = "auto", .result = directory};
    struct rh_text text = {0};
    int made = make_report(&arguments, error, &text);
    if (made == 0)
        fwrite(rh_text_get(&text), 1, text.length, stdout);
    rh_text_finish(&text);
    return made;
}

int rh_cli_report_command(int argc, char **argv) {
    struct arguments arguments = {.colour = "auto"};
    const struct argp argp = {options, parse_option, "RESULT", doc, NULL, NULL, NULL};
    argp_err_exit_status = RH_EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);

    struct rh_error error = {0};
    struct rh_text text = {0};
    int made = make_report(&arguments, &error, &text);
    if (made == 0 && arguments.output != NULL)
        made = rh_file_write(arguments.output, rh_text_get(&text), text.length, &error);
    else if (made == 0)
        fwrite(rh_text_get(&text), 1, text.length, stdout);
    rh_text_finish(&text);
    return made < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}
