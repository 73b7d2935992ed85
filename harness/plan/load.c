/* load.c - the keys of a plan file. */
#include <string.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/plan_internal.h"
#include "plan/document.h"
#include "plan/programs.h"

/* A plan being read; relative paths in it start at its directory. */
struct loader {
    struct rh_plan *plan;
    char *directory; /* "" for the working directory */
};

/* ---- single values: each key has its setter ---- */

typedef int plan_setter(struct rh_plan *plan, const char *text, struct rh_error *error);

static int set(struct rh_yaml *yaml, const yaml_node_t *value, const char *key, void *context,
               plan_setter *setter) {
    struct loader *loader = context;
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    return rh_yaml_place(yaml, value, setter(loader->plan, text, yaml->error));
}

static int set_title(struct rh_plan *plan, const char *text, struct rh_error *error) {
    return rh_plan_string_set(&plan->title, text, error);
}

static int set_memory_rounds(struct rh_plan *plan, const char *text, struct rh_error *error) {
    plan->memory_rounds_set = true;
    return rh_plan_parse_rounds(text, "memory_rounds", error, &plan->memory_rounds);
}

static int set_idle(struct rh_plan *plan, const char *text, struct rh_error *error) {
    if (strcmp(text, "short") != 0 && strcmp(text, "long") != 0)
        return rh_fail(error, RH_ERR_INVALID, "idle is \"%.40s\": use short or long", text);
    plan->idle_long = strcmp(text, "long") == 0;
    return 0;
}

#define READ_BY(key, setter)                                                                       \
    static int read_##key(struct rh_yaml *yaml, const yaml_node_t *value, const char *name,        \
                          void *context) {                                                         \
        return set(yaml, value, name, context, setter);                                            \
    }

READ_BY(title, set_title)
READ_BY(rounds, rh_plan_set_rounds)
READ_BY(budget, rh_plan_set_budget)
READ_BY(memory_rounds, set_memory_rounds)
READ_BY(seed, rh_plan_set_seed)
READ_BY(touch, rh_plan_set_touch)
READ_BY(order, rh_plan_set_order)
READ_BY(pace, rh_plan_set_pace)
READ_BY(think, rh_plan_set_think)
READ_BY(cpus, rh_plan_set_cpus)
READ_BY(time_limit, rh_plan_set_time_limit)
READ_BY(idle, set_idle)
READ_BY(pass, rh_plan_add_pass)

static int read_passes(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                       void *context) {
    return rh_yaml_sequence(yaml, value, key, read_pass, context);
}

/* The baseline may stand before the allocators: whether it is one of them is for the end. */
static int read_baseline(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                         void *context) {
    return set(yaml, value, key, context, rh_plan_set_baseline);
}

/* ---- traces ---- */

static int add_traces(struct rh_yaml *yaml, const yaml_node_t *node, struct loader *loader,
                      const char *path, const char *name) {
    char *full = rh_path_join(loader->directory, path);
    if (full == NULL)
        return rh_fail(yaml->error, RH_ERR_MEMORY, "no memory for a plan");
    int result = name != NULL ? rh_plan_add_trace(loader->plan, full, name, yaml->error)
                              : rh_plan_add_traces(loader->plan, full, yaml->error);
    rh_free(full);
    return rh_yaml_place(yaml, node, result);
}

static int add_recipe(struct rh_yaml *yaml, const yaml_node_t *node, struct loader *loader,
                      const char *recipe, const char *name) {
    char *path = NULL;
    int result = rh_plan_recipe_path(recipe, yaml->error, &path);
    if (result == 0)
        result = rh_plan_add_trace(loader->plan, path, name, yaml->error);
    rh_free(path);
    return rh_yaml_place(yaml, node, result);
}

struct trace_entry {
    const char *path, *recipe, *name;
};

static int read_trace_path(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                           void *context) {
    return rh_yaml_scalar(yaml, value, key, &((struct trace_entry *)context)->path);
}

static int read_trace_recipe(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                             void *context) {
    return rh_yaml_scalar(yaml, value, key, &((struct trace_entry *)context)->recipe);
}

static int read_trace_name(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                           void *context) {
    return rh_yaml_scalar(yaml, value, key, &((struct trace_entry *)context)->name);
}

static int read_trace(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      void *context) {
    static const struct rh_yaml_key keys[] = {{"path", read_trace_path},
                                              {"recipe", read_trace_recipe},
                                              {"name", read_trace_name},
                                              {NULL, NULL}};
    struct trace_entry entry = {0};
    if (value->type == YAML_MAPPING_NODE)
        rh_try(rh_yaml_mapping(yaml, value, "a trace", keys, &entry));
    else
        rh_try(rh_yaml_scalar(yaml, value, key, &entry.path));
    if ((entry.path == NULL) == (entry.recipe == NULL))
        return rh_yaml_fail(yaml, value, "a trace has a \"path\" or a \"recipe\"");
    if (entry.recipe != NULL)
        return add_recipe(yaml, value, context, entry.recipe, entry.name);
    return add_traces(yaml, value, context, entry.path, entry.name);
}

static int read_traces(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                       void *context) {
    return rh_yaml_sequence(yaml, value, key, read_trace, context);
}

/* ---- allocators ---- */

/* An allocator being read. Strings belong to the document, value arrays to the entry. */
struct allocator_entry {
    struct loader *loader;
    const char *name, *preload, *plugin, *label;
    struct rh_plan_setting settings[RH_PLAN_SETTINGS_MOST];
    size_t setting_count;
    bool environment; /* what is being read: environment variables, else options */
};

static int read_allocator_name(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                               void *context) {
    return rh_yaml_scalar(yaml, value, key, &((struct allocator_entry *)context)->name);
}

static int read_allocator_preload(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                                  void *context) {
    return rh_yaml_scalar(yaml, value, key, &((struct allocator_entry *)context)->preload);
}

static int read_allocator_plugin(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                                 void *context) {
    return rh_yaml_scalar(yaml, value, key, &((struct allocator_entry *)context)->plugin);
}

static int read_allocator_label(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                                void *context) {
    return rh_yaml_scalar(yaml, value, key, &((struct allocator_entry *)context)->label);
}

static int read_setting_value(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                              void *context) {
    struct rh_plan_setting *setting = context;
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    if (setting->value_count >= RH_PLAN_ALLOCATORS_MOST)
        return rh_yaml_fail(yaml, value, "\"%s\" has more than %d values", key,
                            RH_PLAN_ALLOCATORS_MOST);
    if (setting->values == NULL)
        setting->values = rh_alloc_zeroed(RH_PLAN_ALLOCATORS_MOST, sizeof(*setting->values));
    if (setting->values == NULL)
        return rh_fail(yaml->error, RH_ERR_MEMORY, "no memory for a plan");
    setting->values[setting->value_count++] = text;
    return 0;
}

static int read_setting(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                        void *context) {
    struct allocator_entry *entry = context;
    if (entry->setting_count >= RH_PLAN_SETTINGS_MOST)
        return rh_yaml_fail(yaml, value, "an allocator has at most %d settings",
                            RH_PLAN_SETTINGS_MOST);
    if (key[0] == '\0' || strchr(key, '=') != NULL)
        return rh_yaml_fail(yaml, value, "\"%.100s\" cannot be the name of a setting", key);
    struct rh_plan_setting *setting = &entry->settings[entry->setting_count++];
    *setting = (struct rh_plan_setting){.environment = entry->environment, .name = key};
    if (value->type != YAML_SEQUENCE_NODE)
        return read_setting_value(yaml, value, key, setting);
    rh_try(rh_yaml_sequence(yaml, value, key, read_setting_value, setting));
    return setting->value_count > 0 ? 0 : rh_yaml_fail(yaml, value, "\"%s\" has no value", key);
}

static int read_allocator_options(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                                  void *context) {
    ((struct allocator_entry *)context)->environment = false;
    return rh_yaml_each_pair(yaml, value, key, read_setting, context);
}

static int read_allocator_environment(struct rh_yaml *yaml, const yaml_node_t *value,
                                      const char *key, void *context) {
    ((struct allocator_entry *)context)->environment = true;
    return rh_yaml_each_pair(yaml, value, key, read_setting, context);
}

/* A library named by a path with a slash lies relative to the plan; a bare file name is searched
 * where libraries are. */
static int add_scheme(const struct allocator_entry *entry, const char *scheme, const char *path,
                      struct rh_error *error, struct rh_text *ret_name) {
    char *full =
        strchr(path, '/') != NULL ? rh_path_join(entry->loader->directory, path) : rh_strdup(path);
    if (full != NULL)
        rh_text_addf(ret_name, "%s:%s", scheme, full);
    bool failed = full == NULL || ret_name->failed != 0;
    rh_free(full);
    return failed ? rh_fail(error, RH_ERR_MEMORY, "no memory for a plan") : 0;
}

static int full_name(const struct allocator_entry *entry, struct rh_error *error,
                     struct rh_text *ret_name) {
    if (entry->preload != NULL)
        return add_scheme(entry, "preload", entry->preload, error, ret_name);
    if (entry->plugin != NULL)
        return add_scheme(entry, "plugin", entry->plugin, error, ret_name);
    if (strncmp(entry->name, "preload:", 8) == 0)
        return add_scheme(entry, "preload", entry->name + 8, error, ret_name);
    if (strncmp(entry->name, "plugin:", 7) == 0)
        return add_scheme(entry, "plugin", entry->name + 7, error, ret_name);
    rh_text_add(ret_name, entry->name);
    return ret_name->failed != 0 ? rh_fail(error, RH_ERR_MEMORY, "no memory for a plan") : 0;
}

static int read_entry(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      struct allocator_entry *entry) {
    static const struct rh_yaml_key keys[] = {{"name", read_allocator_name},
                                              {"preload", read_allocator_preload},
                                              {"plugin", read_allocator_plugin},
                                              {"label", read_allocator_label},
                                              {"options", read_allocator_options},
                                              {"environment", read_allocator_environment},
                                              {NULL, NULL}};
    if (value->type == YAML_MAPPING_NODE)
        rh_try(rh_yaml_mapping(yaml, value, "an allocator", keys, entry));
    else
        rh_try(rh_yaml_scalar(yaml, value, key, &entry->name));
    int named = (entry->name != NULL) + (entry->preload != NULL) + (entry->plugin != NULL);
    if (named != 1)
        return rh_yaml_fail(yaml, value,
                            "an allocator has exactly one of \"name\", \"preload\" and \"plugin\"");

    struct rh_text name = {0};
    int result = full_name(entry, yaml->error, &name);
    if (result == 0)
        result = rh_yaml_place(yaml, value,
                               rh_plan_add_variants(entry->loader->plan, rh_text_get(&name),
                                                    entry->label, entry->settings,
                                                    entry->setting_count, yaml->error));
    rh_text_finish(&name);
    return result;
}

static int read_allocator(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                          void *context) {
    struct allocator_entry entry = {.loader = context};
    int result = read_entry(yaml, value, key, &entry);
    for (size_t i = 0; i < entry.setting_count; i++)
        rh_free(entry.settings[i].values);
    return result;
}

static int read_allocators(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                           void *context) {
    return rh_yaml_sequence(yaml, value, key, read_allocator, context);
}

static int read_programs(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                         void *context) {
    (void)key;
    struct loader *loader = context;
    return rh_plan_read_programs(yaml, value, loader->plan, loader->directory);
}

/* ---- the whole ---- */

static const struct rh_yaml_key plan_keys[] = {
    {"title", read_title},
    {"baseline", read_baseline},
    {"rounds", read_rounds},
    {"budget", read_budget},
    {"memory_rounds", read_memory_rounds},
    {"passes", read_passes},
    {"touch", read_touch},
    {"order", read_order},
    {"pace", read_pace},
    {"think", read_think},
    {"idle", read_idle},
    {"seed", read_seed},
    {"cpus", read_cpus},
    {"time_limit", read_time_limit},
    {"traces", read_traces},
    {"programs", read_programs},
    {"allocators", read_allocators},
    {NULL, NULL},
};

static const yaml_node_t *value_of(struct rh_yaml *yaml, const yaml_node_t *root,
                                   const char *name) {
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&yaml->document, pair->key);
        if (strcmp((const char *)key->data.scalar.value, name) == 0)
            return yaml_document_get_node(&yaml->document, pair->value);
    }
    return root;
}

/* The key that a failure of rh_plan_complete is about. */
static const char *key_at_fault(const struct rh_plan *plan) {
    if (plan->allocator_count == 0)
        return "allocators";
    if (plan->trace_count == 0 && plan->program_count == 0)
        return "traces";
    for (size_t i = 0; i < plan->program_count; i++)
        if (plan->programs[i].trace_name != NULL && plan->programs[i].trace == RH_PLAN_NO_TRACE)
            return "programs";
    return plan->rounds > 0 && plan->memory_rounds > plan->rounds ? "memory_rounds" : "baseline";
}

static int read_plan(struct rh_yaml *yaml, struct loader *loader) {
    const yaml_node_t *root = NULL;
    rh_try(rh_yaml_root(yaml, &root));
    rh_try(rh_yaml_mapping(yaml, root, "a plan", plan_keys, loader));
    if (loader->plan->rounds > 0 && loader->plan->budget_ns > 0)
        return rh_yaml_fail(yaml, value_of(yaml, root, "budget"),
                            "a plan has \"rounds\" or a \"budget\", from which they are computed");
    int result = rh_plan_complete(loader->plan, yaml->error);
    return rh_yaml_place(yaml, value_of(yaml, root, key_at_fault(loader->plan)), result);
}

static int loader_init(struct loader *loader, const char *text, size_t bytes, const char *path,
                       struct rh_error *error) {
    rh_try(rh_plan_create(error, &loader->plan));
    rh_try(rh_plan_string_set(&loader->plan->path, path, error));
    rh_try(rh_plan_string_set(&loader->directory, path, error));
    loader->directory[rh_path_base(path) - path] = '\0';

    loader->plan->text = rh_alloc(bytes + 1);
    if (loader->plan->text == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    memcpy(loader->plan->text, text, bytes);
    loader->plan->text[bytes] = '\0';
    return 0;
}

int rh_plan_parse(const char *text, size_t bytes, const char *path, struct rh_error *error,
                  struct rh_plan **ret_plan) {
    if (bytes > RH_PLAN_FILE_BYTES_MOST)
        return rh_fail(error, RH_ERR_LIMIT, "%s: a plan has at most %d bytes", path,
                       RH_PLAN_FILE_BYTES_MOST);
    struct loader loader = {0};
    struct rh_yaml yaml = {0};
    int result = loader_init(&loader, text, bytes, path, error);
    if (result == 0)
        result = rh_yaml_init(&yaml, path, text, bytes, error);
    if (result == 0) {
        result = read_plan(&yaml, &loader);
        rh_yaml_finish(&yaml);
    }
    rh_free(loader.directory);
    if (result < 0) {
        rh_plan_destroy(loader.plan);
        return result;
    }
    *ret_plan = loader.plan;
    return 0;
}

int rh_plan_load(const char *path, struct rh_error *error, struct rh_plan **ret_plan) {
    char *text = NULL;
    size_t bytes = 0;
    rh_try(rh_file_read(path, RH_PLAN_FILE_BYTES_MOST, error, &text, &bytes));
    int result = rh_plan_parse(text, bytes, path, error, ret_plan);
    rh_free(text);
    return result;
}
