/* residency.h - how many pages of a block are resident.
 *
 * Asked of the kernel with PAGEMAP_SCAN (Linux 6.7), which tells the page of zeros, that reading
 * fresh memory maps, from a page of its own; where that is missing, with mincore, which does not.
 * Pages that the program or its allocator has given back with MADV_FREE count until the kernel
 * takes them. */
#ifndef RH_RECORD_PRELOAD_RESIDENCY_H
#define RH_RECORD_PRELOAD_RESIDENCY_H

#include <stddef.h>
#include <stdint.h>

#include "record/preload/writer.h"

#define RH_PAGES_UNKNOWN UINT32_MAX

/* Pages that the block has a part in and that are resident, at most as many as a block of its size
 * on a page's begin has. RH_PAGES_UNKNOWN: not known, or the thread has spent too much of its time
 * on looks already (that is counted). Keeps errno. */
uint32_t rh_residency_look(struct rh_writer *writer, const void *pointer, size_t bytes);

/* At the program's end: records what is resident of the blocks that are still live. */
void rh_residency_finish(void);

/* A fork child's: the descriptor shows its parent's pages. */
void rh_residency_drop_inherited(void);

#endif
