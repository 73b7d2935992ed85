/* text_form.c - events to lines. The way back is importers/text.c. */
#include "trace/text_form.h"

#include <string.h>

#include <jansson.h>

#include "base/assert.h"
#include "trace/meta.h"

/* A line grows here; the longest event has under 200 bytes. */
struct line {
    size_t length;
    char data[256];
};

static void add_char(struct line *line, char c) {
    rh_assert(line->length < sizeof(line->data));
    line->data[line->length++] = c;
}

static void add_string(struct line *line, const char *string) {
    size_t length = strlen(string);
    rh_assert(length <= sizeof(line->data) - line->length);
    memcpy(line->data + line->length, string, length);
    line->length += length;
}

/* printf is half the time of a dump; this is not. */
static void add_number(struct line *line, uint64_t number) {
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count > 0)
        add_char(line, digits[--count]);
}

static void add_pair(struct line *line, const char *key, uint64_t number) {
    add_string(line, key);
    add_number(line, number);
}

static bool has_size(const struct rh_event *event) {
    return rh_event_acquires(event->kind) || event->kind == RH_EVENT_FAILED ||
           event->kind == RH_EVENT_FREE_SIZED;
}

static void add_details(struct line *line, const struct rh_event *event) {
    if (event->released != RH_NO_OBJECT)
        add_pair(line, " ", event->released);
    if (event->acquired != RH_NO_OBJECT)
        add_pair(line, " ", event->acquired);
    if (has_size(event))
        add_pair(line, " size=", event->size);
    if (event->align_log2 != 0)
        add_pair(line, " align=", UINT64_C(1) << event->align_log2);
    if (event->touched_pages != RH_NO_TOUCHED)
        add_pair(line, " touched=", event->touched_pages);
    if (event->parent != RH_NO_THREAD)
        add_pair(line, " parent=", event->parent);
    if (event->flags & RH_EVENT_PROLOGUE)
        add_string(line, " prologue");
}

void rh_text_form_event(const struct rh_event *event, bool timed, struct rh_text *ret_text) {
    struct line line;
    line.length = 0;
    if (timed)
        add_number(&line, event->time_ns);
    else
        add_char(&line, '-');
    add_pair(&line, " ", event->thread);
    add_char(&line, ' ');
    add_string(&line, rh_event_kind_name(event->kind));
    add_details(&line, event);
    add_char(&line, '\n');
    rh_text_add_bytes(ret_text, line.data, line.length);
}

int rh_text_form_head(const struct rh_trace_meta *meta, struct rh_error *error,
                      struct rh_text *ret_text) {
    struct rh_text pretty = {0};
    int result = rh_trace_meta_write(meta, error, &pretty);
    json_t *json = result == 0 ? json_loadb(pretty.data, pretty.length, 0, NULL) : NULL;
    rh_text_finish(&pretty);
    if (result < 0)
        return result;
    rh_text_add(ret_text, RH_TEXT_FORM_SIGNATURE "\nmeta ");
    result = rh_trace_json_dump(json, JSON_COMPACT, error, ret_text);
    json_decref(json);
    rh_text_add(ret_text, "\n");
    return result;
}
