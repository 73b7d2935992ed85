/* Merged traces: one order, every event, threads and objects apart. */
#include "tests/unit/trace/files.h"
#include "tests/unit/trace/stream.h"
#include "trace/tools/cut.h"
#include "trace/tools/merge.h"

enum { EVENTS = 3000 };

static char program_a[] = "make";
static char program_b[] = "cc1";
static char source_a[] = "recorded";
static char source_b[] = "synthetic:x";
static char host[] = "a host";

/* Of the seeds from 7 on it is unknown. */
static uint64_t cpu_ns_of(uint64_t seed) {
    return seed < 7 ? 1000 * seed : 0;
}

static const char *store(const char *name, uint64_t seed, size_t count, bool timed) {
    struct rh_event *events = stream_make(seed, count, 10, timed);
    const struct rh_trace_meta meta = {.time_quantum_ns = timed ? 10 : 0,
                                       .program = seed % 2 ? program_a : program_b,
                                       .source = seed % 2 ? source_a : source_b,
                                       .host = host,
                                       .drops = 3,
                                       .peak_rss_bytes = 100,
                                       .cpu_ns = cpu_ns_of(seed),
                                       .recorder_ns = 10};
    const char *path = files_path(name);
    trace_store(path, events, count, &meta);
    free(events);
    return path;
}

static struct trace merge(const char *const *paths, size_t count, enum rh_merge_order order,
                          enum rh_merge_order *ret_order) {
    struct rh_error error = {0};
    const char *out = files_path("merged.rht");
    if (rh_trace_merge(paths, count, order, out, &error, ret_order, NULL) < 0)
        fail_msg("%s", error.message);
    return trace_take(out);
}

static void one_stays_the_same(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        const char *path = store("a.rht", seed, EVENTS, seed % 2);
        for (int order = 0; order < RH_MERGE_ORDERS; order++) {
            if (order == RH_MERGE_SIDE_BY_SIDE && seed % 2)
                continue; /* drops the times */
            struct trace merged = merge(&path, 1, (enum rh_merge_order)order, NULL);
            struct rh_trace_summary whole;
            assert_int_equal(rh_trace_verify(path, NULL, &whole), 0);
            assert_int_equal(merged.summary.content_hash, whole.content_hash);
            trace_finish(&merged);
        }
        unlink(path);
    }
}

/* The events of one source, with the numbers that they have in the merged trace. */
struct follower {
    struct trace trace;
    size_t next;
    uint64_t *objects; /* merged id by own id */
    uint32_t threads[EVENTS];
};

static struct follower follow(const char *path) {
    struct rh_trace_summary summary;
    struct follower follower = {.next = 0};
    struct rh_cut cut = rh_cut_all();
    const char *copy = files_path("copy.rht");
    assert_int_equal(rh_trace_cut(path, &cut, copy, NULL, NULL, &summary), 0);
    follower.trace = trace_take(copy);
    follower.objects = calloc(summary.objects + 1, sizeof(*follower.objects));
    memset(follower.threads, 0xff, sizeof(follower.threads));
    return follower;
}

static void follower_finish(struct follower *follower) {
    trace_finish(&follower->trace);
    free(follower->objects);
}

/* Whether the merged event can be the follower's next, and if so takes it. */
static bool takes(struct follower *follower, const struct rh_event *event, bool timed) {
    if (follower->next == follower->trace.count)
        return false;
    const struct rh_event *own = &follower->trace.events[follower->next];
    if (own->kind != event->kind || own->size != event->size ||
        own->align_log2 != event->align_log2 || own->touched_pages != event->touched_pages ||
        (timed && own->time_ns != event->time_ns))
        return false;
    if (own->kind == RH_EVENT_THREAD_START) {
        uint32_t parent =
            own->parent == RH_NO_THREAD ? RH_NO_THREAD : follower->threads[own->parent];
        if (parent != event->parent)
            return false;
        follower->threads[own->thread] = event->thread;
    }
    if (follower->threads[own->thread] != event->thread ||
        (own->released != RH_NO_OBJECT && follower->objects[own->released] != event->released))
        return false;
    if (own->acquired != RH_NO_OBJECT)
        follower->objects[own->acquired] = event->acquired;
    follower->next++;
    return true;
}

static void all_events_are_there(bool timed, enum rh_merge_order order) {
    const char *a = store("a.rht", 11, EVENTS, timed);
    const char *b = store("b.rht", 12, EVENTS / 3, timed);
    struct follower first = follow(a);
    struct follower second = follow(b);
    const char *paths[] = {files_path("a.rht"), files_path("b.rht")};
    enum rh_merge_order chosen;
    struct trace merged = merge(paths, 2, order, &chosen);
    assert_int_equal(chosen, timed ? RH_MERGE_TIME : RH_MERGE_SIDE_BY_SIDE);
    assert_int_equal(merged.count, EVENTS + EVENTS / 3);
    for (size_t i = 0; i < merged.count; i++)
        assert_true(takes(&first, &merged.events[i], timed) ||
                    takes(&second, &merged.events[i], timed));
    assert_int_equal(first.next, first.trace.count);
    assert_int_equal(second.next, second.trace.count);
    assert_int_equal(merged.summary.threads,
                     first.trace.summary.threads + second.trace.summary.threads);
    assert_int_equal(merged.summary.end_live_bytes,
                     first.trace.summary.end_live_bytes + second.trace.summary.end_live_bytes);
    assert_int_equal(merged.summary.cross_thread_releases,
                     first.trace.summary.cross_thread_releases +
                         second.trace.summary.cross_thread_releases);
    trace_finish(&merged);
    follower_finish(&first);
    follower_finish(&second);
    unlink(files_path("a.rht"));
    unlink(files_path("b.rht"));
}

static void by_time(void **state) {
    (void)state;
    all_events_are_there(true, RH_MERGE_AUTO);
    all_events_are_there(true, RH_MERGE_TIME);
}

static void side_by_side(void **state) {
    (void)state;
    all_events_are_there(false, RH_MERGE_AUTO);
}

/* All begin and end together: after any number of events each is as far as the others. */
static void side_by_side_is_even(void **state) {
    (void)state;
    const char *paths[3] = {store("a.rht", 1, 2000, true), store("b.rht", 2, 500, false),
                            store("c.rht", 3, 1000, true)};
    enum rh_merge_order order;
    struct trace merged = merge(paths, 3, RH_MERGE_AUTO, &order);
    assert_int_equal(order, RH_MERGE_SIDE_BY_SIDE);
    assert_int_equal(merged.meta.time_quantum_ns, 0);
    /* The threads of the three are numbered as they start; who started which is known. */
    unsigned owner[200] = {0};
    double done[3] = {0};
    unsigned roots = 0;
    static const double length[3] = {2000, 500, 1000};
    for (size_t i = 0; i < merged.count; i++) {
        const struct rh_event *event = &merged.events[i];
        assert_int_equal(event->time_ns, 0);
        assert_in_range(event->thread, 0, 199);
        if (event->kind == RH_EVENT_THREAD_START)
            owner[event->thread] = event->parent == RH_NO_THREAD ? roots++ : owner[event->parent];
        done[owner[event->thread]] += 1 / length[owner[event->thread]];
        for (int a = 0; a < 3; a++)
            assert_true(done[a] - done[(a + 1) % 3] < 0.0021 + 1e-9);
    }
    assert_int_equal(roots, 3);
    trace_finish(&merged);
    for (size_t i = 0; i < 3; i++)
        unlink(paths[i]);
}

static void prologues_come_first(void **state) {
    (void)state;
    const char *whole = store("w.rht", 21, EVENTS, true);
    struct rh_cut cut = rh_cut_all();
    cut.from_event = 1000;
    cut.to_event = 2000;
    const char *part = files_path("a.rht");
    struct rh_cut_facts facts;
    assert_int_equal(rh_trace_cut(whole, &cut, part, NULL, &facts, NULL), 0);
    const char *paths[] = {whole, part, part};
    struct trace merged = merge(paths, 3, RH_MERGE_TIME, NULL);
    size_t prologue = 0;
    size_t objects = 0;
    for (; merged.events[prologue].flags == RH_EVENT_PROLOGUE; prologue++)
        objects += merged.events[prologue].acquired != RH_NO_OBJECT;
    assert_int_equal(objects, 2 * facts.prologue_objects);
    for (size_t i = prologue; i < merged.count; i++)
        assert_int_equal(merged.events[i].flags, 0);
    trace_finish(&merged);
    unlink(whole);
    unlink(part);
}

static void metadata_is_merged(void **state) {
    (void)state;
    const char *paths[3] = {store("a.rht", 1, 100, true), store("b.rht", 2, 200, true),
                            store("c.rht", 3, 300, true)};
    struct trace merged = merge(paths, 3, RH_MERGE_AUTO, NULL);
    assert_string_equal(merged.meta.program, "make + cc1");
    assert_string_equal(merged.meta.source, "merge of recorded + synthetic:x");
    assert_string_equal(merged.meta.host, "a host");
    assert_string_equal(merged.meta.note,
                        "merge of 3: make: 100 events; cc1: 200 events; make: 300 events");
    assert_int_equal(merged.meta.drops, 9);
    assert_int_equal(merged.meta.peak_rss_bytes, 300);
    assert_int_equal(merged.meta.time_quantum_ns, 10);
    assert_int_equal(merged.meta.cpu_ns, 6000);
    assert_int_equal(merged.meta.recorder_ns, 30);
    trace_finish(&merged);
    for (size_t i = 0; i < 3; i++)
        unlink(paths[i]);
}

static void cpu_time_that_one_does_not_know(void **state) {
    (void)state;
    const char *paths[3] = {store("a.rht", 1, 100, true), store("b.rht", 7, 100, true),
                            store("c.rht", 3, 100, true)};
    struct trace merged = merge(paths, 3, RH_MERGE_AUTO, NULL);
    assert_true(merged.meta.cpu_ns == 0 && merged.meta.recorder_ns == 0);
    trace_finish(&merged);
    for (size_t i = 0; i < 3; i++)
        unlink(paths[i]);
}

static void what_is_refused(void **state) {
    (void)state;
    const char *paths[] = {store("a.rht", 1, 100, true), store("b.rht", 2, 100, false)};
    const char *out = files_path("merged.rht");
    struct rh_error error = {0};
    assert_int_equal(rh_trace_merge(paths, 2, RH_MERGE_TIME, out, &error, NULL, NULL),
                     RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "b.rht: the trace has no times"));
    error = (struct rh_error){0};
    assert_int_equal(rh_trace_merge(paths, 0, RH_MERGE_TIME, out, &error, NULL, NULL),
                     RH_ERR_INVALID);
    error = (struct rh_error){0};
    unlink(paths[1]);
    assert_int_equal(rh_trace_merge(paths, 2, RH_MERGE_TIME, out, &error, NULL, NULL),
                     RH_ERR_SYSTEM);
    assert_non_null(strstr(error.message, "b.rht"));
    assert_int_equal(access(out, F_OK), -1);
    unlink(paths[0]);
}

static void no_memory(void **state) {
    (void)state;
    const char *paths[] = {store("a.rht", 1, 500, true), store("b.rht", 2, 500, true)};
    const char *out = files_path("merged.rht");
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; result != 0; nth++) {
        rh_memory_fail_at(nth);
        result = rh_trace_merge(paths, 2, RH_MERGE_AUTO, out, NULL, NULL, NULL);
        rh_memory_fail_at(0);
        assert_true(result == 0 || result == RH_ERR_MEMORY);
        assert_int_equal(access(out, F_OK), result == 0 ? 0 : -1);
    }
    unlink(out);
    unlink(paths[0]);
    unlink(paths[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_stays_the_same),
        cmocka_unit_test(by_time),
        cmocka_unit_test(side_by_side),
        cmocka_unit_test(side_by_side_is_even),
        cmocka_unit_test(prologues_come_first),
        cmocka_unit_test(metadata_is_merged),
        cmocka_unit_test(cpu_time_that_one_does_not_know),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("trace/merge", tests, files_make_directory,
                                       files_remove_directory);
}
