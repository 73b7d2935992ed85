/* memory.h - heap memory of the tools (never of the worker's op loop), and mapped arenas.
 *
 * The tools allocate through here, so that tests can make the n-th allocation fail. The worker
 * takes its tables from mapped arenas, which lie in shared mappings: they count as shmem and never
 * as the anonymous memory that a pass measures. */
#ifndef RH_BASE_MEMORY_H
#define RH_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* As malloc, calloc, realloc and strdup; NULL when there is no memory. Given back with rh_free. */
void *rh_alloc(size_t bytes);
void *rh_alloc_zeroed(size_t count, size_t bytes);
void *rh_realloc(void *pointer, size_t bytes);
char *rh_strdup(const char *text);
void rh_free(void *pointer);

/* For tests: the n-th allocation from now on (1 = the next) fails, and all after it; 0: none fails.
 */
void rh_memory_fail_at(uint64_t nth);

/* Grows an array so that it holds at least `wanted` elements: *array and *capacity change together.
 * Returns 0 or RH_ERR_MEMORY, with both untouched. */
int rh_grow(void **array, size_t *capacity, size_t wanted, size_t element_bytes,
            struct rh_error *error);

/* Memory in a shared mapping: page-aligned, zero, counted as shmem. Fixed size. Pages appear when
 * they are touched, or at once with `populate`. It is no file to a limit of file sizes. */
struct rh_mapped {
    void *data;
    size_t bytes;
};

int rh_mapped_init(struct rh_mapped *mapped, size_t bytes, int populate, struct rh_error *error);
/* Accepts a zeroed one. */
void rh_mapped_finish(struct rh_mapped *mapped);

#endif
