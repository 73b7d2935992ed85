/* facts.c - counting. */
#include "trace/facts.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

/* What is remembered of a live object. */
struct object {
    uint64_t size;
    uint64_t birth_event;
    uint64_t birth_ns;
    uint32_t thread;
};

/* A table of sizes: open addressing, .objects 0 is free. */
enum { SIZE_SLOTS = 2 * RH_FACTS_SIZES_MAX };

struct counting {
    struct rh_facts *facts;
    struct rh_live live;
    uint64_t live_bytes;
    uint64_t event; /* index of the one at hand */
    uint32_t last_thread;
    struct rh_facts_size *sizes;
};

static unsigned class_of(uint64_t value) {
    return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
}

/* ---- sizes ---- */

static void count_size(struct counting *counting, uint64_t size) {
    struct rh_facts *facts = counting->facts;
    facts->sizes[class_of(size)].objects++;
    facts->sizes[class_of(size)].bytes += size;

    size_t slot = (size_t)(size * UINT64_C(0x9e3779b97f4a7c15) >> 40) % SIZE_SLOTS;
    while (counting->sizes[slot].objects != 0 && counting->sizes[slot].size != size)
        slot = (slot + 1) % SIZE_SLOTS;
    if (counting->sizes[slot].objects == 0 && facts->distinct_sizes == RH_FACTS_SIZES_MAX) {
        facts->untold_objects++;
        return;
    }
    facts->distinct_sizes += counting->sizes[slot].objects == 0;
    counting->sizes[slot].size = size;
    counting->sizes[slot].objects++;
}

static bool comes_before(const struct rh_facts_size *a, const struct rh_facts_size *b) {
    return a->objects != b->objects ? a->objects > b->objects : a->size < b->size;
}

static void pick_top_sizes(struct counting *counting) {
    struct rh_facts_size *top = counting->facts->top_sizes;
    for (size_t i = 0; i < SIZE_SLOTS; i++) {
        struct rh_facts_size found = counting->sizes[i];
        for (size_t rank = 0; found.objects != 0 && rank < RH_FACTS_TOP_SIZES; rank++)
            if (comes_before(&found, &top[rank])) {
                struct rh_facts_size pushed = top[rank];
                top[rank] = found;
                found = pushed;
            }
    }
}

/* ---- bins ---- */

/* Twice the width, in half as many bins: so the length need not be known ahead. */
static void widen_bins(struct rh_facts *facts) {
    for (size_t i = 0; i < RH_FACTS_BINS / 2; i++) {
        const struct rh_facts_bin *a = &facts->bins[2 * i];
        const struct rh_facts_bin *b = &facts->bins[2 * i + 1];
        facts->bins[i] = (struct rh_facts_bin){
            .events = a->events + b->events,
            .peak_live_bytes =
                a->peak_live_bytes > b->peak_live_bytes ? a->peak_live_bytes : b->peak_live_bytes,
            .end_live_bytes = b->events != 0 ? b->end_live_bytes : a->end_live_bytes};
    }
    memset(facts->bins + RH_FACTS_BINS / 2, 0, sizeof(facts->bins) / 2);
    facts->bin_width *= 2;
}

static void count_in_bin(struct counting *counting, const struct rh_event *event) {
    struct rh_facts *facts = counting->facts;
    uint64_t position = facts->timed ? event->time_ns : counting->event;
    while (position / facts->bin_width >= RH_FACTS_BINS)
        widen_bins(facts);
    struct rh_facts_bin *bin = &facts->bins[position / facts->bin_width];
    bin->events++;
    if (counting->live_bytes > bin->peak_live_bytes)
        bin->peak_live_bytes = counting->live_bytes;
    bin->end_live_bytes = counting->live_bytes;
}

/* What is live where a bin begins lives in it too, and all through one without events. */
static void carry_live_bytes(struct rh_facts *facts) {
    uint64_t live_bytes = 0;
    for (size_t i = 0; i < RH_FACTS_BINS; i++) {
        struct rh_facts_bin *bin = &facts->bins[i];
        if (bin->peak_live_bytes < live_bytes)
            bin->peak_live_bytes = live_bytes;
        if (bin->events == 0)
            bin->end_live_bytes = live_bytes;
        live_bytes = bin->end_live_bytes;
    }
}

/* ---- events ---- */

static int count_thread(struct counting *counting, const struct rh_event *event,
                        struct rh_error *error) {
    struct rh_facts *facts = counting->facts;
    if (event->thread >= facts->threads_count) {
        rh_try(rh_grow((void **)&facts->threads, &facts->threads_capacity,
                       (size_t)event->thread + 1, sizeof(*facts->threads), error));
        for (; facts->threads_count <= event->thread; facts->threads_count++)
            facts->threads[facts->threads_count] = (struct rh_facts_thread){.parent = RH_NO_THREAD};
    }
    struct rh_facts_thread *thread = &facts->threads[event->thread];
    thread->events++;
    if (event->kind != RH_EVENT_THREAD_START && event->kind != RH_EVENT_THREAD_END) {
        facts->thread_runs += facts->thread_runs == 0 || counting->last_thread != event->thread;
        counting->last_thread = event->thread;
    }
    if (event->kind == RH_EVENT_THREAD_START)
        thread->parent = event->parent;
    thread->ended |= event->kind == RH_EVENT_THREAD_END;
    return 0;
}

static void count_realloc(struct rh_facts *facts, uint64_t from, uint64_t to) {
    facts->grown += to > from;
    facts->shrunk += to < from;
    facts->same_size += to == from;
    facts->kept_bytes += to < from ? to : from;
}

static int find_object(struct counting *counting, const struct rh_event *event,
                       struct rh_error *error, const struct object **ret_object) {
    *ret_object = rh_live_find(&counting->live, event->released);
    if (*ret_object != NULL)
        return 0;
    return rh_fail(error, RH_ERR_FORMAT,
                   "event %" PRIu64 " names an object that is not live (see: reheap trace verify)",
                   counting->event);
}

static void count_resident(struct rh_facts *facts, const struct rh_event *event, uint64_t size) {
    enum { PAGE_BYTES = 4096 };
    if (event->touched_pages == RH_NO_TOUCHED)
        return;
    facts->looked_objects++;
    facts->looked_bytes += size;
    uint64_t resident = (uint64_t)event->touched_pages * PAGE_BYTES;
    facts->resident_bytes += resident < size ? resident : size; /* the last page may be a part */
}

static int count_look(struct counting *counting, const struct rh_event *event,
                      struct rh_error *error) {
    const struct object *object = NULL;
    rh_try(find_object(counting, event, error, &object));
    count_resident(counting->facts, event, object->size);
    return 0;
}

static int count_release(struct counting *counting, const struct rh_event *event,
                         struct rh_error *error) {
    struct rh_facts *facts = counting->facts;
    struct rh_facts_thread *thread = &facts->threads[event->thread];
    const struct object *object = NULL;
    rh_try(find_object(counting, event, error, &object));
    count_resident(facts, event, object->size);
    thread->releases++;
    thread->foreign_releases += object->thread != event->thread;
    facts->lifetimes_events[class_of(counting->event - object->birth_event)]++;
    if (facts->timed)
        facts->lifetimes_ns[class_of(event->time_ns - object->birth_ns)]++;
    if (event->kind == RH_EVENT_REALLOC)
        count_realloc(facts, object->size, event->size);
    counting->live_bytes -= object->size;
    return rh_live_remove(&counting->live, event->released, error);
}

static int count_acquisition(struct counting *counting, const struct rh_event *event,
                             struct rh_error *error) {
    void *entry = NULL;
    rh_try(rh_live_add(&counting->live, event->acquired, error, &entry));
    *(struct object *)entry = (struct object){.size = event->size,
                                              .birth_event = counting->event,
                                              .birth_ns = event->time_ns,
                                              .thread = event->thread};
    struct rh_facts *facts = counting->facts;
    count_size(counting, event->size);
    facts->alignments[event->align_log2]++;
    facts->prologue_objects += (event->flags & RH_EVENT_PROLOGUE) != 0;
    facts->threads[event->thread].objects++;
    facts->threads[event->thread].bytes += event->size;
    counting->live_bytes += event->size;
    return 0;
}

static int count_event(struct counting *counting, const struct rh_event *event,
                       struct rh_error *error) {
    rh_try(count_thread(counting, event, error));
    if (rh_event_releases(event->kind))
        rh_try(count_release(counting, event, error));
    if (rh_event_acquires(event->kind))
        rh_try(count_acquisition(counting, event, error));
    if (event->kind == RH_EVENT_RESIDENT)
        rh_try(count_look(counting, event, error));
    count_in_bin(counting, event);
    counting->facts->last_time_ns = event->time_ns;
    counting->event++;
    return 0;
}

static int count_all(struct counting *counting, struct rh_trace_reader *reader,
                     struct rh_error *error) {
    const struct rh_event *events = NULL;
    size_t count = 0;
    do {
        rh_try(rh_trace_reader_next(reader, error, &events, &count));
        for (size_t i = 0; i < count; i++)
            rh_try(count_event(counting, &events[i], error));
    } while (count > 0);
    return 0;
}

int rh_facts_init(struct rh_facts *facts, struct rh_trace_reader *reader, struct rh_error *error) {
    *facts = (struct rh_facts){.summary = *rh_trace_reader_summary(reader),
                               .timed = rh_trace_reader_meta(reader)->time_quantum_ns != 0,
                               .bin_width = 1};
    struct counting counting = {.facts = facts};
    rh_live_init(&counting.live, sizeof(struct object));
    counting.sizes = rh_alloc_zeroed(SIZE_SLOTS, sizeof(*counting.sizes));
    int result = counting.sizes != NULL ? count_all(&counting, reader, error)
                                        : rh_fail(error, RH_ERR_MEMORY, "no memory for counting");
    if (result == 0) {
        pick_top_sizes(&counting);
        carry_live_bytes(facts);
    }
    rh_free(counting.sizes);
    rh_live_finish(&counting.live);
    if (result < 0)
        rh_facts_finish(facts);
    return result;
}

void rh_facts_finish(struct rh_facts *facts) {
    rh_free(facts->threads);
    *facts = (struct rh_facts){0};
}
