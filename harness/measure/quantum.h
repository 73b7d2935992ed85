/* quantum.h - in what steps a clock moves on.
 *
 * A virtual machine may have a time stamp counter that counts, say, 10 ns steps scaled to ticks:
 * then differences are multiples of 24.5 ticks, rounded, and have no common divisor. */
#ifndef RH_MEASURE_QUANTUM_H
#define RH_MEASURE_QUANTUM_H

#include <stdbool.h>
#include <stdint.h>

enum { RH_QUANTUM_STEPS = 1024 }; /* longer differences are interrupts */

/* From how often each difference of two readings in a row was seen: the step of which all but rare
 * ones are multiples, to within the rounding of a tick. In ticks, at least 1. */
double rh_quantum_of(const uint32_t counts[RH_QUANTUM_STEPS]);
/* Reads the time stamp counter, or the monotonic clock, for about a millisecond. */
double rh_quantum_find(bool tsc);

#endif
