/* Each behaviour of a synthetic workload does what its description says. */
#include "tests/unit/trace/workload.h"

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
    };
    return cmocka_run_group_tests_name("trace/behaviours", tests, files_make_directory,
                                       files_remove_directory);
}
