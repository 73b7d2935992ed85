/* counters.h - what the processor counts for this process: the calling thread and all that are
 * created later, in user mode (perf_event_open(2)). */
#ifndef RH_MEASURE_COUNTERS_H
#define RH_MEASURE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

enum { RH_COUNTERS = 4 };

struct rh_counter_event {
    const char *name;
    uint32_t type; /* PERF_TYPE_... */
    uint64_t config;
};

/* Instructions, cycles, cache and dTLB misses: in the order of RH_COUNTER_MAP. */
extern const struct rh_counter_event rh_counters_hardware[RH_COUNTERS];

struct rh_counters {
    const struct rh_counter_event *events;
    int fds[RH_COUNTERS];    /* -1: not available */
    int errors[RH_COUNTERS]; /* then errno */
};

/* Never fails: what is not available is not counted. */
void rh_counters_open(struct rh_counters *counters, const struct rh_counter_event *events);
/* They count between these two. */
void rh_counters_start(const struct rh_counters *counters);
void rh_counters_stop(const struct rh_counters *counters);
/* UINT64_MAX: not available. Scaled where the kernel let several take turns on a register. */
void rh_counters_read(struct rh_counters *counters, uint64_t ret_values[RH_COUNTERS]);
void rh_counters_close(struct rh_counters *counters);

/* Why the first of those that are not available is not; "" where all are. */
void rh_counters_reason(const struct rh_counters *counters, char *ret_reason, size_t bytes);

#endif
