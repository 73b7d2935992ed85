/* pattern.h - what a live block holds: a pattern of its id, different at every place. */
#ifndef REHEAP_CHECKED_PATTERN_H
#define REHEAP_CHECKED_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills a block. Of one beyond 1 MiB only both ends and the first bytes of each page are written,
 * as a program would that writes to each page: the check must not need more memory than the trace.
 */
void rh_pattern_fill(void *block, size_t bytes, uint64_t id);

/* Compares the first `kept_bytes` of a block that was filled with `bytes`. */
bool rh_pattern_holds(const void *block, size_t bytes, size_t kept_bytes, uint64_t id,
                      size_t *ret_offset);

/* The offset of the first byte that is not 0, or `bytes`. */
size_t rh_pattern_zero_bytes(const void *block, size_t bytes);

#endif
