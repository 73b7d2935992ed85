/* schedule.c - a binary heap of those that can act, by time. */
#include "base/assert.h"
#include "base/memory.h"
#include "trace/generators/stage.h"

/* Ties go to the one that was made first, so that the order never depends on addresses. */
static bool is_earlier(const struct rh_actor *a, const struct rh_actor *b) {
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->order < b->order;
}

static void sift_down(struct rh_stage *stage, size_t at) {
    struct rh_actor *moved = stage->heap[at];
    for (size_t child = 2 * at + 1; child < stage->heap_count; child = 2 * at + 1) {
        if (child + 1 < stage->heap_count && is_earlier(stage->heap[child + 1], stage->heap[child]))
            child++;
        if (!is_earlier(stage->heap[child], moved))
            break;
        stage->heap[at] = stage->heap[child];
        at = child;
    }
    stage->heap[at] = moved;
}

int rh_stage_push(struct rh_stage *stage, struct rh_actor *actor, struct rh_error *error) {
    rh_try(rh_grow((void **)&stage->heap, &stage->heap_capacity, stage->heap_count + 1,
                   sizeof(*stage->heap), error));
    size_t at = stage->heap_count++;
    while (at > 0 && is_earlier(actor, stage->heap[(at - 1) / 2])) {
        stage->heap[at] = stage->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    stage->heap[at] = actor;
    return 0;
}

struct rh_actor *rh_stage_top(const struct rh_stage *stage) {
    return stage->heap_count > 0 ? stage->heap[0] : NULL;
}

void rh_stage_top_moved(struct rh_stage *stage) {
    rh_assert(stage->heap_count > 0);
    sift_down(stage, 0);
}

void rh_stage_pop(struct rh_stage *stage) {
    rh_assert(stage->heap_count > 0);
    stage->heap[0] = stage->heap[--stage->heap_count];
    if (stage->heap_count > 0)
        sift_down(stage, 0);
}

int rh_stage_wake(struct rh_stage *stage, struct rh_queue *queue, struct rh_error *error) {
    while (queue->waiting != NULL) {
        struct rh_actor *actor = queue->waiting;
        if (actor->time_ns < stage->time_ns)
            actor->time_ns = stage->time_ns;
        rh_try(rh_stage_push(stage, actor, error));
        queue->waiting = actor->next_waiting;
        actor->next_waiting = NULL;
    }
    return 0;
}
