/* doctor.c - "reheap doctor": what about this machine disturbs measuring. */
#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/terminal.h"
#include "doctor/doctor.h"

struct arguments {
    bool json;
};

static const struct argp_option options[] = {
    {"json", 'j', NULL, 0, "The findings as JSON, as in the manifest of a result", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'j':
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "what is \"%s\"? doctor takes no argument", argument);
        return ARGP_ERR_UNKNOWN;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options,
    parse,
    "",
    "Looks for what disturbs measuring on this machine: each check with its value, why it matters, "
    "and the command that changes it.\v"
    "Changes nothing. Exit status 0, whatever it finds; 1 when it could not look.\n\n"
    "Examples:\n"
    "  reheap doctor\n"
    "  reheap doctor --json",
    NULL,
    NULL,
    NULL,
};

static const char *mark(const struct rh_result_finding *finding, bool colour) {
    static const char *const plain[RH_FINDINGS] = {
        [RH_FINDING_GOOD] = "ok  ",
        [RH_FINDING_NOTE] = "note",
        [RH_FINDING_WARNING] = "WARN",
        [RH_FINDING_UNKNOWN] = "?   ",
    };
    static const char *const coloured[RH_FINDINGS] = {
        [RH_FINDING_GOOD] = "\033[32mok\033[0m  ",
        [RH_FINDING_NOTE] = "\033[33mnote\033[0m",
        [RH_FINDING_WARNING] = "\033[1;31mWARN\033[0m",
        [RH_FINDING_UNKNOWN] = "?   ",
    };
    return colour ? coloured[finding->verdict] : plain[finding->verdict];
}

static void show(const struct rh_result_finding *findings, size_t count) {
    bool colour = rh_cli_colour(STDOUT_FILENO);
    size_t warnings = 0;
    for (size_t i = 0; i < count; i++) {
        const struct rh_result_finding *finding = &findings[i];
        bool open = finding->verdict == RH_FINDING_NOTE || finding->verdict == RH_FINDING_WARNING;
        warnings += finding->verdict == RH_FINDING_WARNING;
        printf("%s  %-22s  %s\n", mark(finding, colour), finding->name, finding->value);
        if (open)
            printf("      why: %s\n", finding->why);
        if (finding->fix != NULL)
            printf("      do:  %s\n", finding->fix);
    }
    if (warnings > 0)
        printf("\n%zu of %zu checks say that measuring is disturbed.\n", warnings, count);
    else
        printf("\nNone of %zu checks says that measuring is disturbed.\n", count);
}

static int show_json(const struct rh_result_finding *findings, size_t count,
                     struct rh_error *error) {
    struct rh_text text = {0};
    int result = rh_result_findings_json(findings, count, error, &text);
    if (result == 0)
        printf("%s\n", rh_text_get(&text));
    rh_text_finish(&text);
    return result;
}

int rh_cli_doctor(int argc, char **argv) {
    struct arguments arguments = {0};
    argp_err_exit_status = RH_EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    struct rh_error error = {0};
    struct rh_result_finding *findings = NULL;
    size_t count = 0;
    struct rh_doctor_options here = rh_doctor_here(true);
    int result = rh_doctor(&here, &error, &findings, &count);
    if (result == 0 && arguments.json)
        result = show_json(findings, count, &error);
    else if (result == 0)
        show(findings, count);
    rh_result_findings_free(findings, count);
    return result < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}
