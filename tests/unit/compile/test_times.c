/* Recorded times stand in the streams where they were asked for, and nowhere else; one thread does
 * the work of all. */
#include "base/memory.h"
#include "tests/unit/compile/fixture.h"
#include "tests/unit/compile/synthetic.h"
#include "tests/unit/compile/tape_model.h"
#include "tests/unit/test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct rh_event at(uint64_t time_ns, struct rh_event event) {
    event.time_ns = time_ns;
    return event;
}

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

/* The stream as kinds, one character an op ("M" malloc, "F" free, "S" spawn), and each TIME. */
struct stream {
    char kinds[32];
    uint64_t times_ns[32];
    size_t count, time_count;
};

static void read_stream(const struct rh_tape *tape, uint32_t thread, struct stream *ret_stream) {
    static const char letters[RH_TAPE_OPS] = {[RH_TAPE_MALLOC] = 'M',
                                              [RH_TAPE_FREE] = 'F',
                                              [RH_TAPE_SPAWN] = 'S',
                                              [RH_TAPE_TIME] = 't',
                                              [RH_TAPE_WAIT] = 'w'};
    *ret_stream = (struct stream){0};
    const struct rh_tape_thread *entry = &tape->threads[thread];
    for (uint64_t i = entry->begin; i != entry->end; i = rh_tape_next(tape->words, i)) {
        unsigned kind = rh_tape_kind(tape->words[i]);
        if (kind == RH_TAPE_JUMP || ret_stream->count == 31)
            continue;
        ret_stream->kinds[ret_stream->count++] = letters[kind];
        if (kind == RH_TAPE_TIME)
            ret_stream->times_ns[ret_stream->time_count++] = rh_tape_long_operand(tape->words[i]);
    }
}

static const struct rh_event *two_threads(size_t *ret_count) {
    static struct rh_event events[8];
    size_t count = 0;
    events[count++] = at(0, event_start(0, RH_NO_THREAD));
    events[count++] = at(10, event_acquire(0, RH_EVENT_MALLOC, 0, 8));
    events[count++] = at(15, event_acquire(0, RH_EVENT_MALLOC, 1, 8));
    events[count++] = at(100, event_start(1, 0));
    events[count++] = at(105, event_acquire(1, RH_EVENT_MALLOC, 2, 8));
    events[count++] = at(5000, event_release(0, 0));
    events[count++] = at(5020, event_release(1, 2));
    events[count++] = at(5040, event_end(1));
    *ret_count = count;
    return events;
}

static void without_being_asked_there_are_none(void **state) {
    (void)state;
    size_t count = 0;
    const struct rh_event *events = two_threads(&count);
    struct fixture fixture;
    struct stream stream;
    compile_with(&(struct rh_compiler_setup){.peak_event = UINT64_MAX}, events, count, &fixture);
    read_stream(&fixture.tape, 0, &stream);
    assert_string_equal(stream.kinds, "MMSF");
    read_stream(&fixture.tape, 1, &stream);
    assert_string_equal(stream.kinds, "MF");
    fixture_close(&fixture);
}

static void every_later_event_can_have_its_time(void **state) {
    (void)state;
    size_t count = 0;
    const struct rh_event *events = two_threads(&count);
    struct fixture fixture;
    struct stream stream;
    compile_with(&(struct rh_compiler_setup){.peak_event = UINT64_MAX, .time_quantum_ns = 1},
                 events, count, &fixture);
    read_stream(&fixture.tape, 0, &stream);
    assert_string_equal(stream.kinds, "ttMtMtStF");
    const uint64_t first_ns[] = {0, 10, 15, 100, 5000};
    assert_memory_equal(stream.times_ns, first_ns, sizeof(first_ns));
    read_stream(&fixture.tape, 1, &stream);
    assert_string_equal(stream.kinds, "ttMtFt");
    const uint64_t second_ns[] = {100, 105, 5020, 5040};
    assert_memory_equal(stream.times_ns, second_ns, sizeof(second_ns));
    assert_int_equal(fixture.tape.header->time_end_ns, 5040);
    fixture_close(&fixture);
}

static void a_quantum_thins_them_and_a_cap_cuts_idling(void **state) {
    (void)state;
    size_t count = 0;
    const struct rh_event *events = two_threads(&count);
    struct fixture fixture;
    struct stream stream;
    compile_with(&(struct rh_compiler_setup){.peak_event = UINT64_MAX,
                                             .time_quantum_ns = 50,
                                             .idle_cap_ns = 1000},
                 events, count, &fixture);
    read_stream(&fixture.tape, 0, &stream);
    assert_string_equal(stream.kinds, "tMMtStF");
    const uint64_t first_ns[] = {0, 100, 1105};
    assert_memory_equal(stream.times_ns, first_ns, sizeof(first_ns));
    assert_int_equal(fixture.tape.header->time_end_ns, 1145);
    fixture_close(&fixture);
}

static void the_prologue_has_no_times(void **state) {
    (void)state;
    struct rh_event events[] = {at(0, event_start(0, RH_NO_THREAD)),
                                at(20, event_acquire(0, RH_EVENT_MALLOC, 0, 8)),
                                at(40, event_release(0, 0))};
    events[1].flags = RH_EVENT_PROLOGUE;
    struct fixture fixture;
    struct stream stream;
    compile_with(&(struct rh_compiler_setup){.peak_event = UINT64_MAX, .time_quantum_ns = 1},
                 events, COUNT(events), &fixture);
    read_stream(&fixture.tape, 0, &stream);
    assert_int_equal(stream.time_count, 2);
    assert_int_equal(stream.times_ns[1], 40);
    assert_int_equal(fixture.tape.header->time_begin_ns, 40);
    fixture_close(&fixture);
}

static void one_thread_does_the_work_of_all(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct synthetic wanted = {.seed = seed,
                                   .events = 4000,
                                   .threads = 9,
                                   .threads_live = 4,
                                   .live_objects = 200,
                                   .cross_percent = 50,
                                   .prologue = seed % 2 == 0 ? 300 : 0,
                                   .orphans = seed % 3 == 0};
        struct synthetic_trace trace;
        synthetic_make(&wanted, &trace);
        struct rh_compiler_setup setup = {
            .peak_event = trace.peak_event, .marks = 20, .one_thread = true};
        struct fixture fixture;
        compile_with(&setup, trace.events, trace.count, &fixture);
        const struct rh_tape_header *header = fixture.tape.header;
        assert_int_equal(header->threads, 1);
        assert_int_equal(header->edges, 0);
        assert_int_equal(header->peak_live_bytes, trace.peak_live_bytes);
        struct tape_model model;
        tape_model_play(&fixture.tape, seed, &model);
        assert_string_equal(model.reason, "");
        assert_in_range(model.ops, trace.ops, UINT64_MAX);
        assert_int_equal(model.live_objects, trace.end_live_objects);
        assert_int_equal(model.marks_met, header->marks);
        fixture_close(&fixture);
        rh_free(trace.events);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_being_asked_there_are_none),
        cmocka_unit_test(every_later_event_can_have_its_time),
        cmocka_unit_test(a_quantum_thins_them_and_a_cap_cuts_idling),
        cmocka_unit_test(the_prologue_has_no_times),
        cmocka_unit_test(one_thread_does_the_work_of_all),
    };
    return cmocka_run_group_tests_name("compile/times", tests, NULL, NULL);
}
