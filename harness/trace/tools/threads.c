/* threads.c - numbering threads anew. */
#include "trace/tools/threads.h"

#include "base/assert.h"
#include "base/memory.h"
#include "trace/tools/batch.h"

void rh_tool_threads_finish(struct rh_tool_threads *threads) {
    rh_free(threads->list);
    *threads = (struct rh_tool_threads){0};
}

int rh_tool_threads_start(struct rh_tool_threads *threads, const struct rh_event *event,
                          uint64_t index, bool chosen, struct rh_error *error) {
    rh_assert(event->thread == threads->count); /* the reader sees to it */
    rh_try(rh_grow((void **)&threads->list, &threads->capacity, threads->count + 1,
                   sizeof(*threads->list), error));
    threads->list[threads->count++] = (struct rh_tool_thread){
        .number = RH_NO_THREAD,
        .parent = event->parent,
        .start_event = index,
        .end_event = UINT64_MAX,
        .chosen = chosen,
    };
    return 0;
}

struct rh_event rh_tool_threads_admit(struct rh_tool_threads *threads, uint32_t thread) {
    rh_assert(thread < threads->count && threads->list[thread].number == RH_NO_THREAD);
    struct rh_event event = rh_event_blank(RH_EVENT_THREAD_START);
    event.thread = threads->written++;
    threads->list[thread].number = event.thread;
    uint32_t forebear = threads->list[thread].parent;
    while (forebear < thread && threads->list[forebear].number == RH_NO_THREAD) {
        thread = forebear;
        forebear = threads->list[forebear].parent;
    }
    if (forebear < thread)
        event.parent = threads->list[forebear].number;
    return event;
}

int rh_tool_threads_name(const struct rh_tool_threads *threads, const struct rh_trace_meta *from,
                         struct rh_error *error, struct rh_trace_meta *to) {
    for (size_t i = 0; i < threads->count; i++)
        if (threads->list[i].number != RH_NO_THREAD)
            rh_try(rh_trace_meta_name_thread(to, threads->list[i].number,
                                             rh_trace_meta_thread_name(from, (uint32_t)i), error));
    return 0;
}
