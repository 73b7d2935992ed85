/* The names of ends, passes and touch policies go both ways. */
#include "result/sample.h"
#include "tests/unit/test.h"

static void names_are_in_order(void **state) {
    (void)state;
    assert_string_equal(rh_sample_end_name(RH_SAMPLE_MEASURED), "measured");
    assert_string_equal(rh_sample_end_name(RH_SAMPLE_OUT_OF_MEMORY), "out of memory");
    assert_string_equal(rh_pass_name(RH_PASS_MEMORY), "memory");
    assert_string_equal(rh_touch_name(RH_TOUCH_RECORDED), "recorded");
    assert_string_equal(rh_sample_end_names()[RH_SAMPLE_FAILED], "failed");
    assert_string_equal(rh_pass_names()[RH_PASS_THROUGHPUT], "throughput");
    assert_string_equal(rh_touch_names()[RH_TOUCH_NONE], "none");
}

static void lists_end(void **state) {
    (void)state;
    assert_null(rh_sample_end_names()[RH_SAMPLE_ENDS]);
    assert_null(rh_pass_names()[RH_PASSES]);
    assert_null(rh_touch_names()[RH_TOUCHES]);
}

static void foreign_numbers_have_a_name_too(void **state) {
    (void)state;
    assert_string_equal(rh_sample_end_name(RH_SAMPLE_ENDS), "?");
    assert_string_equal(rh_pass_name(77), "?");
    assert_string_equal(rh_touch_name((unsigned)-1), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_in_order),
        cmocka_unit_test(lists_end),
        cmocka_unit_test(foreign_numbers_have_a_name_too),
    };
    return cmocka_run_group_tests_name("result/sample", tests, NULL, NULL);
}
