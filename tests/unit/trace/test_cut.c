/* A cut holds what the whole holds there: same events, same live bytes, same threads. */
#include "tests/unit/trace/files.h"
#include "tests/unit/trace/stream.h"
#include "trace/tools/cut.h"

enum { EVENTS = 4000 };

static char recorded[] = "recorded";

/* What is live in a trace, event after event, kept by the tests' own bookkeeping. */
struct book {
    uint64_t *sizes;   /* by object */
    uint32_t *threads; /* that acquired it */
    bool *live;
    uint64_t live_bytes, live_objects;
};

static struct book book_make(size_t objects) {
    return (struct book){.sizes = calloc(objects + 1, sizeof(uint64_t)),
                         .threads = calloc(objects + 1, sizeof(uint32_t)),
                         .live = calloc(objects + 1, sizeof(bool))};
}

static void book_finish(struct book *book) {
    free(book->sizes);
    free(book->threads);
    free(book->live);
}

static void book_add(struct book *book, const struct rh_event *event) {
    if (rh_event_releases(event->kind)) {
        assert_true(book->live[event->released]);
        book->live[event->released] = false;
        book->live_bytes -= book->sizes[event->released];
        book->live_objects--;
    }
    if (rh_event_acquires(event->kind)) {
        book->sizes[event->acquired] = event->size;
        book->threads[event->acquired] = event->thread;
        book->live[event->acquired] = true;
        book->live_bytes += event->size;
        book->live_objects++;
    }
}

static struct trace cut_of(const struct rh_event *events, size_t count, bool timed,
                           const struct rh_cut *cut, struct rh_cut_facts *facts) {
    const struct rh_trace_meta meta = {
        .time_quantum_ns = timed ? 10 : 0, .source = recorded, .cpu_ns = 100, .recorder_ns = 10};
    struct rh_error error = {0};
    const char *whole = files_path("whole.rht");
    const char *part = files_path("part.rht");
    struct rh_trace_summary summary;
    trace_store(whole, events, count, &meta);
    if (rh_trace_cut(whole, cut, part, &error, facts, &summary) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(unlink(whole), 0);
    struct trace trace = trace_take(part);
    assert_memory_equal(&summary, &trace.summary, sizeof(summary));
    return trace;
}

static void the_whole_is_the_same(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct rh_event *events = stream_make(seed, EVENTS, 20, seed % 2);
        struct rh_cut cut = rh_cut_all();
        struct rh_cut_facts facts;
        struct trace trace = cut_of(events, EVENTS, seed % 2, &cut, &facts);
        assert_int_equal(trace.count, EVENTS);
        for (size_t i = 0; i < EVENTS; i++)
            assert_true(stream_equal(&events[i], &trace.events[i]));
        assert_int_equal(facts.events_read, EVENTS);
        assert_int_equal(facts.prologue_objects + facts.events_left_out + facts.reallocs_split, 0);
        assert_string_equal(trace.meta.source, "cut of recorded");
        assert_true(trace.meta.cpu_ns == 0 && trace.meta.recorder_ns == 0);
        trace_finish(&trace);
        free(events);
    }
}

/* The prologue makes what is live; then event after event is the same, with the same live bytes. */
static void check_stretch(const struct rh_event *events, size_t from, size_t to, bool timed) {
    struct rh_cut cut = rh_cut_all();
    cut.from_event = from;
    cut.to_event = to;
    struct rh_cut_facts facts;
    struct trace part = cut_of(events, EVENTS, timed, &cut, &facts);
    struct book whole = book_make(EVENTS);
    struct book cut_book = book_make(EVENTS);
    for (size_t i = 0; i < from; i++)
        book_add(&whole, &events[i]);
    size_t at = 0;
    for (; at < part.count && part.events[at].flags == RH_EVENT_PROLOGUE; at++) {
        assert_int_equal(part.events[at].time_ns, 0);
        assert_int_not_equal(part.events[at].kind, RH_EVENT_REALLOC);
        book_add(&cut_book, &part.events[at]);
    }
    assert_int_equal(whole.live_bytes, cut_book.live_bytes);
    assert_int_equal(whole.live_objects, facts.prologue_objects);
    for (size_t i = from; i < to; i++, at++) {
        const struct rh_event *a = &events[i];
        const struct rh_event *b = &part.events[at];
        assert_int_equal(a->kind, b->kind);
        assert_int_equal(a->size, b->size);
        assert_int_equal(a->align_log2, b->align_log2);
        assert_int_equal(a->touched_pages, b->touched_pages);
        assert_int_equal(a->time_ns - (from > 0 ? events[from].time_ns : 0), b->time_ns);
        book_add(&whole, a);
        book_add(&cut_book, b);
        assert_int_equal(whole.live_bytes, cut_book.live_bytes);
        if (a->released != RH_NO_OBJECT)
            assert_int_equal(whole.sizes[a->released], cut_book.sizes[b->released]);
    }
    assert_int_equal(at, part.count);
    book_finish(&whole);
    book_finish(&cut_book);
    trace_finish(&part);
}

static void stretches_keep_live_bytes(void **state) {
    (void)state;
    struct rh_random random;
    rh_random_seed(&random, 5);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rh_event *events = stream_make(seed, EVENTS, 1 + seed * 3, seed % 2);
        size_t from = rh_random_below(&random, EVENTS - 1);
        size_t to = from + 1 + rh_random_below(&random, EVENTS - from - 1);
        check_stretch(events, from, to, seed % 2);
        free(events);
    }
}

static struct rh_event made(unsigned kind, uint32_t thread, uint64_t acquired, uint64_t released,
                            uint64_t size) {
    return (struct rh_event){.kind = (uint8_t)kind,
                             .thread = thread,
                             .acquired = acquired,
                             .released = released,
                             .size = size,
                             .parent = RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED};
}

#define NONE RH_NO_OBJECT

/* Threads 0, 1 (child of 0), 2 (child of 1); 1 ends before the cut and leaves a block. */
static struct rh_event *family(size_t *ret_count) {
    struct rh_event events[] = {
        made(RH_EVENT_THREAD_START, 0, NONE, NONE, 0),
        made(RH_EVENT_MALLOC, 0, 0, NONE, 100),
        made(RH_EVENT_THREAD_START, 1, NONE, NONE, 0),
        made(RH_EVENT_MALLOC, 1, 1, NONE, 200),
        made(RH_EVENT_REALLOC, 1, 2, 1, 250),
        made(RH_EVENT_THREAD_START, 2, NONE, NONE, 0),
        made(RH_EVENT_THREAD_END, 1, NONE, NONE, 0),
        made(RH_EVENT_CALLOC, 2, 3, NONE, 300),
        made(RH_EVENT_FREE, 0, NONE, 2, 0), /* 8 */
        made(RH_EVENT_REALLOC, 2, 4, 3, 4000),
        made(RH_EVENT_FREE_NULL, 2, NONE, NONE, 0),
        made(RH_EVENT_FREE, 0, NONE, 4, 0),
        made(RH_EVENT_FREE, 0, NONE, 0, 0),
    };
    events[2].parent = 0;
    events[5].parent = 1;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        events[i].time_ns = 10 * i;
    *ret_count = sizeof(events) / sizeof(events[0]);
    struct rh_event *copy = malloc(sizeof(events));
    memcpy(copy, events, sizeof(events));
    return copy;
}

static void check_sequence(const struct trace *trace, const unsigned (*wanted)[3], size_t count) {
    assert_int_equal(trace->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(trace->events[i].kind, wanted[i][0]);
        assert_int_equal(trace->events[i].thread, wanted[i][1]);
        assert_int_equal(trace->events[i].size, wanted[i][2]);
    }
}

/* In their old order, on their old threads, which begin and end where they did. */
static void the_prologue_keeps_history(void **state) {
    (void)state;
    size_t count;
    struct rh_event *events = family(&count);
    struct rh_cut cut = rh_cut_all();
    cut.from_event = 8;
    struct trace part = cut_of(events, count, true, &cut, NULL);
    static const unsigned wanted[][3] = {
        {RH_EVENT_THREAD_START, 0, 0}, {RH_EVENT_MALLOC, 0, 100},     {RH_EVENT_THREAD_START, 1, 0},
        {RH_EVENT_MALLOC, 1, 250},     {RH_EVENT_THREAD_START, 2, 0}, {RH_EVENT_THREAD_END, 1, 0},
        {RH_EVENT_CALLOC, 2, 300},     {RH_EVENT_FREE, 0, 0},         {RH_EVENT_REALLOC, 2, 4000},
        {RH_EVENT_FREE_NULL, 2, 0},    {RH_EVENT_FREE, 0, 0},         {RH_EVENT_FREE, 0, 0}};
    check_sequence(&part, wanted, 12);
    assert_int_equal(part.events[2].parent, 0);
    assert_int_equal(part.events[4].parent, 1);
    assert_int_equal(part.events[8].time_ns, 10);
    trace_finish(&part);
    free(events);
}

/* A thread that is gone without a trace leaves its children to its own parent. */
static void forgotten_parents_are_skipped(void **state) {
    (void)state;
    size_t count;
    struct rh_event *events = family(&count);
    struct rh_cut cut = rh_cut_all();
    cut.from_event = 9;
    cut.to_event = 11;
    struct trace part = cut_of(events, count, true, &cut, NULL);
    static const unsigned wanted[][3] = {{RH_EVENT_THREAD_START, 0, 0}, {RH_EVENT_MALLOC, 0, 100},
                                         {RH_EVENT_THREAD_START, 1, 0}, {RH_EVENT_CALLOC, 1, 300},
                                         {RH_EVENT_REALLOC, 1, 4000},   {RH_EVENT_FREE_NULL, 1, 0}};
    check_sequence(&part, wanted, 6);
    assert_int_equal(part.events[2].parent, 0);
    assert_int_equal(part.meta.duration_ns, 0);
    trace_finish(&part);
    free(events);
}

static void threads_are_chosen(void **state) {
    (void)state;
    size_t count;
    struct rh_event *events = family(&count);
    struct rh_cut cut = rh_cut_all();
    const uint32_t second[] = {2};
    cut.threads = second;
    cut.thread_count = 1;
    struct rh_cut_facts facts;
    struct trace part = cut_of(events, count, true, &cut, &facts);
    /* Thread 0 is there for what it frees of thread 2. */
    static const unsigned wanted[][3] = {{RH_EVENT_THREAD_START, 0, 0}, {RH_EVENT_CALLOC, 0, 300},
                                         {RH_EVENT_REALLOC, 0, 4000},   {RH_EVENT_FREE_NULL, 0, 0},
                                         {RH_EVENT_THREAD_START, 1, 0}, {RH_EVENT_FREE, 1, 0}};
    check_sequence(&part, wanted, 6);
    assert_int_equal(part.events[0].parent, RH_NO_THREAD);
    assert_int_equal(facts.events_left_out, 5);
    trace_finish(&part);
    free(events);
}

static void sizes_are_chosen(void **state) {
    (void)state;
    size_t count;
    struct rh_event *events = family(&count);
    struct rh_cut cut = rh_cut_all();
    cut.min_bytes = 250;
    cut.max_bytes = 300;
    struct rh_cut_facts facts;
    struct trace part = cut_of(events, count, true, &cut, &facts);
    static const unsigned wanted[][3] = {
        {RH_EVENT_THREAD_START, 0, 0}, {RH_EVENT_THREAD_START, 1, 0}, {RH_EVENT_MALLOC, 1, 250},
        {RH_EVENT_THREAD_START, 2, 0}, {RH_EVENT_THREAD_END, 1, 0},   {RH_EVENT_CALLOC, 2, 300},
        {RH_EVENT_FREE, 0, 0},         {RH_EVENT_FREE, 2, 0}};
    check_sequence(&part, wanted, 8);
    assert_int_equal(facts.reallocs_split, 2);
    trace_finish(&part);
    free(events);
}

/* By thread and size against a model that knows the whole trace. */
static void random_conditions_agree_with_a_model(void **state) {
    (void)state;
    for (uint64_t seed = 30; seed < 45; seed++) {
        struct rh_event *events = stream_make(seed, EVENTS, 12, true);
        const uint32_t threads[] = {0, 2, 5};
        struct rh_cut cut = rh_cut_all();
        cut.threads = threads;
        cut.thread_count = seed % 2 ? 3 : 0;
        cut.threads = seed % 2 ? threads : NULL;
        cut.min_bytes = seed % 3 ? 17 : 0;
        cut.max_bytes = seed % 4 ? 5000 : UINT64_MAX;
        struct trace part = cut_of(events, EVENTS, true, &cut, NULL);
        bool *kept = calloc(EVENTS + 1, sizeof(*kept));
        uint64_t objects = 0;
        uint64_t ends = 0;
        for (size_t i = 0; i < EVENTS; i++) {
            const struct rh_event *event = &events[i];
            bool chosen = cut.threads == NULL || event->thread == 0 || event->thread == 2 ||
                          event->thread == 5;
            if (rh_event_releases(event->kind))
                ends += kept[event->released];
            if (rh_event_acquires(event->kind) && chosen && event->size >= cut.min_bytes &&
                event->size <= cut.max_bytes) {
                kept[event->acquired] = true;
                objects++;
            }
        }
        assert_int_equal(part.summary.objects, objects);
        assert_int_equal(part.summary.end_live_objects, objects - ends);
        free(kept);
        trace_finish(&part);
        free(events);
    }
}

static void times_are_chosen(void **state) {
    (void)state;
    size_t count;
    struct rh_event *events = family(&count);
    struct rh_cut cut = rh_cut_all();
    cut.from_ns = 75; /* between 7 and 8 */
    cut.to_ns = 100;
    struct rh_cut_facts facts;
    struct trace part = cut_of(events, count, true, &cut, &facts);
    assert_int_equal(part.summary.events_by_kind[RH_EVENT_FREE], 1);
    assert_int_equal(part.summary.events_by_kind[RH_EVENT_REALLOC], 1);
    assert_int_equal(part.events[part.count - 1].time_ns, 90 - 75);
    assert_int_equal(facts.prologue_objects, 3);
    trace_finish(&part);
    free(events);
}

/* A cut of a cut: its prologue is history too. */
static void cuts_can_be_cut(void **state) {
    (void)state;
    struct rh_event *events = stream_make(77, EVENTS, 10, true);
    struct rh_cut cut = rh_cut_all();
    cut.from_event = 1000;
    struct trace first = cut_of(events, EVENTS, true, &cut, NULL);
    size_t prologue = 0;
    while (first.events[prologue].flags == RH_EVENT_PROLOGUE)
        prologue++;
    struct rh_cut again = rh_cut_all();
    again.from_event = prologue + 500;
    struct trace second = cut_of(first.events, first.count, true, &again, NULL);
    cut.from_event = 1500;
    struct trace direct = cut_of(events, EVENTS, true, &cut, NULL);
    assert_int_equal(second.summary.end_live_bytes, direct.summary.end_live_bytes);
    assert_int_equal(second.summary.objects, direct.summary.objects);
    /* In the midst of the prologue. */
    again.from_event = prologue / 2;
    struct trace middle = cut_of(first.events, first.count, true, &again, NULL);
    assert_int_equal(middle.summary.peak_live_bytes, first.summary.peak_live_bytes);
    trace_finish(&middle);
    trace_finish(&direct);
    trace_finish(&second);
    trace_finish(&first);
    free(events);
}

/* ---- what goes wrong ---- */

static void refuse(const struct rh_cut *cut, int code, const char *words) {
    struct rh_event *events = stream_make(1, 100, 2, true);
    const struct rh_trace_meta meta = {.time_quantum_ns = 10};
    const char *whole = files_path("whole.rht");
    const char *part = files_path("part.rht");
    trace_store(whole, events, 100, &meta);
    struct rh_error error = {0};
    assert_int_equal(rh_trace_cut(whole, cut, part, &error, NULL, NULL), code);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    assert_int_equal(access(part, F_OK), -1);
    unlink(whole);
    free(events);
}

static void what_is_refused(void **state) {
    (void)state;
    struct rh_cut cut = rh_cut_all();
    cut.from_event = 100;
    refuse(&cut, RH_ERR_INVALID, "ends before the stretch begins");
    cut.to_event = 100;
    refuse(&cut, RH_ERR_INVALID, "ends where it begins");
    cut = rh_cut_all();
    cut.min_bytes = 2;
    cut.max_bytes = 1;
    refuse(&cut, RH_ERR_INVALID, "no size");
    cut = rh_cut_all();
    const uint32_t thread = 40;
    cut.threads = &thread;
    cut.thread_count = 1;
    refuse(&cut, RH_ERR_INVALID, "thread 40: the trace has threads 0 to");
}

static void damage_is_said(void **state) {
    (void)state;
    struct rh_event *events = stream_make(1, EVENTS, 2, true);
    const struct rh_trace_meta meta = {.time_quantum_ns = 10};
    const char *whole = files_path("whole.rht");
    const char *part = files_path("part.rht");
    trace_store(whole, events, EVENTS, &meta);
    FILE *file = fopen(whole, "r+");
    assert_non_null(file);
    fseek(file, 2000, SEEK_SET);
    fputs("damage", file);
    fclose(file);
    struct rh_cut cut = rh_cut_all();
    struct rh_error error = {0};
    assert_int_equal(rh_trace_cut(whole, &cut, part, &error, NULL, NULL), RH_ERR_FORMAT);
    assert_non_null(strstr(error.message, whole));
    assert_int_equal(access(part, F_OK), -1);
    unlink(whole);
    error = (struct rh_error){0};
    assert_int_equal(rh_trace_cut(whole, &cut, part, &error, NULL, NULL), RH_ERR_SYSTEM);
    free(events);
}

static void no_memory(void **state) {
    (void)state;
    struct rh_event *events = stream_make(3, EVENTS, 8, true);
    const struct rh_trace_meta meta = {
        .time_quantum_ns = 10, .program = recorded, .note = recorded};
    const char *whole = files_path("whole.rht");
    const char *part = files_path("part.rht");
    trace_store(whole, events, EVENTS, &meta);
    struct rh_cut cut = rh_cut_all();
    cut.from_event = EVENTS / 2;
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; result != 0; nth++) {
        rh_memory_fail_at(nth);
        result = rh_trace_cut(whole, &cut, part, NULL, NULL, NULL);
        rh_memory_fail_at(0);
        assert_true(result == 0 || result == RH_ERR_MEMORY);
        assert_int_equal(access(part, F_OK), result == 0 ? 0 : -1);
    }
    unlink(whole);
    unlink(part);
    free(events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_is_the_same),
        cmocka_unit_test(stretches_keep_live_bytes),
        cmocka_unit_test(the_prologue_keeps_history),
        cmocka_unit_test(forgotten_parents_are_skipped),
        cmocka_unit_test(threads_are_chosen),
        cmocka_unit_test(sizes_are_chosen),
        cmocka_unit_test(random_conditions_agree_with_a_model),
        cmocka_unit_test(times_are_chosen),
        cmocka_unit_test(cuts_can_be_cut),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(damage_is_said),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("trace/cut", tests, files_make_directory,
                                       files_remove_directory);
}
