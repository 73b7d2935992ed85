/* prologue.c - what must be there where a cut begins. */
#include <stdlib.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/tools/cut_internal.h"

enum step_kind { STEP_START, STEP_OBJECT, STEP_END };

/* Something that happened before the stretch and still matters. */
struct step {
    uint64_t event;
    enum step_kind kind;
    uint64_t which; /* thread, or object in the trace that is read */
};

struct steps {
    struct step *list;
    size_t count, capacity;
    struct rh_error *error;
    bool *owners; /* a thread: whether it owns a live object */
};

static int add_step(struct steps *steps, uint64_t event, enum step_kind kind, uint64_t which) {
    rh_try(rh_grow((void **)&steps->list, &steps->capacity, steps->count + 1, sizeof(*steps->list),
                   steps->error));
    steps->list[steps->count++] = (struct step){.event = event, .kind = kind, .which = which};
    return 0;
}

static int add_object(uint64_t id, void *entry, void *context) {
    const struct rh_cut_object *object = entry;
    struct steps *steps = context;
    if (!object->kept)
        return 0;
    steps->owners[object->thread] = true;
    return add_step(steps, object->event, STEP_OBJECT, id);
}

static int compare_steps(const void *a, const void *b) {
    const struct step *x = a;
    const struct step *y = b;
    return (x->event > y->event) - (x->event < y->event);
}

static int collect_steps(struct rh_cutter *cutter, struct steps *steps) {
    rh_try(rh_live_visit(&cutter->live, add_object, steps));
    for (size_t i = 0; i < cutter->threads.count; i++) {
        const struct rh_tool_thread *thread = &cutter->threads.list[i];
        bool alive = thread->end_event == UINT64_MAX;
        if (!steps->owners[i] && !(alive && thread->chosen))
            continue;
        rh_try(add_step(steps, thread->start_event, STEP_START, i));
        if (!alive)
            rh_try(add_step(steps, thread->end_event, STEP_END, i));
    }
    if (steps->count > 0)
        qsort(steps->list, steps->count, sizeof(*steps->list), compare_steps);
    return 0;
}

static int write_prologue_object(struct rh_cutter *cutter, uint64_t id, struct rh_error *error) {
    struct rh_cut_object *object = rh_live_find(&cutter->live, id);
    rh_assert(object != NULL);
    object->id = cutter->next_object++;
    struct rh_event event =
        rh_event_blank(object->kind == RH_EVENT_REALLOC ? RH_EVENT_MALLOC : object->kind);
    event.flags = RH_EVENT_PROLOGUE;
    event.acquired = object->id;
    event.size = object->size;
    event.align_log2 = object->align_log2;
    event.thread = cutter->threads.list[object->thread].number;
    cutter->facts.prologue_objects++;
    return rh_batch_add(&cutter->batch, &event, error);
}

static int write_step(struct rh_cutter *cutter, const struct step *step, struct rh_error *error) {
    if (step->kind == STEP_OBJECT)
        return write_prologue_object(cutter, step->which, error);
    struct rh_event event = rh_event_blank(RH_EVENT_THREAD_END);
    if (step->kind == STEP_START)
        event = rh_tool_threads_admit(&cutter->threads, (uint32_t)step->which);
    else
        event.thread = cutter->threads.list[step->which].number;
    event.flags = RH_EVENT_PROLOGUE;
    return rh_batch_add(&cutter->batch, &event, error);
}

int rh_cutter_write_prologue(struct rh_cutter *cutter, struct rh_error *error) {
    struct steps steps = {.error = error};
    steps.owners = rh_alloc_zeroed(cutter->threads.count, sizeof(*steps.owners));
    int result = 0;
    if (steps.owners == NULL)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for %zu threads", cutter->threads.count);
    if (result == 0)
        result = collect_steps(cutter, &steps);
    for (size_t i = 0; i < steps.count && result == 0; i++)
        result = write_step(cutter, &steps.list[i], error);
    rh_free(steps.owners);
    rh_free(steps.list);
    return result;
}
