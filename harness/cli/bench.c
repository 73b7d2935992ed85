/* bench.c - "reheap bench": which allocator for this program? No plan needed. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/choice.h"
#include "cli/cli.h"
#include "cli/play.h"
#include "cli/record.h"
#include "plan/plan.h"
#include "record/record.h"
#include "result/result.h"

struct arguments {
    const char *allocators, *baseline, *output, *rounds, *seed, *touch, *order, *pace, *think;
    char **traces; /* into argv */
    int trace_count;
    bool end_to_end;
    enum rh_cli_loudness loudness;
    char **command; /* NULL-terminated, behind "--"; NULL: none */
};

enum { KEY_ORDER = 1000, KEY_PACE, KEY_THINK };

static const struct argp_option options[] = {
    {"allocators", 'a', "A,B,...", 0,
     "Allocators: names, preload:PATH, plugin:PATH (default: all that are installed)", 0},
    {"baseline", 'b', "LABEL", 0, "What the others are compared with (default: glibc)", 0},
    {"end-to-end", 'e', NULL, 0,
     "Also run the command itself under each allocator (through hyperfine), and show how far the "
     "replay agrees",
     0},
    {"output", 'o', "RESULT", 0, "Directory of the result (results/NAME-DATE)", 0},
    {"rounds", 'r', "N", 0, "Rounds: a number, quick (the default), default or rigorous", 0},
    {"seed", 's', "N", 0, "Seed of the order of the workers", 0},
    {"touch", 't', "POLICY", 0, "What is written to each block: page, first, all, none, recorded",
     0},
    {"order", KEY_ORDER, "ORDER", 0,
     "How threads keep together: dependency, window(TIME or EVENTS), recorded, one-thread", 0},
    {"pace", KEY_PACE, "PACE", 0, "fast, paced(SPEED) or paced(SPEED, IDLE)", 0},
    {"think", KEY_THINK, "MODEL", 0,
     "Use the blocks in the recorded gaps: LINES a recorded microsecond, auto (so many that it "
     "takes as long as the program), or off",
     0},
    RH_CLI_QUIET_OPTION,
    RH_CLI_VERBOSE_OPTION("Also say what each worker measured, and all that disturbs"),
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'a':
        arguments->allocators = argument;
        return 0;
    case 'b':
        arguments->baseline = argument;
        return 0;
    case 'e':
        arguments->end_to_end = true;
        return 0;
    case 'o':
        arguments->output = argument;
        return 0;
    case 'r':
        arguments->rounds = argument;
        return 0;
    case 's':
        arguments->seed = argument;
        return 0;
    case 't':
        arguments->touch = argument;
        return 0;
    case KEY_ORDER:
        arguments->order = argument;
        return 0;
    case KEY_PACE:
        arguments->pace = argument;
        return 0;
    case KEY_THINK:
        arguments->think = argument;
        return 0;
    case 'q':
        arguments->loudness = RH_CLI_QUIET;
        return 0;
    case 'v':
        arguments->loudness = RH_CLI_VERBOSE;
        return 0;
    case ARGP_KEY_ARGS:
        arguments->traces = state->argv + state->next;
        arguments->trace_count = state->argc - state->next;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options,
    parse,
    "TRACE...\n-- COMMAND...",
    "Compares allocators on recorded traces, or on a command that it records first.\v"
    "Examples:\n"
    "  reheap bench -- python3 script.py\n"
    "  reheap bench -a glibc,mimalloc,preload:./libmine.so traces/*.rht",
    NULL,
    NULL,
    NULL,
};

/* ---- recording ---- */

static const struct rh_record_trace *largest(const struct rh_record_outcome *outcome) {
    const struct rh_record_trace *best = &outcome->traces[0];
    for (size_t i = 1; i < outcome->count; i++)
        if (outcome->traces[i].summary.events > best->summary.events)
            best = &outcome->traces[i];
    return best;
}

/* Scripts start many processes; with more than these, only the one is shown that matters here. */
enum { ROWS_MOST = 8 };

static void say_what_was_recorded(const struct rh_record_outcome *outcome,
                                  const struct rh_record_trace *trace) {
    rh_cli_record_show(outcome, outcome->count > ROWS_MOST ? trace : NULL);
    int status = rh_record_exit_status(outcome->wait_status);
    if (status != 0)
        fprintf(stderr, "reheap: the command ended with status %d; its recording is used anyway\n",
                status);
    if (outcome->count > 1)
        fprintf(stderr,
                "reheap: comparing on %s (process %" PRIu64 "), which has the most events of %zu "
                "traces; for another, or for all: reheap bench TRACE...\n",
                trace->program, trace->pid, outcome->count);
    if (trace->drops > 0)
        fprintf(stderr, "reheap: %" PRIu64 " events were lost: the trace has gaps\n", trace->drops);
}

static int copy_word(const char *word, struct rh_error *error, char **ret_copy) {
    *ret_copy = rh_strdup(word);
    return *ret_copy != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for a program");
}

static int fill_program(const struct arguments *arguments, const char *trace,
                        struct rh_error *error, struct rh_plan_program *program) {
    char directory[4096];
    size_t count = 0;
    while (arguments->command[count] != NULL)
        count++;
    if (getcwd(directory, sizeof(directory)) == NULL)
        return rh_fail_errno(error, "cannot tell the working directory");
    rh_try(copy_word(rh_path_base(arguments->command[0]), error, &program->name));
    rh_try(copy_word(directory, error, &program->directory));
    rh_try(copy_word(trace, error, &program->trace_name));
    program->words = rh_alloc_zeroed(count + 1, sizeof(*program->words));
    if (program->words == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a program");
    for (size_t i = 0; i < count; i++)
        rh_try(copy_word(arguments->command[i], error, &program->words[i]));
    return 0;
}

/* The command again, as a program of the plan; with the exit status that it had. */
static int add_program(const struct arguments *arguments, int status, struct rh_plan *plan,
                       struct rh_error *error) {
    struct rh_plan_program program = {.status = (uint32_t)status};
    rh_try(fill_program(arguments, plan->traces[0].name, error, &program));
    return rh_plan_add_program(plan, &program, error);
}

/* Records the command into the directory of the result to come. */
static int record(const struct arguments *arguments, const char *directory, struct rh_plan *plan,
                  struct rh_error *error) {
    rh_try(rh_make_directories(directory, error));
    struct rh_text output = {0};
    rh_text_addf(&output, "%s/%s.rht", directory, rh_path_base(arguments->command[0]));
    if (output.failed != 0)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
    bool quiet = arguments->loudness == RH_CLI_QUIET;
    if (!quiet)
        fprintf(stderr, "reheap: recording %s\n", arguments->command[0]);
    fflush(NULL);

    struct rh_record_options record_options = {
        .output = output.data,
        .waiting = quiet ? NULL : rh_cli_record_waiting,
    };
    struct rh_record_outcome outcome = {0};
    int result = rh_record(&record_options, arguments->command, error, &outcome);
    if (result == 0) {
        const struct rh_record_trace *trace = largest(&outcome);
        if (!quiet)
            say_what_was_recorded(&outcome, trace);
        result = rh_plan_add_trace(plan, trace->path, NULL, error);
        if (result == 0 && arguments->end_to_end)
            result =
                add_program(arguments, rh_record_exit_status(outcome.wait_status), plan, error);
    }
    rh_record_outcome_finish(&outcome);
    rh_text_finish(&output);
    return result;
}

/* ---- the plan ---- */

static int add_traces(const struct arguments *arguments, struct rh_plan *plan,
                      struct rh_error *error) {
    for (int i = 0; i < arguments->trace_count; i++) {
        int result = rh_plan_add_trace(plan, arguments->traces[i], NULL, error);
        if (result < 0 && i == 0 && strstr(arguments->traces[i], ".rht") == NULL)
            rh_error_prefix(error, "to record a command, put \"--\" before it");
        rh_try(result);
    }
    return 0;
}

static int apply(const struct arguments *arguments, struct rh_plan *plan, struct rh_error *error) {
    rh_try(rh_cli_choose_allocators(plan, arguments->allocators, error));
    rh_try(
        rh_plan_set_rounds(plan, arguments->rounds != NULL ? arguments->rounds : "quick", error));
    if (arguments->baseline != NULL)
        rh_try(rh_plan_set_baseline(plan, arguments->baseline, error));
    rh_try(rh_plan_find_baseline(plan, error));
    if (arguments->seed != NULL)
        rh_try(rh_plan_set_seed(plan, arguments->seed, error));
    if (arguments->touch != NULL)
        rh_try(rh_plan_set_touch(plan, arguments->touch, error));
    if (arguments->order != NULL)
        rh_try(rh_plan_set_order(plan, arguments->order, error));
    if (arguments->pace != NULL)
        rh_try(rh_plan_set_pace(plan, arguments->pace, error));
    if (arguments->think != NULL)
        rh_try(rh_plan_set_think(plan, arguments->think, error));
    return 0;
}

static int set_title(const struct arguments *arguments, struct rh_plan *plan,
                     struct rh_error *error) {
    struct rh_text title = {0};
    if (arguments->command != NULL)
        rh_text_addf(&title, "Which allocator for %s?", rh_path_base(arguments->command[0]));
    else if (plan->trace_count == 1)
        rh_text_addf(&title, "Which allocator for %s?", plan->traces[0].name);
    else
        rh_text_addf(&title, "Which allocator for these %zu traces?", plan->trace_count);
    if (title.failed != 0)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a title");
    plan->title = title.data;
    return 0;
}

/* Everything that can be wrong with the arguments is found before a command is recorded. */
static int fill_plan(const struct arguments *arguments, const char *directory, struct rh_plan *plan,
                     struct rh_error *error) {
    rh_try(apply(arguments, plan, error));
    rh_try(rh_result_refuse_existing(directory, error));
    if (arguments->command != NULL)
        rh_try(record(arguments, directory, plan, error));
    else
        rh_try(add_traces(arguments, plan, error));
    rh_try(set_title(arguments, plan, error));
    return rh_plan_complete(plan, error);
}

static char *directory_of(const struct arguments *arguments) {
    if (arguments->output != NULL)
        return rh_strdup(arguments->output);
    const char *first = arguments->command != NULL ? arguments->command[0] : arguments->traces[0];
    char *name = rh_strdup(rh_path_base(first));
    if (name == NULL)
        return NULL;
    size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".rht") == 0)
        name[length - 4] = '\0';
    char *directory = rh_cli_default_result(name);
    rh_free(name);
    return directory;
}

static int bench(const struct arguments *arguments, const char *command_line) {
    struct rh_error error = {0};
    struct rh_plan *plan = NULL;
    char *directory = directory_of(arguments);
    int result = directory != NULL ? rh_plan_create(&error, &plan)
                                   : rh_fail(&error, RH_ERR_MEMORY, "no memory for a path");
    if (result == 0)
        result = fill_plan(arguments, directory, plan, &error);
    int status = result < 0
                     ? rh_cli_report(&error)
                     : rh_cli_play(plan, &(struct rh_cli_play_options){
                                             .directory = directory,
                                             .command = command_line,
                                             .missing_is_well = arguments->allocators == NULL,
                                             .loudness = arguments->loudness,
                                         });
    rh_plan_destroy(plan);
    rh_free(directory);
    return status;
}

/* Where "--" stands, or argc: what follows is the command's, options and all. */
static int find_separator(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--") == 0)
            return i;
    return argc;
}

int rh_cli_bench(int argc, char **argv) {
    struct arguments arguments = {0};
    int separator = find_separator(argc, argv);
    argp_err_exit_status = RH_EXIT_USAGE;
    argp_parse(&argp, separator, argv, 0, NULL, &arguments);
    if (separator + 1 < argc)
        arguments.command = argv + separator + 1;
    if ((arguments.command != NULL) == (arguments.trace_count > 0)) {
        fprintf(stderr, "reheap bench: give traces, or \"--\" and a command to record: for example "
                        "reheap bench -- python3 script.py\n");
        return RH_EXIT_USAGE;
    }
    if (arguments.end_to_end && arguments.command == NULL) {
        fprintf(stderr, "reheap bench: --end-to-end runs a command: give one behind \"--\"\n");
        return RH_EXIT_USAGE;
    }
    char *command_line = rh_cli_command_line(argc, argv);
    int status = bench(&arguments, command_line);
    rh_free(command_line);
    return status;
}
