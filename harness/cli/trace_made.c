/* trace_made.c - facts about a trace that was made. */
#include "cli/trace_made.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_COLUMNS = 26 };

static void begin(struct rh_made *made, const char *key) {
    if (made->json) {
        rh_text_addf(&made->text, "%s\n  \"%s\": ", made->text.length > 0 ? "," : "{", key);
        return;
    }
    char label[LABEL_COLUMNS + 1];
    snprintf(label, sizeof(label), "%s", key);
    for (char *letter = label; *letter != '\0'; letter++)
        if (*letter == '_')
            *letter = ' ';
    rh_text_addf(&made->text, "  %-*s", LABEL_COLUMNS, label);
}

static void end(struct rh_made *made) {
    if (!made->json)
        rh_text_add(&made->text, "\n");
}

/* 1234567 as 1,234,567. */
static void add_grouped(struct rh_text *text, uint64_t value) {
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, value);
    for (int i = 0; i < length; i++)
        rh_text_addf(text, "%s%c", i > 0 && (length - i) % 3 == 0 ? "," : "", digits[i]);
}

void rh_made_count(struct rh_made *made, const char *key, uint64_t value) {
    begin(made, key);
    if (made->json)
        rh_text_addf(&made->text, "%" PRIu64, value);
    else
        add_grouped(&made->text, value);
    end(made);
}

void rh_made_bytes(struct rh_made *made, const char *key, uint64_t value) {
    char human[RH_HUMAN_BYTES];
    begin(made, key);
    if (made->json)
        rh_text_addf(&made->text, "%" PRIu64, value);
    else
        rh_text_add(&made->text, rh_human_bytes(human, (double)value));
    end(made);
}

void rh_made_share(struct rh_made *made, const char *key, double value) {
    begin(made, key);
    rh_text_addf(&made->text, made->json ? "%.6f" : "%.2f %%", made->json ? value : 100 * value);
    end(made);
}

/* As RFC 8259 wants it: quotes, backslashes and control characters escaped. */
static void add_json_string(struct rh_text *text, const char *value) {
    rh_text_add(text, "\"");
    for (const unsigned char *byte = (const unsigned char *)value; *byte != '\0'; byte++) {
        if (*byte == '"' || *byte == '\\')
            rh_text_addf(text, "\\%c", *byte);
        else if (*byte < 0x20)
            rh_text_addf(text, "\\u%04x", *byte);
        else
            rh_text_add_bytes(text, (const char *)byte, 1);
    }
    rh_text_add(text, "\"");
}

void rh_made_text(struct rh_made *made, const char *key, const char *value) {
    begin(made, key);
    if (made->json)
        add_json_string(&made->text, value);
    else
        rh_text_add(&made->text, value);
    end(made);
}

void rh_made_flag(struct rh_made *made, const char *key, bool value) {
    begin(made, key);
    if (made->json)
        rh_text_add(&made->text, value ? "true" : "false");
    else
        rh_text_add(&made->text, value ? "yes" : "no");
    end(made);
}

void rh_made_list(struct rh_made *made, const char *key, const char *const *sentences) {
    for (size_t i = 0; sentences[i] != NULL; i++) {
        if (!made->json) {
            rh_made_text(made, i == 0 ? key : "", sentences[i]);
            continue;
        }
        if (i == 0)
            begin(made, key);
        rh_text_add(&made->text, i == 0 ? "[" : ", ");
        add_json_string(&made->text, sentences[i]);
    }
    if (made->json)
        rh_text_add(&made->text, "]");
}

void rh_made_trace(struct rh_made *made, const char *path, const struct rh_trace_summary *summary) {
    char hash[17];
    snprintf(hash, sizeof(hash), "%016" PRIx64, summary->content_hash);
    rh_made_text(made, "trace", path);
    rh_made_count(made, "events", summary->events);
    rh_made_count(made, "objects", summary->objects);
    rh_made_count(made, "threads", summary->threads);
    rh_made_bytes(made, made->json ? "peak_live_bytes" : "peak live", summary->peak_live_bytes);
    rh_made_bytes(made, made->json ? "end_live_bytes" : "live at the end", summary->end_live_bytes);
    rh_made_text(made, "content", hash);
}

int rh_made_print(struct rh_made *made, struct rh_error *error) {
    if (made->json)
        rh_text_add(&made->text, made->text.length > 0 ? "\n}\n" : "{}\n");
    int result = made->text.failed;
    if (result < 0)
        rh_fail(error, result, "no memory for the text");
    else
        fputs(rh_text_get(&made->text), stdout);
    rh_text_finish(&made->text);
    return result;
}
