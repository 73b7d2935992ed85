/* Figures for people. */
#include <math.h>

#include "report/format.h"
#include "tests/unit/test.h"

static char buffer[RH_REPORT_FIGURE_BYTES];

static void figures_have_three_digits(void **state) {
    (void)state;
    assert_string_equal(rh_report_figure_text(buffer, 1.2345), "1.23");
    assert_string_equal(rh_report_figure_text(buffer, 9.996), "10.0");
    assert_string_equal(rh_report_figure_text(buffer, 12.34), "12.3");
    assert_string_equal(rh_report_figure_text(buffer, 123.4), "123");
    assert_string_equal(rh_report_figure_text(buffer, 0.016), "0.02");
    assert_string_equal(rh_report_figure_text(buffer, NAN), "-");
}

static void ratios_have_three_decimals(void **state) {
    (void)state;
    assert_string_equal(rh_report_ratio(buffer, 0.51949), "0.519");
    assert_string_equal(rh_report_ratio(buffer, 1), "1.000");
    assert_string_equal(rh_report_ratio(buffer, 12.345), "12.3");
    assert_string_equal(rh_report_ratio(buffer, 1234.5), "1234");
    assert_string_equal(rh_report_ratio(buffer, NAN), "-");
}

static void ranges_are_brackets(void **state) {
    (void)state;
    struct rh_interval interval = {.estimate = 1, .low = 0.51, .high = 10.25, .count = 3};
    assert_string_equal(rh_report_range(buffer, &interval), "[0.510, 10.2]");
    assert_string_equal(rh_report_short_range(buffer, &interval), "[0.51, 10.2]");
    interval.low = 1.9171;
    assert_string_equal(rh_report_short_range(buffer, &interval), "[1.92, 10.2]");
    interval.count = 0;
    assert_string_equal(rh_report_range(buffer, &interval), "-");
}

static void percents_lose_their_decimal(void **state) {
    (void)state;
    assert_string_equal(rh_report_percent(buffer, 0.0314), "3.1 %");
    assert_string_equal(rh_report_percent(buffer, 0.0996), "10 %");
    assert_string_equal(rh_report_percent(buffer, -0.034), "-3.4 %");
    assert_string_equal(rh_report_percent(buffer, 1.5), "150 %");
    assert_string_equal(rh_report_percent(buffer, NAN), "-");
}

static void nobody_knows_is_a_dash(void **state) {
    (void)state;
    assert_string_equal(rh_report_bytes(buffer, NAN), "-");
    assert_string_equal(rh_report_bytes(buffer, 1536), "1.50 KiB");
    assert_string_equal(rh_report_count(buffer, NAN), "-");
    assert_string_equal(rh_report_count(buffer, 650000), "650 k");
}

static void lists_end_with_and(void **state) {
    (void)state;
    struct rh_text text = {0};
    for (size_t i = 0; i < 3; i++) {
        rh_report_separate(&text, i, 3);
        rh_text_addf(&text, "%zu", i);
    }
    assert_string_equal(rh_text_get(&text), "0, 1 and 2");
    rh_text_finish(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_have_three_digits), cmocka_unit_test(ratios_have_three_decimals),
        cmocka_unit_test(ranges_are_brackets),       cmocka_unit_test(percents_lose_their_decimal),
        cmocka_unit_test(nobody_knows_is_a_dash),    cmocka_unit_test(lists_end_with_and),
    };
    return cmocka_run_group_tests_name("report/format", tests, NULL, NULL);
}
