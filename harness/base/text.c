/* text.c - strings and numbers. */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

static int reserve(struct rh_text *text, size_t more) {
    if (text->failed == 0 &&
        rh_grow((void **)&text->data, &text->capacity, text->length + more + 1, 1, NULL) < 0)
        text->failed = RH_ERR_MEMORY;
    return text->failed;
}

void rh_text_add_bytes(struct rh_text *text, const char *bytes, size_t count) {
    if (reserve(text, count) != 0)
        return;
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

void rh_text_add(struct rh_text *text, const char *string) {
    rh_text_add_bytes(text, string, strlen(string));
}

void rh_text_addf(struct rh_text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    rh_assert(length >= 0);
    if (reserve(text, (size_t)length) != 0)
        return;

    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

const char *rh_text_get(const struct rh_text *text) {
    return text->data != NULL ? text->data : "";
}

void rh_text_clear(struct rh_text *text) {
    text->length = 0;
    if (text->data != NULL)
        text->data[0] = '\0';
}

void rh_text_finish(struct rh_text *text) {
    rh_free(text->data);
    *text = (struct rh_text){0};
}

/* Digits at the start of `string`; *ret_rest points behind them. */
static int parse_digits(const char *string, uint64_t *ret_value, const char **ret_rest) {
    if (!isdigit((unsigned char)string[0]))
        return RH_ERR_INVALID;
    errno = 0;
    char *rest = NULL;
    unsigned long long value = strtoull(string, &rest, 10);
    if (errno != 0)
        return RH_ERR_INVALID;
    *ret_value = value;
    *ret_rest = rest;
    return 0;
}

int rh_parse_u64(const char *string, uint64_t *ret_value) {
    uint64_t value = 0;
    const char *rest = NULL;
    if (parse_digits(string, &value, &rest) < 0 || *rest != '\0')
        return RH_ERR_INVALID;
    *ret_value = value;
    return 0;
}

/* The power of two of a suffix, or -1. */
static int suffix_shift(const char *suffix) {
    if (suffix[0] == '\0' || strcmp(suffix, "B") == 0)
        return 0;
    static const char units[] = "KMGT";
    const char *unit = strchr(units, toupper((unsigned char)suffix[0]));
    const char *rest = suffix + 1;
    if (unit == NULL ||
        (strcmp(rest, "") != 0 && strcmp(rest, "B") != 0 && strcmp(rest, "iB") != 0))
        return -1;
    return 10 * (int)(unit - units + 1);
}

int rh_parse_bytes(const char *string, uint64_t *ret_bytes) {
    uint64_t value = 0;
    const char *rest = NULL;
    rh_try(parse_digits(string, &value, &rest));
    while (*rest == ' ')
        rest++;
    int shift = suffix_shift(rest);
    if (shift < 0 || value > (UINT64_MAX >> shift))
        return RH_ERR_INVALID;
    *ret_bytes = value << shift;
    return 0;
}

int rh_parse_double(const char *string, double *ret_value) {
    if (string[0] == '\0' || isspace((unsigned char)string[0]))
        return RH_ERR_INVALID;
    char *rest = NULL;
    double value = strtod(string, &rest);
    if (*rest != '\0' || !isfinite(value))
        return RH_ERR_INVALID;
    *ret_value = value;
    return 0;
}

/* `value` in the largest unit that leaves at least 1, with three significant digits. */
static const char *human(char *buffer, double value, double step, const char *const *units,
                         size_t unit_count) {
    size_t unit = 0;
    double magnitude = fabs(value);
    while (unit + 1 < unit_count && magnitude >= step * 0.9995) {
        magnitude /= step;
        unit++;
    }
    double scaled = value < 0 ? -magnitude : magnitude;
    int digits = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2;
    if (unit == 0 && scaled == floor(scaled))
        digits = 0;
    snprintf(buffer, RH_HUMAN_BYTES, "%.*f%s", digits, scaled, units[unit]);
    return buffer;
}

const char *rh_human_bytes(char buffer[RH_HUMAN_BYTES], double bytes) {
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    return human(buffer, bytes, 1024, units, 5);
}

const char *rh_human_ns(char buffer[RH_HUMAN_BYTES], double ns) {
    static const char *const units[] = {" ns", " us", " ms", " s"};
    return human(buffer, ns, 1000, units, 4);
}

const char *rh_human_count(char buffer[RH_HUMAN_BYTES], double count) {
    static const char *const units[] = {"", " k", " M", " G", " T"};
    return human(buffer, count, 1000, units, 5);
}

/* Levenshtein distance; words longer than 63 characters count as far away. */
static size_t edit_distance(const char *a, const char *b) {
    enum { MOST = 63 };
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    if (a_length > MOST || b_length > MOST)
        return SIZE_MAX;

    size_t row[MOST + 1];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_length];
}

const char *rh_text_nearest(const char *word, const char *const *list) {
    size_t limit = strlen(word) / 3;
    if (limit < 1)
        limit = 1;
    const char *nearest = NULL;
    for (size_t i = 0; list[i] != NULL; i++) {
        size_t distance = edit_distance(word, list[i]);
        if (distance <= limit) {
            limit = distance - (distance > 0);
            nearest = list[i];
        }
        if (distance == 0)
            return list[i];
    }
    return nearest;
}

bool rh_text_is_printable(const char *string) {
    for (const unsigned char *next = (const unsigned char *)string; *next != '\0'; next++)
        if (*next < ' ' || *next == 0x7f)
            return false;
    return true;
}

void rh_text_add_quoted(struct rh_text *text, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=.,/:@%";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        rh_text_add(text, word);
        return;
    }
    rh_text_add(text, "'");
    for (; *word != '\0'; word++)
        if (*word == '\'')
            rh_text_add(text, "'\\''");
        else
            rh_text_add_bytes(text, word, 1);
    rh_text_add(text, "'");
}
