/* disturbance.h - page faults and lost CPUs of the calling thread, seen without a system call.
 *
 * Switches: the kernel writes a record of 8 bytes into a ring that the thread can read
 * (perf_event_open(2): PERF_RECORD_SWITCH, unprivileged up to perf_event_paranoid 2). Looking where
 * the ring stands is one load.
 *
 * Faults: a processor that returns from an interrupt or an exception to user mode clears segment
 * registers that hold a null selector (AMD64 manual volume 3, IRET; used before by SegScope, HPCA
 * 2024). So a null selector other than 0 in ES, which 64-bit code does not use, is a mark that a
 * page fault takes away; so does an interrupt. Where it is gone behind a call, the thread's count
 * of faults says whether any has come since that was last asked; if so, the call is taken for one
 * that faulted. (The count costs a system call, and a perf event for each fault makes all of them
 * 0.6-0.8 us dearer.) */
#ifndef RH_MEASURE_DISTURBANCE_H
#define RH_MEASURE_DISTURBANCE_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rh_disturbance {
    struct perf_event_mmap_page *ring; /* NULL: the kernel gives none */
    int fd;
    uint32_t mark;   /* what ES holds; 0: faults cannot be seen */
    uint64_t faults; /* of the thread when they were last asked for */
};

/* From one place to another. */
struct rh_disturbance_span {
    uint64_t ring_begin, ring_end;
    bool broken; /* the mark was taken away */
    bool faulted;
};

/* Whether this processor, or what emulates it, takes the mark away. By one thread alone: SIGILL has
 * another handler meanwhile. */
bool rh_disturbance_probe(void);
/* Of the calling thread, which alone may use it. `marks`: what the probe said. Never fails: what
 * cannot be seen is unknown. */
void rh_disturbance_open(struct rh_disturbance *disturbance, bool marks);
void rh_disturbance_close(struct rh_disturbance *disturbance);

/* Asks how many faults the thread has had; returns whether there are more than when it was last
 * asked. */
bool rh_disturbance_ask(struct rh_disturbance *disturbance);

static inline uint32_t rh_disturbance_mark(void) {
    uint32_t selector;
    __asm__ volatile("mov %%es, %0" : "=r"(selector) : : "memory");
    return selector;
}

static inline void rh_disturbance_set_mark(uint32_t mark) {
    __asm__ volatile("mov %0, %%es" : : "r"(mark) : "memory");
}

static inline uint64_t rh_disturbance_at(const struct rh_disturbance *disturbance) {
    const struct perf_event_mmap_page *ring = disturbance->ring;
    return ring != NULL ? __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE) : 0;
}

static inline void rh_disturbance_begin(const struct rh_disturbance *disturbance,
                                        struct rh_disturbance_span *span) {
    if (__builtin_expect(rh_disturbance_mark() != disturbance->mark, 0))
        rh_disturbance_set_mark(disturbance->mark);
    span->broken = span->faulted = false;
    span->ring_begin = rh_disturbance_at(disturbance);
}

/* May come several times behind one begin. */
static inline void rh_disturbance_end(const struct rh_disturbance *disturbance,
                                      struct rh_disturbance_span *span) {
    span->broken |= rh_disturbance_mark() != disturbance->mark;
    span->ring_end = rh_disturbance_at(disturbance);
}

/* Once behind the last end, when nothing is timed. */
static inline void rh_disturbance_settle(struct rh_disturbance *disturbance,
                                         struct rh_disturbance_span *span) {
    if (__builtin_expect(span->broken, 0))
        span->faulted = rh_disturbance_ask(disturbance);
}

/* What happened in a span, while the ring still holds it: 0 or 1 for faults, and the number of
 * switches; UINT64_MAX where that is not known. */
void rh_disturbance_count(const struct rh_disturbance *disturbance,
                          const struct rh_disturbance_span *span, uint64_t *ret_faults,
                          uint64_t *ret_switches);

#endif
