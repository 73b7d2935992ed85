/* names.c - what allocators a plan may name. */
#include <string.h>

#include "allocator/registry.h"
#include "base/text.h"
#include "plan/plan_internal.h"

enum { NAMES_MOST = 64 };

static const struct rh_allocator_ops *find_builtin(const char *name) {
    for (const struct rh_allocator_ops *const *ops = rh_registry_builtins(); *ops != NULL; ops++)
        if (strcmp((*ops)->name, name) == 0)
            return *ops;
    return NULL;
}

static int refuse(const char *name, struct rh_error *error) {
    const char *names[NAMES_MOST + 1] = {NULL};
    size_t count = 0;
    for (const struct rh_allocator_ops *const *ops = rh_registry_builtins();
         *ops != NULL && count < NAMES_MOST; ops++)
        if (((*ops)->flags & RH_ALLOCATOR_FLOOR) == 0)
            names[count++] = (*ops)->name;
    const char *near = rh_text_nearest(name, names);
    if (near != NULL)
        return rh_fail(error, RH_ERR_INVALID,
                       "no allocator is named \"%.100s\": did you mean \"%s\"?", name, near);
    return rh_fail(error, RH_ERR_INVALID,
                   "no allocator is named \"%.100s\": use a name as \"reheap allocators\" lists "
                   "them, preload:PATH or plugin:PATH",
                   name);
}

/* "preload:PATH" and "plugin:PATH" need a path; whether it is there is for the run. */
static int check_scheme(const char *name, const char *colon, struct rh_error *error) {
    bool known = strncmp(name, "preload:", 8) == 0 || strncmp(name, "plugin:", 7) == 0;
    if (known && colon[1] != '\0')
        return 0;
    return rh_fail(error, RH_ERR_INVALID,
                   "\"%.100s\" names no allocator: use preload:PATH or plugin:PATH", name);
}

int rh_plan_resolve_name(const char *name, struct rh_error *error, const char **ret_name) {
    const char *colon = strchr(name, ':');
    if (colon != NULL) {
        rh_try(check_scheme(name, colon, error));
        *ret_name = name;
        return 0;
    }
    const struct rh_allocator_ops *builtin = find_builtin(name);
    if (builtin != NULL && (builtin->flags & RH_ALLOCATOR_FLOOR) != 0)
        return rh_fail(error, RH_ERR_INVALID,
                       "\"%s\" is a floor, which every run includes: leave it out", name);
    if (builtin != NULL) {
        *ret_name = builtin->name;
        return 0;
    }
    return refuse(name, error);
}
