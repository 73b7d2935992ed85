/* allocators_list.c - reheap allocators: the list, for people and as JSON. */
#include <jansson.h>
#include <stdio.h>

#include "allocator/registry.h"
#include "base/file.h"
#include "cli/allocators.h"

/* ---- what an allocator is ---- */

static const struct {
    uint32_t value;
    const char *text;
} capabilities[] = {
#define X(name, value, text) {value, text},
    RH_CAPABILITY_MAP(X)
#undef X
};

enum { CAPABILITIES = sizeof(capabilities) / sizeof(capabilities[0]) };

static const char *kind_of(const struct rh_allocator_ops *ops) {
    if ((ops->flags & RH_ALLOCATOR_FLOOR) != 0)
        return "floor";
    return ops->functions == NULL ? "own" : "library";
}

/* Which functions of a library are called; NULL: it is no library. */
static const char *api_of(const struct rh_allocator_ops *ops) {
    if (ops->functions == NULL || (ops->flags & RH_ALLOCATOR_FLOOR) != 0)
        return NULL;
    return (ops->flags & RH_ALLOCATOR_EXTENDED_API) != 0 ? "own" : "malloc";
}

/* ---- for people ---- */

static void print_kind(const struct rh_allocator_ops *ops, const struct rh_inspection *inspection) {
    const char *api = api_of(ops);
    printf("  %-11s%s", "kind", kind_of(ops));
    if (api != NULL)
        printf(", %s API", api);
    if (inspection->version[0] != '\0')
        printf(", %s", inspection->version);
    putchar('\n');
}

static void print_capabilities(uint32_t found) {
    const char *between = "";
    printf("  %-11s", "can");
    for (size_t i = 0; i < CAPABILITIES; i++)
        if ((found & capabilities[i].value) != 0) {
            printf("%s%s", between, capabilities[i].text);
            between = ", ";
        }
    printf("%s\n", between[0] != '\0' ? "" : "-");
}

static void print_file(const char *object) {
    char hash[RH_HASH_TEXT_BYTES];
    if (rh_file_hash(object, NULL, hash) == 0)
        printf("  %-11s%s (%s)\n", "file", object, hash);
    else
        printf("  %-11s%s\n", "file", object);
}

static void print_options(const struct rh_allocator_ops *ops) {
    const struct rh_allocator_option *option = ops->options;
    for (; option != NULL && option->name != NULL; option++)
        printf("  %-11s%s: %s (default: %s)\n", "option", option->name, option->summary,
               option->default_value);
}

static void print_allocator(const struct rh_allocator_ops *ops,
                            const struct rh_inspection *inspection) {
    printf("%s: %s\n", ops->name, ops->summary);
    if (inspection->end != RH_SAMPLE_MEASURED) {
        printf("  %-11s%s\n\n", "missing", inspection->reason);
        return;
    }
    print_kind(ops, inspection);
    print_capabilities(inspection->capabilities);
    print_file(inspection->object);
    print_options(ops);
    printf("\n");
}

/* ---- as JSON ---- */

/* "" is what is not known. */
static json_t *text_or_null(const char *text) {
    return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *capabilities_json(uint32_t found) {
    json_t *array = json_array();
    for (size_t i = 0; i < CAPABILITIES; i++)
        if ((found & capabilities[i].value) != 0)
            json_array_append_new(array, json_string(capabilities[i].text));
    return array;
}

static json_t *options_json(const struct rh_allocator_ops *ops) {
    json_t *array = json_array();
    const struct rh_allocator_option *option = ops->options;
    for (; option != NULL && option->name != NULL; option++)
        json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "name", option->name, "summary",
                                               option->summary, "default", option->default_value));
    return array;
}

/* Every entry has every key: null is what is not known, or not there. */
static json_t *allocator_json(const struct rh_allocator_ops *ops,
                              const struct rh_inspection *inspection) {
    bool available = inspection->end == RH_SAMPLE_MEASURED;
    char hash[RH_HASH_TEXT_BYTES] = "";
    if (available && rh_file_hash(inspection->object, NULL, hash) != 0)
        hash[0] = '\0';
    json_t *object = json_pack("{s:s, s:s, s:b}", "name", ops->name, "summary", ops->summary,
                               "available", available);
    json_object_set_new(object, "reason", text_or_null(available ? NULL : inspection->reason));
    json_object_set_new(object, "kind", json_string(kind_of(ops)));
    json_object_set_new(object, "api", text_or_null(api_of(ops)));
    json_object_set_new(object, "version", text_or_null(available ? inspection->version : NULL));
    json_object_set_new(object, "file", text_or_null(available ? inspection->object : NULL));
    json_object_set_new(object, "hash", text_or_null(hash));
    json_object_set_new(object, "capabilities",
                        capabilities_json(available ? inspection->capabilities : 0));
    json_object_set_new(object, "options", options_json(ops));
    return object;
}

/* ---- the course ---- */

static int print_json(json_t *list, struct rh_error *error) {
    if (json_dumpf(list, stdout, JSON_INDENT(2)) != 0)
        return rh_fail(error, RH_ERR_SYSTEM, "cannot write the list to standard output");
    putchar('\n');
    return 0;
}

static int go_through(struct rh_inspection_job *job, json_t *list, const volatile bool *interrupted,
                      struct rh_error *error) {
    for (const struct rh_allocator_ops *const *ops = rh_registry_builtins(); *ops != NULL; ops++) {
        struct rh_inspection inspection;
        job->allocator = (*ops)->name;
        rh_try(rh_inspect(job, interrupted, error, &inspection));
        if (list != NULL)
            json_array_append_new(list, allocator_json(*ops, &inspection));
        else
            print_allocator(*ops, &inspection);
    }
    return 0;
}

int rh_cli_list_allocators(struct rh_inspection_job *job, bool as_json,
                           const volatile bool *interrupted, struct rh_error *error) {
    if (!as_json)
        return go_through(job, NULL, interrupted, error);
    json_t *list = json_array();
    int result = go_through(job, list, interrupted, error);
    if (result == 0)
        result = print_json(list, error);
    json_decref(list);
    return result;
}
