/* Text and tables in a terminal of a given width. */
#include <string.h>

#include "base/memory.h"
#include "report/layout.h"
#include "tests/unit/test.h"

static struct rh_text text;

static int start(void **state) {
    (void)state;
    text = (struct rh_text){0};
    return 0;
}

static int stop(void **state) {
    (void)state;
    rh_text_finish(&text);
    return 0;
}

static struct rh_report_layout layout_of(size_t width) {
    return (struct rh_report_layout){.text = &text, .width = width};
}

static void words_fill_lines(void **state) {
    (void)state;
    struct rh_report_layout layout = layout_of(10);
    rh_report_layout_wrap(&layout, "one two three  four unbreakable-word x", 2);
    assert_string_equal(rh_text_get(&text), "one two\n  three\n  four\n  unbreakable-word\n  x\n");
}

static void letters_are_counted_not_bytes(void **state) {
    (void)state;
    struct rh_report_layout layout = layout_of(7);
    rh_report_layout_wrap(&layout, "\xC3\xA9\xC3\xA9\xC3\xA9 \xC3\xA9\xC3\xA9\xC3\xA9 b", 0);
    assert_string_equal(rh_text_get(&text),
                        "\xC3\xA9\xC3\xA9\xC3\xA9 \xC3\xA9\xC3\xA9\xC3\xA9\nb\n");
}

static void what_steers_a_terminal_is_taken_out(void **state) {
    (void)state;
    rh_report_layout_clean(&text, "a\x1b[31mb\nc\x7f\xC2\x9B\xC2\xA0");
    assert_string_equal(rh_text_get(&text), "a?[31mb?c??\xC2\xA0");
}

static void colour_only_when_asked(void **state) {
    (void)state;
    struct rh_report_layout layout = layout_of(40);
    rh_report_layout_wrap_toned(&layout, "bold", 0, true, RH_REPORT_BAD);
    assert_string_equal(rh_text_get(&text), "bold\n");
    rh_text_clear(&text);
    layout.colour = true;
    rh_report_layout_wrap_toned(&layout, "bold", 0, true, RH_REPORT_BAD);
    assert_string_equal(rh_text_get(&text), "\x1b[1m\x1b[31mbold\x1b[0m\n");
}

/* Three columns: a text, a number, and one that may go. */
static void make_table(struct rh_report_table *table) {
    static char cells[2][4][48] = {{"short", "1", "extra", "/a/long/path/to/lib.so"},
                                   {"a-very-long-label-indeed", "12345", "", "x"}};
    *table = (struct rh_report_table){
        .columns = {{"name", false, 0, false},
                    {"n", true, 0, false},
                    {"more", false, 3, false},
                    {"file", false, 0, true}},
        .column_count = 4,
        .verdict_column = RH_REPORT_COLUMNS,
    };
    table->rows = rh_alloc_zeroed(2, sizeof(*table->rows));
    assert_non_null(table->rows);
    table->row_count = 2;
    for (size_t r = 0; r < 2; r++)
        for (size_t c = 0; c < 4; c++)
            table->rows[r].cells[c] = rh_strdup(cells[r][c]);
}

static void wide_terminals_show_all(void **state) {
    (void)state;
    struct rh_report_layout layout = layout_of(80);
    struct rh_report_table table;
    make_table(&table);
    rh_report_layout_table(&layout, &table);
    assert_string_equal(rh_text_get(&text),
                        "name                          n  more   file\n"
                        "short                         1  extra  /a/long/path/to/lib.so\n"
                        "a-very-long-label-indeed  12345         x\n");
    rh_report_table_finish(&table);
}

static void narrow_ones_leave_out_and_cut(void **state) {
    (void)state;
    struct rh_report_layout layout = layout_of(30);
    struct rh_report_table table;
    make_table(&table);
    rh_report_layout_table(&layout, &table);
    assert_string_equal(rh_text_get(&text), "name            n file\n"
                                            "short           1 ~h/to/lib.so\n"
                                            "a-very-lon~ 12345 x\n");
    rh_report_table_finish(&table);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(words_fill_lines),        TEST(letters_are_counted_not_bytes),
        TEST(colour_only_when_asked),  TEST(what_steers_a_terminal_is_taken_out),
        TEST(wide_terminals_show_all), TEST(narrow_ones_leave_out_and_cut),
    };
#undef TEST
    return cmocka_run_group_tests_name("report/layout", tests, NULL, NULL);
}
