/* objects.c - a flat table, one line an object, as CSV (RFC 4180) with a header.
 *
 * Lines come when an object dies; those that are live at the end come last, by id. A realloc ends
 * one object and begins another. What is not known is empty. */
#include <stdlib.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/exporters/exporter.h"
#include "trace/live.h"

struct object {
    uint64_t size;
    uint64_t event, time_ns; /* of its birth */
    uint32_t thread;
    uint8_t kind, align_log2;
};

struct writer {
    struct rh_export *export;
    struct rh_live live;
    bool timed;
    uint64_t *ids; /* of those that are live at the end */
    size_t id_count;
};

static void write_birth(struct writer *writer, uint64_t id, const struct object *object) {
    struct rh_sink *sink = &writer->export->sink;
    rh_sink_decimal(sink, id);
    rh_sink_byte(sink, ',');
    rh_sink_decimal(sink, object->size);
    rh_sink_byte(sink, ',');
    if (object->align_log2 > 0)
        rh_sink_decimal(sink, UINT64_C(1) << object->align_log2);
    rh_sink_byte(sink, ',');
    rh_sink_text(sink, rh_event_kind_name(object->kind));
    rh_sink_byte(sink, ',');
    rh_sink_decimal(sink, object->thread);
    rh_sink_byte(sink, ',');
    rh_sink_decimal(sink, object->event);
    rh_sink_byte(sink, ',');
    if (writer->timed)
        rh_sink_decimal(sink, object->time_ns);
    writer->export->facts.written++;
}

static void write_death(struct writer *writer, const struct rh_event *event) {
    struct rh_sink *sink = &writer->export->sink;
    rh_sink_byte(sink, ',');
    rh_sink_text(sink, rh_event_kind_name(event->kind));
    rh_sink_byte(sink, ',');
    rh_sink_decimal(sink, event->thread);
    rh_sink_byte(sink, ',');
    rh_sink_decimal(sink, writer->export->feed.index - 1);
    rh_sink_byte(sink, ',');
    if (writer->timed)
        rh_sink_decimal(sink, event->time_ns);
    rh_sink_byte(sink, ',');
    if (event->touched_pages != RH_NO_TOUCHED)
        rh_sink_decimal(sink, event->touched_pages);
    rh_sink_text(sink, "\r\n");
}

static int take(struct writer *writer, const struct rh_event *event, struct rh_error *error) {
    if (rh_event_releases(event->kind)) {
        const struct object *object = rh_live_find(&writer->live, event->released);
        if (object == NULL)
            return rh_feed_fail_dead(&writer->export->feed, event->released, error);
        write_birth(writer, event->released, object);
        write_death(writer, event);
        rh_try(rh_live_remove(&writer->live, event->released, error));
    }
    if (rh_event_acquires(event->kind)) {
        void *entry;
        rh_try(rh_live_add(&writer->live, event->acquired, error, &entry));
        *(struct object *)entry = (struct object){.size = event->size,
                                                  .event = writer->export->feed.index - 1,
                                                  .time_ns = event->time_ns,
                                                  .thread = event->thread,
                                                  .kind = event->kind,
                                                  .align_log2 = event->align_log2};
    }
    return writer->export->sink.failed;
}

static int note_id(uint64_t id, void *entry, void *context) {
    struct writer *writer = context;
    (void)entry;
    writer->ids[writer->id_count++] = id;
    return 0;
}

static int compare_ids(const void *a, const void *b) {
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

static int write_survivors(struct writer *writer, struct rh_error *error) {
    writer->ids = rh_alloc_zeroed(writer->live.count, sizeof(*writer->ids));
    if (writer->ids == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu ids", writer->live.count);
    rh_live_visit(&writer->live, note_id, writer);
    qsort(writer->ids, writer->id_count, sizeof(*writer->ids), compare_ids);
    for (size_t i = 0; i < writer->id_count; i++) {
        write_birth(writer, writer->ids[i], rh_live_find(&writer->live, writer->ids[i]));
        rh_sink_text(&writer->export->sink, ",,,,,\r\n");
    }
    rh_free(writer->ids);
    return 0;
}

static int write_all(struct writer *writer, struct rh_error *error) {
    rh_sink_text(&writer->export->sink,
                 "id,size_bytes,align_bytes,birth_call,birth_thread,birth_event,birth_ns,"
                 "death_call,death_thread,death_event,death_ns,touched_pages\r\n");
    for (;;) {
        const struct rh_event *event = NULL;
        rh_try(rh_feed_next(&writer->export->feed, error, &event));
        if (event == NULL)
            return write_survivors(writer, error);
        rh_try(take(writer, event, error));
    }
}

static int run(struct rh_export *export, struct rh_error *error) {
    struct writer writer = {.export = export,
                            .timed = rh_feed_meta(&export->feed)->time_quantum_ns > 0};
    rh_live_init(&writer.live, sizeof(struct object));
    int result = write_all(&writer, error);
    rh_live_finish(&writer.live);
    return result;
}

const struct rh_exporter rh_exporter_objects = {
    "csv", "CSV, one line an object: size, alignment, birth and death", run};
