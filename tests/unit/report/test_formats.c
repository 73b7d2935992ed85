/* Every format on every kind of result: lines fit, fields count, strings cannot break out. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "report/report.h"
#include "tests/unit/report/tiny.h"
#include "tests/unit/result/fake.h"
#include "tests/unit/test.h"

static const char evil[] = "</script><img src=x onerror=alert(1)>|*_`\"',;=\x1b[2J [a](b)";

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

static const char *report_of(const struct rh_result *result, enum rh_report_format format) {
    struct rh_report_options options = {.format = format};
    struct rh_error error = {0};
    rh_text_clear(&text);
    if (rh_report(result, &options, &error, &text) != 0)
        fail_msg("%s", error.message);
    return rh_text_get(&text);
}

static struct rh_result *load_fake(const struct fake_options *options) {
    char directory[128];
    struct rh_result *result = NULL;
    struct rh_error error = {0};
    fake_directory(directory, sizeof(directory));
    if (fake_write(directory, options, &error) != 0 ||
        rh_result_load(directory, &error, &result) != 0)
        fail_msg("%s", error.message);
    fake_remove(directory);
    return result;
}

/* Kinds of results that a report must survive. */
static const struct fake_options kinds[] = {
    {.traces = 2},
    {.traces = 1, .allocators = 1},
    {.no_samples = true},
    {.no_floors = true, .allocators = 2, .traces = 1},
    {.interrupted = true, .rounds = 6},
    {.failures = true, .unsteady = true, .slow_floor = true, .synthetic = true, .rounds = 8},
    {.all_synthetic = true, .rounds = 2},
    {.odd_name = evil, .traces = 2},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void formats_have_names(void **state) {
    (void)state;
    enum rh_report_format format = RH_REPORT_TERM;
    assert_int_equal(rh_report_format_parse("csv", NULL, &format), 0);
    assert_int_equal(format, RH_REPORT_CSV);
    struct rh_error error = {0};
    assert_int_equal(rh_report_format_parse("htm", &error, &format), RH_ERR_INVALID);
    assert_string_equal(error.message, "no format \"htm\": did you mean \"html\"?");
    error = (struct rh_error){0};
    assert_int_equal(rh_report_format_parse("pdf", &error, &format), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "there are term, html, md, csv and json"));
    assert_int_equal(format, RH_REPORT_CSV);
    assert_null(rh_report_format_names()[RH_REPORT_FORMATS]);
}

static void levels_are_checked(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 1, 1);
    struct rh_report_options options = {.level = 1.5};
    struct rh_error error = {0};
    assert_int_equal(rh_report(result, &options, &error, &text), RH_ERR_INVALID);
    assert_int_equal(text.length, 0);
    rh_result_destroy(result);
}

/* Columns of a line, with one a code point; commands are never broken, and long words cannot be. */
static void assert_lines_fit(const char *report, size_t width) {
    for (const char *line = report; *line != '\0';) {
        size_t columns = 0;
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        for (const char *next = line; next < end; next++)
            columns += ((unsigned char)*next & 0xC0) != 0x80;
        bool command = strncmp(line, "again: ", 7) == 0 || strncmp(line, "as a page: ", 11) == 0;
        if (columns > width && !command)
            fail_msg("%zu columns: %.*s", columns, (int)(end - line), line);
        assert_true(end == line || end[-1] != ' ');
        line = end + 1;
    }
}

static void terminals_of_80_columns_hold_every_line(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rh_result *result = load_fake(&kinds[i]);
        assert_lines_fit(report_of(result, RH_REPORT_TERM), 80);
        struct rh_report_options wide = {.columns = 160};
        rh_text_clear(&text);
        assert_int_equal(rh_report(result, &wide, NULL, &text), 0);
        assert_lines_fit(rh_text_get(&text), 160);
        rh_result_destroy(result);
    }
}

static void terminals_get_no_escapes_unless_asked(void **state) {
    (void)state;
    struct rh_result *result = load_fake(&kinds[7]);
    assert_null(strchr(report_of(result, RH_REPORT_TERM), '\x1b'));
    struct rh_report_options coloured = {.colour = true};
    rh_text_clear(&text);
    assert_int_equal(rh_report(result, &coloured, NULL, &text), 0);
    assert_non_null(strstr(rh_text_get(&text), "\x1b[32mfaster"));
    assert_null(strstr(rh_text_get(&text), "\x1b[2J"));
    rh_result_destroy(result);
}

static void a_small_report_from_its_top(void **state) {
    (void)state;
    static const double factors[] = {0.5, 0.02};
    struct rh_result *result = tiny_create(3, 1, 6);
    tiny_make_floor(result, 2, "null");
    tiny_fill(result, factors);
    tiny_memory(result, 0, 0, 1, 1 << 20, 3 << 20);
    tiny_memory(result, 0, 1, 1, 1 << 20, 2 << 20);
    tiny_memory(result, 0, 2, 1, 1 << 20, 1 << 20);
    result->manifest.traces[0].peak_live_bytes = 1 << 20;
    const char *report = report_of(result, RH_REPORT_TERM);
    const char *expected =
        "On this trace a1 is 2.00x as fast as a0 [2.00, 2.00] and needs 50 % less memory.\n"
        "\n"
        "t0: 1.00 k operations on 1 thread, up to 1.00 MiB live (recorded)\n"
        "allocator  ns/op   x a0  95 % interval   verdict   peak mem   R/L  faults  x mem\n"
        "a1          50.0  0.500  [0.499, 0.500]  faster    1.00 MiB  1.00       0  0.500\n"
        "a0           100      1  -               baseline  2.00 MiB  2.00       0      -\n"
        "a0 A/A       100  0.999  [0.996, 1.003]  equal\n"
        "null        2.00      -  -               floor     1.00 MiB     -       0      -\n";
    if (strncmp(report, expected, strlen(expected)) != 0)
        fail_msg("got\n%s", report);
    rh_result_destroy(result);
}

static void what_was_found_for_thinking(void **state) {
    (void)state;
    static const double factors[] = {0.5};
    struct rh_result *result = tiny_create(2, 1, 6);
    tiny_fill(result, factors);
    struct rh_think_found *found = &result->manifest.traces[0].think;
    *found = (struct rh_think_found){.allocator = rh_strdup("glibc"),
                                     .program_ns = 2000000000,
                                     .plain_ns = 1000000000,
                                     .thinking_ns = 1900000000,
                                     .lines_per_ms = 2500};
    assert_non_null(strstr(report_of(result, RH_REPORT_MD),
                           "(recorded); thinks 2.5 lines/us: the program took 2.00 s"));
    assert_non_null(strstr(report_of(result, RH_REPORT_JSON), "\"thinking_ns\":1900000000"));
    found->plain_ns = 0; /* not yet */
    assert_null(strstr(report_of(result, RH_REPORT_MD), "thinks"));
    rh_result_destroy(result);
}

static void markdown_is_not_html(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rh_result *result = load_fake(&kinds[i]);
        const char *report = report_of(result, RH_REPORT_MD);
        assert_null(strstr(report, "<img"));
        assert_null(strstr(report, "<script"));
        assert_null(strchr(report, '\x1b'));
        assert_null(strstr(report, "[a](b)"));
        rh_result_destroy(result);
    }
}

/* Bars that are not escaped separate cells: each line of a table has as many as its head. */
static void markdown_tables_are_even(void **state) {
    (void)state;
    struct rh_result *result = load_fake(&kinds[7]);
    size_t bars = 0;
    for (const char *line = report_of(result, RH_REPORT_MD); *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t count = 0;
        for (const char *next = line; next < end; next++)
            count += *next == '|' && (next == line || next[-1] != '\\');
        if (*line == '|') {
            assert_true(bars == 0 || bars == count);
            bars = count;
        } else {
            bars = 0;
        }
        line = end + 1;
    }
    rh_result_destroy(result);
}

/* Fields of one CSV line, quotes heeded; *line moves behind its newline. */
static size_t count_fields(const char **line) {
    size_t fields = 1;
    bool quoted = false;
    const char *next = *line;
    for (; *next != '\0' && (quoted || *next != '\n'); next++) {
        quoted ^= *next == '"';
        fields += !quoted && *next == ',';
    }
    *line = *next == '\n' ? next + 1 : next;
    return fields;
}

static void csv_lines_have_the_same_fields(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rh_result *result = load_fake(&kinds[i]);
        const char *line = report_of(result, RH_REPORT_CSV);
        size_t expected = count_fields(&line);
        assert_int_equal(expected, 39);
        while (*line != '\0')
            assert_int_equal(count_fields(&line), expected);
        rh_result_destroy(result);
    }
}

static void csv_quotes_what_needs_it(void **state) {
    (void)state;
    struct rh_result *result = load_fake(&kinds[7]);
    assert_non_null(strstr(report_of(result, RH_REPORT_CSV), ",\"</script>"));
    assert_non_null(strstr(rh_text_get(&text), "`\"\"',;=\x1b[2J [a](b)\","));
    rh_result_destroy(result);
}

static json_t *json_of(const struct rh_result *result) {
    json_error_t error;
    json_t *root = json_loads(report_of(result, RH_REPORT_JSON), 0, &error);
    if (root == NULL)
        fail_msg("%s", error.text);
    return root;
}

static void json_is_json(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rh_result *result = load_fake(&kinds[i]);
        json_t *root = json_of(result);
        assert_null(strchr(rh_text_get(&text), '<'));
        assert_string_equal(json_string_value(json_object_get(root, "format")), "reheap-report");
        assert_int_equal(json_array_size(json_object_get(root, "traces")),
                         result->manifest.trace_count);
        json_decref(root);
        rh_result_destroy(result);
    }
}

static void json_has_the_figures(void **state) {
    (void)state;
    static const double factors[] = {0.5};
    struct rh_result *result = tiny_create(2, 1, 8);
    for (unsigned r = 1; r <= 8; r++) {
        tiny_time(result, 0, 0, r, 100);
        tiny_time(result, 0, 1, r, 100 * factors[0]);
    }
    json_t *root = json_of(result);
    json_t *trace = json_array_get(json_object_get(root, "traces"), 0);
    json_t *cell = json_array_get(json_object_get(trace, "cells"), 0);
    assert_int_equal(json_integer_value(json_object_get(cell, "allocator")), 1);
    assert_float_equal(json_number_value(json_object_get(cell, "ns_per_op")), 50, 1e-9);
    json_t *time = json_object_get(cell, "time");
    assert_float_equal(json_number_value(json_object_get(time, "estimate")), 0.5, 1e-9);
    assert_int_equal(json_integer_value(json_object_get(time, "pairs")), 8);
    assert_true(json_is_true(json_object_get(time, "exact")));
    assert_string_equal(json_string_value(json_object_get(cell, "time_verdict")), "faster");
    assert_true(json_is_null(json_object_get(cell, "peak_resident_bytes")));
    assert_int_equal(json_array_size(json_object_get(cell, "ns_per_op_by_round")), 8);
    json_decref(root);
    rh_result_destroy(result);
}

/* Each allocation in turn fails, in each format: an error, nothing added, nothing leaks. One
 * round, so that no bootstrap runs. */
static void no_memory_is_an_error(void **state) {
    (void)state;
    static const double factors[] = {0.5};
    struct rh_result *result = tiny_create(2, 2, 1);
    tiny_fill(result, factors);
    for (unsigned format = 0; format < RH_REPORT_FORMATS; format++) {
        struct rh_report_options options = {.format = (enum rh_report_format)format};
        for (uint64_t nth = 1;; nth++) {
            struct rh_text out = {0};
            struct rh_error error = {0};
            rh_memory_fail_at(nth);
            int made = rh_report(result, &options, &error, &out);
            rh_memory_fail_at(0);
            size_t length = out.length;
            rh_text_finish(&out);
            if (made == 0)
                break;
            assert_int_equal(made, RH_ERR_MEMORY);
            assert_int_equal(error.code, RH_ERR_MEMORY);
            assert_int_equal(length, 0);
        }
    }
    rh_result_destroy(result);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(formats_have_names),
        TEST(levels_are_checked),
        TEST(terminals_of_80_columns_hold_every_line),
        TEST(terminals_get_no_escapes_unless_asked),
        TEST(a_small_report_from_its_top),
        TEST(what_was_found_for_thinking),
        TEST(markdown_is_not_html),
        TEST(markdown_tables_are_even),
        TEST(csv_lines_have_the_same_fields),
        TEST(csv_quotes_what_needs_it),
        TEST(json_is_json),
        TEST(json_has_the_figures),
        TEST(no_memory_is_an_error),
    };
#undef TEST
    return cmocka_run_group_tests_name("report/formats", tests, NULL, NULL);
}
