/* synthetic.c - the keys of a description of a synthetic workload. */
#include "plan/synthetic.h"

#include <string.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "plan/synthetic_internal.h"

/* ---- parts ---- */

static int read_call(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     void *target) {
    static const unsigned kinds[] = {RH_EVENT_MALLOC, RH_EVENT_CALLOC, RH_EVENT_ALIGNED,
                                     RH_EVENT_NEW, RH_EVENT_NEW_ALIGNED};
    const char *names[6] = {NULL};
    for (size_t i = 0; i < 5; i++) {
        names[i] = rh_event_kind_name(kinds[i]);
        if (strcmp(names[i], key) == 0)
            return rh_fields_number(yaml, value, key,
                                    &rh_synthetic_loader(target)->part->calls[kinds[i]]);
    }
    return rh_fields_unknown(yaml, value, "call", key, names);
}

static int read_calls(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      void *target) {
    return rh_yaml_each_pair(yaml, value, key, read_call, target);
}

static int read_at_end(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                       void *target) {
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    rh_synthetic_loader(target)->part->stay = strcmp(text, "stay") == 0;
    if (strcmp(text, "stay") != 0 && strcmp(text, "free") != 0)
        return rh_yaml_fail(yaml, value, "at_end is \"%.40s\": use free or stay", text);
    return 0;
}

#define OF_PART(member) offsetof(struct rh_synthetic_part, member)
#define PART_FIELDS                                                                                \
    {"weight", RH_FIELD_NUMBER, OF_PART(weight), 0, NULL, NULL, PART},                             \
        {"size", RH_FIELD_DISTRIBUTION, OF_PART(size), RH_TRACE_SIZE_MAX_BYTES, NULL, NULL, PART}, \
        {"calls", RH_FIELD_CUSTOM, 0, 0, NULL, read_calls, PART},                                  \
        {"align", RH_FIELD_DISTRIBUTION, OF_PART(align_bytes), 1 << 30, NULL, NULL, PART},         \
        {"sized_free", RH_FIELD_NUMBER, OF_PART(sized_free), 0, NULL, NULL, PART},                 \
        {"cross_thread", RH_FIELD_NUMBER, OF_PART(cross_thread), 0, NULL, NULL, PART},             \
        {"at_end", RH_FIELD_CUSTOM, 0, 0, NULL, read_at_end, PART},                                \
        {"slots", RH_FIELD_CUSTOM, 0, 0, NULL, rh_synthetic_read_behaviour, PART},                 \
        {"batch", RH_FIELD_CUSTOM, 0, 0, NULL, rh_synthetic_read_behaviour, PART},                 \
        {"produce", RH_FIELD_CUSTOM, 0, 0, NULL, rh_synthetic_read_behaviour, PART},               \
        {"consume", RH_FIELD_CUSTOM, 0, 0, NULL, rh_synthetic_read_behaviour, PART},               \
        {"lifetimes", RH_FIELD_CUSTOM, 0, 0, NULL, rh_synthetic_read_behaviour, PART},             \
        {"grow", RH_FIELD_CUSTOM, 0, 0, NULL, rh_synthetic_read_behaviour, PART}, {                \
        "thin", RH_FIELD_CUSTOM, 0, 0, NULL, rh_synthetic_read_behaviour, PART                     \
    }

static int add_part(struct rh_yaml *yaml, const yaml_node_t *node,
                    struct rh_synthetic_loader *loader, int behaviour) {
    return rh_yaml_place(yaml, node,
                         rh_synthetic_add_part(loader->role, (enum rh_behaviour_kind)behaviour,
                                               yaml->error, &loader->part));
}

static int read_part(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     void *context) {
    static const struct rh_field fields[] = {PART_FIELDS, {.name = NULL}};
    struct rh_synthetic_loader *loader = context;
    (void)key;
    int behaviour = -1;
    rh_try(rh_synthetic_find_behaviour(yaml, value, &behaviour));
    if (behaviour < 0)
        return rh_yaml_fail(yaml, value, "this part does nothing: name a behaviour, such as slots");
    rh_try(add_part(yaml, value, loader, behaviour));
    struct rh_field_target target = {.bases = {loader->role, loader->part}, .context = loader};
    return rh_fields_read(yaml, value, "a part", fields, &target);
}

/* ---- roles ---- */

static int read_parts(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      void *target) {
    return rh_yaml_sequence(yaml, value, key, read_part, rh_synthetic_loader(target));
}

static int read_threads(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                        void *target) {
    struct rh_synthetic_role *role = rh_synthetic_loader(target)->role;
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    role->on_main = strcmp(text, "main") == 0;
    if (role->on_main)
        return 0;
    uint64_t threads = 0;
    rh_try(rh_fields_whole(yaml, value, key, RH_SYNTHETIC_THREADS_MOST, &threads));
    role->threads = (uint32_t)threads;
    return 0;
}

#define ROLE(member) offsetof(struct rh_synthetic_role, member)

static int read_restart(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                        void *target) {
    static const struct rh_field fields[] = {
        {"after", RH_FIELD_LONG, ROLE(restart_after), UINT64_MAX, NULL, NULL, OUTER},
        {"inherit", RH_FIELD_FLAG, ROLE(inherit), 0, NULL, NULL, OUTER},
        {.name = NULL}};
    return rh_fields_read(yaml, value, key, fields, target);
}

#define ROLE_FIELDS                                                                                \
    {"name", RH_FIELD_TEXT, ROLE(name), 0, NULL, NULL, OUTER},                                     \
        {"threads", RH_FIELD_CUSTOM, 0, 0, NULL, read_threads, OUTER},                             \
        {"steps", RH_FIELD_LONG, ROLE(steps), UINT64_MAX, NULL, NULL, OUTER},                      \
        {"gap_ns", RH_FIELD_DISTRIBUTION, ROLE(gap_ns), RH_SYNTHETIC_GAP_MOST_NS, NULL, NULL,      \
         OUTER},                                                                                   \
        {"restart", RH_FIELD_CUSTOM, 0, 0, NULL, read_restart, OUTER}, {                           \
        "parts", RH_FIELD_CUSTOM, 0, 0, NULL, read_parts, OUTER                                    \
    }

/* A role has parts, or is itself its only part. */
static int read_role(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     void *context) {
    static const struct rh_field several[] = {ROLE_FIELDS, {.name = NULL}};
    static const struct rh_field one[] = {ROLE_FIELDS, PART_FIELDS, {.name = NULL}};
    struct rh_synthetic_loader *loader = context;
    (void)key;
    int behaviour = -1;
    rh_try(rh_synthetic_find_behaviour(yaml, value, &behaviour));
    rh_try(rh_yaml_place(yaml, value,
                         rh_synthetic_add_role(loader->phase, yaml->error, &loader->role)));
    loader->part = NULL;
    if (behaviour >= 0)
        rh_try(add_part(yaml, value, loader, behaviour));
    struct rh_field_target target = {.bases = {loader->role, loader->part}, .context = loader};
    rh_try(rh_fields_read(yaml, value, "a role", behaviour >= 0 ? one : several, &target));
    if (behaviour >= 0 && loader->role->part_count > 1)
        return rh_yaml_fail(yaml, value, "\"parts\" and \"%s\" beside them: move it into a part",
                            rh_synthetic_behaviour_name(behaviour));
    return 0;
}

/* ---- phases, queues, the whole ---- */

static int read_roles(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      void *target) {
    return rh_yaml_sequence(yaml, value, key, read_role, rh_synthetic_loader(target));
}

static int read_phase(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      void *context) {
    static const struct rh_field fields[] = {
        {"name", RH_FIELD_TEXT, offsetof(struct rh_synthetic_phase, name), 0, NULL, NULL, OUTER},
        {"events", RH_FIELD_LONG, offsetof(struct rh_synthetic_phase, events),
         RH_SYNTHETIC_EVENTS_MOST, NULL, NULL, OUTER},
        {"roles", RH_FIELD_CUSTOM, 0, 0, NULL, read_roles, OUTER},
        {.name = NULL}};
    struct rh_synthetic_loader *loader = context;
    (void)key;
    rh_try(rh_yaml_place(yaml, value,
                         rh_synthetic_add_phase(loader->synthetic, yaml->error, &loader->phase)));
    struct rh_field_target target = {.bases = {loader->phase}, .context = loader};
    return rh_fields_read(yaml, value, "a phase", fields, &target);
}

static int read_phases(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                       void *target) {
    return rh_yaml_sequence(yaml, value, key, read_phase, rh_synthetic_loader(target));
}

static int read_take(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     void *target) {
    struct rh_synthetic_queue *queue = ((struct rh_field_target *)target)->bases[OUTER];
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    queue->newest_first = strcmp(text, "newest") == 0;
    if (strcmp(text, "newest") != 0 && strcmp(text, "oldest") != 0)
        return rh_yaml_fail(yaml, value, "take is \"%.40s\": use oldest or newest", text);
    return 0;
}

static int read_queue(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      void *target) {
    static const struct rh_field fields[] = {
        {"capacity", RH_FIELD_COUNT, offsetof(struct rh_synthetic_queue, capacity), 1 << 20, NULL,
         NULL, OUTER},
        {"take", RH_FIELD_CUSTOM, 0, 0, NULL, read_take, OUTER},
        {.name = NULL}};
    struct rh_synthetic_loader *loader = rh_synthetic_loader(target);
    struct rh_synthetic_queue *queue = NULL;
    rh_try(rh_yaml_place(yaml, value,
                         rh_synthetic_add_queue(loader->synthetic, key, yaml->error, &queue)));
    struct rh_field_target inner = {.bases = {queue}, .context = loader};
    return rh_fields_read(yaml, value, "a queue", fields, &inner);
}

static int read_queues(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                       void *target) {
    return rh_yaml_each_pair(yaml, value, key, read_queue, target);
}

static const struct rh_field top_fields[] = {
    {"name", RH_FIELD_TEXT, offsetof(struct rh_synthetic, name), 0, NULL, NULL, OUTER},
    {"summary", RH_FIELD_TEXT, offsetof(struct rh_synthetic, summary), 0, NULL, NULL, OUTER},
    {"seed", RH_FIELD_LONG, offsetof(struct rh_synthetic, seed), UINT64_MAX, NULL, NULL, OUTER},
    {"queues", RH_FIELD_CUSTOM, 0, 0, NULL, read_queues, OUTER},
    {"phases", RH_FIELD_CUSTOM, 0, 0, NULL, read_phases, OUTER},
    {.name = NULL}};

static int read_document(const char *text, size_t bytes, const char *path, struct rh_error *error,
                         struct rh_synthetic *synthetic) {
    struct rh_yaml yaml;
    rh_try(rh_yaml_init(&yaml, path, text, bytes, error));
    struct rh_synthetic_loader loader = {.synthetic = synthetic};
    struct rh_field_target target = {.bases = {synthetic}, .context = &loader};
    const yaml_node_t *root = NULL;
    int result = rh_yaml_root(&yaml, &root);
    if (result == 0)
        result = rh_fields_read(&yaml, root, "a description", top_fields, &target);
    rh_yaml_finish(&yaml);
    return result;
}

int rh_synthetic_parse(const char *text, size_t bytes, const char *path, struct rh_error *error,
                       struct rh_synthetic *ret_synthetic) {
    struct rh_synthetic synthetic = {.seed = 1};
    int result = read_document(text, bytes, path, error, &synthetic);
    if (result == 0) {
        result = rh_synthetic_prepare(&synthetic, error);
        if (result < 0)
            rh_error_prefix(error, "%s", path);
    }
    if (result < 0)
        rh_synthetic_finish(&synthetic);
    *ret_synthetic = synthetic;
    return result;
}

int rh_synthetic_load(const char *path, struct rh_error *error,
                      struct rh_synthetic *ret_synthetic) {
    char *text = NULL;
    size_t bytes = 0;
    rh_try(rh_file_read(path, RH_SYNTHETIC_FILE_BYTES_MOST, error, &text, &bytes));
    int result = rh_synthetic_parse(text, bytes, path, error, ret_synthetic);
    rh_free(text);
    return result;
}
