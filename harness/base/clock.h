/* clock.h - time: the monotonic clock, and the TSC behind it. */
#ifndef RH_BASE_CLOCK_H
#define RH_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in ns. */
static inline uint64_t rh_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* CPU time of the calling thread in ns. */
static inline uint64_t rh_thread_cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Likewise of the process, of all threads that it ever had. */
static inline uint64_t rh_process_cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The time stamp counter, unfenced; where there is none, the monotonic clock in ns. */
static inline uint64_t rh_tsc(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return rh_now_ns();
#endif
}

/* True when the kernel calls the TSC constant and nonstop and uses it as its clock: then stamps of
 * all CPUs compare. False elsewhere, and rh_now_ns must be used instead. */
int rh_tsc_is_reliable(void);

/* Ticks of rh_tsc per ns, measured once against the monotonic clock over about `window_ns`. */
double rh_tsc_per_ns(uint64_t window_ns);

#endif
