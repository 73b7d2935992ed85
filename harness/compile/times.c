/* times.c - recorded times in the streams, for replays that keep them.
 *
 * A tape has them only when it is asked to, so that the tape of a replay that goes as fast as it
 * can has nothing in it but operations (docs/adr/0045). */
#include "base/assert.h"
#include "compile/compiler_internal.h"

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
    self->time_ns = compiler->clock_ns;
    return rh_compiler_put_word(compiler, thread, RH_TAPE_TIME | compiler->clock_ns << 6, error);
}
