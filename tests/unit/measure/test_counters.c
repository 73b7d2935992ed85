/* Counters of a process with threads; with events of the kernel, which every machine has. */
#include "measure/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/test.h"

enum { PAGES = 200, PAGE_BYTES = 4096 };

static const struct rh_counter_event software[RH_COUNTERS] = {
    {"page faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
    {"nothing", PERF_TYPE_SOFTWARE, 12345},
    {"clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
    {"page faults again", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
};

static void touch_pages(void) {
    char *pages =
        mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    madvise(pages, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
    for (int i = 0; i < PAGES; i++)
        ((volatile char *)pages)[i * PAGE_BYTES] = 1;
    munmap(pages, PAGES * PAGE_BYTES);
}

static void *touch_pages_too(void *unused) {
    touch_pages();
    return unused;
}

static void threads_count_between_start_and_stop(void **state) {
    (void)state;
    struct rh_counters counters;
    uint64_t values[RH_COUNTERS], later[RH_COUNTERS];
    pthread_t thread;
    rh_counters_open(&counters, software);
    if (counters.fds[0] < 0) {
        rh_counters_close(&counters);
        skip(); /* a container that allows no perf events */
    }
    touch_pages();
    rh_counters_start(&counters);
    touch_pages();
    assert_int_equal(pthread_create(&thread, NULL, touch_pages_too, NULL), 0);
    pthread_join(thread, NULL);
    rh_counters_stop(&counters);
    rh_counters_read(&counters, values);
    touch_pages();
    rh_counters_read(&counters, later);
    /* A sanitizer's own pages may come on top. */
    assert_true(values[0] >= 2 * PAGES && values[0] < UINT64_MAX);
    assert_int_equal(values[0], later[0]);
    assert_true(values[1] == UINT64_MAX);
    assert_true(values[2] > 0 && values[2] < UINT64_MAX);
    rh_counters_close(&counters);
}

/* What is not available is null and has a reason; what is, is not and has none. */
static void hardware_counts_or_there_is_a_reason(void **state) {
    (void)state;
    struct rh_counters counters;
    uint64_t values[RH_COUNTERS];
    char reason[160];
    rh_counters_open(&counters, rh_counters_hardware);
    rh_counters_start(&counters);
    touch_pages();
    rh_counters_stop(&counters);
    rh_counters_read(&counters, values);
    rh_counters_reason(&counters, reason, sizeof(reason));
    int missing = 0;
    for (int i = 0; i < RH_COUNTERS; i++) {
        missing += values[i] == UINT64_MAX;
        assert_true(counters.fds[i] >= 0 || values[i] == UINT64_MAX);
    }
    assert_int_equal(missing > 0, reason[0] != '\0');
    rh_counters_close(&counters);
}

static void reasons_are_sentences(void **state) {
    (void)state;
    struct rh_counters counters = {.events = rh_counters_hardware};
    char reason[160];
    rh_counters_reason(&counters, reason, sizeof(reason));
    assert_string_equal(reason, "");
    counters.errors[3] = ENOENT;
    rh_counters_reason(&counters, reason, sizeof(reason));
    assert_string_equal(reason,
                        "dTLB misses: this machine does not count it, as most virtual machines");
    counters.errors[0] = EACCES;
    rh_counters_reason(&counters, reason, sizeof(reason));
    assert_non_null(strstr(reason, "instructions: not allowed here"));
    counters.errors[0] = ENOSYS;
    rh_counters_reason(&counters, reason, sizeof(reason));
    assert_non_null(strstr(reason, "no perf events"));
    counters.errors[0] = EMFILE;
    rh_counters_reason(&counters, reason, sizeof(reason));
    assert_non_null(strstr(reason, "Too many open files"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_count_between_start_and_stop),
        cmocka_unit_test(hardware_counts_or_there_is_a_reason),
        cmocka_unit_test(reasons_are_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
