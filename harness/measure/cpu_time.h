/* cpu_time.h - what the CPUs of the machine have done since it started, all processes together.
 *
 * From the first line of /proc/stat (proc_stat(5)), in steps of 10 ms: a difference over one short
 * worker is coarse, a sum over many is not. */
#ifndef RH_MEASURE_CPU_TIME_H
#define RH_MEASURE_CPU_TIME_H

#include <stdint.h>

#include "base/error.h"

/* ns, summed over the CPUs. A hypervisor's steal is neither busy nor idle. */
struct rh_cpu_time {
    uint64_t busy_ns;  /* user, nice, system and interrupts, guests included */
    uint64_t idle_ns;  /* idle, and waiting for a device */
    uint64_t steal_ns; /* wanted to run, but the hypervisor ran something else */
};

/* `text` is the file, or its beginning. */
int rh_cpu_time_parse(const char *text, struct rh_error *error, struct rh_cpu_time *ret_time);

/* Reads PATH, usually /proc/stat; allocates nothing. */
int rh_cpu_time_read(const char *path, struct rh_error *error, struct rh_cpu_time *ret_time);

/* What was added between two readings; the kernel's idle count may step back a little: then 0. */
struct rh_cpu_time rh_cpu_time_between(const struct rh_cpu_time *before,
                                       const struct rh_cpu_time *after);

#endif
