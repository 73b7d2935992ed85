/* emit.c - JSON text. */
#include "report/emit.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/assert.h"

/* A string literal of JSON. */
static void add_string(struct rh_text *text, const char *string) {
    rh_text_add(text, "\"");
    for (const char *next = string; *next != '\0'; next++) {
        unsigned char byte = (unsigned char)*next;
        bool separator =
            strncmp(next, "\xE2\x80\xA8", 3) == 0 || strncmp(next, "\xE2\x80\xA9", 3) == 0;
        if (separator) {
            rh_text_addf(text, "\\u20%02x", (unsigned)(unsigned char)next[2] - 0x80);
            next += 2;
        } else if (byte < 0x20 || strchr("<>&\x7F", byte) != NULL) {
            rh_text_addf(text, "\\u%04x", byte);
        } else {
            if (byte == '"' || byte == '\\')
                rh_text_add(text, "\\");
            rh_text_add_bytes(text, next, 1);
        }
    }
    rh_text_add(text, "\"");
}

static void start_value(struct rh_report_emitter *emitter, const char *key) {
    if (emitter->comma)
        rh_text_add(emitter->text, ",");
    emitter->comma = true;
    if (key == NULL)
        return;
    add_string(emitter->text, key);
    rh_text_add(emitter->text, ":");
}

void rh_report_open(struct rh_report_emitter *emitter, const char *key, char bracket) {
    rh_assert(bracket == '{' || bracket == '[');
    start_value(emitter, key);
    rh_text_add_bytes(emitter->text, &bracket, 1);
    emitter->comma = false;
}

void rh_report_close(struct rh_report_emitter *emitter, char bracket) {
    rh_assert(bracket == '}' || bracket == ']');
    rh_text_add_bytes(emitter->text, &bracket, 1);
    emitter->comma = true;
}

void rh_report_emit_text(struct rh_report_emitter *emitter, const char *key, const char *string) {
    start_value(emitter, key);
    if (string == NULL)
        rh_text_add(emitter->text, "null");
    else
        add_string(emitter->text, string);
}

void rh_report_emit_number(struct rh_report_emitter *emitter, const char *key, double value) {
    start_value(emitter, key);
    if (isfinite(value))
        rh_text_addf(emitter->text, "%.10g", value);
    else
        rh_text_add(emitter->text, "null");
}

void rh_report_emit_count(struct rh_report_emitter *emitter, const char *key, uint64_t value) {
    start_value(emitter, key);
    rh_text_addf(emitter->text, "%" PRIu64, value);
}

void rh_report_emit_figure(struct rh_report_emitter *emitter, const char *key, uint64_t value) {
    if (value == UINT64_MAX)
        rh_report_emit_text(emitter, key, NULL);
    else
        rh_report_emit_count(emitter, key, value);
}

void rh_report_emit_bool(struct rh_report_emitter *emitter, const char *key, bool value) {
    start_value(emitter, key);
    rh_text_add(emitter->text, value ? "true" : "false");
}

void rh_report_emit_list(struct rh_report_emitter *emitter, const char *key, char *const *list) {
    rh_report_open(emitter, key, '[');
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        rh_report_emit_text(emitter, NULL, list[i]);
    rh_report_close(emitter, ']');
}

void rh_report_emit_numbers(struct rh_report_emitter *emitter, const char *key,
                            const double *values, size_t count) {
    rh_report_open(emitter, key, '[');
    for (size_t i = 0; i < count; i++)
        rh_report_emit_number(emitter, NULL, values[i]);
    rh_report_close(emitter, ']');
}

void rh_report_emit_interval(struct rh_report_emitter *emitter, const char *key,
                             const struct rh_interval *interval) {
    if (interval->count == 0) {
        rh_report_emit_text(emitter, key, NULL);
        return;
    }
    rh_report_open(emitter, key, '{');
    rh_report_emit_number(emitter, "estimate", interval->estimate);
    rh_report_emit_number(emitter, "low", interval->low);
    rh_report_emit_number(emitter, "high", interval->high);
    rh_report_emit_number(emitter, "level", interval->level);
    rh_report_emit_count(emitter, "pairs", interval->count);
    rh_report_emit_bool(emitter, "exact", interval->exact);
    rh_report_close(emitter, '}');
}
