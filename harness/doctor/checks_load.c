/* checks_load.c - who else wants the machine, and how much of it there is. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/groups.h"
#include "base/memory.h"
#include "base/text.h"
#include "doctor/checks.h"
#include "measure/cpu_time.h"

/* A share of the CPUs above these is worth a word. */
static const double load_limit = 0.05;
static const double steal_limit = 0.01;

static bool read_cpu_time(const struct rh_doctor_options *options, struct rh_cpu_time *ret_time) {
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/proc/stat", options->root);
    return rh_cpu_time_read(path, NULL, ret_time) == 0;
}

/* Sleeping, so that what is busy is others. */
void rh_doctor_load(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    struct rh_cpu_time before;
    struct rh_cpu_time after;
    char average[64] = "unknown";
    rh_doctor_read(options, "/proc/loadavg", average, sizeof(average));
    average[strcspn(average, " ")] = '\0';
    if (options->window_ns == 0 || !read_cpu_time(options, &before)) {
        rh_doctor_say(answer, RH_FINDING_UNKNOWN, "load average %.40s", average);
        return;
    }
    nanosleep(&(struct timespec){(time_t)(options->window_ns / 1000000000u),
                                 (long)(options->window_ns % 1000000000u)},
              NULL);
    if (!read_cpu_time(options, &after))
        return;
    struct rh_cpu_time spent = rh_cpu_time_between(&before, &after);
    double all = (double)(spent.busy_ns + spent.idle_ns + spent.steal_ns);
    double share = all > 0 ? (double)spent.busy_ns / all : 0;
    rh_doctor_say(answer, share > load_limit ? RH_FINDING_WARNING : RH_FINDING_GOOD,
                  "%.0f %% of the CPUs over %.2g s, load average %.40s", 100 * share,
                  (double)options->window_ns / 1e9, average);
}

void rh_doctor_steal(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    struct rh_cpu_time since_boot;
    if (!read_cpu_time(options, &since_boot))
        return;
    double all = (double)(since_boot.busy_ns + since_boot.idle_ns + since_boot.steal_ns);
    double share = all > 0 ? (double)since_boot.steal_ns / all : 0;
    rh_doctor_say(answer, share > steal_limit ? RH_FINDING_WARNING : RH_FINDING_GOOD,
                  "%.2f %% since the machine started", 100 * share);
}

/* ---- control groups ---- */

/* "200000 100000" or "max 100000". */
static void look_at_quota(const char *text, void *context) {
    double *cpus = context;
    double quota = 0;
    double period = 0;
    if (sscanf(text, "%lf %lf", &quota, &period) == 2 && period > 0 &&
        (*cpus == 0 || quota / period < *cpus))
        *cpus = quota / period;
}

/* Version 1 has the quota alone; its period is 100 ms unless somebody changed it. */
static void look_at_old_quota(const char *text, void *context) {
    double *cpus = context;
    double quota = 0;
    if (sscanf(text, "%lf", &quota) == 1 && quota > 0 && (*cpus == 0 || quota / 1e5 < *cpus))
        *cpus = quota / 1e5;
}

void rh_doctor_cpu_limit(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    double cpus = 0;
    rh_groups_visit(options->root, "/sys/fs/cgroup", "", "cpu.max", look_at_quota, &cpus);
    rh_groups_visit(options->root, "/sys/fs/cgroup/cpu", "cpu", "cpu.cfs_quota_us",
                    look_at_old_quota, &cpus);
    if (cpus > 0)
        rh_doctor_say(answer, RH_FINDING_WARNING, "a quota of %.2f CPUs", cpus);
    else
        rh_doctor_say(answer, RH_FINDING_GOOD, "none");
}

void rh_doctor_memory_limit(const struct rh_doctor_options *options,
                            struct rh_doctor_answer *answer) {
    uint64_t bytes = rh_groups_memory_limit(options->root);
    char size[RH_HUMAN_BYTES];
    if (bytes > (UINT64_C(1) << 60))
        rh_doctor_say(answer, RH_FINDING_GOOD, "none");
    else
        rh_doctor_say(answer, bytes < (UINT64_C(1) << 30) ? RH_FINDING_WARNING : RH_FINDING_NOTE,
                      "%s", rh_human_bytes(size, (double)bytes));
}
