/* scale.c - copies, sizes, lifetimes. */
#include "trace/tools/scale.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/text.h"
#include "trace/live.h"
#include "trace/tools/batch.h"
#include "trace/tools/delayed.h"
#include "trace/tools/fates.h"
#include "trace/tools/feed.h"

enum { PAGE_BYTES = 4096 };

/* Times end where the format ends. */
static const uint64_t TIME_MOST_NS = UINT64_C(1) << 62;

/* A live object: when it was born, and how large it is in what is written. */
struct object {
    struct rh_moment birth;
    uint64_t size;
};

struct scaler {
    const struct rh_scale *scale;
    struct rh_feed feed;
    struct rh_batch batch;
    struct rh_live live;
    struct rh_delayed delayed;
    struct rh_fates fates; /* for a lifetime factor below 1 */
    struct rh_scale_facts facts;
    uint64_t time_ns;    /* of the last event written */
    uint64_t quantum_ns; /* of the times; 0: none */
};

static bool is_free(const struct rh_event *event) {
    return event->kind == RH_EVENT_FREE || event->kind == RH_EVENT_FREE_SIZED;
}

/* ---- sizes and copies ---- */

static uint64_t scale_size(const struct rh_scale *scale, uint64_t size) {
    if (size == 0 || scale->sizes == 1)
        return size;
    long double scaled = rintl((long double)size * (long double)scale->sizes);
    if (scaled >= (long double)UINT64_MAX)
        return UINT64_MAX;
    return scaled < 1 ? 1 : (uint64_t)scaled;
}

/* As many of its pages as before, in proportion, but not more than a block of the size can touch.
 */
static uint32_t scale_touched(const struct rh_scale *scale, uint32_t pages, uint64_t size) {
    if (pages == RH_NO_TOUCHED || scale->sizes == 1)
        return pages;
    double scaled = ceil(pages * scale->sizes);
    double most = floor(((double)size + PAGE_BYTES - 2) / PAGE_BYTES) + 1;
    if (scaled > most)
        scaled = size > 0 ? most : 0;
    return scaled < (double)RH_NO_TOUCHED ? (uint32_t)scaled : RH_NO_TOUCHED - 1;
}

/* Object o and thread t of copy c become o * copies + c and t * copies + c: as all copies make the
 * same events one after the other, both stay dense. */
static void number_copy(struct rh_event *event, uint32_t copies, uint32_t copy) {
    event->thread = event->thread * copies + copy;
    if (event->acquired != RH_NO_OBJECT)
        event->acquired = event->acquired * copies + copy;
    if (event->released != RH_NO_OBJECT)
        event->released = event->released * copies + copy;
    if (event->parent != RH_NO_THREAD)
        event->parent = event->parent * copies + copy;
    else if (event->kind == RH_EVENT_THREAD_START && copy > 0)
        event->parent = event->thread - copy; /* the first copy's thread starts the others */
}

static int write_copies(struct scaler *scaler, const struct rh_event *event,
                        struct rh_error *error) {
    scaler->time_ns = event->time_ns;
    for (uint32_t copy = 0; copy < scaler->scale->copies; copy++) {
        struct rh_event written = *event;
        number_copy(&written, scaler->scale->copies, copy);
        rh_try(rh_batch_add(&scaler->batch, &written, error));
    }
    return 0;
}

/* ---- lifetimes ---- */

static uint64_t stretch(uint64_t from, uint64_t to, double factor) {
    rh_assert(from <= to);
    long double length = (long double)(to - from) * (long double)factor;
    if (length >= (long double)(TIME_MOST_NS - from))
        return TIME_MOST_NS;
    return from + (uint64_t)length;
}

static struct rh_moment new_death(const struct scaler *scaler, struct rh_moment birth,
                                  struct rh_moment death) {
    double factor = scaler->scale->lifetimes;
    struct rh_moment moved = {.time_ns = stretch(birth.time_ns, death.time_ns, factor),
                              .event = stretch(birth.event, death.event, factor)};
    if (factor != 1 && scaler->quantum_ns > 0)
        moved.time_ns -= moved.time_ns % scaler->quantum_ns;
    return moved.time_ns < birth.time_ns ? birth : moved;
}

/* Its thread makes the free at `due`. */
static int delay(struct scaler *scaler, const struct rh_event *event, struct rh_moment birth,
                 struct rh_moment death, struct rh_error *error) {
    struct rh_moment due = new_death(scaler, birth, death);
    scaler->facts.frees_moved += due.time_ns != death.time_ns || due.event != death.event;
    return rh_delayed_add(&scaler->delayed, event, due, error);
}

static int write_free(struct scaler *scaler, const struct rh_delayed_entry *entry,
                      struct rh_error *error) {
    struct rh_event event = entry->event;
    const struct object *object = rh_live_find(&scaler->live, event.released);
    if (object == NULL)
        return rh_feed_fail_dead(&scaler->feed, event.released, error);
    event.time_ns = entry->due.time_ns > scaler->time_ns ? entry->due.time_ns : scaler->time_ns;
    event.size = scale_size(scaler->scale, event.size);
    event.touched_pages = scale_touched(scaler->scale, event.touched_pages, object->size);
    rh_try(rh_live_remove(&scaler->live, event.released, error));
    return write_copies(scaler, &event, error);
}

static int write_due(struct scaler *scaler, struct rh_moment now, struct rh_error *error) {
    struct rh_delayed_entry entry;
    while (rh_delayed_take(&scaler->delayed, now, &entry))
        rh_try(write_free(scaler, &entry, error));
    return 0;
}

/* ---- events that are read ---- */

static int take_birth(struct scaler *scaler, const struct rh_event *event, struct rh_moment now,
                      struct rh_error *error) {
    uint64_t size = scale_size(scaler->scale, event->size);
    if (size > RH_TRACE_SIZE_MAX_BYTES)
        return rh_fail(error, RH_ERR_LIMIT,
                       "event %" PRIu64 ": %" PRIu64
                       " bytes times %g is more than an object can have",
                       now.event, event->size, scaler->scale->sizes);
    void *entry;
    rh_try(rh_live_add(&scaler->live, event->acquired, error, &entry));
    *(struct object *)entry = (struct object){.birth = now, .size = size};
    if (!scaler->fates.used || scaler->fates.list[event->acquired].event == 0)
        return 0;
    const struct rh_fate *fate = &scaler->fates.list[event->acquired];
    struct rh_event death = rh_event_blank(fate->kind);
    death.released = event->acquired;
    death.size = fate->size;
    death.align_log2 = fate->align_log2;
    death.thread = fate->thread;
    death.touched_pages = fate->touched_pages;
    return delay(scaler, &death, now,
                 (struct rh_moment){.time_ns = fate->time_ns, .event = fate->event}, error);
}

static int take_free(struct scaler *scaler, const struct rh_event *event, struct rh_moment now,
                     struct rh_error *error) {
    if (scaler->fates.used)
        return 0; /* known since its birth */
    const struct object *object = rh_live_find(&scaler->live, event->released);
    if (object == NULL)
        return rh_feed_fail_dead(&scaler->feed, event->released, error);
    return delay(scaler, event, object->birth, now, error);
}

/* realloc: the end of one object and the birth of the next. */
static int take_object_event(struct scaler *scaler, const struct rh_event *event,
                             struct rh_moment now, struct rh_error *error) {
    struct rh_event written = *event;
    if (event->released != RH_NO_OBJECT) {
        const struct object *object = rh_live_find(&scaler->live, event->released);
        if (object == NULL)
            return rh_feed_fail_dead(&scaler->feed, event->released, error);
        written.touched_pages = scale_touched(scaler->scale, event->touched_pages, object->size);
        rh_try(rh_live_remove(&scaler->live, event->released, error));
    }
    written.size = scale_size(scaler->scale, event->size);
    rh_try(take_birth(scaler, event, now, error));
    return write_copies(scaler, &written, error);
}

static int take_thread_start(struct scaler *scaler, const struct rh_event *event,
                             struct rh_error *error) {
    uint64_t most = RH_NO_THREAD / scaler->scale->copies;
    if (event->thread >= most)
        return rh_fail(error, RH_ERR_LIMIT, "more than %" PRIu64 " threads", most);
    rh_try(write_copies(scaler, event, error));
    return rh_delayed_start(&scaler->delayed, event->thread, error);
}

static int take_thread_end(struct scaler *scaler, const struct rh_event *event,
                           struct rh_error *error) {
    struct rh_delayed_entry entry;
    while (rh_delayed_take_of(&scaler->delayed, event->thread, &entry)) {
        entry.due.time_ns = event->time_ns;
        rh_try(write_free(scaler, &entry, error));
    }
    return write_copies(scaler, event, error);
}

static int take(struct scaler *scaler, const struct rh_event *event, struct rh_error *error) {
    struct rh_moment now = {.time_ns = event->time_ns, .event = scaler->feed.index - 1};
    if (!(event->flags & RH_EVENT_PROLOGUE))
        rh_try(write_due(scaler, now, error));
    if (is_free(event))
        return take_free(scaler, event, now, error);
    if (rh_event_acquires(event->kind))
        return take_object_event(scaler, event, now, error);
    if (event->kind == RH_EVENT_THREAD_START)
        return take_thread_start(scaler, event, error);
    if (event->kind == RH_EVENT_THREAD_END)
        return take_thread_end(scaler, event, error);
    struct rh_event written = *event;
    if (event->kind == RH_EVENT_FAILED)
        written.size = scale_size(scaler->scale, event->size);
    if (rh_event_refers(event->kind)) {
        const struct object *object = rh_live_find(&scaler->live, event->released);
        if (object == NULL) {
            scaler->facts.usable_dropped += scaler->scale->copies;
            return 0;
        }
        written.touched_pages = scale_touched(scaler->scale, event->touched_pages, object->size);
    }
    return write_copies(scaler, &written, error);
}

/* ---- the whole ---- */

static int take_all(struct scaler *scaler, struct rh_error *error) {
    const struct rh_event *event = NULL;
    for (;;) {
        rh_try(rh_feed_next(&scaler->feed, error, &event));
        if (event == NULL)
            break;
        rh_try(take(scaler, event, error));
    }
    return write_due(scaler, (struct rh_moment){UINT64_MAX, UINT64_MAX}, error);
}

/* Each copy of a thread has its name. */
static int name_threads(const struct rh_trace_meta *from, uint32_t copies, struct rh_error *error,
                        struct rh_trace_meta *to) {
    rh_trace_meta_forget_threads(to);
    for (size_t thread = from->thread_names_count; thread-- > 0;)
        for (uint32_t copy = 0; copy < copies; copy++)
            rh_try(rh_trace_meta_name_thread(to, (uint32_t)thread * copies + copy,
                                             from->thread_names[thread], error));
    return 0;
}

static int finish_trace(struct scaler *scaler, struct rh_error *error,
                        struct rh_trace_summary *ret_summary) {
    const struct rh_scale *scale = scaler->scale;
    const struct rh_trace_meta *meta = rh_feed_meta(&scaler->feed);
    struct rh_trace_meta copied = {0};
    char sentence[96];
    snprintf(sentence, sizeof(sentence), "scaled: %u copies, sizes x %g, lifetimes x %g",
             scale->copies, scale->sizes, scale->lifetimes);
    rh_try(rh_tools_meta(meta, "scale of", sentence, error, &copied));
    if (copied.duration_ns < scaler->time_ns)
        copied.duration_ns = scaler->time_ns;
    int result = name_threads(meta, scale->copies, error, &copied);
    if (result == 0)
        result = rh_batch_finish(&scaler->batch, &copied, error, ret_summary);
    rh_trace_meta_finish(&copied);
    return result;
}

static int run(struct scaler *scaler, const char *path, const char *out, struct rh_error *error,
               struct rh_trace_summary *ret_summary) {
    rh_try(rh_feed_open(&scaler->feed, path, error));
    scaler->quantum_ns = rh_feed_meta(&scaler->feed)->time_quantum_ns;
    if (scaler->scale->lifetimes < 1)
        rh_try(rh_fates_init(&scaler->fates, &scaler->feed, out, error));
    rh_try(rh_batch_init(&scaler->batch, out, error));
    rh_try(take_all(scaler, error));
    return finish_trace(scaler, error, ret_summary);
}

static int check_scale(const struct rh_scale *scale, struct rh_error *error) {
    if (scale->copies == 0 || scale->copies > RH_SCALE_COPIES_MOST)
        return rh_fail(error, RH_ERR_INVALID, "%u copies: use 1 to %d", scale->copies,
                       RH_SCALE_COPIES_MOST);
    if (!(scale->sizes > 0 && scale->sizes <= RH_SCALE_FACTOR_MOST))
        return rh_fail(error, RH_ERR_INVALID, "sizes times %g: use a factor above 0, up to %d",
                       scale->sizes, RH_SCALE_FACTOR_MOST);
    if (!(scale->lifetimes >= 0 && scale->lifetimes <= RH_SCALE_FACTOR_MOST))
        return rh_fail(error, RH_ERR_INVALID, "lifetimes times %g: use a factor from 0 to %d",
                       scale->lifetimes, RH_SCALE_FACTOR_MOST);
    return 0;
}

int rh_trace_scale(const char *path, const struct rh_scale *scale, const char *out,
                   struct rh_error *error, struct rh_scale_facts *ret_facts,
                   struct rh_trace_summary *ret_summary) {
    rh_try(check_scale(scale, error));
    struct scaler *scaler = rh_alloc_zeroed(1, sizeof(*scaler));
    if (scaler == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory to scale %s", path);
    scaler->scale = scale;
    rh_live_init(&scaler->live, sizeof(struct object));
    int result = run(scaler, path, out, error, ret_summary);
    if (result == 0 && ret_facts != NULL)
        *ret_facts = scaler->facts;
    rh_live_finish(&scaler->live);
    rh_delayed_finish(&scaler->delayed);
    rh_fates_finish(&scaler->fates);
    rh_batch_destroy(&scaler->batch);
    rh_feed_close(&scaler->feed);
    rh_free(scaler);
    return result;
}
