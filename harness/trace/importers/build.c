/* build.c - the rules R1 to R11. */
#include "trace/importers/build.h"

#include "base/assert.h"
#include "base/memory.h"
#include "trace/importers/build_state.h"

struct rh_import_call rh_import_call(enum rh_event_kind kind, uint64_t thread) {
    return (struct rh_import_call){.kind = (uint8_t)kind,
                                   .thread = thread,
                                   .parent = RH_NO_PARENT,
                                   .touched_pages = RH_NO_TOUCHED};
}

/* ---- out: events to the writer ---- */

static int flush(struct rh_import *import, struct rh_error *error) {
    rh_try(rh_trace_writer_add(import->writer, import->batch, import->batch_count, error));
    import->batch_count = 0;
    return 0;
}

static int emit(struct rh_import *import, const struct rh_event *event, struct rh_error *error) {
    import->batch[import->batch_count++] = *event;
    return import->batch_count < BATCH ? 0 : flush(import, error);
}

/* Times count from the first, and never go back. */
static uint64_t take_time(struct rh_import *import, uint64_t time_ns) {
    if (!import->timed)
        return 0;
    if (!import->started)
        import->base_ns = import->exact ? 0 : time_ns;
    import->started = true;
    uint64_t since = time_ns >= import->base_ns ? time_ns - import->base_ns : 0;
    if (since < import->time_ns || time_ns < import->base_ns) {
        import->report.held_times++;
        return import->time_ns;
    }
    import->time_ns = since;
    return since;
}

static struct rh_event event_of(const struct rh_import_call *call, uint32_t thread,
                                uint64_t time_ns) {
    return (struct rh_event){.time_ns = time_ns,
                             .acquired = RH_NO_OBJECT,
                             .released = RH_NO_OBJECT,
                             .thread = thread,
                             .parent = RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED,
                             .kind = call->kind,
                             .flags = call->prologue ? RH_EVENT_PROLOGUE : 0};
}

/* ---- threads ---- */

static int start_thread(struct rh_import *import, const struct rh_import_call *call,
                        uint64_t time_ns, struct rh_error *error, uint32_t *ret_thread) {
    uint32_t thread = import->threads_count;
    if (thread == RH_NO_THREAD)
        return rh_fail(error, RH_ERR_LIMIT, "too many threads");
    const struct rh_address_entry entry = {.address = call->thread, .object = (uint64_t)thread + 1};
    rh_try(rh_address_map_put(&import->threads, &entry, error));
    import->threads_count++;
    struct rh_event event = event_of(call, thread, time_ns);
    event.kind = RH_EVENT_THREAD_START;
    const struct rh_address_entry *parent =
        call->parent != RH_NO_PARENT ? rh_address_map_find(&import->threads, call->parent) : NULL;
    if (parent != NULL && parent->object - 1 != thread)
        event.parent = (uint32_t)(parent->object - 1);
    *ret_thread = thread;
    return emit(import, &event, error);
}

/* The id of a call's thread, which starts with its first call. */
static int take_thread(struct rh_import *import, const struct rh_import_call *call,
                       uint64_t time_ns, struct rh_error *error, uint32_t *ret_thread) {
    if (import->last_known && import->last_label == call->thread) {
        *ret_thread = import->last_thread;
        return 0;
    }
    const struct rh_address_entry *found = rh_address_map_find(&import->threads, call->thread);
    if (found != NULL)
        *ret_thread = (uint32_t)(found->object - 1);
    else
        rh_try(start_thread(import, call, time_ns, error, ret_thread));
    import->last_known = true;
    import->last_label = call->thread;
    import->last_thread = *ret_thread;
    return 0;
}

static void forget_thread(struct rh_import *import, uint64_t label) {
    struct rh_address_entry *found = rh_address_map_find(&import->threads, label);
    if (found != NULL)
        rh_address_map_remove(&import->threads, found);
    import->last_known = false;
}

/* ---- R8 and R4: what cannot be ---- */

static uint8_t log2_of(struct rh_import *import, const struct rh_import_call *call) {
    uint64_t alignment = call->alignment;
    bool asked = call->kind == RH_EVENT_ALIGNED || call->kind == RH_EVENT_NEW_ALIGNED;
    if (alignment == 0 && (!asked || import->exact))
        return 0;
    if (alignment > 1 && (alignment & (alignment - 1)) == 0)
        return (uint8_t)__builtin_ctzll(alignment);
    import->report.bad_alignments++;
    return 0;
}

/* R8: what asks for no alignment that could be is a plain allocation. */
static uint8_t plain_kind(const struct rh_import *import, uint8_t kind) {
    if (import->exact)
        return kind;
    if (kind == RH_EVENT_ALIGNED)
        return RH_EVENT_MALLOC;
    return kind == RH_EVENT_NEW_ALIGNED ? RH_EVENT_NEW : kind;
}

static bool is_failed(struct rh_import *import, const struct rh_import_call *call) {
    if (call->overflowed) {
        import->report.overflows++;
        return true;
    }
    if (call->size > RH_TRACE_SIZE_MAX_BYTES && call->result != 0) {
        import->report.impossible_sizes++;
        return true;
    }
    import->report.failed += call->result == 0;
    return call->result == 0;
}

/* ---- R3: races ---- */

static int play(struct rh_import *import, const struct rh_import_call *call, int depth,
                struct rh_error *error);

static bool releases(const struct rh_import_call *call, uint64_t address) {
    return call->old == address && rh_event_releases(call->kind);
}

/* The next pending release of the address by another thread than the acquiring one (by any where
 * the format tells none), or NULL. A call that was moved has kind RH_EVENT_KINDS. */
static struct rh_import_call *find_release(struct rh_import *import, uint64_t address,
                                           uint64_t thread) {
    if (import->exact || (!import->several && !import->late_frees))
        return NULL;
    for (uint64_t at = import->head; at < import->tail; at++) {
        struct rh_import_call *call = &import->ring[at % RING];
        if (call->kind < RH_EVENT_KINDS && (call->thread != thread || import->late_frees) &&
            releases(call, address))
            return call;
    }
    return NULL;
}

static int assume_release(struct rh_import *import, const struct rh_import_call *call,
                          struct rh_address_entry *old, struct rh_error *error) {
    uint64_t time_ns = import->time_ns;
    uint32_t thread = 0;
    rh_try(take_thread(import, call, time_ns, error, &thread));
    struct rh_event event = event_of(call, thread, time_ns);
    event.kind = RH_EVENT_FREE;
    event.flags = 0;
    event.released = old->object - 1;
    rh_address_map_remove(&import->objects, old);
    import->report.assumed_releases++;
    return emit(import, &event, error);
}

/* Makes the address of an acquisition free, if it is live. */
static int clear_address(struct rh_import *import, const struct rh_import_call *call, int depth,
                         struct rh_error *error) {
    struct rh_address_entry *old = rh_address_map_find(&import->objects, call->result);
    if (old == NULL)
        return 0;
    struct rh_import_call *later =
        depth < DEPTH_MAX ? find_release(import, call->result, call->thread) : NULL;
    if (later != NULL) {
        struct rh_import_call moved = *later;
        later->kind = RH_EVENT_KINDS;
        moved.time_ns = call->time_ns;
        import->report.moved_releases++;
        rh_try(play(import, &moved, depth + 1, error));
        old = rh_address_map_find(&import->objects, call->result);
    }
    return old != NULL ? assume_release(import, call, old, error) : 0;
}

/* ---- calls ---- */

static int emit_failed(struct rh_import *import, const struct rh_import_call *call, uint32_t thread,
                       uint64_t time_ns, struct rh_error *error) {
    struct rh_event event = event_of(call, thread, time_ns);
    event.kind = RH_EVENT_FAILED;
    event.size = call->overflowed ? UINT64_MAX : call->size;
    event.align_log2 = log2_of(import, call);
    return emit(import, &event, error);
}

/* Ends the object at call->old and names it in the event; an unknown one is counted (R2). */
static bool take_old(struct rh_import *import, const struct rh_import_call *call,
                     struct rh_event *event) {
    struct rh_address_entry *old = rh_address_map_find(&import->objects, call->old);
    if (old == NULL)
        return false;
    event->released = old->object - 1;
    event->touched_pages = call->touched_pages;
    uint64_t pages = (old->size + 4095) / 4096;
    if (event->touched_pages != RH_NO_TOUCHED && !import->exact && event->touched_pages > pages)
        event->touched_pages = (uint32_t)pages;
    rh_address_map_remove(&import->objects, old);
    return true;
}

static int play_acquisition(struct rh_import *import, const struct rh_import_call *call, int depth,
                            struct rh_error *error) {
    bool failed = is_failed(import, call);
    /* A realloc to its own address finds it live, and that is no race. */
    bool in_place = call->kind == RH_EVENT_REALLOC && call->result == call->old;
    if (!failed && !in_place)
        rh_try(clear_address(import, call, depth, error));

    uint32_t thread = 0;
    uint64_t time_ns = take_time(import, call->time_ns);
    rh_try(take_thread(import, call, time_ns, error, &thread));
    if (failed)
        return emit_failed(import, call, thread, time_ns, error);

    struct rh_event event = event_of(call, thread, time_ns);
    if (call->kind == RH_EVENT_REALLOC && call->old == 0) {
        event.kind = RH_EVENT_MALLOC;
    } else if (call->kind == RH_EVENT_REALLOC && !take_old(import, call, &event)) {
        event.kind = RH_EVENT_MALLOC;
        import->report.unknown_reallocs++;
    }
    event.size = call->size;
    event.align_log2 = log2_of(import, call);
    if (event.align_log2 == 0)
        event.kind = plain_kind(import, event.kind);
    event.acquired = import->acquired++;
    rh_try(emit(import, &event, error));
    const struct rh_address_entry entry = {.address = call->result,
                                           .object = event.acquired + 1,
                                           .size = call->size,
                                           .thread = call->thread};
    return rh_address_map_put(&import->objects, &entry, error);
}

static int play_release(struct rh_import *import, const struct rh_import_call *call,
                        struct rh_error *error) {
    uint32_t thread = 0;
    uint64_t time_ns = take_time(import, call->time_ns);
    rh_try(take_thread(import, call, time_ns, error, &thread));
    struct rh_event event = event_of(call, thread, time_ns);
    if (call->kind == RH_EVENT_REALLOC)
        event.kind = RH_EVENT_FREE;
    if (call->old == 0) {
        event.kind = RH_EVENT_FREE_NULL;
        return emit(import, &event, error);
    }
    if (!take_old(import, call, &event)) {
        import->report.unknown_frees++;
        return 0;
    }
    event.size = call->kind == RH_EVENT_FREE_SIZED ? call->size : 0;
    event.align_log2 = call->kind == RH_EVENT_FREE_SIZED ? log2_of(import, call) : 0;
    return emit(import, &event, error);
}

/* Looks at an object, or says what of it is resident. */
static int play_look(struct rh_import *import, const struct rh_import_call *call,
                     struct rh_error *error) {
    const struct rh_address_entry *found = rh_address_map_find(&import->objects, call->old);
    if (found == NULL) {
        import->report.unknown_frees++;
        return 0;
    }
    uint32_t thread = 0;
    uint64_t time_ns = take_time(import, call->time_ns);
    uint64_t object = found->object - 1;
    rh_try(take_thread(import, call, time_ns, error, &thread));
    struct rh_event event = event_of(call, thread, time_ns);
    event.released = object;
    if (call->kind == RH_EVENT_RESIDENT)
        event.touched_pages = call->touched_pages;
    return emit(import, &event, error);
}

/* Thread starts and ends, markers, and what the text form tells as it was. */
static int play_other(struct rh_import *import, const struct rh_import_call *call,
                      struct rh_error *error) {
    uint32_t thread = 0;
    uint32_t before = import->threads_count;
    uint64_t time_ns = take_time(import, call->time_ns);
    rh_try(take_thread(import, call, time_ns, error, &thread));
    if (call->kind == RH_EVENT_THREAD_START)
        return before != import->threads_count
                   ? 0
                   : rh_fail(error, RH_ERR_FORMAT, "a thread starts that has started");
    if (call->kind == RH_EVENT_FAILED)
        return emit_failed(import, call, thread, time_ns, error);
    if (call->kind == RH_EVENT_THREAD_END)
        forget_thread(import, call->thread);
    struct rh_event event = event_of(call, thread, time_ns);
    return emit(import, &event, error);
}

static int play(struct rh_import *import, const struct rh_import_call *call, int depth,
                struct rh_error *error) {
    switch (call->kind) {
    case RH_EVENT_REALLOC:
        /* R5 */
        if (call->result == 0 && call->size == 0 && call->old != 0)
            return play_release(import, call, error);
        return play_acquisition(import, call, depth, error);
    case RH_EVENT_FREE:
    case RH_EVENT_FREE_SIZED:
        return play_release(import, call, error);
    case RH_EVENT_USABLE:
    case RH_EVENT_RESIDENT:
        return play_look(import, call, error);
    default:
        return rh_event_acquires(call->kind) ? play_acquisition(import, call, depth, error)
                                             : play_other(import, call, error);
    }
}

/* The map of a large heap lies outside the caches: what a call will look at is loaded some calls
 * before. */
static void prefetch(const struct rh_import *import) {
    const struct rh_import_call *call = &import->ring[(import->head + PREFETCH_CALLS) % RING];
    rh_address_map_prefetch(&import->objects, call->result);
    if (call->old != call->result)
        rh_address_map_prefetch(&import->objects, call->old);
}

static int play_next(struct rh_import *import, struct rh_error *error) {
    prefetch(import);
    struct rh_import_call call = import->ring[import->head++ % RING];
    return call.kind < RH_EVENT_KINDS ? play(import, &call, 0, error) : 0;
}

int rh_import_add(struct rh_import *import, const struct rh_import_call *call,
                  struct rh_error *error) {
    rh_assert(call->kind < RH_EVENT_KINDS);
    if (import->report.calls++ == 0)
        import->any_label = call->thread;
    import->several |= call->thread != import->any_label;
    if (import->exact)
        return play(import, call, 0, error);
    import->ring[import->tail++ % RING] = *call;
    return import->tail - import->head > RH_IMPORT_LOOKAHEAD ? play_next(import, error) : 0;
}

int rh_import_end_thread(struct rh_import *import, uint64_t thread, uint64_t time_ns,
                         struct rh_error *error) {
    struct rh_import_call call = rh_import_call(RH_EVENT_THREAD_END, thread);
    call.time_ns = time_ns;
    return rh_import_add(import, &call, error);
}

/* ---- life ---- */

int rh_import_create(const char *path, const struct rh_import_options *options,
                     struct rh_error *error, struct rh_import **ret_import) {
    struct rh_import *import = rh_alloc_zeroed(1, sizeof(*import));
    if (import == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for importing");
    import->options = *options;
    int result = rh_trace_writer_create(path, error, &import->writer);
    if (result < 0) {
        rh_import_destroy(import);
        return result;
    }
    *ret_import = import;
    return 0;
}

int rh_import_finish(struct rh_import *import, struct rh_error *error,
                     struct rh_import_report *ret_report) {
    while (import->head < import->tail)
        rh_try(play_next(import, error));
    rh_try(flush(import, error));
    import->meta.unknown_frees += import->report.unknown_frees;
    rh_try(rh_trace_writer_finish(import->writer, &import->meta, error, &import->report.summary));
    *ret_report = import->report;
    return 0;
}

void rh_import_destroy(struct rh_import *import) {
    if (import == NULL)
        return;
    rh_trace_writer_destroy(import->writer);
    rh_trace_meta_finish(&import->meta);
    rh_address_map_finish(&import->objects);
    rh_address_map_finish(&import->threads);
    rh_free(import);
}
