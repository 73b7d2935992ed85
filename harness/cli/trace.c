/* trace.c - reheap trace: finds the command under it. */
#include "cli/trace.h"

#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

static const struct rh_command commands[] = {
    {"info", "what a trace holds: events, sizes, lifetimes, threads", rh_cli_trace_info},
    {"verify", "check a trace: checksums, order, rules, counts", rh_cli_trace_verify},
    {"dump", "a trace as text, one line an event", rh_cli_trace_dump},
    {"import", "a trace of another tool, or text, to a trace of ours", rh_cli_trace_import},
    {"cut", "a part of a trace: by events, time, threads, sizes", rh_cli_trace_cut},
    {"merge", "several traces as one workload", rh_cli_trace_merge},
    {"scale", "more threads, other sizes or lifetimes", rh_cli_trace_scale},
    {"sample", "a smaller trace of the same shape", rh_cli_trace_sample},
    {"anonymise", "a trace without names and exact times", rh_cli_trace_anonymise},
    {"export", "a trace in a format of others", rh_cli_trace_export},
    {"generate", "make a synthetic workload", rh_cli_trace_generate},
    {NULL, NULL, NULL},
};

static void print_usage(FILE *stream) {
    fprintf(stream, "Usage: reheap trace COMMAND [ARGUMENT...]\n\n"
                    "Looks into traces, changes them and makes them.\n\nCommands:\n");
    for (const struct rh_command *command = commands; command->name != NULL; command++)
        fprintf(stream, "  %-12s %s\n", command->name, command->summary);
    fprintf(stream, "\nExamples:\n"
                    "  reheap trace info job.rht\n"
                    "  reheap help trace info\n");
}

static int refuse(const char *name) {
    const char *names[sizeof(commands) / sizeof(commands[0])] = {NULL};
    for (size_t i = 0; commands[i].name != NULL; i++)
        names[i] = commands[i].name;
    const char *near = rh_text_nearest(name, names);
    fprintf(stderr, "reheap trace: no command \"%s\"", name);
    if (near != NULL)
        fprintf(stderr, ": did you mean \"%s\"?\n", near);
    else
        fprintf(stderr, ": see \"reheap trace --help\"\n");
    return RH_EXIT_USAGE;
}

int rh_cli_trace(int argc, char **argv) {
    if (argc < 2) {
        print_usage(stderr);
        return RH_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return RH_EXIT_WELL;
    }
    for (const struct rh_command *command = commands; command->name != NULL; command++) {
        if (strcmp(command->name, argv[1]) != 0)
            continue;
        char title[64];
        snprintf(title, sizeof(title), "reheap trace %s", command->name);
        argv[1] = title;
        argp_err_exit_status = RH_EXIT_USAGE;
        return command->run(argc - 1, argv + 1);
    }
    return refuse(argv[1]);
}
