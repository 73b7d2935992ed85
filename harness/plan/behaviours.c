/* behaviours.c - the keys of the behaviours of a synthetic workload. */
#include <string.h>

#include "base/assert.h"
#include "plan/distribution.h"
#include "plan/synthetic_internal.h"

#define SLOTS(member)   offsetof(struct rh_synthetic_slots, member)
#define BATCH(member)   offsetof(struct rh_synthetic_batch, member)
#define PRODUCE(member) offsetof(struct rh_synthetic_produce, member)
#define CONSUME(member) offsetof(struct rh_synthetic_consume, member)
#define THIN(member)    offsetof(struct rh_synthetic_thin, member)
#define GROW(member)    offsetof(struct rh_synthetic_grow, member)

static const char *const start_names[] = {
#define X(name, text) text,
    RH_SLOT_START_MAP(X)
#undef X
        NULL};

static const char *const order_names[] = {
#define X(name, text) text,
    RH_FREE_ORDER_MAP(X)
#undef X
        NULL};

static int read_pick(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     void *target) {
    struct rh_synthetic_slots *slots = ((struct rh_field_target *)target)->bases[OUTER];
    slots->cyclic = value->type == YAML_SCALAR_NODE &&
                    strcmp((const char *)value->data.scalar.value, "cyclic") == 0;
    bool uniform = value->type == YAML_SCALAR_NODE &&
                   strcmp((const char *)value->data.scalar.value, "uniform") == 0;
    if (slots->cyclic || uniform)
        return 0;
    if (value->type == YAML_SCALAR_NODE)
        return rh_yaml_fail(yaml, value, "pick: use uniform, cyclic or a distribution of numbers");
    return rh_yaml_distribution(yaml, value, key, RH_SYNTHETIC_BLOCKS_MOST, &slots->pick);
}

static int read_action(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                       void *target) {
    static const char *const names[] = {
#define X(name, text) text,
        RH_SLOT_ACTION_MAP(X)
#undef X
            NULL};
    struct rh_synthetic_slots *slots = ((struct rh_field_target *)target)->bases[OUTER];
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], key) == 0)
            return rh_fields_number(yaml, value, key, &slots->actions[i]);
    return rh_fields_unknown(yaml, value, "action", key, names);
}

static int read_actions(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                        void *target) {
    return rh_yaml_each_pair(yaml, value, key, read_action, target);
}

static int read_queue_name(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                           void *target) {
    const char *name = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &name));
    int queue = rh_synthetic_find_queue(rh_synthetic_loader(target)->synthetic, name);
    if (queue < 0)
        return rh_yaml_fail(yaml, value,
                            "no queue is named \"%.100s\": list it under \"queues\", before "
                            "\"phases\"",
                            name);
    *(uint32_t *)((struct rh_field_target *)target)->bases[OUTER] = (uint32_t)queue;
    return 0;
}

_Static_assert(PRODUCE(queue) == 0 && CONSUME(queue) == 0, "read_queue_name writes there");

static const struct rh_field slots_fields[] = {
    {"count", RH_FIELD_COUNT, SLOTS(count), RH_SYNTHETIC_BLOCKS_MOST, NULL, NULL, OUTER},
    {"start", RH_FIELD_CHOICE, SLOTS(start), 0, start_names, NULL, OUTER},
    {"pick", RH_FIELD_CUSTOM, 0, 0, NULL, read_pick, OUTER},
    {"actions", RH_FIELD_CUSTOM, 0, 0, NULL, read_actions, OUTER},
    {"places", RH_FIELD_COUNT, SLOTS(places), RH_SYNTHETIC_BLOCKS_MOST, NULL, NULL, OUTER},
    {.name = NULL}};

static const struct rh_field batch_fields[] = {
    {"count", RH_FIELD_COUNT, BATCH(count), RH_SYNTHETIC_BLOCKS_MOST, NULL, NULL, OUTER},
    {"order", RH_FIELD_CHOICE, BATCH(order), 0, order_names, NULL, OUTER},
    {"keep", RH_FIELD_NUMBER, BATCH(keep), 0, NULL, NULL, OUTER},
    {"ends", RH_FIELD_FLAG, BATCH(ends), 0, NULL, NULL, OUTER},
    {"leave_every", RH_FIELD_COUNT, BATCH(leave_every), UINT32_MAX, NULL, NULL, OUTER},
    {.name = NULL}};

static const struct rh_field produce_fields[] = {
    {"queue", RH_FIELD_CUSTOM, 0, 0, NULL, read_queue_name, OUTER},
    {"count", RH_FIELD_COUNT, PRODUCE(count), RH_SYNTHETIC_BLOCKS_MOST, NULL, NULL, OUTER},
    {"container_bytes", RH_FIELD_BYTES, PRODUCE(container_bytes), UINT64_C(1) << 40, NULL, NULL,
     OUTER},
    {.name = NULL}};

static const struct rh_field consume_fields[] = {
    {"queue", RH_FIELD_CUSTOM, 0, 0, NULL, read_queue_name, OUTER},
    {"order", RH_FIELD_CHOICE, CONSUME(order), 0, order_names, NULL, OUTER},
    {.name = NULL}};

static const struct rh_field lifetimes_fields[] = {{"steps", RH_FIELD_DISTRIBUTION,
                                                    offsetof(struct rh_synthetic_lifetimes, steps),
                                                    UINT64_C(1) << 40, NULL, NULL, OUTER},
                                                   {.name = NULL}};

static const struct rh_field grow_fields[] = {
    {"buffers", RH_FIELD_COUNT, GROW(buffers), RH_SYNTHETIC_BLOCKS_MOST, NULL, NULL, OUTER},
    {"until", RH_FIELD_DISTRIBUTION, GROW(until), RH_TRACE_SIZE_MAX_BYTES / 32, NULL, NULL, OUTER},
    {"factor", RH_FIELD_NUMBER, GROW(factor), 0, NULL, NULL, OUTER},
    {"add", RH_FIELD_BYTES, GROW(add), UINT32_MAX, NULL, NULL, OUTER},
    {.name = NULL}};

static const struct rh_field thin_fields[] = {
    {"live_bytes", RH_FIELD_BYTES, THIN(live_bytes), UINT64_C(1) << 40, NULL, NULL, OUTER},
    {"rounds", RH_FIELD_COUNT, THIN(rounds), 32, NULL, NULL, OUTER},
    {.name = NULL}};

static const struct {
    const char *name;
    const struct rh_field *fields;
    size_t offset;
} behaviours[RH_BEHAVIOURS] = {
    [RH_BEHAVIOUR_SLOTS] = {"slots", slots_fields, offsetof(struct rh_synthetic_part, slots)},
    [RH_BEHAVIOUR_BATCH] = {"batch", batch_fields, offsetof(struct rh_synthetic_part, batch)},
    [RH_BEHAVIOUR_PRODUCE] = {"produce", produce_fields,
                              offsetof(struct rh_synthetic_part, produce)},
    [RH_BEHAVIOUR_CONSUME] = {"consume", consume_fields,
                              offsetof(struct rh_synthetic_part, consume)},
    [RH_BEHAVIOUR_LIFETIMES] = {"lifetimes", lifetimes_fields,
                                offsetof(struct rh_synthetic_part, lifetimes)},
    [RH_BEHAVIOUR_GROW] = {"grow", grow_fields, offsetof(struct rh_synthetic_part, grow)},
    [RH_BEHAVIOUR_THIN] = {"thin", thin_fields, offsetof(struct rh_synthetic_part, thin)},
};

static int behaviour_of(const char *name) {
    for (int i = 0; i < RH_BEHAVIOURS; i++)
        if (strcmp(behaviours[i].name, name) == 0)
            return i;
    return -1;
}

int rh_synthetic_read_behaviour(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                                void *target) {
    struct rh_synthetic_loader *loader = rh_synthetic_loader(target);
    int behaviour = behaviour_of(key);
    rh_assert(behaviour >= 0 && (int)loader->part->behaviour == behaviour);
    struct rh_field_target inner = {.bases = {(char *)loader->part + behaviours[behaviour].offset},
                                    .context = loader};
    return rh_fields_read(yaml, value, key, behaviours[behaviour].fields, &inner);
}

const char *rh_synthetic_behaviour_name(int behaviour) {
    rh_assert(behaviour >= 0 && behaviour < RH_BEHAVIOURS);
    return behaviours[behaviour].name;
}

int rh_synthetic_find_behaviour(struct rh_yaml *yaml, const yaml_node_t *node, int *ret_behaviour) {
    int found = -1;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         node->type == YAML_MAPPING_NODE && pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&yaml->document, pair->key);
        if (key->type != YAML_SCALAR_NODE)
            continue;
        int behaviour = behaviour_of((const char *)key->data.scalar.value);
        if (behaviour >= 0 && found >= 0)
            return rh_yaml_fail(yaml, key, "\"%s\" and \"%s\": use \"parts\" to do both",
                                behaviours[found].name, behaviours[behaviour].name);
        if (behaviour >= 0)
            found = behaviour;
    }
    *ret_behaviour = found;
    return 0;
}
