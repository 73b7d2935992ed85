/* Synthetic workloads obey the rules of a trace, do what their description says, and are the same
 * each time. */
#include "tests/unit/trace/files.h"
#include "trace/generators/synthetic.h"

/* A description with one phase, one role and one part. */
struct simple {
    struct rh_synthetic synthetic;
    struct rh_synthetic_phase *phase;
    struct rh_synthetic_role *role;
    struct rh_synthetic_part *part;
};

static struct simple simple_make(enum rh_behaviour_kind behaviour, uint64_t events) {
    struct simple simple = {.synthetic = {.name = rh_strdup("test"), .seed = 7}};
    assert_int_equal(rh_synthetic_add_phase(&simple.synthetic, NULL, &simple.phase), 0);
    simple.phase->events = events;
    assert_int_equal(rh_synthetic_add_role(simple.phase, NULL, &simple.role), 0);
    assert_int_equal(rh_synthetic_add_part(simple.role, behaviour, NULL, &simple.part), 0);
    return simple;
}

static void prepare(struct rh_synthetic *synthetic) {
    struct rh_error error = {0};
    if (rh_synthetic_prepare(synthetic, &error) < 0)
        fail_msg("%s", error.message);
}

static struct trace generate(const struct rh_synthetic *synthetic) {
    struct rh_error error = {0};
    struct rh_trace_summary summary;
    const char *path = files_path("generated.rht");
    if (rh_synthetic_generate(synthetic, path, &error, &summary) < 0)
        fail_msg("%s", error.message);
    struct trace trace = trace_take(path);
    assert_memory_equal(&summary, &trace.summary, sizeof(summary));
    return trace;
}

static struct trace play(struct simple *simple) {
    prepare(&simple->synthetic);
    struct trace trace = generate(&simple->synthetic);
    rh_synthetic_finish(&simple->synthetic);
    return trace;
}

static uint64_t kinds(const struct trace *trace, unsigned kind) {
    return trace->summary.events_by_kind[kind];
}

/* The largest number of threads alive at one time. */
static uint64_t threads_at_once(const struct trace *trace) {
    uint64_t now = 0;
    uint64_t most = 0;
    for (size_t i = 0; i < trace->count; i++) {
        now += trace->events[i].kind == RH_EVENT_THREAD_START;
        now -= trace->events[i].kind == RH_EVENT_THREAD_END;
        most = now > most ? now : most;
    }
    return most;
}

static void times_grow_on_each_thread(const struct trace *trace) {
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

/* ---- behaviours ---- */

static void slots_keep_a_working_set(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 50000);
    simple.role->threads = 4;
    simple.part->slots.count = 250;
    simple.part->slots.start = RH_SLOT_START_FULL;
    simple.part->size = rh_distribution_uniform(8, 1000);
    struct trace trace = play(&simple);
    assert_int_equal(trace.summary.threads, 5);
    assert_int_equal(trace.summary.peak_live_objects, 1000);
    assert_int_equal(trace.summary.end_live_objects, 0);
    assert_int_equal(trace.summary.cross_thread_releases, 0);
    assert_in_range(trace.summary.events, 50000, 50000 + 1 + 1000 + 8);
    assert_in_range(trace.summary.allocated_bytes / trace.summary.objects, 490, 518);
    times_grow_on_each_thread(&trace);
    assert_string_equal(trace.meta.source, "synthetic:test");
    trace_finish(&trace);
}

static void slots_pass_to_the_heir(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 40000);
    simple.role->threads = 2;
    simple.role->restart_after = 1000;
    simple.role->inherit = true;
    simple.part->slots.count = 100;
    simple.part->slots.start = RH_SLOT_START_MAIN;
    simple.part->stay = true;
    struct trace trace = play(&simple);
    assert_int_equal(trace.summary.end_live_objects, 200);
    /* 200 blocks by main, 39,800 events in steps of two, each 1000th with a start and an end. */
    assert_in_range(trace.summary.threads, 19, 23);
    assert_int_equal(threads_at_once(&trace), 4); /* main, two, and an heir before an end */
    for (size_t i = 0; i < 201; i++)
        assert_int_equal(trace.events[i].thread, 0);
    uint64_t from_other = 0;
    for (size_t i = 0; i < trace.count; i++)
        from_other += trace.events[i].kind == RH_EVENT_THREAD_START && trace.events[i].thread > 2 &&
                      trace.events[i].parent >= 1;
    assert_int_equal(from_other, trace.summary.threads - 3);
    assert_true(trace.summary.cross_thread_releases > 1500);
    trace_finish(&trace);
}

static void slots_act_by_weight(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 100000);
    simple.part->slots.count = 10;
    simple.part->slots.start = RH_SLOT_START_FULL;
    simple.part->slots.actions[RH_SLOT_RESIZE] = 1;
    simple.part->slots.actions[RH_SLOT_REPLACE] = 1;
    struct trace trace = play(&simple);
    /* Of three events one is a realloc. */
    assert_in_range(kinds(&trace, RH_EVENT_REALLOC), 32500, 34200);
    assert_int_equal(trace.summary.peak_live_objects, 10);
    trace_finish(&trace);
}

static void slots_exchange_between_threads(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 50000);
    simple.role->threads = 4;
    simple.part->slots.count = 50;
    simple.part->slots.places = 20;
    simple.part->slots.actions[RH_SLOT_TOGGLE] = 1;
    simple.part->slots.actions[RH_SLOT_EXCHANGE] = 1;
    struct trace trace = play(&simple);
    /* What is freed comes from a random thread, so three of four from another. */
    double share =
        (double)trace.summary.cross_thread_releases / (double)kinds(&trace, RH_EVENT_FREE);
    assert_true(share > 0.25 && share < 0.80);
    assert_int_equal(trace.summary.end_live_objects, 0);
    trace_finish(&trace);
}

static void slots_are_picked(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 3000);
    simple.part->slots.count = 100;
    simple.part->slots.cyclic = true;
    simple.part->slots.start = RH_SLOT_START_FULL;
    struct trace trace = play(&simple);
    /* One after the other: the block freed is always the oldest. */
    uint64_t next = 0;
    for (size_t i = 0; i < trace.count; i++)
        if (trace.events[i].kind == RH_EVENT_FREE && next < 1000)
            assert_int_equal(trace.events[i].released, next++);
    assert_int_equal(next, 1000);
    trace_finish(&trace);
}

static void batches_free_in_order(void **state) {
    (void)state;
    for (int order = 0; order < RH_FREE_ORDERS; order++) {
        struct simple simple = simple_make(RH_BEHAVIOUR_BATCH, 800);
        simple.part->batch.count = 100;
        simple.part->batch.order = (enum rh_free_order)order;
        struct trace trace = play(&simple);
        assert_int_equal(trace.summary.peak_live_objects, 100);
        uint64_t seen[2] = {0};
        uint64_t first = UINT64_MAX;
        bool forward = true;
        bool backward = true;
        uint64_t last = 0;
        for (size_t i = 102; i < 202; i++) {
            const struct rh_event *event = &trace.events[i];
            assert_int_equal(event->kind, RH_EVENT_FREE);
            assert_in_range(event->released, 0, 99);
            seen[event->released / 64] |= UINT64_C(1) << event->released % 64;
            if (first != UINT64_MAX) {
                forward = forward && event->released == last + 1;
                backward = backward && event->released + 1 == last;
            }
            first = first == UINT64_MAX ? event->released : first;
            last = event->released;
        }
        assert_true(seen[0] == UINT64_MAX && seen[1] == (UINT64_C(1) << 36) - 1);
        assert_int_equal(forward, order == RH_FREE_ORDER_FIFO);
        assert_int_equal(backward, order == RH_FREE_ORDER_LIFO);
        trace_finish(&trace);
    }
}

/* With a fifth kept, a round frees four fifths, from both ends to the window. */
static void batches_keep_a_window(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_BATCH, 1000);
    simple.part->batch = (struct rh_synthetic_batch){.count = 10, .keep = 0.2, .ends = true};
    struct trace trace = play(&simple);
    /* Events 0 and 1 start the threads; ten blocks 0 ... 9; the window is slots 0 and 1. */
    static const uint64_t round_1[8] = {9, 8, 7, 6, 5, 4, 3, 2};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(trace.events[12 + i].released, round_1[i]);
    /* Blocks 10 ... 17 fill slots 2 ... 9; the window is slots 2 and 3. */
    static const uint64_t round_2[8] = {0, 1, 17, 16, 15, 14, 13, 12};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(trace.events[28 + i].released, round_2[i]);
    trace_finish(&trace);
}

static void batches_leave_holes(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_BATCH, 0);
    simple.role->steps = 150 * 10;
    simple.part->batch = (struct rh_synthetic_batch){.count = 100, .leave_every = 2};
    struct trace trace = play(&simple);
    assert_int_equal(trace.summary.objects, 1000);
    assert_int_equal(trace.summary.end_live_objects, 500);
    trace_finish(&trace);
}

static struct simple queue_make(uint64_t events, uint32_t count, uint32_t capacity) {
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

static void queues_hand_over(void **state) {
    (void)state;
    struct simple simple = queue_make(40000, 100, 5);
    simple.part->produce.container_bytes = 808;
    struct trace trace = play(&simple);
    assert_int_equal(trace.summary.end_live_objects, 0);
    /* Two in the making, five waiting, two being freed. */
    assert_in_range(trace.summary.peak_live_objects, 101, 9 * 101);
    uint64_t frees = kinds(&trace, RH_EVENT_FREE);
    assert_true(trace.summary.cross_thread_releases > frees * 9 / 10);
    for (size_t i = 0; i < trace.count; i++)
        if (trace.events[i].kind == RH_EVENT_MALLOC)
            assert_in_range(trace.events[i].thread, 1, 2);
    trace_finish(&trace);
}

/* A producer that is ten times as fast waits for the consumers. */
static void full_queues_make_wait(void **state) {
    (void)state;
    struct simple simple = queue_make(20000, 10, 3);
    simple.role->gap_ns = rh_distribution_constant(10);
    struct trace trace = play(&simple);
    assert_in_range(trace.summary.peak_live_objects, 30, 70);
    trace_finish(&trace);
}

/* Consumers end when the producers are done and the queue is empty. */
static void queues_run_dry(void **state) {
    (void)state;
    struct simple simple = queue_make(0, 10, 3);
    simple.role->steps = 995;
    simple.phase->roles[1].steps = 1000000;
    struct trace trace = play(&simple);
    assert_int_equal(trace.summary.objects, 2 * 995);
    assert_int_equal(trace.summary.end_live_objects, 0);
    assert_int_equal(kinds(&trace, RH_EVENT_THREAD_END), 4);
    trace_finish(&trace);
}

/* Nobody takes: the phase ends when all wait. */
static void standstill_ends_the_phase(void **state) {
    (void)state;
    struct simple simple = queue_make(40000, 10, 3);
    simple.phase->roles[1].steps = 50;
    struct trace trace = play(&simple);
    assert_in_range(trace.summary.events, 200, 500);
    assert_int_equal(trace.summary.end_live_objects, 0);
    trace_finish(&trace);
}

static void lifetimes_are_kept(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_LIFETIMES, 20000);
    simple.part->lifetimes.steps = rh_distribution_constant(37);
    struct trace trace = play(&simple);
    assert_int_equal(trace.summary.peak_live_objects, 37);
    uint64_t next = 0;
    for (size_t i = 0; i < trace.count; i++)
        if (trace.events[i].kind == RH_EVENT_FREE)
            assert_int_equal(trace.events[i].released, next++);
    assert_int_equal(next, trace.summary.objects);
    trace_finish(&trace);
}

static void buffers_grow(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_GROW, 9000);
    simple.part->grow.buffers = 3;
    simple.part->grow.until = rh_distribution_constant(8192);
    simple.part->size = rh_distribution_constant(16);
    struct trace trace = play(&simple);
    /* 16, 32 ... 8192: one malloc, nine reallocs, one free. */
    assert_in_range(kinds(&trace, RH_EVENT_REALLOC), 9 * kinds(&trace, RH_EVENT_MALLOC) - 27,
                    9 * kinds(&trace, RH_EVENT_MALLOC));
    assert_int_equal(kinds(&trace, RH_EVENT_MALLOC), kinds(&trace, RH_EVENT_FREE));
    for (size_t i = 0; i < trace.count; i++)
        assert_true((trace.events[i].size & (trace.events[i].size - 1)) == 0);
    trace_finish(&trace);
}

static void calls_and_frees_by_share(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 100000);
    simple.role->threads = 4;
    simple.part->slots.count = 10;
    simple.part->calls[RH_EVENT_CALLOC] = 1;
    simple.part->calls[RH_EVENT_NEW] = 2;
    simple.part->calls[RH_EVENT_NEW_ALIGNED] = 1;
    simple.part->align_bytes = rh_distribution_uniform(33, 64);
    simple.part->sized_free = 0.5;
    simple.part->cross_thread = 0.25;
    struct trace trace = play(&simple);
    double objects = (double)trace.summary.objects;
    assert_true(kinds(&trace, RH_EVENT_MALLOC) == 0);
    assert_true(kinds(&trace, RH_EVENT_NEW) / objects > 0.48);
    assert_true(kinds(&trace, RH_EVENT_NEW) / objects < 0.52);
    assert_true(kinds(&trace, RH_EVENT_FREE_SIZED) / objects > 0.36);
    assert_true(kinds(&trace, RH_EVENT_FREE_SIZED) / objects < 0.39);
    assert_true(trace.summary.cross_thread_releases / objects > 0.23);
    assert_true(trace.summary.cross_thread_releases / objects < 0.27);
    for (size_t i = 0; i < trace.count; i++) {
        const struct rh_event *event = &trace.events[i];
        if (event->kind == RH_EVENT_NEW_ALIGNED)
            assert_int_equal(event->align_log2, 6);
        if (event->kind == RH_EVENT_FREE_SIZED)
            assert_int_equal(event->size, 64);
    }
    trace_finish(&trace);
}

/* ---- roles and phases ---- */

static void parts_share_the_steps(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 40000);
    simple.part->weight = 3;
    struct rh_synthetic_part *part = NULL;
    assert_int_equal(rh_synthetic_add_part(simple.role, RH_BEHAVIOUR_LIFETIMES, NULL, &part), 0);
    part->lifetimes.steps = rh_distribution_constant(1 << 30);
    part->size = rh_distribution_constant(1000);
    part->stay = true;
    struct trace trace = play(&simple);
    /* Of four steps three make two events and one makes one. */
    assert_in_range(trace.summary.end_live_objects, 5500, 5950);
    assert_int_equal(trace.summary.end_live_bytes, 1000 * trace.summary.end_live_objects);
    trace_finish(&trace);
}

static void threads_come_and_go(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_BATCH, 30000);
    simple.role->threads = 3;
    simple.role->restart_after = 100;
    simple.part->batch.count = 70;
    struct trace trace = play(&simple);
    assert_in_range(trace.summary.threads, 200, 304);
    assert_int_equal(threads_at_once(&trace), 5);
    assert_int_equal(trace.summary.end_live_objects, 0);
    assert_int_equal(trace.summary.cross_thread_releases, 0);
    for (size_t i = 1; i < trace.count; i++)
        if (trace.events[i].kind == RH_EVENT_THREAD_START)
            assert_int_equal(trace.events[i].parent, 0);
    trace_finish(&trace);
}

static void phases_follow_one_another(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_BATCH, 1000);
    simple.role->on_main = true;
    struct rh_synthetic_phase *phase = NULL;
    struct rh_synthetic_role *role = NULL;
    struct rh_synthetic_part *part = NULL;
    assert_int_equal(rh_synthetic_add_phase(&simple.synthetic, NULL, &phase), 0);
    phase->events = 3000;
    assert_int_equal(rh_synthetic_add_role(phase, NULL, &role), 0);
    assert_int_equal(rh_synthetic_add_part(role, RH_BEHAVIOUR_BATCH, NULL, &part), 0);
    part->size = rh_distribution_constant(1);
    prepare(&simple.synthetic);
    assert_int_equal(rh_synthetic_set_events(&simple.synthetic, 8000, NULL), 0);
    struct trace trace = generate(&simple.synthetic);
    assert_in_range(trace.summary.events, 8000, 8010);
    assert_int_equal(trace.summary.threads, 2);
    for (size_t i = 0; i < trace.count; i++)
        assert_int_equal(trace.events[i].thread, i >= 2001);
    trace_finish(&trace);
    rh_synthetic_finish(&simple.synthetic);
}

static void a_seed_names_a_trace(void **state) {
    (void)state;
    struct simple simple = queue_make(30000, 100, 5);
    simple.part->size = (struct rh_distribution){
        .kind = RH_DISTRIBUTION_LOGNORMAL, .max = 100000, .median = 100, .sigma = 1};
    prepare(&simple.synthetic);
    struct trace first = generate(&simple.synthetic);
    struct trace second = generate(&simple.synthetic);
    assert_int_equal(first.summary.content_hash, second.summary.content_hash);
    simple.synthetic.seed++;
    struct trace third = generate(&simple.synthetic);
    assert_true(first.summary.content_hash != third.summary.content_hash);
    trace_finish(&first);
    trace_finish(&second);
    trace_finish(&third);
    rh_synthetic_finish(&simple.synthetic);
}

/* ---- what goes wrong ---- */

static void refused(struct simple *simple, const char *words) {
    struct rh_error error = {0};
    assert_int_equal(rh_synthetic_prepare(&simple->synthetic, &error), RH_ERR_INVALID);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    rh_synthetic_finish(&simple->synthetic);
}

static void what_is_refused(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 0);
    refused(&simple, "phase 1: without an end");
    simple = simple_make(RH_BEHAVIOUR_SLOTS, 10);
    simple.part->slots.count = 0;
    refused(&simple, "phase 1: role 1: count of slots is 0");
    simple = simple_make(RH_BEHAVIOUR_SLOTS, 10);
    simple.part->slots.pick = rh_distribution_uniform(0, 1);
    refused(&simple, "pick: 1 is too large");
    simple = simple_make(RH_BEHAVIOUR_SLOTS, 10);
    simple.role->on_main = true;
    simple.role->threads = 2;
    refused(&simple, "main thread");
    simple = simple_make(RH_BEHAVIOUR_SLOTS, 10);
    simple.part->calls[RH_EVENT_FREE] = 1;
    refused(&simple, "free makes no block");
    simple = simple_make(RH_BEHAVIOUR_PRODUCE, 10);
    refused(&simple, "no queue");
    simple = simple_make(RH_BEHAVIOUR_GROW, 10);
    simple.part->grow.factor = 1;
    refused(&simple, "does not grow");
    simple = simple_make(RH_BEHAVIOUR_BATCH, 10);
    simple.part->batch.keep = 0.95;
    refused(&simple, "keep is 0.95");
    simple = simple_make(RH_BEHAVIOUR_BATCH, 10);
    simple.synthetic.name[0] = '/';
    refused(&simple, "name");
}

static void idle_descriptions_end(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 10);
    simple.part->slots.actions[RH_SLOT_FREE] = 1;
    prepare(&simple.synthetic);
    struct rh_error error = {0};
    const char *path = files_path("never.rht");
    assert_int_equal(rh_synthetic_generate(&simple.synthetic, path, &error, NULL), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "made no event"));
    assert_int_equal(access(path, F_OK), -1);
    rh_synthetic_finish(&simple.synthetic);
}

/* Every allocation may fail; nothing is left behind and nothing is lost. */
static void no_memory(void **state) {
    (void)state;
    struct simple simple = queue_make(3000, 10, 3);
    struct rh_synthetic_part *part = NULL;
    const enum rh_behaviour_kind more[] = {RH_BEHAVIOUR_SLOTS, RH_BEHAVIOUR_BATCH,
                                           RH_BEHAVIOUR_LIFETIMES, RH_BEHAVIOUR_GROW};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(rh_synthetic_add_part(simple.role, more[i], NULL, &part), 0);
    simple.role->parts[1].slots.actions[RH_SLOT_EXCHANGE] = 1;
    simple.role->parts[1].slots.actions[RH_SLOT_TOGGLE] = 1;
    prepare(&simple.synthetic);
    const char *path = files_path("memory.rht");
    int result = RH_ERR_MEMORY;
    uint64_t nth = 0;
    while (result != 0) {
        rh_memory_fail_at(++nth);
        struct rh_error error = {0};
        result = rh_synthetic_generate(&simple.synthetic, path, &error, NULL);
        rh_memory_fail_at(0);
        if (result != 0) {
            assert_int_equal(result, RH_ERR_MEMORY);
            assert_int_equal(access(path, F_OK), -1);
        }
        nth += nth / 64; /* the later ones are alike */
    }
    assert_true(nth > 50);
    struct trace trace = trace_take(path);
    trace_finish(&trace);
    rh_synthetic_finish(&simple.synthetic);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_keep_a_working_set),
        cmocka_unit_test(slots_pass_to_the_heir),
        cmocka_unit_test(slots_act_by_weight),
        cmocka_unit_test(slots_exchange_between_threads),
        cmocka_unit_test(slots_are_picked),
        cmocka_unit_test(batches_free_in_order),
        cmocka_unit_test(batches_keep_a_window),
        cmocka_unit_test(batches_leave_holes),
        cmocka_unit_test(queues_hand_over),
        cmocka_unit_test(full_queues_make_wait),
        cmocka_unit_test(queues_run_dry),
        cmocka_unit_test(standstill_ends_the_phase),
        cmocka_unit_test(lifetimes_are_kept),
        cmocka_unit_test(buffers_grow),
        cmocka_unit_test(calls_and_frees_by_share),
        cmocka_unit_test(parts_share_the_steps),
        cmocka_unit_test(threads_come_and_go),
        cmocka_unit_test(phases_follow_one_another),
        cmocka_unit_test(a_seed_names_a_trace),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(idle_descriptions_end),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("trace/generate", tests, files_make_directory,
                                       files_remove_directory);
}
