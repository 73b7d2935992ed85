/* operators.c - C++'s new and delete, so that sizes at release and alignments are known.
 *
 * libstdc++'s and libc++'s operators are malloc and free with a loop around the new handler: they
 * are forwarded past, to the next malloc, else the inner call would be recorded as well. Only when
 * that fails is the real operator called, to run the handler or to throw; then its own calls of
 * malloc are what is recorded. An allocator that brings operators of its own (tcmalloc, jemalloc,
 * mimalloc) has these called, unless they are built on its malloc API too. Any other library's are
 * called too, but what is recorded is what they call: their blocks need not be malloc's (a header
 * before them, a pool). All operators that may meet on one block are judged together. They may
 * throw through this library, so nothing is left to be undone behind such a call. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "record/preload/export.h"
#include "record/preload/next.h"
#include "record/preload/operator_kind.h"
#include "record/preload/writer.h"
#include "record/spool.h"

/* ---- new ---- */

struct request {
    enum operator_index index;
    size_t bytes;
    size_t alignment;    /* 0: a plain new */
    const void *nothrow; /* NULL: this form throws */
};

static void *call_new(const struct request *request) {
    void *address = rh_operators[request->index].address;
    if (address == NULL)
        rh_assert_fail(rh_operator_names[request->index], "no C++ library defines it", 0);
    union {
        void *address;
        void *(*plain)(size_t);
        void *(*nothrow)(size_t, const void *);
        void *(*aligned)(size_t, size_t);
        void *(*aligned_nothrow)(size_t, size_t, const void *);
    } function = {.address = address};
    if (request->alignment == 0)
        return request->nothrow == NULL ? function.plain(request->bytes)
                                        : function.nothrow(request->bytes, request->nothrow);
    return request->nothrow == NULL
               ? function.aligned(request->bytes, request->alignment)
               : function.aligned_nothrow(request->bytes, request->alignment, request->nothrow);
}

static void record_new(struct rh_writer *writer, const struct request *request, void *pointer) {
    if (request->alignment == 0)
        rh_record_acquired(writer, RH_SPOOL_NEW, pointer, request->bytes);
    else
        rh_record_aligned(writer, RH_SPOOL_EXT_NEW_ALIGNED, pointer, request->alignment,
                          request->bytes);
}

/* As libstdc++ calls it (libsupc++/new_op.cc and new_opa.cc, GCC 12). */
static void *allocate_plainly(const struct request *request) {
    size_t bytes = request->bytes != 0 ? request->bytes : 1;
    size_t alignment = request->alignment;
    if (alignment == 0)
        return rh_next.malloc(bytes);
    if (alignment < sizeof(void *))
        alignment = sizeof(void *);
    if (bytes > SIZE_MAX - alignment)
        return NULL;
    return rh_next.aligned_alloc(alignment, (bytes + alignment - 1) & ~(alignment - 1));
}

static void *new_plain(const struct request *request) {
    struct rh_writer *writer = rh_writer_enter();
    void *pointer = allocate_plainly(request);
    if (rh_likely(pointer != NULL)) {
        if (writer != NULL)
            record_new(writer, request, pointer);
        return pointer;
    }
    if (writer != NULL)
        rh_writer_leave(writer, writer->cursor);
    return call_new(request);
}

/* The call may throw: then the failure is recorded with this thread's next one of these. */
static void *new_own(const struct request *request) {
    struct rh_writer *writer = rh_writer_enter();
    if (writer == NULL)
        return call_new(request);
    if (writer->new_is_under_way)
        rh_record_failed(writer, writer->new_alignment, writer->new_bytes);
    else
        rh_writer_leave(writer, writer->cursor);
    writer->new_is_under_way = true;
    writer->new_bytes = request->bytes;
    writer->new_alignment = request->alignment;
    void *pointer = call_new(request);

    writer = rh_writer_enter(); /* the flush of an inner call may have changed it */
    if (writer == NULL)
        return pointer;
    writer->new_is_under_way = false;
    if (pointer != NULL)
        record_new(writer, request, pointer);
    else
        rh_record_failed(writer, request->alignment, request->bytes);
    return pointer;
}

static __attribute__((noinline)) void *new_other(const struct request *request, uint32_t kind) {
    return kind == OPERATOR_OWN ? new_own(request) : call_new(request);
}

RH_INLINE void *new_any(struct request request) {
    uint32_t kind = rh_operator_kind(request.index);
    return rh_likely(kind == OPERATOR_PLAIN) ? new_plain(&request) : new_other(&request, kind);
}

/* ---- delete ---- */

enum delete_form { DELETE, DELETE_WITH_ONE, DELETE_WITH_TWO };

static inline bool is_sized(enum operator_index index) {
    return index == OPERATOR_delete_sized || index == OPERATOR_delete_array_sized ||
           index == OPERATOR_delete_sized_aligned || index == OPERATOR_delete_array_sized_aligned;
}

RH_INLINE void record_delete(enum operator_index index, void *pointer, size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    if (writer == NULL)
        return;
    if (rh_unlikely(pointer == NULL))
        rh_record_free_null(writer);
    else if (is_sized(index))
        rh_record_free_sized(writer, pointer, size);
    else
        rh_record_free(writer, pointer);
}

static void call_delete(enum operator_index index, enum delete_form form, void *pointer,
                        uintptr_t first, uintptr_t second) {
    union {
        void *address;
        void (*plain)(void *);
        void (*with_one)(void *, uintptr_t);
        void (*with_two)(void *, uintptr_t, uintptr_t);
    } function = {.address = rh_operators[index].address};
    if (form == DELETE)
        function.plain(pointer);
    else if (form == DELETE_WITH_ONE)
        function.with_one(pointer, first);
    else
        function.with_two(pointer, first, second);
}

/* What an allocator's own operator calls itself is not the program's. */
static __attribute__((noinline)) void delete_other(enum operator_index index, enum delete_form form,
                                                   void *pointer, uintptr_t first,
                                                   uintptr_t second) {
    bool is_own = rh_operator_kind(index) == OPERATOR_OWN;
    if (is_own)
        record_delete(index, pointer, first);
    struct rh_writer *writer = rh_writer_own();
    bool is_hidden = is_own && writer->state == rh_writer_ready();
    if (is_hidden)
        writer->state = RH_WRITER_INSIDE;
    call_delete(index, form, pointer, first, second);
    if (is_hidden)
        writer->state = rh_writer_ready();
}

/* A size is the first of the further arguments. */
RH_INLINE void delete_any(enum operator_index index, enum delete_form form, void *pointer,
                          uintptr_t first, uintptr_t second) {
    if (rh_unlikely(rh_operator_kind(index) != OPERATOR_PLAIN)) {
        delete_other(index, form, pointer, first, second);
        return;
    }
    record_delete(index, pointer, first);
    rh_next.free(pointer);
}

/* ---- the symbols ---- */

#define NEW(member, mangled)                                                                       \
    void *rh_operator_##member(size_t bytes) __asm__(mangled);                                     \
    RH_EXPORT void *rh_operator_##member(size_t bytes) {                                           \
        return new_any((struct request){OPERATOR_##member, bytes, 0, NULL});                       \
    }
#define NEW_NOTHROW(member, mangled)                                                               \
    void *rh_operator_##member(size_t bytes, const void *nothrow) __asm__(mangled);                \
    RH_EXPORT void *rh_operator_##member(size_t bytes, const void *nothrow) {                      \
        return new_any((struct request){OPERATOR_##member, bytes, 0, nothrow});                    \
    }
#define NEW_ALIGNED(member, mangled)                                                               \
    void *rh_operator_##member(size_t bytes, size_t alignment) __asm__(mangled);                   \
    RH_EXPORT void *rh_operator_##member(size_t bytes, size_t alignment) {                         \
        return new_any((struct request){OPERATOR_##member, bytes, alignment, NULL});               \
    }
#define NEW_ALIGNED_NOTHROW(member, mangled)                                                       \
    void *rh_operator_##member(size_t bytes, size_t alignment,                                     \
                               const void *nothrow) __asm__(mangled);                              \
    RH_EXPORT void *rh_operator_##member(size_t bytes, size_t alignment, const void *nothrow) {    \
        return new_any((struct request){OPERATOR_##member, bytes, alignment, nothrow});            \
    }

NEW(new, "_Znwm")
NEW(new_array, "_Znam")
NEW_NOTHROW(new_nothrow, "_ZnwmRKSt9nothrow_t")
NEW_NOTHROW(new_array_nothrow, "_ZnamRKSt9nothrow_t")
NEW_ALIGNED(new_aligned, "_ZnwmSt11align_val_t")
NEW_ALIGNED(new_array_aligned, "_ZnamSt11align_val_t")
NEW_ALIGNED_NOTHROW(new_aligned_nothrow, "_ZnwmSt11align_val_tRKSt9nothrow_t")
NEW_ALIGNED_NOTHROW(new_array_aligned_nothrow, "_ZnamSt11align_val_tRKSt9nothrow_t")

#define DELETE_0(member, mangled)                                                                  \
    void rh_operator_##member(void *pointer) __asm__(mangled);                                     \
    RH_EXPORT void rh_operator_##member(void *pointer) {                                           \
        delete_any(OPERATOR_##member, DELETE, pointer, 0, 0);                                      \
    }
/* With an alignment, or with std::nothrow. */
#define DELETE_1(member, mangled)                                                                  \
    void rh_operator_##member(void *pointer, uintptr_t first) __asm__(mangled);                    \
    RH_EXPORT void rh_operator_##member(void *pointer, uintptr_t first) {                          \
        delete_any(OPERATOR_##member, DELETE_WITH_ONE, pointer, first, 0);                         \
    }
#define DELETE_2(member, mangled)                                                                  \
    void rh_operator_##member(void *pointer, uintptr_t first, uintptr_t second) __asm__(mangled);  \
    RH_EXPORT void rh_operator_##member(void *pointer, uintptr_t first, uintptr_t second) {        \
        delete_any(OPERATOR_##member, DELETE_WITH_TWO, pointer, first, second);                    \
    }
#define DELETE_SIZED(member, mangled)                                                              \
    void rh_operator_##member(void *pointer, size_t size) __asm__(mangled);                        \
    RH_EXPORT void rh_operator_##member(void *pointer, size_t size) {                              \
        delete_any(OPERATOR_##member, DELETE_WITH_ONE, pointer, size, 0);                          \
    }
#define DELETE_SIZED_ALIGNED(member, mangled)                                                      \
    void rh_operator_##member(void *pointer, size_t size, size_t alignment) __asm__(mangled);      \
    RH_EXPORT void rh_operator_##member(void *pointer, size_t size, size_t alignment) {            \
        delete_any(OPERATOR_##member, DELETE_WITH_TWO, pointer, size, alignment);                  \
    }

DELETE_0(delete, "_ZdlPv")
DELETE_0(delete_array, "_ZdaPv")
DELETE_1(delete_nothrow, "_ZdlPvRKSt9nothrow_t")
DELETE_1(delete_array_nothrow, "_ZdaPvRKSt9nothrow_t")
DELETE_SIZED(delete_sized, "_ZdlPvm")
DELETE_SIZED(delete_array_sized, "_ZdaPvm")
DELETE_1(delete_aligned, "_ZdlPvSt11align_val_t")
DELETE_1(delete_array_aligned, "_ZdaPvSt11align_val_t")
DELETE_2(delete_aligned_nothrow, "_ZdlPvSt11align_val_tRKSt9nothrow_t")
DELETE_2(delete_array_aligned_nothrow, "_ZdaPvSt11align_val_tRKSt9nothrow_t")
DELETE_SIZED_ALIGNED(delete_sized_aligned, "_ZdlPvmSt11align_val_t")
DELETE_SIZED_ALIGNED(delete_array_sized_aligned, "_ZdaPvmSt11align_val_t")
