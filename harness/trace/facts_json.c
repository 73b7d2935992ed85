/* facts_json.c - the facts for a program. */
#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "trace/facts.h"
#include "trace/meta.h"

/* A failed json_... gives NULL, which json_..._new refuses in turn: one flag at the end says
 * whether all is there. */
struct object {
    json_t *json;
    bool failed;
};

static void put(struct object *object, const char *key, json_t *value) {
    if (json_object_set_new(object->json, key, value) != 0)
        object->failed = true;
}

static void put_count(struct object *object, const char *key, uint64_t value) {
    put(object, key, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

static void append(struct object *object, json_t *array, json_t *value) {
    if (json_array_append_new(array, value) != 0)
        object->failed = true;
}

static json_t *meta_json(const struct rh_trace_meta *meta) {
    struct rh_text text = {0};
    json_t *json = NULL;
    if (rh_trace_meta_write(meta, NULL, &text) == 0)
        json = json_loadb(text.data, text.length, 0, NULL);
    rh_text_finish(&text);
    return json;
}

static json_t *kinds_json(const struct rh_facts *facts) {
    struct object kinds = {.json = json_object()};
    for (unsigned i = 0; i < RH_EVENT_KINDS; i++)
        put_count(&kinds, rh_event_kind_name(i), facts->summary.events_by_kind[i]);
    if (kinds.failed) {
        json_decref(kinds.json);
        return NULL;
    }
    return kinds.json;
}

/* {"from": smallest member, "count": n} for each class that is not empty. */
static json_t *histogram_json(struct object *parent, const uint64_t *counts) {
    json_t *array = json_array();
    for (size_t i = 0; i < RH_FACTS_CLASSES; i++) {
        if (counts[i] == 0)
            continue;
        struct object entry = {.json = json_object()};
        put_count(&entry, "from", i == 0 ? 0 : UINT64_C(1) << (i - 1));
        put_count(&entry, "count", counts[i]);
        parent->failed |= entry.failed;
        append(parent, array, entry.json);
    }
    return array;
}

static json_t *sizes_json(struct object *parent, const struct rh_facts *facts) {
    json_t *array = json_array();
    for (size_t i = 0; i < RH_FACTS_CLASSES; i++) {
        if (facts->sizes[i].objects == 0)
            continue;
        struct object entry = {.json = json_object()};
        put_count(&entry, "from", i == 0 ? 0 : UINT64_C(1) << (i - 1));
        put_count(&entry, "objects", facts->sizes[i].objects);
        put_count(&entry, "bytes", facts->sizes[i].bytes);
        parent->failed |= entry.failed;
        append(parent, array, entry.json);
    }
    return array;
}

static json_t *top_sizes_json(struct object *parent, const struct rh_facts *facts) {
    json_t *array = json_array();
    for (size_t i = 0; i < RH_FACTS_TOP_SIZES && facts->top_sizes[i].objects != 0; i++) {
        struct object entry = {.json = json_object()};
        put_count(&entry, "size", facts->top_sizes[i].size);
        put_count(&entry, "objects", facts->top_sizes[i].objects);
        parent->failed |= entry.failed;
        append(parent, array, entry.json);
    }
    return array;
}

static json_t *alignments_json(struct object *parent, const struct rh_facts *facts) {
    json_t *array = json_array();
    for (unsigned i = 1; i < 64; i++) {
        if (facts->alignments[i] == 0)
            continue;
        struct object entry = {.json = json_object()};
        put_count(&entry, "alignment", UINT64_C(1) << i);
        put_count(&entry, "objects", facts->alignments[i]);
        parent->failed |= entry.failed;
        append(parent, array, entry.json);
    }
    return array;
}

static json_t *threads_json(struct object *parent, const struct rh_facts *facts,
                            const struct rh_trace_meta *meta) {
    json_t *array = json_array();
    for (size_t i = 0; i < facts->threads_count; i++) {
        const struct rh_facts_thread *thread = &facts->threads[i];
        struct object entry = {.json = json_object()};
        const char *name = rh_trace_meta_thread_name(meta, (uint32_t)i);
        put_count(&entry, "thread", i);
        put(&entry, "name", name != NULL ? rh_trace_json_text(name) : json_null());
        put(&entry, "parent",
            thread->parent == RH_NO_THREAD ? json_null() : json_integer(thread->parent));
        put_count(&entry, "events", thread->events);
        put_count(&entry, "objects", thread->objects);
        put_count(&entry, "bytes", thread->bytes);
        put_count(&entry, "releases", thread->releases);
        put_count(&entry, "foreign_releases", thread->foreign_releases);
        put(&entry, "ended", json_boolean(thread->ended));
        parent->failed |= entry.failed;
        append(parent, array, entry.json);
    }
    return array;
}

static json_t *bins_json(struct object *parent, const struct rh_facts *facts) {
    json_t *array = json_array();
    uint64_t end = facts->timed ? facts->last_time_ns : facts->summary.events;
    for (uint64_t i = 0; i < RH_FACTS_BINS && i * facts->bin_width <= end; i++) {
        struct object entry = {.json = json_object()};
        put_count(&entry, "from", i * facts->bin_width);
        put_count(&entry, "events", facts->bins[i].events);
        put_count(&entry, "peak_live_bytes", facts->bins[i].peak_live_bytes);
        parent->failed |= entry.failed;
        append(parent, array, entry.json);
    }
    return array;
}

static void put_summary(struct object *object, const struct rh_facts *facts) {
    const struct rh_trace_summary *summary = &facts->summary;
    char hash[17];
    snprintf(hash, sizeof(hash), "%016" PRIx64, summary->content_hash);
    put(object, "content_hash", json_string(hash));
    put_count(object, "events", summary->events);
    put(object, "events_by_kind", kinds_json(facts));
    put_count(object, "objects", summary->objects);
    put_count(object, "allocated_bytes", summary->allocated_bytes);
    put_count(object, "peak_live_bytes", summary->peak_live_bytes);
    put_count(object, "peak_live_bytes_event", summary->peak_live_bytes_event);
    put_count(object, "peak_live_objects", summary->peak_live_objects);
    put_count(object, "end_live_bytes", summary->end_live_bytes);
    put_count(object, "end_live_objects", summary->end_live_objects);
    put_count(object, "cross_thread_releases", summary->cross_thread_releases);
}

static void put_all(struct object *object, const struct rh_facts *facts,
                    const struct rh_trace_meta *meta, const char *path, uint64_t file_bytes) {
    put(object, "path", rh_trace_json_text(path));
    put(object, "meta", meta_json(meta));
    put_count(object, "file_bytes", file_bytes);
    put_summary(object, facts);
    put(object, "timed", json_boolean(facts->timed));
    put_count(object, "last_time_ns", facts->last_time_ns);
    put_count(object, "prologue_objects", facts->prologue_objects);
    put_count(object, "looked_objects", facts->looked_objects);
    put_count(object, "looked_bytes", facts->looked_bytes);
    put_count(object, "resident_bytes", facts->resident_bytes);
    put_count(object, "thread_runs", facts->thread_runs);
    put(object, "threads", threads_json(object, facts, meta));
    put(object, "sizes", sizes_json(object, facts));
    put(object, "top_sizes", top_sizes_json(object, facts));
    put_count(object, "distinct_sizes", facts->distinct_sizes);
    put(object, "alignments", alignments_json(object, facts));
    put_count(object, "reallocs_grown", facts->grown);
    put_count(object, "reallocs_shrunk", facts->shrunk);
    put_count(object, "reallocs_same_size", facts->same_size);
    put_count(object, "reallocs_kept_bytes", facts->kept_bytes);
    put(object, "lifetimes_events", histogram_json(object, facts->lifetimes_events));
    put(object, "lifetimes_ns", histogram_json(object, facts->lifetimes_ns));
    put(object, "course", bins_json(object, facts));
}

int rh_facts_json(const struct rh_facts *facts, const struct rh_trace_meta *meta, const char *path,
                  uint64_t file_bytes, struct rh_error *error, struct rh_text *ret_text) {
    struct object object = {.json = json_object()};
    put_all(&object, facts, meta, path, file_bytes);
    int result = object.failed ? rh_fail(error, RH_ERR_MEMORY, "no memory for JSON")
                               : rh_trace_json_dump(object.json, JSON_INDENT(1), error, ret_text);
    rh_text_add(ret_text, "\n");
    json_decref(object.json);
    return result;
}
