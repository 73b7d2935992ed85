/* choice.c - allocators by short names. */
#include "cli/choice.h"

#include <string.h>

#include "base/memory.h"

/* What "bench" compares unless told otherwise. */
static const char usual[] = "glibc,sbrk,jemalloc,mimalloc,tcmalloc,tbbmalloc,scudo";

static int add_list(struct rh_plan *plan, char *list, struct rh_error *error) {
    for (char *name = list; name != NULL;) {
        char *comma = strchr(name, ',');
        if (comma != NULL)
            *comma = '\0';
        rh_try(rh_plan_add_allocator(plan, &(struct rh_plan_allocator){.name = name}, error));
        name = comma != NULL ? comma + 1 : NULL;
    }
    return 0;
}

int rh_cli_choose_allocators(struct rh_plan *plan, const char *list, struct rh_error *error) {
    char *copy = rh_strdup(list != NULL ? list : usual);
    if (copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    int result = add_list(plan, copy, error);
    rh_free(copy);
    return result;
}
