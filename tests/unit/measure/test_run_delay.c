/* The time without a CPU. */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "base/clock.h"
#include "measure/run_delay.h"
#include "tests/unit/test.h"

static void the_second_number_is_read(void **state) {
    (void)state;
    assert_int_equal(rh_run_delay_parse("67420839 437606323 26\n"), 437606323);
    assert_int_equal(rh_run_delay_parse("0 0 0\n"), 0);
    assert_int_equal(rh_run_delay_parse("5"), 0);
    assert_int_equal(rh_run_delay_parse(""), 0);
    assert_int_equal(rh_run_delay_parse("1 x"), 0);
    assert_int_equal(rh_run_delay_read(-1), 0);
}

enum { WORK_NS = 100000000 };

static void *work(void *argument) {
    int *cpu = argument;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)*cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
    int fd = rh_run_delay_open();
    uint64_t delay_ns = rh_run_delay_read(fd), cpu_ns = rh_thread_cpu_ns(), start_ns = rh_now_ns();
    while (rh_thread_cpu_ns() - cpu_ns < WORK_NS)
        continue;
    uint64_t wall_ns = rh_now_ns() - start_ns;
    delay_ns = rh_run_delay_read(fd) - delay_ns;
    close(fd);
    static _Atomic uint64_t worst;
    /* What was not computed was waited for. */
    uint64_t rest_ns = wall_ns - WORK_NS;
    uint64_t error_ns = rest_ns > delay_ns ? rest_ns - delay_ns : delay_ns - rest_ns;
    worst = error_ns > worst ? error_ns : worst;
    return (void *)(uintptr_t)worst;
}

/* Two threads on one CPU: what one computes, the other waits. */
static void two_threads_on_a_cpu_delay_each_other(void **state) {
    (void)state;
    int fd = rh_run_delay_open();
    if (fd < 0)
        skip(); /* a kernel without CONFIG_SCHED_INFO */
    close(fd);
    int cpu = sched_getcpu();
    pthread_t threads[2];
    uint64_t worst_ns = 0;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &cpu), 0);
    for (int i = 0; i < 2; i++) {
        void *error_ns = NULL;
        pthread_join(threads[i], &error_ns);
        worst_ns = (uintptr_t)error_ns > worst_ns ? (uintptr_t)error_ns : worst_ns;
    }
    assert_in_range(worst_ns, 0, WORK_NS / 2); /* loose: a virtual machine loses time, too */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_number_is_read),
        cmocka_unit_test(two_threads_on_a_cpu_delay_each_other),
    };
    return cmocka_run_group_tests_name("measure/run_delay", tests, NULL, NULL);
}
