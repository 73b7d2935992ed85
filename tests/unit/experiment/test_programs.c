/* Programs in a run: in the rounds with everything else, compared with the baseline, gone on with.
 */
#include <string.h>

#include "base/memory.h"
#include "tests/unit/experiment/world.h"
#include "tests/unit/test.h"

/* One trace and two programs, of which the first has a floor; y is no malloc. */
static struct rh_plan *make_plan(void) {
    return world_plan("[a.rht]\nprograms:\n  - {command: p, floor: q, check: same, trace: a}\n"
                      "  - {name: other, command: r}");
}

enum { PLAYERS = 3, RUNS = 5 * 2 * PLAYERS + PLAYERS };

static void programs_are_part_of_the_rounds(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    struct rh_error error = {0};
    struct rh_experiment_outcome outcome;
    struct rh_plan *plan = make_plan();
    world_new_result(path);
    assert_int_equal(world_run(path, plan, &error, &outcome), 0);
    assert_int_equal(outcome.done, WORLD_CELLS_A_TRACE + RUNS);
    assert_int_equal(outcome.failed, 0);
    struct rh_result *result = world_load(path);
    assert_int_equal(result->program_line_count, RUNS);
    assert_int_equal(result->manifest.program_count, 2);
    assert_int_equal(result->manifest.programs[0].trace, 0);
    assert_string_equal(result->manifest.allocators[2].program_unavailable, "y is no malloc");
    int runs[5][2][3][2] = {{{{0}}}};
    for (size_t i = 0; i < result->program_line_count; i++) {
        const struct rh_result_program_line *line = &result->program_lines[i];
        assert_int_equal(line->sample.mark_count, 2);
        if (line->run == RH_PROGRAM_WHOLE)
            runs[line->round][line->program][line->allocator][line->copy]++;
        else
            assert_true(line->round == 1 && line->program == 0);
    }
    for (int round = 0; round < 5; round++)
        for (int program = 0; program < 2; program++) {
            assert_int_equal(runs[round][program][0][0], 1);
            assert_int_equal(runs[round][program][0][1], 1);
            assert_int_equal(runs[round][program][1][0], 1);
            assert_int_equal(runs[round][program][2][0], 0);
        }
    rh_result_destroy(result);
    rh_plan_destroy(plan);
}

static void another_output_than_the_baselines_is_wrong(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    struct rh_error error = {0};
    struct rh_experiment_outcome outcome;
    struct rh_plan *plan = make_plan();
    world.liar = "x.so";
    world_new_result(path);
    assert_int_equal(world_run(path, plan, &error, &outcome), 0);
    struct rh_result *result = world_load(path);
    for (size_t i = 0; i < result->program_line_count; i++) {
        const struct rh_result_program_line *line = &result->program_lines[i];
        bool compared = line->run == RH_PROGRAM_WHOLE && line->program == 0 && line->round > 0;
        if (compared)
            assert_int_equal(line->sample.end,
                             line->allocator == 1 ? RH_SAMPLE_WRONG : RH_SAMPLE_MEASURED);
        else if (line->round > 0)
            assert_int_equal(line->sample.end, RH_SAMPLE_MEASURED); /* nobody asked to compare */
    }
    rh_result_destroy(result);
    rh_plan_destroy(plan);
}

static void an_interrupted_run_goes_on(void **state) {
    (void)state;
    char path[WORLD_PATH_BYTES];
    struct rh_error error = {0};
    struct rh_experiment_outcome outcome;
    struct rh_plan *plan = make_plan();
    world.interrupt_program_at = 9;
    world_new_result(path);
    assert_int_equal(world_run(path, plan, &error, &outcome), RH_ERR_INTERRUPTED);
    world_reset(NULL);
    error = (struct rh_error){0};
    assert_int_equal(world_resume(path, &error, &outcome), 0);
    assert_int_equal(world.programs, RUNS - 8);
    struct rh_result *result = world_load(path);
    assert_true(result->manifest.complete);
    assert_int_equal(result->program_line_count, RUNS);
    assert_int_equal(result->sample_count, WORLD_CELLS_A_TRACE);
    rh_result_destroy(result);
    rh_plan_destroy(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(programs_are_part_of_the_rounds, world_reset),
        cmocka_unit_test_setup(another_output_than_the_baselines_is_wrong, world_reset),
        cmocka_unit_test_setup(an_interrupted_run_goes_on, world_reset),
    };
    return cmocka_run_group_tests_name("experiment/programs", tests, world_set_up, world_tear_down);
}
