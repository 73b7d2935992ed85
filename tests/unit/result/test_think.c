/* The model of thinking as words, there and back. */
#include "result/think.h"

#include <string.h>

#include "tests/unit/test.h"

static void models_survive_the_way_to_text_and_back(void **state) {
    (void)state;
    static const struct {
        const char *text, *same;
    } cases[] = {
        {"off", "off"},
        {"8", "8,uniform=30,walk=4,recent=64,writes=20"},
        {"0.125,recent=1", "0.125,uniform=30,walk=4,recent=1,writes=20"},
        {"2.5,uniform=0,walk=1,recent=4096,writes=100",
         "2.5,uniform=0,walk=1,recent=4096,writes=100"},
        {"auto", "auto,uniform=30,walk=4,recent=64,writes=20"},
        {"auto,walk=2", "auto,uniform=30,walk=2,recent=64,writes=20"},
        {"1000000,writes=0,uniform=100", "1000000,uniform=100,walk=4,recent=64,writes=0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rh_think_model model = {0}, again = {0};
        struct rh_error error = {0};
        char text[RH_THINK_BYTES];
        assert_int_equal(rh_think_parse(cases[i].text, &error, &model), 0);
        assert_string_equal(rh_think_text(&model, text), cases[i].same);
        assert_int_equal(rh_think_parse(text, &error, &again), 0);
        assert_string_equal(rh_think_text(&again, text), cases[i].same);
        assert_int_equal(again.lines_per_ms, model.lines_per_ms);
    }
}

static void what_is_no_model_is_refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "on",
        "automatic",
        "auto,8",
        "0",
        "-1",
        "nan",
        "inf",
        "1e7",
        "8,",
        "8,uniform",
        "8,uniform=",
        "8,uniform=101",
        "8,uniform=-1",
        "8,walk=0",
        "8,walk=4097",
        "8,recent=0",
        "8,recent=4097",
        "8,writes=1e1",
        "8,reads=3",
        "8, uniform=3",
        "uniform=3",
        "8,uniform=30,uniform=30,uniform=30,uniform=30,uniform=30,uniform=30,uniform=30,uniform=30,"
        "recent=1",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rh_think_model model = {.recent = 7};
        struct rh_error error = {0};
        assert_int_equal(rh_think_parse(cases[i], &error, &model), RH_ERR_INVALID);
        assert_non_null(strstr(error.message, "8,uniform=30"));
        assert_int_equal(model.recent, 7);
    }
}

static void what_was_found_is_said(void **state) {
    (void)state;
    char glibc[] = "glibc", text[RH_THINK_FOUND_BYTES];
    struct rh_think_found found = {.allocator = glibc,
                                   .program_ns = 1230000000,
                                   .plain_ns = 456000000,
                                   .thinking_ns = 1220000000,
                                   .lines_per_ms = 4700};
    assert_string_equal(rh_think_found_text(&found, text),
                        "4.7 lines/us: the program took 1.23 s of CPU time, and a replay under "
                        "glibc takes 1.22 s so (plain 456 ms)");
    found.lines_per_ms = RH_THINK_LINES_PER_MS_MOST;
    assert_non_null(strstr(rh_think_found_text(&found, text), "; more lines are never used"));
    found.lines_per_ms = 0;
    assert_string_equal(rh_think_found_text(&found, text),
                        "not at all: the program took 1.23 s of CPU time, and a plain replay under "
                        "glibc takes 456 ms");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_survive_the_way_to_text_and_back),
        cmocka_unit_test(what_is_no_model_is_refused),
        cmocka_unit_test(what_was_found_is_said),
    };
    return cmocka_run_group_tests_name("result/think", tests, NULL, NULL);
}
