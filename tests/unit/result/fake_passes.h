/* fake_passes.h - the parts of fake.c that `passes` asks for. */
#ifndef RH_TEST_FAKE_PASSES_H
#define RH_TEST_FAKE_PASSES_H

#include "base/random.h"
#include "result/result.h"

/* Splits of a memory sample whose marks are filled; counts of system calls; a distribution. */
void fake_split(struct rh_result_sample *line, struct rh_random *random);
void fake_system_calls(struct rh_sample *sample, uint32_t allocator, struct rh_random *random);
void fake_latency(struct rh_latency *latency, uint32_t allocator, struct rh_random *random);

#endif
