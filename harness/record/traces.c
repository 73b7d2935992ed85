/* traces.c - names, order and fate of the traces of a recording. */
#include "record/traces.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "record/finalise.h"
#include "record/image.h"
#include "record/merge.h"

static bool is_taken(const struct rh_record_outcome *outcome, const char *path) {
    for (size_t i = 0; i < outcome->count; i++)
        if (strcmp(outcome->traces[i].path, path) == 0)
            return true;
    return false;
}

/* PROGRAM.rht, PROGRAM.PID.rht, and if that is taken PROGRAM.PID-2.rht and so on. */
static int name_trace(const struct rh_traces_request *request,
                      const struct rh_record_outcome *outcome, const char *program, uint64_t pid,
                      bool is_main, struct rh_error *error, char ret_path[PATH_MAX]) {
    int length = 0;
    const char *slash = request->output != NULL ? strrchr(request->output, '/') : NULL;
    int folder_length = slash != NULL ? (int)(slash + 1 - request->output) : 0;
    const char *folder = request->output != NULL ? request->output : "";
    bool names_file = request->output != NULL && (slash == NULL || slash[1] != '\0');
    if (is_main && names_file)
        length = snprintf(ret_path, PATH_MAX, "%s", request->output);
    else if (is_main)
        length = snprintf(ret_path, PATH_MAX, "%.*s%s.rht", folder_length, folder, program);
    else
        length = snprintf(ret_path, PATH_MAX, "%.*s%s.%" PRIu64 ".rht", folder_length, folder,
                          program, pid);
    for (unsigned number = 2; !is_main && length > 0 && length < PATH_MAX; number++) {
        if (!is_taken(outcome, ret_path))
            return 0;
        length = snprintf(ret_path, PATH_MAX, "%.*s%s.%" PRIu64 "-%u.rht", folder_length, folder,
                          program, pid, number);
    }
    return length > 0 && length < PATH_MAX
               ? 0
               : rh_fail(error, RH_ERR_LIMIT, "the name of a trace of %s is too long", program);
}

/* The forks of the image `parent`; the caller frees them. The list is by start, and children of one
 * parent start in the order of their forks, or nearly: sorts them. */
static int find_forks(const struct rh_spool_list *list, const struct rh_spool_entry *parent,
                      struct rh_error *error, struct rh_merge_moment **ret_forks,
                      size_t *ret_count) {
    struct rh_merge_moment *forks = rh_alloc_zeroed(list->count, sizeof(*forks));
    if (forks == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu processes", list->count);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct rh_spool_entry *child = &list->entries[i];
        if (child->parent_nonce != parent->nonce)
            continue;
        size_t place = count++;
        for (; place > 0 && forks[place - 1].stamp > child->fork_stamp; place--)
            forks[place] = forks[place - 1];
        forks[place] = (struct rh_merge_moment){.stamp = child->fork_stamp, .subject = child->stem};
    }
    *ret_forks = forks;
    *ret_count = count;
    return 0;
}

/* It still runs; its children that have ended become traces. */
static int leave_entry(const struct rh_spool_list *list, const struct rh_spool_entry *entry,
                       struct rh_error *error) {
    struct rh_merge_moment *forks = NULL;
    struct rh_finalise_options options = {0};
    rh_try(find_forks(list, entry, error, &forks, &options.forks_count));
    options.forks = forks;
    int result = rh_finalise_forks(entry->stem, &options, error);
    rh_free(forks);
    return result;
}

static int finalise_entry(const struct rh_traces_request *request, const struct rh_spool_list *list,
                          const struct rh_spool_entry *entry, bool is_main,
                          struct rh_record_outcome *outcome, struct rh_error *error) {
    struct rh_spool_header header;
    char path[PATH_MAX];
    rh_try(rh_image_read_header(entry->stem, error, &header));
    rh_try(
        name_trace(request, outcome, rh_image_program(&header), entry->pid, is_main, error, path));
    struct rh_merge_moment *forks = NULL;
    struct rh_finalise_options options = {
        .peak_rss_bytes = is_main ? request->main_peak_rss_bytes : 0,
        .cost_ns = request->cost_ns,
        .times = request->times,
    };
    struct rh_record_trace trace = {0};
    rh_try(find_forks(list, entry, error, &forks, &options.forks_count));
    options.forks = forks;
    int result = rh_finalise(entry->stem, path, &options, error, &trace);
    rh_free(forks);
    if (result == 0)
        outcome->traces[outcome->count++] = trace;
    if (result == RH_ERR_MISSING && atomic_load(&header.state) == RH_SPOOL_STOPPED)
        outcome->unbegun_count++;
    return result;
}

static int add_trace(const struct rh_traces_request *request, const struct rh_spool_list *list,
                     const struct rh_spool_entry *entry, bool is_main,
                     struct rh_record_outcome *outcome, struct rh_error *error) {
    struct rh_error own = {0};
    bool is_left = !is_main && entry->is_running && request->leave_running;
    int result = is_left ? leave_entry(list, entry, &own)
                         : finalise_entry(request, list, entry, is_main, outcome, &own);
    outcome->running_count += is_left;
    if (result == 0 || result == RH_ERR_MISSING) {
        if (!is_left)
            rh_spooldir_remove_image(entry->stem);
        return 0;
    }
    rh_error_prefix(&own, "the recording of process %" PRIu64 ", spool %s", entry->pid,
                    entry->stem);
    return rh_fail(error, result, "%s", own.message);
}

/* The last program that the command's own process executed, or `count` when it left nothing. */
static size_t find_main(const struct rh_spool_list *list, uint64_t pid) {
    size_t main = list->count;
    for (size_t i = 0; i < list->count; i++)
        if (pid != 0 && list->entries[i].pid == pid)
            main = i;
    return main;
}

/* A failure does not keep the other images from becoming traces. A parent comes before the children
 * that it forked. */
static int add_traces(const struct rh_traces_request *request, const struct rh_spool_list *list,
                      struct rh_error *error, struct rh_record_outcome *outcome) {
    size_t main = find_main(list, request->main_pid);
    int result = 0;
    if (main < list->count)
        result = add_trace(request, list, &list->entries[main], true, outcome, error);
    for (size_t i = 0; i < list->count; i++) {
        if (i == main)
            continue;
        int own = add_trace(request, list, &list->entries[i], false, outcome, error);
        if (result == 0)
            result = own;
    }
    return result;
}

int rh_traces_write(const struct rh_traces_request *request, const struct rh_spool_list *list,
                    struct rh_error *error, struct rh_record_outcome *outcome) {
    outcome->traces = rh_alloc_zeroed(list->count + 1, sizeof(*outcome->traces));
    if (outcome->traces == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu traces", list->count);
    outcome->unbegun_count = list->headless_count;
    rh_try(add_traces(request, list, error, outcome));
    if (list->refusal.code < 0)
        return rh_fail(error, list->refusal.code, "%s", list->refusal.message);
    if (outcome->count > 0 || outcome->running_count > 0)
        return 0;
    if (list->count + list->headless_count == 0 && request->leave_running)
        return rh_fail(error, RH_ERR_MISSING,
                       "no process has left a spool in %s: was it started with the environment "
                       "that --print-env prints?",
                       request->directory);
    if (outcome->unbegun_count > 0)
        return rh_fail(error, RH_ERR_MISSING,
                       "nothing was recorded: the spool could not be begun: is %s full, or the "
                       "size of files limited?",
                       request->directory);
    return rh_fail(error, RH_ERR_MISSING,
                   "nothing was recorded: there were no allocation calls that a preload "
                   "library can see (does the program bring its own malloc?)");
}
