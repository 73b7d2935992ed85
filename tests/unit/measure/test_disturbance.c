/* Faults and switches of known number. What this machine does not show is unknown. */
#include <sys/mman.h>
#include <time.h>

#include "measure/disturbance.h"
#include "tests/unit/test.h"

static void fault_once(void) {
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    *(volatile char *)page = 1;
    munmap(page, 4096);
}

static void a_fault_is_seen(void **state) {
    (void)state;
    bool marks = rh_disturbance_probe();
    struct rh_disturbance disturbance;
    rh_disturbance_open(&disturbance, marks);
    struct rh_disturbance_span span;
    rh_disturbance_begin(&disturbance, &span);
    fault_once();
    rh_disturbance_end(&disturbance, &span);
    rh_disturbance_settle(&disturbance, &span);
    uint64_t faults = 0, switches = 0;
    rh_disturbance_count(&disturbance, &span, &faults, &switches);
    assert_int_equal(faults, marks ? 1 : UINT64_MAX);
    rh_disturbance_close(&disturbance);
    if (!marks) {
        print_message("nothing takes the mark away here\n");
        skip();
    }
}

/* An interrupt takes the mark away as well, and only the count of faults tells the two apart. */
static void without_a_fault_none_is_seen(void **state) {
    (void)state;
    if (!rh_disturbance_probe())
        skip();
    struct rh_disturbance disturbance;
    rh_disturbance_open(&disturbance, true);
    struct rh_disturbance_span span;
    rh_disturbance_begin(&disturbance, &span);
    rh_disturbance_end(&disturbance, &span); /* whatever the calls themselves need */
    rh_disturbance_ask(&disturbance);
    rh_disturbance_begin(&disturbance, &span);
    rh_disturbance_set_mark(0);
    rh_disturbance_end(&disturbance, &span);
    rh_disturbance_settle(&disturbance, &span);
    uint64_t faults = 1, switches = 0;
    rh_disturbance_count(&disturbance, &span, &faults, &switches);
    assert_int_equal(faults, 0);
    rh_disturbance_close(&disturbance);
    assert_int_equal(rh_disturbance_mark(), 0);
}

static void sleep_once(void) {
    struct timespec pause = {.tv_nsec = 1000000};
    nanosleep(&pause, NULL);
}

static void a_switch_is_counted(void **state) {
    (void)state;
    struct rh_disturbance disturbance;
    rh_disturbance_open(&disturbance, false);
    if (disturbance.ring == NULL) {
        print_message("no ring here\n");
        skip();
    }
    struct rh_disturbance_span span;
    rh_disturbance_begin(&disturbance, &span);
    sleep_once();
    rh_disturbance_end(&disturbance, &span);
    uint64_t faults = 0, switches = 0;
    rh_disturbance_count(&disturbance, &span, &faults, &switches);
    assert_true(switches >= 1 && switches != UINT64_MAX);
    assert_int_equal(faults, UINT64_MAX); /* without marks */
    rh_disturbance_close(&disturbance);
}

static void more_than_the_ring_holds_is_unknown(void **state) {
    (void)state;
    struct rh_disturbance disturbance;
    rh_disturbance_open(&disturbance, false);
    struct rh_disturbance_span span;
    rh_disturbance_begin(&disturbance, &span);
    rh_disturbance_end(&disturbance, &span);
    span.ring_end = span.ring_begin + 8 * 1024;
    uint64_t faults = 0, switches = 0;
    rh_disturbance_count(&disturbance, &span, &faults, &switches);
    assert_int_equal(switches, UINT64_MAX);
    rh_disturbance_close(&disturbance);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_is_seen),
        cmocka_unit_test(without_a_fault_none_is_seen),
        cmocka_unit_test(a_switch_is_counted),
        cmocka_unit_test(more_than_the_ring_holds_is_unknown),
    };
    return cmocka_run_group_tests_name("measure/disturbance", tests, NULL, NULL);
}
