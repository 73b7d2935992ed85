/* plugin.c - opens a plugin, and looks at what it exports before it believes it. */
#include "allocator/plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>

#include "allocator/complete.h"
#include "allocator/locate.h"
#include "allocator/reason.h"

#if defined(RH_STATIC)

const struct rh_allocator_ops *rh_plugin_open(const char *path, char *ret_reason,
                                              size_t reason_bytes) {
    rh_reason(ret_reason, reason_bytes, "%s: a static program opens no plugins", path);
    return NULL;
}

#else

/* A path as one would type it, from the working directory; dlopen looks elsewhere for a name
 * without a slash. */
static int find_file(const char *path, char real[PATH_MAX], char *ret_reason, size_t reason_bytes) {
    char here[PATH_MAX];
    int length = snprintf(here, sizeof(here), "./%s", path);
    if (length > 0 && (size_t)length < sizeof(here) &&
        rh_locate_library(path[0] == '/' ? path : here, real, PATH_MAX) == 0)
        return 0;
    return rh_reason(ret_reason, reason_bytes, "there is no plugin \"%.200s\"", path);
}

/* The exported object, if it is as large as ours: a shorter one ends before the members that would
 * be read. */
static const struct rh_allocator_ops *find_descriptor(void *handle, const char *path,
                                                      char *ret_reason, size_t reason_bytes) {
    const struct rh_allocator_ops *ops = dlsym(handle, RH_ALLOCATOR_PLUGIN_SYMBOL);
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    if (ops == NULL) {
        rh_reason(ret_reason, reason_bytes, "%s exports no \"" RH_ALLOCATOR_PLUGIN_SYMBOL "\"",
                  path);
        return NULL;
    }
    if (dladdr1(ops, &info, (void **)(uintptr_t)&symbol, RTLD_DL_SYMENT) == 0 || symbol == NULL ||
        symbol->st_size < offsetof(struct rh_allocator_ops, flags)) {
        rh_reason(ret_reason, reason_bytes,
                  "%s: \"" RH_ALLOCATOR_PLUGIN_SYMBOL "\" is no struct rh_allocator_ops", path);
        return NULL;
    }
    if (ops->abi_version == RH_ALLOCATOR_ABI && symbol->st_size < sizeof(*ops)) {
        rh_reason(ret_reason, reason_bytes,
                  "%s: \"" RH_ALLOCATOR_PLUGIN_SYMBOL "\" has %zu bytes of %zu: build it again",
                  path, (size_t)symbol->st_size, sizeof(*ops));
        return NULL;
    }
    return ops;
}

const struct rh_allocator_ops *rh_plugin_open(const char *path, char *ret_reason,
                                              size_t reason_bytes) {
    char real[PATH_MAX], what[256];
    if (find_file(path, real, ret_reason, reason_bytes) != 0)
        return NULL;
    /* Now: a function that the plugin lacks is found out here and not in the timed loop. */
    void *handle = dlopen(real, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        rh_reason(ret_reason, reason_bytes, "the plugin cannot be opened: %s", dlerror());
        return NULL;
    }
    const struct rh_allocator_ops *ops = find_descriptor(handle, real, ret_reason, reason_bytes);
    const struct rh_allocator_ops *complete =
        ops != NULL ? rh_complete(ops, what, sizeof(what)) : NULL;
    if (ops != NULL && complete == NULL)
        rh_reason(ret_reason, reason_bytes, "%s: %s", real, what);
    if (complete == NULL)
        dlclose(handle);
    return complete;
}

#endif
