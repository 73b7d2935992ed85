/* cut.c - a stretch, some threads, some sizes of a trace. */
#include <inttypes.h>
#include <stdbool.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/text.h"
#include "trace/tools/cut_internal.h"

/* ---- what is kept ---- */

static bool is_thread_chosen(const struct rh_cut *cut, uint32_t thread) {
    if (cut->threads == NULL)
        return true;
    for (size_t i = 0; i < cut->thread_count; i++)
        if (cut->threads[i] == thread)
            return true;
    return false;
}

static bool is_size_chosen(const struct rh_cut *cut, uint64_t size) {
    return size >= cut->min_bytes && size <= cut->max_bytes;
}

static bool has_size_condition(const struct rh_cut *cut) {
    return cut->min_bytes > 0 || cut->max_bytes != UINT64_MAX;
}

/* An event without an object. */
static bool is_bystander_kept(const struct rh_cutter *cutter, const struct rh_event *event) {
    if (event->kind == RH_EVENT_MARKER)
        return true;
    if (!cutter->threads.list[event->thread].chosen)
        return false;
    if (event->kind == RH_EVENT_FAILED)
        return is_size_chosen(cutter->cut, event->size);
    return !has_size_condition(cutter->cut);
}

/* ---- writing ---- */

static int write_event(struct rh_cutter *cutter, struct rh_event *event,
                       const struct rh_event *cause, struct rh_error *error) {
    event->time_ns = cause->time_ns - cutter->base_ns;
    event->flags = cause->flags;
    return rh_batch_add(&cutter->batch, event, error);
}

/* The number of the thread in the part; it starts now if it has none. */
static int number_thread(struct rh_cutter *cutter, const struct rh_event *cause,
                         struct rh_error *error, uint32_t *ret_number) {
    struct rh_tool_thread *thread = &cutter->threads.list[cause->thread];
    if (thread->number == RH_NO_THREAD) {
        struct rh_event start = rh_tool_threads_admit(&cutter->threads, cause->thread);
        rh_try(write_event(cutter, &start, cause, error));
    }
    *ret_number = thread->number;
    return 0;
}

static int write_object_event(struct rh_cutter *cutter, const struct rh_event *event, bool acquires,
                              uint64_t released, struct rh_error *error) {
    struct rh_event written = *event;
    bool releases = released != RH_NO_OBJECT;
    rh_try(number_thread(cutter, event, error, &written.thread));
    if (event->kind == RH_EVENT_REALLOC && !(acquires && releases)) {
        cutter->facts.reallocs_split++;
        written.kind = acquires ? RH_EVENT_MALLOC : RH_EVENT_FREE;
        written.size = acquires ? event->size : 0;
        written.align_log2 = acquires ? event->align_log2 : 0;
        if (acquires)
            written.touched_pages = RH_NO_TOUCHED;
    }
    written.released = released;
    written.acquired = acquires ? cutter->next_object++ : RH_NO_OBJECT;
    return write_event(cutter, &written, event, error);
}

/* ---- objects ---- */

/* Forgets the object if the event ends it; *ret_id is what it is called in the part. */
static int lose_object(struct rh_cutter *cutter, const struct rh_event *event,
                       struct rh_error *error, bool *ret_kept, uint64_t *ret_id) {
    const struct rh_cut_object *object = rh_live_find(&cutter->live, event->released);
    if (object == NULL)
        return rh_feed_fail_dead(&cutter->feed, event->released, error);
    *ret_kept = object->kept;
    *ret_id = object->id;
    if (!rh_event_releases(event->kind))
        return 0;
    return rh_live_remove(&cutter->live, event->released, error);
}

static int gain_object(struct rh_cutter *cutter, const struct rh_event *event, bool kept,
                       struct rh_error *error) {
    void *entry;
    rh_try(rh_live_add(&cutter->live, event->acquired, error, &entry));
    *(struct rh_cut_object *)entry = (struct rh_cut_object){
        .kept = kept,
        .id = kept && cutter->begun ? cutter->next_object : RH_NO_OBJECT,
        .size = event->size,
        .event = cutter->feed.index - 1,
        .thread = event->thread,
        .kind = event->kind,
        .align_log2 = event->align_log2,
    };
    return 0;
}

static int take_object_event(struct rh_cutter *cutter, const struct rh_event *event,
                             struct rh_error *error) {
    bool makes = rh_event_acquires(event->kind);
    bool acquires = makes && cutter->threads.list[event->thread].chosen &&
                    is_size_chosen(cutter->cut, event->size);
    bool had = false;
    uint64_t released = RH_NO_OBJECT;
    if (event->released != RH_NO_OBJECT)
        rh_try(lose_object(cutter, event, error, &had, &released));
    if (makes)
        rh_try(gain_object(cutter, event, acquires, error));
    if (!cutter->begun)
        return 0;
    if (!acquires && !had) {
        cutter->facts.events_left_out++;
        return 0;
    }
    return write_object_event(cutter, event, acquires, released, error);
}

/* ---- threads and the rest ---- */

static int take_thread_event(struct rh_cutter *cutter, const struct rh_event *event,
                             struct rh_error *error) {
    uint64_t index = cutter->feed.index - 1;
    if (event->kind == RH_EVENT_THREAD_START) {
        bool chosen = is_thread_chosen(cutter->cut, event->thread);
        rh_try(rh_tool_threads_start(&cutter->threads, event, index, chosen, error));
        if (!cutter->begun || !chosen)
            return 0;
        uint32_t number;
        return number_thread(cutter, event, error, &number);
    }
    struct rh_tool_thread *thread = &cutter->threads.list[event->thread];
    thread->end_event = index;
    if (!cutter->begun || thread->number == RH_NO_THREAD)
        return 0;
    struct rh_event written = *event;
    written.thread = thread->number;
    return write_event(cutter, &written, event, error);
}

static int take_bystander(struct rh_cutter *cutter, const struct rh_event *event,
                          struct rh_error *error) {
    if (!cutter->begun)
        return 0;
    if (!is_bystander_kept(cutter, event)) {
        cutter->facts.events_left_out++;
        return 0;
    }
    struct rh_event written = *event;
    rh_try(number_thread(cutter, event, error, &written.thread));
    return write_event(cutter, &written, event, error);
}

static int take(struct rh_cutter *cutter, const struct rh_event *event, struct rh_error *error) {
    if (event->kind == RH_EVENT_THREAD_START || event->kind == RH_EVENT_THREAD_END)
        return take_thread_event(cutter, event, error);
    if (event->acquired != RH_NO_OBJECT || event->released != RH_NO_OBJECT)
        return take_object_event(cutter, event, error);
    return take_bystander(cutter, event, error);
}

/* ---- the stretch ---- */

static bool is_before(const struct rh_cutter *cutter, const struct rh_event *event) {
    return cutter->feed.index - 1 < cutter->cut->from_event ||
           event->time_ns < cutter->cut->from_ns;
}

static bool is_behind(const struct rh_cutter *cutter, const struct rh_event *event) {
    return cutter->feed.index - 1 >= cutter->cut->to_event || event->time_ns >= cutter->cut->to_ns;
}

static int begin_stretch(struct rh_cutter *cutter, const struct rh_event *event,
                         struct rh_error *error) {
    cutter->begun = true;
    if (cutter->cut->from_ns > 0)
        cutter->base_ns = cutter->cut->from_ns;
    else if (cutter->cut->from_event > 0)
        cutter->base_ns = event->time_ns;
    return rh_cutter_write_prologue(cutter, error);
}

static int copy(struct rh_cutter *cutter, struct rh_error *error) {
    for (;;) {
        const struct rh_event *event = NULL;
        rh_try(rh_feed_next(&cutter->feed, error, &event));
        if (event == NULL || is_behind(cutter, event))
            return 0;
        cutter->facts.events_read++;
        if (!cutter->begun && !is_before(cutter, event))
            rh_try(begin_stretch(cutter, event, error));
        rh_try(take(cutter, event, error));
    }
}

/* ---- the whole ---- */

static void describe_cut(const struct rh_cut *cut, struct rh_text *text) {
    rh_text_add(text, "cut to");
    if (cut->from_event > 0 || cut->to_event != UINT64_MAX)
        rh_text_addf(text, " events from %" PRIu64, cut->from_event);
    if (cut->to_event != UINT64_MAX)
        rh_text_addf(text, " to %" PRIu64, cut->to_event);
    if (cut->from_ns > 0 || cut->to_ns != UINT64_MAX)
        rh_text_addf(text, " times from %" PRIu64 " ns", cut->from_ns);
    if (cut->to_ns != UINT64_MAX)
        rh_text_addf(text, " to %" PRIu64 " ns", cut->to_ns);
    if (has_size_condition(cut))
        rh_text_addf(text, " sizes from %" PRIu64, cut->min_bytes);
    if (cut->max_bytes != UINT64_MAX)
        rh_text_addf(text, " to %" PRIu64, cut->max_bytes);
    for (size_t i = 0; i < cut->thread_count; i++)
        rh_text_addf(text, "%s%u", i == 0 ? " threads " : ",", cut->threads[i]);
}

static int finish_part(struct rh_cutter *cutter, struct rh_error *error,
                       struct rh_trace_summary *ret_summary) {
    const struct rh_trace_meta *meta = rh_feed_meta(&cutter->feed);
    struct rh_trace_meta copied = {0};
    struct rh_text sentence = {0};
    describe_cut(cutter->cut, &sentence);
    int result = rh_tools_meta(meta, "cut of", rh_text_get(&sentence), error, &copied);
    rh_text_finish(&sentence);
    rh_trace_meta_forget_threads(&copied);
    if (result == 0)
        result = rh_tool_threads_name(&cutter->threads, meta, error, &copied);
    uint64_t end_ns =
        cutter->cut->to_ns < meta->duration_ns ? cutter->cut->to_ns : meta->duration_ns;
    copied.duration_ns = end_ns > cutter->base_ns ? end_ns - cutter->base_ns : 0;
    if (result == 0)
        result = rh_batch_finish(&cutter->batch, &copied, error, ret_summary);
    rh_trace_meta_finish(&copied);
    return result;
}

static int check_cut(const struct rh_cut *cut, const struct rh_trace_summary *summary,
                     struct rh_error *error) {
    for (size_t i = 0; i < cut->thread_count; i++)
        if (cut->threads[i] >= summary->threads)
            return rh_fail(error, RH_ERR_INVALID, "thread %u: the trace has threads 0 to %" PRIu64,
                           cut->threads[i], summary->threads - 1);
    if (cut->from_event >= cut->to_event || cut->from_ns >= cut->to_ns)
        return rh_fail(error, RH_ERR_INVALID, "the stretch ends where it begins");
    if (cut->min_bytes > cut->max_bytes)
        return rh_fail(error, RH_ERR_INVALID,
                       "no size is at least %" PRIu64 " and at most %" PRIu64, cut->min_bytes,
                       cut->max_bytes);
    return 0;
}

static int run(struct rh_cutter *cutter, const char *path, const char *out, struct rh_error *error,
               struct rh_trace_summary *ret_summary) {
    rh_try(rh_feed_open(&cutter->feed, path, error));
    rh_try(check_cut(cutter->cut, rh_feed_summary(&cutter->feed), error));
    rh_try(rh_batch_init(&cutter->batch, out, error));
    rh_try(copy(cutter, error));
    if (!cutter->begun)
        return rh_fail(error, RH_ERR_INVALID,
                       "%s: the trace ends before the stretch begins: it has "
                       "%" PRIu64 " events",
                       path, rh_feed_summary(&cutter->feed)->events);
    return finish_part(cutter, error, ret_summary);
}

int rh_trace_cut(const char *path, const struct rh_cut *cut, const char *out,
                 struct rh_error *error, struct rh_cut_facts *ret_facts,
                 struct rh_trace_summary *ret_summary) {
    struct rh_cutter *cutter = rh_alloc_zeroed(1, sizeof(*cutter));
    if (cutter == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory to cut %s", path);
    cutter->cut = cut;
    rh_live_init(&cutter->live, sizeof(struct rh_cut_object));
    int result = run(cutter, path, out, error, ret_summary);
    if (result == 0 && ret_facts != NULL)
        *ret_facts = cutter->facts;
    rh_live_finish(&cutter->live);
    rh_tool_threads_finish(&cutter->threads);
    rh_batch_destroy(&cutter->batch);
    rh_feed_close(&cutter->feed);
    rh_free(cutter);
    return result;
}
