/* Numbers follow their distribution, stay in their bounds, and are the same everywhere. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/test.h"
#include "trace/generators/distribution.h"
#include "trace/generators/portable_math.h"

enum { DRAWS = 200000 };

static void portable_math_agrees_with_libm(void **state) {
    (void)state;
    struct rh_random random;
    rh_random_seed(&random, 1);
    for (int i = 0; i < 100000; i++) {
        double x = exp((rh_random_unit(&random) - 0.5) * 1000);
        double wanted = log2(x);
        assert_true(fabs(rh_portable_log2(x) - wanted) <= 1e-13 * (1 + fabs(wanted)));
        double power = (rh_random_unit(&random) - 0.5) * 200;
        assert_true(fabs(rh_portable_exp2(power) / exp2(power) - 1) <= 1e-13);
    }
    assert_true(rh_portable_log2(1) == 0);
    assert_true(rh_portable_log2(0x1p62) == 62);
    assert_true(rh_portable_exp2(10) == 1024);
    assert_true(rh_portable_exp2(-5000) == rh_portable_exp2(-1000));
}

static void prepare(struct rh_distribution *distribution) {
    struct rh_error error = {0};
    if (rh_distribution_prepare(distribution, UINT64_C(1) << 48, &error) < 0)
        fail_msg("%s", error.message);
}

/* The share of the draws that are at most `value`. */
static double share_up_to(const struct rh_distribution *distribution, uint64_t value) {
    struct rh_random random;
    rh_random_seed(&random, 42);
    uint64_t hits = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint64_t drawn = rh_distribution_draw(distribution, &random);
        assert_in_range(drawn, distribution->min, distribution->max);
        hits += drawn <= value;
    }
    return (double)hits / DRAWS;
}

/* Five standard errors. */
static void check_share(const struct rh_distribution *distribution, uint64_t value, double wanted) {
    double share = share_up_to(distribution, value);
    double allowed = 5 * sqrt(wanted * (1 - wanted) / DRAWS) + 1e-9;
    if (fabs(share - wanted) > allowed)
        fail_msg("share up to %lu is %g, not %g", (unsigned long)value, share, wanted);
}

static void constants_and_ranges(void **state) {
    (void)state;
    struct rh_distribution constant = rh_distribution_constant(7);
    prepare(&constant);
    check_share(&constant, 7, 1);
    struct rh_distribution uniform = rh_distribution_uniform(8, 1007);
    prepare(&uniform);
    check_share(&uniform, 8, 0.001);
    check_share(&uniform, 507, 0.5);
    check_share(&uniform, 1007, 1);
}

/* F(x) = (a^(1-e) - (x+1)^(1-e)) / (a^(1-e) - (b+1)^(1-e)). */
static void power_laws(void **state) {
    (void)state;
    const double exponents[] = {0.5, 1, 1.5, 2, 3};
    for (size_t i = 0; i < 5; i++) {
        double e = exponents[i];
        struct rh_distribution law = {
            .kind = RH_DISTRIBUTION_POWER_LAW, .min = 4, .max = 32767, .exponent = e};
        prepare(&law);
        for (uint64_t x = 7; x < 32768; x = 4 * x + 3) {
            double wanted = e == 1 ? log((double)(x + 1) / 4) / log(32768 / 4.0)
                                   : (pow(4, 1 - e) - pow((double)(x + 1), 1 - e)) /
                                         (pow(4, 1 - e) - pow(32768, 1 - e));
            check_share(&law, x, wanted);
        }
    }
}

static void lognormals(void **state) {
    (void)state;
    struct rh_distribution normal = {
        .kind = RH_DISTRIBUTION_LOGNORMAL, .max = UINT64_C(1) << 40, .median = 1e6, .sigma = 1.5};
    prepare(&normal);
    check_share(&normal, 1000000, 0.5);
    check_share(&normal, (uint64_t)(1e6 * exp(1.5)), 0.841345);
    check_share(&normal, (uint64_t)(1e6 * exp(-3)), 0.022750);
    /* Truncated at the median: half of what is below is below the lower quartile. */
    struct rh_distribution lower = {
        .kind = RH_DISTRIBUTION_LOGNORMAL, .max = 1000000, .median = 1e6, .sigma = 1};
    prepare(&lower);
    check_share(&lower, (uint64_t)(1e6 * exp(-0.67449)), 0.5);
}

static void exponentials(void **state) {
    (void)state;
    struct rh_distribution law = {
        .kind = RH_DISTRIBUTION_EXPONENTIAL, .min = 100, .max = UINT64_C(1) << 40, .mean = 5000};
    prepare(&law);
    check_share(&law, 100 + 3465, 0.5);
    check_share(&law, 100 + 15000, 1 - exp(-3));
}

static void tables(void **state) {
    (void)state;
    struct rh_distribution table = {.kind = RH_DISTRIBUTION_TABLE, .row_count = 4};
    table.rows = rh_alloc_zeroed(4, sizeof(*table.rows));
    table.rows[0] = (struct rh_distribution_row){8, 8, 1};
    table.rows[1] = (struct rh_distribution_row){32, 63, 6};
    table.rows[2] = (struct rh_distribution_row){16, 16, 0.5};
    table.rows[3] = (struct rh_distribution_row){1000, 1000, 2.5};
    prepare(&table);
    assert_int_equal(table.min, 8);
    assert_int_equal(table.max, 1000);
    check_share(&table, 8, 0.1);
    check_share(&table, 16, 0.15);
    check_share(&table, 31, 0.15);
    check_share(&table, 47, 0.45);
    check_share(&table, 63, 0.75);
    rh_distribution_finish(&table);
}

/* Golden: a change of these changes every committed description. */
static void the_same_everywhere(void **state) {
    (void)state;
    struct rh_distribution kinds[] = {
        {.kind = RH_DISTRIBUTION_UNIFORM, .min = 8, .max = 1000},
        {.kind = RH_DISTRIBUTION_POWER_LAW, .min = 4, .max = 32768, .exponent = 2},
        {.kind = RH_DISTRIBUTION_LOGNORMAL, .max = 1 << 30, .median = 200, .sigma = 1.2},
        {.kind = RH_DISTRIBUTION_EXPONENTIAL, .max = 1 << 30, .mean = 700},
    };
    static const uint64_t wanted[4][4] = {
        {577, 289, 814, 895}, {9, 5, 21, 37}, {396, 406, 309, 385}, {596, 233, 1171, 1568}};
    for (size_t i = 0; i < 4; i++) {
        prepare(&kinds[i]);
        struct rh_random random;
        rh_random_seed(&random, 2026);
        for (size_t j = 0; j < 4; j++)
            assert_int_equal(rh_distribution_draw(&kinds[i], &random), wanted[i][j]);
    }
}

static void refuse(struct rh_distribution distribution, const char *word) {
    struct rh_error error = {0};
    assert_int_equal(rh_distribution_prepare(&distribution, 1 << 20, &error), RH_ERR_INVALID);
    if (strstr(error.message, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, word);
}

static void what_is_refused(void **state) {
    (void)state;
    refuse(rh_distribution_uniform(5, 4), "min 5 is above max 4");
    refuse(rh_distribution_constant((1 << 20) + 1), "too large");
    struct rh_distribution law = {
        .kind = RH_DISTRIBUTION_POWER_LAW, .min = 0, .max = 9, .exponent = 1};
    refuse(law, "at least 1");
    law.min = 1;
    law.exponent = 0;
    refuse(law, "exponent");
    law.exponent = NAN;
    refuse(law, "exponent");
    struct rh_distribution normal = {
        .kind = RH_DISTRIBUTION_LOGNORMAL, .max = 100, .median = 50, .sigma = 0};
    refuse(normal, "sigma");
    normal.sigma = 1;
    normal.median = 200;
    refuse(normal, "outside");
    struct rh_distribution mean = {.kind = RH_DISTRIBUTION_EXPONENTIAL, .max = 100, .mean = -1};
    refuse(mean, "mean");
    refuse((struct rh_distribution){.kind = RH_DISTRIBUTION_TABLE}, "rows");
    struct rh_distribution_row row = {3, 2, 1};
    refuse((struct rh_distribution){.kind = RH_DISTRIBUTION_TABLE, .rows = &row, .row_count = 1},
           "no range");
}

static void no_memory(void **state) {
    (void)state;
    struct rh_distribution_row rows[2] = {{1, 1, 1}, {2, 2, 3}};
    for (uint64_t nth = 1; nth <= 3; nth++) {
        struct rh_distribution table = {
            .kind = RH_DISTRIBUTION_TABLE, .rows = rows, .row_count = 2};
        rh_memory_fail_at(nth);
        assert_int_equal(rh_distribution_prepare(&table, 100, NULL), RH_ERR_MEMORY);
        rh_memory_fail_at(0);
        table.rows = NULL;
        rh_distribution_finish(&table);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(portable_math_agrees_with_libm),
        cmocka_unit_test(constants_and_ranges),
        cmocka_unit_test(power_laws),
        cmocka_unit_test(lognormals),
        cmocka_unit_test(exponentials),
        cmocka_unit_test(tables),
        cmocka_unit_test(the_same_everywhere),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("trace/distribution", tests, NULL, NULL);
}
