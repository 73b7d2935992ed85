/* random.h - xoshiro256** seeded by splitmix64 (Blackman and Vigna, "Scrambled linear pseudorandom
 * number generators", 2021): small, fast, the same everywhere, so that a seed names a run. */
#ifndef RH_BASE_RANDOM_H
#define RH_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct rh_random {
    uint64_t state[4];
};

void rh_random_seed(struct rh_random *random, uint64_t seed);
uint64_t rh_random_next(struct rh_random *random);
/* Uniform in [0, bound), without bias (Lemire 2019). bound > 0. */
uint64_t rh_random_below(struct rh_random *random, uint64_t bound);
/* Uniform in [0, 1), 53 bits. */
double rh_random_unit(struct rh_random *random);
/* A uniform permutation of the `count` numbers in place (Fisher-Yates). */
void rh_random_shuffle(struct rh_random *random, uint32_t *numbers, size_t count);
/* A seed from the system. */
uint64_t rh_random_system_seed(void);

#endif
