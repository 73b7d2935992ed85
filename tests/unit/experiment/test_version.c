/* Versions of libraries, from a made-up package database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "experiment/version.h"
#include "tests/unit/test.h"

static char root[] = "/tmp/reheap-version-XXXXXX";

static int write_file(const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof(path), "%s/var/lib/dpkg/%s", root, name);
    return rh_file_write(path, text, strlen(text), NULL);
}

static int set_up(void **state) {
    (void)state;
    char directory[128];
    if (mkdtemp(root) == NULL)
        return -1;
    snprintf(directory, sizeof(directory), "%s/var/lib/dpkg/info", root);
    if (rh_make_directories(directory, NULL) < 0)
        return -1;
    return write_file("info/libmimalloc2.0:amd64.list",
                      "/.\n/usr/lib/x86_64-linux-gnu/libmimalloc.so.2.0\n/usr/share\n") |
           write_file("info/libc6:amd64.list", "/.\n/lib/x86_64-linux-gnu/libc.so.6\n") |
           write_file("info/libclang-rt-14-dev.list", "/usr/lib/llvm-14/libscudo.so\n") |
           write_file("status", "Package: libmimalloc2.0-dev\nVersion: 9\n\n"
                                "Package: libmimalloc2.0\nStatus: x\nVersion: 2.0.9+ds-2\nX: y\n\n"
                                "Package: libc6\nVersion: 2.36-9+deb12u13\n\n"
                                "Package: libclang-rt-14-dev\nVersion: 1:14.0.6-12\n");
}

static int tear_down(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", root);
    return system(command);
}

static void expect(const char *path, const char *wanted) {
    char *version = NULL;
    assert_int_equal(rh_version_of_file(root, path, NULL, &version), 0);
    if (wanted == NULL)
        assert_null(version);
    else
        assert_string_equal(version, wanted);
    rh_free(version);
}

static void versions(void **state) {
    (void)state;
    expect("/usr/lib/x86_64-linux-gnu/libmimalloc.so.2.0", "2.0.9");
    expect("/usr/lib/x86_64-linux-gnu/libc.so.6", "2.36");
    expect("/usr/lib/llvm-14/libscudo.so", "14.0.6");
    expect("/opt/libmine.so.2.1", "2.1");
    expect("/opt/x86_64-linux-gnu/libmimalloc.so.2.0", "2.0");
    expect("/opt/libmine.so", NULL);
    expect("/opt/worker", NULL);
}

/* Memory that is short for the database reads as no database; what remains fails honestly. */
static void every_allocation_may_fail(void **state) {
    (void)state;
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; nth < 40; nth++) {
        char *version = NULL;
        rh_memory_fail_at(nth);
        result = rh_version_of_file(root, "/usr/lib/llvm-14/libscudo.so", NULL, &version);
        rh_memory_fail_at(0);
        assert_true(result == 0 || (result == RH_ERR_MEMORY && version == NULL));
        rh_free(version);
    }
    assert_int_equal(result, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("experiment/version", tests, set_up, tear_down);
}
