/* record.c - reheap record: runs a command and writes down its allocation calls. */
#include "cli/record.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "record/record.h"

static const char description[] =
    "Runs COMMAND and writes the allocation calls of each of its processes into a trace. The "
    "command's input, output and exit status are its own; this program prints to standard error "
    "when it is over.\v"
    "The trace of the command's own process is PROGRAM.rht, or TRACE; those of further processes "
    "are PROGRAM.PID.rht beside it. The exit status is that of the command (128 + n when signal n "
    "ended it), or 1 or 2 when it could not be recorded.\n\n"
    "Examples:\n"
    "  reheap record -- python3 script.py\n"
    "  reheap record -o job.rht --no-children -- make -j2";

enum { KEY_TIMES = 256, KEY_PRINT_ENV, KEY_FINISH };

static const struct argp_option argument_options[] = {
    {"output", 'o', "TRACE", 0,
     "Write the trace of the command's own process to TRACE, or all of them into the folder TRACE/",
     0},
    {"no-children", 'n', NULL, 0, "Record the command's own process only", 0},
    {"times", KEY_TIMES, "RESOLUTION", 0, "full (10 ns, the default), coarse (1 us) or none", 0},
    RH_CLI_QUIET_OPTION,
    {NULL, 0, NULL, 0, "For services, which something else starts:", 1},
    {"print-env", KEY_PRINT_ENV, "SPOOL", 0,
     "Make the directory SPOOL and print the environment for the unit file", 1},
    {"finish", KEY_FINISH, "SPOOL", 0,
     "Write the traces of the processes that have ended, and remove SPOOL when it is empty", 1},
    {NULL, 0, NULL, 0, NULL, 0},
};

struct arguments {
    struct rh_record_options options;
    const char *print_env; /* NULL: not asked for */
    const char *finish;    /* as above */
    char **command;        /* NULL: none was given */
    enum rh_cli_loudness loudness;
};

static int parse_times(const char *value, enum rh_record_times *ret_times) {
    static const char *const names[] = {[RH_RECORD_TIMES_FULL] = "full",
                                        [RH_RECORD_TIMES_COARSE] = "coarse",
                                        [RH_RECORD_TIMES_NONE] = "none"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(value, names[i]) != 0)
            continue;
        *ret_times = (enum rh_record_times)i;
        return 0;
    }
    return RH_ERR_INVALID;
}

static void check_arguments(const struct arguments *arguments, const struct argp_state *state) {
    int wanted =
        (arguments->command != NULL) + (arguments->print_env != NULL) + (arguments->finish != NULL);
    if (wanted == 0)
        argp_error(state, "which command is to be recorded? Give it after --");
    else if (wanted > 1)
        argp_error(state, "a command, --print-env and --finish exclude each other");
}

static error_t parse_argument(int key, char *value, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'o':
        arguments->options.output = value;
        return 0;
    case 'n':
        arguments->options.no_children = true;
        return 0;
    case 'q':
        arguments->loudness = RH_CLI_QUIET;
        arguments->options.waiting = NULL;
        return 0;
    case ARGP_KEY_ARGS:
        arguments->command = state->argv + state->next;
        return 0;
    case KEY_TIMES:
        if (parse_times(value, &arguments->options.times) < 0)
            argp_error(state, "--times %s: full, coarse or none", value);
        return 0;
    case KEY_PRINT_ENV:
        arguments->print_env = value;
        return 0;
    case KEY_FINISH:
        arguments->finish = value;
        return 0;
    case ARGP_KEY_END:
        check_arguments(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void rh_cli_record_waiting(void *context, uint64_t pid) {
    (void)context;
    fprintf(stderr,
            "reheap: the command is over; waiting for process %" PRIu64
            ", which it left running (Ctrl-C: write the traces now)\n",
            pid);
}

/* ---- what is printed at the end ---- */

/* What should be known about a trace, if there is any of it. */
static void print_remark(uint64_t count, const char *what) {
    if (count > 0)
        fprintf(stderr, "          %" PRIu64 " %s\n", count, what);
}

static void print_row(const struct rh_record_trace *trace) {
    char events[RH_HUMAN_BYTES];
    char peak[RH_HUMAN_BYTES];
    fprintf(stderr, "%8" PRIu64 "  %-16.16s %10s %7" PRIu64 " %10s  %s\n", trace->pid,
            trace->program, rh_human_count(events, (double)trace->summary.events),
            trace->summary.threads, rh_human_bytes(peak, (double)trace->summary.peak_live_bytes),
            trace->path);
    print_remark(trace->unknown_frees, "releases of blocks that were not seen acquired");
    print_remark(trace->usable_calls,
                 "calls of malloc_usable_size: it may use the slack of its blocks, of which each "
                 "allocator has another");
    print_remark(trace->stalls, "waits of 1 ms or more for the recorder's disk");
    print_remark(trace->looks_skipped, "large blocks whose resident pages were not counted: it "
                                       "would have cost too much");
    if (trace->note != NULL)
        fprintf(stderr, "          %s\n", trace->note);
}

/* Calibrated cost times events, and the looks, against the time that the process took. */
static void print_cost(const struct rh_record_outcome *outcome) {
    double events = 0;
    double duration_ns = 0;
    double looks_ns = 0;
    double raw_bytes = 0;
    for (size_t i = 0; i < outcome->count; i++) {
        events += (double)outcome->traces[i].summary.events;
        duration_ns += (double)outcome->traces[i].duration_ns;
        looks_ns += (double)outcome->traces[i].look_ns;
        raw_bytes += (double)outcome->traces[i].raw_bytes;
    }
    if (outcome->cost_ns <= 0 || events <= 0 || duration_ns <= 0)
        return;
    char cost[RH_HUMAN_BYTES];
    char each[RH_HUMAN_BYTES];
    char rate[RH_HUMAN_BYTES];
    char looks[RH_HUMAN_BYTES];
    double cost_ns = outcome->cost_ns * events + looks_ns;
    fprintf(stderr, "%s events a second, %.1f bytes an event on the way to the trace.\n",
            rh_human_count(rate, events * 1e9 / duration_ns), raw_bytes / events);
    fprintf(stderr, "Recording cost about %s (%s an event", rh_human_ns(cost, cost_ns),
            rh_human_ns(each, outcome->cost_ns));
    if (looks_ns > 0)
        fprintf(stderr, ", %s to count resident pages", rh_human_ns(looks, looks_ns));
    fprintf(stderr, "), %.1f %% of the run time.\n", 100 * cost_ns / duration_ns);
}

void rh_cli_record_show(const struct rh_record_outcome *outcome,
                        const struct rh_record_trace *only) {
    fprintf(stderr, "\n%8s  %-16s %10s %7s %10s  %s\n", "process", "program", "events", "threads",
            "peak live", "trace");
    for (size_t i = 0; i < outcome->count; i++)
        if (only == NULL || only == &outcome->traces[i])
            print_row(&outcome->traces[i]);
    print_remark(outcome->unbegun_count, "processes could not begin their spool, and were not "
                                         "recorded: is the disk full?");
    print_cost(outcome);
}

static void show_with_next_step(const struct rh_record_outcome *outcome) {
    if (outcome->count > 0)
        rh_cli_record_show(outcome, NULL);
    if (outcome->running_count == 1)
        fprintf(stderr, "1 process still runs: finish its recording when it has ended.\n");
    else if (outcome->running_count > 1)
        fprintf(stderr, "%zu processes still run: finish their recordings when they have ended.\n",
                outcome->running_count);
    if (outcome->count > 0)
        fprintf(stderr, "Compare allocators on it: reheap bench %s\n", outcome->traces[0].path);
}

static int print_environment(const struct arguments *arguments) {
    struct rh_error error = {0};
    struct rh_text lines = {0};
    int result = rh_record_environment(&arguments->options, arguments->print_env, &error, &lines);
    if (result == 0)
        fputs(rh_text_get(&lines), stdout);
    rh_text_finish(&lines);
    return result == 0 ? RH_EXIT_WELL : rh_cli_report(&error);
}

static int finish(const struct arguments *arguments) {
    struct rh_error error = {0};
    struct rh_record_outcome outcome = {0};
    if (rh_record_finish(&arguments->options, arguments->finish, &error, &outcome) < 0)
        return rh_cli_report(&error);
    if (arguments->loudness != RH_CLI_QUIET)
        show_with_next_step(&outcome);
    rh_record_outcome_finish(&outcome);
    return RH_EXIT_WELL;
}

static int record(const struct arguments *arguments) {
    struct rh_error error = {0};
    struct rh_record_outcome outcome = {0};
    if (rh_record(&arguments->options, arguments->command, &error, &outcome) < 0)
        return rh_cli_report(&error);
    if (arguments->loudness != RH_CLI_QUIET)
        show_with_next_step(&outcome);
    int status = rh_record_exit_status(outcome.wait_status);
    rh_record_outcome_finish(&outcome);
    return status;
}

int rh_cli_record(int argc, char **argv) {
    static const struct argp argp = {
        .options = argument_options,
        .parser = parse_argument,
        .args_doc = "-- COMMAND [ARGUMENT...]\n--print-env SPOOL\n--finish SPOOL",
        .doc = description,
    };
    struct arguments arguments = {.options = {.waiting = rh_cli_record_waiting}};
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    if (arguments.print_env != NULL)
        return print_environment(&arguments);
    return arguments.finish != NULL ? finish(&arguments) : record(&arguments);
}
