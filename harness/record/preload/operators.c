/* operators.c - C++'s new and delete, so that sizes at release and alignments are known.
 *
 * libstdc++'s and libc++'s operators are malloc and free with a loop around the new handler: they
 * are forwarded past, to the next malloc, else the inner call would be recorded as well. Only when
 * that fails is the real operator called, to run the handler or to throw; then its own calls of
 * malloc are what is recorded. An allocator that brings operators of its own (tcmalloc, jemalloc,
 * mimalloc) has these called, unless they are built on its malloc API too. They may throw through
 * this library, so nothing is left to be undone behind such a call. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "record/preload/export.h"
#include "record/preload/next.h"
#include "record/preload/writer.h"
#include "record/spool.h"

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

static const char *const operator_names[OPERATORS_COUNT] = {
#define X(member, name) name,
    OPERATOR_MAP(X)
#undef X
};

enum operator_kind {
    OPERATOR_UNKNOWN = 0,
    OPERATOR_PLAIN, /* malloc and a handler: libstdc++, libc++, or none at all */
    OPERATOR_OWN,
};

struct operator_entry {
    _Atomic uint32_t kind; /* enum operator_kind; says that `address` is there */
    void *address;         /* NULL: there is none */
};

static struct operator_entry operators[OPERATORS_COUNT];

/* A C++ library that was opened with RTLD_LOCAL is not behind us in the search order. */
static void *find_in_runtime(const char *name) {
    static const char *const runtimes[] = {"libstdc++.so.6", "libc++.so.1"};
    for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
        void *library = dlopen(runtimes[i], RTLD_LAZY | RTLD_NOLOAD);
        void *address = library != NULL ? dlsym(library, name) : NULL;
        if (library != NULL)
            dlclose(library);
        if (address != NULL)
            return address;
    }
    return NULL;
}

static bool is_plain(void *address) {
    Dl_info info = {0};
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL)
        return true;
    const char *slash = strrchr(info.dli_fname, '/');
    const char *base = slash != NULL ? slash + 1 : info.dli_fname;
    return strncmp(base, "libstdc++", 9) == 0 || strncmp(base, "libc++", 6) == 0;
}

/* Does an operator new call the malloc API? Tried out with a block that is not recorded. */
static bool is_built_on_malloc(enum operator_index index, void *address) {
    enum { PROBE_BYTES = 64, PROBE_ALIGNMENT = 64 };
    if (index > OPERATOR_new_array_aligned_nothrow)
        return false;
    struct rh_writer *writer = rh_writer_enter();
    if (writer == NULL)
        return false;
    uint64_t before = writer->nested_count;
    /* A form with fewer arguments leaves the rest alone; std::nothrow is an empty object. */
    union {
        void *address;
        void *(*call)(size_t, uintptr_t, uintptr_t);
    } function = {.address = address};
    void *pointer = function.call(PROBE_BYTES, PROBE_ALIGNMENT, 0);
    rh_next.free(pointer);
    bool is_nested = writer->nested_count != before;
    rh_writer_leave(writer, writer->cursor);
    return is_nested;
}

static __attribute__((noinline, cold)) uint32_t resolve(enum operator_index index) {
    struct operator_entry *entry = &operators[index];
    void *address = dlsym(RTLD_NEXT, operator_names[index]);
    if (address == NULL)
        address = find_in_runtime(operator_names[index]);
    entry->address = address;
    bool plain = address == NULL || is_plain(address) || is_built_on_malloc(index, address);
    uint32_t kind = plain ? OPERATOR_PLAIN : OPERATOR_OWN;
    atomic_store_explicit(&entry->kind, kind, memory_order_release);
    return kind;
}

static inline uint32_t kind_of(enum operator_index index) {
    uint32_t kind = atomic_load_explicit(&operators[index].kind, memory_order_acquire);
    return rh_likely(kind != OPERATOR_UNKNOWN) ? kind : resolve(index);
}

/* ---- new ---- */

struct request {
    enum operator_index index;
    size_t bytes;
    size_t alignment;    /* 0: a plain new */
    const void *nothrow; /* NULL: this form throws */
};

static void *call_new(const struct request *request) {
    void *address = operators[request->index].address;
    if (address == NULL)
        rh_assert_fail(operator_names[request->index], "no C++ library defines it", 0);
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

RH_INLINE void *new_any(struct request request) {
    return rh_likely(kind_of(request.index) == OPERATOR_PLAIN) ? new_plain(&request)
                                                               : new_own(&request);
}

/* ---- delete ---- */

enum delete_form { DELETE, DELETE_WITH_ONE, DELETE_WITH_TWO };

/* Calls an allocator's own operator; what it calls itself is not the program's. */
static void delete_own(struct rh_writer *writer, enum operator_index index, enum delete_form form,
                       void *pointer, uintptr_t first, uintptr_t second) {
    union {
        void *address;
        void (*plain)(void *);
        void (*with_one)(void *, uintptr_t);
        void (*with_two)(void *, uintptr_t, uintptr_t);
    } function = {.address = operators[index].address};
    if (writer != NULL)
        writer->state = RH_WRITER_INSIDE;
    if (form == DELETE)
        function.plain(pointer);
    else if (form == DELETE_WITH_ONE)
        function.with_one(pointer, first);
    else
        function.with_two(pointer, first, second);
    if (writer != NULL)
        writer->state = RH_WRITER_READY;
}

RH_INLINE void delete_any(enum operator_index index, enum delete_form form, void *pointer,
                          uintptr_t first, uintptr_t second, bool is_sized, size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    if (writer != NULL) {
        if (rh_unlikely(pointer == NULL))
            rh_record_free_null(writer);
        else if (is_sized)
            rh_record_free_sized(writer, pointer, size);
        else
            rh_record_free(writer, pointer);
    }
    if (rh_likely(kind_of(index) == OPERATOR_PLAIN))
        rh_next.free(pointer);
    else
        delete_own(rh_writer->state == RH_WRITER_READY ? rh_writer : NULL, index, form, pointer,
                   first, second);
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
        delete_any(OPERATOR_##member, DELETE, pointer, 0, 0, false, 0);                            \
    }
/* With an alignment, or with std::nothrow. */
#define DELETE_1(member, mangled)                                                                  \
    void rh_operator_##member(void *pointer, uintptr_t first) __asm__(mangled);                    \
    RH_EXPORT void rh_operator_##member(void *pointer, uintptr_t first) {                          \
        delete_any(OPERATOR_##member, DELETE_WITH_ONE, pointer, first, 0, false, 0);               \
    }
#define DELETE_2(member, mangled)                                                                  \
    void rh_operator_##member(void *pointer, uintptr_t first, uintptr_t second) __asm__(mangled);  \
    RH_EXPORT void rh_operator_##member(void *pointer, uintptr_t first, uintptr_t second) {        \
        delete_any(OPERATOR_##member, DELETE_WITH_TWO, pointer, first, second, false, 0);          \
    }
#define DELETE_SIZED(member, mangled)                                                              \
    void rh_operator_##member(void *pointer, size_t size) __asm__(mangled);                        \
    RH_EXPORT void rh_operator_##member(void *pointer, size_t size) {                              \
        delete_any(OPERATOR_##member, DELETE_WITH_ONE, pointer, size, 0, true, size);              \
    }
#define DELETE_SIZED_ALIGNED(member, mangled)                                                      \
    void rh_operator_##member(void *pointer, size_t size, size_t alignment) __asm__(mangled);      \
    RH_EXPORT void rh_operator_##member(void *pointer, size_t size, size_t alignment) {            \
        delete_any(OPERATOR_##member, DELETE_WITH_TWO, pointer, size, alignment, true, size);      \
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
