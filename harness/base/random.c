/* random.c - reproducible random numbers. */
#include "base/random.h"

#include <sys/random.h>

#include "base/assert.h"
#include "base/clock.h"

static uint64_t splitmix64(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t value, int bits) {
    return (value << bits) | (value >> (64 - bits));
}

void rh_random_seed(struct rh_random *random, uint64_t seed) {
    for (int i = 0; i < 4; i++)
        random->state[i] = splitmix64(&seed);
}

uint64_t rh_random_next(struct rh_random *random) {
    uint64_t *s = random->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rh_random_below(struct rh_random *random, uint64_t bound) {
    rh_assert(bound > 0);
    __extension__ typedef unsigned __int128 uint128;
    uint128 product = (uint128)rh_random_next(random) * bound;
    if ((uint64_t)product < bound) {
        uint64_t threshold = -bound % bound;
        while ((uint64_t)product < threshold)
            product = (uint128)rh_random_next(random) * bound;
    }
    return (uint64_t)(product >> 64);
}

double rh_random_unit(struct rh_random *random) {
    return (double)(rh_random_next(random) >> 11) * 0x1p-53;
}

void rh_random_shuffle(struct rh_random *random, uint32_t *numbers, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)rh_random_below(random, i);
        uint32_t kept = numbers[i - 1];
        numbers[i - 1] = numbers[j];
        numbers[j] = kept;
    }
}

uint64_t rh_random_system_seed(void) {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
        seed = rh_now_ns();
    return seed;
}
