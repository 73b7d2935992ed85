/* delayed.c - a heap for each thread, and one of threads. */
#include "trace/tools/delayed.h"

#include "base/assert.h"
#include "base/memory.h"

void rh_delayed_finish(struct rh_delayed *delayed) {
    for (size_t i = 0; i < delayed->thread_count; i++)
        rh_free(delayed->threads[i].heap);
    rh_free(delayed->threads);
    rh_free(delayed->order);
    *delayed = (struct rh_delayed){0};
}

/* ---- one thread ---- */

static void push(struct rh_delayed_thread *thread, struct rh_delayed_entry entry) {
    size_t at = thread->count++;
    rh_assert(thread->count <= thread->capacity);
    for (; at > 0 && rh_moment_is_before(entry.due, thread->heap[(at - 1) / 2].due);
         at = (at - 1) / 2)
        thread->heap[at] = thread->heap[(at - 1) / 2];
    thread->heap[at] = entry;
}

static struct rh_delayed_entry pop(struct rh_delayed_thread *thread) {
    rh_assert(thread->count > 0);
    struct rh_delayed_entry *heap = thread->heap;
    struct rh_delayed_entry first = heap[0];
    struct rh_delayed_entry moved = heap[--thread->count];
    size_t at = 0;
    for (size_t child = 1; child < thread->count; child = 2 * at + 1) {
        if (child + 1 < thread->count && rh_moment_is_before(heap[child + 1].due, heap[child].due))
            child++;
        if (!rh_moment_is_before(heap[child].due, moved.due))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
    return first;
}

/* ---- the order of threads ---- */

static struct rh_delayed_thread *at_place(const struct rh_delayed *delayed, size_t place) {
    return &delayed->threads[delayed->order[place]];
}

static bool is_earlier(const struct rh_delayed *delayed, uint32_t a, uint32_t b) {
    return rh_moment_is_before(delayed->threads[a].heap[0].due, delayed->threads[b].heap[0].due);
}

static void settle(struct rh_delayed *delayed, size_t place, uint32_t thread) {
    delayed->order[place] = thread;
    delayed->threads[thread].place = (uint32_t)place + 1;
}

static void sift_up(struct rh_delayed *delayed, size_t place) {
    uint32_t thread = delayed->order[place];
    for (; place > 0 && is_earlier(delayed, thread, delayed->order[(place - 1) / 2]);
         place = (place - 1) / 2)
        settle(delayed, place, delayed->order[(place - 1) / 2]);
    settle(delayed, place, thread);
}

static void sift_down(struct rh_delayed *delayed, size_t place) {
    uint32_t thread = delayed->order[place];
    for (size_t child = 2 * place + 1; child < delayed->order_count; child = 2 * place + 1) {
        if (child + 1 < delayed->order_count &&
            is_earlier(delayed, delayed->order[child + 1], delayed->order[child]))
            child++;
        if (!is_earlier(delayed, delayed->order[child], thread))
            break;
        settle(delayed, place, delayed->order[child]);
        place = child;
    }
    settle(delayed, place, thread);
}

static int enter(struct rh_delayed *delayed, uint32_t thread, struct rh_error *error) {
    rh_try(rh_grow((void **)&delayed->order, &delayed->order_capacity, delayed->order_count + 1,
                   sizeof(*delayed->order), error));
    delayed->order[delayed->order_count++] = thread;
    sift_up(delayed, delayed->order_count - 1);
    return 0;
}

/* The earliest entry of the thread at the place was taken. */
static void update(struct rh_delayed *delayed, size_t place) {
    struct rh_delayed_thread *thread = at_place(delayed, place);
    if (thread->count > 0) {
        sift_down(delayed, place);
        return;
    }
    thread->place = 0;
    uint32_t last = delayed->order[--delayed->order_count];
    if (place == delayed->order_count)
        return;
    settle(delayed, place, last);
    sift_down(delayed, place);
    sift_up(delayed, delayed->threads[last].place - 1);
}

/* ---- all ---- */

static int know_thread(struct rh_delayed *delayed, uint32_t thread, struct rh_error *error) {
    rh_try(rh_grow((void **)&delayed->threads, &delayed->thread_capacity, (size_t)thread + 1,
                   sizeof(*delayed->threads), error));
    while (delayed->thread_count <= thread)
        delayed->threads[delayed->thread_count++] = (struct rh_delayed_thread){0};
    return 0;
}

int rh_delayed_add(struct rh_delayed *delayed, const struct rh_event *event, struct rh_moment due,
                   struct rh_error *error) {
    rh_try(know_thread(delayed, event->thread, error));
    struct rh_delayed_thread *thread = &delayed->threads[event->thread];
    rh_try(rh_grow((void **)&thread->heap, &thread->capacity, thread->count + 1,
                   sizeof(*thread->heap), error));
    push(thread, (struct rh_delayed_entry){.due = due, .event = *event});
    if (!thread->running)
        return 0;
    if (thread->place == 0)
        return enter(delayed, event->thread, error);
    sift_up(delayed, thread->place - 1);
    return 0;
}

int rh_delayed_start(struct rh_delayed *delayed, uint32_t thread, struct rh_error *error) {
    rh_try(know_thread(delayed, thread, error));
    delayed->threads[thread].running = true;
    return delayed->threads[thread].count > 0 ? enter(delayed, thread, error) : 0;
}

bool rh_delayed_take(struct rh_delayed *delayed, struct rh_moment now,
                     struct rh_delayed_entry *ret_entry) {
    if (delayed->order_count == 0)
        return false;
    struct rh_delayed_thread *thread = at_place(delayed, 0);
    if (!rh_moment_is_before(thread->heap[0].due, now))
        return false;
    *ret_entry = pop(thread);
    update(delayed, 0);
    return true;
}

bool rh_delayed_take_of(struct rh_delayed *delayed, uint32_t thread,
                        struct rh_delayed_entry *ret_entry) {
    if (thread >= delayed->thread_count || delayed->threads[thread].count == 0)
        return false;
    struct rh_delayed_thread *taken = &delayed->threads[thread];
    *ret_entry = pop(taken);
    if (taken->place != 0)
        update(delayed, taken->place - 1);
    return true;
}
