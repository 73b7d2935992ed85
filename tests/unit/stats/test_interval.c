/* Order-statistic intervals, paired ratios, verdicts, and the distributions beneath. */
#include <math.h>

#include "stats/distribution.h"
#include "stats/stats.h"
#include "tests/unit/test.h"

#define CLOSE(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

static void normal_as_in_tables(void **state) {
    (void)state;
    CLOSE(rh_normal_cdf(1.96), 0.9750021048517795, 1e-14);
    CLOSE(rh_normal_quantile(0.975), 1.959963984540054, 1e-12);
    CLOSE(rh_normal_quantile(0.5), 0, 1e-12);
    CLOSE(rh_normal_quantile(1e-10), -6.361340902404056, 1e-9);
    assert_true(rh_normal_quantile(0) == -INFINITY && rh_normal_quantile(1) == INFINITY);
}

static void student_as_in_tables(void **state) {
    (void)state;
    CLOSE(rh_student_quantile(0.975, 1), 12.706204736, 1e-7);
    CLOSE(rh_student_quantile(0.975, 2), 4.302652730, 1e-8);
    CLOSE(rh_student_quantile(0.975, 9), 2.262157163, 1e-8);
    CLOSE(rh_student_quantile(0.995, 20), 2.845339710, 1e-8);
    CLOSE(rh_student_quantile(0.975, 10000), 1.960201264, 1e-6);
    CLOSE(rh_student_cdf(-12.706204736, 1), 0.025, 1e-9);
    CLOSE(rh_student_quantile(0.5, 5), 0, 1e-12);
}

static void binomial_as_in_tables(void **state) {
    (void)state;
    CLOSE(rh_binomial_cdf(10, 1, 0.5), 11.0 / 1024, 1e-14);
    CLOSE(rh_binomial_cdf(20, 5, 0.5), 0.020694732666015625, 1e-13);
    CLOSE(rh_binomial_cdf(5, 2, 0.25), 0.896484375, 1e-13);
    CLOSE(rh_binomial_cdf(3000, 1499, 0.5), 0.4927, 1e-4);
    assert_true(rh_binomial_cdf(7, 7, 0.9) == 1);
    assert_true(rh_binomial_cdf(7, 0, 0) == 1 && rh_binomial_cdf(7, 6, 1) == 0);
}

/* Counts by hand, and critical values of published tables (two-sided 5 %: Mann and Whitney 1947;
 * Hollander and Wolfe 1999, table A.6). */
static void rank_sum_as_in_tables(void **state) {
    (void)state;
    CLOSE(rh_rank_sum_cdf(1, 1, 0), 0.5, 1e-14);
    CLOSE(rh_rank_sum_cdf(2, 2, 0), 1.0 / 6, 1e-14);
    CLOSE(rh_rank_sum_cdf(2, 2, 2), 4.0 / 6, 1e-14);
    CLOSE(rh_rank_sum_cdf(3, 2, 1), 2.0 / 10, 1e-14);
    CLOSE(rh_rank_sum_cdf(3, 3, 9), 1, 0);
    const struct {
        size_t n, m, critical; /* largest U with two-sided probability <= 5 % */
    } table[] = {{4, 4, 0}, {5, 5, 2}, {8, 8, 13}, {10, 10, 23}, {10, 20, 55}, {20, 20, 127}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_true(rh_rank_sum_cdf(table[i].n, table[i].m, table[i].critical) <= 0.025);
        assert_true(rh_rank_sum_cdf(table[i].n, table[i].m, table[i].critical + 1) > 0.025);
    }
    /* Where the exact count ends the normal one goes on. */
    CLOSE(rh_rank_sum_cdf(64, 64, 1700), rh_rank_sum_cdf(64, 65, 1727), 0.003);
}

/* Hollander and Wolfe 1999, example 4.3: permeability of human chorioamnion at term and before;
 * the shift is 0.305, the 96 % interval -0.15 to 0.76. */
static void published_shift_example(void **state) {
    (void)state;
    const double term[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    const double before[] = {1.15, 0.88, 0.90, 0.74, 1.21};
    struct rh_interval shift = rh_shift_ratio(term, 10, before, 5, 0.95, 1);
    CLOSE(log(shift.estimate), 0.305, 1e-9);
    CLOSE(log(shift.low), -0.15, 1e-9);
    CLOSE(log(shift.high), 0.76, 1e-9);
    CLOSE(shift.level, 0.96, 0.001);
    assert_int_equal(shift.count, 5);
}

static void shift_leaves_out_what_is_missing(void **state) {
    (void)state;
    const double x[] = {log(2), NAN, log(2), log(2), log(2), NAN};
    const double y[] = {log(4), log(4), NAN, log(4), log(4)};
    struct rh_interval shift = rh_shift_ratio(x, 6, y, 5, 0.9, 1);
    assert_true(shift.count == 4 && shift.exact);
    CLOSE(shift.low, 0.5, 1e-12);
    CLOSE(shift.high, 0.5, 1e-12);
    shift = rh_shift_ratio(x, 1, y, 1, 0.95, 1);
    assert_true(!shift.exact && shift.level == 0);
    shift = rh_shift_ratio(x + 1, 1, y, 5, 0.95, 1);
    assert_true(shift.count == 0 && isnan(shift.estimate));
}

/* The ranks of the published tables of the sign-test interval at 95 % (Gibbons and Chakraborti,
 * Nonparametric Statistical Inference, table G; Conover 1999, table A3). */
static void ranks_as_published(void **state) {
    (void)state;
    const struct {
        size_t count, rank;
    } table[] = {{5, 0},  {6, 1},  {8, 1},  {9, 2},   {10, 2},  {12, 3},
                 {15, 4}, {20, 6}, {25, 8}, {30, 10}, {40, 14}, {50, 18}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(rh_interval_rank(table[i].count, 0.95), table[i].rank);
}

/* Darwin's differences of crossed and self-fertilised maize (Fisher, The Design of Experiments,
 * 1935): n = 15, the 4th and the 12th value, coverage 96.48 %. */
static void darwins_maize(void **state) {
    (void)state;
    const double maize[] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
    struct rh_interval interval = rh_median_interval(maize, 15, 0.95);
    assert_true(interval.estimate == 24 && interval.low == 8 && interval.high == 49);
    CLOSE(interval.level, 0.96484375, 1e-12);
    assert_int_equal(interval.count, 15);
    assert_true(interval.exact);
}

static void too_few_pairs_are_not_exact(void **state) {
    (void)state;
    struct rh_interval interval = rh_median_interval((double[]){3, 1, 2}, 3, 0.95);
    assert_false(interval.exact);
    assert_true(interval.low == 1 && interval.high == 3);
    CLOSE(interval.level, 0.75, 1e-12);

    interval = rh_median_interval((double[]){3}, 1, 0.95);
    assert_true(interval.low == 3 && interval.high == 3 && interval.level == 0);
    interval = rh_median_interval(NULL, 0, 0.95);
    assert_true(isnan(interval.estimate) && interval.count == 0);
}

static void paired_ratio_by_hand(void **state) {
    (void)state;
    const double x[] = {2, 4, 8, 3, NAN, 6, 10};
    const double base[] = {1, 1, 1, 1, 1, 1, 0};
    struct rh_interval ratio = rh_paired_ratio(x, base, 7, 0.9, 1);
    assert_int_equal(ratio.count, 5);
    assert_true(ratio.exact);
    CLOSE(ratio.estimate, 4, 1e-12);
    CLOSE(ratio.low, 2, 1e-12);
    CLOSE(ratio.high, 8, 1e-12);
    CLOSE(ratio.level, 1 - 2.0 / 32, 1e-12);
}

/* exp of the median of logarithms: of an even number the geometric middle, so that swapping the
 * sides inverts the ratio exactly. */
static void swapping_sides_inverts(void **state) {
    (void)state;
    const double x[] = {2, 9, 5, 7, 3, 8, 4, 6};
    const double base[] = {3, 3, 4, 2, 5, 5, 6, 6};
    struct rh_interval there = rh_paired_ratio(x, base, 8, 0.95, 1);
    struct rh_interval back = rh_paired_ratio(base, x, 8, 0.95, 1);
    CLOSE(there.estimate * back.estimate, 1, 1e-12);
    CLOSE(there.low * back.high, 1, 1e-12);
}

static void bonferroni_widens(void **state) {
    (void)state;
    double x[20];
    double base[20];
    for (int i = 0; i < 20; i++) {
        x[i] = 100 + i;
        base[i] = 100;
    }
    struct rh_interval one = rh_paired_ratio(x, base, 20, 0.95, 1);
    struct rh_interval eight = rh_paired_ratio(x, base, 20, 0.95, 8);
    CLOSE(rh_bonferroni(0.95, 8), 0.99375, 1e-12);
    CLOSE(one.low, 1.05, 1e-12);
    CLOSE(eight.low, 1.03, 1e-12);
    assert_true(eight.level >= 0.99375 && eight.estimate == one.estimate);
}

static struct rh_interval between(double low, double high) {
    return (struct rh_interval){
        .estimate = (low + high) / 2, .low = low, .high = high, .count = 20, .exact = true};
}

static void verdicts(void **state) {
    (void)state;
    const struct {
        double low, high;
        enum rh_verdict verdict;
    } table[] = {
        {0.5, 0.9, RH_VERDICT_LOWER},        {1.1, 1.2, RH_VERDICT_HIGHER},
        {0.985, 0.995, RH_VERDICT_LOWER},    {1.001, 1.002, RH_VERDICT_HIGHER},
        {0.985, 1.015, RH_VERDICT_EQUAL},    {1, 1, RH_VERDICT_EQUAL},
        {0.97, 1.01, RH_VERDICT_UNRESOLVED}, {0.99, 1.03, RH_VERDICT_UNRESOLVED},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rh_interval ratio = between(table[i].low, table[i].high);
        assert_int_equal(rh_verdict_of(&ratio), table[i].verdict);
    }
    struct rh_interval weak = between(0.5, 0.6);
    weak.exact = false;
    assert_int_equal(rh_verdict_of(&weak), RH_VERDICT_UNRESOLVED);
    struct rh_interval none = {.estimate = NAN, .low = NAN, .high = NAN};
    assert_int_equal(rh_verdict_of(&none), RH_VERDICT_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_as_in_tables),
        cmocka_unit_test(student_as_in_tables),
        cmocka_unit_test(binomial_as_in_tables),
        cmocka_unit_test(rank_sum_as_in_tables),
        cmocka_unit_test(published_shift_example),
        cmocka_unit_test(shift_leaves_out_what_is_missing),
        cmocka_unit_test(ranks_as_published),
        cmocka_unit_test(darwins_maize),
        cmocka_unit_test(too_few_pairs_are_not_exact),
        cmocka_unit_test(paired_ratio_by_hand),
        cmocka_unit_test(swapping_sides_inverts),
        cmocka_unit_test(bonferroni_widens),
        cmocka_unit_test(verdicts),
    };
    return cmocka_run_group_tests_name("stats/interval", tests, NULL, NULL);
}
