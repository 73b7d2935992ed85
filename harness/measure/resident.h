/* resident.h - what this process holds in memory, read without stdio and without allocating.
 *
 * Anonymous pages are told from file and shmem pages by the kernel, never by the names of mappings:
 * thread arenas have none. smaps_rollup walks the page tables and is exact; the counters of statm
 * may lag behind by a batch per CPU. */
#ifndef RH_MEASURE_RESIDENT_H
#define RH_MEASURE_RESIDENT_H

#include <stdint.h>

#include "base/error.h"

/* Open files of /proc/self, kept open for repeated reading. */
struct rh_resident {
    int rollup_fd;
    int status_fd;
};

/* Bytes. */
struct rh_resident_sample {
    uint64_t anonymous_bytes; /* RssAnon */
    uint64_t lazy_free_bytes; /* of these, given up by MADV_FREE but not yet taken */
    uint64_t huge_bytes;      /* of these, in transparent huge pages */
    uint64_t total_bytes;     /* with file and shmem pages */
};

int rh_resident_init(struct rh_resident *resident, struct rh_error *error);
void rh_resident_finish(struct rh_resident *resident);
/* The kernel moves pages to their lists in batches, a batch a CPU, and counts a page that MADV_FREE
 * gave up only when it has been moved. This empties the batches of the calling CPU. */
void rh_resident_drain(void);
/* Drains, and walks the page tables of the whole process: about 11 ms a GiB. */
int rh_resident_read(const struct rh_resident *resident, struct rh_error *error,
                     struct rh_resident_sample *ret_sample);
/* Sets the high-water mark to what is resident now. Without the right to do so, an error. */
int rh_resident_reset_high_water(struct rh_error *error);
/* VmHWM: the most that was ever resident, with file and shmem pages. */
int rh_resident_high_water(const struct rh_resident *resident, struct rh_error *error,
                           uint64_t *ret_bytes);

/* What the page tables of the process take. */
int rh_resident_page_tables(const struct rh_resident *resident, struct rh_error *error,
                            uint64_t *ret_bytes);

/* The value in bytes of the line "KEY:   N kB" in `text`; RH_ERR_MISSING without such a line. */
int rh_resident_parse(const char *text, const char *key, struct rh_error *error,
                      uint64_t *ret_bytes);

#endif
