/* Clocks of known steps. */
#include "measure/quantum.h"
#include "tests/unit/test.h"

struct seen {
    uint32_t step, count;
};

static double quantum_of(const struct seen *seen) {
    static uint32_t counts[RH_QUANTUM_STEPS];
    for (uint32_t i = 0; i < RH_QUANTUM_STEPS; i++)
        counts[i] = 0;
    for (; seen->count > 0; seen++)
        counts[seen->step] = seen->count;
    return rh_quantum_of(counts);
}

static void scaled_steps_have_no_common_divisor(void **state) {
    (void)state;
    /* As read on a virtual machine: 10 ns at 2.449 GHz. */
    const struct seen seen[] = {{24, 690}, {25, 785}, {49, 17415}, {73, 599}, {74, 507},
                                {98, 2},   {122, 2},  {220, 1},    {0, 0}};
    assert_true(quantum_of(seen) > 24.4 && quantum_of(seen) < 24.6);
}

static void whole_steps(void **state) {
    (void)state;
    const struct seen even[] = {{36, 9000}, {38, 700}, {40, 300}, {37, 2}, {0, 0}};
    assert_float_equal(quantum_of(even), 2, 0);
    const struct seen hundred[] = {{26, 9000}, {52, 700}, {78, 300}, {0, 0}};
    assert_float_equal(quantum_of(hundred), 26, 1e-9);
    const struct seen multiples[] = {{30, 900}, {40, 9000}, {50, 700}, {70, 300}, {0, 0}};
    assert_float_equal(quantum_of(multiples), 10, 0);
}

static void a_fine_clock_moves_by_single_ticks(void **state) {
    (void)state;
    const struct seen seen[] = {{20, 700}, {21, 900}, {22, 950}, {23, 900},
                                {24, 700}, {27, 90},  {31, 80},  {0, 0}};
    assert_float_equal(quantum_of(seen), 1, 0);
    const struct seen none[] = {{0, 0}};
    assert_float_equal(quantum_of(none), 1, 0);
}

static void a_clock_that_stands_still_between_readings(void **state) {
    (void)state;
    const struct seen seen[] = {{0, 18000}, {100, 1900}, {200, 50}, {0, 0}};
    assert_float_equal(quantum_of(seen), 100, 1e-9);
}

static void the_machine_has_one(void **state) {
    (void)state;
    assert_true(rh_quantum_find(true) >= 1);
    assert_true(rh_quantum_find(false) >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scaled_steps_have_no_common_divisor),
        cmocka_unit_test(whole_steps),
        cmocka_unit_test(a_fine_clock_moves_by_single_ticks),
        cmocka_unit_test(a_clock_that_stands_still_between_readings),
        cmocka_unit_test(the_machine_has_one),
    };
    return cmocka_run_group_tests_name("measure/quantum", tests, NULL, NULL);
}
