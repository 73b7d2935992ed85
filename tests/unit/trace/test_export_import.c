/* Exported and imported again, a trace holds the same operations: all that the format can say, in
 * the same order, of the same objects.
 *
 * Usage: test-trace-export-import TRACE... */
#include "base/memory.h"
#include "tests/unit/trace/files.h"
#include "trace/exporters/exporter.h"
#include "trace/importers/importers.h"

enum { PAGE_BYTES = 4096 };

static char **traces;
static int traces_count;

/* The operations of a trace as a format tells them. */
struct view {
    struct rh_trace_reader *reader;
    const struct rh_event *events;
    size_t at, count;
    bool threads;    /* the format has threads, times, alignments and touched pages: else none */
    uint64_t *sizes; /* by object */
    size_t sizes_capacity;
    uint32_t *labels; /* by thread: its place in the order of first operations, plus 1 */
    size_t labels_capacity;
    uint32_t labels_count;
    bool started;
    uint64_t base_ns, operations;
};

static void open_view(struct view *view, const char *path, bool threads) {
    struct rh_error error = {0};
    *view = (struct view){.threads = threads};
    if (rh_trace_reader_open(path, &error, &view->reader) < 0)
        fail_msg("%s", error.message);
}

static void close_view(struct view *view) {
    rh_trace_reader_close(view->reader);
    rh_free(view->sizes);
    rh_free(view->labels);
}

static bool is_told(const struct view *view, unsigned kind) {
    if (kind == RH_EVENT_FREE_NULL || kind == RH_EVENT_THREAD_END)
        return view->threads;
    return kind != RH_EVENT_THREAD_START && kind != RH_EVENT_USABLE && kind != RH_EVENT_FAILED &&
           kind != RH_EVENT_MARKER && kind != RH_EVENT_RESIDENT;
}

static uint32_t label_of(struct view *view, uint32_t thread) {
    size_t before = view->labels_capacity;
    if (thread >= before) {
        assert_int_equal(rh_grow((void **)&view->labels, &view->labels_capacity, thread + 1,
                                 sizeof(*view->labels), NULL),
                         0);
        memset(view->labels + before, 0, (view->labels_capacity - before) * sizeof(*view->labels));
    }
    if (view->labels[thread] == 0)
        view->labels[thread] = ++view->labels_count;
    return view->labels[thread] - 1;
}

/* Of the touched pages a format keeps no more than the object has. */
static uint32_t pages_of(const struct view *view, const struct rh_event *event) {
    uint64_t pages = (view->sizes[event->released] + PAGE_BYTES - 1) / PAGE_BYTES;
    return event->touched_pages < pages ? event->touched_pages : (uint32_t)pages;
}

static struct rh_event project(struct view *view, const struct rh_event *event) {
    struct rh_event told = *event;
    told.flags = 0;
    if (rh_event_acquires(told.kind) && told.kind != RH_EVENT_REALLOC)
        told.kind = view->threads && told.align_log2 > 0            ? RH_EVENT_ALIGNED
                    : view->threads && told.kind == RH_EVENT_CALLOC ? RH_EVENT_CALLOC
                                                                    : RH_EVENT_MALLOC;
    if (told.kind == RH_EVENT_FREE_SIZED)
        told.kind = RH_EVENT_FREE;
    if (!rh_event_acquires(told.kind))
        told.size = 0;
    if (!view->threads || told.kind != RH_EVENT_ALIGNED)
        told.align_log2 = 0;
    if (!view->threads || told.touched_pages == RH_NO_TOUCHED)
        told.touched_pages = RH_NO_TOUCHED;
    else
        told.touched_pages = pages_of(view, event);
    told.thread = view->threads ? label_of(view, event->thread) : 0;
    if (!view->started)
        view->base_ns = event->time_ns;
    view->started = true;
    told.time_ns = view->threads ? event->time_ns - view->base_ns : 0;
    return told;
}

static void remember_size(struct view *view, const struct rh_event *event) {
    if (event->acquired == RH_NO_OBJECT)
        return;
    assert_int_equal(rh_grow((void **)&view->sizes, &view->sizes_capacity,
                             (size_t)event->acquired + 1, sizeof(*view->sizes), NULL),
                     0);
    view->sizes[event->acquired] = event->size;
}

/* False at the end. */
static bool next_operation(struct view *view, struct rh_event *ret_event) {
    for (;;) {
        if (view->at == view->count) {
            struct rh_error error = {0};
            if (rh_trace_reader_next(view->reader, &error, &view->events, &view->count) < 0)
                fail_msg("%s", error.message);
            view->at = 0;
        }
        if (view->count == 0)
            return false;
        const struct rh_event *event = &view->events[view->at++];
        bool told = is_told(view, event->kind);
        if (told)
            *ret_event = project(view, event);
        remember_size(view, event);
        view->operations += told;
        if (told)
            return true;
    }
}

static bool same(const struct rh_event *a, const struct rh_event *b) {
    return a->time_ns == b->time_ns && a->size == b->size && a->acquired == b->acquired &&
           a->released == b->released && a->thread == b->thread &&
           a->touched_pages == b->touched_pages && a->kind == b->kind &&
           a->align_log2 == b->align_log2;
}

static void check_same(const char *path, const char *again, bool threads) {
    struct view one;
    struct view other;
    struct rh_event wanted;
    struct rh_event got;
    open_view(&one, path, threads);
    open_view(&other, again, threads);
    while (next_operation(&one, &wanted)) {
        if (!next_operation(&other, &got))
            fail_msg("%s: only %llu operations came back", path,
                     (unsigned long long)other.operations);
        if (!same(&wanted, &got))
            fail_msg(
                "%s: operation %llu differs: %s of %llu bytes at %llu ns, and %s of %llu bytes "
                "at %llu ns",
                path, (unsigned long long)one.operations, rh_event_kind_name(wanted.kind),
                (unsigned long long)wanted.size, (unsigned long long)wanted.time_ns,
                rh_event_kind_name(got.kind), (unsigned long long)got.size,
                (unsigned long long)got.time_ns);
    }
    assert_false(next_operation(&other, &got));
    assert_true(one.operations > 0);
    close_view(&one);
    close_view(&other);
}

static void check_format(const char *format, bool threads) {
    char text[512];
    char again[512];
    snprintf(text, sizeof(text), "%s", files_path("out.txt"));
    snprintf(again, sizeof(again), "%s", files_path("again.rht"));
    for (int i = 0; i < traces_count; i++) {
        const struct rh_import_options options = {.format = format};
        struct rh_import_report report;
        struct rh_export_facts facts;
        struct rh_error error = {0};
        if (rh_trace_export(traces[i], rh_exporter_find(format), text, &error, &facts) < 0 ||
            rh_import_file(text, again, &options, &error, &report) < 0)
            fail_msg("%s", error.message);
        assert_int_equal(report.calls, facts.written);
        check_same(traces[i], again, threads);
    }
    unlink(text);
    unlink(again);
}

static void by_way_of_android(void **state) {
    (void)state;
    check_format("android", true);
}

static void by_way_of_rep(void **state) {
    (void)state;
    check_format("rep", false);
}

int main(int argc, char **argv) {
    traces = argv + 1;
    traces_count = argc - 1;
    if (traces_count == 0)
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_way_of_android),
        cmocka_unit_test(by_way_of_rep),
    };
    return cmocka_run_group_tests_name("trace/export-import", tests, files_make_directory,
                                       files_remove_directory);
}
