/* record.c - the course of a recording: check, launch, wait, write the traces. */
#include "record/record.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "record/cost.h"
#include "record/finalise.h"
#include "record/launch.h"
#include "record/library.h"
#include "record/recordable.h"
#include "record/spool.h"
#include "record/spooldir.h"
#include "record/traces.h"
#include "record/wait.h"

/* Knows what recording cost where the library (NULL: unknown) can be asked. */
static int write_traces(struct rh_traces_request *request, const char *library,
                        struct rh_error *error, struct rh_record_outcome *outcome) {
    struct rh_spool_list list = {0};
    rh_try(rh_spooldir_list(request->directory, error, &list));
    request->cost_ns = library != NULL ? rh_cost_measure(library, request->directory) : 0;
    outcome->cost_ns = request->cost_ns;
    int result = rh_traces_write(request, &list, error, outcome);
    rh_spool_list_finish(&list);
    return result;
}

/* The command has been checked. */
static int record_into(const char *directory, const struct rh_record_options *options,
                       const char *library, const char *program, char *const *command,
                       struct rh_error *error, struct rh_record_outcome *outcome) {
    struct rh_launch launch = {
        .library = library, .directory = directory, .no_children = options->no_children};
    struct rh_launch_result launched = {0};
    rh_try(rh_launch(&launch, program, command, error, &launched));
    outcome->wait_status = launched.wait_status;
    rh_try(rh_wait_for_descendants(options, directory, error));
    struct rh_traces_request request = {
        .directory = directory,
        .output = options->output,
        .main_pid = (uint64_t)launched.pid,
        .main_peak_rss_bytes = launched.peak_rss_bytes,
        .times = options->times,
    };
    return write_traces(&request, library, error, outcome);
}

static int hand_over(int result, struct rh_record_outcome *outcome,
                     struct rh_record_outcome *ret_outcome) {
    if (result < 0)
        rh_record_outcome_finish(outcome);
    else
        *ret_outcome = *outcome;
    return result;
}

static bool has_slash_at_end(const char *path) {
    return path[0] != '\0' && path[strlen(path) - 1] == '/';
}

/* What has a slash at its end is a folder, and made if need be. */
static int make_folder(const struct rh_record_options *options, struct rh_error *error) {
    bool is_folder = options->output != NULL && has_slash_at_end(options->output);
    return is_folder ? rh_make_directories(options->output, error) : 0;
}

/* A folder that is there is meant as one, with a slash at its end or without. */
static int complete_output(const struct rh_record_options *options, struct rh_error *error,
                           char ret_path[PATH_MAX], struct rh_record_options *ret_options) {
    struct stat status;
    *ret_options = *options;
    if (options->output == NULL || has_slash_at_end(options->output))
        return 0;
    if (stat(options->output, &status) != 0 || !S_ISDIR(status.st_mode))
        return rh_trace_writer_target(options->output, error, ret_path);
    int length = snprintf(ret_path, PATH_MAX, "%s/", options->output);
    if (length < 0 || length >= PATH_MAX)
        return rh_fail(error, RH_ERR_LIMIT, "the path %s is too long", options->output);
    ret_options->output = ret_path;
    return 0;
}

static int record_completed(const struct rh_record_options *options, char *const *command,
                            struct rh_error *error, struct rh_record_outcome *ret_outcome) {
    char library[PATH_MAX];
    char program[PATH_MAX];
    char *directory = NULL;
    struct rh_record_outcome outcome = {0};
    rh_try(rh_library_find(options->library, error, library));
    rh_try(rh_recordable_find(command[0], error, program));
    rh_try(rh_recordable_check(program, error));
    rh_try(make_folder(options, error));
    rh_try(rh_spooldir_create(options->output != NULL ? options->output : "", error, &directory));
    int result = record_into(directory, options, library, program, command, error, &outcome);
    /* What could not become a trace stays, and the error says where. */
    if (!rh_spooldir_remove(directory, false) && result < 0)
        rh_error_prefix(error, "the spool is kept in %s (reheap record --finish %s)", directory,
                        directory);
    rh_free(directory);
    return hand_over(result, &outcome, ret_outcome);
}

int rh_record(const struct rh_record_options *options, char *const *command, struct rh_error *error,
              struct rh_record_outcome *ret_outcome) {
    char output[PATH_MAX];
    struct rh_record_options completed;
    rh_assert(command[0] != NULL);
    rh_try(complete_output(options, error, output, &completed));
    return record_completed(&completed, command, error, ret_outcome);
}

/* ---- services, which are started elsewhere ---- */

int rh_record_environment(const struct rh_record_options *options, const char *directory,
                          struct rh_error *error, struct rh_text *ret_lines) {
    char library[PATH_MAX];
    char absolute[PATH_MAX];
    rh_try(rh_library_find(options->library, error, library));
    rh_try(rh_make_directories(directory, error));
    if (realpath(directory, absolute) == NULL)
        return rh_fail_errno(error, "cannot find the spool directory %s", directory);
    rh_try(rh_spooldir_check_path(absolute, error));
    rh_try(rh_spooldir_open_up(absolute, error));
    rh_text_addf(ret_lines, "LD_PRELOAD=%s\n", library);
    rh_text_addf(ret_lines, "%s=%s\n", RH_SPOOL_ENV, absolute);
    rh_text_addf(ret_lines, "%s=%s\n", RH_SPOOL_ENV_CLOCK,
                 rh_tsc_is_reliable() ? "tsc" : "monotonic");
    return ret_lines->failed != 0 ? rh_fail(error, RH_ERR_MEMORY, "no memory for an environment")
                                  : 0;
}

int rh_record_finish(const struct rh_record_options *options, const char *directory,
                     struct rh_error *error, struct rh_record_outcome *ret_outcome) {
    char output[PATH_MAX];
    char library[PATH_MAX];
    struct rh_record_options completed;
    struct rh_record_outcome outcome = {0};
    rh_try(complete_output(options, error, output, &completed));
    rh_try(make_folder(&completed, error));
    struct rh_traces_request request = {.directory = directory,
                                        .output = completed.output,
                                        .times = options->times,
                                        .leave_running = true};
    bool found = rh_library_find(options->library, NULL, library) == 0;
    int result = write_traces(&request, found ? library : NULL, error, &outcome);
    rh_spooldir_remove(directory, true);
    return hand_over(result, &outcome, ret_outcome);
}

/* ---- outcomes ---- */

void rh_record_outcome_finish(struct rh_record_outcome *outcome) {
    for (size_t i = 0; i < outcome->count; i++)
        rh_record_trace_finish(&outcome->traces[i]);
    rh_free(outcome->traces);
    *outcome = (struct rh_record_outcome){0};
}

int rh_record_exit_status(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
