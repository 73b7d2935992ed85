/* From samples to figures: each expected value is worked out by hand here. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "report/model.h"
#include "tests/unit/report/tiny.h"
#include "tests/unit/test.h"

static struct rh_report_model model_of(const struct rh_result *result) {
    struct rh_report_model model;
    struct rh_error error = {0};
    if (rh_report_model_init(result, 0.95, &error, &model) != 0)
        fail_msg("%s", error.message);
    return model;
}

static void medians_leave_out_the_warm_up(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 1, 4);
    tiny_time(result, 0, 0, 0, 900);
    for (unsigned r = 1; r <= 4; r++)
        tiny_time(result, 0, 0, r, 10.0 * r);
    struct rh_report_model model = model_of(result);
    const struct rh_report_cell *cell = rh_report_cell_at(&model, 0, 0);
    assert_float_equal(cell->ns_per_op, 25, 1e-9);
    /* Deviations 15 5 5 15: their median is 10. */
    assert_float_equal(cell->deviation_ns, 14.826022185056018, 1e-9);
    assert_int_equal(cell->measured, 4);
    assert_int_equal(cell->end, RH_SAMPLE_MEASURED);
    assert_int_equal(model.rounds, 4);
    assert_int_equal(model.samples_measured, 5);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

/* Ratios are paired: round by round 2, 3, 4, 0.5, 6 (a drift that medians of times would mix up).
 */
static void ratios_are_paired_in_the_round(void **state) {
    (void)state;
    static const double base[] = {10, 20, 30, 400, 50};
    static const double other[] = {20, 60, 120, 200, 300};
    struct rh_result *result = tiny_create(2, 1, 5);
    for (unsigned r = 1; r <= 5; r++) {
        tiny_time(result, 0, 0, r, base[r - 1]);
        tiny_time(result, 0, 1, r, other[r - 1]);
    }
    struct rh_report_model model = model_of(result);
    const struct rh_report_cell *cell = rh_report_cell_at(&model, 0, 1);
    assert_float_equal(cell->time.estimate, 3, 1e-12);
    assert_float_equal(cell->time.low, 0.5, 1e-12);
    assert_float_equal(cell->time.high, 6, 1e-12);
    assert_false(cell->time.exact); /* 5 rounds: 1 - 2 / 2^5 < 0.95 */
    assert_int_equal(cell->time_verdict, RH_VERDICT_UNRESOLVED);
    assert_int_equal(model.rounds_needed, 6);
    assert_true(isnan(rh_report_cell_at(&model, 0, 0)->time.estimate));
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void missing_rounds_are_not_paired(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(2, 1, 8);
    for (unsigned r = 1; r <= 8; r++) {
        if (r != 3)
            tiny_time(result, 0, 0, r, 10);
        struct rh_result_sample *sample = tiny_time(result, 0, 1, r, 5);
        if (r == 5)
            sample->sample.end = RH_SAMPLE_CRASHED;
    }
    struct rh_report_model model = model_of(result);
    const struct rh_report_cell *cell = rh_report_cell_at(&model, 0, 1);
    assert_int_equal(cell->time.count, 6);
    assert_int_equal(cell->measured, 7);
    assert_int_equal(cell->failed, 1);
    assert_int_equal(cell->end, RH_SAMPLE_CRASHED);
    assert_int_equal(cell->time_verdict, RH_VERDICT_LOWER);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void memory_is_net_of_the_null_worker(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(3, 1, 2);
    tiny_make_floor(result, 2, "null");
    for (unsigned r = 1; r <= 2; r++) {
        tiny_memory(result, 0, 0, r, 1000, 1100 + 100 * r); /* 1200, 1300 */
        tiny_memory(result, 0, 1, r, 1000, 2100 + 100 * r);
        tiny_memory(result, 0, 2, r, 1000, 100 * r); /* 100, 200 */
    }
    struct rh_report_model model = model_of(result);
    assert_float_equal(rh_report_cell_at(&model, 0, 0)->peak_bytes, 1100, 1e-9);
    assert_float_equal(rh_report_cell_at(&model, 0, 0)->peak_over_peak, 1.1, 1e-9);
    assert_float_equal(rh_report_cell_at(&model, 0, 1)->peak_bytes, 2100, 1e-9);
    assert_float_equal(rh_report_cell_at(&model, 0, 1)->memory.estimate, 2100.0 / 1100, 1e-9);
    assert_float_equal(rh_report_cell_at(&model, 0, 2)->peak_bytes, 150, 1e-9);
    assert_true(isnan(rh_report_cell_at(&model, 0, 2)->peak_over_peak));
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

/* Marks at 0, 10, 30 ms: L 0 100 50, R 20 120 130 with a null worker of 20. */
static void curves_are_integrated(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(2, 1, 1);
    tiny_make_floor(result, 1, "null");
    tiny_memory(result, 0, 1, 1, 100, 20);
    struct rh_sample *sample = &tiny_memory(result, 0, 0, 1, 100, 130)->sample;
    sample->mark_count = 3;
    sample->marks[0] = (struct rh_mark){0, 0, 0, 20, UINT64_MAX};
    sample->marks[1] = (struct rh_mark){5, 10, 100, 120, UINT64_MAX};
    sample->marks[2] = (struct rh_mark){9, 30, 50, 130, UINT64_MAX};
    sample->freed_resident_bytes[0] = 60;
    sample->freed_idle_ns[0] = 0;
    struct rh_report_model model = model_of(result);
    const struct rh_report_cell *cell = rh_report_cell_at(&model, 0, 0);
    /* R: 10 x 50 + 20 x 105 = 2600; L: 10 x 50 + 20 x 75 = 2000. */
    assert_float_equal(cell->mean_over_mean, 1.3, 1e-9);
    assert_float_equal(cell->at_peak_live, 1.0, 1e-9);
    assert_float_equal(cell->at_peak_resident, 110.0 / 50, 1e-9);
    assert_float_equal(cell->freed_bytes[0], 40, 1e-9);
    assert_true(isnan(cell->freed_bytes[1]));
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void rows_are_in_order(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(5, 1, 1);
    tiny_make_floor(result, 0, "null");
    tiny_make_floor(result, 1, "bump");
    result->manifest.baseline = 2;
    tiny_time(result, 0, 0, 1, 1);
    tiny_time(result, 0, 1, 1, 3);
    tiny_time(result, 0, 2, 1, 30);
    tiny_time(result, 0, 4, 1, 10);
    struct rh_report_model model = model_of(result);
    static const size_t expected[] = {4, 2, 3, 1, 0};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(model.trace[0].order[i], expected[i]);
    assert_int_equal(model.trace[0].fastest, 4);
    assert_int_equal(model.trace[0].floor, 1);
    assert_float_equal(model.trace[0].floor_share, 0.3, 1e-12);
    assert_float_equal(rh_report_cell_at(&model, 0, 4)->net_ns, 9, 1e-12);
    assert_true(isnan(rh_report_cell_at(&model, 0, 0)->net_ns));
    assert_true(isnan(rh_report_cell_at(&model, 0, 3)->net_ns));
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

/* 0.5 on one trace and 2 on the other: the geometric mean is 1, the arithmetic one is not. */
static void means_are_geometric(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(2, 2, 8);
    for (unsigned r = 1; r <= 8; r++)
        for (unsigned t = 0; t < 2; t++) {
            tiny_time(result, t, 0, r, 100);
            tiny_time(result, t, 1, r, t == 0 ? 50 : 200);
        }
    struct rh_report_model model = model_of(result);
    assert_float_equal(model.means[1].time.estimate, 1, 1e-12);
    assert_float_equal(model.means[1].smallest, 0.5, 1e-12);
    assert_float_equal(model.means[1].largest, 2, 1e-12);
    assert_int_equal(model.means[1].traces, 2);
    assert_true(model.means[1].whole);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void synthetic_traces_stay_out_of_the_means(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(2, 2, 8);
    rh_free(result->manifest.traces[1].source);
    result->manifest.traces[1].source = rh_strdup("synthetic:larson");
    for (unsigned r = 1; r <= 8; r++)
        for (unsigned t = 0; t < 2; t++) {
            tiny_time(result, t, 0, r, 100);
            tiny_time(result, t, 1, r, t == 0 ? 50 : 1);
        }
    struct rh_report_model model = model_of(result);
    assert_float_equal(model.means[1].time.estimate, 0.5, 1e-12);
    assert_int_equal(model.traces_in_means, 1);
    assert_true(model.trace[1].synthetic);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

/* a2 is fast where it was measured, and crashed on the other trace: it must not win. */
static void part_measured_allocators_cannot_lead(void **state) {
    (void)state;
    static const double factors[] = {0.8, 0.1};
    struct rh_result *result = tiny_create(3, 2, 10);
    tiny_fill(result, factors);
    for (size_t i = 0; i < result->sample_count; i++)
        if (result->samples[i].allocator == 2 && result->samples[i].trace == 1)
            result->samples[i].sample.end = RH_SAMPLE_CRASHED;
    struct rh_report_model model = model_of(result);
    assert_int_equal(model.best, 1);
    assert_false(model.means[2].whole);
    assert_int_equal(model.means[2].traces, 1);
    assert_false(model.means[2].leads);
    assert_int_equal(model.order[2], 2);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void leaders_are_told_from_the_rest(void **state) {
    (void)state;
    static const double factors[] = {0.5, 0.501, 0.8};
    struct rh_result *result = tiny_create(4, 2, 20);
    tiny_fill(result, factors);
    struct rh_report_model model = model_of(result);
    assert_int_equal(model.best, 1);
    assert_int_equal(model.leading, 2);
    assert_true(model.means[2].leads);
    assert_int_equal(model.means[3].behind_verdict, RH_VERDICT_HIGHER);
    assert_false(model.means[0].leads);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void the_control_is_seen(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 1, 10);
    for (unsigned r = 1; r <= 10; r++) {
        tiny_time(result, 0, 0, r, 100);
        tiny_again(result, 0, r, 103);
    }
    struct rh_report_model model = model_of(result);
    assert_float_equal(model.trace[0].control.estimate, 1.03, 1e-12);
    assert_int_equal(model.trace[0].control_verdict, RH_VERDICT_HIGHER);
    assert_false(model.control.trusted);
    assert_int_equal(rh_report_cell_at(&model, 0, 0)->measured, 10);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void other_work_is_seen(void **state) {
    (void)state;
    static const double factors[] = {0.5};
    struct rh_result *result = tiny_create(2, 2, 2);
    tiny_fill(result, factors);
    struct rh_report_model model = model_of(result);
    assert_false(model.trace[0].work_differs || model.trace[1].work_differs);
    rh_report_model_finish(&model);
    result->samples[result->sample_count - 1].sample.checksum = 7;
    model = model_of(result);
    assert_false(model.trace[0].work_differs);
    assert_true(model.trace[1].work_differs);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void outliers_are_counted_not_dropped(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 1, 9);
    for (unsigned r = 1; r <= 9; r++)
        tiny_time(result, 0, 0, r, r == 9 ? 1000 : 100 + r);
    struct rh_report_model model = model_of(result);
    assert_int_equal(rh_report_cell_at(&model, 0, 0)->outliers, 1);
    assert_int_equal(rh_report_cell_at(&model, 0, 0)->measured, 9);
    assert_float_equal(rh_report_cell_at(&model, 0, 0)->ns_per_op, 105, 1e-9);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void figures_that_are_unknown_are_not_zero(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 1, 1);
    struct rh_sample *sample = &tiny_time(result, 0, 0, 1, 5)->sample;
    sample->minor_faults = UINT64_MAX;
    sample->ops = 0;
    struct rh_report_model model = model_of(result);
    assert_true(isnan(rh_report_cell_at(&model, 0, 0)->minor_faults));
    assert_true(isnan(rh_report_cell_at(&model, 0, 0)->ns_per_op));
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void too_much_is_refused(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(200, 160, 1);
    tiny_time(result, 0, 0, 100000, 5);
    struct rh_report_model model;
    struct rh_error error = {0};
    assert_int_equal(rh_report_model_init(result, 0.95, &error, &model), RH_ERR_LIMIT);
    rh_result_destroy(result);
}

static void no_memory_is_an_error(void **state) {
    (void)state;
    static const double factors[] = {0.5};
    struct rh_result *result = tiny_create(2, 1, 1);
    tiny_fill(result, factors);
    for (uint64_t nth = 1;; nth++) {
        struct rh_report_model model;
        struct rh_error error = {0};
        rh_memory_fail_at(nth);
        int made = rh_report_model_init(result, 0.95, &error, &model);
        rh_memory_fail_at(0);
        if (made == 0) {
            rh_report_model_finish(&model);
            assert_true(nth > 20);
            break;
        }
        assert_int_equal(made, RH_ERR_MEMORY);
        assert_int_equal(error.code, RH_ERR_MEMORY);
    }
    rh_result_destroy(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians_leave_out_the_warm_up),
        cmocka_unit_test(ratios_are_paired_in_the_round),
        cmocka_unit_test(missing_rounds_are_not_paired),
        cmocka_unit_test(memory_is_net_of_the_null_worker),
        cmocka_unit_test(curves_are_integrated),
        cmocka_unit_test(rows_are_in_order),
        cmocka_unit_test(means_are_geometric),
        cmocka_unit_test(synthetic_traces_stay_out_of_the_means),
        cmocka_unit_test(part_measured_allocators_cannot_lead),
        cmocka_unit_test(leaders_are_told_from_the_rest),
        cmocka_unit_test(the_control_is_seen),
        cmocka_unit_test(other_work_is_seen),
        cmocka_unit_test(outliers_are_counted_not_dropped),
        cmocka_unit_test(figures_that_are_unknown_are_not_zero),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests_name("report/model", tests, NULL, NULL);
}
