/* version.c - which version of a library a file is. */
#include "experiment/version.h"

#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

enum { DATABASE_BYTES_MOST = 64 << 20 };

/* NULL where the file cannot be read. */
static char *read_text(const char *path) {
    char *text = NULL;
    return rh_file_read(path, DATABASE_BYTES_MOST, NULL, &text, NULL) == 0 ? text : NULL;
}

/* Does the list of a package's files have this path as a line? */
static bool lists(const char *list, const char *path) {
    size_t length = strlen(path);
    for (const char *found = strstr(list, path); found != NULL; found = strstr(found + 1, path))
        if ((found == list || found[-1] == '\n') &&
            (found[length] == '\n' || found[length] == '\0'))
            return true;
    return false;
}

/* Debian 12 has merged /lib into /usr/lib, but packages may still list the old path. */
static bool owns(const char *list_file, const char *path) {
    char *list = read_text(list_file);
    if (list == NULL)
        return false;
    bool merged = strncmp(path, "/usr/lib", 8) == 0;
    bool found = lists(list, path) || (merged && lists(list, path + 4));
    rh_free(list);
    return found;
}

/* ".../libjemalloc2:amd64.list" -> "libjemalloc2"; false: too long. */
static bool package_of_list(const char *list_file, char *ret_name, size_t bytes) {
    const char *name = rh_path_base(list_file);
    size_t length = strcspn(name, ":");
    const char *suffix = strstr(name, ".list");
    if (suffix != NULL && (size_t)(suffix - name) < length)
        length = (size_t)(suffix - name);
    if (length >= bytes)
        return false;
    memcpy(ret_name, name, length);
    ret_name[length] = '\0';
    return true;
}

static bool find_package(const char *root, const char *path, char *ret_name, size_t bytes) {
    char pattern[PATH_MAX];
    snprintf(pattern, sizeof(pattern), "%s/var/lib/dpkg/info/lib*.list", root);
    glob_t lists_found = {0};
    bool found = false;
    if (glob(pattern, 0, NULL, &lists_found) == 0)
        for (size_t i = 0; i < lists_found.gl_pathc && !found; i++)
            found = owns(lists_found.gl_pathv[i], path) &&
                    package_of_list(lists_found.gl_pathv[i], ret_name, bytes);
    globfree(&lists_found);
    return found;
}

/* The line of the package's paragraph in the status file that starts with "Version: ". */
static const char *find_version(const char *status, const char *package, size_t *ret_length) {
    char start[256];
    snprintf(start, sizeof(start), "Package: %s\n", package);
    const char *paragraph = strstr(status, start);
    while (paragraph != NULL && paragraph != status && paragraph[-1] != '\n')
        paragraph = strstr(paragraph + 1, start);
    if (paragraph == NULL)
        return NULL;
    const char *end = strstr(paragraph, "\n\n");
    const char *version = strstr(paragraph, "\nVersion: ");
    if (version == NULL || (end != NULL && version > end))
        return NULL;
    version += strlen("\nVersion: ");
    *ret_length = strcspn(version, "\n");
    return version;
}

/* "1:14.0.6-12" -> "14.0.6", "2.0.9+ds-2" -> "2.0.9": epoch, revision and repacking are Debian's
 * (deb-version(7)). */
static char *upstream_part(const char *version, size_t length) {
    const char *colon = memchr(version, ':', length);
    if (colon != NULL) {
        length -= (size_t)(colon + 1 - version);
        version = colon + 1;
    }
    const char *dash = memrchr(version, '-', length);
    if (dash != NULL)
        length = (size_t)(dash - version);
    const char *plus = memchr(version, '+', length);
    if (plus != NULL)
        length = (size_t)(plus - version);
    char *part = rh_alloc(length + 1);
    if (part != NULL) {
        memcpy(part, version, length);
        part[length] = '\0';
    }
    return part;
}

static int no_memory(struct rh_error *error) {
    return rh_fail(error, RH_ERR_MEMORY, "no memory for the version of a library");
}

static int ask_debian(const char *root, const char *path, struct rh_error *error,
                      char **ret_version) {
    char package[128];
    char status_file[PATH_MAX];
    snprintf(status_file, sizeof(status_file), "%s/var/lib/dpkg/status", root);
    char *status =
        find_package(root, path, package, sizeof(package)) ? read_text(status_file) : NULL;
    size_t length = 0;
    const char *version = status != NULL ? find_version(status, package, &length) : NULL;
    char *part = version != NULL ? upstream_part(version, length) : NULL;
    rh_free(status);
    if (version != NULL && part == NULL)
        return no_memory(error);
    *ret_version = part;
    return 0;
}

int rh_version_of_file(const char *root, const char *path, struct rh_error *error,
                       char **ret_version) {
    char *version = NULL;
    rh_try(ask_debian(root, path, error, &version));
    const char *suffix = strstr(rh_path_base(path), ".so.");
    if (version == NULL && suffix != NULL && suffix[4] != '\0') {
        version = rh_strdup(suffix + 4);
        if (version == NULL)
            return no_memory(error);
    }
    *ret_version = version;
    return 0;
}
