/* play.h - what "run" and "bench" share: play a plan, show the comparison, say where it is. */
#ifndef RH_CLI_PLAY_H
#define RH_CLI_PLAY_H

#include "cli/cli.h"
#include "plan/plan.h"

struct rh_cli_play_options {
    const char *directory; /* of the result */
    const char *command;   /* how to run it again */
    /* Allocators that are not installed do not count as failure: nobody asked for them by name. */
    bool missing_is_well;
    enum rh_cli_loudness loudness;
};

/* Plays a complete plan, prints the terminal report to standard output, and where the result is to
 * standard error. Returns an exit status: failure when a worker was not measured or an allocator
 * is missing; 128 + n when signal n interrupted the run. */
int rh_cli_play(const struct rh_plan *plan, const struct rh_cli_play_options *options);

/* As rh_cli_play, for a run that was interrupted. */
int rh_cli_resume(const char *directory, enum rh_cli_loudness loudness);

/* "results/NAME-YYYYMMDD-HHMMSS", to be freed with rh_free; NULL: no memory. */
char *rh_cli_default_result(const char *name);

/* The command line again, quoted for a shell, to be freed with rh_free; NULL: no memory. */
char *rh_cli_command_line(int argc, char *const *argv);

/* Catches SIGINT, SIGTERM and SIGHUP from now on; the flag becomes true with the first of them. */
const volatile bool *rh_cli_watch_signals(void);

#endif
