/* The machine is read from files that may be missing, and from made-up ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "result/host.h"
#include "tests/unit/test.h"

static char root[64];

static int make_root(void **state) {
    (void)state;
    snprintf(root, sizeof(root), "/tmp/rh-host-XXXXXX");
    return mkdtemp(root) == NULL;
}

static int remove_root(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

static void put(const char *directory, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof(path), "%s%s", root, directory);
    assert_int_equal(rh_make_directories(path, NULL), 0);
    snprintf(path, sizeof(path), "%s%s/%s", root, directory, name);
    assert_int_equal(rh_file_write(path, text, strlen(text), NULL), 0);
}

static void this_machine_is_described(void **state) {
    (void)state;
    struct rh_host host = {0};
    assert_int_equal(rh_host_read(NULL, &host), 0);
    assert_non_null(host.cpus);
    assert_non_null(strstr(host.cpus, "online"));
    assert_non_null(strstr(host.kernel, "Linux"));
    assert_non_null(host.memory);
    assert_non_null(host.overcommit);
    rh_host_finish(&host);
    assert_null(host.cpus);
}

static void files_that_are_missing_are_unknown(void **state) {
    (void)state;
    struct rh_host host = {0};
    assert_int_equal(rh_host_read_under("/nonexistent", NULL, &host), 0);
    assert_null(host.cpu);
    assert_null(host.memory);
    assert_null(host.swap);
    assert_null(host.governor);
    assert_null(host.thp);
    assert_null(host.overcommit);
    assert_null(host.virtualisation);
    rh_host_finish(&host);
}

static void a_made_up_machine_is_read(void **state) {
    (void)state;
    put("/proc", "cpuinfo",
        "processor\t: 0\nmodel name\t: A CPU @ 2GHz\nflags\t\t: fpu vme hypervisor avx\n"
        "model name\t: the second\n");
    put("/proc", "meminfo", "MemTotal:        4194304 kB\nSwapTotal:             0 kB\n");
    put("/sys/kernel/mm/transparent_hugepage", "enabled", "always [madvise] never\n");
    put("/sys/devices/system/cpu/cpu0/cpufreq", "scaling_governor", "powersave\n");
    put("/sys/class/dmi/id", "sys_vendor", "Vendor\n");
    put("/proc/sys/vm", "overcommit_memory", "2\n");
    struct rh_host host = {0};
    assert_int_equal(rh_host_read_under(root, NULL, &host), 0);
    assert_string_equal(host.cpu, "A CPU @ 2GHz");
    assert_string_equal(host.memory, "4.00 GiB");
    assert_string_equal(host.swap, "none");
    assert_string_equal(host.thp, "madvise");
    assert_string_equal(host.governor, "powersave");
    assert_string_equal(host.virtualisation, "virtual machine (Vendor)");
    assert_string_equal(host.overcommit, "2 (never)");
    rh_host_finish(&host);
}

static void strange_contents_are_unknown_or_as_they_are(void **state) {
    (void)state;
    put("/proc", "cpuinfo", "model name\nflags : fpu\n");
    put("/proc", "meminfo", "MemTotal: many kB\nSwapTotal: 18446744073709551615 kB\n");
    put("/sys/kernel/mm/transparent_hugepage", "enabled", "]always[\n");
    put("/proc/sys/vm", "overcommit_memory", "7\n");
    struct rh_host host = {0};
    assert_int_equal(rh_host_read_under(root, NULL, &host), 0);
    assert_null(host.cpu);
    assert_null(host.memory);
    assert_null(host.swap);
    assert_null(host.thp);
    assert_string_equal(host.overcommit, "7");
    assert_string_equal(host.virtualisation, "none seen");
    rh_host_finish(&host);
}

/* Each allocation in turn fails: an error, nothing leaks, the target is untouched. */
static void no_memory_is_an_error(void **state) {
    (void)state;
    struct rh_host host = {0};
    uint64_t nth = 1;
    for (;; nth++) {
        struct rh_error error = {0};
        rh_memory_fail_at(nth);
        int result = rh_host_read_under(root, &error, &host);
        rh_memory_fail_at(0);
        if (result == 0)
            break;
        assert_int_equal(result, RH_ERR_MEMORY);
        assert_int_equal(error.code, RH_ERR_MEMORY);
        assert_null(host.cpus);
    }
    assert_true(nth > 5);
    rh_host_finish(&host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_machine_is_described),
        cmocka_unit_test(files_that_are_missing_are_unknown),
        cmocka_unit_test(a_made_up_machine_is_read),
        cmocka_unit_test(strange_contents_are_unknown_or_as_they_are),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests_name("result/host", tests, make_root, remove_root);
}
