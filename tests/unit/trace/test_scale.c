/* Scaled traces: copies beside one another, sizes and lifetimes by their factor. */
#include "tests/unit/trace/files.h"
#include "tests/unit/trace/stream.h"
#include "trace/tools/delayed.h"
#include "trace/tools/scale.h"

enum { EVENTS = 3000 };

static const struct rh_scale same = {.copies = 1, .sizes = 1, .lifetimes = 1};

static struct trace scale_events(const struct rh_event *events, size_t count, bool timed,
                                 const struct rh_scale *scale, struct rh_scale_facts *facts) {
    const struct rh_trace_meta meta = {.time_quantum_ns = timed ? 10 : 0};
    struct rh_error error = {0};
    const char *whole = files_path("whole.rht");
    const char *out = files_path("scaled.rht");
    trace_store(whole, events, count, &meta);
    if (rh_trace_scale(whole, scale, out, &error, facts, NULL) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(unlink(whole), 0);
    return trace_take(out);
}

static void by_one_is_the_same(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct rh_event *events = stream_make(seed, EVENTS, 20, seed % 2);
        struct rh_scale_facts facts;
        struct trace trace = scale_events(events, EVENTS, seed % 2, &same, &facts);
        assert_int_equal(trace.count, EVENTS);
        for (size_t i = 0; i < EVENTS; i++)
            assert_true(stream_equal(&events[i], &trace.events[i]));
        assert_int_equal(facts.frees_moved + facts.usable_dropped, 0);
        trace_finish(&trace);
        free(events);
    }
}

static void copies_run_in_lockstep(void **state) {
    (void)state;
    struct rh_scale scale = same;
    scale.copies = 3;
    struct rh_event *events = stream_make(5, EVENTS, 20, true);
    struct trace trace = scale_events(events, EVENTS, true, &scale, NULL);
    struct trace one = scale_events(events, EVENTS, true, &same, NULL);
    assert_int_equal(trace.count, 3 * EVENTS);
    assert_int_equal(trace.summary.threads, 3 * one.summary.threads);
    assert_int_equal(trace.summary.peak_live_bytes, 3 * one.summary.peak_live_bytes);
    assert_int_equal(trace.summary.cross_thread_releases, 3 * one.summary.cross_thread_releases);
    for (size_t i = 0; i < trace.count; i++) {
        const struct rh_event *old = &events[i / 3];
        const struct rh_event *new = &trace.events[i];
        assert_int_equal(new->thread, old->thread * 3 + i % 3);
        if (old->released != RH_NO_OBJECT)
            assert_int_equal(new->released, old->released * 3 + i % 3);
    }
    assert_int_equal(trace.events[0].parent, RH_NO_THREAD);
    assert_int_equal(trace.events[1].parent, 0);
    assert_int_equal(trace.events[2].parent, 0);
    trace_finish(&one);
    trace_finish(&trace);
    free(events);
}

static struct rh_event made(unsigned kind, uint32_t thread, uint64_t acquired, uint64_t released,
                            uint64_t size, uint64_t time_ns) {
    return (struct rh_event){.kind = (uint8_t)kind,
                             .thread = thread,
                             .acquired = acquired,
                             .released = released,
                             .size = size,
                             .time_ns = time_ns,
                             .parent =
                                 kind == RH_EVENT_THREAD_START && thread > 0 ? 0 : RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED};
}

#define NONE RH_NO_OBJECT

static void sizes_are_multiplied(void **state) {
    (void)state;
    struct rh_event events[] = {
        made(RH_EVENT_THREAD_START, 0, NONE, NONE, 0, 0),
        made(RH_EVENT_NEW, 0, 0, NONE, 0, 0),
        made(RH_EVENT_NEW, 0, 1, NONE, 1, 0),
        made(RH_EVENT_NEW, 0, 2, NONE, 8192, 0),
        made(RH_EVENT_FREE_SIZED, 0, NONE, 2, 8192, 0),
        made(RH_EVENT_REALLOC, 0, 3, 1, 101, 0),
        made(RH_EVENT_FAILED, 0, NONE, NONE, UINT64_MAX, 0),
    };
    events[4].touched_pages = 2;
    struct rh_scale scale = same;
    scale.sizes = 2.5;
    struct trace larger = scale_events(events, 7, false, &scale, NULL);
    static const uint64_t wanted[] = {0, 0, 2, 20480, 20480, 252, UINT64_MAX};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(larger.events[i].size, wanted[i]);
    assert_int_equal(larger.events[4].touched_pages, 5);
    trace_finish(&larger);
    scale.sizes = 0.01;
    struct trace smaller = scale_events(events, 7, false, &scale, NULL);
    static const uint64_t small[] = {0, 0, 1, 82, 82, 1};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(smaller.events[i].size, small[i]);
    assert_int_equal(smaller.events[4].touched_pages, 1);
    trace_finish(&smaller);
}

/* Thread 0 makes blocks at 0, 100 and 200; thread 1 lives from 150 to 600. */
static const struct rh_event *lives(size_t *ret_count) {
    static struct rh_event events[10];
    events[0] = made(RH_EVENT_THREAD_START, 0, NONE, NONE, 0, 0);
    events[1] = made(RH_EVENT_MALLOC, 0, 0, NONE, 1, 0);
    events[2] = made(RH_EVENT_MALLOC, 0, 1, NONE, 2, 100);
    events[3] = made(RH_EVENT_THREAD_START, 1, NONE, NONE, 0, 150);
    events[4] = made(RH_EVENT_MALLOC, 0, 2, NONE, 3, 200);
    events[5] = made(RH_EVENT_FREE, 0, NONE, 1, 0, 300); /* lived 200 */
    events[6] = made(RH_EVENT_USABLE, 0, NONE, 0, 0, 350);
    events[7] = made(RH_EVENT_FREE, 1, NONE, 0, 0, 400); /* lived 400 */
    events[8] = made(RH_EVENT_THREAD_END, 1, NONE, NONE, 0, 600);
    events[9] = made(RH_EVENT_FREE, 0, NONE, 2, 0, 700); /* lived 500 */
    *ret_count = 10;
    return events;
}

static uint64_t death_of(const struct trace *trace, uint64_t object, uint32_t *ret_thread) {
    for (size_t i = 0; i < trace->count; i++)
        if (trace->events[i].kind == RH_EVENT_FREE && trace->events[i].released == object) {
            *ret_thread = trace->events[i].thread;
            return trace->events[i].time_ns;
        }
    fail_msg("object %lu is never freed", (unsigned long)object);
    return 0;
}

static void check_deaths(double factor, const uint64_t *wanted, uint64_t dropped) {
    size_t count;
    const struct rh_event *events = lives(&count);
    struct rh_scale scale = same;
    scale.lifetimes = factor;
    struct rh_scale_facts facts;
    struct trace trace = scale_events(events, count, true, &scale, &facts);
    static const uint32_t threads[] = {1, 0, 0};
    for (uint64_t object = 0; object < 3; object++) {
        uint32_t thread = 9;
        assert_int_equal(death_of(&trace, object, &thread), wanted[object]);
        assert_int_equal(thread, threads[object]);
    }
    assert_int_equal(facts.usable_dropped, dropped);
    assert_int_equal(trace.count, count - dropped);
    trace_finish(&trace);
}

static void lifetimes_are_multiplied(void **state) {
    (void)state;
    /* Object 0 would die at 800 or 600, but its thread ends at 600; nothing else comes after 700.
     */
    check_deaths(2, (uint64_t[]){600, 500, 1200}, 0);
    check_deaths(1.5, (uint64_t[]){600, 400, 950}, 0);
    /* Object 0 would die at 200 and 40, but its thread starts at 150; it is dead when asked for. */
    check_deaths(0.5, (uint64_t[]){200, 200, 450}, 1);
    check_deaths(0.1, (uint64_t[]){150, 120, 250}, 1);
    check_deaths(0, (uint64_t[]){150, 100, 200}, 1);
}

/* Whatever the factor: the same calls, and lifetimes that grow with it. */
static void factors_keep_the_calls(void **state) {
    (void)state;
    static const double factors[] = {0, 0.01, 0.5, 1, 1.7, 10, 1000};
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct rh_event *events = stream_make(seed, EVENTS, 15, seed % 2);
        uint64_t before = 0;
        for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
            struct rh_scale scale = same;
            scale.lifetimes = factors[i];
            struct rh_scale_facts facts;
            struct trace trace = scale_events(events, EVENTS, seed % 2, &scale, &facts);
            assert_int_equal(trace.count + facts.usable_dropped, EVENTS);
            uint64_t live = 0;
            uint64_t sum = 0;
            for (size_t j = 0; j < trace.count; j++) {
                live += rh_event_acquires(trace.events[j].kind);
                live -= rh_event_releases(trace.events[j].kind);
                sum += live;
            }
            assert_true(sum >= before - before / 100);
            before = sum;
            trace_finish(&trace);
        }
        free(events);
    }
}

static void delayed_events_come_in_order(void **state) {
    (void)state;
    struct rh_delayed delayed = {0};
    struct rh_random random;
    rh_random_seed(&random, 3);
    size_t pending = 0;
    struct rh_moment last = {0};
    assert_int_equal(rh_delayed_start(&delayed, 0, NULL), 0);
    for (int i = 0; i < 20000; i++) {
        struct rh_delayed_entry entry;
        uint64_t now = 10 * (uint64_t)i;
        struct rh_event event = {.thread = (uint32_t)rh_random_below(&random, 8)};
        struct rh_moment due = {now + rh_random_below(&random, 4000), rh_random_next(&random)};
        assert_int_equal(rh_delayed_add(&delayed, &event, due, NULL), 0);
        pending++;
        if (i == 5000)
            for (uint32_t thread = 1; thread < 7; thread++)
                assert_int_equal(rh_delayed_start(&delayed, thread, NULL), 0);
        while (rh_delayed_take(&delayed, (struct rh_moment){now, 0}, &entry)) {
            assert_true(entry.due.time_ns < now);
            assert_int_not_equal(entry.event.thread, 7);
            if (i > 5000)
                assert_false(rh_moment_is_before(entry.due, last));
            if (i >= 5000)
                last = i > 5000 ? entry.due : last;
            pending--;
        }
        if (i % 100 == 99 && rh_delayed_take_of(&delayed, 3, &entry)) {
            assert_int_equal(entry.event.thread, 3);
            pending--;
        }
    }
    struct rh_delayed_entry entry;
    last = (struct rh_moment){0, 0};
    while (rh_delayed_take_of(&delayed, 7, &entry)) {
        assert_false(rh_moment_is_before(entry.due, last));
        last = entry.due;
        pending--;
    }
    while (rh_delayed_take(&delayed, (struct rh_moment){UINT64_MAX, 0}, &entry))
        pending--;
    assert_int_equal(pending, 0);
    rh_delayed_finish(&delayed);
}

static void what_is_refused(void **state) {
    (void)state;
    struct rh_event *events = stream_make(1, 500, 3, true);
    const struct rh_trace_meta meta = {.time_quantum_ns = 10};
    const char *whole = files_path("whole.rht");
    const char *out = files_path("scaled.rht");
    trace_store(whole, events, 500, &meta);
    static const struct {
        struct rh_scale scale;
        int code;
        const char *words;
    } cases[] = {
        {{.copies = 0, .sizes = 1, .lifetimes = 1}, RH_ERR_INVALID, "0 copies"},
        {{.copies = 1025, .sizes = 1, .lifetimes = 1}, RH_ERR_INVALID, "1025 copies"},
        {{.copies = 1, .sizes = 0, .lifetimes = 1}, RH_ERR_INVALID, "sizes times 0"},
        {{.copies = 1, .sizes = 1, .lifetimes = -1}, RH_ERR_INVALID, "lifetimes times -1"},
        {{.copies = 1, .sizes = 1000, .lifetimes = 1}, RH_ERR_LIMIT, "than an object can have"},
    };
    for (size_t i = 0; i < 5; i++) {
        struct rh_error error = {0};
        assert_int_equal(rh_trace_scale(whole, &cases[i].scale, out, &error, NULL, NULL),
                         cases[i].code);
        if (strstr(error.message, cases[i].words) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", error.message, cases[i].words);
        assert_int_equal(access(out, F_OK), -1);
    }
    unlink(whole);
    free(events);
}

static void no_memory(void **state) {
    (void)state;
    struct rh_event *events = stream_make(1, 1000, 5, true);
    const struct rh_trace_meta meta = {.time_quantum_ns = 10};
    const char *whole = files_path("whole.rht");
    const char *out = files_path("scaled.rht");
    trace_store(whole, events, 1000, &meta);
    for (int i = 0; i < 2; i++) {
        struct rh_scale scale = {.copies = 2, .sizes = 1, .lifetimes = i == 0 ? 0.5 : 3};
        int result = RH_ERR_MEMORY;
        for (uint64_t nth = 1; result != 0; nth++) {
            rh_memory_fail_at(nth);
            result = rh_trace_scale(whole, &scale, out, NULL, NULL, NULL);
            rh_memory_fail_at(0);
            assert_true(result == 0 || result == RH_ERR_MEMORY);
            assert_int_equal(access(out, F_OK), result == 0 ? 0 : -1);
        }
        unlink(out);
    }
    unlink(whole);
    free(events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_one_is_the_same),     cmocka_unit_test(copies_run_in_lockstep),
        cmocka_unit_test(sizes_are_multiplied),   cmocka_unit_test(lifetimes_are_multiplied),
        cmocka_unit_test(factors_keep_the_calls), cmocka_unit_test(delayed_events_come_in_order),
        cmocka_unit_test(what_is_refused),        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("trace/scale", tests, files_make_directory,
                                       files_remove_directory);
}
