/* merge.c - several traces, one order. */
#include "trace/tools/merge.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/live.h"
#include "trace/tools/batch.h"
#include "trace/tools/feed.h"
#include "trace/tools/merge_meta.h"
#include "trace/tools/threads.h"

/* A live object: what it is called in the merged trace. */
struct object {
    uint64_t id;
};

struct source {
    struct rh_feed feed;
    const struct rh_event *event; /* the next one; NULL: none is left */
    struct rh_live live;
    struct rh_tool_threads threads;
    uint64_t prologue; /* events of it */
    uint64_t order;    /* among the traces */
};

struct merger {
    struct source *sources;
    size_t count;
    enum rh_merge_order order;
    struct source **heap; /* of those with events left, the next one on top */
    size_t heap_count;
    struct rh_batch batch;
    uint32_t threads_written;
    uint64_t next_object;
};

/* ---- which is next ---- */

/* Whether i / n < j / m, where i of n events and j of m come before. */
static bool is_less_done(const struct source *a, const struct source *b) {
    __extension__ typedef unsigned __int128 uint128;
    uint64_t done_a = a->feed.index - a->prologue;
    uint64_t done_b = b->feed.index - b->prologue;
    uint64_t all_a = rh_feed_summary(&a->feed)->events - a->prologue;
    uint64_t all_b = rh_feed_summary(&b->feed)->events - b->prologue;
    uint128 left = (uint128)done_a * all_b;
    uint128 right = (uint128)done_b * all_a;
    return left != right ? left < right : a->order < b->order;
}

static bool is_earlier(const struct merger *merger, const struct source *a,
                       const struct source *b) {
    if (merger->order == RH_MERGE_SIDE_BY_SIDE)
        return is_less_done(a, b);
    if (a->event->time_ns != b->event->time_ns)
        return a->event->time_ns < b->event->time_ns;
    return a->order < b->order;
}

static void sift_down(struct merger *merger, size_t at) {
    struct source **heap = merger->heap;
    struct source *moved = heap[at];
    for (size_t child = 2 * at + 1; child < merger->heap_count; child = 2 * at + 1) {
        if (child + 1 < merger->heap_count && is_earlier(merger, heap[child + 1], heap[child]))
            child++;
        if (!is_earlier(merger, heap[child], moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static void make_heap(struct merger *merger) {
    merger->heap_count = 0;
    for (size_t i = 0; i < merger->count; i++)
        if (merger->sources[i].event != NULL)
            merger->heap[merger->heap_count++] = &merger->sources[i];
    for (size_t i = merger->heap_count; i > 0; i--)
        sift_down(merger, i - 1);
}

/* ---- one event ---- */

static int number_thread(struct merger *merger, struct source *source, struct rh_event *event,
                         struct rh_error *error) {
    if (event->kind == RH_EVENT_THREAD_START) {
        uint64_t index = source->feed.index;
        rh_try(rh_tool_threads_start(&source->threads, event, index, true, error));
        source->threads.written = merger->threads_written++;
        struct rh_event start = rh_tool_threads_admit(&source->threads, event->thread);
        event->thread = start.thread;
        event->parent = start.parent;
        return 0;
    }
    rh_assert(event->thread < source->threads.count); /* the reader sees to it */
    event->thread = source->threads.list[event->thread].number;
    return 0;
}

static int number_released(struct source *source, struct rh_event *event, struct rh_error *error) {
    uint64_t old = event->released;
    const struct object *object = rh_live_find(&source->live, old);
    if (object == NULL) {
        source->feed.index++; /* the event is not taken yet */
        return rh_feed_fail_dead(&source->feed, old, error);
    }
    event->released = object->id;
    return rh_event_releases(event->kind) ? rh_live_remove(&source->live, old, error) : 0;
}

static int number_acquired(struct merger *merger, struct source *source, struct rh_event *event,
                           struct rh_error *error) {
    void *entry;
    rh_try(rh_live_add(&source->live, event->acquired, error, &entry));
    event->acquired = merger->next_object++;
    *(struct object *)entry = (struct object){.id = event->acquired};
    return 0;
}

/* Writes the next event of the source and moves on. */
static int take(struct merger *merger, struct source *source, struct rh_error *error) {
    struct rh_event event = *source->event;
    rh_try(number_thread(merger, source, &event, error));
    if (event.released != RH_NO_OBJECT)
        rh_try(number_released(source, &event, error));
    if (event.acquired != RH_NO_OBJECT)
        rh_try(number_acquired(merger, source, &event, error));
    bool untimed = merger->order == RH_MERGE_SIDE_BY_SIDE ||
                   (merger->count > 1 && (event.flags & RH_EVENT_PROLOGUE));
    if (untimed)
        event.time_ns = 0;
    rh_try(rh_batch_add(&merger->batch, &event, error));
    rh_try(rh_feed_next(&source->feed, error, &source->event));
    return rh_feed_peek(&source->feed, error, &source->event);
}

/* ---- the whole ---- */

static int take_prologues(struct merger *merger, struct rh_error *error) {
    for (size_t i = 0; i < merger->count; i++) {
        struct source *source = &merger->sources[i];
        rh_try(rh_feed_peek(&source->feed, error, &source->event));
        while (source->event != NULL && (source->event->flags & RH_EVENT_PROLOGUE))
            rh_try(take(merger, source, error));
        source->prologue = source->feed.index;
    }
    return 0;
}

static int take_all(struct merger *merger, struct rh_error *error) {
    rh_try(take_prologues(merger, error));
    make_heap(merger);
    while (merger->heap_count > 0) {
        struct source *source = merger->heap[0];
        int result = take(merger, source, error);
        if (result < 0) {
            rh_error_prefix(error, "trace %" PRIu64, source->order + 1);
            return result;
        }
        if (source->event == NULL)
            merger->heap[0] = merger->heap[--merger->heap_count];
        if (merger->heap_count > 0)
            sift_down(merger, 0);
    }
    return 0;
}

static int open_sources(struct merger *merger, const char *const *paths, struct rh_error *error) {
    merger->sources = rh_alloc_zeroed(merger->count, sizeof(*merger->sources));
    merger->heap = rh_alloc_zeroed(merger->count, sizeof(*merger->heap));
    if (merger->sources == NULL || merger->heap == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu traces", merger->count);
    for (size_t i = 0; i < merger->count; i++) {
        struct source *source = &merger->sources[i];
        source->order = i;
        rh_live_init(&source->live, sizeof(struct object));
        rh_try(rh_feed_open(&source->feed, paths[i], error));
    }
    return 0;
}

/* The first trace without times, or -1. */
static int find_untimed(const struct merger *merger) {
    for (size_t i = 0; i < merger->count; i++)
        if (rh_feed_meta(&merger->sources[i].feed)->time_quantum_ns == 0)
            return (int)i;
    return -1;
}

static int settle_order(struct merger *merger, const char *const *paths, struct rh_error *error) {
    int untimed = find_untimed(merger);
    if (merger->order == RH_MERGE_TIME && untimed >= 0 && merger->count > 1)
        return rh_fail(error, RH_ERR_INVALID,
                       "%s: the trace has no times: merge it with --order side-by-side",
                       paths[untimed]);
    if (merger->order == RH_MERGE_AUTO)
        merger->order = untimed >= 0 ? RH_MERGE_SIDE_BY_SIDE : RH_MERGE_TIME;
    return 0;
}

static int finish_trace(struct merger *merger, struct rh_error *error,
                        struct rh_trace_summary *ret_summary) {
    struct rh_merge_meta merged = {0};
    int result = 0;
    for (size_t i = 0; i < merger->count && result == 0; i++)
        result = rh_merge_meta_add(&merged, rh_feed_meta(&merger->sources[i].feed),
                                   rh_feed_summary(&merger->sources[i].feed), error);
    if (result == 0)
        result = rh_merge_meta_complete(&merged, merger->order == RH_MERGE_SIDE_BY_SIDE, error);
    for (size_t i = 0; i < merger->count && result == 0; i++)
        result = rh_tool_threads_name(&merger->sources[i].threads,
                                      rh_feed_meta(&merger->sources[i].feed), error, &merged.meta);
    if (result == 0)
        result = rh_batch_finish(&merger->batch, &merged.meta, error, ret_summary);
    rh_merge_meta_finish(&merged);
    return result;
}

static int run(struct merger *merger, const char *const *paths, const char *out,
               struct rh_error *error, struct rh_trace_summary *ret_summary) {
    rh_try(open_sources(merger, paths, error));
    rh_try(settle_order(merger, paths, error));
    rh_try(rh_batch_init(&merger->batch, out, error));
    rh_try(take_all(merger, error));
    return finish_trace(merger, error, ret_summary);
}

static void finish(struct merger *merger) {
    for (size_t i = 0; merger->sources != NULL && i < merger->count; i++) {
        rh_feed_close(&merger->sources[i].feed);
        rh_live_finish(&merger->sources[i].live);
        rh_tool_threads_finish(&merger->sources[i].threads);
    }
    rh_free(merger->sources);
    rh_free(merger->heap);
    rh_batch_destroy(&merger->batch);
}

int rh_trace_merge(const char *const *paths, size_t count, enum rh_merge_order order,
                   const char *out, struct rh_error *error, enum rh_merge_order *ret_order,
                   struct rh_trace_summary *ret_summary) {
    rh_assert(order < RH_MERGE_ORDERS);
    if (count == 0 || count > RH_MERGE_TRACES_MOST)
        return rh_fail(error, RH_ERR_INVALID, "%zu traces: merge 1 to %d", count,
                       RH_MERGE_TRACES_MOST);
    struct merger *merger = rh_alloc_zeroed(1, sizeof(*merger));
    if (merger == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory to merge");
    merger->count = count;
    merger->order = order;
    int result = run(merger, paths, out, error, ret_summary);
    if (result == 0 && ret_order != NULL)
        *ret_order = merger->order;
    finish(merger);
    rh_free(merger);
    return result;
}
