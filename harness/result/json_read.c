/* json_read.c - JSON to values; everything here is untrusted. */
#include "result/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

int rh_json_fail(const struct rh_json_place *place, int code, const char *key, const char *format,
                 ...) {
    char sentence[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);

    char line[24] = "";
    if (place->line > 0)
        snprintf(line, sizeof(line), ":%zu", place->line);
    const char *dot = place->within[0] != '\0' && key[0] != '\0' ? "." : "";
    return rh_fail(place->error, code, "%s%s: key \"%s%s%.40s\" %s", place->file, line,
                   place->within, dot, key, sentence);
}

static int no_memory(const struct rh_json_place *place) {
    return rh_fail(place->error, RH_ERR_MEMORY, "no memory for %s", place->file);
}

/* jansson's parser does not always say that it failed for want of memory. */
static _Thread_local bool ran_out;

static void *allocate(size_t bytes) {
    void *memory = rh_alloc(bytes);
    if (memory == NULL)
        ran_out = true;
    return memory;
}

void rh_json_use_memory(void) {
    json_set_alloc_funcs(allocate, rh_free);
}

int rh_json_parse(const struct rh_json_place *place, const char *text, size_t bytes,
                  json_t **ret_object) {
    rh_assert(ret_object != NULL);
    ran_out = false;
    json_error_t problem;
    json_t *value = json_loadb(text != NULL ? text : "", bytes, JSON_REJECT_DUPLICATES, &problem);
    if (value == NULL && ran_out)
        return no_memory(place);
    if (value == NULL)
        return rh_fail(place->error, RH_ERR_FORMAT, "%s:%zu:%d: this is not JSON: %s", place->file,
                       place->line > 0 ? place->line : (size_t)problem.line, problem.column,
                       problem.text);
    if (!json_is_object(value)) {
        json_decref(value);
        return rh_fail(place->error, RH_ERR_FORMAT, "%s:%zu: expected a JSON object", place->file,
                       place->line > 0 ? place->line : 1);
    }
    *ret_object = value;
    return 0;
}

static const char *type_name(const json_t *value) {
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array",  [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    return names[json_typeof(value)];
}

static int get(const struct rh_json_place *place, const json_t *object, const char *key,
               const json_t **ret_value) {
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return rh_json_fail(place, RH_ERR_FORMAT, key, "is missing");
    *ret_value = value;
    return 0;
}

static int wrong_type(const struct rh_json_place *place, const char *key, const char *expected,
                      const json_t *value) {
    return rh_json_fail(place, RH_ERR_FORMAT, key, "must be %s, and is %s", expected,
                        type_name(value));
}

/* A number, or the digits of a large one. */
static int to_u64(const struct rh_json_place *place, const char *key, const json_t *value,
                  uint64_t *ret_value) {
    if (json_is_string(value)) {
        if (rh_parse_u64(json_string_value(value), ret_value) == 0)
            return 0;
        return rh_json_fail(place, RH_ERR_FORMAT, key, "must be a whole number, and is \"%.40s\"",
                            json_string_value(value));
    }
    if (!json_is_integer(value))
        return wrong_type(place, key, "a whole number", value);
    if (json_integer_value(value) < 0)
        return rh_json_fail(place, RH_ERR_FORMAT, key, "must not be negative, and is %lld",
                            (long long)json_integer_value(value));
    *ret_value = (uint64_t)json_integer_value(value);
    return 0;
}

static int to_figure(const struct rh_json_place *place, const char *key, const json_t *value,
                     uint64_t *ret_value) {
    if (!json_is_null(value))
        return to_u64(place, key, value, ret_value);
    *ret_value = UINT64_MAX;
    return 0;
}

int rh_json_get_u64(const struct rh_json_place *place, const json_t *object, const char *key,
                    uint64_t limit, uint64_t *ret_value) {
    const json_t *value = NULL;
    uint64_t number = 0;
    rh_try(get(place, object, key, &value));
    rh_try(to_u64(place, key, value, &number));
    if (number > limit)
        return rh_json_fail(place, RH_ERR_LIMIT, key,
                            "is %" PRIu64 ", and may be at most %" PRIu64 " here", number, limit);
    *ret_value = number;
    return 0;
}

int rh_json_get_figure(const struct rh_json_place *place, const json_t *object, const char *key,
                       uint64_t *ret_value) {
    const json_t *value = NULL;
    rh_try(get(place, object, key, &value));
    return to_figure(place, key, value, ret_value);
}

int rh_json_get_later_figure(const struct rh_json_place *place, const json_t *object,
                             const char *key, uint64_t *ret_value) {
    if (json_object_get(object, key) != NULL)
        return rh_json_get_figure(place, object, key, ret_value);
    *ret_value = UINT64_MAX;
    return 0;
}

int rh_json_get_u32(const struct rh_json_place *place, const json_t *object, const char *key,
                    uint32_t limit, uint32_t *ret_value) {
    uint64_t value = 0;
    rh_try(rh_json_get_u64(place, object, key, limit, &value));
    *ret_value = (uint32_t)value;
    return 0;
}

int rh_json_get_bool(const struct rh_json_place *place, const json_t *object, const char *key,
                     bool *ret_value) {
    const json_t *value = NULL;
    rh_try(get(place, object, key, &value));
    if (!json_is_boolean(value))
        return wrong_type(place, key, "true or false", value);
    *ret_value = json_is_true(value);
    return 0;
}

int rh_json_get_text(const struct rh_json_place *place, const json_t *object, const char *key,
                     char **ret_text) {
    const json_t *value = NULL;
    rh_try(get(place, object, key, &value));
    if (json_is_null(value)) {
        *ret_text = NULL;
        return 0;
    }
    if (!json_is_string(value))
        return wrong_type(place, key, "a string or null", value);
    char *copy = rh_strdup(json_string_value(value));
    if (copy == NULL)
        return no_memory(place);
    *ret_text = copy;
    return 0;
}

int rh_json_get_later_text(const struct rh_json_place *place, const json_t *object, const char *key,
                           char **ret_text) {
    if (json_object_get(object, key) != NULL)
        return rh_json_get_text(place, object, key, ret_text);
    *ret_text = NULL;
    return 0;
}

int rh_json_need_text(const struct rh_json_place *place, const json_t *object, const char *key,
                      char **ret_text) {
    char *text = NULL;
    rh_try(rh_json_get_text(place, object, key, &text));
    if (text == NULL)
        return rh_json_fail(place, RH_ERR_FORMAT, key, "must be a string, and is null");
    *ret_text = text;
    return 0;
}

int rh_json_get_buffer(const struct rh_json_place *place, const json_t *object, const char *key,
                       char *ret_buffer, size_t bytes) {
    const json_t *value = NULL;
    rh_try(get(place, object, key, &value));
    if (!json_is_string(value))
        return wrong_type(place, key, "a string", value);
    size_t length = json_string_length(value);
    if (length >= bytes)
        return rh_json_fail(place, RH_ERR_LIMIT, key, "has %zu bytes, and may have at most %zu",
                            length, bytes - 1);
    memcpy(ret_buffer, json_string_value(value), length + 1);
    return 0;
}

void rh_json_free_list(char **list) {
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        rh_free(list[i]);
    rh_free(list);
}

int rh_json_get_list(const struct rh_json_place *place, const json_t *object, const char *key,
                     size_t limit, char ***ret_list) {
    const json_t *array = NULL;
    rh_try(get(place, object, key, &array));
    if (json_is_null(array)) {
        *ret_list = NULL;
        return 0;
    }
    rh_try(rh_json_get_array(place, object, key, limit, &array));

    size_t count = json_array_size(array);
    char **list = rh_alloc_zeroed(count + 1, sizeof(*list));
    int result = list != NULL ? 0 : no_memory(place);
    for (size_t i = 0; result == 0 && i < count; i++) {
        const json_t *item = json_array_get(array, i);
        if (!json_is_string(item))
            result = wrong_type(place, key, "an array of strings", item);
        else if ((list[i] = rh_strdup(json_string_value(item))) == NULL)
            result = no_memory(place);
    }
    if (result < 0)
        rh_json_free_list(list);
    else
        *ret_list = list;
    return result;
}

static bool parse_hex(const char *digits, uint64_t *ret_value) {
    uint64_t value = 0;
    if (strlen(digits) != 16)
        return false;
    for (size_t i = 0; i < 16; i++) {
        static const char alphabet[] = "0123456789abcdef";
        const char *digit = strchr(alphabet, digits[i]);
        if (digit == NULL)
            return false;
        value = value << 4 | (uint64_t)(digit - alphabet);
    }
    *ret_value = value;
    return true;
}

int rh_json_get_hex(const struct rh_json_place *place, const json_t *object, const char *key,
                    uint64_t *ret_value) {
    const json_t *value = NULL;
    rh_try(get(place, object, key, &value));
    if (!json_is_string(value) || !parse_hex(json_string_value(value), ret_value))
        return rh_json_fail(place, RH_ERR_FORMAT, key,
                            "must be a string of 16 hexadecimal digits in lower case");
    return 0;
}

int rh_json_get_name(const struct rh_json_place *place, const json_t *object, const char *key,
                     const char *const *names, uint32_t *ret_index) {
    const json_t *value = NULL;
    rh_try(get(place, object, key, &value));
    if (!json_is_string(value))
        return wrong_type(place, key, "a string", value);
    for (uint32_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], json_string_value(value)) == 0) {
            *ret_index = i;
            return 0;
        }
    return rh_json_fail(place, RH_ERR_FORMAT, key, "does not know \"%.40s\"",
                        json_string_value(value));
}

int rh_json_get_array(const struct rh_json_place *place, const json_t *object, const char *key,
                      size_t limit, const json_t **ret_array) {
    const json_t *value = NULL;
    rh_try(get(place, object, key, &value));
    if (!json_is_array(value))
        return wrong_type(place, key, "an array", value);
    if (json_array_size(value) > limit)
        return rh_json_fail(place, RH_ERR_LIMIT, key, "has %zu entries, and may have at most %zu",
                            json_array_size(value), limit);
    *ret_array = value;
    return 0;
}

int rh_json_get_object(const struct rh_json_place *place, const json_t *object, const char *key,
                       const json_t **ret_object) {
    const json_t *value = NULL;
    rh_try(get(place, object, key, &value));
    if (!json_is_object(value))
        return wrong_type(place, key, "an object", value);
    *ret_object = value;
    return 0;
}

int rh_json_get_figures(const struct rh_json_place *place, const json_t *object, const char *key,
                        size_t limit, uint64_t *ret_values, size_t *ret_count) {
    const json_t *array = NULL;
    rh_try(rh_json_get_array(place, object, key, limit, &array));
    for (size_t i = 0; i < json_array_size(array); i++)
        rh_try(to_figure(place, key, json_array_get(array, i), &ret_values[i]));
    *ret_count = json_array_size(array);
    return 0;
}
