/* allocators.c - reheap allocators: the command line, and the check of one. */
#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "allocator/registry.h"
#include "base/text.h"
#include "cli/allocators.h"
#include "cli/cli.h"
#include "replay/inspect.h"

enum { LIST_MAX = 64 };

enum { KEY_OPTION = 1000, KEY_ENV, KEY_SEED, KEY_OPS, KEY_ONLY, KEY_TIME_LIMIT, KEY_JSON };

struct arguments {
    const char *words[2]; /* "check", NAME */
    size_t word_count;
    const char *only; /* NULL: every check */
    bool json;
    struct rh_inspection_job job;
    const char *options[LIST_MAX + 1];
    const char *environment[LIST_MAX + 1];
};

static const struct argp_option option_table[] = {
    {"json", KEY_JSON, NULL, 0, "the list: as JSON", 0},
    {"only", KEY_ONLY, "CHECK", 0, "check: run this one only", 0},
    {"seed", KEY_SEED, "NUMBER", 0, "check: the same number gives the same run (default: 1)", 0},
    {"ops", KEY_OPS, "COUNT", 0, "check: calls of each random run (default: 1000000)", 0},
    {"option", KEY_OPTION, "NAME=VALUE", 0, "an option of the allocator; may be repeated", 0},
    {"env", KEY_ENV, "NAME=VALUE", 0, "an environment variable of the worker; may be repeated", 0},
    {"time-limit", KEY_TIME_LIMIT, "SECONDS", 0, "check: for each check (default: 300)", 0},
    {0},
};

static const char doc[] =
    "Lists the allocators: kind, version, what each can do, the file and its hash, or why it is "
    "not available. With \"check\", runs the conformance suite on one, each check in a process of "
    "its own.\v"
    "Exit status of a check: 0 when all pass, 3 when one says no.\n\n"
    "Examples:\n"
    "  reheap allocators\n"
    "  reheap allocators --json | jq -r '.[] | select(.available) | .name'\n"
    "  reheap allocators check jemalloc\n"
    "  reheap allocators check plugin:./mine.so --only resize --seed 7";

/* ---- arguments ---- */

static void add_to_list(struct argp_state *state, const char **list, const char *entry) {
    size_t count = 0;
    while (list[count] != NULL)
        count++;
    if (count == LIST_MAX)
        argp_error(state, "more than %d of one option", LIST_MAX);
    if (strchr(entry, '=') == NULL)
        argp_error(state, "\"%s\" is not NAME=VALUE", entry);
    list[count] = entry;
}

static void set_only(struct argp_state *state, struct arguments *arguments, const char *name) {
    const char *names[64] = {NULL};
    size_t count = 0;
    arguments->only = name;
    for (const struct rh_conformance_check *check = rh_conformance_checks(); check->name != NULL;
         check++) {
        if (strcmp(check->name, name) == 0)
            return;
        if (count + 1 < sizeof(names) / sizeof(names[0]))
            names[count++] = check->name;
    }
    const char *near = rh_text_nearest(name, names);
    argp_error(state, "no check \"%s\"%s%s%s", name, near != NULL ? ": did you mean \"" : "",
               near != NULL ? near : "", near != NULL ? "\"?" : "");
}

static void set_number(struct argp_state *state, const char *text, uint64_t least,
                       uint64_t *ret_number) {
    if (rh_parse_u64(text, ret_number) != 0 || *ret_number < least)
        argp_error(state, "\"%s\" is no number that fits here", text);
}

static void set_time_limit(struct argp_state *state, struct arguments *arguments,
                           const char *text) {
    double seconds = 0;
    if (rh_parse_double(text, &seconds) != 0 || seconds <= 0 || seconds > 1e9)
        argp_error(state, "\"%s\" is no number of seconds", text);
    arguments->job.time_limit_ns = (uint64_t)(seconds * 1e9);
}

static void add_word(struct argp_state *state, struct arguments *arguments, const char *word) {
    if (arguments->word_count == 2)
        argp_error(state, "one allocator at a time");
    if (arguments->word_count == 0 && strcmp(word, "check") != 0)
        argp_error(state, "\"%s\": only \"check NAME\" may stand here", word);
    arguments->words[arguments->word_count++] = word;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_JSON:
        arguments->json = true;
        return 0;
    case KEY_ONLY:
        set_only(state, arguments, value);
        return 0;
    case KEY_SEED:
        set_number(state, value, 0, &arguments->job.seed);
        return 0;
    case KEY_OPS:
        set_number(state, value, 1, &arguments->job.random_ops);
        return 0;
    case KEY_OPTION:
        add_to_list(state, arguments->options, value);
        return 0;
    case KEY_ENV:
        add_to_list(state, arguments->environment, value);
        return 0;
    case KEY_TIME_LIMIT:
        set_time_limit(state, arguments, value);
        return 0;
    case ARGP_KEY_ARG:
        add_word(state, arguments, value);
        return 0;
    case ARGP_KEY_END:
        if (arguments->word_count == 1)
            argp_error(state, "check what? (a name of \"reheap allocators\", preload:PATH or "
                              "plugin:PATH)");
        if (arguments->word_count == 2 && arguments->json)
            argp_error(state, "--json is for the list: a check has none");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static volatile bool interrupted;

static void on_interrupt(int number) {
    (void)number;
    interrupted = true;
}

/* ---- the check ---- */

struct tally {
    size_t passed, failed, not_applicable;
};

static void print_check(const struct arguments *arguments, const char *name,
                        const struct rh_conformance_result *result) {
    const char *word = result->outcome == RH_CONFORMANCE_PASS             ? "pass"
                       : result->outcome == RH_CONFORMANCE_NOT_APPLICABLE ? "n/a"
                                                                          : "FAIL";
    printf("  %-5s %-*s", word, result->reason[0] != '\0' ? 17 : 0, name);
    if (result->outcome == RH_CONFORMANCE_FAIL)
        printf(" operation %" PRIu64 ", seed %" PRIu64 ": %s\n        again: reheap allocators "
               "check %s --only %s --seed %" PRIu64 "\n",
               result->operation, arguments->job.seed, result->reason, arguments->words[1], name,
               arguments->job.seed);
    else
        printf("%s%s\n", result->reason[0] != '\0' ? " " : "", result->reason);
    fflush(stdout);
}

static void count(struct tally *tally, uint32_t outcome) {
    tally->passed += outcome == RH_CONFORMANCE_PASS;
    tally->not_applicable += outcome == RH_CONFORMANCE_NOT_APPLICABLE;
    tally->failed += outcome == RH_CONFORMANCE_FAIL;
}

/* RH_ERR_MISSING: the allocator cannot be checked here. */
static int run_check(struct arguments *arguments, const char *name, struct rh_error *error,
                     struct rh_conformance_result *ret_result) {
    struct rh_inspection inspection;
    arguments->job.check = name;
    rh_try(rh_inspect(&arguments->job, &interrupted, error, &inspection));
    if (inspection.conformance.outcome == RH_CONFORMANCE_UNFINISHED)
        return rh_fail(error, RH_ERR_MISSING, "%s: %s", arguments->words[1], inspection.reason);
    *ret_result = inspection.conformance;
    return 0;
}

/* Nothing but ownership is worth checking where the functions are somebody else's. */
static bool goes_on(const char *name, const struct rh_conformance_result *result) {
    return strcmp(name, "ownership") != 0 || result->outcome != RH_CONFORMANCE_FAIL;
}

static int check_one(struct arguments *arguments, struct rh_error *error, struct tally *tally) {
    arguments->job.allocator = arguments->words[1];
    for (const struct rh_conformance_check *check = rh_conformance_checks(); check->name != NULL;
         check++) {
        struct rh_conformance_result result;
        if (arguments->only != NULL && strcmp(arguments->only, check->name) != 0)
            continue;
        rh_try(run_check(arguments, check->name, error, &result));
        print_check(arguments, check->name, &result);
        count(tally, result.outcome);
        if (!goes_on(check->name, &result))
            break;
    }
    return 0;
}

static int check(struct arguments *arguments) {
    struct rh_error error = {0};
    struct tally tally = {0};
    char reason[512];
    const struct rh_allocator_ops *ops =
        rh_registry_find(arguments->words[1], reason, sizeof(reason));
    if (ops == NULL) {
        rh_fail(&error, RH_ERR_INVALID, "%s", reason);
        return rh_cli_report(&error);
    }
    if ((ops->flags & (RH_ALLOCATOR_UNTOUCHABLE | RH_ALLOCATOR_WRAPPER)) != 0) {
        rh_fail(&error, RH_ERR_INVALID, "%s cannot be checked: its memory must not be touched",
                ops->name);
        return rh_cli_report(&error);
    }
    if (check_one(arguments, &error, &tally) < 0)
        return rh_cli_report(&error);
    printf("%zu passed, %zu failed, %zu not applicable\n", tally.passed, tally.failed,
           tally.not_applicable);
    return tally.failed > 0 ? RH_EXIT_SAYS_NO : RH_EXIT_WELL;
}

int rh_cli_allocators(int argc, char **argv) {
    static struct arguments arguments;
    arguments.job = (struct rh_inspection_job){
        .options = arguments.options,
        .environment = arguments.environment,
        .seed = 1,
        .time_limit_ns = UINT64_C(300000000000),
    };
    const struct argp argp = {option_table, parse, "[check NAME]", doc, NULL, NULL, NULL};
    argp_err_exit_status = RH_EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    signal(SIGINT, on_interrupt);
    if (arguments.word_count > 0)
        return check(&arguments);
    struct rh_error error = {0};
    return rh_cli_list_allocators(&arguments.job, arguments.json, &interrupted, &error) < 0
               ? rh_cli_report(&error)
               : RH_EXIT_WELL;
}
