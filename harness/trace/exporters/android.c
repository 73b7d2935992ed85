/* android.c - Android's memory traces: "TID: CALL POINTER ARGUMENTS [START END [PRESENT]]".
 *
 * Pointers are made from object ids, so that none is ever used again. A call takes no time: START
 * is END. PRESENT is what of a block was resident when it was released. */
#include <string.h>

#include "base/assert.h"
#include "trace/exporters/exporter.h"
#include "trace/live.h"

enum { FIRST_TID = 1000, PAGE_BYTES = 4096 };

/* An address that no other object has. */
static uint64_t pointer_of(uint64_t object) {
    return (object + 0x10000) << 4;
}

struct object {
    uint64_t size;
};

struct writer {
    struct rh_export *export;
    struct rh_live live;
    bool timed;
};

static void write_head(struct rh_sink *sink, const struct rh_event *event, const char *call,
                       uint64_t pointer) {
    rh_sink_decimal(sink, (uint64_t)event->thread + FIRST_TID);
    rh_sink_text(sink, ": ");
    rh_sink_text(sink, call);
    rh_sink_byte(sink, ' ');
    rh_sink_hex(sink, pointer);
}

static void write_number(struct rh_sink *sink, uint64_t number) {
    rh_sink_byte(sink, ' ');
    rh_sink_decimal(sink, number);
}

/* `present`: NULL where nothing is released, or nothing is known. */
static void end_line(struct writer *writer, const struct rh_event *event, const uint64_t *present) {
    struct rh_sink *sink = &writer->export->sink;
    if (writer->timed || present != NULL) {
        write_number(sink, event->time_ns);
        write_number(sink, event->time_ns);
    }
    if (present != NULL)
        write_number(sink, *present);
    rh_sink_byte(sink, '\n');
    writer->export->facts.written++;
}

static void write_acquisition(struct writer *writer, const struct rh_event *event) {
    struct rh_sink *sink = &writer->export->sink;
    uint64_t pointer = pointer_of(event->acquired);
    if (event->align_log2 > 0) {
        write_head(sink, event, "memalign", pointer);
        write_number(sink, UINT64_C(1) << event->align_log2);
    } else if (event->kind == RH_EVENT_CALLOC) {
        write_head(sink, event, "calloc", pointer);
        write_number(sink, 1);
    } else {
        write_head(sink, event, "malloc", pointer);
    }
    write_number(sink, event->size);
    end_line(writer, event, NULL);
    bool kept = event->kind == RH_EVENT_MALLOC || event->kind == RH_EVENT_CALLOC ||
                (event->kind == RH_EVENT_ALIGNED && event->align_log2 > 0);
    writer->export->facts.changed_kinds[event->kind] += !kept;
}

/* What was resident, or NULL in *ret_known if that was not recorded. */
static uint64_t present_bytes(const struct rh_event *event, uint64_t size) {
    uint64_t bytes = (uint64_t)event->touched_pages * PAGE_BYTES;
    return bytes < size ? bytes : size;
}

static int write_release(struct writer *writer, const struct rh_event *event,
                         struct rh_error *error) {
    struct rh_sink *sink = &writer->export->sink;
    const struct object *object = rh_live_find(&writer->live, event->released);
    if (object == NULL)
        return rh_feed_fail_dead(&writer->export->feed, event->released, error);
    uint64_t present = present_bytes(event, object->size);
    rh_try(rh_live_remove(&writer->live, event->released, error));
    if (event->kind == RH_EVENT_REALLOC) {
        write_head(sink, event, "realloc", pointer_of(event->acquired));
        rh_sink_byte(sink, ' ');
        rh_sink_hex(sink, pointer_of(event->released));
        write_number(sink, event->size);
        writer->export->facts.alignments_lost += event->align_log2 > 0;
    } else {
        write_head(sink, event, "free", pointer_of(event->released));
        writer->export->facts.changed_kinds[event->kind] += event->kind == RH_EVENT_FREE_SIZED;
    }
    end_line(writer, event, event->touched_pages != RH_NO_TOUCHED ? &present : NULL);
    return 0;
}

static int remember(struct writer *writer, const struct rh_event *event, struct rh_error *error) {
    void *entry;
    rh_try(rh_live_add(&writer->live, event->acquired, error, &entry));
    *(struct object *)entry = (struct object){.size = event->size};
    return 0;
}

static int write_event(struct writer *writer, const struct rh_event *event,
                       struct rh_error *error) {
    struct rh_sink *sink = &writer->export->sink;
    if (rh_event_releases(event->kind)) {
        rh_try(write_release(writer, event, error));
    } else if (rh_event_acquires(event->kind)) {
        write_acquisition(writer, event);
    } else if (event->kind == RH_EVENT_FREE_NULL) {
        write_head(sink, event, "free", 0);
        end_line(writer, event, NULL);
    } else if (event->kind == RH_EVENT_THREAD_END) {
        write_head(sink, event, "thread_done", 0);
        if (writer->timed)
            write_number(sink, event->time_ns);
        rh_sink_byte(sink, '\n');
        writer->export->facts.written++;
    } else if (event->kind != RH_EVENT_THREAD_START) {
        rh_export_drop(writer->export, event);
    }
    if (rh_event_acquires(event->kind))
        rh_try(remember(writer, event, error));
    return sink->failed;
}

static int write_all(struct writer *writer, struct rh_error *error) {
    for (;;) {
        const struct rh_event *event = NULL;
        rh_try(rh_feed_next(&writer->export->feed, error, &event));
        if (event == NULL)
            return 0;
        rh_try(write_event(writer, event, error));
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

const struct rh_exporter rh_exporter_android = {
    "android", "Android memory trace (text): threads, times, alignments", run};
