/* registry.c - from the name of an allocator to its operations. */
#include "allocator/registry.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "allocator/builtins.h"
#include "allocator/complete.h"
#include "allocator/locate.h"
#include "allocator/plugin.h"
#include "allocator/reason.h"

/* In the order in which lists show them. A static program has its own malloc and no other. */
static const struct rh_allocator_ops *const builtin_sources[] = {
    &rh_allocator_null,      &rh_allocator_bump,
#if !defined(RH_STATIC)
    &rh_allocator_glibc,     &rh_allocator_jemalloc, &rh_allocator_mimalloc,
    &rh_allocator_tbbmalloc, &rh_allocator_scudo,    &rh_allocator_tcmalloc,
#endif
    &rh_allocator_musl,      &rh_allocator_sbrk,     &rh_allocator_sbrk_zig,
};

enum { BUILTIN_COUNT = sizeof(builtin_sources) / sizeof(builtin_sources[0]) };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct rh_allocator_ops *builtins[BUILTIN_COUNT + 1];

static void complete_builtins(void) {
    for (size_t i = 0; i < BUILTIN_COUNT; i++) {
        builtins[i] = rh_complete(builtin_sources[i], NULL, 0);
        rh_require(builtins[i] != NULL);
    }
}

const struct rh_allocator_ops *const *rh_registry_builtins(void) {
    pthread_once(&once, complete_builtins);
    return builtins;
}

/* Wraps another allocator, so it is found by name but stands in no list. */
static const struct rh_allocator_ops *find_wrapper(const char *name) {
    return strcmp(name, rh_allocator_checked.name) == 0
               ? rh_complete(&rh_allocator_checked, NULL, 0)
               : NULL;
}

static const struct rh_allocator_ops *find_builtin(const char *name) {
    for (const struct rh_allocator_ops *const *ops = rh_registry_builtins(); *ops != NULL; ops++)
        if (strcmp((*ops)->name, name) == 0)
            return *ops;
    return find_wrapper(name);
}

/* The text behind "preload:" or "plugin:", or NULL. */
static const char *path_behind(const char *name, const char *prefix) {
    size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 ? name + length : NULL;
}

static void name_builtins(char *ret_names, size_t bytes) {
    size_t used = 0;
    ret_names[0] = '\0';
    for (const struct rh_allocator_ops *const *ops = rh_registry_builtins(); *ops != NULL; ops++) {
        size_t length = strlen((*ops)->name);
        if (used + length + 3 > bytes)
            return;
        memcpy(ret_names + used, (*ops)->name, length);
        memcpy(ret_names + used + length, ", ", 3);
        used += length + 2;
    }
}

static int refuse_name(const char *name, char *ret_reason, size_t reason_bytes) {
    char names[256];
    name_builtins(names, sizeof(names));
    return rh_reason(ret_reason, reason_bytes,
                     "no allocator \"%.100s\": there are %spreload:PATH and plugin:PATH", name,
                     names);
}

const struct rh_allocator_ops *rh_registry_find(const char *name, char *ret_reason,
                                                size_t reason_bytes) {
    rh_require(name != NULL);
    bool is_preload = path_behind(name, "preload:") != NULL;
    if (path_behind(name, "plugin:") != NULL)
        return rh_plugin_open(path_behind(name, "plugin:"), ret_reason, reason_bytes);
    const struct rh_allocator_ops *ops = find_builtin(is_preload ? "glibc" : name);
    if (ops == NULL)
        refuse_name(name, ret_reason, reason_bytes);
    return ops;
}

static int copy_path(const char *path, char *ret_path, size_t path_bytes, char *ret_reason,
                     size_t reason_bytes) {
    size_t length = strlen(path);
    if (length >= path_bytes)
        return rh_reason(ret_reason, reason_bytes, "the path \"%.100s...\" is too long", path);
    memcpy(ret_path, path, length + 1);
    return 0;
}

/* The first of the libraries that is installed. */
static int locate_any(const struct rh_allocator_ops *ops, char *ret_path, size_t path_bytes,
                      char *ret_reason, size_t reason_bytes) {
    char path[PATH_MAX];
    for (const char *const *library = ops->libraries; *library != NULL; library++)
        if (rh_locate_library(*library, path, sizeof(path)) == 0)
            return copy_path(path, ret_path, path_bytes, ret_reason, reason_bytes);
    return rh_reason(
        ret_reason, reason_bytes, "%s is not installed: %s is not found%s%s", ops->name,
        ops->libraries[0],
        rh_locate_package(ops->libraries[0]) != NULL ? "; Debian has it in package " : "",
        rh_locate_package(ops->libraries[0]) != NULL ? rh_locate_package(ops->libraries[0]) : "");
}

int rh_registry_locate(const char *name, char *ret_path, size_t path_bytes, char *ret_reason,
                       size_t reason_bytes) {
    const char *library = path_behind(name, "preload:");
    if (library != NULL) {
        char path[PATH_MAX];
        if (rh_locate_library(library, path, sizeof(path)) != 0)
            return rh_reason(ret_reason, reason_bytes,
                             "there is no library \"%.200s\": give its path, or the file name of "
                             "one in the linker's directories",
                             library);
        return copy_path(path, ret_path, path_bytes, ret_reason, reason_bytes);
    }
    const struct rh_allocator_ops *ops = rh_registry_find(name, ret_reason, reason_bytes);
    if (ops == NULL)
        return -1;
#if !defined(RH_MUSL_WORKER)
    if ((ops->flags & RH_ALLOCATOR_STATIC_WORKER) != 0)
        return rh_reason(ret_reason, reason_bytes,
                         "%s is not built in: it needs a worker that musl-gcc links; Debian has "
                         "that in package musl-tools",
                         ops->name);
#endif
    if (ops->libraries == NULL)
        return copy_path("", ret_path, path_bytes, ret_reason, reason_bytes);
    return locate_any(ops, ret_path, path_bytes, ret_reason, reason_bytes);
}
