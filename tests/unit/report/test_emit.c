/* JSON that cannot leave its script element. */
#include <math.h>
#include <string.h>

#include "report/emit.h"
#include "tests/unit/test.h"

static struct rh_text text;
static struct rh_report_emitter out;

static int start(void **state) {
    (void)state;
    text = (struct rh_text){0};
    out = (struct rh_report_emitter){.text = &text};
    return 0;
}

static int stop(void **state) {
    (void)state;
    rh_text_finish(&text);
    return 0;
}

static void structures_nest(void **state) {
    (void)state;
    rh_report_open(&out, NULL, '{');
    rh_report_emit_count(&out, "a", UINT64_MAX);
    rh_report_open(&out, "b", '[');
    rh_report_emit_number(&out, NULL, 0.1);
    rh_report_emit_number(&out, NULL, NAN);
    rh_report_emit_number(&out, NULL, INFINITY);
    rh_report_open(&out, NULL, '{');
    rh_report_close(&out, '}');
    rh_report_close(&out, ']');
    rh_report_emit_bool(&out, "c", false);
    rh_report_emit_figure(&out, "d", UINT64_MAX);
    rh_report_emit_list(&out, "e", NULL);
    rh_report_close(&out, '}');
    assert_string_equal(rh_text_get(&text),
                        "{\"a\":18446744073709551615,\"b\":[0.1,null,null,{}],\"c\":false,"
                        "\"d\":null,\"e\":[]}");
}

static void strings_cannot_end_a_script(void **state) {
    (void)state;
    rh_report_emit_text(&out, NULL, "</script><!--\"\\\n\x01\x7f&\xE2\x80\xA8\xE2\x80\xA9\xC3\xA9");
    assert_string_equal(rh_text_get(&text),
                        "\"\\u003c/script\\u003e\\u003c!--\\\"\\\\\\u000a\\u0001\\u007f\\u0026"
                        "\\u2028\\u2029\xC3\xA9\"");
}

static void keys_are_escaped_too(void **state) {
    (void)state;
    rh_report_emit_text(&out, "<b>", NULL);
    assert_string_equal(rh_text_get(&text), "\"\\u003cb\\u003e\":null");
}

static void intervals_have_all_their_parts(void **state) {
    (void)state;
    struct rh_interval interval = {
        .estimate = 0.5, .low = 0.25, .high = 1, .level = 0.96875, .count = 6, .exact = true};
    rh_report_emit_interval(&out, "x", &interval);
    assert_string_equal(rh_text_get(&text),
                        "\"x\":{\"estimate\":0.5,\"low\":0.25,\"high\":1,\"level\":0.96875,"
                        "\"pairs\":6,\"exact\":true}");
    interval.count = 0;
    rh_report_emit_interval(&out, "y", &interval);
    assert_non_null(strstr(rh_text_get(&text), ",\"y\":null"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(structures_nest),
        TEST(strings_cannot_end_a_script),
        TEST(keys_are_escaped_too),
        TEST(intervals_have_all_their_parts),
    };
#undef TEST
    return cmocka_run_group_tests_name("report/emit", tests, NULL, NULL);
}
