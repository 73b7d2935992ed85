/* recipes.c - traces that scripts/record-traces --large puts into the local cache. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/plan.h"

static bool is_name(const char *name) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return name[0] != '\0' && strspn(name, letters) == strlen(name);
}

/* As large_directory in scripts/record-traces. */
static int find_directory(struct rh_error *error, char **ret_directory) {
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    char *directory = NULL;
    if (cache != NULL && cache[0] == '/')
        directory = rh_path_join(cache, "reheap/traces");
    else if (home != NULL && home[0] == '/')
        directory = rh_path_join(home, ".cache/reheap/traces");
    else
        return rh_fail(error, RH_ERR_MISSING,
                       "no place for recorded recipes: neither XDG_CACHE_HOME nor HOME is set");
    if (directory == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
    *ret_directory = directory;
    return 0;
}

int rh_plan_recipe_path(const char *recipe, struct rh_error *error, char **ret_path) {
    if (!is_name(recipe))
        return rh_fail(error, RH_ERR_INVALID,
                       "the name of a recipe is letters, digits, \"-\" and \"_\"");
    char *directory = NULL;
    struct rh_text path = {0};
    rh_try(find_directory(error, &directory));
    rh_text_addf(&path, "%s/%s.rht", directory, recipe);
    int result = 0;
    if (path.failed)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
    else if (access(path.data, R_OK) != 0)
        result =
            rh_fail(error, RH_ERR_MISSING,
                    "the recipe %s is not recorded here: scripts/record-traces --large %s puts "
                    "it into %s",
                    recipe, recipe, directory);
    char *copy = result == 0 ? rh_strdup(path.data) : NULL;
    if (result == 0 && copy == NULL)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
    if (result == 0)
        *ret_path = copy;
    rh_text_finish(&path);
    rh_free(directory);
    return result;
}
