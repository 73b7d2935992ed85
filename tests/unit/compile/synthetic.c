/* synthetic.c - a random program. */
#include "tests/unit/compile/synthetic.h"

#include "base/assert.h"
#include "base/memory.h"
#include "base/random.h"

struct object {
    uint64_t id, size;
    uint32_t thread;
};

struct maker {
    const struct synthetic *wanted;
    struct rh_random random;
    struct rh_event *events;
    size_t count, capacity;
    struct object *objects;
    size_t object_count, object_capacity;
    uint32_t *alive;
    size_t alive_count;
    uint32_t threads_made;
    uint64_t next_object, live_bytes;
    struct synthetic_trace *trace;
};

static uint64_t below(struct maker *maker, uint64_t bound) {
    return rh_random_below(&maker->random, bound);
}

static struct rh_event *add(struct maker *maker, unsigned kind, uint32_t thread) {
    int result = rh_grow((void **)&maker->events, &maker->capacity, maker->count + 1,
                         sizeof(*maker->events), NULL);
    rh_assert(result == 0);
    struct rh_event *event = &maker->events[maker->count];
    bool prologue = maker->count < maker->wanted->prologue;
    *event = (struct rh_event){
        .time_ns = maker->count * 100,
        .acquired = RH_NO_OBJECT,
        .released = RH_NO_OBJECT,
        .thread = thread,
        .parent = RH_NO_THREAD,
        .touched_pages = RH_NO_TOUCHED,
        .kind = (uint8_t)kind,
        .flags = prologue ? RH_EVENT_PROLOGUE : 0,
    };
    maker->count++;
    return event;
}

static void start_thread(struct maker *maker) {
    uint32_t thread = maker->threads_made++;
    struct rh_event *event = add(maker, RH_EVENT_THREAD_START, thread);
    if (maker->alive_count > 0 && !(maker->wanted->orphans && below(maker, 2) == 0))
        event->parent = maker->alive[below(maker, maker->alive_count)];
    maker->alive[maker->alive_count++] = thread;
}

static void end_thread(struct maker *maker, size_t index) {
    add(maker, RH_EVENT_THREAD_END, maker->alive[index]);
    maker->alive[index] = maker->alive[--maker->alive_count];
}

static uint64_t random_size(struct maker *maker) {
    uint64_t dice = below(maker, 1000);
    if (dice < 3)
        return 0;
    if (dice < 900)
        return 1 + below(maker, 512);
    if (dice < 990 || !maker->wanted->large)
        return 1 + below(maker, 20000);
    return 1 + below(maker, 8 << 20);
}

static void note_live(struct maker *maker) {
    if (maker->live_bytes > maker->trace->peak_live_bytes) {
        maker->trace->peak_live_bytes = maker->live_bytes;
        maker->trace->peak_event = maker->count - 1;
    }
}

static void acquire(struct maker *maker, uint32_t thread) {
    static const uint8_t kinds[] = {RH_EVENT_MALLOC, RH_EVENT_MALLOC,  RH_EVENT_CALLOC,
                                    RH_EVENT_NEW,    RH_EVENT_ALIGNED, RH_EVENT_NEW_ALIGNED};
    struct rh_event *event = add(maker, kinds[below(maker, sizeof(kinds))], thread);
    event->size = random_size(maker);
    if (event->kind == RH_EVENT_ALIGNED || event->kind == RH_EVENT_NEW_ALIGNED)
        event->align_log2 = (uint8_t)(3 + below(maker, 10));
    event->acquired = maker->next_object++;
    int result = rh_grow((void **)&maker->objects, &maker->object_capacity, maker->object_count + 1,
                         sizeof(*maker->objects), NULL);
    rh_assert(result == 0);
    maker->objects[maker->object_count++] =
        (struct object){.id = event->acquired, .size = event->size, .thread = thread};
    maker->live_bytes += event->size;
    note_live(maker);
}

static size_t alive_index(const struct maker *maker, uint32_t thread) {
    for (size_t i = 0; i < maker->alive_count; i++)
        if (maker->alive[i] == thread)
            return i;
    return SIZE_MAX;
}

/* Who releases or looks at the object: its own thread while that lives, or any. */
static uint32_t choose_user(struct maker *maker, const struct object *object) {
    bool cross = below(maker, 100) < maker->wanted->cross_percent;
    if (!cross && alive_index(maker, object->thread) != SIZE_MAX)
        return object->thread;
    return maker->alive[below(maker, maker->alive_count)];
}

static uint32_t random_pages(struct maker *maker, uint64_t size) {
    return below(maker, 3) == 0 ? RH_NO_TOUCHED : (uint32_t)below(maker, size / 4096 + 2);
}

static void release(struct maker *maker) {
    size_t index = below(maker, maker->object_count);
    struct object *object = &maker->objects[index];
    uint32_t thread = choose_user(maker, object);
    unsigned kind = below(maker, 4) == 0 ? RH_EVENT_FREE_SIZED : RH_EVENT_FREE;
    struct rh_event *event = add(maker, kind, thread);
    event->released = object->id;
    event->size = kind == RH_EVENT_FREE_SIZED ? object->size : 0;
    event->touched_pages = random_pages(maker, object->size);
    maker->live_bytes -= object->size;
    *object = maker->objects[--maker->object_count];
}

static void reallocate(struct maker *maker) {
    struct object *object = &maker->objects[below(maker, maker->object_count)];
    uint32_t thread = choose_user(maker, object);
    struct rh_event *event = add(maker, RH_EVENT_REALLOC, thread);
    event->size = 1 + random_size(maker);
    event->released = object->id;
    event->acquired = maker->next_object++;
    event->touched_pages = random_pages(maker, object->size);
    maker->live_bytes += event->size - object->size;
    *object = (struct object){.id = event->acquired, .size = event->size, .thread = thread};
    note_live(maker);
}

static void look(struct maker *maker) {
    struct object *object = &maker->objects[below(maker, maker->object_count)];
    struct rh_event *event = add(maker, RH_EVENT_USABLE, choose_user(maker, object));
    event->released = object->id;
}

static void step(struct maker *maker) {
    uint64_t dice = below(maker, 1000);
    uint32_t thread = maker->alive[below(maker, maker->alive_count)];
    bool full = maker->object_count >= maker->wanted->live_objects;
    if (dice < 5) {
        add(maker, RH_EVENT_FREE_NULL, thread);
    } else if (dice < 8) {
        add(maker, RH_EVENT_FAILED, thread)->size = 1ull << 60;
    } else if (dice < 20 && maker->object_count > 0) {
        look(maker);
    } else if (dice < 100 && maker->object_count > 0) {
        reallocate(maker);
    } else if (dice < (full ? 400u : 700u) || maker->object_count == 0) {
        acquire(maker, thread);
    } else {
        release(maker);
    }
}

static bool is_cheap_to_end(const struct maker *maker) {
    return maker->alive_count > 1 || maker->wanted->orphans;
}

/* Threads come and go evenly over the trace. */
static void manage_threads(struct maker *maker) {
    const struct synthetic *wanted = maker->wanted;
    if (maker->threads_made >= wanted->threads ||
        maker->count < wanted->events / wanted->threads * maker->threads_made)
        return;
    if (maker->alive_count >= wanted->threads_live && is_cheap_to_end(maker))
        end_thread(maker, below(maker, maker->alive_count));
    while (wanted->orphans && maker->alive_count > 0 && below(maker, 16) == 0)
        end_thread(maker, 0);
    start_thread(maker);
}

static void count_ops(struct synthetic_trace *trace) {
    for (size_t i = 0; i < trace->count; i++)
        trace->ops +=
            rh_event_acquires(trace->events[i].kind) || rh_event_releases(trace->events[i].kind);
}

void synthetic_make(const struct synthetic *wanted, struct synthetic_trace *ret_trace) {
    *ret_trace = (struct synthetic_trace){0};
    struct maker maker = {.wanted = wanted, .trace = ret_trace};
    rh_random_seed(&maker.random, wanted->seed);
    maker.alive = rh_alloc((wanted->threads + 1) * sizeof(*maker.alive));
    rh_assert(maker.alive != NULL);
    start_thread(&maker);
    while (maker.count < wanted->events) {
        manage_threads(&maker);
        step(&maker);
    }
    rh_free(maker.alive);
    rh_free(maker.objects);
    ret_trace->events = maker.events;
    ret_trace->count = maker.count;
    ret_trace->end_live_objects = maker.object_count;
    count_ops(ret_trace);
}
