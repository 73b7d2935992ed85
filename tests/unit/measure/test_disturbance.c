/* Faults and switches of known number. Where the kernel gives no ring, all is unknown. */
#include <sys/mman.h>
#include <time.h>

#include "measure/disturbance.h"
#include "tests/unit/test.h"

enum { PAGES = 7 };

static void fault(size_t pages) {
    char *memory =
        mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    madvise(memory, pages * 4096, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < pages; i++)
        memory[i * 4096] = 1;
    munmap(memory, pages * 4096);
}

/* A sanitizer faults in a shadow of what is touched. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { OWN_FAULTS = 4 * PAGES + 64 };
#else
enum { OWN_FAULTS = 5 };
#endif

static void faults_and_switches_are_counted(void **state) {
    (void)state;
    struct rh_disturbance disturbance;
    rh_disturbance_open(&disturbance);
    if (disturbance.ring == NULL) {
        print_message("no ring here\n");
        skip();
    }
    fault(1); /* whatever the calls themselves need */
    uint64_t from = rh_disturbance_at(&disturbance), faults = 0, switches = 0;
    fault(PAGES);
    uint64_t between = rh_disturbance_at(&disturbance);
    struct timespec pause = {.tv_nsec = 1000000};
    nanosleep(&pause, NULL);
    uint64_t to = rh_disturbance_at(&disturbance);
    rh_disturbance_count(&disturbance, from, between, &faults, &switches);
    assert_in_range(faults, PAGES, PAGES + OWN_FAULTS); /* and perhaps some of our own code */
    rh_disturbance_count(&disturbance, between, to, &faults, &switches);
    assert_in_range(faults, 0, OWN_FAULTS);
    assert_true(switches >= 1);
    rh_disturbance_close(&disturbance);
}

static void more_than_the_ring_holds_is_unknown(void **state) {
    (void)state;
    struct rh_disturbance disturbance;
    rh_disturbance_open(&disturbance);
    uint64_t from = rh_disturbance_at(&disturbance), faults = 0, switches = 0;
    fault(600);
    uint64_t to = rh_disturbance_at(&disturbance);
    if (disturbance.ring != NULL)
        assert_true(to - from >= 600 * 8);
    rh_disturbance_count(&disturbance, from, to, &faults, &switches);
    assert_int_equal(faults, UINT64_MAX);
    assert_int_equal(switches, UINT64_MAX);
    rh_disturbance_close(&disturbance);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_and_switches_are_counted),
        cmocka_unit_test(more_than_the_ring_holds_is_unknown),
    };
    return cmocka_run_group_tests_name("measure/disturbance", tests, NULL, NULL);
}
