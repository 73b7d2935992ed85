/* complete.h - operations without a NULL member. */
#ifndef REHEAP_COMPLETE_H
#define REHEAP_COMPLETE_H

#include "allocator/allocator.h"

/* Checks version and mandatory members, and fills the optional ones that are missing with the
 * defaults that allocator.h names. The copy lives as long as the process, and the same operations
 * give the same copy. NULL with the sentence that names what is wrong, or when the pool of
 * RH_COMPLETE_SLOTS copies is used up. Safe from several threads. */
const struct rh_allocator_ops *rh_complete(const struct rh_allocator_ops *ops, char *ret_reason,
                                           size_t reason_bytes);

/* Whether completed operations have a thread_init or thread_fini of their own. */
bool rh_complete_has_thread_hooks(const struct rh_allocator_ops *ops);

enum { RH_COMPLETE_SLOTS = 32 };

#endif
