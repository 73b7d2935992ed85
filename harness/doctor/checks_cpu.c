/* checks_cpu.c - the processors and their clocks. */
#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "doctor/checks.h"

#define CPU "/sys/devices/system/cpu/"

void rh_doctor_cpus(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    (void)options;
    cpu_set_t usable;
    CPU_ZERO(&usable);
    if (sched_getaffinity(0, sizeof(usable), &usable) != 0)
        return;
    int count = CPU_COUNT(&usable);
    rh_doctor_say(answer, count > 1 ? RH_FINDING_GOOD : RH_FINDING_WARNING, "%d usable", count);
}

void rh_doctor_governor(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    char text[64];
    if (!rh_doctor_read(options, CPU "cpu0/cpufreq/scaling_governor", text, sizeof(text)))
        rh_doctor_say(answer, RH_FINDING_UNKNOWN, "the kernel does not set the clock here");
    else
        rh_doctor_say(answer,
                      strcmp(text, "performance") == 0 ? RH_FINDING_GOOD : RH_FINDING_WARNING, "%s",
                      text);
}

void rh_doctor_turbo(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    uint64_t value = 0;
    if (rh_doctor_number(options, CPU "intel_pstate/no_turbo", &value)) {
        snprintf(answer->fix, sizeof(answer->fix),
                 "echo 1 | sudo tee " CPU "intel_pstate/no_turbo");
        rh_doctor_say(answer, value == 1 ? RH_FINDING_GOOD : RH_FINDING_NOTE,
                      value == 1 ? "off" : "on");
    } else if (rh_doctor_number(options, CPU "cpufreq/boost", &value)) {
        snprintf(answer->fix, sizeof(answer->fix), "echo 0 | sudo tee " CPU "cpufreq/boost");
        rh_doctor_say(answer, value == 0 ? RH_FINDING_GOOD : RH_FINDING_NOTE,
                      value == 0 ? "off" : "on");
    }
}

void rh_doctor_siblings(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    char text[64];
    if (!rh_doctor_read(options, CPU "cpu0/topology/thread_siblings_list", text, sizeof(text)))
        return;
    bool shared = strpbrk(text, ",-") != NULL;
    if (shared)
        rh_doctor_say(answer, RH_FINDING_WARNING, "CPUs %.40s share a core", text);
    else
        rh_doctor_say(answer, RH_FINDING_GOOD, "none, says the topology");
}

/* The flags of the first processor, with a blank before and after each. */
static bool has_flag(const char *cpuinfo, const char *flag) {
    const char *line = strncmp(cpuinfo, "flags", 5) == 0 ? cpuinfo : strstr(cpuinfo, "\nflags");
    char word[40];
    snprintf(word, sizeof(word), " %s", flag);
    const char *end = line != NULL ? strchr(line + 1, '\n') : NULL;
    for (const char *at = line; at != NULL && (at = strstr(at, word)) != NULL; at++) {
        char after = at[strlen(word)];
        if (end != NULL && at > end)
            return false;
        if (after == ' ' || after == '\n' || after == '\0')
            return true;
    }
    return false;
}

void rh_doctor_virtualisation(const struct rh_doctor_options *options,
                              struct rh_doctor_answer *answer) {
    char *cpuinfo = rh_doctor_read_all(options, "/proc/cpuinfo");
    if (cpuinfo == NULL)
        return;
    bool is_virtual = has_flag(cpuinfo, "hypervisor");
    rh_doctor_say(answer, is_virtual ? RH_FINDING_NOTE : RH_FINDING_GOOD,
                  is_virtual ? "yes" : "no");
    rh_free(cpuinfo);
}

void rh_doctor_clock(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    char source[64];
    char *cpuinfo = rh_doctor_read_all(options, "/proc/cpuinfo");
    if (cpuinfo != NULL &&
        rh_doctor_read(options, "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                       source, sizeof(source))) {
        bool constant = has_flag(cpuinfo, "constant_tsc");
        bool nonstop = has_flag(cpuinfo, "nonstop_tsc");
        bool trusted = strcmp(source, "tsc") == 0 || strcmp(source, "kvm-clock") == 0;
        rh_doctor_say(answer, trusted ? RH_FINDING_GOOD : RH_FINDING_WARNING, "%s, TSC %s, %s",
                      source, constant ? "constant" : "not constant",
                      nonstop ? "never stops" : "may stop");
    }
    rh_free(cpuinfo);
}

void rh_doctor_counters(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    (void)options;
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof(attributes),
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .exclude_kernel = 1,
    };
    int fd = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        rh_doctor_say(answer, RH_FINDING_GOOD, "there");
        return;
    }
    bool refused = errno == EACCES || errno == EPERM;
    rh_doctor_say(answer, RH_FINDING_NOTE, "%s",
                  refused ? "not allowed" : "none (a virtual machine without them)");
    if (!refused)
        snprintf(answer->fix, sizeof(answer->fix), "pass the PMU through to the guest");
}
