/* rep.c - the malloc lab of CMU: "a ID BYTES", "r ID BYTES", "f ID" after a header of four numbers.
 *
 * A block keeps its id through realloc. There is one thread; there are no alignments, no times, and
 * no other calls. The header is that of 2016: weight, ids, operations, most bytes live. */
#include "base/assert.h"
#include "trace/exporters/exporter.h"
#include "trace/live.h"

/* A live object. */
struct object {
    uint64_t id; /* in the file */
};

struct writer {
    struct rh_export *export;
    struct rh_live live;
    uint64_t next_id;
};

static void write_header(struct rh_export *export) {
    const struct rh_trace_summary *summary = rh_feed_summary(&export->feed);
    uint64_t frees =
        summary->events_by_kind[RH_EVENT_FREE] + summary->events_by_kind[RH_EVENT_FREE_SIZED];
    const uint64_t numbers[] = {1, summary->objects - summary->events_by_kind[RH_EVENT_REALLOC],
                                summary->objects + frees, summary->peak_live_bytes};
    for (size_t i = 0; i < 4; i++) {
        rh_sink_decimal(&export->sink, numbers[i]);
        rh_sink_byte(&export->sink, '\n');
    }
}

static void write_line(struct rh_export *export, char letter, uint64_t id, const uint64_t *size) {
    rh_sink_byte(&export->sink, letter);
    rh_sink_byte(&export->sink, ' ');
    rh_sink_decimal(&export->sink, id);
    if (size != NULL) {
        rh_sink_byte(&export->sink, ' ');
        rh_sink_decimal(&export->sink, *size);
    }
    rh_sink_byte(&export->sink, '\n');
    export->facts.written++;
}

static void note_losses(struct rh_export_facts *facts, const struct rh_event *event) {
    facts->alignments_lost += event->align_log2 > 0 && rh_event_acquires(event->kind);
    if (event->kind != RH_EVENT_MALLOC && event->kind != RH_EVENT_REALLOC &&
        event->kind != RH_EVENT_FREE)
        facts->changed_kinds[event->kind]++;
}

static int take_released(struct writer *writer, uint64_t object, struct rh_error *error,
                         uint64_t *ret_id) {
    const struct object *found = rh_live_find(&writer->live, object);
    if (found == NULL)
        return rh_feed_fail_dead(&writer->export->feed, object, error);
    *ret_id = found->id;
    return rh_live_remove(&writer->live, object, error);
}

static int write_event(struct writer *writer, const struct rh_event *event,
                       struct rh_error *error) {
    struct rh_export *export = writer->export;
    bool acquires = rh_event_acquires(event->kind);
    bool releases = rh_event_releases(event->kind);
    if (!acquires && !releases) {
        if (event->kind != RH_EVENT_THREAD_START && event->kind != RH_EVENT_THREAD_END)
            rh_export_drop(export, event);
        return 0;
    }
    note_losses(&export->facts, event);
    uint64_t id = writer->next_id;
    if (releases)
        rh_try(take_released(writer, event->released, error, &id));
    else
        writer->next_id++;
    if (acquires) {
        void *entry;
        rh_try(rh_live_add(&writer->live, event->acquired, error, &entry));
        *(struct object *)entry = (struct object){.id = id};
    }
    write_line(export, !acquires ? 'f' : releases ? 'r' : 'a', id, acquires ? &event->size : NULL);
    return export->sink.failed;
}

static int write_all(struct writer *writer, struct rh_error *error) {
    write_header(writer->export);
    for (;;) {
        const struct rh_event *event = NULL;
        rh_try(rh_feed_next(&writer->export->feed, error, &event));
        if (event == NULL)
            return 0;
        rh_try(write_event(writer, event, error));
    }
}

static int run(struct rh_export *export, struct rh_error *error) {
    struct writer writer = {.export = export};
    rh_live_init(&writer.live, sizeof(struct object));
    int result = write_all(&writer, error);
    rh_live_finish(&writer.live);
    export->facts.threads_lost = rh_feed_summary(&export->feed)->threads > 1;
    export->facts.times_lost = rh_feed_meta(&export->feed)->time_quantum_ns > 0;
    return result;
}

const struct rh_exporter rh_exporter_rep = {"rep", "CMU malloc lab (.rep): one thread, sizes only",
                                            run};
