/* The BCa interval against its published example, and the geometric mean by hand. */
#include <math.h>

#include "base/memory.h"
#include "base/random.h"
#include "stats/stats.h"
#include "tests/unit/test.h"

#define CLOSE(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* Spatial test data, part A (Efron and Tibshirani 1993, table 14.1). */
static const double spatial[] = {48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6,
                                 0,  33, 28, 34, 4,  32, 24, 47, 41, 24, 26, 30, 41};
enum { SPATIAL = sizeof(spatial) / sizeof(spatial[0]), DRAWS = 20000 };

static double plug_in_variance(const double *values, size_t count) {
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
        squares += values[i] * values[i];
    }
    double mean = sum / (double)count;
    return squares / (double)count - mean * mean;
}

/* The book's 90 % interval for the variance: estimate 171.5, (115.8, 259.6). */
static void published_variance_example(void **state) {
    (void)state;
    static double replicates[DRAWS];
    struct rh_random random;
    rh_random_seed(&random, 20);
    for (size_t i = 0; i < DRAWS; i++) {
        double drawn[SPATIAL];
        for (size_t j = 0; j < SPATIAL; j++)
            drawn[j] = spatial[rh_random_below(&random, SPATIAL)];
        replicates[i] = plug_in_variance(drawn, SPATIAL);
    }
    double jackknife[SPATIAL];
    for (size_t i = 0; i < SPATIAL; i++) {
        double rest[SPATIAL - 1];
        for (size_t j = 0; j + 1 < SPATIAL; j++)
            rest[j] = spatial[j < i ? j : j + 1];
        jackknife[i] = plug_in_variance(rest, SPATIAL - 1);
    }
    double estimate = plug_in_variance(spatial, SPATIAL);
    double low = 0;
    double high = 0;
    rh_bca_interval(estimate, replicates, DRAWS, jackknife, SPATIAL, 0.9, &low, &high);
    CLOSE(estimate, 171.5, 0.05);
    CLOSE(low, 115.8, 3);
    CLOSE(high, 259.6, 4);
}

static void geometric_mean_by_hand(void **state) {
    (void)state;
    double contrast[3 * 10];
    for (int round = 0; round < 10; round++) {
        contrast[round] = log(2);
        contrast[10 + round] = log(8);
        contrast[20 + round] = NAN;
    }
    struct rh_interval mean = rh_geometric_mean(contrast, 3, 10, 0.95, 1);
    CLOSE(mean.estimate, 4, 1e-12);
    CLOSE(mean.low, 4, 1e-12);
    CLOSE(mean.high, 4, 1e-12);
    assert_int_equal(mean.count, 10);
    assert_true(mean.exact);
}

static void fill(double *contrast, size_t count, uint64_t seed) {
    struct rh_random random;
    rh_random_seed(&random, seed);
    for (size_t i = 0; i < count; i++)
        contrast[i] = 0.1 + 0.2 * rh_random_unit(&random);
}

static void same_data_same_interval(void **state) {
    (void)state;
    double contrast[4 * 20];
    fill(contrast, 80, 5);
    struct rh_interval first = rh_geometric_mean(contrast, 4, 20, 0.95, 7);
    struct rh_interval second = rh_geometric_mean(contrast, 4, 20, 0.95, 7);
    assert_true(first.low == second.low && first.high == second.high);
    assert_true(first.low < first.estimate && first.estimate < first.high);
    struct rh_interval narrow = rh_geometric_mean(contrast, 4, 20, 0.5, 1);
    assert_true(narrow.low > first.low && narrow.high < first.high);
}

/* Rounds are drawn jointly: two traces that mirror each other round by round have a mean contrast
 * of 0 in every resample of the same rounds (odd, so that medians mirror too). */
static void rounds_are_drawn_jointly(void **state) {
    (void)state;
    double contrast[2 * 21];
    fill(contrast, 21, 6);
    for (int round = 0; round < 21; round++)
        contrast[21 + round] = -contrast[round];
    struct rh_interval mean = rh_geometric_mean(contrast, 2, 21, 0.95, 1);
    CLOSE(mean.low, 1, 1e-12);
    CLOSE(mean.high, 1, 1e-12);
}

static void missing_values_are_left_out(void **state) {
    (void)state;
    double contrast[2 * 8];
    for (int round = 0; round < 8; round++) {
        contrast[round] = round < 2 ? NAN : log(2);
        contrast[8 + round] = round == 0 || round == 5 ? NAN : log(8);
    }
    struct rh_interval mean = rh_geometric_mean(contrast, 2, 8, 0.95, 1);
    assert_int_equal(mean.count, 7);
    CLOSE(mean.estimate, 4, 1e-12);
    CLOSE(mean.high, 4, 1e-12);
}

static void nothing_and_one_round(void **state) {
    (void)state;
    const double none[] = {NAN, NAN};
    struct rh_interval mean = rh_geometric_mean(none, 1, 2, 0.95, 1);
    assert_true(mean.count == 0 && isnan(mean.estimate));
    mean = rh_geometric_mean(none, 0, 0, 0.95, 1);
    assert_true(mean.count == 0 && isnan(mean.estimate));
    mean = rh_geometric_mean((double[]){log(3)}, 1, 1, 0.95, 1);
    CLOSE(mean.estimate, 3, 1e-12);
    assert_int_equal(mean.count, 1);
    assert_false(mean.exact);
}

static void two_runs_by_hand(void **state) {
    (void)state;
    double x[3 * 10];
    double y[3 * 12];
    for (int round = 0; round < 12; round++) {
        y[round] = 0;
        y[12 + round] = log(2);
        y[24 + round] = NAN;
        if (round >= 10)
            continue;
        x[round] = log(4);
        x[10 + round] = log(2);
        x[20 + round] = log(100);
    }
    struct rh_interval shift = rh_geometric_shift(x, 10, y, 12, 3, 0.95, 1);
    CLOSE(shift.estimate, 2, 1e-12);
    CLOSE(shift.low, 2, 1e-12);
    CLOSE(shift.high, 2, 1e-12);
    assert_true(shift.count == 10 && shift.exact);
    shift = rh_geometric_shift(x + 20, 10, y + 24, 12, 1, 0.95, 1);
    assert_true(shift.count == 0 && isnan(shift.estimate));
}

/* Against a run without any spread, the shift is the geometric mean of the other. */
static void a_steady_run_adds_nothing(void **state) {
    (void)state;
    double x[2 * 20];
    double zero[2 * 20] = {0};
    fill(x, 40, 8);
    struct rh_interval shift = rh_geometric_shift(x, 20, zero, 20, 2, 0.95, 1);
    struct rh_interval mean = rh_geometric_mean(x, 2, 20, 0.95, 1);
    CLOSE(shift.estimate, mean.estimate, 1e-12);
    CLOSE(log(shift.low), log(mean.low), 0.1 * log(mean.high / mean.low));
    CLOSE(log(shift.high), log(mean.high), 0.1 * log(mean.high / mean.low));
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    double contrast[2 * 10];
    fill(contrast, 20, 7);
    for (uint64_t nth = 1; nth <= 8; nth++) {
        rh_memory_fail_at(nth);
        struct rh_interval mean = rh_geometric_mean(contrast, 2, 10, 0.95, 1);
        rh_memory_fail_at(0);
        assert_int_equal(mean.count, nth <= 7 ? 0 : 10);
    }
    for (uint64_t nth = 1; nth <= 16; nth++) {
        rh_memory_fail_at(nth);
        struct rh_interval shift = rh_geometric_shift(contrast, 10, contrast, 10, 2, 0.95, 1);
        rh_memory_fail_at(0);
        assert_int_equal(shift.count, nth <= 15 ? 0 : 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_variance_example),
        cmocka_unit_test(geometric_mean_by_hand),
        cmocka_unit_test(same_data_same_interval),
        cmocka_unit_test(rounds_are_drawn_jointly),
        cmocka_unit_test(missing_values_are_left_out),
        cmocka_unit_test(nothing_and_one_round),
        cmocka_unit_test(two_runs_by_hand),
        cmocka_unit_test(a_steady_run_adds_nothing),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("stats/bootstrap", tests, NULL, NULL);
}
