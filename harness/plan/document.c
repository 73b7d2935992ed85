/* document.c - libyaml with bounds and places. */
#include "plan/document.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"

/* A plan is four levels deep. libyaml takes time that grows with the square of the depth. */
enum { DEPTH_MOST = 16, NODES_MOST = 20000, ALIASES_MOST = 256 };

/* What one walk over the events has seen. */
struct extent {
    size_t depth, nodes, aliases, documents;
};

static int fail_at(const char *path, yaml_mark_t mark, struct rh_error *error, int code,
                   const char *sentence) {
    return rh_fail(error, code, "%s:%zu:%zu: %s", path, mark.line + 1, mark.column + 1, sentence);
}

static int parser_failed(const yaml_parser_t *parser, const char *path, struct rh_error *error) {
    if (parser->error == YAML_MEMORY_ERROR)
        return rh_fail(error, RH_ERR_MEMORY, "no memory to read %s", path);
    if (parser->error == YAML_READER_ERROR)
        return rh_fail(error, RH_ERR_INVALID, "%s: not a text file: %s at byte %zu", path,
                       parser->problem, parser->problem_offset);
    return rh_fail(error, RH_ERR_INVALID, "%s:%zu:%zu: not YAML: %s%s%s", path,
                   parser->problem_mark.line + 1, parser->problem_mark.column + 1,
                   parser->context != NULL ? parser->context : "",
                   parser->context != NULL ? ": " : "",
                   parser->problem != NULL ? parser->problem : "unreadable");
}

/* NULL, or what is too much about the document up to this event. */
static const char *judge(struct extent *extent, const yaml_event_t *event) {
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        extent->documents++;
        break;
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        extent->depth++;
        extent->nodes++;
        break;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        extent->depth--;
        break;
    case YAML_SCALAR_EVENT:
        extent->nodes++;
        break;
    case YAML_ALIAS_EVENT:
        extent->aliases++;
        break;
    default:
        break;
    }
    if (extent->documents > 1)
        return "a second document begins here: a plan is one document";
    if (extent->depth > DEPTH_MOST)
        return "nested too deeply";
    if (extent->nodes > NODES_MOST)
        return "too many values";
    return extent->aliases > ALIASES_MOST ? "too many aliases" : NULL;
}

/* Walks the events once, so that the tree is only built of what is known to be small. */
static int check_extent(const char *path, const char *text, size_t bytes, struct rh_error *error) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return rh_fail(error, RH_ERR_MEMORY, "no memory to read %s", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);

    struct extent extent = {0};
    int result = 0;
    bool more = true;
    while (result == 0 && more) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            result = parser_failed(&parser, path, error);
            break;
        }
        const char *problem = judge(&extent, &event);
        if (problem != NULL)
            result = fail_at(path, event.start_mark, error, RH_ERR_LIMIT, problem);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return result;
}

int rh_yaml_init(struct rh_yaml *yaml, const char *path, const char *text, size_t bytes,
                 struct rh_error *error) {
    rh_try(check_extent(path, text, bytes, error));
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return rh_fail(error, RH_ERR_MEMORY, "no memory to read %s", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
    *yaml = (struct rh_yaml){.path = path, .error = error};
    int result = 0;
    if (!yaml_parser_load(&parser, &yaml->document))
        result = parser_failed(&parser, path, error);
    yaml_parser_delete(&parser);
    return result;
}

void rh_yaml_finish(struct rh_yaml *yaml) {
    yaml_document_delete(&yaml->document);
}

int rh_yaml_root(struct rh_yaml *yaml, const yaml_node_t **ret_root) {
    const yaml_node_t *root = yaml_document_get_root_node(&yaml->document);
    if (root == NULL)
        return rh_fail(yaml->error, RH_ERR_INVALID, "%s: the plan is empty", yaml->path);
    *ret_root = root;
    return 0;
}

int rh_yaml_fail(struct rh_yaml *yaml, const yaml_node_t *node, const char *format, ...) {
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    return fail_at(yaml->path, node->start_mark, yaml->error, RH_ERR_INVALID, sentence);
}

int rh_yaml_place(struct rh_yaml *yaml, const yaml_node_t *node, int result) {
    if (result < 0)
        rh_error_prefix(yaml->error, "%s:%zu:%zu", yaml->path, node->start_mark.line + 1,
                        node->start_mark.column + 1);
    return result;
}

static const char *kind_of(const yaml_node_t *node) {
    return node->type == YAML_SEQUENCE_NODE  ? "a list"
           : node->type == YAML_MAPPING_NODE ? "a mapping"
                                             : "a single value";
}

static bool has_value(const yaml_node_t *node) {
    return node->data.scalar.length > 0 || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

int rh_yaml_scalar(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                   const char **ret_text) {
    if (node->type != YAML_SCALAR_NODE)
        return rh_yaml_fail(yaml, node, "\"%s\" is a single value, not %s", what, kind_of(node));
    if (!has_value(node))
        return rh_yaml_fail(yaml, node, "\"%s\" has no value", what);
    const char *text = (const char *)node->data.scalar.value;
    if (strlen(text) != node->data.scalar.length)
        return rh_yaml_fail(yaml, node, "\"%s\" contains a NUL character", what);
    *ret_text = text;
    return 0;
}

static yaml_node_t *node_at(struct rh_yaml *yaml, int index) {
    yaml_node_t *node = yaml_document_get_node(&yaml->document, index);
    rh_assert(node != NULL);
    return node;
}

/* The keys before `pair` are scalars already; quadratic, but NODES_MOST bounds it. */
static int check_repeated(struct rh_yaml *yaml, const yaml_node_t *node,
                          const yaml_node_pair_t *pair, const yaml_node_t *key, const char *name) {
    for (const yaml_node_pair_t *other = node->data.mapping.pairs.start; other < pair; other++) {
        const yaml_node_t *first = node_at(yaml, other->key);
        if (strcmp((const char *)first->data.scalar.value, name) == 0)
            return rh_yaml_fail(yaml, key, "the key \"%.100s\" is there twice (first in line %zu)",
                                name, first->start_mark.line + 1);
    }
    return 0;
}

int rh_yaml_each_pair(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                      rh_yaml_reader *read, void *context) {
    if (node->type != YAML_MAPPING_NODE)
        return rh_yaml_fail(yaml, node, "\"%s\" is a mapping of keys to values, not %s", what,
                            kind_of(node));
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_at(yaml, pair->key);
        const char *name = NULL;
        rh_try(rh_yaml_scalar(yaml, key, "key", &name));
        rh_try(check_repeated(yaml, node, pair, key, name));
        rh_try(read(yaml, node_at(yaml, pair->value), name, context));
    }
    return 0;
}

/* The table and the caller's context on their way through rh_yaml_each_pair. */
struct known {
    const yaml_node_t *node;
    const char *what;
    const struct rh_yaml_key *keys;
    void *context;
};

static const yaml_node_t *key_node(struct rh_yaml *yaml, const yaml_node_t *node,
                                   const char *name) {
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_at(yaml, pair->key);
        if ((const char *)key->data.scalar.value == name)
            return key;
    }
    return node;
}

static int refuse_key(struct rh_yaml *yaml, const struct known *known, const char *name) {
    const char *names[RH_YAML_KEYS_MOST + 1] = {NULL};
    struct rh_text list = {0};
    for (size_t i = 0; known->keys[i].name != NULL; i++) {
        rh_assert(i < RH_YAML_KEYS_MOST);
        names[i] = known->keys[i].name;
        rh_text_addf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *near = rh_text_nearest(name, names);
    const yaml_node_t *key = key_node(yaml, known->node, name);
    int result =
        near != NULL
            ? rh_yaml_fail(yaml, key, "unknown key \"%.100s\": did you mean \"%s\"?", name, near)
            : rh_yaml_fail(yaml, key, "unknown key \"%.100s\": %s has %s", name, known->what,
                           rh_text_get(&list));
    rh_text_finish(&list);
    return result;
}

static int read_known(struct rh_yaml *yaml, const yaml_node_t *value, const char *name,
                      void *context) {
    const struct known *known = context;
    for (const struct rh_yaml_key *key = known->keys; key->name != NULL; key++)
        if (strcmp(key->name, name) == 0)
            return key->read(yaml, value, key->name, known->context);
    return refuse_key(yaml, known, name);
}

int rh_yaml_mapping(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                    const struct rh_yaml_key *keys, void *context) {
    struct known known = {.node = node, .what = what, .keys = keys, .context = context};
    return rh_yaml_each_pair(yaml, node, what, read_known, &known);
}

int rh_yaml_sequence(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                     rh_yaml_reader *read, void *context) {
    if (node->type != YAML_SEQUENCE_NODE)
        return rh_yaml_fail(yaml, node, "\"%s\" is a list, not %s", what, kind_of(node));
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++)
        rh_try(read(yaml, node_at(yaml, *item), what, context));
    return 0;
}
