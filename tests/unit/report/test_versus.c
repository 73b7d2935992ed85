/* Two results against each other, and one candidate against its baseline: what is matched, what is
 * resolved, what closes the gate. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "report/versus_model.h"
#include "tests/unit/report/tiny.h"
#include "tests/unit/test.h"

static const double plain[] = {0.8, 1.5};
static const double slower[] = {0.88, 1.5}; /* a1 takes 10 % longer, a2 as long as before */

static struct rh_versus_options options_of(double gate) {
    return (struct rh_versus_options){
        .gated = gate >= 0, .gate = gate, .before_name = "A", .after_name = "B"};
}

static struct rh_result *make(const double *factors, unsigned traces, unsigned rounds) {
    struct rh_result *result = tiny_create(3, traces, rounds);
    tiny_fill(result, factors);
    return result;
}

/* One trace: no bootstrap over traces, which takes most of the time of a comparison. */
static struct rh_result *result_of(const double *factors, unsigned rounds) {
    return make(factors, 1, rounds);
}

static struct rh_result *pair_of(const double *factors, unsigned rounds) {
    return make(factors, 2, rounds);
}

/* Every time of a result, as if the machine were slower. */
static void slow_down(struct rh_result *result, double factor) {
    for (size_t i = 0; i < result->sample_count; i++)
        result->samples[i].sample.busy_ns =
            (uint64_t)((double)result->samples[i].sample.busy_ns * factor);
}

static struct rh_versus_model compare(const struct rh_result *before, const struct rh_result *after,
                                      const struct rh_versus_options *options) {
    struct rh_versus_model model;
    struct rh_error error = {0};
    if (rh_versus_model_init(before, after, options, &error, &model) != 0)
        fail_msg("%s", error.message);
    return model;
}

static const struct rh_versus_row *row_of(const struct rh_versus_model *model, const char *trace,
                                          const char *allocator) {
    for (size_t i = 0; i < model->row_count; i++) {
        const struct rh_versus_row *row = &model->rows[i];
        bool same = trace == NULL || row->trace == NULL ? trace == row->trace
                                                        : strcmp(trace, row->trace) == 0;
        if (same && strcmp(allocator, row->allocator) == 0)
            return row;
    }
    fail_msg("no row %s %s", trace != NULL ? trace : "all", allocator);
    return NULL;
}

static void what_became_slower(void **state) {
    (void)state;
    struct rh_result *before = pair_of(plain, 12);
    struct rh_result *after = pair_of(slower, 12);
    struct rh_versus_options options = options_of(0.02);
    struct rh_versus_model model = compare(before, after, &options);
    const struct rh_versus_row *row = row_of(&model, "t1", "a1");
    assert_float_equal(row->time.estimate, 1.1, 1e-3);
    assert_int_equal(row->time_verdict, RH_VERDICT_HIGHER);
    assert_true(row->time_regressed);
    assert_float_equal(row_of(&model, NULL, "a1")->time.estimate, 1.1, 1e-3);
    assert_true(row_of(&model, NULL, "a1")->time_regressed);
    assert_int_equal(row_of(&model, "t0", "a2")->time_verdict, RH_VERDICT_EQUAL);
    assert_int_equal(row_of(&model, "t0", "a0")->time_verdict, RH_VERDICT_NONE);
    assert_int_equal(model.outcome.regressions, 3); /* t0, t1, and both */
    assert_int_equal(model.outcome.better, 0);
    rh_versus_model_finish(&model);
    rh_result_destroy(before);
    rh_result_destroy(after);
}

static void a_slower_machine_is_no_regression(void **state) {
    (void)state;
    struct rh_result *before = result_of(plain, 12);
    struct rh_result *after = result_of(plain, 12);
    slow_down(after, 1.3);
    struct rh_versus_options options = options_of(0.02);
    struct rh_versus_model model = compare(before, after, &options);
    assert_int_equal(model.outcome.worse, 0);
    assert_int_equal(model.outcome.regressions, 0);
    rh_versus_model_finish(&model);

    options.reference = "none";
    model = compare(before, after, &options);
    assert_float_equal(row_of(&model, "t0", "a0")->time.estimate, 1.3, 1e-3);
    assert_true(model.outcome.regressions > 0);
    assert_non_null(strstr(rh_text_get(&model.notes), "as they are"));
    rh_versus_model_finish(&model);
    rh_result_destroy(before);
    rh_result_destroy(after);
}

static void the_gate_lets_small_ones_pass(void **state) {
    (void)state;
    struct rh_result *before = result_of(plain, 12);
    struct rh_result *after = result_of(slower, 12);
    struct rh_versus_options options = options_of(0.15);
    struct rh_versus_model model = compare(before, after, &options);
    assert_int_equal(model.outcome.regressions, 0);
    assert_int_equal(model.outcome.worse, 1);
    rh_versus_model_finish(&model);
    options = options_of(-1);
    model = compare(before, after, &options);
    assert_int_equal(model.outcome.regressions, 0);
    rh_versus_model_finish(&model);
    rh_result_destroy(before);
    rh_result_destroy(after);
}

/* Three rounds resolve nothing at 95 %: that must be said, not passed over. */
static void too_few_rounds_are_said(void **state) {
    (void)state;
    struct rh_result *before = result_of(plain, 3);
    struct rh_result *after = result_of(slower, 3);
    struct rh_versus_options options = options_of(0.02);
    struct rh_versus_model model = compare(before, after, &options);
    assert_int_equal(model.outcome.regressions, 0);
    assert_true(model.outcome.too_few > 0);
    assert_non_null(strstr(rh_text_get(&model.notes), "too few rounds"));
    rh_versus_model_finish(&model);
    rh_result_destroy(before);
    rh_result_destroy(after);
}

static void set_rate(struct rh_result *result, size_t trace, uint64_t lines_per_ms) {
    struct rh_think_found *found = &result->manifest.traces[trace].think;
    found->plain_ns = 1;
    found->lines_per_ms = lines_per_ms;
}

static void rates_that_differ_are_said(void **state) {
    (void)state;
    struct rh_result *before = pair_of(plain, 12);
    struct rh_result *after = pair_of(plain, 12);
    set_rate(before, 0, 4700);
    set_rate(after, 0, 4700);
    set_rate(before, 1, 5300);
    set_rate(after, 1, 0);
    struct rh_versus_options options = options_of(-1);
    struct rh_versus_model model = compare(before, after, &options);
    const char *notes = rh_text_get(&model.notes);
    assert_non_null(strstr(notes, "Not the same rate of thinking on t1: 5.3 lines/us, then 0."));
    assert_null(strstr(notes, "thinking on t0"));
    rh_versus_model_finish(&model);
    rh_result_destroy(before);
    rh_result_destroy(after);
}

static void memory_is_compared_as_it_is(void **state) {
    (void)state;
    struct rh_result *before = result_of(plain, 12);
    struct rh_result *after = result_of(plain, 12);
    for (unsigned r = 1; r <= 12; r++)
        for (unsigned a = 0; a < 3; a++) {
            tiny_memory(before, 0, a, r, 1000000, 2000000 + r);
            tiny_memory(after, 0, a, r, 1000000, (a == 2 ? 2500000 : 2000000) + r);
        }
    struct rh_versus_options options = options_of(0.02);
    struct rh_versus_model model = compare(before, after, &options);
    const struct rh_versus_row *row = row_of(&model, "t0", "a2");
    assert_float_equal(row->memory.estimate, 1.25, 1e-3);
    assert_true(row->memory_regressed && !row->time_regressed);
    assert_int_equal(row_of(&model, "t0", "a0")->memory_verdict, RH_VERDICT_EQUAL);
    assert_int_equal(model.outcome.regressions, 1);
    rh_versus_model_finish(&model);
    rh_result_destroy(before);
    rh_result_destroy(after);
}

static void what_is_lost_closes_the_gate(void **state) {
    (void)state;
    struct rh_result *before = result_of(plain, 12);
    struct rh_result *after = result_of(plain, 12);
    for (size_t i = 0; i < after->sample_count; i++)
        if (after->samples[i].allocator == 1 && after->samples[i].trace == 0) {
            after->samples[i].sample.end = RH_SAMPLE_CRASHED;
            memcpy(after->samples[i].sample.reason, "SIGSEGV", sizeof("SIGSEGV"));
        }
    struct rh_versus_options options = options_of(0.5);
    struct rh_versus_model model = compare(before, after, &options);
    assert_true(row_of(&model, "t0", "a1")->lost);
    assert_string_equal(row_of(&model, "t0", "a1")->reason, "SIGSEGV");
    assert_int_equal(model.outcome.regressions, 1);
    struct rh_text text = {0};
    rh_versus_gate_sentence(&model, &text);
    assert_non_null(strstr(rh_text_get(&text), "a1 on t0 is not measured any more: SIGSEGV"));
    rh_text_finish(&text);
    rh_versus_model_finish(&model);
    rh_result_destroy(before);
    rh_result_destroy(after);
}

/* As after a change that breaks the allocator before its memory is read. */
static void lost_memory_closes_the_gate(void **state) {
    (void)state;
    struct rh_result *before = result_of(plain, 12);
    struct rh_result *after = result_of(plain, 12);
    for (unsigned round = 1; round <= 2; round++) {
        tiny_memory(before, 0, 1, round, 1000, 2000);
        tiny_memory(after, 0, 1, round, 1000, 2000)->sample.end = RH_SAMPLE_CRASHED;
    }
    struct rh_versus_options options = options_of(0.5);
    struct rh_versus_model model = compare(before, after, &options);
    assert_true(row_of(&model, "t0", "a1")->lost);
    assert_false(row_of(&model, "t0", "a2")->lost);
    assert_int_equal(model.outcome.regressions, 1);
    rh_versus_model_finish(&model);
    rh_result_destroy(before);
    rh_result_destroy(after);
}

static void a_missing_allocator_closes_the_gate(void **state) {
    (void)state;
    struct rh_result *before = pair_of(plain, 12);
    struct rh_result *after = tiny_create(2, 2, 12);
    tiny_fill(after, plain);
    for (int gated = 0; gated < 2; gated++) {
        struct rh_versus_options options = options_of(gated ? 0.5 : -1);
        struct rh_versus_model model = compare(before, after, &options);
        assert_int_equal(model.outcome.regressions, gated);
        assert_non_null(strstr(rh_text_get(&model.notes), "The allocator a2 is only in A."));
        if (gated)
            assert_true(row_of(&model, NULL, "a2")->lost);
        rh_versus_model_finish(&model);
    }
    rh_result_destroy(before);
    rh_result_destroy(after);
}

static void a_gate_without_anything_to_judge(void **state) {
    (void)state;
    struct rh_result *empty = tiny_create(3, 1, 12);
    struct rh_versus_options options = options_of(0.02);
    struct rh_versus_model model;
    struct rh_error error = {0};
    assert_int_equal(rh_versus_model_init(empty, empty, &options, &error, &model), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "the gate has nothing to judge"));
    assert_int_equal(rh_versus_model_init(empty, NULL, &options, &error, &model), RH_ERR_INVALID);
    rh_result_destroy(empty);
}

static void set(char **target, const char *text) {
    rh_free(*target);
    *target = rh_strdup(text);
    assert_non_null(*target);
}

/* The content of a trace decides, whatever it is called. */
static void traces_are_matched_by_content(void **state) {
    (void)state;
    struct rh_result *before = pair_of(plain, 12);
    struct rh_result *after = pair_of(plain, 12);
    set(&before->manifest.traces[0].hash, "1111111111111111");
    set(&before->manifest.traces[1].hash, "2222222222222222");
    set(&after->manifest.traces[0].hash, "2222222222222222");
    set(&after->manifest.traces[1].hash, "3333333333333333");
    struct rh_versus_options options = options_of(-1);
    struct rh_versus_model model = compare(before, after, &options);
    assert_int_equal(model.traces, 1);
    assert_int_equal(model.row_count, 3);
    row_of(&model, "t1", "a1");
    assert_non_null(strstr(rh_text_get(&model.notes), "The trace t0 is only in A."));
    assert_non_null(strstr(rh_text_get(&model.notes), "The trace t1 is only in B."));
    rh_versus_model_finish(&model);

    set(&after->manifest.traces[0].hash, "4444444444444444");
    struct rh_error error = {0};
    assert_int_equal(rh_versus_model_init(before, after, &options, &error, &model), RH_ERR_INVALID);
    assert_string_equal(error.message, "A and B have no trace in common");
    rh_result_destroy(before);
    rh_result_destroy(after);
}

static void the_reference_must_be_there(void **state) {
    (void)state;
    struct rh_result *before = result_of(plain, 12);
    struct rh_result *after = result_of(plain, 12);
    set(&after->manifest.allocators[0].label, "other");
    struct rh_versus_options options = options_of(-1);
    struct rh_versus_model model;
    struct rh_error error = {0};
    assert_int_equal(rh_versus_model_init(before, after, &options, &error, &model), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "the reference \"a0\" is not in both"));
    options.reference = "a2";
    model = compare(before, after, &options);
    assert_int_equal(row_of(&model, "t0", "a1")->time_verdict, RH_VERDICT_EQUAL);
    assert_non_null(strstr(rh_text_get(&model.notes), "The allocator a0 is only in A."));
    rh_versus_model_finish(&model);

    set(&before->manifest.allocators[2].hash, "1");
    set(&after->manifest.allocators[2].hash, "2");
    model = compare(before, after, &options);
    assert_non_null(strstr(rh_text_get(&model.notes), "is not the same file in both runs"));
    rh_versus_model_finish(&model);
    rh_result_destroy(before);
    rh_result_destroy(after);
}

static void one_result_against_its_baseline(void **state) {
    (void)state;
    struct rh_result *result = pair_of(plain, 12);
    struct rh_versus_options options = options_of(0.02);
    struct rh_versus_model model = compare(result, NULL, &options);
    assert_int_equal(model.row_count, 6);
    assert_float_equal(row_of(&model, "t0", "a1")->time.estimate, 0.8, 2e-3);
    assert_float_equal(row_of(&model, NULL, "a2")->time.estimate, 1.5, 5e-3);
    assert_int_equal(model.outcome.regressions, 3);
    rh_versus_model_finish(&model);
    options.allocator = "a1";
    model = compare(result, NULL, &options);
    assert_int_equal(model.row_count, 3);
    assert_int_equal(model.outcome.regressions, 0);
    rh_versus_model_finish(&model);
    options.allocator = "a9";
    struct rh_error error = {0};
    assert_int_equal(rh_versus_model_init(result, NULL, &options, &error, &model), RH_ERR_INVALID);
    rh_result_destroy(result);
}

static void every_format_says_it(void **state) {
    (void)state;
    static const char *const words[] = {
        [RH_VERSUS_TERM] = "The gate is closed: 1 regression beyond 2.0 %",
        [RH_VERSUS_HTML] = "The gate is closed: 1 regression beyond 2.0 %",
        [RH_VERSUS_MD] = "| t0 | a1 |",
        [RH_VERSUS_JSON] = "\"regressions\":1",
        [RH_VERSUS_JUNIT] = "failures=\"1\"",
    };
    struct rh_result *before = result_of(plain, 12);
    struct rh_result *after = result_of(slower, 12);
    for (unsigned format = 0; format < RH_VERSUS_FORMATS; format++) {
        struct rh_versus_options options = options_of(0.02);
        options.format = (enum rh_versus_format)format;
        struct rh_text text = {0};
        struct rh_versus_outcome outcome = {0};
        assert_int_equal(rh_versus(before, after, &options, NULL, &text, &outcome), 0);
        assert_int_equal(outcome.regressions, 1);
        if (strstr(rh_text_get(&text), words[format]) == NULL)
            fail_msg("%s", rh_text_get(&text));
        rh_text_finish(&text);
    }
    rh_result_destroy(before);
    rh_result_destroy(after);
}

/* Names come from files that anybody may have written. */
static void names_cannot_break_xml(void **state) {
    (void)state;
    struct rh_result *result = result_of(plain, 12);
    set(&result->manifest.allocators[1].label, "a\"><&\x01");
    struct rh_versus_options options = options_of(0.02);
    options.format = RH_VERSUS_JUNIT;
    struct rh_text text = {0};
    struct rh_versus_outcome outcome = {0};
    assert_int_equal(rh_versus(result, NULL, &options, NULL, &text, &outcome), 0);
    assert_non_null(strstr(rh_text_get(&text), "name=\"a&quot;&gt;&lt;&amp;?: time\""));
    rh_text_finish(&text);
    rh_result_destroy(result);
}

/* Is there a comparison, with memory for the first nth - 1 allocations only (0: for all)? */
static bool compare_with_memory_until(const struct rh_result *before, const struct rh_result *after,
                                      uint64_t nth, size_t regressions) {
    struct rh_versus_options options = options_of(0.02);
    struct rh_text text = {0};
    struct rh_versus_outcome outcome = {0};
    rh_memory_fail_at(nth);
    int result = rh_versus(before, after, &options, NULL, &text, &outcome);
    rh_memory_fail_at(0);
    assert_true(result == 0 || (result == RH_ERR_MEMORY && text.length == 0));
    assert_int_equal(outcome.regressions, result == 0 ? regressions : 0);
    rh_text_finish(&text);
    return result == 0;
}

/* A comparison is whole, or there is none. */
static void every_allocation_may_fail(void **state) {
    (void)state;
    struct rh_result *before = result_of(plain, 8);
    struct rh_result *after = result_of(slower, 8);
    for (uint64_t nth = 1; nth <= 30; nth++)
        assert_false(compare_with_memory_until(before, after, nth, 1));
    compare_with_memory_until(before, after, 60, 1);
    compare_with_memory_until(before, after, 90, 1);
    assert_true(compare_with_memory_until(before, after, 0, 1));
    rh_result_destroy(before);
    rh_result_destroy(after);
}

/* Where the bootstrap is what lacks memory, a gate must not take the missing mean for a pass. */
static void the_bootstrap_may_lack_memory(void **state) {
    (void)state;
    struct rh_result *before = pair_of(plain, 8);
    struct rh_result *after = pair_of(slower, 8);
    for (uint64_t nth = 80; nth <= 140; nth += 30)
        compare_with_memory_until(before, after, nth, 3);
    assert_true(compare_with_memory_until(before, after, 0, 3));
    rh_result_destroy(before);
    rh_result_destroy(after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_became_slower),
        cmocka_unit_test(a_slower_machine_is_no_regression),
        cmocka_unit_test(the_gate_lets_small_ones_pass),
        cmocka_unit_test(too_few_rounds_are_said),
        cmocka_unit_test(rates_that_differ_are_said),
        cmocka_unit_test(memory_is_compared_as_it_is),
        cmocka_unit_test(what_is_lost_closes_the_gate),
        cmocka_unit_test(lost_memory_closes_the_gate),
        cmocka_unit_test(a_missing_allocator_closes_the_gate),
        cmocka_unit_test(a_gate_without_anything_to_judge),
        cmocka_unit_test(traces_are_matched_by_content),
        cmocka_unit_test(the_reference_must_be_there),
        cmocka_unit_test(one_result_against_its_baseline),
        cmocka_unit_test(every_format_says_it),
        cmocka_unit_test(names_cannot_break_xml),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_bootstrap_may_lack_memory),
    };
    return cmocka_run_group_tests_name("report/versus", tests, NULL, NULL);
}
