/* launch_environment.c - a worker's environment: the same for every worker, whatever the shell of
 * the user holds. A preloaded library or a MALLOC_CONF of the parent would else be measured. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/text.h"
#include "replay/launch.h"

/* What a worker needs of the parent's environment: where libraries are, and the settings of
 * sanitizers when it was built with one. */
static const char *const kept_names[] = {
    "PATH",         "HOME",          "TMPDIR", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "LSAN_OPTIONS",
    "TSAN_OPTIONS", "UBSAN_OPTIONS", NULL,
};

/* What a tool needs of it: the terminal, and settings of its own. */
static const char *const tool_names[] = {
    "TERM", "COLUMNS", "LINES", "DEBUGINFOD_URLS", "GDBHISTFILE", "VALGRIND_OPTS", NULL,
};

struct list {
    char **items;
    size_t count, capacity;
};

static bool same_name(const char *entry, const char *other) {
    size_t length = strcspn(entry, "=");
    return strncmp(entry, other, length) == 0 && other[length] == '=' && entry[length] == '=';
}

/* Appends or replaces; takes ownership of `entry`, also on failure. */
static int put(struct list *list, char *entry, struct rh_error *error) {
    if (entry == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for an environment");
    for (size_t i = 0; i < list->count; i++)
        if (same_name(list->items[i], entry)) {
            rh_free(list->items[i]);
            list->items[i] = entry;
            return 0;
        }
    int result =
        rh_grow((void **)&list->items, &list->capacity, list->count + 2, sizeof(char *), error);
    if (result < 0) {
        rh_free(entry);
        return result;
    }
    list->items[list->count++] = entry;
    list->items[list->count] = NULL;
    return 0;
}

static char *format_entry(const char *name, const char *value) {
    struct rh_text text = {0};
    rh_text_addf(&text, "%s=%s", name, value);
    char *entry = text.failed ? NULL : rh_strdup(rh_text_get(&text));
    rh_text_finish(&text);
    return entry;
}

static int put_parents(struct list *list, const char *const *names, struct rh_error *error) {
    for (const char *const *name = names; *name != NULL; name++) {
        const char *value = getenv(*name);
        if (value != NULL)
            rh_try(put(list, format_entry(*name, value), error));
    }
    return 0;
}

static int put_job(struct list *list, const struct rh_job *job, struct rh_error *error) {
    for (const char *const *entry = job->environment; entry != NULL && *entry != NULL; entry++) {
        if (strchr(*entry, '=') == NULL || (*entry)[0] == '=')
            return rh_fail(error, RH_ERR_INVALID,
                           "\"%s\" is no environment variable: write NAME=value", *entry);
        rh_try(put(list, rh_strdup(*entry), error));
    }
    return 0;
}

/* A variable of the wanted length moves the stack, as any other shell would. */
static int put_padding(struct list *list, uint64_t bytes, struct rh_error *error) {
    static const char name[] = "REHEAP_PADDING=";
    if (bytes == 0)
        return 0;
    if (bytes > 1 << 16)
        return rh_fail(error, RH_ERR_LIMIT, "an environment padding of more than 65536 bytes");
    char *entry = rh_alloc(sizeof(name) + bytes);
    if (entry != NULL) {
        memcpy(entry, name, sizeof(name) - 1);
        memset(entry + sizeof(name) - 1, 'x', bytes);
        entry[sizeof(name) - 1 + bytes] = '\0';
    }
    return put(list, entry, error);
}

static int fill(struct list *list, const struct rh_job *job, const char *library,
                struct rh_error *error) {
    rh_try(put_parents(list, kept_names, error));
    if (job->under != NULL)
        rh_try(put_parents(list, tool_names, error));
    rh_try(put(list, format_entry("LC_ALL", "C"), error));
    if (library[0] != '\0' && job->under == NULL) /* a tool is not run on the allocator itself */
        rh_try(put(list, format_entry("LD_PRELOAD", library), error));
    rh_try(put_job(list, job, error));
    return put_padding(list, job->environment_padding_bytes, error);
}

int rh_launch_make_environment(const struct rh_job *job, const char *library,
                               struct rh_error *error, char ***ret_environment) {
    rh_assert(library != NULL);
    struct list list = {0};
    int result = fill(&list, job, library, error);
    if (result < 0) {
        rh_launch_free_environment(list.items);
        return result;
    }
    *ret_environment = list.items;
    return 0;
}

void rh_launch_free_environment(char **environment) {
    for (char **entry = environment; entry != NULL && *entry != NULL; entry++)
        rh_free(*entry);
    rh_free(environment);
}
