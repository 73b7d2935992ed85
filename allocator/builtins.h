/* builtins.h - one object a file; registry.c lists them. */
#ifndef REHEAP_BUILTINS_H
#define REHEAP_BUILTINS_H

#include "allocator/allocator.h"

extern const struct rh_allocator_ops rh_allocator_null;
extern const struct rh_allocator_ops rh_allocator_bump;
extern const struct rh_allocator_ops rh_allocator_checked;
extern const struct rh_allocator_ops rh_allocator_glibc;
extern const struct rh_allocator_ops rh_allocator_jemalloc;
extern const struct rh_allocator_ops rh_allocator_mimalloc;
extern const struct rh_allocator_ops rh_allocator_tcmalloc;
extern const struct rh_allocator_ops rh_allocator_musl;
extern const struct rh_allocator_ops rh_allocator_tbbmalloc;
extern const struct rh_allocator_ops rh_allocator_scudo;
extern const struct rh_allocator_ops rh_allocator_sbrk;
extern const struct rh_allocator_ops rh_allocator_sbrk_zig;

#endif
