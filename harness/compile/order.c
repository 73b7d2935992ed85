/* order.c - what must come before what: waits, thread creation, barriers. */
#include <inttypes.h>

#include "base/assert.h"
#include "base/memory.h"
#include "compile/compiler_internal.h"
#include "result/sample.h"

static int put_control(struct rh_compiler *compiler, uint32_t thread, unsigned kind,
                       uint64_t operand, struct rh_error *error) {
    return rh_compiler_put_word(compiler, thread, rh_tape_word(kind, operand, 0), error);
}

int rh_compiler_order(struct rh_compiler *compiler, uint32_t thread, uint32_t other,
                      uint64_t position, struct rh_error *error) {
    struct rh_compiler_thread *consumer = &compiler->threads[thread];
    rh_assert(position < rh_compiler_here(compiler, other));
    if (compiler->setup.order == RH_ORDER_RECORDED ||
        rh_known_implies(&consumer->known, other, position)) {
        compiler->header.edges_implied++;
        return 0;
    }
    uint64_t now = 0;
    rh_try(rh_stream_put(&compiler->writer, &consumer->stream, 2, error, &now));
    uint64_t *words = rh_stream_word(&compiler->writer, &consumer->stream, now);
    words[0] = rh_tape_word(RH_TAPE_WAIT, other, 0);
    words[1] = position;
    *rh_stream_word(&compiler->writer, &compiler->threads[other].stream, position) |=
        RH_TAPE_SIGNAL;
    compiler->header.edges++;
    return rh_known_join(&consumer->known, thread, now, &compiler->threads[other].known, other,
                         position, error);
}

/* ---- threads ---- */

static int make_thread(struct rh_compiler *compiler, uint32_t parent, struct rh_error *error) {
    rh_try(rh_grow((void **)&compiler->threads, &compiler->thread_capacity,
                   compiler->thread_count + 1, sizeof(*compiler->threads), error));
    rh_try(rh_grow((void **)&compiler->alive, &compiler->alive_capacity, compiler->alive_count + 1,
                   sizeof(*compiler->alive), error));
    struct rh_compiler_thread *thread = &compiler->threads[compiler->thread_count];
    *thread = (struct rh_compiler_thread){.parent = parent};
    compiler->thread_count++; /* from here on it is finished with the others */
    rh_try(rh_stream_grow(&compiler->writer, &thread->stream, 1, error));
    thread->timed = thread->stream.begin;
    thread->alive_index = (uint32_t)compiler->alive_count;
    compiler->alive[compiler->alive_count++] = (uint32_t)(compiler->thread_count - 1);
    if (compiler->alive_count > compiler->header.threads_peak)
        compiler->header.threads_peak = compiler->alive_count;
    return 0;
}

static bool is_alive(const struct rh_compiler *compiler, uint32_t thread) {
    return thread < compiler->thread_count && compiler->threads[thread].state == RH_THREAD_ALIVE;
}

/* Whose stream creates the new thread: the recorded parent, or else the thread of the event before,
 * which is what the recorded order says. */
static uint32_t choose_creator(const struct rh_compiler *compiler, uint32_t parent) {
    if (is_alive(compiler, parent))
        return parent;
    if (is_alive(compiler, compiler->latest_thread))
        return compiler->latest_thread;
    return compiler->alive_count > 0 ? compiler->alive[0] : RH_TAPE_NO_THREAD;
}

static int add_root(struct rh_compiler *compiler, uint32_t thread, struct rh_error *error) {
    rh_try(rh_grow((void **)&compiler->roots, &compiler->root_capacity, compiler->root_count + 1,
                   sizeof(*compiler->roots), error));
    uint32_t after = compiler->latest_thread;
    rh_assert(after != thread);
    compiler->roots[compiler->root_count++] = (struct rh_tape_root){
        .thread = thread,
        .after_thread = after,
        .after_position = rh_compiler_here(compiler, after),
    };
    return 0;
}

int rh_compiler_start_thread(struct rh_compiler *compiler, const struct rh_event *event,
                             struct rh_error *error) {
    if (event->thread != compiler->thread_count)
        return rh_fail(error, RH_ERR_FORMAT, "thread %" PRIu32 " starts, but %zu is the next",
                       event->thread, compiler->thread_count);
    if (event->thread >= RH_TAPE_SLOTS_MAX)
        return rh_fail(error, RH_ERR_LIMIT, "more than %" PRIu64 " threads", RH_TAPE_SLOTS_MAX);
    uint32_t creator = choose_creator(compiler, event->parent);
    rh_try(make_thread(compiler, creator, error));
    /* From here on its own gaps count. */
    rh_try(rh_compiler_put_time(compiler, event->thread, true, error));
    if (event->thread == 0)
        return 0;
    if (creator == RH_TAPE_NO_THREAD)
        return add_root(compiler, event->thread, error);
    rh_try(rh_compiler_enter_epoch(compiler, creator, error));
    rh_try(rh_compiler_put_time(compiler, creator, false, error));
    uint64_t position = rh_compiler_here(compiler, creator);
    rh_try(put_control(compiler, creator, RH_TAPE_SPAWN, event->thread, error));
    struct rh_compiler_thread *thread = &compiler->threads[event->thread];
    return rh_known_join(&thread->known, event->thread, thread->stream.at,
                         &compiler->threads[creator].known, creator, position, error);
}

int rh_compiler_end_thread(struct rh_compiler *compiler, uint32_t thread, struct rh_error *error) {
    struct rh_compiler_thread *ended = &compiler->threads[thread];
    uint32_t moved = compiler->alive[--compiler->alive_count];
    compiler->alive[ended->alive_index] = moved;
    compiler->threads[moved].alive_index = ended->alive_index;
    ended->state = RH_THREAD_ENDED;
    if (compiler->prologue == RH_PROLOGUE_RUNNING)
        ended->timed = ended->stream.at;
    rh_known_end(&ended->known);
    rh_try(rh_stream_close(&compiler->writer, &ended->stream, error));
    return rh_compiler_orphan_slots(compiler, thread, error);
}

/* ---- barriers ---- */

static int put_in_all(struct rh_compiler *compiler, unsigned kind, uint64_t operand,
                      struct rh_error *error) {
    for (size_t i = 0; i < compiler->alive_count; i++) {
        rh_try(rh_compiler_leave_epoch(compiler, compiler->alive[i], error));
        rh_try(put_control(compiler, compiler->alive[i], kind, operand, error));
    }
    return 0;
}

int rh_compiler_place_mark(struct rh_compiler *compiler, struct rh_error *error) {
    if (compiler->alive_count == 0)
        return 0;
    if (compiler->mark_count >= RH_SAMPLE_MARKS) {
        compiler->header.skipped_marks++;
        return 0;
    }
    rh_try(rh_grow((void **)&compiler->marks, &compiler->mark_capacity, compiler->mark_count + 1,
                   sizeof(*compiler->marks), error));
    rh_try(put_in_all(compiler, RH_TAPE_MARK, compiler->mark_count, error));
    compiler->marks[compiler->mark_count++] = (struct rh_tape_mark){
        .ops = compiler->header.ops,
        .recorded_ns = compiler->now_ns,
        .live_bytes = compiler->live_bytes,
        .live_objects = rh_objects_count(&compiler->objects),
        .parties = compiler->alive_count,
    };
    return 0;
}

int rh_compiler_place_gate(struct rh_compiler *compiler, struct rh_error *error) {
    rh_try(put_in_all(compiler, RH_TAPE_GATE, 0, error));
    for (size_t i = 0; i < compiler->alive_count; i++) {
        struct rh_compiler_thread *thread = &compiler->threads[compiler->alive[i]];
        thread->timed = thread->stream.at;
    }
    compiler->header.gate_parties = compiler->alive_count;
    return 0;
}
