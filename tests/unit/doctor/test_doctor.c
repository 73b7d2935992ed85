/* Each check sees what it is meant for, on machines that are made up file by file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "doctor/checks.h"
#include "tests/unit/test.h"

static char root[64];
static const char *const no_environment[] = {NULL};

static int make_root(void **state) {
    (void)state;
    snprintf(root, sizeof(root), "/tmp/rh-doctor-XXXXXX");
    return mkdtemp(root) == NULL;
}

static int remove_root(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

static void put(const char *path, const char *text) {
    char full[512];
    snprintf(full, sizeof(full), "%s%s", root, path);
    char *slash = strrchr(full, '/');
    *slash = '\0';
    assert_int_equal(rh_make_directories(full, NULL), 0);
    *slash = '/';
    assert_int_equal(rh_file_write(full, text, strlen(text), NULL), 0);
}

static void expect(rh_doctor_check *check, const char *const *environment, enum rh_finding verdict,
                   const char *value) {
    struct rh_doctor_options options = {.root = root, .environment = environment, .window_ns = 1};
    struct rh_doctor_answer answer = {.verdict = RH_FINDING_UNKNOWN};
    check(&options, &answer);
    if (strstr(answer.value, value) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", answer.value, value);
    assert_int_equal(answer.verdict, verdict);
}

/* The file, its text, and what is said of it. */
struct one_file {
    rh_doctor_check *check;
    const char *path, *text;
    enum rh_finding verdict;
    const char *value;
};

#define CPU "/sys/devices/system/cpu/"
#define MM  "/sys/kernel/mm/"

static void files_are_read(void **state) {
    (void)state;
    static const struct one_file files[] = {
        {rh_doctor_governor, CPU "cpu0/cpufreq/scaling_governor", "performance\n", RH_FINDING_GOOD,
         "performance"},
        {rh_doctor_governor, CPU "cpu0/cpufreq/scaling_governor", "powersave\n", RH_FINDING_WARNING,
         "powersave"},
        {rh_doctor_turbo, CPU "cpufreq/boost", "0\n", RH_FINDING_GOOD, "off"},
        {rh_doctor_turbo, CPU "cpufreq/boost", "1\n", RH_FINDING_NOTE, "on"},
        {rh_doctor_turbo, CPU "intel_pstate/no_turbo", "1\n", RH_FINDING_GOOD, "off"},
        {rh_doctor_siblings, CPU "cpu0/topology/thread_siblings_list", "0\n", RH_FINDING_GOOD,
         "none"},
        {rh_doctor_siblings, CPU "cpu0/topology/thread_siblings_list", "0,4\n", RH_FINDING_WARNING,
         "0,4 share"},
        {rh_doctor_aslr, "/proc/sys/kernel/randomize_va_space", "2\n", RH_FINDING_GOOD, "on"},
        {rh_doctor_aslr, "/proc/sys/kernel/randomize_va_space", "1\n", RH_FINDING_WARNING,
         "without the heap"},
        {rh_doctor_aslr, "/proc/sys/kernel/randomize_va_space", "0\n", RH_FINDING_WARNING, "off"},
        {rh_doctor_huge_pages, MM "transparent_hugepage/enabled", "always [madvise] never\n",
         RH_FINDING_GOOD, "madvise"},
        {rh_doctor_huge_pages, MM "transparent_hugepage/enabled", "[always] madvise never\n",
         RH_FINDING_NOTE, "always"},
        {rh_doctor_swap, "/proc/meminfo", "SwapTotal:   0 kB\nSwapFree:   0 kB\n", RH_FINDING_GOOD,
         "none"},
        {rh_doctor_swap, "/proc/meminfo", "SwapTotal:   2048 kB\nSwapFree:   2048 kB\n",
         RH_FINDING_NOTE, "2.00 MiB"},
        {rh_doctor_swap, "/proc/meminfo", "SwapTotal:   2048 kB\nSwapFree:   1024 kB\n",
         RH_FINDING_WARNING, "1.00 MiB in use"},
        {rh_doctor_overcommit, "/proc/sys/vm/overcommit_memory", "0\n", RH_FINDING_GOOD,
         "heuristic"},
        {rh_doctor_overcommit, "/proc/sys/vm/overcommit_memory", "2\n", RH_FINDING_WARNING,
         "never"},
        {rh_doctor_damon, MM "damon/admin/kdamonds/nr_kdamonds", "0\n", RH_FINDING_GOOD, "off"},
        {rh_doctor_damon, "/sys/module/damon_reclaim/parameters/enabled", "Y\n", RH_FINDING_WARNING,
         "damon_reclaim"},
        {rh_doctor_ksm, MM "ksm/run", "1\n", RH_FINDING_WARNING, "on"},
        {rh_doctor_reporting, "/sys/bus/virtio/drivers/virtio_balloon/virtio3/features",
         "011000010000\n", RH_FINDING_GOOD, "off"},
        {rh_doctor_reporting, "/sys/bus/virtio/drivers/virtio_balloon/virtio3/features",
         "011001010000\n", RH_FINDING_WARNING, "on"},
        {rh_doctor_steal, "/proc/stat", "cpu  100 0 100 799 0 0 0 1\n", RH_FINDING_GOOD, "0.10 %"},
        {rh_doctor_steal, "/proc/stat", "cpu  100 0 100 780 0 0 0 20\n", RH_FINDING_WARNING,
         "2.00 %"},
        {rh_doctor_virtualisation, "/proc/cpuinfo", "model name\t: A\nflags\t\t: fpu hypervisor\n",
         RH_FINDING_NOTE, "yes"},
        {rh_doctor_virtualisation, "/proc/cpuinfo", "flags\t\t: fpu hypervisorish\nbugs\t\t: x\n",
         RH_FINDING_GOOD, "no"},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        put(files[i].path, files[i].text);
        expect(files[i].check, no_environment, files[i].verdict, files[i].value);
    }
}

static void the_clock_is_judged(void **state) {
    (void)state;
    static const char source[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    put("/proc/cpuinfo", "flags\t\t: fpu constant_tsc nonstop_tsc\n");
    put(source, "tsc\n");
    expect(rh_doctor_clock, no_environment, RH_FINDING_GOOD, "TSC constant, never stops");
    put("/proc/cpuinfo", "flags\t\t: fpu tsc\n");
    put(source, "hpet\n");
    expect(rh_doctor_clock, no_environment, RH_FINDING_WARNING, "hpet, TSC not constant");
}

static void limits_of_groups_are_found(void **state) {
    (void)state;
    put("/proc/self/cgroup", "0::/a/b\n");
    expect(rh_doctor_cpu_limit, no_environment, RH_FINDING_GOOD, "none");
    put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/a/b/memory.max", "max\n");
    expect(rh_doctor_cpu_limit, no_environment, RH_FINDING_GOOD, "none");
    expect(rh_doctor_memory_limit, no_environment, RH_FINDING_GOOD, "none");
    put("/sys/fs/cgroup/a/cpu.max", "150000 100000\n"); /* of the parent */
    put("/sys/fs/cgroup/a/memory.max", "536870912\n");
    expect(rh_doctor_cpu_limit, no_environment, RH_FINDING_WARNING, "1.50 CPUs");
    expect(rh_doctor_memory_limit, no_environment, RH_FINDING_WARNING, "512 MiB");
}

static void limits_of_version_1_are_found(void **state) {
    (void)state;
    put("/proc/self/cgroup", "5:cpuset:/\n4:memory:/m\n3:cpu,cpuacct:/c\n0::/\n");
    put("/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "9223372036854771712\n");
    expect(rh_doctor_cpu_limit, no_environment, RH_FINDING_GOOD, "none");
    expect(rh_doctor_memory_limit, no_environment, RH_FINDING_GOOD, "none");
    put("/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "50000\n");
    put("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "4294967296\n");
    expect(rh_doctor_cpu_limit, no_environment, RH_FINDING_WARNING, "0.50 CPUs");
    expect(rh_doctor_memory_limit, no_environment, RH_FINDING_NOTE, "4.00 GiB");
}

static void settings_in_the_environment_are_named(void **state) {
    (void)state;
    static const char *const harmless[] = {"PATH=/bin", "MALLOCATOR=1", "LD_PRELOADED=1", NULL};
    static const char *const settings[] = {"HOME=/", "MALLOC_ARENA_MAX=1", "LD_PRELOAD=x.so",
                                           "MIMALLOC_VERBOSE=1", NULL};
    expect(rh_doctor_environment, harmless, RH_FINDING_GOOD, "no settings");
    expect(rh_doctor_environment, settings, RH_FINDING_NOTE,
           "MALLOC_ARENA_MAX=1, LD_PRELOAD=x.so, MIMALLOC_VERBOSE=1");
}

static void debug_builds_are_told(void **state) {
    (void)state;
    static const char plain[] = "\0malloc\0free";
    static const char sanitized[] = "\0malloc\0__asan_init\0";
    assert_null(rh_doctor_debug_sign("/lib/libmine.so.1", plain, sizeof(plain)));
    assert_non_null(rh_doctor_debug_sign("/lib/libmine_debug.so", plain, sizeof(plain)));
    assert_null(rh_doctor_debug_sign("/debug/libmine.so", plain, sizeof(plain)));
    assert_string_equal(rh_doctor_debug_sign("/lib/libmine.so", sanitized, sizeof(sanitized)),
                        "AddressSanitizer");
}

/* An empty machine and this one: every check answers, and one that asks for something says what. */
static void every_check_answers(void **state) {
    (void)state;
    struct rh_doctor_options machines[] = {
        {.root = "/nonexistent", .environment = no_environment},
        rh_doctor_here(false),
    };
    size_t counts[2] = {0};
    for (int i = 0; i < 2; i++) {
        struct rh_result_finding *findings = NULL;
        struct rh_error error = {0};
        assert_int_equal(rh_doctor(&machines[i], &error, &findings, &counts[i]), 0);
        for (size_t j = 0; j < counts[i]; j++) {
            assert_true(findings[j].name[0] != '\0' && findings[j].value[0] != '\0');
            assert_true(findings[j].why[0] != '\0' && findings[j].verdict < RH_FINDINGS);
            assert_true(findings[j].verdict != RH_FINDING_GOOD || findings[j].fix == NULL);
        }
        rh_result_findings_free(findings, counts[i]);
    }
    assert_true(counts[1] > counts[0]); /* what is measured */
}

static void want_of_memory_is_said(void **state) {
    (void)state;
    struct rh_doctor_options options = {.root = root, .environment = no_environment};
    for (uint64_t nth = 1; nth < 40; nth++) {
        struct rh_result_finding *findings = NULL;
        size_t count = 0;
        struct rh_error error = {0};
        rh_memory_fail_at(nth);
        int result = rh_doctor(&options, &error, &findings, &count);
        rh_memory_fail_at(0);
        assert_true(result == RH_ERR_MEMORY || result == 0);
        rh_result_findings_free(findings, count);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_read, make_root, remove_root),
        cmocka_unit_test_setup_teardown(the_clock_is_judged, make_root, remove_root),
        cmocka_unit_test_setup_teardown(limits_of_groups_are_found, make_root, remove_root),
        cmocka_unit_test_setup_teardown(limits_of_version_1_are_found, make_root, remove_root),
        cmocka_unit_test(settings_in_the_environment_are_named),
        cmocka_unit_test(debug_builds_are_told),
        cmocka_unit_test(every_check_answers),
        cmocka_unit_test_setup_teardown(want_of_memory_is_said, make_root, remove_root),
    };
    return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
