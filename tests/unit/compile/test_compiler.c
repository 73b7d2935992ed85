/* Events become the ops that they should; random traces become tapes that play on paper without a
 * race, a standstill or a wrong size. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/compile/fixture.h"
#include "tests/unit/compile/synthetic.h"
#include "tests/unit/compile/tape_model.h"
#include "tests/unit/test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void compile_well(const struct rh_event *events, size_t count, struct fixture *fixture) {
    struct rh_error error = {0};
    int result = fixture_compile(events, count, UINT64_MAX, 0, &error, fixture);
    if (result < 0)
        print_error("%s\n", error.message);
    assert_int_equal(result, 0);
    assert_int_equal(rh_tape_check(&fixture->tape, &error), 0);
    assert_int_equal(rh_tape_check_hash(&fixture->tape, &error), 0);
}

/* The ops of a thread's stream, jumps left out. */
static size_t stream_of(const struct rh_tape *tape, uint32_t thread, uint64_t *positions,
                        size_t capacity) {
    size_t count = 0;
    const struct rh_tape_thread *entry = &tape->threads[thread];
    for (uint64_t at = entry->begin; at != entry->end; at = rh_tape_next(tape->words, at))
        if (rh_tape_kind(tape->words[at]) != RH_TAPE_JUMP && count < capacity)
            positions[count++] = at;
    return count;
}

static void one_thread_becomes_plain_ops(void **state) {
    (void)state;
    const struct rh_event events[] = {event_start(0, RH_NO_THREAD),
                                      event_acquire(0, RH_EVENT_MALLOC, 0, 24),
                                      event_acquire(0, RH_EVENT_CALLOC, 1, 4096),
                                      event_realloc(0, 0, 2, 48),
                                      event_release(0, 1),
                                      event_release(0, 2)};
    struct fixture fixture;
    compile_well(events, COUNT(events), &fixture);
    const struct rh_tape *tape = &fixture.tape;
    uint64_t at[8];
    assert_int_equal(stream_of(tape, 0, at, 8), 5);
    assert_int_equal(tape->words[at[0]], rh_tape_word(RH_TAPE_MALLOC, 0, 24));
    assert_int_equal(tape->words[at[1]], rh_tape_word(RH_TAPE_CALLOC, 1, 4096));
    assert_int_equal(tape->words[at[2]], rh_tape_word(RH_TAPE_REALLOC, 0, 24));
    assert_int_equal(tape->words[at[2] + 1], 48);
    assert_int_equal(tape->words[at[3]], rh_tape_word(RH_TAPE_FREE, 1, 4096));
    assert_int_equal(tape->words[at[4]], rh_tape_word(RH_TAPE_FREE, 0, 48));
    assert_int_equal(tape->header->ops, 5);
    assert_int_equal(tape->header->edges, 0);
    assert_int_equal(tape->header->slots, 2);
    assert_int_equal(tape->header->peak_live_bytes, 48 + 4096);
    fixture_close(&fixture);
}

static void rare_shapes_become_wide_ops(void **state) {
    (void)state;
    struct rh_event aligned = event_acquire(0, RH_EVENT_ALIGNED, 2, 100);
    aligned.align_log2 = 12;
    const struct rh_event events[] = {event_start(0, RH_NO_THREAD),
                                      event_acquire(0, RH_EVENT_MALLOC, 0, 0),
                                      event_acquire(0, RH_EVENT_CALLOC, 1, UINT64_C(1) << 33),
                                      aligned,
                                      event_realloc(0, 0, 3, 5000),
                                      event_release(0, 1),
                                      event_release(0, 2),
                                      event_release(0, 3)};
    struct fixture fixture;
    compile_well(events, COUNT(events), &fixture);
    const uint64_t *words = fixture.tape.words;
    uint64_t at[8];
    assert_int_equal(stream_of(&fixture.tape, 0, at, 8), 7);
    assert_int_equal(rh_tape_kind(words[at[0]]), RH_TAPE_ALLOC_WIDE);
    assert_int_equal(words[at[0] + 1], 0);
    assert_int_equal(rh_tape_size(words[at[1]]), 4 | RH_TAPE_SHAPE_ZEROED);
    assert_int_equal(words[at[1] + 1], UINT64_C(1) << 33);
    assert_int_equal(rh_tape_size(words[at[2]]), 12);
    assert_int_equal(rh_tape_kind(words[at[3]]), RH_TAPE_REALLOC_WIDE);
    assert_int_equal(words[at[3] + 1], 0);
    assert_int_equal(words[at[3] + 2], 5000);
    assert_int_equal(rh_tape_kind(words[at[4]]), RH_TAPE_FREE_WIDE);
    assert_int_equal(rh_tape_kind(words[at[5]]), RH_TAPE_FREE_WIDE);
    assert_int_equal(words[at[6]], rh_tape_word(RH_TAPE_FREE, 0, 5000));
    fixture_close(&fixture);
}

static void touched_pages_go_back_to_the_allocation(void **state) {
    (void)state;
    struct rh_event release = event_release(0, 1);
    struct rh_event grow = event_realloc(0, 0, 1, 90000);
    grow.touched_pages = 3;
    release.touched_pages = 7;
    struct rh_event resident = event_release(0, 2); /* of a block that stays: no operation */
    resident.kind = RH_EVENT_RESIDENT;
    resident.touched_pages = 5;
    const struct rh_event events[] = {event_start(0, RH_NO_THREAD),
                                      event_acquire(0, RH_EVENT_MALLOC, 0, 50000),
                                      grow,
                                      release,
                                      event_acquire(0, RH_EVENT_CALLOC, 2, 80000),
                                      resident};
    struct fixture fixture;
    compile_well(events, COUNT(events), &fixture);
    const uint64_t *words = fixture.tape.words;
    uint64_t at[5];
    assert_int_equal(stream_of(&fixture.tape, 0, at, 5), 4);
    assert_int_equal(words[at[3] + 2], 5);
    assert_int_equal(words[at[0] + 2], 3);
    assert_int_equal(words[at[1] + 3], 7 | UINT64_C(3) << 32);
    fixture_close(&fixture);
}

static void an_object_that_passes_makes_one_edge(void **state) {
    (void)state;
    const struct rh_event events[] = {
        event_start(0, RH_NO_THREAD),
        event_start(1, 0),
        event_acquire(0, RH_EVENT_MALLOC, 0, 10),
        event_acquire(0, RH_EVENT_MALLOC, 1, 20),
        event_release(1, 1),
        event_release(1, 0), /* implied: thread 1 knows of object 1, made later */
    };
    struct fixture fixture;
    compile_well(events, COUNT(events), &fixture);
    const uint64_t *words = fixture.tape.words;
    uint64_t main_at[8], at[8];
    assert_int_equal(stream_of(&fixture.tape, 0, main_at, 8), 3);
    assert_int_equal(words[main_at[0]], rh_tape_word(RH_TAPE_SPAWN, 1, 0));
    assert_int_equal(words[main_at[1]], rh_tape_word(RH_TAPE_MALLOC, 0, 10));
    assert_int_equal(words[main_at[2]], rh_tape_word(RH_TAPE_MALLOC, 1, 20) | RH_TAPE_SIGNAL);
    assert_int_equal(stream_of(&fixture.tape, 1, at, 8), 3);
    assert_int_equal(words[at[0]], rh_tape_word(RH_TAPE_WAIT, 0, 0));
    assert_int_equal(words[at[0] + 1], main_at[2]);
    assert_int_equal(fixture.tape.header->edges, 1);
    assert_int_equal(fixture.tape.header->edges_implied, 1);
    assert_int_equal(fixture.tape.header->cross_releases, 2);
    fixture_close(&fixture);
}

static void what_the_creator_knew_needs_no_edge(void **state) {
    (void)state;
    const struct rh_event events[] = {event_start(0, RH_NO_THREAD),
                                      event_acquire(0, RH_EVENT_MALLOC, 0, 10), event_start(1, 0),
                                      event_release(1, 0)};
    struct fixture fixture;
    compile_well(events, COUNT(events), &fixture);
    assert_int_equal(fixture.tape.header->edges, 0);
    assert_int_equal(fixture.tape.header->edges_implied, 1);
    fixture_close(&fixture);
}

static void knowledge_passes_through_a_third_thread(void **state) {
    (void)state;
    const struct rh_event events[] = {
        event_start(0, RH_NO_THREAD),
        event_start(1, 0),
        event_start(2, 0),
        event_acquire(0, RH_EVENT_MALLOC, 0, 10),
        event_acquire(0, RH_EVENT_MALLOC, 1, 10),
        event_release(1, 0), /* 1 knows of object 0, but not of object 1 */
        event_acquire(1, RH_EVENT_MALLOC, 2, 10),
        event_realloc(2, 2, 3, 30), /* 2 knows what 1 knew */
        event_acquire(0, RH_EVENT_MALLOC, 4, 10),
        event_release(2, 1), /* an edge of its own */
    };
    struct fixture fixture;
    compile_well(events, COUNT(events), &fixture);
    assert_int_equal(fixture.tape.header->edges, 3);
    fixture_close(&fixture);
}

static void a_broken_rule_is_named_with_its_event(void **state) {
    (void)state;
    const struct rh_event start = event_start(0, RH_NO_THREAD);
    const struct rh_event object = event_acquire(0, RH_EVENT_MALLOC, 0, 10);
    struct rh_event far = event_acquire(0, RH_EVENT_ALIGNED, 0, 1);
    far.align_log2 = 60;
    const struct {
        struct rh_event events[3];
        const char *text;
    } cases[] = {
        {{start, object, event_release(0, 7)}, "object 7"},
        {{start, object, event_acquire(0, RH_EVENT_MALLOC, 5, 1)}, "object 5"},
        {{start, object, event_release(3, 0)}, "thread 3"},
        {{start, object, event_start(4, 0)}, "thread 4"},
        {{start, event_end(0), object}, "thread 0"},
        {{start, object, event_realloc(0, 9, 1, 4)}, "object 9"},
        {{start, object, event_acquire(0, RH_EVENT_MALLOC, 1, UINT64_MAX)}, "bytes"},
        {{start, far, object}, "2^60"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture fixture;
        struct rh_error error = {0};
        assert_true(fixture_compile(cases[i].events, 3, UINT64_MAX, 0, &error, &fixture) < 0);
        assert_non_null(strstr(error.message, cases[i].text));
        assert_non_null(strstr(error.message, "event "));
    }
}

static void counts_that_disagree_are_refused(void **state) {
    (void)state;
    const struct rh_event events[] = {event_start(0, RH_NO_THREAD),
                                      event_acquire(0, RH_EVENT_MALLOC, 0, 10),
                                      event_acquire(0, RH_EVENT_MALLOC, 1, 10)};
    struct fixture fixture;
    struct rh_error error = {0};
    assert_int_equal(fixture_compile(events, 3, 1, 0, &error, &fixture), RH_ERR_FORMAT);
    assert_non_null(strstr(error.message, "event 1"));
    assert_int_equal(fixture_compile(events, 3, 2, 0, NULL, &fixture), 0);
    fixture_close(&fixture);
}

/* One thread acquires and another releases, for ever: the table must not grow with the trace. */
static void a_pipe_of_objects_needs_few_slots(void **state) {
    (void)state;
    enum { OBJECTS = 400000 };
    size_t count = 2 + 2 * (size_t)OBJECTS;
    struct rh_event *events = rh_alloc(count * sizeof(*events));
    assert_non_null(events);
    events[0] = event_start(0, RH_NO_THREAD);
    events[1] = event_start(1, 0);
    for (size_t i = 0; i < OBJECTS; i++) {
        events[2 + 2 * i] = event_acquire(0, RH_EVENT_MALLOC, i, 64);
        events[3 + 2 * i] = event_release(1, i);
    }
    struct fixture fixture;
    compile_well(events, count, &fixture);
    struct tape_model model;
    tape_model_play(&fixture.tape, 1, &model);
    assert_string_equal(model.reason, "");
    assert_in_range(fixture.tape.header->slots, 1, 140000);
    assert_in_range(fixture.tape.header->edges_slot, 1, 100);
    fixture_close(&fixture);
    rh_free(events);
}

/* Thread 0 takes over slots that thread 1 has released, and thread 2 takes them over from thread 0:
 * it has to come behind thread 0's own wait, wherever thread 1 is by then. */
static void slots_change_hands_twice(void **state) {
    (void)state;
    enum { PIPED = (1 << 16) + 2, HELD = 1000, EVENTS = 3 + 2 * HELD + 2 * PIPED + 2 };
    struct rh_event *events = rh_alloc(EVENTS * sizeof(*events));
    assert_non_null(events);
    size_t count = 0;
    for (uint32_t i = 0; i < 3; i++)
        events[count++] = event_start(i, i == 0 ? RH_NO_THREAD : 0);
    for (uint64_t i = 0; i < HELD; i++)
        events[count++] = event_acquire(0, RH_EVENT_MALLOC, i, 64);
    for (uint64_t i = HELD; i < HELD + PIPED; i++) {
        events[count++] = event_acquire(0, RH_EVENT_MALLOC, i, 64);
        events[count++] = event_release(1, i);
    }
    for (uint64_t i = 0; i < HELD; i++)
        events[count++] = event_release(0, i);
    events[count++] = event_acquire(2, RH_EVENT_MALLOC, HELD + PIPED, 64);
    events[count++] = event_release(0, HELD + PIPED);
    assert_int_equal(count, EVENTS);
    struct fixture fixture;
    compile_well(events, count, &fixture);
    assert_int_equal(fixture.tape.header->edges_slot, 2);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct tape_model model;
        tape_model_play(&fixture.tape, seed, &model);
        assert_string_equal(model.reason, "");
    }
    fixture_close(&fixture);
    rh_free(events);
}

static void play_random(const struct synthetic *wanted) {
    struct synthetic_trace trace;
    synthetic_make(wanted, &trace);
    struct fixture fixture;
    struct rh_error error = {0};
    int result = fixture_compile(trace.events, trace.count, trace.peak_event, 50, &error, &fixture);
    if (result < 0)
        print_error("seed %llu: %s\n", (unsigned long long)wanted->seed, error.message);
    assert_int_equal(result, 0);
    assert_int_equal(rh_tape_check(&fixture.tape, &error), 0);
    const struct rh_tape_header *header = fixture.tape.header;
    assert_int_equal(header->events, trace.count);
    assert_int_equal(header->peak_live_bytes, trace.peak_live_bytes);
    assert_int_equal(header->closing_ops, trace.end_live_objects);
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct tape_model model;
        tape_model_play(&fixture.tape, wanted->seed * 10 + seed, &model);
        if (model.reason[0] != '\0')
            print_error("seed %llu: %s\n", (unsigned long long)wanted->seed, model.reason);
        assert_string_equal(model.reason, "");
        assert_int_equal(model.ops, header->ops + header->prologue_ops);
        assert_in_range(model.ops, trace.ops, UINT64_MAX);
        assert_int_equal(model.live_bytes, header->end_live_bytes);
        assert_int_equal(model.live_objects, trace.end_live_objects);
        assert_int_equal(model.marks_met, header->marks);
        assert_int_equal(model.waits, header->edges);
    }
    fixture_close(&fixture);
    rh_free(trace.events);
}

static void random_traces_play_without_a_race(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        uint32_t threads = (uint32_t)(1 + seed * 7 % 40);
        struct synthetic wanted = {
            .seed = seed,
            .events = 4000,
            .threads = threads,
            .threads_live = 1 + (uint32_t)(seed % 9),
            .live_objects = (uint32_t)(10 << (seed % 7)),
            .cross_percent = (uint32_t)(seed * 13 % 100),
            .prologue = seed % 3 == 0 ? 500 : 0,
            .orphans = seed % 4 == 0,
            .large = true,
        };
        play_random(&wanted);
    }
}

static void an_empty_trace_is_a_tape(void **state) {
    (void)state;
    struct fixture fixture;
    compile_well(NULL, 0, &fixture);
    assert_int_equal(fixture.tape.header->threads, 0);
    fixture_close(&fixture);
}

/* Of an op that begins at `end`. */
static uint64_t count_ops(const struct rh_tape *tape, uint64_t position, uint64_t end) {
    uint64_t ops = 0;
    for (; position != end; position = rh_tape_next(tape->words, position))
        ops += rh_tape_op_counts[rh_tape_kind(tape->words[position])];
    return ops;
}

static void segments_have_equal_ops(void **state) {
    (void)state;
    struct synthetic wanted = {
        .seed = 5, .events = 100000, .threads = 3, .threads_live = 3, .live_objects = 1000};
    struct synthetic_trace trace;
    synthetic_make(&wanted, &trace);
    struct fixture fixture;
    compile_well(trace.events, trace.count, &fixture);
    const struct rh_tape *tape = &fixture.tape;
    for (uint64_t thread = 0; thread < 3; thread++) {
        const struct rh_tape_thread *entry = &tape->threads[thread];
        assert_int_equal(entry->segments, RH_TAPE_SEGMENTS);
        uint64_t begin = entry->timed;
        for (uint64_t i = 0; i < entry->segments; i++) {
            uint64_t ops = count_ops(tape, begin, entry->segment_end[i]);
            assert_in_range(ops, entry->ops / RH_TAPE_SEGMENTS, entry->ops / RH_TAPE_SEGMENTS + 1);
            begin = entry->segment_end[i];
        }
        assert_int_equal(begin, entry->end);
    }
    fixture_close(&fixture);
    rh_free(trace.events);
}

/* Looked up from the nearest segment, it is what counting from the begin gives. */
static void ops_have_numbers(void **state) {
    (void)state;
    struct synthetic wanted = {.seed = 6,
                               .events = 60000,
                               .threads = 5,
                               .threads_live = 3,
                               .live_objects = 500,
                               .prologue = 9000};
    struct synthetic_trace trace;
    synthetic_make(&wanted, &trace);
    struct fixture fixture;
    compile_well(trace.events, trace.count, &fixture);
    const struct rh_tape *tape = &fixture.tape;
    for (uint64_t thread = 0; thread < tape->header->threads; thread++) {
        const struct rh_tape_thread *entry = &tape->threads[thread];
        uint64_t number = 0;
        for (uint64_t at = entry->begin; at != entry->end; at = rh_tape_next(tape->words, at)) {
            assert_int_equal(rh_tape_number(tape, thread, at), number);
            number += rh_tape_op_counts[rh_tape_kind(tape->words[at])];
        }
        assert_int_equal(rh_tape_number(tape, thread, entry->end), number);
    }
    fixture_close(&fixture);
    rh_free(trace.events);
}

static void every_failed_allocation_is_an_error(void **state) {
    (void)state;
    struct synthetic wanted = {.seed = 3,
                               .events = 3000,
                               .threads = 12,
                               .threads_live = 4,
                               .live_objects = 300,
                               .cross_percent = 50};
    struct synthetic_trace trace;
    synthetic_make(&wanted, &trace);
    for (uint64_t nth = 1;; nth++) {
        struct fixture fixture;
        struct rh_error error = {0};
        rh_memory_fail_at(nth);
        int result =
            fixture_compile(trace.events, trace.count, trace.peak_event, 10, &error, &fixture);
        rh_memory_fail_at(0);
        if (result == 0) {
            fixture_close(&fixture);
            assert_in_range(nth, 20, 100000);
            break;
        }
        assert_int_equal(result, RH_ERR_MEMORY);
        assert_true(error.message[0] != '\0');
    }
    rh_free(trace.events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_becomes_plain_ops),
        cmocka_unit_test(rare_shapes_become_wide_ops),
        cmocka_unit_test(touched_pages_go_back_to_the_allocation),
        cmocka_unit_test(an_object_that_passes_makes_one_edge),
        cmocka_unit_test(what_the_creator_knew_needs_no_edge),
        cmocka_unit_test(knowledge_passes_through_a_third_thread),
        cmocka_unit_test(a_broken_rule_is_named_with_its_event),
        cmocka_unit_test(counts_that_disagree_are_refused),
        cmocka_unit_test(a_pipe_of_objects_needs_few_slots),
        cmocka_unit_test(slots_change_hands_twice),
        cmocka_unit_test(random_traces_play_without_a_race),
        cmocka_unit_test(an_empty_trace_is_a_tape),
        cmocka_unit_test(segments_have_equal_ops),
        cmocka_unit_test(ops_have_numbers),
        cmocka_unit_test(every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("compile/compiler", tests, NULL, NULL);
}
