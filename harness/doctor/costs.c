/* costs.c - what docs/method.md says that things cost, measured where the program runs. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "doctor/checks.h"

enum { MAPPING_BYTES = 32 << 20, REPEATS = 200, WALKS = 3 };

static const double gib = 1 << 30;

static void say_ns(struct rh_doctor_answer *answer, double ns, const char *of) {
    char text[RH_HUMAN_BYTES];
    rh_doctor_say(answer, RH_FINDING_GOOD, "%s%s", rh_human_ns(text, ns), of);
}

void rh_doctor_cost_clock(const struct rh_doctor_options *options,
                          struct rh_doctor_answer *answer) {
    (void)options;
    uint64_t start_ns = rh_now_ns();
    uint64_t now_ns = start_ns;
    for (int i = 0; i < REPEATS; i++)
        now_ns = rh_now_ns();
    say_ns(answer, (double)(now_ns - start_ns) / REPEATS, "");
}

/* Touched memory for the walkers; NULL: there is none. *ret_ns: what a page cost. */
static unsigned char *touch(double *ret_ns) {
    unsigned char *mapping =
        mmap(NULL, MAPPING_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        return NULL;
    madvise(mapping, MAPPING_BYTES, MADV_NOHUGEPAGE);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t start_ns = rh_now_ns();
    for (size_t at = 0; at < MAPPING_BYTES; at += page)
        mapping[at] = 1;
    *ret_ns = (double)(rh_now_ns() - start_ns) / ((double)MAPPING_BYTES / (double)page);
    return mapping;
}

void rh_doctor_cost_fault(const struct rh_doctor_options *options,
                          struct rh_doctor_answer *answer) {
    (void)options;
    double ns = 0;
    unsigned char *mapping = touch(&ns);
    if (mapping == NULL)
        return;
    munmap(mapping, MAPPING_BYTES);
    say_ns(answer, ns, "");
}

/* Reads a file of /proc/self from its start; ns, or 0. */
static double time_reading(const char *path, off_t offset, size_t bytes, int repeats) {
    char *buffer = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    double best = 0;
    for (int i = 0; fd >= 0 && buffer != MAP_FAILED && i < repeats; i++) {
        uint64_t start_ns = rh_now_ns();
        if (pread(fd, buffer, bytes, offset) <= 0)
            break;
        double ns = (double)(rh_now_ns() - start_ns);
        best = best == 0 || ns < best ? ns : best;
    }
    if (fd >= 0)
        close(fd);
    if (buffer != MAP_FAILED)
        munmap(buffer, bytes);
    return best;
}

void rh_doctor_cost_statm(const struct rh_doctor_options *options,
                          struct rh_doctor_answer *answer) {
    (void)options;
    double ns = time_reading("/proc/self/statm", 0, 4096, REPEATS);
    if (ns > 0)
        say_ns(answer, ns, "");
}

static double time_mincore(const unsigned char *mapping) {
    static unsigned char pages[MAPPING_BYTES / 4096];
    uint64_t start_ns = rh_now_ns();
    return mincore((void *)mapping, MAPPING_BYTES, pages) == 0 ? (double)(rh_now_ns() - start_ns)
                                                               : 0;
}

static double time_pagemap(const unsigned char *mapping) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return time_reading("/proc/self/pagemap", (off_t)((size_t)mapping / page * 8),
                        MAPPING_BYTES / page * 8, 1);
}

static double time_rollup(const unsigned char *mapping) {
    (void)mapping;
    return time_reading("/proc/self/smaps_rollup", 0, 4096, 1);
}

/* The quickest of a few walks over touched memory, scaled to 1 GiB. */
static void time_walk(double (*walk)(const unsigned char *mapping),
                      struct rh_doctor_answer *answer) {
    double fault_ns = 0;
    unsigned char *mapping = touch(&fault_ns);
    double best = 0;
    for (int i = 0; mapping != NULL && i < WALKS; i++) {
        double ns = walk(mapping);
        best = ns > 0 && (best == 0 || ns < best) ? ns : best;
    }
    if (mapping != NULL)
        munmap(mapping, MAPPING_BYTES);
    if (best > 0)
        say_ns(answer, best * gib / MAPPING_BYTES, " a GiB");
}

void rh_doctor_cost_mincore(const struct rh_doctor_options *options,
                            struct rh_doctor_answer *answer) {
    (void)options;
    time_walk(time_mincore, answer);
}

void rh_doctor_cost_pagemap(const struct rh_doctor_options *options,
                            struct rh_doctor_answer *answer) {
    (void)options;
    time_walk(time_pagemap, answer);
}

void rh_doctor_cost_rollup(const struct rh_doctor_options *options,
                           struct rh_doctor_answer *answer) {
    (void)options;
    time_walk(time_rollup, answer);
}
