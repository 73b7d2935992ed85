/* times.c - recorded times in the streams, for replays that keep them.
 *
 * A tape has them only when it is asked to, so that the tape of a replay that goes as fast as it
 * can has nothing in it but operations (docs/adr/0045). */
#include "base/assert.h"
#include "compile/compiler_internal.h"

void rh_compiler_follow_time(struct rh_compiler *compiler, uint64_t time_ns) {
    const struct rh_compiler_setup *setup = &compiler->setup;
    uint64_t passed_ns = time_ns > compiler->now_ns ? time_ns - compiler->now_ns : 0;
    if (setup->idle_cap_ns != 0 && passed_ns > setup->idle_cap_ns)
        passed_ns = setup->idle_cap_ns;
    compiler->clock_ns += passed_ns;
    compiler->now_ns = time_ns;
}

/* The prologue is played at once: it has no times. */
int rh_compiler_put_time(struct rh_compiler *compiler, uint32_t thread, bool always,
                         struct rh_error *error) {
    uint64_t quantum_ns = compiler->setup.time_quantum_ns;
    struct rh_compiler_thread *self = &compiler->threads[thread];
    if (quantum_ns == 0 || compiler->prologue == RH_PROLOGUE_RUNNING)
        return 0;
    if (!always && compiler->clock_ns - self->time_ns < quantum_ns)
        return 0;
    rh_assert(compiler->clock_ns >= self->time_ns);
    uint64_t position = 0;
    rh_try(rh_stream_put(&compiler->writer, &self->stream, 1, error, &position));
    compiler->writer.words[position] = RH_TAPE_TIME | compiler->clock_ns << 6;
    self->time_ns = compiler->clock_ns;
    return 0;
}
