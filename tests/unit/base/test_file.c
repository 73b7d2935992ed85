/* Files are whole or not there; paths join. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/unit/test.h"

static char directory[64];

static int make_directory(void **state) {
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/rh-file-XXXXXX");
    return mkdtemp(directory) == NULL;
}

static void write_then_read(void **state) {
    (void)state;
    char *path = rh_path_join(directory, "a");
    assert_int_equal(rh_file_write(path, "hello", 5, NULL), 0);
    assert_int_equal(rh_file_write(path, "world!", 6, NULL), 0);
    char *text = NULL;
    size_t bytes = 0;
    assert_int_equal(rh_file_read(path, 100, NULL, &text, &bytes), 0);
    assert_int_equal(bytes, 6);
    assert_string_equal(text, "world!");
    rh_free(text);

    struct rh_error error = {0};
    assert_int_equal(rh_file_read(path, 5, &error, &text, &bytes), RH_ERR_LIMIT);
    assert_non_null(strstr(error.message, path));
    rh_free(path);
}

static void proc_files_are_read(void **state) {
    (void)state;
    char *text = NULL;
    assert_int_equal(rh_file_read("/proc/self/status", 1 << 20, NULL, &text, NULL), 0);
    assert_non_null(strstr(text, "VmRSS"));
    rh_free(text);
}

static void errors_name_the_path(void **state) {
    (void)state;
    struct rh_error error = {0};
    struct rh_file_map map;
    assert_int_equal(rh_file_map("/nonexistent/x", 0, &error, &map), RH_ERR_SYSTEM);
    assert_non_null(strstr(error.message, "/nonexistent/x"));
    error = (struct rh_error){0};
    assert_int_equal(rh_file_map("/tmp", 0, &error, &map), RH_ERR_INVALID);
}

static void directories_are_made(void **state) {
    (void)state;
    char *path = rh_path_join(directory, "x/y/z");
    assert_int_equal(rh_make_directories(path, NULL), 0);
    assert_int_equal(rh_make_directories(path, NULL), 0);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    char *file = rh_path_join(path, "file");
    assert_int_equal(rh_file_write(file, "", 0, NULL), 0);
    struct rh_error error = {0};
    assert_int_equal(rh_make_directories(file, &error), RH_ERR_INVALID);
    rh_free(file);
    rh_free(path);
}

/* A pipe stands for a device: it is written to, and stays; so does a link. */
static void only_plain_files_are_replaced(void **state) {
    (void)state;
    char *link = rh_path_join(directory, "link"), *behind = rh_path_join(directory, "behind");
    char *pipe = rh_path_join(directory, "pipe");
    char text[8] = "";
    struct stat status;
    assert_int_equal(rh_file_write(behind, "old", 3, NULL), 0);
    assert_int_equal(symlink("behind", link), 0);
    assert_int_equal(rh_file_write(link, "new!", 4, NULL), 0);
    assert_true(lstat(link, &status) == 0 && S_ISLNK(status.st_mode));
    assert_true(stat(behind, &status) == 0 && status.st_size == 4);

    assert_int_equal(mkfifo(pipe, 0600), 0);
    int reader = open(pipe, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(rh_file_write(pipe, "hello", 5, NULL), 0);
    assert_int_equal(read(reader, text, sizeof(text)), 5);
    assert_true(lstat(pipe, &status) == 0 && S_ISFIFO(status.st_mode));
    close(reader);
    rh_free(link);
    rh_free(behind);
    rh_free(pipe);
}

static void paths_join(void **state) {
    (void)state;
    const char *cases[][3] = {{"a", "b", "a/b"},
                              {"a/", "b", "a/b"},
                              {"a", "/b", "/b"},
                              {"", "b", "b"},
                              {"/", "b", "//b"}};
    for (size_t i = 0; i < 5; i++) {
        char *joined = rh_path_join(cases[i][0], cases[i][1]);
        assert_string_equal(joined, cases[i][2]);
        rh_free(joined);
    }
    assert_string_equal(rh_path_base("/a/b.rht"), "b.rht");
    assert_string_equal(rh_path_base("b.rht"), "b.rht");
}

/* XXH64 of "abc" with seed 0. */
static void hashes_are_xxh64(void **state) {
    (void)state;
    char *path = rh_path_join(directory, "abc");
    assert_int_equal(rh_file_write(path, "abc", 3, NULL), 0);
    char hash[RH_HASH_TEXT_BYTES];
    assert_int_equal(rh_file_hash(path, NULL, hash), 0);
    assert_string_equal(hash, "44bc2cf5ad770999");
    rh_free(path);
}

static int remove_directory(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_then_read),
        cmocka_unit_test(proc_files_are_read),
        cmocka_unit_test(errors_name_the_path),
        cmocka_unit_test(directories_are_made),
        cmocka_unit_test(only_plain_files_are_replaced),
        cmocka_unit_test(paths_join),
        cmocka_unit_test(hashes_are_xxh64),
    };
    return cmocka_run_group_tests_name("base/file", tests, make_directory, remove_directory);
}
