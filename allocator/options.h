/* options.h - reads "name=value" options of an allocator. */
#ifndef REHEAP_OPTIONS_H
#define REHEAP_OPTIONS_H

#include "allocator/allocator.h"

/* Every option is one that `options` (ends with a NULL name; NULL: none) lists. 0, or -1 with the
 * sentence. */
int rh_options_check(const struct rh_allocator_config *config,
                     const struct rh_allocator_option *options, char *ret_reason,
                     size_t reason_bytes);

/* The value of the option, the last one where it is given twice; NULL: not given. */
const char *rh_options_value(const struct rh_allocator_config *config, const char *name);

/* Bytes with an optional suffix K, M, G or T (powers of 1024). 0, with *ret_bytes untouched where
 * the option is not given; or -1 with the sentence. */
int rh_options_bytes(const struct rh_allocator_config *config, const char *name,
                     uint64_t *ret_bytes, char *ret_reason, size_t reason_bytes);

#endif
