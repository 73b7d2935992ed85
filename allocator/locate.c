/* locate.c - looks for a library where the dynamic linker would. */
#include "allocator/locate.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The directories of Debian's /etc/ld.so.conf.d and the linker's own, in their order. */
static const char *const directories[] = {
    "/usr/local/lib",
    "/usr/local/lib/x86_64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    NULL,
};

static const struct {
    const char *library, *package;
} packages[] = {
    {"libjemalloc.so.2", "libjemalloc2"},
    {"libmimalloc.so.2", "libmimalloc2.0"},
    {"libtcmalloc_minimal.so.4", "libtcmalloc-minimal4"},
    {"libtbbmalloc.so.2", "libtbbmalloc2"},
    {"/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.scudo_standalone-x86_64.so",
     "libclang-rt-14-dev"},
};

const char *rh_locate_package(const char *library) {
    for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++)
        if (strcmp(packages[i].library, library) == 0)
            return packages[i].package;
    return NULL;
}

/* The real path of a regular file. */
static int take_file(const char *path, char *ret_path, size_t path_bytes) {
    char real[PATH_MAX];
    struct stat status;
    if (realpath(path, real) == NULL || stat(real, &status) != 0 || !S_ISREG(status.st_mode))
        return -1;
    size_t length = strlen(real);
    if (length >= path_bytes)
        return -1;
    memcpy(ret_path, real, length + 1);
    return 0;
}

static int take_in_directory(const char *directory, size_t directory_length, const char *library,
                             char *ret_path, size_t path_bytes) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%.*s/%s", (int)directory_length, directory, library);
    if (length < 0 || (size_t)length >= sizeof(path))
        return -1;
    return take_file(path, ret_path, path_bytes);
}

/* Parts are divided by ":" or ";"; an empty one is the working directory (ld.so(8)). */
static int take_in_search_path(const char *search_path, const char *library, char *ret_path,
                               size_t path_bytes) {
    for (const char *part = search_path;; part++) {
        size_t length = strcspn(part, ":;");
        const char *directory = length > 0 ? part : ".";
        if (take_in_directory(directory, length > 0 ? length : 1, library, ret_path, path_bytes) ==
            0)
            return 0;
        part += length;
        if (*part == '\0')
            return -1;
    }
}

static int take_last_match(const char *pattern, char *ret_path, size_t path_bytes) {
    glob_t matches;
    if (glob(pattern, 0, NULL, &matches) != 0)
        return -1;
    int result = take_file(matches.gl_pathv[matches.gl_pathc - 1], ret_path, path_bytes);
    globfree(&matches);
    return result;
}

int rh_locate_library(const char *library, char *ret_path, size_t path_bytes) {
    if (library[0] == '\0')
        return -1;
    if (strchr(library, '/') != NULL) {
        if (take_file(library, ret_path, path_bytes) == 0)
            return 0;
        return strpbrk(library, "*?[") != NULL ? take_last_match(library, ret_path, path_bytes)
                                               : -1;
    }
    const char *search_path = getenv("LD_LIBRARY_PATH");
    if (search_path != NULL && search_path[0] != '\0' &&
        take_in_search_path(search_path, library, ret_path, path_bytes) == 0)
        return 0;
    for (const char *const *directory = directories; *directory != NULL; directory++)
        if (take_in_directory(*directory, strlen(*directory), library, ret_path, path_bytes) == 0)
            return 0;
    return -1;
}
