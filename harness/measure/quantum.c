/* quantum.c - the step of a clock, from the differences of its readings. */
#include "measure/quantum.h"

#include "base/clock.h"

enum {
    READINGS = 20000,
    RARE = 2000,   /* one in so many differences says nothing */
    FINE_STEP = 4, /* in shorter ones everything is a multiple to within a tick */
};

static uint32_t rare_count(const uint32_t counts[RH_QUANTUM_STEPS]) {
    uint64_t total = 0;
    for (uint32_t step = 0; step < RH_QUANTUM_STEPS; step++)
        total += counts[step];
    return 1 + (uint32_t)(total / RARE);
}

static uint32_t greatest_common(uint32_t a, uint32_t b) {
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The least step is the quantum, or a multiple of it that everything else is of, too. */
static double least_step(const uint32_t counts[RH_QUANTUM_STEPS], uint32_t rare) {
    for (uint32_t step = 1; step + 1 < RH_QUANTUM_STEPS; step++) {
        double here = counts[step], next = counts[step + 1] > rare ? counts[step + 1] : 0;
        if (here > rare)
            return step + next / (here + next); /* rounded down, and up */
    }
    return 1;
}

/* Least squares over all steps, each a multiple of about `guess`. */
static double refine(const uint32_t counts[RH_QUANTUM_STEPS], uint32_t rare, double guess) {
    double product = 0, square = 0;
    for (uint32_t step = 1; step < RH_QUANTUM_STEPS; step++) {
        double multiple = (double)(uint64_t)(step / guess + 0.5);
        if (counts[step] <= rare)
            continue;
        product += counts[step] * multiple * step;
        square += counts[step] * multiple * multiple;
    }
    return square > 0 ? product / square : guess;
}

static bool all_are_multiples(const uint32_t counts[RH_QUANTUM_STEPS], uint32_t rare,
                              double quantum) {
    for (uint32_t step = 1; step < RH_QUANTUM_STEPS; step++) {
        double off = step - quantum * (double)(uint64_t)(step / quantum + 0.5);
        if (counts[step] > rare && (off > 1 || off < -1))
            return false;
    }
    return true;
}

double rh_quantum_of(const uint32_t counts[RH_QUANTUM_STEPS]) {
    uint32_t rare = rare_count(counts), common = 0;
    double quantum = refine(counts, rare, least_step(counts, rare));
    if (quantum >= FINE_STEP && all_are_multiples(counts, rare, quantum))
        return quantum;
    for (uint32_t step = 1; step < RH_QUANTUM_STEPS; step++)
        if (counts[step] > rare)
            common = greatest_common(step, common);
    return common > 0 ? common : 1;
}

double rh_quantum_find(bool tsc) {
    uint32_t counts[RH_QUANTUM_STEPS] = {0};
    uint64_t before = tsc ? rh_tsc() : rh_now_ns();
    for (int i = 0; i < READINGS; i++) {
        uint64_t now = tsc ? rh_tsc() : rh_now_ns(), step = now - before;
        before = now;
        if (step < RH_QUANTUM_STEPS)
            counts[step]++;
    }
    return rh_quantum_of(counts);
}
