/* main.c - finds the subcommand. */
#include <argp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/record.h"
#include "cli/trace.h"

/* In the order in which a user meets them. */
static const struct rh_command commands[] = {
    {"bench", "which allocator for this program? records, replays, compares", rh_cli_bench},
    {"record", "run a command and record its allocation calls", rh_cli_record},
    {"run", "replay the traces of a plan on its allocators", rh_cli_run},
    {"replay", "one sample: a trace on one allocator", rh_cli_replay},
    {"report", "show a result: terminal, HTML, Markdown, CSV, JSON", rh_cli_report_command},
    {"compare", "two results against each other; a gate for CI", rh_cli_compare},
    {"trace", "look into traces", rh_cli_trace},
    {"allocators", "what allocators there are; check one", rh_cli_allocators},
    {"doctor", "what about this machine disturbs measuring", rh_cli_doctor},
    {NULL, NULL, NULL},
};

/* A message may quote a foreign file: nothing of it reaches the terminal as a command. */
int rh_cli_report(const struct rh_error *error) {
    const char *message = error->code != 0 ? error->message : "an unnamed failure";
    fputs("reheap: ", stderr);
    for (const char *at = message; *at != '\0'; at++)
        putc(((unsigned char)*at < ' ' && *at != '\n') || *at == 0x7f ? '?' : *at, stderr);
    putc('\n', stderr);
    return error->code == RH_ERR_INVALID ? RH_EXIT_USAGE : RH_EXIT_FAILURE;
}

static void print_usage(FILE *stream) {
    fprintf(stream,
            "Usage: reheap COMMAND [ARGUMENT...]\n\n"
            "Records the allocation calls of a real program once, and replays them against any\n"
            "number of memory allocators.\n\nCommands:\n");
    for (const struct rh_command *command = commands; command->name != NULL; command++)
        fprintf(stream, "  %-12s %s\n", command->name, command->summary);
    fprintf(stream, "  %-12s %s\n", "help", "what a command does, its options, and examples");
    fprintf(stream, "\nExamples:\n"
                    "  reheap bench -- ls -lR /usr/share/doc\n"
                    "  reheap help bench\n");
}

static const struct rh_command *find(const char *name) {
    for (const struct rh_command *command = commands; command->name != NULL; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static const char *nearest(const char *name) {
    const char *names[sizeof(commands) / sizeof(commands[0]) + 1] = {NULL};
    for (size_t i = 0; commands[i].name != NULL; i++)
        names[i] = commands[i].name;
    return rh_text_nearest(name, names);
}

static int refuse(const char *name) {
    const char *near = nearest(name);
    if (near != NULL)
        fprintf(stderr, "reheap: no command \"%s\": did you mean \"%s\"?\n", name, near);
    else
        fprintf(stderr, "reheap: no command \"%s\": see \"reheap --help\"\n", name);
    return RH_EXIT_USAGE;
}

/* At the exit, because argp exits by itself. */
static void check_output(int status, void *context) {
    (void)context;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    fprintf(stderr, "reheap: standard output could not be written\n");
    _exit(status == RH_EXIT_WELL ? RH_EXIT_FAILURE : status);
}

/* A closed stream would lend its number to the next file, and its text to that file. Read-only:
 * what is written there still fails. */
static void occupy_closed_streams(void) {
    int fd = 0;
    do
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

static int run(const struct rh_command *command, int argc, char **argv) {
    char title[64];
    snprintf(title, sizeof(title), "reheap %s", command->name);
    argv[0] = title;
    return command->run(argc, argv);
}

/* "reheap help COMMAND..." is "reheap COMMAND... --help". */
static int help(int argc, char **argv) {
    if (argc < 3) {
        print_usage(stdout);
        return RH_EXIT_WELL;
    }
    const struct rh_command *command = find(argv[2]);
    if (command == NULL)
        return refuse(argv[2]);
    bool has_commands = command->run == rh_cli_trace || command->run == rh_cli_allocators;
    if (argc > 3 && !has_commands) {
        fprintf(stderr, "reheap: %s has no commands of its own: see \"reheap help %s\"\n",
                command->name, command->name);
        return RH_EXIT_USAGE;
    }
    char option[] = "--help";
    char *arguments[] = {argv[0], argc > 3 ? argv[3] : option, option, NULL};
    return run(command, argc > 3 ? 3 : 2, arguments);
}

int main(int argc, char **argv) {
    occupy_closed_streams();
    on_exit(check_output, NULL);
    argp_err_exit_status = RH_EXIT_USAGE;
    if (argc < 2) {
        print_usage(stderr);
        return RH_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("reheap %s\n", RH_VERSION);
        return RH_EXIT_WELL;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0)
        return help(argc, argv);

    const struct rh_command *command = find(argv[1]);
    return command != NULL ? run(command, argc - 1, argv + 1) : refuse(argv[1]);
}
