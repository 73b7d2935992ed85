/* Time left: what was seen of a kind, or of all. */
#include "base/memory.h"
#include "experiment/forecast.h"
#include "tests/unit/test.h"

static struct rh_cell cells[] = {
    {.trace = 0, .allocator = 0, .pass = RH_PASS_THROUGHPUT},
    {.trace = 0, .allocator = 1, .pass = RH_PASS_THROUGHPUT},
    {.trace = 0, .allocator = 0, .pass = RH_PASS_THROUGHPUT},
    {.trace = 0, .allocator = 0, .pass = RH_PASS_MEMORY},
};
static const struct rh_schedule schedule = {.cells = cells, .count = 4};

static void kinds_and_means(void **state) {
    (void)state;
    struct rh_forecast forecast;
    assert_int_equal(rh_forecast_init(&forecast, &schedule, 1, 2, NULL), 0);
    assert_true(rh_forecast_left_ns(&forecast) == UINT64_MAX);
    rh_forecast_add(&forecast, &cells[0], 100);
    assert_int_equal(rh_forecast_left_ns(&forecast), 300);
    rh_forecast_add(&forecast, &cells[1], 300);
    /* One more of the first kind (100), one of an unseen kind (mean 200). */
    assert_int_equal(rh_forecast_left_ns(&forecast), 300);
    rh_forecast_add(&forecast, &cells[2], 100);
    rh_forecast_add(&forecast, &cells[3], 1000);
    assert_int_equal(rh_forecast_left_ns(&forecast), 0);
    rh_forecast_finish(&forecast);
}

static void a_schedule_may_grow(void **state) {
    (void)state;
    const struct rh_schedule beginning = {.cells = cells, .count = 2};
    struct rh_forecast forecast;
    assert_int_equal(rh_forecast_init(&forecast, &beginning, 1, 2, NULL), 0);
    assert_true(rh_forecast_cell_ns(&forecast, &cells[0]) == UINT64_MAX);
    rh_forecast_add(&forecast, &cells[0], 100);
    rh_forecast_skip(&forecast, &cells[1]);
    assert_int_equal(rh_forecast_cell_ns(&forecast, &cells[2]), 100);
    assert_int_equal(rh_forecast_cell_ns(&forecast, &cells[3]), 100); /* unseen: the mean */
    assert_int_equal(rh_forecast_left_ns(&forecast), 0);
    rh_forecast_extend(&forecast, &schedule, 2);
    assert_int_equal(rh_forecast_left_ns(&forecast), 200);
    rh_forecast_finish(&forecast);
}

static void no_memory(void **state) {
    (void)state;
    struct rh_forecast forecast;
    rh_memory_fail_at(1);
    assert_int_equal(rh_forecast_init(&forecast, &schedule, 1, 2, NULL), RH_ERR_MEMORY);
    rh_memory_fail_at(0);
    rh_forecast_finish(&forecast);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_and_means),
        cmocka_unit_test(a_schedule_may_grow),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("experiment/forecast", tests, NULL, NULL);
}
