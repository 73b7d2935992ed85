/* Medians, robust deviation, and the order statistics beneath them. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "stats/order.h"
#include "stats/stats.h"
#include "tests/unit/test.h"

static void median_by_hand(void **state) {
    (void)state;
    assert_true(isnan(rh_median(NULL, 0)));
    assert_true(rh_median((double[]){7}, 1) == 7);
    assert_true(rh_median((double[]){3, 1}, 2) == 2);
    assert_true(rh_median((double[]){5, -1, 3}, 3) == 3);
    assert_true(rh_median((double[]){-4, -2, -8, -6}, 4) == -5);
    assert_true(rh_median((double[]){0.0, -0.0, 1}, 3) == 0);
    assert_true(rh_median((double[]){NAN, 2, NAN, 4, 9}, 5) == 4);
    assert_true(isnan(rh_median((double[]){NAN, NAN}, 2)));
    assert_true(isinf(rh_median((double[]){INFINITY, 1, INFINITY}, 3)));
}

/* R: mad(1:9) = 2.965204, mad(c(1,2,3,5,7,8)) = 3.7065. */
static void robust_deviation_as_in_r(void **state) {
    (void)state;
    const double nine[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const double six[] = {1, 2, 3, 5, 7, 8};
    assert_true(fabs(rh_robust_deviation(nine, 9) - 2.965204) < 1e-6);
    assert_true(fabs(rh_robust_deviation(six, 6) - 3.7065) < 1e-4);
    assert_true(rh_robust_deviation((double[]){4, 4, 4}, 3) == 0);
    assert_true(isnan(rh_robust_deviation(NULL, 0)));
}

static void outliers_are_ten_deviations_away(void **state) {
    (void)state;
    assert_false(rh_is_outlier(20, 10, 1));
    assert_true(rh_is_outlier(20.1, 10, 1));
    assert_true(rh_is_outlier(-0.1, 10, 1));
    assert_false(rh_is_outlier(10, 10, 0));
}

static int ascending(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void every_rank_agrees_with_sorting(void **state) {
    (void)state;
    struct rh_random random;
    rh_random_seed(&random, 1);
    for (size_t count = 1; count <= 40; count++) {
        double values[40];
        double sorted[40];
        for (size_t i = 0; i < count; i++)
            values[i] = sorted[i] = (double)rh_random_below(&random, 20) - 10;
        qsort(sorted, count, sizeof(sorted[0]), ascending);
        struct rh_series series = {.x = values, .count = count};
        for (size_t rank = 0; rank < count; rank++)
            assert_true(rh_series_select(&series, rank) == sorted[rank]);
    }
}

static void ratios_need_both_sides(void **state) {
    (void)state;
    const double x[] = {2, 8, 1, NAN, 5, -1};
    const double base[] = {1, 1, 0, 1, NAN, 1};
    struct rh_series series = {.x = x, .base = base, .count = 6};
    assert_int_equal(rh_series_count(&series), 2);
    assert_true(fabs(rh_series_median(&series) - 4) < 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_by_hand),
        cmocka_unit_test(robust_deviation_as_in_r),
        cmocka_unit_test(outliers_are_ten_deviations_away),
        cmocka_unit_test(every_rank_agrees_with_sorting),
        cmocka_unit_test(ratios_need_both_sides),
    };
    return cmocka_run_group_tests_name("stats/order", tests, NULL, NULL);
}
