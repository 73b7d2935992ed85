/* A/A control, autocorrelation, smallest detectable effect. */
#include <math.h>

#include "base/random.h"
#include "stats/distribution.h"
#include "stats/stats.h"
#include "tests/unit/test.h"

#define CLOSE(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

static void autocorrelation_by_hand(void **state) {
    (void)state;
    /* Distances -2 -1 0 1 2: products 2 + 0 + 0 + 2, squares 10. */
    CLOSE(rh_autocorrelation((double[]){1, 2, 3, 4, 5}, 5), 0.4, 1e-12);
    CLOSE(rh_autocorrelation((double[]){1, -1, 1, -1}, 4), -0.75, 1e-12);
    assert_true(isnan(rh_autocorrelation((double[]){3, 3, 3, 3}, 4)));
    assert_true(isnan(rh_autocorrelation((double[]){1, 2}, 2)));
    /* A gap breaks both of its pairs: -2*-1 and nothing more. */
    CLOSE(rh_autocorrelation((double[]){1, 2, NAN, 4, 5}, 5), 0.4, 1e-12);
}

static void clean_control_is_trusted(void **state) {
    (void)state;
    double contrast[2 * 10];
    for (int i = 0; i < 20; i++)
        contrast[i] = i % 2 == 0 ? 0.004 : -0.004;
    struct rh_control control = rh_control_of(contrast, 2, 10, 0.95);
    assert_int_equal(control.cells, 2);
    assert_int_equal(control.resolved, 0);
    assert_int_equal(control.off, 0);
    assert_true(control.trusted);
    CLOSE(control.worst_ratio, 1, 1e-12);
    CLOSE(control.noise_floor, expm1(1.4826022185 * 0.004), 1e-9);
    CLOSE(control.autocorrelation, -0.9, 1e-12);
}

static void a_shift_is_seen(void **state) {
    (void)state;
    double contrast[3 * 10];
    for (int i = 0; i < 30; i++)
        contrast[i] = (i % 2 == 0 ? 0.001 : -0.001) + (i >= 20 ? 0.005 : 0);
    struct rh_control control = rh_control_of(contrast, 3, 10, 0.95);
    assert_int_equal(control.cells, 3);
    assert_int_equal(control.resolved, 1);
    assert_int_equal(control.off, 0);
    assert_false(control.trusted);
    CLOSE(control.worst_ratio, exp(0.005), 1e-12);
}

static void wide_but_unresolved_is_off(void **state) {
    (void)state;
    double contrast[10];
    for (int i = 0; i < 10; i++)
        contrast[i] = i < 4 ? -0.1 : 0.05;
    struct rh_control control = rh_control_of(contrast, 1, 10, 0.95);
    assert_int_equal(control.resolved, 0);
    assert_int_equal(control.off, 1);
    assert_false(control.trusted);
}

static void no_control_is_not_trusted(void **state) {
    (void)state;
    struct rh_control control = rh_control_of((double[]){NAN, NAN}, 1, 2, 0.95);
    assert_int_equal(control.cells, 0);
    assert_false(control.trusted);
    assert_true(isnan(control.worst_ratio) && isnan(control.noise_floor));
}

static void detectable_effect_shrinks_with_rounds(void **state) {
    (void)state;
    double quick = rh_detectable_effect(0.01, 10, 0.95, 7, 0.8);
    double standard = rh_detectable_effect(0.01, 20, 0.95, 7, 0.8);
    double rigorous = rh_detectable_effect(0.01, 40, 0.95, 7, 0.8);
    assert_true(quick > standard && standard > rigorous && rigorous > 0);
    assert_true(isinf(rh_detectable_effect(0.01, 5, 0.95, 1, 0.8)));
    CLOSE(rh_detectable_effect(0, 20, 0.95, 1, 0.8), 0, 1e-15);
}

static double normal(struct rh_random *random) {
    return rh_normal_quantile(rh_random_unit(random));
}

/* What the function promises, by simulation: 80 % of runs with that effect resolve it. */
static void detectable_effect_is_detected(void **state) {
    (void)state;
    enum { ROUNDS = 20, RUNS = 1500 };
    double effect = rh_detectable_effect(0.01, ROUNDS, 0.95, 4, 0.8);
    struct rh_random random;
    rh_random_seed(&random, 11);
    int found = 0;
    for (int run = 0; run < RUNS; run++) {
        double x[ROUNDS];
        double base[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            base[i] = 100;
            x[i] = 100 * (1 + effect) * exp(0.01 * normal(&random));
        }
        struct rh_interval ratio = rh_paired_ratio(x, base, ROUNDS, 0.95, 4);
        found += rh_verdict_of(&ratio) == RH_VERDICT_HIGHER;
    }
    CLOSE((double)found / RUNS, 0.8, 0.04);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(autocorrelation_by_hand),
        cmocka_unit_test(clean_control_is_trusted),
        cmocka_unit_test(a_shift_is_seen),
        cmocka_unit_test(wide_but_unresolved_is_off),
        cmocka_unit_test(no_control_is_not_trusted),
        cmocka_unit_test(detectable_effect_shrinks_with_rounds),
        cmocka_unit_test(detectable_effect_is_detected),
    };
    return cmocka_run_group_tests_name("stats/control", tests, NULL, NULL);
}
