/* progress.h - how far a run is, on standard error. */
#ifndef RH_CLI_PROGRESS_H
#define RH_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "experiment/experiment.h"

/* Zero-initialise, then rh_cli_progress_init. */
struct rh_cli_progress {
    enum rh_cli_loudness loudness;
    bool terminal;     /* one line that is rewritten; else a line now and then */
    bool line_is_open; /* the terminal's line has no end yet */
    unsigned columns;
    unsigned percent_shown; /* not a terminal: at the last line */
    uint64_t shown_ns;      /* at the last line */
};

void rh_cli_progress_init(struct rh_cli_progress *progress, enum rh_cli_loudness loudness);
/* Callbacks for rh_experiment_options; `context` is the struct rh_cli_progress. */
void rh_cli_progress_show(void *context, const struct rh_experiment_progress *state);
void rh_cli_progress_finished(void *context, const struct rh_experiment_finished *finished);
/* Ends an open line, so that what follows starts on its own. */
void rh_cli_progress_end(struct rh_cli_progress *progress);

/* "1 h 02 min", "3 min 20 s", "41 s". */
void rh_cli_duration(char *ret_text, size_t bytes, uint64_t ns);

#endif
