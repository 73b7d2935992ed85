/* plugin.h - allocators from shared objects of other people. */
#ifndef REHEAP_PLUGIN_H
#define REHEAP_PLUGIN_H

#include "allocator/allocator.h"

/* Opens the shared object at `path`, takes its `reheap_allocator` and completes it. It stays open
 * as long as the process, and the same path gives the same operations. NULL with the sentence that
 * names what is wrong: the file, a symbol, the version, a member. */
const struct rh_allocator_ops *rh_plugin_open(const char *path, char *ret_reason,
                                              size_t reason_bytes);

#endif
