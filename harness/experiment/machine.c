/* machine.c - what the whole machine did while a worker ran. */
#include <sys/resource.h>

#include "experiment/run.h"

static uint64_t ns_of(const struct timeval *time) {
    return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_usec * 1000u;
}

static uint64_t own_cpu_ns(void) {
    struct rusage self = {0};
    struct rusage children = {0};
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    return ns_of(&self.ru_utime) + ns_of(&self.ru_stime) + ns_of(&children.ru_utime) +
           ns_of(&children.ru_stime);
}

struct rh_run_meter rh_run_meter_read(void) {
    struct rh_run_meter meter = {.own_ns = own_cpu_ns()};
    meter.known = rh_cpu_time_read("/proc/stat", NULL, &meter.all) == 0;
    return meter;
}

struct rh_result_machine rh_run_meter_since(const struct rh_run_meter *before) {
    struct rh_run_meter now = rh_run_meter_read();
    if (!before->known || !now.known)
        return (struct rh_result_machine){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct rh_cpu_time spent = rh_cpu_time_between(&before->all, &now.all);
    return (struct rh_result_machine){
        .machine_busy_ns = spent.busy_ns,
        .machine_idle_ns = spent.idle_ns,
        .machine_steal_ns = spent.steal_ns,
        .own_cpu_ns = now.own_ns - before->own_ns,
    };
}
