/* threads.h - the threads of a trace, and which they are in the trace that comes of it. */
#ifndef RH_TRACE_TOOLS_THREADS_H
#define RH_TRACE_TOOLS_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/event.h"
#include "trace/trace.h"

struct rh_tool_thread {
    uint32_t number; /* in the trace being written; RH_NO_THREAD: not (yet) */
    uint32_t parent; /* in the trace that is read */
    uint64_t start_event;
    uint64_t end_event; /* UINT64_MAX: alive */
    bool chosen;
};

/* Zero-initialise. */
struct rh_tool_threads {
    struct rh_tool_thread *list;
    size_t count, capacity;
    uint32_t written; /* threads of the trace being written */
};

void rh_tool_threads_finish(struct rh_tool_threads *threads);
/* Notes a THREAD_START that was read. */
int rh_tool_threads_start(struct rh_tool_threads *threads, const struct rh_event *event,
                          uint64_t index, bool chosen, struct rh_error *error);
/* The THREAD_START to write for a thread that is to have a number now, without a time. Its parent
 * is the nearest forebear that has a number, or none. */
struct rh_event rh_tool_threads_admit(struct rh_tool_threads *threads, uint32_t thread);
/* Gives the threads that were written the names that they have in the trace that was read. */
int rh_tool_threads_name(const struct rh_tool_threads *threads, const struct rh_trace_meta *from,
                         struct rh_error *error, struct rh_trace_meta *to);

#endif
