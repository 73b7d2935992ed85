/* host.h - facts about the machine and the process that go into a trace's metadata. */
#ifndef RH_RECORD_HOST_H
#define RH_RECORD_HOST_H

#include <stdint.h>

#include "base/error.h"
#include "record/spool.h"
#include "trace/trace.h"

/* ns per tick of the spool's clock: measured over the time since the recording began, if that was
 * on this machine and since its start. */
double rh_host_ns_per_tick(const struct rh_spool_header *header);

/* Fills the strings of zeroed metadata, and pid. */
int rh_host_describe(const struct rh_spool_header *header, struct rh_error *error,
                     struct rh_trace_meta *meta);

/* Ticks as nanoseconds: at most 2^61, which a damaged spool may pass. */
uint64_t rh_host_ns_of(uint64_t ticks, double ns_per_tick);

#endif
