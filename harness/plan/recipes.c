/* recipes.c - traces that scripts/record-traces --large puts into the local cache. */
#include <inttypes.h>
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

int rh_plan_recipe_path(const char *recipe, struct rh_error *error, char **ret_path) {
    if (!is_name(recipe))
        return rh_fail(error, RH_ERR_INVALID,
                       "the name of a recipe is letters, digits, \"-\" and \"_\"");
    char *directory = NULL;
    struct rh_text path = {0};
    /* As large_directory in scripts/record-traces. */
    rh_try(rh_cache_directory("reheap/traces", "recorded recipes", error, &directory));
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
