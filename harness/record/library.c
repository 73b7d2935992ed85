/* library.c - finds the preload library. */
#include "record/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static const char library_name[] = "libreheap-record.so";

static int find(const char *wanted, struct rh_error *error, char ret_path[PATH_MAX]) {
    char self[PATH_MAX];
    char candidate[3 * PATH_MAX];
    if (wanted != NULL) {
        if (realpath(wanted, ret_path) == NULL)
            return rh_fail_errno(error, "cannot find the preload library %s", wanted);
        return 0;
    }
    rh_try(rh_path_of_self(self, sizeof(self), error));
    /* Beside the program; where the build leaves it, seen from cli and from tests; installed, seen
     * from bin. */
    static const char *const places[] = {
        "", "../record/preload/", "../../../harness/record/preload/", RH_LIBDIR_FROM_BIN "/", NULL};
    for (const char *const *place = places; *place != NULL; place++) {
        snprintf(candidate, sizeof(candidate), "%s/%s%s", self, *place, library_name);
        if (realpath(candidate, ret_path) != NULL)
            return 0;
    }
    snprintf(candidate, sizeof(candidate), "%s/%s", RH_LIBDIR, library_name);
    if (realpath(candidate, ret_path) != NULL)
        return 0;
    return rh_fail(error, RH_ERR_MISSING,
                   "%s is neither beside the program (%s) nor in %s: install it", library_name,
                   self, RH_LIBDIR);
}

/* The dynamic linker splits LD_PRELOAD at these. */
static int check_path(const char *path, struct rh_error *error) {
    if (strpbrk(path, ": ") != NULL)
        return rh_fail(error, RH_ERR_INVALID,
                       "the path of the preload library, \"%s\", holds a space or a colon: "
                       "LD_PRELOAD cannot name it; install it elsewhere",
                       path);
    return 0;
}

int rh_library_find(const char *wanted, struct rh_error *error, char ret_path[PATH_MAX]) {
    char path[PATH_MAX];
    rh_try(find(wanted, error, path));
    rh_try(check_path(path, error));
    memcpy(ret_path, path, strlen(path) + 1);
    return 0;
}
