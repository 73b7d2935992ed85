/* verify.c - proves who owns the functions that will be timed.
 *
 * A library that has no malloc of its own resolves to libc's, and would be measured as glibc under
 * another name; so each function's address is looked up in the map of the process. */
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "allocator/reason.h"
#include "allocator/registry.h"

#if defined(RH_STATIC)

/* Everything lies in the one program. */
static int owner_of(const void *address, char ret_object[PATH_MAX]) {
    (void)address;
    return realpath("/proc/self/exe", ret_object) != NULL ? 0 : -1;
}

static int libc_path(char ret_object[PATH_MAX]) {
    return owner_of(NULL, ret_object);
}

#else

static int owner_of(const void *address, char ret_object[PATH_MAX]) {
    Dl_info info;
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL)
        return -1;
    /* The main program is named as it was called. */
    if (realpath(info.dli_fname, ret_object) != NULL)
        return 0;
    return realpath("/proc/self/exe", ret_object) != NULL ? 0 : -1;
}

/* Where libc is, by a function that no malloc library takes over. */
static int libc_path(char ret_object[PATH_MAX]) {
    void *address = dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
    return address != NULL ? owner_of(address, ret_object) : -1;
}

#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

/* In a build with a sanitizer its run-time library owns malloc; what such a build measures is
 * never a result, and it must be able to run its tests. */
static bool stands_for_libc(const char *object) {
    const char *slash = strrchr(object, '/');
    const char *base = slash != NULL ? slash + 1 : object;
    return strncmp(base, "libasan", 7) == 0 || strncmp(base, "libtsan", 7) == 0;
}

#else

static bool stands_for_libc(const char *object) {
    (void)object;
    return false;
}

#endif

/* Whether the code of the allocator itself came from a plugin. */
static bool is_plugin(const char *code) {
    char program[PATH_MAX];
    return realpath("/proc/self/exe", program) != NULL && strcmp(code, program) != 0;
}

static int expected_object(const char *library, char ret_object[PATH_MAX], char *ret_reason,
                           size_t reason_bytes) {
    if (library[0] == '\0')
        return libc_path(ret_object) == 0
                   ? 0
                   : rh_reason(ret_reason, reason_bytes, "libc is not found in this process");
    if (realpath(library, ret_object) == NULL)
        return rh_reason(ret_reason, reason_bytes, "there is no library \"%.200s\"", library);
    return 0;
}

static int refuse_owner(const char *function, const char *owner, const char *expected,
                        char *ret_reason, size_t reason_bytes) {
    return rh_reason(ret_reason, reason_bytes,
                     "%s lies in %.300s and not in %.300s: that library is not preloaded or has no "
                     "%s of its own, and another allocator would be measured under its name",
                     function, owner, expected, function);
}

static int copy_object(const char *object, char *ret_object, size_t object_bytes, char *ret_reason,
                       size_t reason_bytes) {
    size_t length = strlen(object);
    if (length >= object_bytes)
        return rh_reason(ret_reason, reason_bytes, "the path \"%.100s...\" is too long", object);
    memcpy(ret_object, object, length + 1);
    return 0;
}

/* All of the functions lie in one object. `expected` is that object; "": the first function's,
 * which is written there. */
static int check_functions(const struct rh_allocator_ops *ops, bool libc_expected,
                           char expected[PATH_MAX], char *ret_reason, size_t reason_bytes) {
    char owner[PATH_MAX];
    size_t owned = 0;
    for (const struct rh_allocator_function *function = ops->functions(); function->name != NULL;
         function++) {
        if (function->address == NULL)
            continue;
        if (owner_of(function->address, owner) != 0)
            return rh_reason(ret_reason, reason_bytes, "%s lies in no shared object",
                             function->name);
        if (owned == 0 && (expected[0] == '\0' || (libc_expected && stands_for_libc(owner))))
            memcpy(expected, owner, sizeof(owner));
        if (strcmp(owner, expected) != 0)
            return refuse_owner(function->name, owner, expected, ret_reason, reason_bytes);
        owned++;
    }
    return owned > 0 ? 0
                     : rh_reason(ret_reason, reason_bytes, "%s has no functions in this process",
                                 ops->name);
}

int rh_registry_verify(const struct rh_allocator_ops *ops, const char *library, char *ret_object,
                       size_t object_bytes, char *ret_reason, size_t reason_bytes) {
    rh_require(library != NULL);
    char code[PATH_MAX], expected[PATH_MAX] = "";
    if (owner_of((const void *)(uintptr_t)ops->alloc, code) != 0)
        return rh_reason(ret_reason, reason_bytes, "the code of %s lies in no shared object",
                         ops->name);
    bool any_object = is_plugin(code) && library[0] == '\0';
    if (ops->functions == NULL)
        return copy_object(code, ret_object, object_bytes, ret_reason, reason_bytes);
    if (!any_object && expected_object(library, expected, ret_reason, reason_bytes) != 0)
        return -1;
    if (check_functions(ops, library[0] == '\0', expected, ret_reason, reason_bytes) != 0)
        return -1;
    return copy_object(any_object ? code : expected, ret_object, object_bytes, ret_reason,
                       reason_bytes);
}
