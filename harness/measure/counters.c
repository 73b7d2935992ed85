/* counters.c - one event a counter: those of a group cannot be handed on to new threads. */
#include "measure/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

const struct rh_counter_event rh_counters_hardware[RH_COUNTERS] = {
    {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    {"cache misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
    {"dTLB misses", PERF_TYPE_HW_CACHE,
     PERF_COUNT_HW_CACHE_DTLB | PERF_COUNT_HW_CACHE_OP_READ << 8 |
         PERF_COUNT_HW_CACHE_RESULT_MISS << 16},
};

static int open_event(const struct rh_counter_event *event) {
    struct perf_event_attr attributes = {
        .type = event->type,
        .size = sizeof(attributes),
        .config = event->config,
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
        .disabled = 1,
        .inherit = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void rh_counters_open(struct rh_counters *counters, const struct rh_counter_event *events) {
    counters->events = events;
    for (int i = 0; i < RH_COUNTERS; i++) {
        counters->fds[i] = open_event(&events[i]);
        counters->errors[i] = counters->fds[i] < 0 ? errno : 0;
    }
}

/* Of the event and of what the threads have inherited of it. */
static void control(const struct rh_counters *counters, unsigned long request) {
    for (int i = 0; i < RH_COUNTERS; i++)
        if (counters->fds[i] >= 0)
            ioctl(counters->fds[i], request, 0);
}

void rh_counters_start(const struct rh_counters *counters) {
    control(counters, PERF_EVENT_IOC_ENABLE);
}

void rh_counters_stop(const struct rh_counters *counters) {
    control(counters, PERF_EVENT_IOC_DISABLE);
}

static uint64_t read_event(int fd) {
    struct {
        uint64_t value, enabled_ns, running_ns;
    } told;
    if (fd < 0 || read(fd, &told, sizeof(told)) != sizeof(told) || told.running_ns == 0)
        return UINT64_MAX;
    if (told.running_ns == told.enabled_ns)
        return told.value;
    return (uint64_t)((double)told.value * (double)told.enabled_ns / (double)told.running_ns);
}

void rh_counters_read(struct rh_counters *counters, uint64_t ret_values[RH_COUNTERS]) {
    for (int i = 0; i < RH_COUNTERS; i++) {
        ret_values[i] = read_event(counters->fds[i]);
        if (ret_values[i] == UINT64_MAX && counters->fds[i] >= 0)
            counters->errors[i] = EBUSY;
    }
}

void rh_counters_close(struct rh_counters *counters) {
    for (int i = 0; i < RH_COUNTERS; i++) {
        if (counters->fds[i] >= 0)
            close(counters->fds[i]);
        counters->fds[i] = -1;
    }
}

static const char *explain(int error) {
    switch (error) {
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
        return "this machine does not count it, as most virtual machines";
    case EACCES:
    case EPERM:
        return "not allowed here: kernel.perf_event_paranoid above 2, or a container";
    case EBUSY:
        return "others have all registers of the processor that count";
    case ENOSYS:
        return "this kernel has no perf events";
    default:
        return strerror(error);
    }
}

void rh_counters_reason(const struct rh_counters *counters, char *ret_reason, size_t bytes) {
    ret_reason[0] = '\0';
    for (int i = RH_COUNTERS - 1; i >= 0; i--)
        if (counters->errors[i] != 0)
            snprintf(ret_reason, bytes, "%s: %s", counters->events[i].name,
                     explain(counters->errors[i]));
}
