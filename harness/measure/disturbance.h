/* disturbance.h - page faults and lost CPUs of the calling thread, seen without a system call.
 *
 * The kernel writes a record of 8 bytes into a ring that the thread can read for each page fault
 * and each switch (perf_event_open(2): a software event and PERF_RECORD_SWITCH, both unprivileged
 * up to perf_event_paranoid 2). Looking where the ring stands is one load, so that it can be done
 * around every timed call; getrusage(2) costs more than most calls. */
#ifndef RH_MEASURE_DISTURBANCE_H
#define RH_MEASURE_DISTURBANCE_H

#include <stdint.h>

struct rh_disturbance {
    void *ring; /* NULL: the kernel gives none */
    int fd;
};

/* Of the calling thread. Never fails: without a ring nothing is known. */
void rh_disturbance_open(struct rh_disturbance *disturbance);
void rh_disturbance_close(struct rh_disturbance *disturbance);
/* Where the ring stands; 0 without one. */
uint64_t rh_disturbance_at(const struct rh_disturbance *disturbance);
/* What happened from one place to another; UINT64_MAX where that is not known: no ring, or more
 * than it holds. */
void rh_disturbance_count(const struct rh_disturbance *disturbance, uint64_t from, uint64_t to,
                          uint64_t *ret_faults, uint64_t *ret_switches);

#endif
