/* doctor.c - the list of checks, and how their answers become findings. */
#include "doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "doctor/checks.h"

#define CPU   "/sys/devices/system/cpu/"
#define SYSFS "/sys/kernel/mm/"

struct check {
    const char *name;
    rh_doctor_check *run;
    bool measures; /* only where options->measure */
    const char *why;
    const char *fix; /* NULL: nothing can be done from here */
};

static const struct check checks[] = {
    {"CPUs", rh_doctor_cpus, false,
     "with one CPU everything else that runs stands in the way of the worker",
     "give the machine or the container at least two CPUs"},
    {"governor", rh_doctor_governor, false,
     "a governor that follows the load changes the clock within a sample",
     "echo performance | sudo tee " CPU "cpu*/cpufreq/scaling_governor"},
    {"turbo", rh_doctor_turbo, false,
     "the clock depends on temperature and on what the other cores do", NULL},
    {"SMT siblings", rh_doctor_siblings, false, "two CPUs that share a core slow each other down",
     "echo off | sudo tee " CPU "smt/control"},
    {"interference", rh_doctor_interference, true,
     "measured: what two threads on two CPUs take against one alone; the topology of a virtual "
     "machine may be made up",
     "plan on one CPU a core (cpus: in the plan), or expect wide intervals for threaded traces"},
    {"virtual machine", rh_doctor_virtualisation, false,
     "the host may run others on the same cores, and that shows neither in load nor, always, in "
     "steal",
     NULL},
    {"other load", rh_doctor_load, false, "other processes take CPU, cache and memory bandwidth",
     "top -b -n 1 -o %CPU | head -n 15"},
    {"steal", rh_doctor_steal, false,
     "the hypervisor ran something else while this machine wanted to run; 0 is no proof of quiet",
     "measure at another time, or on a machine of your own"},
    {"CPU limit", rh_doctor_cpu_limit, false,
     "a quota stops a process for the rest of each period, in the middle of a sample",
     "run outside the limited container, or raise its CPU quota"},
    {"memory limit", rh_doctor_memory_limit, false,
     "near the limit the kernel reclaims, and above it kills",
     "run outside the limited container, or raise its memory limit"},
    {"ASLR", rh_doctor_aslr, false,
     "without it every sample has the same layout, and one layout's luck looks like a property of "
     "the allocator",
     "echo 2 | sudo tee /proc/sys/kernel/randomize_va_space"},
    {"transparent huge pages", rh_doctor_huge_pages, false,
     "always: memory figures depend on which blocks happen to fill 2 MiB",
     "echo madvise | sudo tee " SYSFS "transparent_hugepage/enabled"},
    {"swap", rh_doctor_swap, false, "memory that was swapped out counts as given back",
     "sudo swapoff -a"},
    {"overcommit", rh_doctor_overcommit, false,
     "with 2 an allocator that reserves much address space is refused it",
     "echo 0 | sudo tee /proc/sys/vm/overcommit_memory"},
    {"free page reporting", rh_doctor_reporting, false,
     "free pages go back to the host, and their next first touch costs an exit to it: page faults "
     "become dear and uneven",
     "turn free-page-reporting of the balloon device off on the host"},
    {"DAMON", rh_doctor_damon, false,
     "it samples page tables, and may reclaim or split what an allocator holds",
     "echo off | sudo tee " SYSFS "damon/admin/kdamonds/*/state"},
    {"same-page merging", rh_doctor_ksm, false,
     "it walks memory in the background and takes equal pages together",
     "echo 0 | sudo tee " SYSFS "ksm/run"},
    {"clock", rh_doctor_clock, false,
     "stamps of different CPUs compare only where the kernel trusts the time stamp counter",
     "boot with tsc=reliable where the hardware is known to be good"},
    {"hardware counters", rh_doctor_counters, true,
     "without them a difference can be seen, but not explained by cache misses or instructions",
     "echo 1 | sudo tee /proc/sys/kernel/perf_event_paranoid"},
    {"environment", rh_doctor_environment, false,
     "settings of allocators in the environment; they are kept from workers and programs, but not "
     "from reheap and hyperfine themselves",
     NULL},
    {"debug builds", rh_doctor_builds, false,
     "a library that was built for finding mistakes is not what users run",
     "install or build the library without debugging or sanitizers"},
    {"clock steps", rh_doctor_quantum, true,
     "measured: times below two steps of the time stamp counter are given as such", NULL},
    {"cost of a clock", rh_doctor_cost_clock, true, "measured: clock_gettime, twice a segment",
     NULL},
    {"cost of a page", rh_doctor_cost_fault, true,
     "measured: the first write to a fresh page; in every figure, and the same for every allocator",
     NULL},
    {"cost of statm", rh_doctor_cost_statm, true, "measured: reading the resident memory", NULL},
    {"cost of mincore", rh_doctor_cost_mincore, true, "measured, scaled to 1 GiB", NULL},
    {"cost of pagemap", rh_doctor_cost_pagemap, true, "measured, scaled to 1 GiB", NULL},
    {"cost of smaps_rollup", rh_doctor_cost_rollup, true,
     "measured, scaled to 1 GiB: what a mark of a memory pass takes; it holds the lock of the "
     "memory map, so that no other pass has any",
     NULL},
};

enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

void rh_doctor_say(struct rh_doctor_answer *answer, enum rh_finding verdict, const char *format,
                   ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(answer->value, sizeof(answer->value), format, list);
    va_end(list);
    answer->verdict = verdict;
}

struct rh_doctor_options rh_doctor_here(bool thorough) {
    return (struct rh_doctor_options){
        .root = "",
        .environment = (const char *const *)environ,
        .window_ns = thorough ? 1000000000u : 60000000u,
        .measure = true,
    };
}

static int keep(const char *text, struct rh_error *error, char **ret_copy) {
    *ret_copy = rh_strdup(text);
    return *ret_copy != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for a finding");
}

static int add(const struct check *check, const struct rh_doctor_answer *answer,
               struct rh_error *error, struct rh_result_finding *finding) {
    bool wants_fix = answer->verdict == RH_FINDING_NOTE || answer->verdict == RH_FINDING_WARNING;
    const char *fix = !wants_fix ? NULL : answer->fix[0] != '\0' ? answer->fix : check->fix;
    finding->verdict = answer->verdict;
    rh_try(keep(check->name, error, &finding->name));
    rh_try(keep(answer->value[0] != '\0' ? answer->value : "not known", error, &finding->value));
    rh_try(keep(check->why, error, &finding->why));
    return fix != NULL ? keep(fix, error, &finding->fix) : 0;
}

int rh_doctor(const struct rh_doctor_options *options, struct rh_error *error,
              struct rh_result_finding **ret_findings, size_t *ret_count) {
    rh_assert(options->root != NULL && options->environment != NULL);
    struct rh_result_finding *findings = rh_alloc_zeroed(CHECKS, sizeof(*findings));
    if (findings == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %d findings", (int)CHECKS);
    size_t count = 0;
    int result = 0;
    for (size_t i = 0; i < CHECKS && result == 0; i++) {
        if (checks[i].measures && !options->measure)
            continue;
        struct rh_doctor_answer answer = {.verdict = RH_FINDING_UNKNOWN};
        checks[i].run(options, &answer);
        result = add(&checks[i], &answer, error, &findings[count++]);
    }
    if (result < 0) {
        rh_result_findings_free(findings, count);
        return result;
    }
    *ret_findings = findings;
    *ret_count = count;
    return 0;
}
