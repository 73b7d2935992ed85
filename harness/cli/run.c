/* run.c - "reheap run": a plan becomes a result. */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/play.h"
#include "plan/plan.h"

struct arguments {
    const char *plan, *output, *rounds, *budget, *seed, *resume;
    enum rh_cli_loudness loudness;
};

static const struct argp_option options[] = {
    {"output", 'o', "RESULT", 0, "Directory of the result (results/NAME-DATE)", 0},
    {"rounds", 'r', "N", 0, "Rounds: a number, quick, default or rigorous, whatever the plan says",
     0},
    {"budget", 'b', "TIME", 0,
     "As many rounds as fit into 90s, 10min, 2h, whatever the plan says; computed behind the "
     "warm-up round",
     0},
    {"resume", 'c', "RESULT", 0, "Finish an interrupted run, without repeating a sample", 0},
    {"seed", 's', "N", 0, "Seed of the order of the workers, whatever the plan says", 0},
    RH_CLI_QUIET_OPTION,
    RH_CLI_VERBOSE_OPTION("Also say what each worker measured, and all that disturbs"),
    {0},
};

static void check(const struct arguments *arguments, const struct argp_state *state) {
    bool new_run = arguments->plan != NULL || arguments->output != NULL ||
                   arguments->rounds != NULL || arguments->budget != NULL ||
                   arguments->seed != NULL;
    if (arguments->resume != NULL && new_run)
        argp_error(state, "--resume stands alone: plan, rounds and seed are in the result");
    if (arguments->rounds != NULL && arguments->budget != NULL)
        argp_error(state, "--rounds or --budget, from which the rounds are computed");
    if (arguments->resume == NULL && arguments->plan == NULL)
        argp_error(state, "which plan? for example: reheap run configs/quick.yaml");
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'o':
        arguments->output = argument;
        return 0;
    case 'r':
        arguments->rounds = argument;
        return 0;
    case 'b':
        arguments->budget = argument;
        return 0;
    case 'c':
        arguments->resume = argument;
        return 0;
    case 's':
        arguments->seed = argument;
        return 0;
    case 'q':
        arguments->loudness = RH_CLI_QUIET;
        return 0;
    case 'v':
        arguments->loudness = RH_CLI_VERBOSE;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->plan != NULL)
            argp_error(state, "one plan at a time: \"%s\" is a second one", argument);
        arguments->plan = argument;
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    options,
    parse,
    "PLAN.yaml\n--resume RESULT",
    "Replays the traces of a plan on its allocators, and prints the comparison.\v"
    "Every sample is kept as it comes: an interrupted run leaves a readable result.\n\n"
    "Examples:\n"
    "  reheap run configs/quick.yaml\n"
    "  reheap run configs/quick.yaml --rounds rigorous -o results/tonight\n"
    "  reheap run --resume results/tonight",
    NULL,
    NULL,
    NULL,
};

/* What the command line says overrules the plan. */
static int load(const struct arguments *arguments, struct rh_error *error,
                struct rh_plan **ret_plan) {
    struct rh_plan *plan = NULL;
    rh_try(rh_plan_load(arguments->plan, error, &plan));
    int result = 0;
    if (arguments->rounds != NULL)
        result = rh_plan_override_rounds(plan, arguments->rounds, error);
    if (arguments->budget != NULL)
        result = rh_plan_override_budget(plan, arguments->budget, error);
    if (result == 0 && arguments->seed != NULL)
        result = rh_plan_set_seed(plan, arguments->seed, error);
    if (result < 0)
        rh_plan_destroy(plan);
    else
        *ret_plan = plan;
    return result;
}

/* "configs/quick.yaml" -> "quick"; the caller frees it. */
static char *name_of(const char *path) {
    char *name = rh_strdup(rh_path_base(path));
    char *dot = name != NULL ? strrchr(name, '.') : NULL;
    if (dot != NULL && dot != name)
        *dot = '\0';
    return name;
}

static int play(const struct rh_plan *plan, const struct arguments *arguments,
                const char *command) {
    char *name = name_of(arguments->plan);
    char *directory = name == NULL                ? NULL
                      : arguments->output != NULL ? rh_strdup(arguments->output)
                                                  : rh_cli_default_result(name);
    rh_free(name);
    struct rh_error error = {0};
    if (directory == NULL) {
        rh_fail(&error, RH_ERR_MEMORY, "no memory");
        return rh_cli_report(&error);
    }
    int status = rh_cli_play(plan, &(struct rh_cli_play_options){
                                       .directory = directory,
                                       .command = command,
                                       .loudness = arguments->loudness,
                                   });
    rh_free(directory);
    return status;
}

int rh_cli_run(int argc, char **argv) {
    char *command = rh_cli_command_line(argc, argv);
    struct arguments arguments = {0};
    argp_err_exit_status = RH_EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (arguments.resume != NULL) {
        rh_free(command);
        return rh_cli_resume(arguments.resume, arguments.loudness);
    }
    struct rh_error error = {0};
    struct rh_plan *plan = NULL;
    int status = load(&arguments, &error, &plan) < 0 ? rh_cli_report(&error)
                                                     : play(plan, &arguments, command);
    rh_plan_destroy(plan);
    rh_free(command);
    return status;
}
