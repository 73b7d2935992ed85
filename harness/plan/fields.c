/* fields.c - YAML mappings into structs. */
#include "plan/fields.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/distribution.h"

/* ---- single values ---- */

/* The digits without the "_" that may stand between two of them. */
static int strip_underscores(const char *text, char *ret_digits, size_t bytes) {
    size_t length = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool between = i > 0 && text[i - 1] != '_' && text[i + 1] != '_' && text[i + 1] != '\0';
        if (text[i] == '_' && between)
            continue;
        if (length + 1 >= bytes)
            return RH_ERR_INVALID;
        ret_digits[length++] = text[i];
    }
    ret_digits[length] = '\0';
    return 0;
}

static int check_most(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      uint64_t number, uint64_t most) {
    if (number > most)
        return rh_yaml_fail(yaml, value, "%s is %" PRIu64 ": the most is %" PRIu64, key, number,
                            most);
    return 0;
}

int rh_fields_whole(struct rh_yaml *yaml, const yaml_node_t *value, const char *key, uint64_t most,
                    uint64_t *ret_value) {
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    char digits[40];
    uint64_t number = 0;
    if (strip_underscores(text, digits, sizeof(digits)) < 0 || rh_parse_u64(digits, &number) < 0)
        return rh_yaml_fail(yaml, value, "%s is \"%.40s\": use a whole number", key, text);
    rh_try(check_most(yaml, value, key, number, most));
    *ret_value = number;
    return 0;
}

static int read_bytes(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      uint64_t most, uint64_t *ret_value) {
    const char *text = NULL;
    uint64_t number = 0;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    if (rh_parse_bytes(text, &number) < 0)
        return rh_yaml_fail(yaml, value, "%s is \"%.40s\": use bytes, such as 64, 4K or 1M", key,
                            text);
    rh_try(check_most(yaml, value, key, number, most));
    *ret_value = number;
    return 0;
}

int rh_fields_number(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     double *ret_value) {
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    uint64_t whole = 0;
    if (rh_parse_double(text, ret_value) == 0)
        return 0;
    if (rh_parse_bytes(text, &whole) < 0)
        return rh_yaml_fail(yaml, value, "%s is \"%.40s\": use a number", key, text);
    *ret_value = (double)whole;
    return 0;
}

static int read_flag(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     bool *ret_value) {
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    bool yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
        return rh_yaml_fail(yaml, value, "%s is \"%.40s\": use yes or no", key, text);
    *ret_value = yes;
    return 0;
}

static int read_text(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     char **ret_text) {
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    char *copy = rh_strdup(text);
    if (copy == NULL)
        return rh_fail(yaml->error, RH_ERR_MEMORY, "no memory to read %s", yaml->path);
    rh_free(*ret_text);
    *ret_text = copy;
    return 0;
}

int rh_fields_unknown(struct rh_yaml *yaml, const yaml_node_t *value, const char *what,
                      const char *word, const char *const *list) {
    const char *near = rh_text_nearest(word, list);
    if (near != NULL)
        return rh_yaml_fail(yaml, value, "no %s is named \"%.40s\": did you mean \"%s\"?", what,
                            word, near);
    struct rh_text all = {0};
    for (size_t i = 0; list[i] != NULL; i++)
        rh_text_addf(&all, "%s%s", i > 0 ? ", " : "", list[i]);
    int result = rh_yaml_fail(yaml, value, "no %s is named \"%.40s\": use one of %s", what, word,
                              rh_text_get(&all));
    rh_text_finish(&all);
    return result;
}

static int read_choice(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                       const char *const *choices, int *ret_choice) {
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    for (int i = 0; choices[i] != NULL; i++)
        if (strcmp(choices[i], text) == 0) {
            *ret_choice = i;
            return 0;
        }
    return rh_fields_unknown(yaml, value, key, text, choices);
}

/* ---- tables ---- */

struct reading {
    const struct rh_field *fields;
    struct rh_field_target *target;
};

static int read_count(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      uint64_t most, uint32_t *ret_value) {
    uint64_t number = 0;
    rh_try(rh_fields_whole(yaml, value, key, most, &number));
    *ret_value = (uint32_t)number;
    return 0;
}

static int read_typed(struct rh_yaml *yaml, const yaml_node_t *value, const struct rh_field *field,
                      struct rh_field_target *target) {
    void *place = (char *)target->bases[field->base] + field->offset;
    switch (field->type) {
    case RH_FIELD_COUNT:
        return read_count(yaml, value, field->name, field->most, place);
    case RH_FIELD_LONG:
        return rh_fields_whole(yaml, value, field->name, field->most, place);
    case RH_FIELD_BYTES:
        return read_bytes(yaml, value, field->name, field->most, place);
    case RH_FIELD_NUMBER:
        return rh_fields_number(yaml, value, field->name, place);
    case RH_FIELD_FLAG:
        return read_flag(yaml, value, field->name, place);
    case RH_FIELD_TEXT:
        return read_text(yaml, value, field->name, place);
    case RH_FIELD_CHOICE:
        return read_choice(yaml, value, field->name, field->choices, place);
    case RH_FIELD_DISTRIBUTION:
        return rh_yaml_distribution(yaml, value, field->name, field->most, place);
    default:
        return field->read(yaml, value, field->name, target);
    }
}

static int read_field(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      void *context) {
    struct reading *reading = context;
    const struct rh_field *field = reading->fields;
    while (strcmp(field->name, key) != 0)
        field++;
    return read_typed(yaml, value, field, reading->target);
}

int rh_fields_read(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                   const struct rh_field *fields, struct rh_field_target *target) {
    struct rh_yaml_key keys[RH_YAML_KEYS_MOST + 1] = {{NULL, NULL}};
    for (size_t i = 0; fields[i].name != NULL; i++) {
        rh_assert(i < RH_YAML_KEYS_MOST);
        keys[i] = (struct rh_yaml_key){fields[i].name, read_field};
    }
    struct reading reading = {.fields = fields, .target = target};
    return rh_yaml_mapping(yaml, node, what, keys, &reading);
}
