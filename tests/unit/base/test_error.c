/* The first error wins, and says why. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "tests/unit/test.h"

static void first_error_wins(void **state) {
    (void)state;
    struct rh_error error = {0};
    assert_int_equal(rh_fail(&error, RH_ERR_LIMIT, "too many: %d", 7), RH_ERR_LIMIT);
    assert_int_equal(rh_fail(&error, RH_ERR_FORMAT, "later"), RH_ERR_FORMAT);
    assert_int_equal(error.code, RH_ERR_LIMIT);
    assert_string_equal(error.message, "too many: 7");
    assert_true(error.line > 0);
}

static void errno_is_appended(void **state) {
    (void)state;
    struct rh_error error = {0};
    errno = ENOENT;
    assert_int_equal(rh_fail_errno(&error, "cannot open %s", "x"), RH_ERR_SYSTEM);
    assert_string_equal(error.message, "cannot open x: No such file or directory");
}

static void prefix_goes_before(void **state) {
    (void)state;
    struct rh_error error = {0};
    rh_error_prefix(&error, "nothing yet");
    assert_int_equal(error.code, 0);
    rh_fail(&error, RH_ERR_FORMAT, "byte %d", 3);
    rh_error_prefix(&error, "file %s", "a.rht");
    assert_string_equal(error.message, "file a.rht: byte 3");
}

static void suffix_goes_behind(void **state) {
    (void)state;
    struct rh_error error = {0};
    rh_error_suffix(&error, "nothing yet");
    assert_int_equal(error.code, 0);
    assert_string_equal(error.message, "");
    rh_fail(&error, RH_ERR_FORMAT, "byte %d", 3);
    rh_error_suffix(&error, ": %s", "record it again");
    assert_string_equal(error.message, "byte 3: record it again");
    for (int i = 0; i < 100; i++) /* what does not fit is cut off */
        rh_error_suffix(&error, "%s", "0123456789abcdef");
    assert_int_equal(strlen(error.message), RH_ERROR_MESSAGE_BYTES - 1);
}

static void null_error_is_accepted(void **state) {
    (void)state;
    assert_int_equal(rh_fail(NULL, RH_ERR_MEMORY, "x"), RH_ERR_MEMORY);
    assert_string_equal(rh_error_summary(RH_ERR_MEMORY), "out of memory");
    assert_string_equal(rh_error_summary(12345), "unknown error");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_wins),       cmocka_unit_test(errno_is_appended),
        cmocka_unit_test(prefix_goes_before),     cmocka_unit_test(suffix_goes_behind),
        cmocka_unit_test(null_error_is_accepted),
    };
    return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
