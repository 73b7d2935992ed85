/* groups.c - reading /proc/self/cgroup, and the files of groups. */
#include "base/groups.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

/* Whether "cpu,cpuacct" names the controller; version 2 names none. */
static bool names_controller(const char *names, const char *controller) {
    if (controller[0] == '\0')
        return names[0] == '\0';
    const char *name = strstr(names, controller);
    return name != NULL && (name == names || name[-1] == ',') &&
           strchr(",", name[strlen(controller)]) != NULL;
}

/* The path of this process in the hierarchy whose line holds `controller`. */
static bool find_group(const char *root, const char *controller, char *ret_path, size_t bytes) {
    char file[PATH_MAX], text[8192];
    snprintf(file, sizeof(file), "%s/proc/self/cgroup", root);
    if (rh_file_read_start(file, NULL, text, sizeof(text)) < 0)
        return false;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *names = strchr(line, ':');
        char *path = names != NULL ? strchr(names + 1, ':') : NULL;
        if (path == NULL)
            continue;
        *path++ = '\0';
        if (names_controller(names + 1, controller)) {
            snprintf(ret_path, bytes, "%s", path);
            return true;
        }
    }
    return false;
}

void rh_groups_visit(const char *root, const char *mount, const char *controller, const char *file,
                     void (*look)(const char *text, void *context), void *context) {
    char group[1024];
    if (!find_group(root, controller, group, sizeof(group)))
        return;
    for (;;) {
        char path[PATH_MAX];
        char text[128];
        snprintf(path, sizeof(path), "%s%s%s/%s", root, mount, strcmp(group, "/") == 0 ? "" : group,
                 file);
        if (rh_file_read_start(path, NULL, text, sizeof(text)) == 0)
            look(text, context);
        char *slash = strrchr(group, '/');
        if (slash == NULL || group[0] == '\0' || strcmp(group, "/") == 0)
            return;
        *(slash == group ? slash + 1 : slash) = '\0';
    }
}

static void look_at_bytes(const char *text, void *context) {
    uint64_t *bytes = context;
    uint64_t value = 0;
    if (rh_parse_u64(text, &value) == 0 && value < *bytes)
        *bytes = value;
}

/* Version 1 writes "no limit" as a huge number. */
uint64_t rh_groups_memory_limit(const char *root) {
    uint64_t bytes = UINT64_MAX;
    rh_groups_visit(root, "/sys/fs/cgroup", "", "memory.max", look_at_bytes, &bytes);
    rh_groups_visit(root, "/sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes", look_at_bytes,
                    &bytes);
    return bytes;
}

uint64_t rh_memory_available(const char *root) {
    char path[PATH_MAX], text[4096];
    uint64_t limit = rh_groups_memory_limit(root);
    unsigned long long kib = 0;
    snprintf(path, sizeof(path), "%s/proc/meminfo", root);
    const char *line = rh_file_read_start(path, NULL, text, sizeof(text)) == 0
                           ? strstr(text, "\nMemAvailable:")
                           : NULL;
    if (line == NULL || sscanf(line, "\nMemAvailable: %llu", &kib) != 1)
        return limit;
    return kib * 1024 < limit ? kib * 1024 : limit;
}
