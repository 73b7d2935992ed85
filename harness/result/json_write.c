/* json_write.c - values to JSON. */
#include "result/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

/* Above this a double, which is what jq and JavaScript hold, skips integers. */
#define EXACT_LIMIT ((uint64_t)1 << 53)

static int append(const char *bytes, size_t count, void *data) {
    struct rh_text *text = data;
    rh_text_add_bytes(text, bytes, count);
    return text->failed != 0 ? -1 : 0;
}

int rh_json_dump(const json_t *value, size_t flags, struct rh_error *error,
                 struct rh_text *ret_text) {
    rh_assert(value != NULL);
    if (json_dump_callback(value, append, ret_text, flags) != 0)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a line of the result");
    return 0;
}

/* Length of the UTF-8 sequence at `text`, 0 when there is none (RFC 3629, section 4). */
static size_t sequence_length(const unsigned char *text) {
    unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                    : first >= 0xE0 && first <= 0xEF ? 3
                    : first >= 0xF0 && first <= 0xF4 ? 4
                                                     : 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (first == 0xE0 && text[1] < 0xA0) || (first == 0xF0 && text[1] < 0x90);
    bool surrogate = first == 0xED && text[1] >= 0xA0;
    bool beyond = first == 0xF4 && text[1] >= 0x90;
    return length > 0 && !overlong && !surrogate && !beyond ? length : 0;
}

/* File names and arguments are bytes; JSON is UTF-8. */
static json_t *cleaned_string(const char *text) {
    struct rh_text clean = {0};
    for (const unsigned char *next = (const unsigned char *)text; *next != '\0';) {
        size_t length = sequence_length(next);
        if (length > 0)
            rh_text_add_bytes(&clean, (const char *)next, length);
        else
            rh_text_add(&clean, "\xEF\xBF\xBD");
        next += length > 0 ? length : 1;
    }
    json_t *string = clean.failed == 0 ? json_string(rh_text_get(&clean)) : NULL;
    rh_text_finish(&clean);
    return string;
}

static json_t *string_of(const char *text) {
    json_t *string = json_string(text);
    return string != NULL ? string : cleaned_string(text);
}

static json_t *digits_of(uint64_t value) {
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRIu64, value);
    return json_string(digits);
}

static json_t *number_of(uint64_t value) {
    return value <= EXACT_LIMIT ? json_integer((json_int_t)value) : digits_of(value);
}

static json_t *figure_of(uint64_t value) {
    return value == UINT64_MAX ? json_null() : number_of(value);
}

void rh_json_put(struct rh_json_out *out, const char *key, json_t *value) {
    rh_assert(key != NULL);
    if (out->object == NULL) {
        json_decref(value);
        out->failed = true;
    } else if (value == NULL || json_object_set_new_nocheck(out->object, key, value) != 0) {
        out->failed = true;
    }
}

void rh_json_put_text(struct rh_json_out *out, const char *key, const char *text) {
    rh_json_put(out, key, text != NULL ? string_of(text) : json_null());
}

void rh_json_put_u64(struct rh_json_out *out, const char *key, uint64_t value) {
    rh_json_put(out, key, number_of(value));
}

void rh_json_put_figure(struct rh_json_out *out, const char *key, uint64_t value) {
    rh_json_put(out, key, figure_of(value));
}

void rh_json_put_bool(struct rh_json_out *out, const char *key, bool value) {
    rh_json_put(out, key, json_boolean(value));
}

void rh_json_put_digits(struct rh_json_out *out, const char *key, uint64_t value) {
    rh_json_put(out, key, digits_of(value));
}

void rh_json_put_hex(struct rh_json_out *out, const char *key, uint64_t value) {
    char digits[17];
    snprintf(digits, sizeof(digits), "%016" PRIx64, value);
    rh_json_put(out, key, json_string(digits));
}

void rh_json_put_list(struct rh_json_out *out, const char *key, char *const *list) {
    if (list == NULL) {
        rh_json_put(out, key, json_null());
        return;
    }
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && list[i] != NULL; i++)
        if (json_array_append_new(array, string_of(list[i])) != 0)
            out->failed = true;
    rh_json_put(out, key, array);
}

void rh_json_put_figures(struct rh_json_out *out, const char *key, const uint64_t *values,
                         size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < count; i++)
        if (json_array_append_new(array, figure_of(values[i])) != 0)
            out->failed = true;
    rh_json_put(out, key, array);
}
