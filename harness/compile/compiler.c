/* compiler.c - one event after the other becomes an op of its thread's stream. */
#include "compile/compiler.h"

#include <inttypes.h>

#include "base/assert.h"
#include "base/memory.h"
#include "compile/compiler_internal.h"

#define RH_NO_EVENT UINT64_MAX

/* The event behind which the next evenly spread mark stands. */
static void plan_next_mark(struct rh_compiler *compiler) {
    const struct rh_compiler_setup *setup = &compiler->setup;
    uint64_t previous = compiler->next_mark_event;
    while (compiler->placed < setup->marks) {
        compiler->placed++;
        uint64_t step = setup->events / (setup->marks + 1);
        uint64_t rest = setup->events % (setup->marks + 1);
        uint64_t event = step * compiler->placed + rest * compiler->placed / (setup->marks + 1);
        if (previous == RH_NO_EVENT || event > previous) {
            compiler->next_mark_event = event;
            return;
        }
    }
    compiler->next_mark_event = RH_NO_EVENT;
}

int rh_compiler_create(const struct rh_compiler_setup *setup, struct rh_error *error,
                       struct rh_compiler **ret_compiler) {
    struct rh_compiler *compiler = rh_alloc_zeroed(1, sizeof(*compiler));
    if (compiler == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory to compile a trace");
    compiler->setup = *setup;
    compiler->latest_thread = RH_TAPE_NO_THREAD;
    compiler->next_mark_event = RH_NO_EVENT;
    plan_next_mark(compiler);
    rh_objects_init(&compiler->objects);
    int result = rh_tape_writer_init(&compiler->writer, setup->fd, setup->tape_window_words, error);
    if (result < 0) {
        rh_compiler_destroy(compiler);
        return result;
    }
    *ret_compiler = compiler;
    return 0;
}

void rh_compiler_destroy(struct rh_compiler *compiler) {
    if (compiler == NULL)
        return;
    for (size_t i = 0; i < compiler->thread_count; i++) {
        rh_stream_finish(&compiler->threads[i].stream);
        rh_known_finish(&compiler->threads[i].known);
        rh_free(compiler->threads[i].pool.slots);
        rh_free(compiler->threads[i].checkpoints.positions);
    }
    rh_free(compiler->threads);
    rh_free(compiler->alive);
    rh_free(compiler->orphans);
    rh_free(compiler->roots);
    rh_free(compiler->marks);
    rh_free(compiler->epochs.entries);
    rh_stream_finish(&compiler->closing);
    rh_objects_finish(&compiler->objects);
    rh_tape_writer_finish(&compiler->writer);
    rh_free(compiler);
}

/* ---- events ---- */

/* Prologue events come first; behind the last of them all threads meet, and the timing starts. */
static int follow_prologue(struct rh_compiler *compiler, const struct rh_event *event,
                           struct rh_error *error) {
    bool prologue = (event->flags & RH_EVENT_PROLOGUE) != 0;
    if (event->kind == RH_EVENT_THREAD_START || event->kind == RH_EVENT_THREAD_END)
        return 0;
    if (prologue && compiler->prologue == RH_PROLOGUE_OVER)
        return rh_fail(error, RH_ERR_FORMAT, "it is marked as prologue behind timed events");
    if (prologue) {
        compiler->prologue = RH_PROLOGUE_RUNNING;
        return 0;
    }
    if (compiler->prologue == RH_PROLOGUE_RUNNING) {
        rh_try(rh_compiler_place_gate(compiler, error));
        compiler->header.time_begin_ns = compiler->clock_ns;
    }
    compiler->prologue = RH_PROLOGUE_OVER;
    return 0;
}

static int dispatch(struct rh_compiler *compiler, const struct rh_event *event,
                    struct rh_error *error) {
    switch (event->kind) {
    case RH_EVENT_FREE_NULL:
        compiler->header.skipped_free_null++;
        return 0;
    case RH_EVENT_FAILED:
        compiler->header.skipped_failed++;
        return 0;
    case RH_EVENT_THREAD_END:
        return rh_compiler_end_thread(compiler, event->thread, error);
    case RH_EVENT_MARKER:
        return rh_compiler_place_mark(compiler, error);
    default:
        return rh_compiler_is_call(event->kind)
                   ? rh_compiler_put_call(compiler, event, error)
                   : rh_fail(error, RH_ERR_FORMAT, "its kind %u is unknown", event->kind);
    }
}

static bool makes_an_op(const struct rh_event *event) {
    return event->kind != RH_EVENT_FREE_NULL && event->kind != RH_EVENT_FAILED &&
           event->kind != RH_EVENT_MARKER;
}

static int add_own(struct rh_compiler *compiler, const struct rh_event *event,
                   struct rh_error *error) {
    if (event->thread >= compiler->thread_count ||
        compiler->threads[event->thread].state != RH_THREAD_ALIVE)
        return rh_fail(error, RH_ERR_FORMAT, "its thread %" PRIu32 " is not alive", event->thread);
    rh_try(follow_prologue(compiler, event, error));
    if (event->kind == RH_EVENT_THREAD_END)
        rh_try(rh_compiler_leave_epoch(compiler, event->thread, error));
    else if (makes_an_op(event))
        rh_try(rh_compiler_enter_epoch(compiler, event->thread, error));
    rh_try(rh_compiler_put_time(compiler, event->thread, false, error));
    return dispatch(compiler, event, error);
}

/* As if one thread had made everything: it starts first, and none ends. */
static int add_to_one_thread(struct rh_compiler *compiler, const struct rh_event *event,
                             struct rh_error *error) {
    struct rh_event own = *event;
    own.thread = 0;
    if (event->kind == RH_EVENT_THREAD_END)
        return 0;
    if (event->kind == RH_EVENT_THREAD_START)
        return compiler->thread_count == 0 ? rh_compiler_start_thread(compiler, &own, error) : 0;
    return add_own(compiler, &own, error);
}

static int add_one(struct rh_compiler *compiler, const struct rh_event *event,
                   struct rh_error *error) {
    rh_compiler_follow_time(compiler, event->time_ns);
    if (compiler->header.events == 0)
        compiler->header.time_begin_ns = compiler->clock_ns;
    if (compiler->setup.one_thread)
        rh_try(add_to_one_thread(compiler, event, error));
    else if (event->kind == RH_EVENT_THREAD_START)
        rh_try(rh_compiler_start_thread(compiler, event, error));
    else
        rh_try(add_own(compiler, event, error));
    compiler->latest_thread = compiler->setup.one_thread ? 0 : event->thread;
    uint64_t index = compiler->header.events++;
    bool even = index == compiler->next_mark_event;
    bool peak = index == compiler->setup.peak_event;
    if (even)
        plan_next_mark(compiler);
    if (peak)
        compiler->live_bytes_at_peak = compiler->live_bytes;
    return even || peak ? rh_compiler_place_mark(compiler, error) : 0;
}

/* How many of the next events may be taken in a row, because no mark stands behind them. */
static size_t count_to_mark(const struct rh_compiler *compiler, size_t count) {
    uint64_t index = compiler->header.events;
    uint64_t even = compiler->next_mark_event, peak = compiler->setup.peak_event;
    uint64_t next = even < index || (peak >= index && peak < even) ? peak : even;
    return next >= index && next - index < count ? (size_t)(next - index) : count;
}

/* Nothing but calls can be in the streams from here on, where this holds. */
static bool takes_calls_at_once(const struct rh_compiler *compiler) {
    const struct rh_compiler_setup *setup = &compiler->setup;
    return compiler->prologue == RH_PROLOGUE_OVER && setup->order == RH_ORDER_DEPENDENCY &&
           setup->time_quantum_ns == 0 && !setup->one_thread;
}

static int add_some(struct rh_compiler *compiler, const struct rh_event *events, size_t count,
                    struct rh_error *error, size_t *ret_done) {
    if (takes_calls_at_once(compiler))
        rh_try(rh_compiler_put_calls(compiler, events, count_to_mark(compiler, count), error,
                                     ret_done));
    if (*ret_done > 0)
        return 0;
    *ret_done = 1;
    return add_one(compiler, events, error);
}

int rh_compiler_add(struct rh_compiler *compiler, const struct rh_event *events, size_t count,
                    struct rh_error *error) {
    for (size_t i = 0; i < count;) {
        size_t done = 0;
        int result = add_some(compiler, events + i, count - i, error, &done);
        if (result < 0) {
            rh_error_prefix(error, "event %" PRIu64, compiler->header.events);
            return result;
        }
        i += done;
    }
    return 0;
}

/* ---- the end ---- */

static int check_counts(const struct rh_compiler *compiler, struct rh_error *error) {
    const struct rh_compiler_setup *setup = &compiler->setup;
    if (compiler->header.events != setup->events)
        return rh_fail(error, RH_ERR_FORMAT, "it has %" PRIu64 " events, but says %" PRIu64,
                       compiler->header.events, setup->events);
    if (setup->peak_event != RH_NO_EVENT &&
        compiler->live_bytes_at_peak != compiler->live_bytes_max)
        return rh_fail(error, RH_ERR_FORMAT,
                       "most bytes (%" PRIu64 ") are not live behind event %" PRIu64
                       ", where it says so",
                       compiler->live_bytes_max, setup->peak_event);
    return 0;
}

static int close_streams(struct rh_compiler *compiler, struct rh_error *error) {
    for (size_t i = 0; i < compiler->thread_count; i++)
        rh_try(rh_stream_close(&compiler->writer, &compiler->threads[i].stream, error));
    return rh_stream_close(&compiler->writer, &compiler->closing, error);
}

int rh_compiler_finish(struct rh_compiler *compiler, struct rh_error *error) {
    rh_assert(compiler->header.version == 0);
    rh_try(check_counts(compiler, error));
    if (compiler->prologue == RH_PROLOGUE_RUNNING)
        rh_try(rh_compiler_place_gate(compiler, error));
    rh_try(rh_compiler_put_closing(compiler, error));
    rh_try(close_streams(compiler, error));
    struct rh_tape_header *header = &compiler->header;
    header->closing_begin = compiler->closing.begin;
    header->closing_end = compiler->closing.at;
    header->content_hash = compiler->setup.content_hash;
    header->marks_wanted = compiler->setup.marks;
    header->has_times = compiler->setup.has_times;
    header->one_thread = compiler->setup.one_thread;
    header->time_quantum_ns = compiler->setup.time_quantum_ns;
    header->idle_cap_ns = compiler->setup.idle_cap_ns;
    header->time_end_ns = compiler->clock_ns;
    header->order = compiler->setup.order;
    header->window_ns = compiler->setup.window_ns;
    header->window_events = compiler->setup.window_events;
    header->slots = compiler->objects.slots;
    header->peak_live_bytes = compiler->live_bytes_max;
    header->end_live_bytes = compiler->live_bytes;
    return rh_compiler_write_tables(compiler, error);
}

const struct rh_tape_header *rh_compiler_header(const struct rh_compiler *compiler) {
    return &compiler->header;
}
