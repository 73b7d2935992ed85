/* run_delay.h - how long a thread wanted to run and had no CPU: what other threads and programs
 * took from it, and no allocator is to be charged for.
 *
 * The kernel keeps it for every thread (/proc/thread-self/schedstat, second number; kernels without
 * CONFIG_SCHED_INFO have 0). */
#ifndef RH_MEASURE_RUN_DELAY_H
#define RH_MEASURE_RUN_DELAY_H

#include <stdint.h>

/* The calling thread's; -1 where the kernel has none. Closed with close(2). */
int rh_run_delay_open(void);
/* ns since the thread began; 0 for -1. About 1 us. */
uint64_t rh_run_delay_read(int fd);

/* The second number of the text; 0 where there is none. */
uint64_t rh_run_delay_parse(const char *text);

#endif
