/* residency.c - looks at pages, within bounds. System calls go through syscall(), which is no
 * cancellation point. */
#include "record/preload/residency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record/preload/kept_file.h"
#include "record/preload/process.h"

enum {
    PAGE_BYTES = 4096,
    COST_SHARE = 20,               /* a thread spends at most this part of its time on looks, */
    COST_GRACE_STAMPS = 1 << 22,   /* after the first 20 ms or so of them; */
    FINISH_GRACE_STAMPS = 1 << 24, /* at the program's end, after 80 */
};

/* As in <linux/fs.h> from 6.7 on, which the headers of older systems lack. */
struct page_scan {
    uint64_t size;
    uint64_t flags;
    uint64_t start;
    uint64_t end;
    uint64_t walk_end;
    uint64_t regions;
    uint64_t regions_count;
    uint64_t pages_most;
    uint64_t inverted;
    uint64_t mask;
    uint64_t any_of;
    uint64_t returned;
};

struct page_region {
    uint64_t start;
    uint64_t end;
    uint64_t categories;
};

enum { IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4, IS_ZERO = 1 << 5 };

#define PAGE_SCAN _IOWR('f', 16, struct page_scan)

/* ---- the descriptor ---- */

enum { UNKNOWN = 0, BEING_OPENED, OPEN, MISSING };

static struct rh_kept_file pagemap = {.fd = -1};

void rh_residency_drop_inherited(void) {
    rh_kept_file_close(&pagemap);
}

/* One thread opens it; others do without meanwhile. */
static bool open_pagemap(uint32_t state) {
    if (state == BEING_OPENED || state == MISSING ||
        !atomic_compare_exchange_strong(&rh_process->pagemap_state, &state, BEING_OPENED))
        return false;
    bool is_open = rh_kept_file_open(&pagemap, "/proc/self/pagemap", O_RDONLY);
    atomic_store(&rh_process->pagemap_state, is_open ? OPEN : MISSING);
    return is_open;
}

static bool has_pagemap(void) {
    uint32_t state = atomic_load(&rh_process->pagemap_state);
    return state == OPEN && rh_kept_file_is_ours(&pagemap) ? true : open_pagemap(state);
}

/* ---- looks ---- */

static bool scan(uintptr_t start, uintptr_t end, uint64_t *ret_pages) {
    struct page_region regions[32];
    struct page_scan request = {
        .size = sizeof(request),
        .end = end,
        .regions = (uintptr_t)regions,
        .regions_count = sizeof(regions) / sizeof(regions[0]),
        .inverted = IS_ZERO,
        .mask = IS_ZERO,
        .any_of = IS_PRESENT | IS_SWAPPED,
        .returned = IS_PRESENT,
    };
    uint64_t pages = 0;
    for (request.walk_end = start; request.walk_end < end;) {
        request.start = request.walk_end;
        long count = syscall(SYS_ioctl, pagemap.fd, PAGE_SCAN, &request);
        if (count < 0 || request.walk_end <= request.start)
            return false;
        for (long i = 0; i < count; i++)
            pages += (regions[i].end - regions[i].start) / PAGE_BYTES;
    }
    *ret_pages = pages;
    return true;
}

/* Where the kernel is older. */
static bool ask_mincore(uintptr_t start, uintptr_t end, uint64_t *ret_pages) {
    unsigned char states[1024];
    uint64_t pages = 0;
    while (start < end) {
        size_t count = (end - start) / PAGE_BYTES;
        if (count > sizeof(states))
            count = sizeof(states);
        if (syscall(SYS_mincore, start, count * PAGE_BYTES, states) != 0)
            return false;
        for (size_t i = 0; i < count; i++)
            pages += states[i] & 1;
        start += count * PAGE_BYTES;
    }
    *ret_pages = pages;
    return true;
}

static uint32_t count_pages(const void *pointer, size_t bytes) {
    uintptr_t start = (uintptr_t)pointer & ~(uintptr_t)(PAGE_BYTES - 1);
    uintptr_t end = ((uintptr_t)pointer + bytes + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
    uint64_t most = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    uint64_t pages = 0;
    if (!(has_pagemap() && scan(start, end, &pages)) && !ask_mincore(start, end, &pages))
        return RH_PAGES_UNKNOWN;
    if (pages > most)
        pages = most;
    return pages < RH_PAGES_UNKNOWN ? (uint32_t)pages : RH_PAGES_UNKNOWN;
}

/* Looks and keeps the accounts. */
static uint32_t look(struct rh_writer *writer, const void *pointer, size_t bytes) {
    struct rh_spool_header *header = rh_process->header;
    int saved_errno = errno;
    uint64_t start = rh_stamp();
    uint32_t pages = count_pages(pointer, bytes);
    uint64_t spent = rh_stamp() - start;
    errno = saved_errno;
    writer->look_stamps += spent;
    atomic_fetch_add_explicit(&header->look_count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&header->look_stamps, spent, memory_order_relaxed);
    return pages;
}

static bool can_afford(const struct rh_writer *writer, uint64_t grace_stamps) {
    uint64_t spent = writer->look_stamps;
    return spent < grace_stamps ||
           (spent - grace_stamps) * COST_SHARE < rh_stamp() - writer->since_stamp;
}

static uint32_t skip(void) {
    atomic_fetch_add_explicit(&rh_process->header->look_skipped, 1, memory_order_relaxed);
    return RH_PAGES_UNKNOWN;
}

void rh_residency_note(const void *pointer, size_t bytes) {
    if (!rh_large_add(pointer, bytes))
        skip();
}

uint32_t rh_residency_look(struct rh_writer *writer, const void *pointer, size_t bytes) {
    return can_afford(writer, COST_GRACE_STAMPS) ? look(writer, pointer, bytes) : skip();
}

/* ---- the end ---- */

static bool record_block(void *context, const void *pointer, size_t bytes) {
    (void)context;
    struct rh_writer *writer = rh_writer_enter();
    if (writer == NULL)
        return false;
    uint32_t pages =
        can_afford(writer, FINISH_GRACE_STAMPS) ? look(writer, pointer, bytes) : skip();
    if (pages == RH_PAGES_UNKNOWN)
        rh_writer_leave(writer, writer->cursor);
    else
        rh_record_resident(writer, pointer, pages);
    return true;
}

void rh_residency_finish(void) {
    bool is_inside =
        rh_writer_own()->state == RH_WRITER_INSIDE; /* a signal handler ends the program */
    if (!is_inside && atomic_load(&rh_process->mode) == RH_PROCESS_RECORDING)
        rh_large_visit(record_block, NULL);
}
