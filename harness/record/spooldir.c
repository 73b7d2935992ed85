/* spooldir.c - which images are there, and do their processes still run. */
#include "record/spooldir.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "record/born.h"
#include "record/image.h"

enum { STAT_BYTES_MOST = 65536, ENVIRONMENT_BYTES_MOST = 8 << 20 };

int rh_spooldir_open_up(const char *path, struct rh_error *error) {
    if (geteuid() == 0 && chmod(path, 01777) != 0)
        return rh_fail_errno(error, "cannot open up the spool directory %s", path);
    return 0;
}

int rh_spooldir_check_path(const char *path, struct rh_error *error) {
    enum { BYTES_MOST = RH_SPOOL_PATH_BYTES - 1 };
    if (strlen(path) > BYTES_MOST)
        return rh_fail(error, RH_ERR_LIMIT,
                       "the path of the spool directory is longer than %d bytes: %s", BYTES_MOST,
                       path);
    return 0;
}

int rh_spooldir_create(const char *output, struct rh_error *error, char **ret_path) {
    char folder[PATH_MAX];
    char absolute[PATH_MAX];
    char path[PATH_MAX + 32];
    const char *slash = strrchr(output, '/');
    int length = slash == NULL ? snprintf(folder, sizeof(folder), ".")
                 : slash == output
                     ? snprintf(folder, sizeof(folder), "/")
                     : snprintf(folder, sizeof(folder), "%.*s", (int)(slash - output), output);
    if (length < 0 || (size_t)length >= sizeof(folder))
        return rh_fail(error, RH_ERR_LIMIT, "the path %s is too long", output);
    if (realpath(folder, absolute) == NULL)
        return rh_fail_errno(error, "cannot record into the directory %s", folder);
    snprintf(path, sizeof(path), "%s/reheap-spool-XXXXXX", absolute);
    rh_try(rh_spooldir_check_path(path, error));
    if (mkdtemp(path) == NULL) {
        int result = rh_fail_errno(error, "cannot make a spool directory in %s", absolute);
        rh_error_suffix(error, ": it would lie beside the trace, which -o may put elsewhere");
        return result;
    }
    rh_try(rh_spooldir_open_up(path, error));
    *ret_path = rh_strdup(path);
    return *ret_path != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
}

/* Field 22 of /proc/PID/stat says when a process started, field 3 whether it is only waited for. */
static bool is_running(uint64_t pid, uint64_t process_start) {
    char path[64];
    char *text = NULL;
    struct rh_error ignored = {0};
    snprintf(path, sizeof(path), "/proc/%" PRIu64 "/stat", pid);
    if (rh_file_read(path, STAT_BYTES_MOST, &ignored, &text, NULL) < 0)
        return false;
    const char *next = strrchr(text, ')');
    bool is_dead = next == NULL || next[1] == '\0' || strchr("ZXx", next[2]) != NULL;
    for (int field = 2; next != NULL && field < 22; field++)
        next = strchr(next + 1, ' ');
    bool same = next != NULL && strtoull(next + 1, NULL, 10) == process_start;
    rh_free(text);
    return same && !is_dead;
}

/* An image whose process has executed another program is over, though the process runs on: a later
 * image of the same process id says so. */
static void mark_replaced(struct rh_spool_list *list) {
    for (size_t i = 0; i < list->count; i++)
        for (size_t later = i + 1; later < list->count; later++)
            if (list->entries[later].pid == list->entries[i].pid)
                list->entries[i].is_running = false;
}

static int compare_entries(const void *left, const void *right) {
    const struct rh_spool_entry *a = left;
    const struct rh_spool_entry *b = right;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    return strcmp(a->stem, b->stem);
}

static int add_image(struct rh_spool_list *list, const char *stem, struct rh_error *error) {
    struct rh_spool_header header;
    struct rh_error own = {0};
    int result = rh_image_read_header(stem, &own, &header);
    if (result == RH_ERR_MISSING) {
        list->headless_count++;
        return 0;
    }
    if (result < 0) {
        if (list->refusal.code == 0)
            list->refusal = own;
        return 0;
    }
    rh_try(rh_grow((void **)&list->entries, &list->capacity, list->count + 1,
                   sizeof(*list->entries), error));
    char *copy = rh_strdup(stem);
    if (copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
    list->entries[list->count++] = (struct rh_spool_entry){
        .stem = copy,
        .pid = header.pid,
        .start_ns = header.start_ns,
        .nonce = header.nonce,
        .parent_nonce = header.parent_nonce,
        .fork_stamp = header.fork_stamp,
        .is_running = is_running(header.pid, header.process_start),
    };
    return 0;
}

/* PID-N.live; false: it is none of the recorder's. */
static bool parse_name(const char *name, uint64_t *ret_pid) {
    unsigned image = 0;
    int end = 0;
    return sscanf(name, "%" SCNu64 "-%u.live%n", ret_pid, &image, &end) == 2 && end > 0 &&
           name[end] == '\0';
}

static int add_file(struct rh_spool_list *list, const char *directory, const char *name,
                    struct rh_error *error) {
    uint64_t pid = 0;
    if (!parse_name(name, &pid))
        return 0;
    char stem[PATH_MAX];
    int length = snprintf(stem, sizeof(stem), "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof(stem))
        return rh_fail(error, RH_ERR_LIMIT, "the path %s/%s is too long", directory, name);
    stem[length - 5] = '\0';
    return add_image(list, stem, error);
}

int rh_spooldir_list(const char *path, struct rh_error *error, struct rh_spool_list *ret_list) {
    struct rh_spool_list list = {0};
    DIR *directory = opendir(path);
    if (directory == NULL)
        return rh_fail_errno(error, "cannot open the spool directory %s", path);
    int result = 0;
    const struct dirent *entry;
    while (result == 0 && (entry = readdir(directory)) != NULL)
        result = add_file(&list, path, entry->d_name, error);
    closedir(directory);
    if (result < 0) {
        rh_spool_list_finish(&list);
        return result;
    }
    if (list.count > 0)
        qsort(list.entries, list.count, sizeof(*list.entries), compare_entries);
    mark_replaced(&list);
    *ret_list = list;
    return 0;
}

void rh_spool_list_finish(struct rh_spool_list *list) {
    for (size_t i = 0; i < list->count; i++)
        rh_free(list->entries[i].stem);
    rh_free(list->entries);
    *list = (struct rh_spool_list){0};
}

/* ---- processes without a spool ---- */

/* A process says in its environment under which spool it was started. */
static bool has_in_environment(const char *pid, const char *word) {
    char path[300];
    char *text = NULL;
    size_t bytes = 0;
    struct rh_error ignored = {0};
    snprintf(path, sizeof(path), "/proc/%s/environ", pid);
    if (rh_file_read(path, ENVIRONMENT_BYTES_MOST, &ignored, &text, &bytes) < 0)
        return false;
    size_t length = strlen(word) + 1; /* with the NUL between two of them */
    const char *found = bytes >= length ? memmem(text, bytes, word, length) : NULL;
    bool has = found != NULL && (found == text || found[-1] == '\0');
    rh_free(text);
    return has;
}

static bool is_listed(const struct rh_spool_list *list, uint64_t pid) {
    for (size_t i = 0; i < list->count; i++)
        if (list->entries[i].pid == pid)
            return true;
    return false;
}

bool rh_spooldir_has_strangers(const char *path, const struct rh_spool_list *list) {
    char word[PATH_MAX + 32];
    bool found = false;
    DIR *directory = opendir("/proc");
    if (directory == NULL)
        return false;
    snprintf(word, sizeof(word), "%s=%s", RH_SPOOL_ENV, path);
    const struct dirent *entry;
    while (!found && (entry = readdir(directory)) != NULL) {
        uint64_t pid = 0;
        found = rh_parse_u64(entry->d_name, &pid) == 0 && !is_listed(list, pid) &&
                has_in_environment(entry->d_name, word);
    }
    closedir(directory);
    return found;
}

/* ---- removing ---- */

static void remove_with_suffix(const char *stem, const char *suffix) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s%s", stem, suffix);
    rh_assert(length > 0 && (size_t)length < sizeof(path));
    unlink(path);
}

void rh_spooldir_remove_image(const char *stem) {
    remove_with_suffix(stem, ".live");
    remove_with_suffix(stem, ".full");
    remove_with_suffix(stem, RH_BORN_SUFFIX);
}

/* Files whose process ended before it could say who it is hold no events. One that runs may be
 * about to say it. */
static void remove_headless(const char *path, bool leave_running) {
    DIR *directory = opendir(path);
    if (directory == NULL)
        return;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        char stem[PATH_MAX];
        uint64_t pid = 0;
        struct rh_spool_header header;
        struct rh_error ignored = {0};
        int length = snprintf(stem, sizeof(stem), "%s/%s", path, entry->d_name);
        if (!parse_name(entry->d_name, &pid) || length < 0 || (size_t)length >= sizeof(stem))
            continue;
        if (leave_running && (kill((pid_t)pid, 0) == 0 || errno != ESRCH))
            continue;
        stem[length - 5] = '\0';
        if (rh_image_read_header(stem, &ignored, &header) == RH_ERR_MISSING)
            rh_spooldir_remove_image(stem);
    }
    closedir(directory);
}

bool rh_spooldir_remove(const char *path, bool leave_running) {
    remove_headless(path, leave_running);
    return rmdir(path) == 0 || errno == ENOENT;
}
