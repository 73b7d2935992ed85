/* Samples keep the curve of live bytes, the sizes and the calls, and state how far they are off. */
#include <math.h>

#include "tests/unit/trace/files.h"
#include "trace/generators/synthetic.h"
#include "trace/tools/sample.h"

enum { EVENTS = 200000 };

/* Four threads whose heap grows, stays and shrinks: blocks of all sizes, vectors, short and long
 * lives, some freed on other threads. */
static void generate(const char *path, double size_exponent) {
    struct rh_synthetic synthetic = {.name = rh_strdup("mixed"), .seed = 11};
    struct rh_synthetic_phase *phase = NULL;
    struct rh_synthetic_role *role = NULL;
    struct rh_synthetic_part *part = NULL;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rh_synthetic_add_phase(&synthetic, NULL, &phase), 0);
        phase->events = EVENTS / 3;
        assert_int_equal(rh_synthetic_add_role(phase, NULL, &role), 0);
        role->threads = 1 + (uint32_t)i;
        assert_int_equal(rh_synthetic_add_part(role, RH_BEHAVIOUR_LIFETIMES, NULL, &part), 0);
        part->weight = 4;
        part->cross_thread = 0.2;
        part->size = (struct rh_distribution){
            .kind = RH_DISTRIBUTION_POWER_LAW, .min = 8, .max = 1 << 20, .exponent = size_exponent};
        part->lifetimes.steps = (struct rh_distribution){
            .kind = RH_DISTRIBUTION_POWER_LAW, .min = 1, .max = 1 << 18, .exponent = 0.8};
        assert_int_equal(rh_synthetic_add_part(role, RH_BEHAVIOUR_GROW, NULL, &part), 0);
        part->grow.buffers = 200;
        part->grow.until = rh_distribution_uniform(100, 1000);
        part->size = rh_distribution_constant(16);
    }
    struct rh_error error = {0};
    if (rh_synthetic_prepare(&synthetic, &error) < 0 ||
        rh_synthetic_generate(&synthetic, path, &error, NULL) < 0)
        fail_msg("%s", error.message);
    rh_synthetic_finish(&synthetic);
}

/* Live bytes at 1000 moments, which times name: both traces keep them. */
static void curve_of(const char *path, uint64_t end_ns, double *ret_curve) {
    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(path, NULL, &reader), 0);
    uint64_t *sizes = calloc(rh_trace_reader_summary(reader)->objects + 1, sizeof(*sizes));
    const struct rh_event *events = NULL;
    size_t count = 0;
    double live = 0;
    size_t at = 0;
    do {
        assert_int_equal(rh_trace_reader_next(reader, NULL, &events, &count), 0);
        for (size_t i = 0; i < count; i++) {
            for (; at < 1000 && events[i].time_ns > end_ns / 1000 * at; at++)
                ret_curve[at] = live;
            if (events[i].released != RH_NO_OBJECT)
                live -= (double)sizes[events[i].released];
            if (events[i].acquired != RH_NO_OBJECT)
                live += (double)(sizes[events[i].acquired] = events[i].size);
        }
    } while (count > 0);
    for (; at < 1000; at++)
        ret_curve[at] = live;
    free(sizes);
    rh_trace_reader_close(reader);
}

static double share(const struct trace *trace, unsigned kind) {
    return (double)trace->summary.events_by_kind[kind] / (double)trace->summary.events;
}

/* The allowed errors are what these traces gave, times about two; they are stated by the tool and
 * found again by another way of measuring. */
static void check_sample(double exponent, uint64_t events, double mean_allowed,
                         double worst_allowed) {
    const char *whole = files_path("whole.rht");
    const char *out = files_path("sample.rht");
    static double whole_curve[1000], curve[1000];
    generate(whole, exponent);
    struct rh_sample_facts facts;
    struct rh_error error = {0};
    if (rh_trace_sample(whole, events, out, &error, &facts, NULL) < 0)
        fail_msg("%s", error.message);
    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(whole, NULL, &reader), 0);
    uint64_t end_ns = rh_trace_reader_meta(reader)->duration_ns;
    double peak = (double)rh_trace_reader_summary(reader)->peak_live_bytes;
    rh_trace_reader_close(reader);
    curve_of(whole, end_ns, whole_curve);
    curve_of(out, end_ns, curve);
    double mean = 0;
    double worst = 0;
    for (size_t i = 0; i < 1000; i++) {
        double off = fabs(curve[i] / facts.fraction - whole_curve[i]) / peak;
        mean += off / 1000;
        worst = off > worst ? off : worst;
    }
    struct trace all = trace_take(whole);
    struct trace sample = trace_take(out);
    if (mean > mean_allowed || worst > worst_allowed || worst > facts.worst_error + 1e-9 ||
        fabs(mean - facts.mean_error) > 0.5 * mean_allowed)
        fail_msg("errors: mean %g (stated %g), worst %g (stated %g)", mean, facts.mean_error, worst,
                 facts.worst_error);
    double length = (double)sample.summary.events / (double)events;
    assert_true(length > 0.7 && length < 1.3);
    for (unsigned kind = 0; kind <= RH_EVENT_FREE; kind++)
        assert_true(fabs(share(&all, kind) - share(&sample, kind)) < 0.03);
    assert_int_equal(sample.summary.threads, all.summary.threads);
    assert_non_null(strstr(sample.meta.note, "curve of live bytes: mean error"));
    assert_string_equal(sample.meta.source, "sample of synthetic:mixed");
    trace_finish(&all);
    trace_finish(&sample);
}

static void the_curve_keeps_its_shape(void **state) {
    (void)state;
    check_sample(2.2, EVENTS / 2, 0.0015, 0.02);
    check_sample(2.2, EVENTS / 10, 0.008, 0.05);
    check_sample(2.2, EVENTS / 50, 0.04, 0.2);
    check_sample(1.3, EVENTS / 10, 0.01, 0.06);
}

/* Of small blocks as many are kept as the fraction says, and none is made smaller. */
static void small_objects_keep_their_number(void **state) {
    (void)state;
    const char *whole = files_path("whole.rht");
    const char *out = files_path("sample.rht");
    generate(whole, 2.2);
    struct rh_sample_facts facts;
    assert_int_equal(rh_trace_sample(whole, EVENTS / 10, out, NULL, &facts, NULL), 0);
    struct trace all = trace_take(whole);
    struct trace sample = trace_take(out);
    double objects[2][16] = {{0}};
    const struct trace *traces[] = {&all, &sample};
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < traces[t]->count; i++)
            if (traces[t]->events[i].kind == RH_EVENT_MALLOC && traces[t]->events[i].size < 16)
                objects[t][traces[t]->events[i].size]++;
    for (size_t size = 8; size < 16; size++)
        assert_true(fabs(objects[1][size] / objects[0][size] / facts.fraction - 1) < 0.15);
    assert_true(facts.large_bytes > 1000);
    assert_true(facts.large_objects < sample.summary.objects / 8);
    trace_finish(&all);
    trace_finish(&sample);
}

static void samples_are_repeatable(void **state) {
    (void)state;
    const char *whole = files_path("whole.rht");
    const char *out = files_path("sample.rht");
    generate(whole, 2);
    struct rh_trace_summary first, second;
    assert_int_equal(rh_trace_sample(whole, 10000, out, NULL, NULL, &first), 0);
    assert_int_equal(rh_trace_sample(whole, 10000, out, NULL, NULL, &second), 0);
    assert_int_equal(first.content_hash, second.content_hash);
    unlink(whole);
    unlink(out);
}

static void what_is_refused(void **state) {
    (void)state;
    const char *whole = files_path("whole.rht");
    const char *out = files_path("sample.rht");
    generate(whole, 2);
    struct rh_error error = {0};
    assert_int_equal(rh_trace_sample(whole, EVENTS * 2, out, &error, NULL, NULL), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "nothing to do"));
    error = (struct rh_error){0};
    assert_int_equal(rh_trace_sample(whole, 20, out, &error, NULL, NULL), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "ask for at least"));
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; result != 0; nth += 1 + nth / 8) {
        rh_memory_fail_at(nth);
        result = rh_trace_sample(whole, 1000, out, NULL, NULL, NULL);
        rh_memory_fail_at(0);
        assert_true(result == 0 || result == RH_ERR_MEMORY);
        assert_int_equal(access(out, F_OK), result == 0 ? 0 : -1);
    }
    unlink(whole);
    unlink(out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_curve_keeps_its_shape),
        cmocka_unit_test(small_objects_keep_their_number),
        cmocka_unit_test(samples_are_repeatable),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests_name("trace/sample", tests, files_make_directory,
                                       files_remove_directory);
}
