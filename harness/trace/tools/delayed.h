/* delayed.h - frees that wait for their moment, on their threads. */
#ifndef RH_TRACE_TOOLS_DELAYED_H
#define RH_TRACE_TOOLS_DELAYED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/event.h"

/* A moment in a trace: by time, then by event. */
struct rh_moment {
    uint64_t time_ns;
    uint64_t event;
};

static inline bool rh_moment_is_before(struct rh_moment a, struct rh_moment b) {
    return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.event < b.event;
}

struct rh_delayed_entry {
    struct rh_moment due;
    struct rh_event event;
};

/* What one thread will do: a heap, the earliest on top. */
struct rh_delayed_thread {
    struct rh_delayed_entry *heap;
    size_t count, capacity;
    uint32_t place; /* among the running threads that have something to do, plus 1; 0: nowhere */
    bool running;
};

/* Zero-initialise. */
struct rh_delayed {
    struct rh_delayed_thread *threads;
    size_t thread_count, thread_capacity;
    uint32_t *order; /* a heap of threads by their earliest entry */
    size_t order_count, order_capacity;
};

void rh_delayed_finish(struct rh_delayed *delayed);

/* The event is to be written at `due`, by the thread that it names, which may start later. */
int rh_delayed_add(struct rh_delayed *delayed, const struct rh_event *event, struct rh_moment due,
                   struct rh_error *error);
/* The thread starts: what it was to do can be taken from now on. */
int rh_delayed_start(struct rh_delayed *delayed, uint32_t thread, struct rh_error *error);
/* Takes the earliest event that a running thread was to make before `now`; false: none. */
bool rh_delayed_take(struct rh_delayed *delayed, struct rh_moment now,
                     struct rh_delayed_entry *ret_entry);
/* Takes the earliest event of a thread, whenever it is due; false: none. */
bool rh_delayed_take_of(struct rh_delayed *delayed, uint32_t thread,
                        struct rh_delayed_entry *ret_entry);

#endif
