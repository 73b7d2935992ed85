/* check.c - the rules of a trace. */
#include "trace/check.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/format.h"

/* What is remembered of a live object. */
struct object {
    uint64_t size;
    uint32_t thread;
};

#define refuse(check, error, format, ...)                                                          \
    rh_fail(error, RH_ERR_CHECK, "event %" PRIu64 ": " format, (check)->summary.events,            \
            ##__VA_ARGS__)

int rh_trace_check_init(struct rh_trace_check *check, struct rh_error *error) {
    *check = (struct rh_trace_check){0};
    rh_live_init(&check->live, sizeof(struct object));
    return rh_trace_hash_init(&check->hash, error);
}

void rh_trace_check_finish(struct rh_trace_check *check) {
    rh_trace_hash_finish(&check->hash);
    rh_live_finish(&check->live);
    rh_free(check->ended);
    check->ended = NULL;
    check->ended_capacity = 0;
}

/* ---- the rules ---- */

static bool has_size(unsigned kind) {
    return rh_event_acquires(kind) || kind == RH_EVENT_FAILED || kind == RH_EVENT_FREE_SIZED;
}

/* Members that the kind has no use for hold the values that event.h gives them: a file does not
 * store them. */
static int check_members(const struct rh_trace_check *check, const struct rh_event *event,
                         struct rh_error *error) {
    const char *name = rh_event_kind_name(event->kind);
    if (name == NULL)
        return refuse(check, error, "%u is not a kind of event", event->kind);
    if (!has_size(event->kind) && (event->size != 0 || event->align_log2 != 0))
        return refuse(check, error, "%s has neither a size nor an alignment", name);
    if (event->align_log2 > 63)
        return refuse(check, error, "an alignment of 2^%u", event->align_log2);
    if (event->kind != RH_EVENT_THREAD_START && event->parent != RH_NO_THREAD)
        return refuse(check, error, "%s has no parent thread", name);
    bool may_touch = rh_event_releases(event->kind) || event->kind == RH_EVENT_RESIDENT;
    if (!may_touch && event->touched_pages != RH_NO_TOUCHED)
        return refuse(check, error, "%s has no touched pages", name);
    if (event->kind == RH_EVENT_RESIDENT && event->touched_pages == RH_NO_TOUCHED)
        return refuse(check, error, "%s does not say how many pages", name);
    if (!rh_event_acquires(event->kind) && event->acquired != RH_NO_OBJECT)
        return refuse(check, error, "%s acquires nothing", name);
    if (!rh_event_refers(event->kind) && event->released != RH_NO_OBJECT)
        return refuse(check, error, "%s releases nothing", name);
    return 0;
}

static int check_flags(const struct rh_trace_check *check, const struct rh_event *event,
                       struct rh_error *error) {
    if (event->flags == 0)
        return 0;
    if (event->flags != RH_EVENT_PROLOGUE)
        return refuse(check, error, "unknown flags 0x%x", event->flags);
    if (check->prologue_ended)
        return refuse(check, error, "the prologue is over");
    if ((rh_event_acquires(event->kind) && event->kind != RH_EVENT_REALLOC) ||
        event->kind == RH_EVENT_THREAD_START || event->kind == RH_EVENT_THREAD_END)
        return 0;
    return refuse(check, error, "%s in the prologue", rh_event_kind_name(event->kind));
}

static int check_time(const struct rh_trace_check *check, const struct rh_event *event,
                      struct rh_error *error) {
    if (event->time_ns < check->time_ns)
        return refuse(check, error, "time goes back from %" PRIu64 " ns to %" PRIu64 " ns",
                      check->time_ns, event->time_ns);
    if (event->time_ns > RH_FORMAT_TIME_MAX_NS)
        return refuse(check, error, "a time of %" PRIu64 " ns is out of range", event->time_ns);
    return 0;
}

static int check_thread(const struct rh_trace_check *check, const struct rh_event *event,
                        struct rh_error *error) {
    uint64_t threads = check->summary.threads;
    if (event->kind == RH_EVENT_THREAD_START) {
        if (event->thread != threads)
            return refuse(check, error, "thread %u starts, but the next new thread is %" PRIu64,
                          event->thread, threads);
        if (threads >= RH_NO_THREAD)
            return refuse(check, error, "too many threads");
        if (event->parent != RH_NO_THREAD && event->parent >= threads)
            return refuse(check, error, "thread %u is started by thread %u, which does not exist",
                          event->thread, event->parent);
        return 0;
    }
    if (event->thread >= threads)
        return refuse(check, error, "thread %u was never started", event->thread);
    if (check->ended[event->thread])
        return refuse(check, error, "thread %u has ended", event->thread);
    return 0;
}

static int check_objects(const struct rh_trace_check *check, const struct rh_event *event,
                         struct rh_error *error) {
    if (rh_event_acquires(event->kind)) {
        if (event->acquired != check->summary.objects)
            return refuse(check, error, "object %" PRIu64 " is acquired, but the next is %" PRIu64,
                          event->acquired, check->summary.objects);
        if (event->size > RH_TRACE_SIZE_MAX_BYTES)
            return refuse(check, error, "an object of %" PRIu64 " bytes", event->size);
        uint64_t sum;
        if (__builtin_add_overflow(check->summary.allocated_bytes, event->size, &sum))
            return refuse(check, error, "the sum of all sizes passes 2^64");
    }
    if (rh_event_refers(event->kind) && rh_live_find(&check->live, event->released) == NULL)
        return refuse(check, error, "object %" PRIu64 " is not live", event->released);
    return 0;
}

/* ---- the counts ---- */

static int start_thread(struct rh_trace_check *check, struct rh_error *error) {
    size_t threads = (size_t)check->summary.threads;
    rh_try(rh_grow((void **)&check->ended, &check->ended_capacity, threads + 1, 1, error));
    check->ended[threads] = 0;
    check->summary.threads++;
    return 0;
}

static int release(struct rh_trace_check *check, const struct rh_event *event,
                   struct rh_error *error) {
    const struct object *object = rh_live_find(&check->live, event->released);
    rh_assert(object != NULL);
    uint64_t size = object->size;
    uint32_t owner = object->thread;
    rh_try(rh_live_remove(&check->live, event->released, error));
    check->live_bytes -= size;
    check->summary.cross_thread_releases += owner != event->thread;
    return 0;
}

static int acquire(struct rh_trace_check *check, const struct rh_event *event,
                   struct rh_error *error) {
    void *entry;
    rh_try(rh_live_add(&check->live, event->acquired, error, &entry));
    *(struct object *)entry = (struct object){.size = event->size, .thread = event->thread};
    check->live_bytes += event->size;
    check->summary.allocated_bytes += event->size;
    check->summary.objects++;
    return 0;
}

static void note_peaks(struct rh_trace_check *check) {
    struct rh_trace_summary *summary = &check->summary;
    if (check->live_bytes > summary->peak_live_bytes) {
        summary->peak_live_bytes = check->live_bytes;
        summary->peak_live_bytes_event = summary->events;
    }
    if (check->live.count > summary->peak_live_objects)
        summary->peak_live_objects = check->live.count;
}

static int apply_objects(struct rh_trace_check *check, const struct rh_event *event,
                         struct rh_error *error) {
    if (event->kind == RH_EVENT_THREAD_START)
        return start_thread(check, error);
    if (event->kind == RH_EVENT_THREAD_END)
        check->ended[event->thread] = 1;
    if (rh_event_releases(event->kind))
        rh_try(release(check, event, error));
    if (rh_event_acquires(event->kind))
        rh_try(acquire(check, event, error));
    return 0;
}

int rh_trace_check_add(struct rh_trace_check *check, const struct rh_event *event,
                       struct rh_error *error) {
    rh_try(check_members(check, event, error));
    rh_try(check_flags(check, event, error));
    rh_try(check_time(check, event, error));
    rh_try(check_thread(check, event, error));
    rh_try(check_objects(check, event, error));
    rh_try(apply_objects(check, event, error));
    note_peaks(check);
    check->time_ns = event->time_ns;
    check->prologue_ended = !(event->flags & RH_EVENT_PROLOGUE);
    check->summary.events_by_kind[event->kind]++;
    check->summary.events++;
    rh_trace_hash_add(&check->hash, event);
    return 0;
}

struct rh_trace_summary rh_trace_check_summary(const struct rh_trace_check *check) {
    struct rh_trace_summary summary = check->summary;
    summary.end_live_bytes = check->live_bytes;
    summary.end_live_objects = check->live.count;
    summary.content_hash = rh_trace_hash_get(&check->hash);
    return summary;
}
