/* The CPUs' time, from texts of /proc/stat. */
#include "measure/cpu_time.h"
#include "tests/unit/test.h"

enum { TICK_NS = 10000000 };

static void the_columns_are_told_apart(void **state) {
    (void)state;
    struct rh_cpu_time time;
    assert_int_equal(rh_cpu_time_parse("cpu  1 2 3 40 5 6 7 80 9 10\ncpu0 ...", NULL, &time), 0);
    assert_int_equal(time.busy_ns, (1 + 2 + 3 + 6 + 7) * (uint64_t)TICK_NS);
    assert_int_equal(time.idle_ns, 45 * (uint64_t)TICK_NS);
    assert_int_equal(time.steal_ns, 80 * (uint64_t)TICK_NS);
}

static void other_texts_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"", "cpu0 1 2 3 4 5 6 7 8", "cpu  1 2 3", "cpu x"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct rh_cpu_time time;
        struct rh_error error = {0};
        assert_int_equal(rh_cpu_time_parse(texts[i], &error, &time), RH_ERR_FORMAT);
        assert_true(error.message[0] != '\0');
    }
}

static void a_count_that_steps_back_is_no_time(void **state) {
    (void)state;
    struct rh_cpu_time before = {.busy_ns = 10, .idle_ns = 20, .steal_ns = 1};
    struct rh_cpu_time after = {.busy_ns = 15, .idle_ns = 19, .steal_ns = 4};
    struct rh_cpu_time between = rh_cpu_time_between(&before, &after);
    assert_int_equal(between.busy_ns, 5);
    assert_int_equal(between.idle_ns, 0);
    assert_int_equal(between.steal_ns, 3);
}

static void this_machine_has_one(void **state) {
    (void)state;
    struct rh_cpu_time time;
    struct rh_error error = {0};
    assert_int_equal(rh_cpu_time_read("/proc/stat", NULL, &time), 0);
    assert_true(time.busy_ns > 0);
    assert_int_equal(rh_cpu_time_read("/nonexistent", &error, &time), RH_ERR_SYSTEM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_columns_are_told_apart),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(a_count_that_steps_back_is_no_time),
        cmocka_unit_test(this_machine_has_one),
    };
    return cmocka_run_group_tests_name("measure/cpu_time", tests, NULL, NULL);
}
