/* Orders that hold threads together: the recorded order is kept to the event, a window to its
 * width, and neither ever stands still. */
#include "base/memory.h"
#include "base/random.h"
#include "tests/unit/compile/fixture.h"
#include "tests/unit/compile/synthetic.h"
#include "tests/unit/compile/tape_model.h"
#include "tests/unit/test.h"

static void compile_with(const struct rh_compiler_setup *setup, const struct rh_event *events,
                         size_t count, struct fixture *fixture) {
    struct rh_error error = {0};
    int result = fixture_compile_with(setup, events, count, &error, fixture);
    if (result == 0)
        result = rh_tape_check(&fixture->tape, &error);
    if (result < 0)
        print_error("%s\n", error.message);
    assert_int_equal(result, 0);
}

/* ---- allocations whose size says which event they are ---- */

enum { NUMBERED = 3000, THREADS = 7 };

struct watch {
    const struct rh_tape *tape;
    bool done[NUMBERED + 1];
    uint64_t least_open; /* the least number that is not done */
    uint64_t farthest;   /* how far before it an event was done */
};

static void watch_op(void *user, uint32_t thread, uint64_t position) {
    (void)thread;
    struct watch *watch = user;
    uint64_t number = rh_tape_size(watch->tape->words[position]);
    assert_in_range(number, 1, NUMBERED);
    uint64_t ahead = number - watch->least_open;
    if (ahead > watch->farthest)
        watch->farthest = ahead;
    watch->done[number] = true;
    while (watch->least_open <= NUMBERED && watch->done[watch->least_open])
        watch->least_open++;
}

/* Events number 1 ... NUMBERED are allocations of that size, on threads that are drawn; the time
 * goes on by 10 ns an event. */
static struct rh_event *numbered_events(uint64_t seed) {
    struct rh_event *events = rh_alloc((NUMBERED + THREADS) * sizeof(*events));
    struct rh_random random;
    assert_non_null(events);
    rh_random_seed(&random, seed);
    for (uint32_t i = 0; i < THREADS; i++)
        events[i] = event_start(i, i == 0 ? RH_NO_THREAD : 0);
    for (uint64_t i = 0; i < NUMBERED; i++) {
        uint32_t thread = (uint32_t)rh_random_below(&random, THREADS);
        /* One thread sleeps through the middle. */
        if (thread == 3 && i > NUMBERED / 4 && i < NUMBERED / 2)
            thread = 0;
        events[THREADS + i] = event_acquire(thread, RH_EVENT_MALLOC, i, i + 1);
        events[THREADS + i].time_ns = 10 * i;
    }
    return events;
}

static uint64_t farthest_ahead(const struct rh_compiler_setup *setup, uint64_t seed) {
    struct rh_event *events = numbered_events(seed);
    struct fixture fixture;
    struct tape_model model;
    compile_with(setup, events, NUMBERED + THREADS, &fixture);
    struct watch watch = {.tape = &fixture.tape, .least_open = 1};
    tape_model_play_hooked(&fixture.tape, seed, watch_op, &watch, &model);
    assert_string_equal(model.reason, "");
    assert_int_equal(watch.least_open, NUMBERED + 1);
    fixture_close(&fixture);
    rh_free(events);
    return watch.farthest;
}

static void the_recorded_order_is_kept(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct rh_compiler_setup setup = {
            .peak_event = UINT64_MAX, .marks = 10, .order = RH_ORDER_RECORDED};
        assert_int_equal(farthest_ahead(&setup, seed), 0);
    }
}

static void nobody_is_further_ahead_than_the_window(void **state) {
    (void)state;
    static const uint64_t windows[] = {1, 2, 3, 5, 64, 1000};
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        struct rh_compiler_setup setup = {.peak_event = UINT64_MAX,
                                          .marks = i % 2 == 0 ? 7 : 0,
                                          .order = RH_ORDER_WINDOW,
                                          .window_events = windows[i]};
        uint64_t farthest = 0;
        for (uint64_t seed = 1; seed <= 5; seed++) {
            uint64_t ahead = farthest_ahead(&setup, seed);
            farthest = ahead > farthest ? ahead : farthest;
        }
        assert_true(farthest < windows[i]);
        /* It holds nobody back for nothing. */
        assert_true(windows[i] < 64 || farthest > windows[i] / 2);
    }
}

static void a_window_can_be_of_recorded_time(void **state) {
    (void)state;
    struct rh_compiler_setup setup = {
        .peak_event = UINT64_MAX, .order = RH_ORDER_WINDOW, .window_ns = 2000};
    uint64_t ahead = farthest_ahead(&setup, 3);
    assert_true(ahead < 200 && ahead > 100);
}

static void without_a_window_threads_run_free(void **state) {
    (void)state;
    struct rh_compiler_setup setup = {.peak_event = UINT64_MAX};
    assert_true(farthest_ahead(&setup, 1) > 1000);
}

/* ---- whole programs ---- */

static const struct rh_compiler_setup orders[] = {
    {.order = RH_ORDER_RECORDED, .marks = 30},
    {.order = RH_ORDER_WINDOW, .window_events = 3, .marks = 30},
    {.order = RH_ORDER_WINDOW, .window_events = 400, .marks = 0},
    {.order = RH_ORDER_WINDOW, .window_ns = 20000, .time_quantum_ns = 500, .marks = 9},
};

static void no_order_stands_still_or_races(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 16; seed++) {
        struct synthetic wanted = {
            .seed = seed,
            .events = 3000,
            .threads = (uint32_t)(1 + seed * 7 % 40),
            .threads_live = 1 + (uint32_t)(seed % 9),
            .live_objects = (uint32_t)(10 << (seed % 7)),
            .cross_percent = (uint32_t)(seed * 13 % 100),
            .prologue = seed % 3 == 0 ? 500 : 0,
            .orphans = seed % 4 == 0,
        };
        struct synthetic_trace trace;
        synthetic_make(&wanted, &trace);
        struct rh_compiler_setup setup = orders[seed % 4];
        setup.peak_event = trace.peak_event;
        struct fixture fixture;
        compile_with(&setup, trace.events, trace.count, &fixture);
        assert_true(setup.order != RH_ORDER_RECORDED || fixture.tape.header->edges == 0);
        for (uint64_t i = 0; i < 3; i++) {
            struct tape_model model;
            tape_model_play(&fixture.tape, seed * 10 + i, &model);
            if (model.reason[0] != '\0')
                print_error("seed %llu: %s\n", (unsigned long long)seed, model.reason);
            assert_string_equal(model.reason, "");
            assert_int_equal(model.live_objects, trace.end_live_objects);
            assert_int_equal(model.marks_met, fixture.tape.header->marks);
        }
        fixture_close(&fixture);
        rh_free(trace.events);
    }
}

static void every_failed_allocation_is_an_error(void **state) {
    (void)state;
    struct synthetic wanted = {
        .seed = 3, .events = 1500, .threads = 6, .threads_live = 4, .live_objects = 100};
    struct synthetic_trace trace;
    synthetic_make(&wanted, &trace);
    struct rh_compiler_setup setup = orders[1];
    setup.peak_event = trace.peak_event;
    for (uint64_t nth = 1;; nth++) {
        struct fixture fixture;
        struct rh_error error = {0};
        rh_memory_fail_at(nth);
        int result = fixture_compile_with(&setup, trace.events, trace.count, &error, &fixture);
        rh_memory_fail_at(0);
        if (result == 0) {
            fixture_close(&fixture);
            assert_in_range(nth, 10, 100000);
            break;
        }
        assert_int_equal(result, RH_ERR_MEMORY);
    }
    rh_free(trace.events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recorded_order_is_kept),
        cmocka_unit_test(nobody_is_further_ahead_than_the_window),
        cmocka_unit_test(a_window_can_be_of_recorded_time),
        cmocka_unit_test(without_a_window_threads_run_free),
        cmocka_unit_test(no_order_stands_still_or_races),
        cmocka_unit_test(every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("compile/epochs", tests, NULL, NULL);
}
