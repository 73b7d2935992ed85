/* disturbance.c - a perf ring per thread. */
#include "measure/disturbance.h"

#include <linux/perf_event.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RING_BYTES = 4096, HEADER_BYTES = 4096 };

static int open_event(void) {
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof(attributes),
        .config = PERF_COUNT_SW_PAGE_FAULTS,
        .sample_period = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
        .context_switch = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void rh_disturbance_open(struct rh_disturbance *disturbance) {
    *disturbance = (struct rh_disturbance){.fd = open_event()};
    if (disturbance->fd < 0)
        return;
    /* Read-only: the kernel overwrites what is old. */
    void *ring = mmap(NULL, HEADER_BYTES + RING_BYTES, PROT_READ, MAP_SHARED, disturbance->fd, 0);
    if (ring != MAP_FAILED)
        disturbance->ring = ring;
}

void rh_disturbance_close(struct rh_disturbance *disturbance) {
    if (disturbance->ring != NULL)
        munmap(disturbance->ring, HEADER_BYTES + RING_BYTES);
    if (disturbance->fd >= 0)
        close(disturbance->fd);
    *disturbance = (struct rh_disturbance){.fd = -1};
}

uint64_t rh_disturbance_at(const struct rh_disturbance *disturbance) {
    const struct perf_event_mmap_page *page = disturbance->ring;
    return page != NULL ? __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE) : 0;
}

void rh_disturbance_count(const struct rh_disturbance *disturbance, uint64_t from, uint64_t to,
                          uint64_t *ret_faults, uint64_t *ret_switches) {
    uint64_t faults = 0, switches = 0;
    bool known = disturbance->ring != NULL && to >= from && to - from <= RING_BYTES;
    while (known && from < to) {
        struct perf_event_header record;
        const char *ring = (const char *)disturbance->ring + HEADER_BYTES;
        memcpy(&record, ring + from % RING_BYTES, sizeof(record));
        known = record.size == sizeof(record); /* else it was overwritten, or is none of ours */
        faults += record.type == PERF_RECORD_SAMPLE;
        switches +=
            record.type == PERF_RECORD_SWITCH && (record.misc & PERF_RECORD_MISC_SWITCH_OUT) != 0;
        from += sizeof(record);
    }
    *ret_faults = known ? faults : UINT64_MAX;
    *ret_switches = known ? switches : UINT64_MAX;
}
