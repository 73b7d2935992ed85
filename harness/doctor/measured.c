/* measured.c - what no file says: do two CPUs share a core, and how fine are the stamps. */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "doctor/checks.h"
#include "measure/quantum.h"

/* ---- interference ---- */

enum { WORK = 1500000, TRIALS = 5, CHAINS = 8 };

/* Above this the two get in each other's way: a shared core gives 1.3 to 2, noise 1.1. */
static const double interference_limit = 1.25;

struct runner {
    int cpu;
    bool waits;
    _Atomic int *ready; /* how many are at the start */
    uint64_t ns;
};

/* Independent multiplications fill the core's units: a sibling takes half of them. */
static uint64_t work(uint64_t seed) {
    uint64_t chains[CHAINS];
    for (int i = 0; i < CHAINS; i++)
        chains[i] = seed + (uint64_t)i;
    for (int round = 0; round < WORK / CHAINS; round++)
        for (int i = 0; i < CHAINS; i++)
            chains[i] = chains[i] * UINT64_C(6364136223846793005) + 1;
    uint64_t sum = 0;
    for (int i = 0; i < CHAINS; i++)
        sum += chains[i];
    return sum;
}

static void *run(void *argument) {
    struct runner *runner = argument;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(runner->cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
    atomic_fetch_add(runner->ready, 1);
    while (runner->waits && atomic_load(runner->ready) < 2)
        sched_yield();
    uint64_t start_ns = rh_now_ns();
    volatile uint64_t sink = work(start_ns);
    (void)sink;
    runner->ns = rh_now_ns() - start_ns;
    return NULL;
}

/* The slower of the two; or of the one alone. 0: no thread could be made. */
static uint64_t time_of(const int cpus[2], int count) {
    _Atomic int ready = 0;
    struct runner runners[2];
    pthread_t threads[2];
    int made = 0;
    for (; made < count; made++) {
        runners[made] = (struct runner){.cpu = cpus[made], .waits = count == 2, .ready = &ready};
        if (pthread_create(&threads[made], NULL, run, &runners[made]) != 0)
            break;
    }
    if (made < count)
        atomic_store(&ready, 2);
    uint64_t ns = 0;
    for (int i = 0; i < made; i++) {
        pthread_join(threads[i], NULL);
        ns = runners[i].ns > ns ? runners[i].ns : ns;
    }
    return made == count ? ns : 0;
}

static bool first_two_cpus(int ret_cpus[2]) {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    if (sched_getaffinity(0, sizeof(usable), &usable) != 0)
        return false;
    int found = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
        if (CPU_ISSET(cpu, &usable))
            ret_cpus[found++] = cpu;
    return found == 2;
}

/* The smallest of several on both sides: what other load adds goes out. */
void rh_doctor_interference(const struct rh_doctor_options *options,
                            struct rh_doctor_answer *answer) {
    (void)options;
    int cpus[2];
    if (!first_two_cpus(cpus)) {
        rh_doctor_say(answer, RH_FINDING_UNKNOWN, "one CPU only");
        return;
    }
    uint64_t alone = UINT64_MAX;
    uint64_t together = UINT64_MAX;
    for (int trial = 0; trial < TRIALS; trial++) {
        uint64_t one = time_of(cpus, 1);
        uint64_t two = time_of(cpus, 2);
        if (one == 0 || two == 0)
            return;
        alone = one < alone ? one : alone;
        together = two < together ? two : together;
    }
    double factor = (double)together / (double)alone;
    rh_doctor_say(answer, factor > interference_limit ? RH_FINDING_WARNING : RH_FINDING_GOOD,
                  "together on CPUs %d and %d, two threads take %.2f times as long as one alone",
                  cpus[0], cpus[1], factor);
}

/* ---- the time stamp counter ---- */

void rh_doctor_quantum(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    (void)options;
    double per_ns = rh_tsc_per_ns(5000000);
    rh_doctor_say(answer, RH_FINDING_GOOD, "%.2g ns a step, %.2f GHz",
                  rh_quantum_find(true) / per_ns, per_ns);
}
