/* tiny.h - results of a few samples, made in memory, for tests that know every figure. */
#ifndef RH_TEST_TINY_H
#define RH_TEST_TINY_H

#include "result/result.h"

/* Allocators "a0" (the baseline), "a1" ...; traces "t0" ...; nothing measured yet. */
struct rh_result *tiny_create(unsigned allocators, unsigned traces, unsigned rounds);
/* Turns an allocator into a floor of that name. */
void tiny_make_floor(struct rh_result *result, unsigned allocator, const char *name);

/* A measured throughput sample of 1000 operations that took `ns` each. */
struct rh_result_sample *tiny_time(struct rh_result *result, unsigned trace, unsigned allocator,
                                   unsigned round, double ns);
/* The same for the second run of the baseline. */
struct rh_result_sample *tiny_again(struct rh_result *result, unsigned trace, unsigned round,
                                    double ns);
/* A measured memory sample without marks. */
struct rh_result_sample *tiny_memory(struct rh_result *result, unsigned trace, unsigned allocator,
                                     unsigned round, uint64_t live_bytes, uint64_t resident_bytes);

/* Rounds 1 ... n of every allocator on every trace: a0 at 100 ns, its second run too, each other
 * a<i> at 100 x factors[i - 1] ns, all wobbling by a few permille from round to round. */
void tiny_fill(struct rh_result *result, const double *factors);

#endif
