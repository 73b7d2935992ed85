/* disturbance.c - a perf ring and a marked segment register per thread. */
#include "measure/disturbance.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"

enum {
    RING_BYTES = 4096,
    HEADER_BYTES = 4096,
    MARK = 3, /* the null selector of user mode */
    TRIES = 20,
};

/* ---- the ring ---- */

static int open_event(void) {
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof(attributes),
        .config = PERF_COUNT_SW_DUMMY,
        .exclude_kernel = 1,
        .exclude_hv = 1,
        .context_switch = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void open_ring(struct rh_disturbance *disturbance) {
    disturbance->fd = open_event();
    if (disturbance->fd < 0)
        return;
    /* Read-only: the kernel overwrites what is old. */
    void *ring = mmap(NULL, HEADER_BYTES + RING_BYTES, PROT_READ, MAP_SHARED, disturbance->fd, 0);
    if (ring != MAP_FAILED)
        disturbance->ring = ring;
}

static uint64_t count_switches(const struct rh_disturbance *disturbance, uint64_t from,
                               uint64_t to) {
    uint64_t switches = 0;
    bool known = disturbance->ring != NULL && to >= from && to - from <= RING_BYTES;
    while (known && from < to) {
        struct perf_event_header record;
        const char *ring = (const char *)disturbance->ring + HEADER_BYTES;
        memcpy(&record, ring + from % RING_BYTES, sizeof(record));
        known = record.size == sizeof(record); /* else it was overwritten, or is none of ours */
        switches +=
            record.type == PERF_RECORD_SWITCH && (record.misc & PERF_RECORD_MISC_SWITCH_OUT) != 0;
        from += sizeof(record);
    }
    return known ? switches : UINT64_MAX;
}

/* ---- the mark ---- */

static sigjmp_buf no_such_instruction;

static void leave_probe(int number) {
    siglongjmp(no_such_instruction, number);
}

/* Whether the mark stays while nothing happens, and goes with a fault. */
static bool mark_works(volatile char *fresh_pages, size_t page_bytes) {
    bool stays = false;
    for (int i = 0; i < TRIES; i++) {
        rh_disturbance_set_mark(MARK);
        stays |= rh_disturbance_mark() == MARK;
        fresh_pages[(size_t)i * page_bytes] = 1;
        if (rh_disturbance_mark() == MARK)
            return false;
    }
    return stays;
}

static bool probe_fresh_pages(void) {
    size_t page_bytes = 4096, bytes = TRIES * page_bytes;
    char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return false;
    madvise(pages, bytes, MADV_NOHUGEPAGE);
    bool works = mark_works(pages, page_bytes);
    munmap(pages, bytes);
    return works;
}

bool rh_disturbance_probe(void) {
    /* valgrind does not know the instruction. */
    struct sigaction leave = {.sa_handler = leave_probe}, before;
    sigaction(SIGILL, &leave, &before);
    bool works = sigsetjmp(no_such_instruction, 1) == 0 && probe_fresh_pages();
    sigaction(SIGILL, &before, NULL);
    return works;
}

bool rh_disturbance_ask(struct rh_disturbance *disturbance) {
    struct rusage usage;
    rh_assert(getrusage(RUSAGE_THREAD, &usage) == 0);
    uint64_t before = disturbance->faults;
    disturbance->faults = (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
    return disturbance->faults > before;
}

/* ---- both ---- */

void rh_disturbance_open(struct rh_disturbance *disturbance, bool marks) {
    *disturbance = (struct rh_disturbance){.mark = marks ? MARK : 0};
    open_ring(disturbance);
    rh_disturbance_ask(disturbance);
}

void rh_disturbance_close(struct rh_disturbance *disturbance) {
    if (disturbance->ring != NULL)
        munmap(disturbance->ring, HEADER_BYTES + RING_BYTES);
    if (disturbance->fd >= 0)
        close(disturbance->fd);
    if (disturbance->mark != 0)
        rh_disturbance_set_mark(0);
    *disturbance = (struct rh_disturbance){.fd = -1};
}

void rh_disturbance_count(const struct rh_disturbance *disturbance,
                          const struct rh_disturbance_span *span, uint64_t *ret_faults,
                          uint64_t *ret_switches) {
    *ret_faults = disturbance->mark != 0 ? span->faulted : UINT64_MAX;
    *ret_switches = count_switches(disturbance, span->ring_begin, span->ring_end);
}
