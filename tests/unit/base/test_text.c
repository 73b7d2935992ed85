/* Numbers from text, numbers for people, nearest words. */
#include <string.h>

#include "base/text.h"
#include "tests/unit/test.h"

static void strings_grow(void **state) {
    (void)state;
    struct rh_text text = {0};
    assert_string_equal(rh_text_get(&text), "");
    for (int i = 0; i < 1000; i++)
        rh_text_addf(&text, "%d,", i);
    assert_int_equal(text.failed, 0);
    assert_int_equal(text.length, strlen(text.data));
    assert_memory_equal(text.data, "0,1,2,", 6);
    rh_text_finish(&text);
}

static void numbers_are_strict(void **state) {
    (void)state;
    uint64_t value = 42;
    assert_int_equal(rh_parse_u64("18446744073709551615", &value), 0);
    assert_true(value == UINT64_MAX);
    const char *bad[] = {"", " 1", "1 ", "-1", "+1", "1x", "18446744073709551616", "0x10"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_true(rh_parse_u64(bad[i], &value) < 0);
    assert_true(value == UINT64_MAX);
}

static void bytes_have_suffixes(void **state) {
    (void)state;
    uint64_t bytes = 0;
    assert_int_equal(rh_parse_bytes("64 KiB", &bytes), 0);
    assert_int_equal(bytes, 65536);
    assert_int_equal(rh_parse_bytes("3G", &bytes), 0);
    assert_true(bytes == UINT64_C(3) << 30);
    assert_int_equal(rh_parse_bytes("17", &bytes), 0);
    assert_int_equal(bytes, 17);
    assert_true(rh_parse_bytes("99999999999T", &bytes) < 0);
    assert_true(rh_parse_bytes("1X", &bytes) < 0);
}

static void fractions_are_finite(void **state) {
    (void)state;
    double value = 0;
    assert_int_equal(rh_parse_double("2.5", &value), 0);
    assert_true(value == 2.5);
    assert_true(rh_parse_double("nan", &value) < 0);
    assert_true(rh_parse_double("", &value) < 0);
    assert_true(rh_parse_double("1.0s", &value) < 0);
}

static void people_read_three_digits(void **state) {
    (void)state;
    char buffer[RH_HUMAN_BYTES];
    assert_string_equal(rh_human_bytes(buffer, 120), "120 B");
    assert_string_equal(rh_human_bytes(buffer, 17.3 * 1024 * 1024), "17.3 MiB");
    assert_string_equal(rh_human_ns(buffer, 1250), "1.25 us");
    assert_string_equal(rh_human_ns(buffer, 0.53), "0.53 ns");
    assert_string_equal(rh_human_count(buffer, 8.15e6), "8.15 M");
    assert_string_equal(rh_human_bytes(buffer, 1023.9), "1.00 KiB");
}

static void control_characters_are_not_printable(void **state) {
    (void)state;
    assert_true(rh_text_is_printable(""));
    assert_true(rh_text_is_printable("a b \xc3\xa4~"));
    assert_false(rh_text_is_printable("a\tb"));
    assert_false(rh_text_is_printable("a\x7f"));
}

static void nearest_word(void **state) {
    (void)state;
    const char *const words[] = {"allocators", "traces", "rounds", "touch", NULL};
    assert_string_equal(rh_text_nearest("alocators", words), "allocators");
    assert_string_equal(rh_text_nearest("round", words), "rounds");
    assert_string_equal(rh_text_nearest("touch", words), "touch");
    assert_null(rh_text_nearest("frequency", words));
}

static void words_are_quoted_where_they_need_it(void **state) {
    (void)state;
    struct rh_text text = {0};
    static const char *const words[] = {"a-b/c.d=1", "", "a b", "it's", "$x"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        rh_text_add_quoted(&text, words[i]);
        rh_text_add(&text, "|");
    }
    assert_string_equal(rh_text_get(&text), "a-b/c.d=1|''|'a b'|'it'\\''s'|'$x'|");
    rh_text_finish(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_quoted_where_they_need_it),
        cmocka_unit_test(strings_grow),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(bytes_have_suffixes),
        cmocka_unit_test(fractions_are_finite),
        cmocka_unit_test(people_read_three_digits),
        cmocka_unit_test(control_characters_are_not_printable),
        cmocka_unit_test(nearest_word),
    };
    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
