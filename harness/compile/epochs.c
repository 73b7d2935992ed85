/* epochs.c - orders that hold threads together: a window, or the recorded order as a whole.
 *
 * The recorded order is cut into epochs: quarters of the window, or runs of one thread. Before the
 * first op of a thread in an epoch there is an EPOCH, which leaves the thread's epoch before, and
 * waits until all epochs that lie a window back are over, that is, were left by every thread that
 * had something to do there. How many these are is known when the trace has been read, so nobody
 * has to ask who is running: a thread that idles, has ended or was not yet created is in no epoch.
 * No standstill is possible, because an epoch waits for earlier ones only (docs/adr/0046). */
#include <inttypes.h>

#include "base/assert.h"
#include "base/memory.h"
#include "compile/compiler_internal.h"

static uint64_t epoch_length(const struct rh_compiler_setup *setup) {
    uint64_t window = setup->window_ns != 0 ? setup->window_ns : setup->window_events;
    return window < RH_EPOCHS_A_WINDOW ? 1 : window / RH_EPOCHS_A_WINDOW;
}

static uint64_t epochs_a_window(const struct rh_compiler_setup *setup) {
    if (setup->order == RH_ORDER_RECORDED)
        return 1;
    uint64_t window = setup->window_ns != 0 ? setup->window_ns : setup->window_events;
    return window < RH_EPOCHS_A_WINDOW ? window : RH_EPOCHS_A_WINDOW;
}

/* The number of the epoch in which an event of the thread lies now. Numbers grow, with gaps. */
static uint64_t number_now(const struct rh_compiler *compiler, uint32_t thread) {
    const struct rh_compiler_setup *setup = &compiler->setup;
    const struct rh_epochs *epochs = &compiler->epochs;
    if (setup->order == RH_ORDER_WINDOW)
        return (setup->window_ns != 0 ? compiler->now_ns : compiler->header.events) /
               epoch_length(setup);
    bool goes_on = epochs->count > 0 && epochs->newest_thread == thread &&
                   compiler->threads[thread].epoch == epochs->count;
    return goes_on ? epochs->numbers[(epochs->count - 1) % RH_EPOCHS_A_WINDOW] : epochs->count;
}

/* Epochs before the one with that number that must be over: all but those within the window. */
static uint32_t count_awaited(const struct rh_compiler *compiler, uint64_t number) {
    const struct rh_epochs *epochs = &compiler->epochs;
    uint64_t window = epochs_a_window(&compiler->setup);
    uint32_t awaited = (uint32_t)epochs->count;
    for (uint64_t i = 1; i < window && awaited > 0; i++, awaited--)
        if (epochs->numbers[(awaited - 1) % RH_EPOCHS_A_WINDOW] + window <= number)
            break;
    return awaited;
}

static int open_epoch(struct rh_compiler *compiler, uint64_t number, struct rh_error *error) {
    struct rh_epochs *epochs = &compiler->epochs;
    if (epochs->count >= RH_TAPE_NO_EPOCH)
        return rh_fail(error, RH_ERR_LIMIT,
                       "more than %" PRIu64
                       " pieces of the recorded order: choose a larger window, or the order of "
                       "dependencies",
                       RH_TAPE_NO_EPOCH);
    rh_try(rh_grow((void **)&epochs->entries, &epochs->capacity, epochs->count + 1,
                   sizeof(*epochs->entries), error));
    epochs->awaited = count_awaited(compiler, number);
    epochs->numbers[epochs->count % RH_EPOCHS_A_WINDOW] = number;
    epochs->entries[epochs->count++] = 0;
    return 0;
}

static int put_epoch(struct rh_compiler *compiler, uint32_t thread, uint64_t epoch,
                     uint64_t awaited, struct rh_error *error) {
    return rh_compiler_put_word(compiler, thread, rh_tape_word(RH_TAPE_EPOCH, epoch, awaited),
                                error);
}

int rh_compiler_enter_epoch(struct rh_compiler *compiler, uint32_t thread, struct rh_error *error) {
    struct rh_epochs *epochs = &compiler->epochs;
    if (compiler->setup.order == RH_ORDER_DEPENDENCY)
        return 0;
    uint64_t number = number_now(compiler, thread);
    bool is_newest =
        epochs->count > 0 && epochs->numbers[(epochs->count - 1) % RH_EPOCHS_A_WINDOW] == number;
    if (!is_newest)
        rh_try(open_epoch(compiler, number, error));
    if (compiler->threads[thread].epoch == epochs->count)
        return 0;
    rh_try(put_epoch(compiler, thread, epochs->count - 1, epochs->awaited, error));
    epochs->entries[epochs->count - 1]++;
    epochs->newest_thread = thread;
    compiler->threads[thread].epoch = (uint32_t)epochs->count;
    return 0;
}

int rh_compiler_leave_epoch(struct rh_compiler *compiler, uint32_t thread, struct rh_error *error) {
    if (compiler->threads[thread].epoch == 0)
        return 0;
    compiler->threads[thread].epoch = 0;
    return put_epoch(compiler, thread, RH_TAPE_NO_EPOCH, 0, error);
}
