/* workload.h - small synthetic workloads, and what their traces show. */
#ifndef RH_TEST_WORKLOAD_H
#define RH_TEST_WORKLOAD_H

#include "tests/unit/trace/files.h"
#include "trace/generators/synthetic.h"

/* A description with one phase, one role and one part. */
struct simple {
    struct rh_synthetic synthetic;
    struct rh_synthetic_phase *phase;
    struct rh_synthetic_role *role;
    struct rh_synthetic_part *part;
};

static inline struct simple simple_make(enum rh_behaviour_kind behaviour, uint64_t events) {
    struct simple simple = {.synthetic = {.name = rh_strdup("test"), .seed = 7}};
    assert_int_equal(rh_synthetic_add_phase(&simple.synthetic, NULL, &simple.phase), 0);
    simple.phase->events = events;
    assert_int_equal(rh_synthetic_add_role(simple.phase, NULL, &simple.role), 0);
    assert_int_equal(rh_synthetic_add_part(simple.role, behaviour, NULL, &simple.part), 0);
    return simple;
}

static inline struct simple queue_make(uint64_t events, uint32_t count, uint32_t capacity) {
    struct simple simple = simple_make(RH_BEHAVIOUR_PRODUCE, events);
    struct rh_synthetic_queue *queue = NULL;
    assert_int_equal(rh_synthetic_add_queue(&simple.synthetic, "q", NULL, &queue), 0);
    queue->capacity = capacity;
    simple.role->threads = 2;
    simple.part->produce.count = count;
    struct rh_synthetic_role *role = NULL;
    struct rh_synthetic_part *part = NULL;
    assert_int_equal(rh_synthetic_add_role(simple.phase, NULL, &role), 0);
    role->threads = 2;
    assert_int_equal(rh_synthetic_add_part(role, RH_BEHAVIOUR_CONSUME, NULL, &part), 0);
    simple.role = &simple.phase->roles[0];
    simple.part = &simple.role->parts[0];
    return simple;
}

static inline void prepare(struct rh_synthetic *synthetic) {
    struct rh_error error = {0};
    if (rh_synthetic_prepare(synthetic, &error) < 0)
        fail_msg("%s", error.message);
}

static inline struct trace generate(const struct rh_synthetic *synthetic) {
    struct rh_error error = {0};
    struct rh_trace_summary summary;
    const char *path = files_path("generated.rht");
    if (rh_synthetic_generate(synthetic, path, &error, &summary) < 0)
        fail_msg("%s", error.message);
    struct trace trace = trace_take(path);
    assert_memory_equal(&summary, &trace.summary, sizeof(summary));
    return trace;
}

static inline struct trace play(struct simple *simple) {
    prepare(&simple->synthetic);
    struct trace trace = generate(&simple->synthetic);
    rh_synthetic_finish(&simple->synthetic);
    return trace;
}

static inline uint64_t kinds(const struct trace *trace, unsigned kind) {
    return trace->summary.events_by_kind[kind];
}

/* The largest number of threads alive at one time. */
static inline uint64_t threads_at_once(const struct trace *trace) {
    uint64_t now = 0;
    uint64_t most = 0;
    for (size_t i = 0; i < trace->count; i++) {
        now += trace->events[i].kind == RH_EVENT_THREAD_START;
        now -= trace->events[i].kind == RH_EVENT_THREAD_END;
        most = now > most ? now : most;
    }
    return most;
}

static inline void times_grow_on_each_thread(const struct trace *trace) {
    static uint64_t last[4096];
    memset(last, 0, sizeof(last));
    for (size_t i = 0; i < trace->count; i++) {
        const struct rh_event *event = &trace->events[i];
        assert_in_range(event->thread, 0, 4095);
        assert_int_equal(event->time_ns % 10, 0);
        if (event->kind != RH_EVENT_THREAD_START && event->thread != 0)
            assert_true(event->time_ns > last[event->thread]);
        last[event->thread] = event->time_ns;
    }
    assert_int_equal(trace->meta.time_quantum_ns, 10);
    assert_int_equal(trace->meta.duration_ns, trace->events[trace->count - 1].time_ns);
}

#endif
