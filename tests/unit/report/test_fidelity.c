/* Fidelity and sweeps: the figures of small results, worked out by hand. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "report/formats.h"
#include "report/model.h"
#include "report/table.h"
#include "tests/unit/report/tiny.h"
#include "tests/unit/test.h"

enum { ALLOCATORS = 3, ROUNDS = 8 };

static void add_program(struct rh_result *result) {
    struct rh_manifest *manifest = &result->manifest;
    manifest->programs = rh_alloc_zeroed(1, sizeof(*manifest->programs));
    assert_non_null(manifest->programs);
    manifest->programs[0].name = rh_strdup("p");
    manifest->program_count = 1;
}

static struct rh_program_sample *add_run(struct rh_result *result, uint32_t allocator,
                                         uint32_t round, enum rh_program_run run) {
    size_t count = ++result->program_line_count;
    result->program_lines =
        rh_realloc(result->program_lines, count * sizeof(*result->program_lines));
    assert_non_null(result->program_lines);
    struct rh_result_program_line *line = &result->program_lines[count - 1];
    memset(line, 0, sizeof(*line));
    line->allocator = allocator;
    line->round = round;
    line->run = run;
    line->sample.end = RH_SAMPLE_MEASURED;
    return &line->sample;
}

/* Wall times of the program in ms and of the replays in ns/op (of 1000 operations). */
static struct rh_result *times(const double wall_ms[ALLOCATORS], const double replay_ns[ALLOCATORS],
                               double wobble_ms) {
    struct rh_result *result = tiny_create(ALLOCATORS, 1, ROUNDS);
    add_program(result);
    for (uint32_t round = 1; round <= ROUNDS; round++)
        for (uint32_t a = 0; a < ALLOCATORS; a++) {
            tiny_time(result, 0, a, round, replay_ns[a]);
            double wobble = a == 1 ? (round % 2 == 0 ? wobble_ms : -wobble_ms) : 0;
            add_run(result, a, round, RH_PROGRAM_WHOLE)->wall_ns =
                (uint64_t)((wall_ms[a] + wobble) * 1e6);
        }
    return result;
}

static struct rh_report_model model_of(const struct rh_result *result) {
    struct rh_report_model model;
    struct rh_error error = {0};
    if (rh_report_model_init(result, 0.95, &error, &model) != 0)
        fail_msg("%s", error.message);
    return model;
}

/* Differences to the baseline: real -20 and +100 ms, replayed -10 and +30 us. */
static void all_pairs_agree(void **state) {
    (void)state;
    struct rh_result *result = times((double[]){1000, 980, 1100}, (double[]){100, 90, 130}, 0);
    struct rh_report_model model = model_of(result);
    const struct rh_report_program *program = &model.programs[0];
    assert_float_equal(program->cells[1].real_difference.estimate, -20e6, 1);
    assert_float_equal(program->cells[1].replay_difference.estimate, -10e3, 1);
    assert_float_equal(program->cells[2].real_difference.estimate, 100e6, 1);
    assert_float_equal(program->cells[2].replay_difference.estimate, 30e3, 1);
    assert_float_equal(program->cells[0].real_difference.estimate, 0, 0);
    assert_int_equal(program->signs, 2);
    assert_int_equal(program->signs_same, 2);
    assert_int_equal(program->ranks, 3);
    assert_int_equal(program->ranks_same, 3);
    /* (20 * 10 + 100 * 30) / (20^2 + 100^2) = 3200 / 10400, us per ms */
    assert_float_equal(program->slope, 3200.0 / 10400 / 1000, 1e-9);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

/* The first allocator is slower in truth, and faster in the replay. */
static void an_inversion_counts_against(void **state) {
    (void)state;
    struct rh_result *result = times((double[]){1000, 1020, 1100}, (double[]){100, 90, 130}, 0);
    struct rh_report_model model = model_of(result);
    const struct rh_report_program *program = &model.programs[0];
    assert_int_equal(program->signs, 2);
    assert_int_equal(program->signs_same, 1);
    assert_int_equal(program->ranks, 3);
    assert_int_equal(program->ranks_same, 2);
    /* (20 * -10 + 100 * 30) / (20^2 + 100^2) */
    assert_float_equal(program->slope, 2800.0 / 10400 / 1000, 1e-9);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

/* -60 to +20 ms is no difference that is there: its pair with the baseline is not asked for its
 * sign. */
static void overlapping_pairs_do_not_count(void **state) {
    (void)state;
    struct rh_result *result = times((double[]){1000, 980, 1100}, (double[]){100, 90, 130}, 40);
    struct rh_report_model model = model_of(result);
    const struct rh_report_program *program = &model.programs[0];
    assert_float_equal(program->cells[1].real_difference.low, -60e6, 1);
    assert_float_equal(program->cells[1].real_difference.high, 20e6, 1);
    assert_int_equal(program->signs, 1);
    assert_int_equal(program->signs_same, 1);
    assert_int_equal(program->ranks, 2);
    assert_int_equal(program->ranks_same, 2);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

/* Real: 2 MB in the first half and 4 MB in the second, 1 MB of it to start with. Replayed: 1 MB,
 * then 2. */
static void add_curves(struct rh_result *result, uint32_t round) {
    struct rh_program_sample *whole = add_run(result, 0, round, RH_PROGRAM_WHOLE);
    whole->wall_ns = 1000;
    whole->peak_bytes = 5000000;
    whole->mark_count = 3;
    memcpy(whole->mark_ns, (uint64_t[]){0, 50, 100}, 3 * sizeof(uint64_t));
    memcpy(whole->mark_bytes, (uint64_t[]){2000000, 4000000, 4000000}, 3 * sizeof(uint64_t));
    struct rh_program_sample *floor = add_run(result, 0, round, RH_PROGRAM_FLOOR);
    floor->peak_bytes = 1500000;
    floor->mark_count = 1;
    floor->mark_bytes[0] = 1000000;
    tiny_time(result, 0, 0, round, 100);
    struct rh_sample *replay = &tiny_memory(result, 0, 0, round, 1800000, 2800000)->sample;
    replay->mark_count = 3;
    for (uint32_t i = 0; i < 3; i++)
        replay->marks[i] = (struct rh_mark){.op = 500 * i,
                                            .recorded_ns = 1000 * i,
                                            .live_bytes = 900000,
                                            .resident_bytes = i == 0 ? 1000000 : 2000000,
                                            .usable_bytes = UINT64_MAX};
}

static void errors_of_memory(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 1, 3);
    add_program(result);
    for (uint32_t round = 1; round <= 3; round++)
        add_curves(result, round);
    struct rh_report_model model = model_of(result);
    const struct rh_report_program_cell *cell = &model.programs[0].cells[0];
    assert_float_equal(cell->net_peak_bytes, 3500000, 0.5);
    assert_float_equal(cell->peak_error, 2800000.0 / 3500000 - 1, 1e-9); /* -20 % */
    /* 1 and 3 MB less the start-up; the replay is off by 0 and 1 MB: 1 / (1 + 3). */
    assert_float_equal(cell->curve_error, 0.25, 1e-9);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

static void without_a_trace_nothing_is_said(void **state) {
    (void)state;
    struct rh_result *result = times((double[]){1000, 980, 1100}, (double[]){100, 90, 130}, 0);
    result->manifest.programs[0].trace = RH_RESULT_NO_TRACE;
    struct rh_report_model model = model_of(result);
    assert_true(isnan(model.programs[0].slope));
    assert_int_equal(model.programs[0].ranks, 0);
    assert_true(isnan(model.programs[0].cells[1].real_difference.estimate));
    assert_true(isnan(model.programs[0].cells[1].peak_error));
    rh_report_model_finish(&model);
    rh_result_destroy(result);
}

/* ---- sweeps ---- */

struct seen {
    char title[512];
    char cells[4][RH_REPORT_COLUMNS][64];
    size_t rows, sections;
};

static void note_section(void *context, const char *id, const char *title,
                         const struct rh_report_table *table) {
    struct seen *seen = context;
    if (strcmp(id, "sweeps") != 0)
        return;
    seen->sections++;
    seen->rows = table->row_count;
    snprintf(seen->title, sizeof(seen->title), "%s", title);
    for (size_t r = 0; r < table->row_count && r < 4; r++)
        for (size_t c = 0; c < table->column_count; c++)
            snprintf(seen->cells[r][c], sizeof(seen->cells[r][c]), "%s",
                     table->rows[r].cells[c] != NULL ? table->rows[r].cells[c] : "");
}

/* Three settings of one entry beside the baseline, with that much time and memory. */
static struct seen sweep(unsigned rounds, const double factors[3], const uint64_t peaks[3]) {
    struct rh_result *result = tiny_create(4, 2, rounds);
    static const char *const settings[] = {"decay:0", "decay:1", "decay:2"};
    for (uint32_t i = 0; i < 3; i++) {
        result->manifest.allocators[i + 1].sweep = rh_strdup("je");
        result->manifest.allocators[i + 1].setting = rh_strdup(settings[i]);
    }
    tiny_fill(result, factors);
    for (uint32_t t = 0; t < 2; t++)
        for (uint32_t round = 1; round <= rounds; round++)
            for (uint32_t a = 0; a < 4; a++)
                tiny_memory(result, t, a, round, 1000, a == 0 ? 1000 : peaks[a - 1]);
    struct rh_report_model model = model_of(result);
    struct seen seen = {0};
    assert_int_equal(rh_report_each_section(&model, note_section, &seen, NULL), 0);
    rh_report_model_finish(&model);
    rh_result_destroy(result);
    return seen;
}

static void a_sweep_has_a_best_setting(void **state) {
    (void)state;
    struct seen seen = sweep(10, (double[]){0.9, 0.8, 1.1}, (uint64_t[]){500, 1000, 2000});
    assert_int_equal(seen.sections, 1);
    assert_int_equal(seen.rows, 3);
    /* The wobble of tiny_fill is 3 permille at most on either side of a ratio. */
    const double ratios[] = {0.9, 0.8, 1.1};
    const char *const verdicts[] = {"faster", "faster", "slower"};
    const char *const settings[] = {"decay:0", "decay:1", "decay:2"};
    const char *const memory[] = {"0.500", "1.000", "2.000"};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(seen.cells[i][0], settings[i]);
        double ratio = 0;
        assert_int_equal(rh_parse_double(seen.cells[i][1], &ratio), 0);
        assert_float_equal(ratio, ratios[i], 0.006);
        assert_string_equal(seen.cells[i][3], verdicts[i]);
        assert_string_equal(seen.cells[i][4], memory[i]);
    }
    static const char start[] = "Which setting for je? Fastest: decay:1, 0.";
    assert_memory_equal(seen.title, start, strlen(start));
    assert_non_null(strstr(seen.title, "x the time of a0 ["));
    assert_null(strstr(seen.title, "overlap"));
    assert_non_null(
        strstr(seen.title, "Least memory: decay:0, 0.500x the peak of a0 [0.50, 0.50]"));
}

static void settings_that_cannot_be_told_apart(void **state) {
    (void)state;
    struct seen seen = sweep(10, (double[]){0.8, 0.8, 1.1}, (uint64_t[]){1000, 1000, 1000});
    assert_non_null(strstr(seen.title, "the interval of 1 other setting overlaps its own"));
    assert_non_null(strstr(seen.title, "the intervals of 2 other settings overlap its own"));
}

static void few_rounds_are_said(void **state) {
    (void)state;
    static const char words[] = "of too few rounds to be sure";
    struct seen many = sweep(10, (double[]){0.9, 0.8, 1.1}, (uint64_t[]){500, 1000, 2000});
    assert_null(strstr(many.title, words));
    struct seen few = sweep(3, (double[]){0.9, 0.8, 1.1}, (uint64_t[]){500, 1000, 2000});
    assert_non_null(strstr(few.title, words));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pairs_agree),
        cmocka_unit_test(an_inversion_counts_against),
        cmocka_unit_test(overlapping_pairs_do_not_count),
        cmocka_unit_test(errors_of_memory),
        cmocka_unit_test(without_a_trace_nothing_is_said),
        cmocka_unit_test(a_sweep_has_a_best_setting),
        cmocka_unit_test(settings_that_cannot_be_told_apart),
        cmocka_unit_test(few_rounds_are_said),
    };
    return cmocka_run_group_tests_name("report/fidelity", tests, NULL, NULL);
}
