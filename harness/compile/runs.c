/* runs.c - the commonest calls, made by one thread in a row.
 *
 * Nearly all events of a trace are small allocations and their releases by the same thread, with
 * nothing else to be done for them than to write a word. Here they go by without a test that can
 * be made once for all of them. Whatever is not so simple ends the run and goes the way of all
 * calls, in ops.c: what is written is the same. */
#include "compile/compiler_internal.h"

enum {
    ALLOCATIONS = 1 << RH_EVENT_MALLOC | 1 << RH_EVENT_CALLOC | 1 << RH_EVENT_NEW,
    RELEASES = 1 << RH_EVENT_FREE | 1 << RH_EVENT_FREE_SIZED,
};

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* What a run changes, in registers as long as it lasts. */
struct run {
    struct rh_live *ids;
    struct rh_object *by_slot;
    uint64_t *word;    /* where the next op goes, */
    uint64_t position; /* and its position */
    uint32_t *slots;   /* free ones of the thread, */
    size_t bottom, top, capacity;
    uint64_t all_slots, all_capacity; /* of all threads */
    uint64_t next_object;
    uint64_t live_bytes, live_bytes_max;
    uint64_t live_objects;
    uint32_t thread;
};

static ALWAYS_INLINE struct run begin(struct rh_compiler *compiler,
                                      const struct rh_compiler_thread *self, uint32_t thread) {
    return (struct run){
        .ids = &compiler->objects.ids,
        .by_slot = compiler->objects.by_slot,
        .word = rh_stream_word(&compiler->writer, &self->stream, self->stream.at),
        .position = self->stream.at,
        .slots = self->pool.slots,
        .bottom = self->pool.bottom,
        .top = self->pool.top,
        .capacity = self->pool.capacity,
        .all_slots = compiler->objects.slots,
        .all_capacity = compiler->objects.capacity,
        .next_object = compiler->next_object,
        .live_bytes = compiler->live_bytes,
        .live_bytes_max = compiler->live_bytes_max,
        .live_objects = compiler->objects.ids.count,
        .thread = thread,
    };
}

static ALWAYS_INLINE void end(struct rh_compiler *compiler, struct rh_compiler_thread *self,
                              const struct run *run, const struct rh_event *events, size_t done) {
    self->stream.at = run->position;
    self->pool.top = run->top;
    compiler->objects.slots = run->all_slots;
    self->ops += done;
    compiler->header.ops += done;
    compiler->header.events += done;
    compiler->next_object = run->next_object;
    compiler->live_bytes = run->live_bytes;
    compiler->live_bytes_max = run->live_bytes_max;
    compiler->objects.ids.count = run->live_objects;
    if (done > 0)
        rh_compiler_follow_time(compiler, events[done - 1].time_ns);
}

static ALWAYS_INLINE void put(struct run *run, uint64_t word) {
    *run->word++ = word;
    run->position++;
}

/* A free slot of the thread, or a new one where there is room for it and no other thread has too
 * many. */
static ALWAYS_INLINE bool take_slot(struct run *run, uint32_t *ret_slot) {
    if (__builtin_expect(run->top != run->bottom, 1)) {
        *ret_slot = run->slots[--run->top];
        return true;
    }
    if (run->all_slots == run->all_capacity ||
        run->all_slots - run->live_objects > RH_FREE_SLOTS_MIN)
        return false;
    *ret_slot = (uint32_t)run->all_slots++;
    return true;
}

static ALWAYS_INLINE bool allocate(struct run *run, const struct rh_event *event) {
    struct rh_live_page *page = rh_live_page_of(run->ids, run->next_object);
    uint32_t slot = 0;
    if (event->size - 1 >= RH_TAPE_NARROW_BYTES || event->align_log2 > RH_TAPE_MALLOC_ALIGN_LOG2 ||
        event->acquired != run->next_object || page == NULL ||
        run->live_bytes > INT64_MAX - RH_TAPE_NARROW_BYTES || !take_slot(run, &slot))
        return false;
    run->by_slot[slot] = (struct rh_object){.size = event->size,
                                            .last = run->position,
                                            .acquired = run->position,
                                            .thread = run->thread,
                                            .align_log2 = RH_TAPE_MALLOC_ALIGN_LOG2,
                                            .live = 1};
    rh_live_page_add(page, run->next_object);
    *(uint32_t *)rh_live_entry_of(run->ids, page, run->next_object) = slot;
    run->live_objects++;
    run->next_object++;
    run->live_bytes += event->size;
    if (run->live_bytes > run->live_bytes_max)
        run->live_bytes_max = run->live_bytes;
    unsigned kind = event->kind == RH_EVENT_CALLOC ? RH_TAPE_CALLOC : RH_TAPE_MALLOC;
    put(run, rh_tape_word(kind, slot, event->size));
    return true;
}

static ALWAYS_INLINE bool release(struct run *run, const struct rh_event *event) {
    struct rh_live_page *page = rh_live_page_of(run->ids, event->released);
    if (page == NULL || !rh_live_page_has(page, event->released) || rh_live_page_is_sparse(page) ||
        event->touched_pages != RH_NO_TOUCHED || run->top == run->capacity)
        return false;
    uint32_t slot = *(uint32_t *)rh_live_entry_of(run->ids, page, event->released);
    struct rh_object *object = &run->by_slot[slot];
    if (object->thread != run->thread || object->size - 1 >= UINT32_MAX ||
        object->align_log2 != RH_TAPE_MALLOC_ALIGN_LOG2)
        return false;
    rh_live_page_remove(page, event->released);
    run->live_objects--;
    run->live_bytes -= object->size;
    bool sized = event->kind == RH_EVENT_FREE_SIZED && !object->resized;
    object->last = run->position;
    object->live = 0;
    run->slots[run->top++] = slot;
    put(run, rh_tape_word(sized ? RH_TAPE_FREE_SIZED : RH_TAPE_FREE, slot, object->size));
    return true;
}

static ALWAYS_INLINE bool put_common(struct run *run, const struct rh_event *event) {
    unsigned kind = 1u << (event->kind % 32);
    if (event->thread != run->thread || (event->flags & RH_EVENT_PROLOGUE) != 0 ||
        event->kind >= RH_EVENT_KINDS)
        return false;
    if (kind & RELEASES)
        return release(run, event);
    return (kind & ALLOCATIONS) != 0 && allocate(run, event);
}

/* A run ends before a full chunk and before an op whose place must be noted. */
static size_t bound(const struct rh_compiler_thread *self, size_t count) {
    uint64_t words = self->stream.limit - self->stream.at;
    uint64_t ops = self->checkpoints.next - self->ops;
    uint64_t most = words == 0 ? 0 : words - 1 < ops ? words - 1 : ops;
    return count < most ? count : (size_t)most;
}

size_t rh_compiler_put_run(struct rh_compiler *compiler, const struct rh_event *events,
                           size_t count) {
    struct rh_compiler_thread *self = &compiler->threads[events->thread];
    struct run run = begin(compiler, self, events->thread);
    size_t most = bound(self, count), done = 0;
    while (done < most && put_common(&run, &events[done]))
        done++;
    end(compiler, self, &run, events, done);
    return done;
}
