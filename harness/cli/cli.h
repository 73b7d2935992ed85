/* cli.h - the subcommands. One file, one man page, one test family each; only this folder prints or
 * exits. */
#ifndef RH_CLI_CLI_H
#define RH_CLI_CLI_H

#include "base/error.h"

/* Exit statuses. */
enum {
    RH_EXIT_WELL = 0,
    RH_EXIT_FAILURE = 1,
    RH_EXIT_USAGE = 2,
    RH_EXIT_SAYS_NO = 3, /* a gate or a check */
};

/* How much is said beside results, on standard error. Errors always are. */
enum rh_cli_loudness {
    RH_CLI_NORMAL,
    RH_CLI_QUIET,   /* nothing */
    RH_CLI_VERBOSE, /* also every step */
};

/* Options of every command that says something on its way; their keys are 'q' and 'v'. */
#define RH_CLI_QUIET_OPTION                                                                        \
    { "quiet", 'q', NULL, 0, "Say nothing on the way: results and errors", 0 }
#define RH_CLI_VERBOSE_OPTION(text)                                                                \
    { "verbose", 'v', NULL, 0, text, 0 }

/* `argv[0]` is "reheap SUBCOMMAND", so that argp names it. Returns an exit status. */
struct rh_command {
    const char *name;
    const char *summary; /* one line */
    int (*run)(int argc, char **argv);
};

int rh_cli_allocators(int argc, char **argv);
int rh_cli_bench(int argc, char **argv);
int rh_cli_compare(int argc, char **argv);
int rh_cli_doctor(int argc, char **argv);
int rh_cli_replay(int argc, char **argv);
int rh_cli_report_command(int argc, char **argv); /* report.c */
int rh_cli_run(int argc, char **argv);

/* Prints the terminal report of a result to standard output, as "reheap report" does. */
int rh_cli_show_result(const char *directory, struct rh_error *error); /* report.c */

/* Prints "reheap: SENTENCE" to standard error and returns the exit status that fits the code. */
int rh_cli_report(const struct rh_error *error);

#endif
