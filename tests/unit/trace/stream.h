/* stream.h - random streams of events that obey the rules, with every kind in them. */
#ifndef RH_TEST_STREAM_H
#define RH_TEST_STREAM_H

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "trace/event.h"

struct stream {
    struct rh_random random;
    bool timed;
    uint32_t threads; /* started */
    uint64_t time_ns;
    uint64_t objects;
    size_t live_count;
    uint64_t *live;
    uint32_t running_count;
    uint32_t running[512];
};

static inline struct rh_event stream_blank(struct stream *stream, enum rh_event_kind kind) {
    struct rh_random *random = &stream->random;
    if (stream->timed && rh_random_below(random, 4) != 0)
        stream->time_ns += rh_random_below(random, 1000) == 0
                               ? 10 * rh_random_below(random, UINT64_C(1) << 45)
                               : 10 * rh_random_below(random, 300);
    uint32_t thread = stream->running_count == 0
                          ? 0
                          : stream->running[rh_random_below(random, stream->running_count)];
    return (struct rh_event){.time_ns = stream->time_ns,
                             .acquired = RH_NO_OBJECT,
                             .released = RH_NO_OBJECT,
                             .thread = thread,
                             .parent = RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED,
                             .kind = (uint8_t)kind};
}

static inline uint64_t stream_size(struct stream *stream) {
    static const uint64_t common[] = {0, 1, 8, 16, 24, 24, 32, 48, 64, 64, 100, 4096};
    if (rh_random_below(&stream->random, 8) != 0)
        return common[rh_random_below(&stream->random, sizeof(common) / sizeof(common[0]))];
    return rh_random_below(&stream->random, UINT64_C(1) << rh_random_below(&stream->random, 40));
}

/* A live object, mostly a young one. */
static inline size_t stream_pick(struct stream *stream) {
    size_t back = rh_random_below(&stream->random, 3) != 0 ? 40 : stream->live_count;
    if (back > stream->live_count)
        back = stream->live_count;
    return stream->live_count - 1 - rh_random_below(&stream->random, back);
}

static inline uint64_t stream_take(struct stream *stream) {
    size_t at = stream_pick(stream);
    uint64_t object = stream->live[at];
    memmove(stream->live + at, stream->live + at + 1,
            (stream->live_count - at - 1) * sizeof(*stream->live));
    stream->live_count--;
    return object;
}

static inline struct rh_event stream_start_thread(struct stream *stream) {
    struct rh_event event = stream_blank(stream, RH_EVENT_THREAD_START);
    event.parent = stream->threads == 0 ? RH_NO_THREAD : event.thread;
    event.thread = stream->threads++;
    stream->running[stream->running_count++] = event.thread;
    return event;
}

static inline struct rh_event stream_end_thread(struct stream *stream) {
    struct rh_event event = stream_blank(stream, RH_EVENT_THREAD_END);
    for (uint32_t i = 0; i < stream->running_count; i++)
        if (stream->running[i] == event.thread) {
            stream->running[i] = stream->running[--stream->running_count];
            break;
        }
    return event;
}

static inline void stream_acquire(struct stream *stream, struct rh_event *event) {
    event->size = stream_size(stream);
    event->acquired = stream->objects;
    stream->live[stream->live_count++] = stream->objects++;
    if (event->kind == RH_EVENT_ALIGNED || event->kind == RH_EVENT_NEW_ALIGNED)
        event->align_log2 = (uint8_t)rh_random_below(&stream->random, 22);
}

static inline void stream_release(struct stream *stream, struct rh_event *event) {
    event->released = stream_take(stream);
    if (rh_random_below(&stream->random, 50) == 0)
        event->touched_pages = (uint32_t)rh_random_next(&stream->random);
    if (event->kind == RH_EVENT_FREE_SIZED)
        event->size = stream_size(stream);
}

static inline struct rh_event stream_next(struct stream *stream, uint32_t most_threads) {
    if (most_threads > 512)
        most_threads = 512;
    struct rh_random *random = &stream->random;
    if (stream->threads == 0 ||
        (stream->running_count < most_threads && rh_random_below(random, 30) == 0))
        return stream_start_thread(stream);
    if (stream->running_count > 1 && rh_random_below(random, 200) == 0)
        return stream_end_thread(stream);

    unsigned kind = (unsigned)rh_random_below(random, RH_EVENT_KINDS);
    if (kind >= RH_EVENT_THREAD_START && kind != RH_EVENT_MARKER && kind != RH_EVENT_RESIDENT)
        kind = RH_EVENT_MALLOC;
    bool refers = rh_event_refers(kind);
    if (refers && stream->live_count == 0)
        kind = RH_EVENT_NEW;
    struct rh_event event = stream_blank(stream, kind);
    if (rh_event_releases(kind))
        stream_release(stream, &event);
    if (rh_event_acquires(kind))
        stream_acquire(stream, &event);
    if (kind == RH_EVENT_USABLE || kind == RH_EVENT_RESIDENT)
        event.released = stream->live[stream_pick(stream)];
    if (kind == RH_EVENT_RESIDENT)
        event.touched_pages = (uint32_t)rh_random_below(random, 1000);
    if (kind == RH_EVENT_FAILED) {
        event.size = rh_random_next(random);
        event.align_log2 = (uint8_t)rh_random_below(random, 64);
    }
    return event;
}

/* `count` events of at most `most_threads` threads at a time; the caller frees them. */
static inline struct rh_event *stream_make(uint64_t seed, size_t count, uint32_t most_threads,
                                           bool timed) {
    struct stream stream = {.timed = timed};
    rh_random_seed(&stream.random, seed);
    stream.live = malloc((count + 1) * sizeof(*stream.live));
    struct rh_event *events = malloc((count + 1) * sizeof(*events));
    if (stream.live == NULL || events == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        events[i] = stream_next(&stream, most_threads);
    free(stream.live);
    return events;
}

static inline bool stream_equal(const struct rh_event *a, const struct rh_event *b) {
    return a->time_ns == b->time_ns && a->size == b->size && a->acquired == b->acquired &&
           a->released == b->released && a->thread == b->thread && a->parent == b->parent &&
           a->touched_pages == b->touched_pages && a->kind == b->kind &&
           a->align_log2 == b->align_log2 && a->flags == b->flags;
}

#endif
