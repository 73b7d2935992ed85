/* operator_kind.h - which operators new and delete a program calls, and what they are like. */
#ifndef RH_RECORD_PRELOAD_OPERATOR_KIND_H
#define RH_RECORD_PRELOAD_OPERATOR_KIND_H

#include <stdatomic.h>
#include <stdint.h>

#include "record/preload/large.h"

/* X(member, mangled name) */
#define OPERATOR_MAP(X)                                                                            \
    X(new, "_Znwm")                                                                                \
    X(new_array, "_Znam")                                                                          \
    X(new_nothrow, "_ZnwmRKSt9nothrow_t")                                                          \
    X(new_array_nothrow, "_ZnamRKSt9nothrow_t")                                                    \
    X(new_aligned, "_ZnwmSt11align_val_t")                                                         \
    X(new_array_aligned, "_ZnamSt11align_val_t")                                                   \
    X(new_aligned_nothrow, "_ZnwmSt11align_val_tRKSt9nothrow_t")                                   \
    X(new_array_aligned_nothrow, "_ZnamSt11align_val_tRKSt9nothrow_t")                             \
    X(delete, "_ZdlPv")                                                                            \
    X(delete_array, "_ZdaPv")                                                                      \
    X(delete_nothrow, "_ZdlPvRKSt9nothrow_t")                                                      \
    X(delete_array_nothrow, "_ZdaPvRKSt9nothrow_t")                                                \
    X(delete_sized, "_ZdlPvm")                                                                     \
    X(delete_array_sized, "_ZdaPvm")                                                               \
    X(delete_aligned, "_ZdlPvSt11align_val_t")                                                     \
    X(delete_array_aligned, "_ZdaPvSt11align_val_t")                                               \
    X(delete_aligned_nothrow, "_ZdlPvSt11align_val_tRKSt9nothrow_t")                               \
    X(delete_array_aligned_nothrow, "_ZdaPvSt11align_val_tRKSt9nothrow_t")                         \
    X(delete_sized_aligned, "_ZdlPvmSt11align_val_t")                                              \
    X(delete_array_sized_aligned, "_ZdaPvmSt11align_val_t")

enum operator_index {
#define X(member, name) OPERATOR_##member,
    OPERATOR_MAP(X)
#undef X
        OPERATORS_COUNT
};

enum operator_kind {
    OPERATOR_UNKNOWN = 0,
    OPERATOR_PLAIN,   /* malloc and a handler: libstdc++, libc++, or none at all */
    OPERATOR_OWN,     /* of the allocator that malloc is of */
    OPERATOR_FORWARD, /* called, and only its own calls recorded */
};

struct operator_entry {
    _Atomic uint32_t kind; /* enum operator_kind; says that `address` is there */
    void *address;         /* NULL: there is none */
};

extern const char *const rh_operator_names[OPERATORS_COUNT];
extern struct operator_entry rh_operators[OPERATORS_COUNT];

/* Finds the operator and all that may meet it on one block, which are judged together. */
__attribute__((noinline, cold)) uint32_t rh_operator_resolve(enum operator_index index);

static inline uint32_t rh_operator_kind(enum operator_index index) {
    uint32_t kind = atomic_load_explicit(&rh_operators[index].kind, memory_order_acquire);
    return rh_likely(kind != OPERATOR_UNKNOWN) ? kind : rh_operator_resolve(index);
}

#endif
