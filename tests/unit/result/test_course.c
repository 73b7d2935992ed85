/* Order and pace as words, there and back. */
#include "result/course.h"

#include <string.h>

#include "tests/unit/test.h"

static void orders_survive_the_way_to_text_and_back(void **state) {
    (void)state;
    static const struct {
        const char *text, *same;
        struct rh_course course;
    } cases[] = {
        {"dependency", "dependency", {0}},
        {"recorded", "recorded", {.order = RH_ORDER_RECORDED}},
        {"one-thread", "one-thread", {.order = RH_ORDER_ONE_THREAD}},
        {"window(10ms)", "window(10ms)", {.order = RH_ORDER_WINDOW, .window_ns = 10000000}},
        {"window( 1.5 ms )", NULL, {0}},
        {"window(1.5ms)", "window(1500us)", {.order = RH_ORDER_WINDOW, .window_ns = 1500000}},
        {"window( 3s )", "window(3s)", {.order = RH_ORDER_WINDOW, .window_ns = 3000000000}},
        {"window(1000)", "window(1000)", {.order = RH_ORDER_WINDOW, .window_events = 1000}},
        {"window(0)", NULL, {0}},
        {"window()", NULL, {0}},
        {"window", NULL, {0}},
        {"window(-1ms)", NULL, {0}},
        {"window(0.1ns)", NULL, {0}},
        {"", NULL, {0}},
        {"window(99999999999999999999999999999999999999999999999999999999s)", NULL, {0}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rh_course course = {0};
        struct rh_error error = {0};
        char text[RH_COURSE_BYTES];
        int result = rh_course_parse_order(cases[i].text, &error, &course);
        assert_int_equal(result, cases[i].same != NULL ? 0 : RH_ERR_INVALID);
        if (result < 0) {
            assert_non_null(strstr(error.message, "window(10ms)"));
            continue;
        }
        assert_int_equal(course.order, cases[i].course.order);
        assert_int_equal(course.window_ns, cases[i].course.window_ns);
        assert_int_equal(course.window_events, cases[i].course.window_events);
        assert_string_equal(rh_course_order_text(&course, text), cases[i].same);
    }
}

static void paces_survive_the_way_to_text_and_back(void **state) {
    (void)state;
    static const struct {
        const char *text, *same;
    } cases[] = {
        {"fast", "fast"},
        {"paced(1)", "paced(1)"},
        {"paced(0.5)", "paced(0.5)"},
        {"paced(2, 500ms)", "paced(2, 500ms)"},
        {"paced( 2,1s )", "paced(2, 1s)"},
        {"paced(0)", NULL},
        {"paced(2,)", NULL},
        {"paced(2, 5)", NULL},
        {"paced", NULL},
        {"slow", NULL},
        {"paced(nan)", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rh_course course = {.order = RH_ORDER_RECORDED};
        struct rh_error error = {0};
        char text[RH_COURSE_BYTES];
        int result = rh_course_parse_pace(cases[i].text, &error, &course);
        assert_int_equal(result, cases[i].same != NULL ? 0 : RH_ERR_INVALID);
        assert_int_equal(course.order, RH_ORDER_RECORDED);
        if (result == 0)
            assert_string_equal(rh_course_pace_text(&course, text), cases[i].same);
        else
            assert_non_null(strstr(error.message, "paced(1)"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_survive_the_way_to_text_and_back),
        cmocka_unit_test(paces_survive_the_way_to_text_and_back),
    };
    return cmocka_run_group_tests_name("result/course", tests, NULL, NULL);
}
