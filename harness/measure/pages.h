/* pages.h - which pages of this process are anonymous and resident.
 *
 * By the ioctl PAGEMAP_SCAN (Linux 6.7), which passes over what is not there; before that by
 * /proc/self/maps and pagemap, which count the zero page, too, and know nothing of huge pages. */
#ifndef RH_MEASURE_PAGES_H
#define RH_MEASURE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

enum { RH_PAGE_BYTES = 4096 };

/* Adjacent pages of one kind. */
struct rh_page_run {
    uint64_t begin, end; /* addresses, multiples of RH_PAGE_BYTES */
    uint64_t first;      /* pages in the runs before it */
    bool huge;           /* transparent huge pages */
};

/* All memory of it is file or shmem mappings, whose address space is taken at the start: a look
 * changes neither what is counted nor where the process's next mapping lies. */
struct rh_pages {
    int pagemap_fd;
    bool scans;            /* the kernel has PAGEMAP_SCAN; may be set to false */
    struct rh_mapped room; /* for the kernel's answers */
    struct rh_mapped table;
    struct rh_page_run *runs; /* by address */
    size_t run_count;
    uint64_t page_count;
    uint64_t capacity; /* most pages: what the machine has */
};

int rh_pages_init(struct rh_pages *pages, struct rh_error *error);
/* Accepts a zeroed one. */
void rh_pages_finish(struct rh_pages *pages);
/* Looks anew. Threads that change mappings meanwhile make it inexact. */
int rh_pages_look(struct rh_pages *pages, struct rh_error *error);
/* The first run that ends behind the address, from `hint` on where that is still before it;
 * run_count: none. */
size_t rh_pages_find(const struct rh_pages *pages, uint64_t address, size_t hint);

#endif
