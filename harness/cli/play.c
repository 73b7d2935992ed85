/* play.c - plays a plan and shows the comparison. */
#include "cli/play.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "experiment/experiment.h"

/* A signal handler can reach nothing else. */
static volatile bool interrupted;
static volatile sig_atomic_t signal_number;

static void note_signal(int number) {
    if (signal_number == 0)
        signal_number = number;
    interrupted = true;
}

const volatile bool *rh_cli_watch_signals(void) {
    struct sigaction action = {.sa_handler = note_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    return &interrupted;
}

char *rh_cli_default_result(const char *name) {
    char date[32];
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &local);
    struct rh_text path = {0};
    rh_text_addf(&path, "results/%s-%s", name, date);
    if (path.failed != 0)
        rh_text_finish(&path);
    return path.data;
}

char *rh_cli_command_line(int argc, char *const *argv) {
    struct rh_text line = {0};
    rh_text_add(&line, argv[0]);
    for (int i = 1; i < argc; i++) {
        rh_text_add(&line, " ");
        rh_text_add_quoted(&line, argv[i]);
    }
    if (line.failed != 0)
        rh_text_finish(&line);
    return line.data;
}

static void say_what_failed(const struct rh_experiment_outcome *outcome) {
    if (outcome->failed > 0)
        fprintf(stderr, "reheap: %zu of %zu workers were not measured; the first: %s\n",
                outcome->failed, outcome->done, outcome->first_failure);
    if (outcome->missing > 0)
        fprintf(stderr, "reheap: %zu allocator%s could not be used; the report says why\n",
                outcome->missing, outcome->missing == 1 ? "" : "s");
}

static void say_what_is_next(const char *directory) {
    fprintf(stderr,
            "\nThe result is in %s. Next:\n"
            "  reheap report %s --format html -o report.html   # charts, in any browser\n"
            "  reheap compare BEFORE %s                        # against another run\n",
            directory, directory, directory);
}

static int show(const struct rh_cli_play_options *options,
                const struct rh_experiment_outcome *outcome) {
    struct rh_error error = {0};
    if (rh_cli_show_result(options->directory, &error) < 0)
        return rh_cli_report(&error);
    fflush(stdout);
    say_what_failed(outcome);
    if (options->loudness != RH_CLI_QUIET)
        say_what_is_next(options->directory);
    bool well = outcome->failed == 0 && (outcome->missing == 0 || options->missing_is_well);
    return well ? RH_EXIT_WELL : RH_EXIT_FAILURE;
}

/* A few lines: who wants more asks the doctor, or for more words. */
static void warn(void *context, const struct rh_result_finding *findings, size_t count) {
    enum { LINES_MOST = 3 };
    const struct rh_cli_progress *progress = context;
    size_t most = progress->loudness == RH_CLI_VERBOSE ? SIZE_MAX : LINES_MOST;
    size_t warnings = 0;
    for (size_t i = 0; i < count; i++) {
        if (findings[i].verdict != RH_FINDING_WARNING)
            continue;
        if (warnings++ < most)
            fprintf(stderr, "reheap: %s: %s; %s\n", findings[i].name, findings[i].value,
                    findings[i].why);
    }
    if (warnings > most)
        fprintf(stderr, "reheap: and %zu more that disturb%s: reheap doctor\n", warnings - most,
                warnings == most + 1 ? "s" : "");
}

static void tell_thinking(void *context, const struct rh_result_trace *trace) {
    char found[RH_THINK_FOUND_BYTES];
    (void)context;
    if (trace->think.plain_ns == 0)
        fprintf(stderr, "%s: looking for the rate of thinking, by replays under %s ...\n",
                trace->name, trace->think.allocator);
    else
        fprintf(stderr, "%s: thinks %s\n", trace->name, rh_think_found_text(&trace->think, found));
}

static struct rh_experiment_options experiment_of(const struct rh_cli_play_options *options,
                                                  struct rh_cli_progress *progress) {
    rh_cli_progress_init(progress, options->loudness);
    bool quiet = options->loudness == RH_CLI_QUIET;
    return (struct rh_experiment_options){
        .directory = options->directory,
        .command = options->command,
        .interrupted = rh_cli_watch_signals(),
        .progress = quiet ? NULL : rh_cli_progress_show,
        .finished = options->loudness == RH_CLI_VERBOSE ? rh_cli_progress_finished : NULL,
        .warn = quiet ? NULL : warn,
        .thinking = quiet ? NULL : tell_thinking,
        .context = progress,
        .seams = &rh_experiment_real,
    };
}

/* How a run that has come to some end becomes an exit status. */
static int conclude(const struct rh_cli_play_options *options, int result,
                    const struct rh_error *error, const struct rh_experiment_outcome *outcome) {
    if (result == 0)
        return show(options, outcome);
    int status = rh_cli_report(error);
    if (result != RH_ERR_INTERRUPTED)
        return status;
    fprintf(stderr, "To go on:\n    reheap run --resume %s\n", options->directory);
    return signal_number != 0 ? 128 + signal_number : status;
}

int rh_cli_play(const struct rh_plan *plan, const struct rh_cli_play_options *options) {
    struct rh_cli_progress progress;
    struct rh_experiment_options experiment = experiment_of(options, &progress);
    struct rh_error error = {0};
    struct rh_experiment_outcome outcome;
    int result = rh_experiment_run(plan, &experiment, &error, &outcome);
    rh_cli_progress_end(&progress);
    return conclude(options, result, &error, &outcome);
}

int rh_cli_resume(const char *directory, enum rh_cli_loudness loudness) {
    struct rh_cli_play_options options = {.directory = directory, .loudness = loudness};
    struct rh_cli_progress progress;
    struct rh_experiment_options experiment = experiment_of(&options, &progress);
    struct rh_error error = {0};
    struct rh_experiment_outcome outcome;
    int result = rh_experiment_resume(&experiment, &error, &outcome);
    rh_cli_progress_end(&progress);
    return conclude(&options, result, &error, &outcome);
}
