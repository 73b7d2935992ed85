/* Tapes of the cache, and traces, that are not what they were. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/integration/replay/fixture.h"
#include "tests/unit/test.h"

static void flip(const char *path, long at) {
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
    fputc(byte ^ 0x55, file);
    fclose(file);
}

static ino_t inode_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_ino;
}

static void a_damaged_tape_is_made_again(void **state) {
    (void)state;
    static const long places[] = {0, 8, 200, 4096, 5000, 70000, -9};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char *tape = NULL;
        ino_t before = inode_of(fixture_single);
        assert_int_equal(fixture_try_compile(fixture_single_path, NULL, &tape), 0);
        assert_string_equal(tape, fixture_single);
        assert_int_equal(inode_of(tape), before); /* from the cache */
        rh_free(tape);
        flip(fixture_single, places[i]);
        struct rh_error error = {0};
        if (fixture_try_compile(fixture_single_path, &error, &tape) < 0)
            print_error("%s\n", error.message);
        assert_int_not_equal(inode_of(tape), before);
        rh_free(tape);
        struct rh_job job = {.tape = fixture_single, .allocator = "null"};
        fixture_replay(&job);
    }
}

/* Its tape is there and sound, but what the file says is no longer what was recorded. */
static void a_tape_does_not_excuse_a_damaged_trace(void **state) {
    (void)state;
    static const long places[] = {24, 40, 100, 5000, 20000};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct rh_error error = {0};
        char *tape = NULL;
        flip(fixture_single_path, places[i]);
        assert_true(fixture_try_compile(fixture_single_path, &error, &tape) < 0);
        assert_non_null(strstr(error.message, fixture_single_path));
        assert_non_null(strstr(error.message, "block 0, byte 24"));
        flip(fixture_single_path, places[i]);
        assert_int_equal(fixture_try_compile(fixture_single_path, NULL, &tape), 0);
        rh_free(tape);
    }
}

static void a_tape_cut_short_is_refused_by_the_worker(void **state) {
    (void)state;
    char copy[128];
    snprintf(copy, sizeof(copy), "%s/cut.tape", fixture_directory);
    struct rh_file_map map;
    assert_int_equal(rh_file_map(fixture_single, 0, NULL, &map), 0);
    for (size_t bytes = 0; bytes < map.bytes; bytes += 1 + bytes * 3 / 2) {
        assert_int_equal(rh_file_write(copy, map.data, bytes, NULL), 0);
        struct rh_job job = {.tape = copy, .allocator = "null"};
        assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
        assert_int_equal(sample.end, RH_SAMPLE_FAILED);
        assert_non_null(strstr(sample.reason, "cut.tape"));
    }
    rh_file_unmap(&map);
    unlink(copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_tape_is_made_again),
        cmocka_unit_test(a_tape_does_not_excuse_a_damaged_trace),
        cmocka_unit_test(a_tape_cut_short_is_refused_by_the_worker),
    };
    return cmocka_run_group_tests_name("replay-damage", tests, fixture_set_up, fixture_tear_down);
}
