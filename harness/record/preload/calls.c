/* calls.c - the malloc API: each call is forwarded to the next definition and recorded, an
 * acquisition after it, a release before it, so that the reuse of an address is never ambiguous. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "record/preload/export.h"
#include "record/preload/next.h"
#include "record/preload/quick.h"
#include "record/preload/writer.h"
#include "record/spool.h"

/* C23; not in every <stdlib.h>. And one that glibc has removed from its headers. */
void free_sized(void *pointer, size_t size);
void free_aligned_sized(void *pointer, size_t alignment, size_t size);
void cfree(void *pointer);

/* ---- the quick ones, and what becomes of their rare calls ---- */

static __attribute__((noinline, cold)) void *allocate(size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    void *pointer = rh_next.malloc(size);
    return writer != NULL ? rh_record_result(writer, RH_SPOOL_MALLOC, pointer, size) : pointer;
}

RH_EXPORT void *malloc(size_t size) {
    struct rh_writer *writer = rh_quick_enter();
    if (rh_unlikely(writer == NULL))
        return allocate(size);
    return rh_quick_acquired(writer, RH_SPOOL_MALLOC, rh_next.malloc(size), size);
}

static size_t product(size_t count, size_t size) {
    size_t bytes = 0;
    return rh_unlikely(__builtin_mul_overflow(count, size, &bytes)) ? SIZE_MAX : bytes;
}

static __attribute__((noinline, cold)) void *allocate_zeroed(size_t count, size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    void *pointer = rh_next.calloc(count, size);
    return writer != NULL ? rh_record_result(writer, RH_SPOOL_CALLOC, pointer, product(count, size))
                          : pointer;
}

RH_EXPORT void *calloc(size_t count, size_t size) {
    struct rh_writer *writer = rh_quick_enter();
    if (rh_unlikely(writer == NULL))
        return allocate_zeroed(count, size);
    size_t bytes = product(count, size);
    return rh_quick_acquired(writer, RH_SPOOL_CALLOC, rh_next.calloc(count, size), bytes);
}

static __attribute__((noinline, cold)) void release(struct rh_writer *writer, void *pointer) {
    if (writer == NULL)
        writer = rh_writer_enter();
    if (writer != NULL)
        rh_record_free_any(writer, pointer);
    rh_next.free(pointer);
}

static __attribute__((noinline, cold)) void release_full(struct rh_writer *writer, void *pointer) {
    rh_next.free(rh_writer_leave_full(writer, pointer));
}

RH_EXPORT void free(void *pointer) {
    struct rh_writer *writer = rh_quick_enter();
    enum rh_quick_end end = writer != NULL ? rh_quick_free(writer, pointer) : RH_QUICK_OTHER;
    if (rh_likely(end == RH_QUICK_DONE))
        rh_next.free(pointer);
    else if (end == RH_QUICK_FULL)
        release_full(writer, pointer);
    else
        release(writer, pointer);
}

RH_EXPORT void cfree(void *pointer) {
    free(pointer);
}

/* realloc(pointer, 0) gives NULL where it frees; where it fails it says so. */
static void *reallocate(void *old, size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    if (writer == NULL)
        return rh_next.realloc(old, size);
    int saved_errno = errno;
    errno = 0;
    struct rh_realloc_start start = rh_record_realloc_start(writer, old);
    void *pointer = rh_next.realloc(old, size);
    bool failed = pointer == NULL && (size != 0 || errno == ENOMEM);
    if (errno == 0)
        errno = saved_errno;
    if (rh_likely(pointer != NULL))
        rh_record_realloc(writer, &start, old, pointer, size);
    else if (failed)
        rh_record_realloc_failed(writer, &start, old, size);
    else
        rh_record_freed(writer, &start, old);
    return pointer;
}

static void *reallocate_nothing(size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    void *pointer = rh_next.realloc(NULL, size);
    return writer != NULL ? rh_record_result(writer, RH_SPOOL_MALLOC, pointer, size) : pointer;
}

RH_EXPORT void *realloc(void *pointer, size_t size) {
    return pointer != NULL ? reallocate(pointer, size) : reallocate_nothing(size);
}

/* Not forwarded as such: libc's would call realloc, and the call would be recorded twice. */
RH_EXPORT void *reallocarray(void *pointer, size_t count, size_t size) {
    size_t bytes = 0;
    if (!__builtin_mul_overflow(count, size, &bytes))
        return realloc(pointer, bytes);
    struct rh_writer *writer = rh_writer_enter();
    if (writer != NULL)
        rh_record_failed(writer, 0, SIZE_MAX);
    errno = ENOMEM;
    return NULL;
}

/* ---- with an alignment ---- */

static void record_aligned(struct rh_writer *writer, void *pointer, size_t alignment, size_t size) {
    if (writer == NULL)
        return;
    if (pointer != NULL)
        rh_record_aligned(writer, RH_SPOOL_EXT_ALIGNED, pointer, alignment, size);
    else
        rh_record_failed(writer, alignment, size);
}

RH_EXPORT int posix_memalign(void **ret_pointer, size_t alignment, size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    int result = rh_next.posix_memalign(ret_pointer, alignment, size);
    if (result == 0 && *ret_pointer == NULL && writer != NULL) /* some give nothing for 0 bytes */
        rh_writer_leave(writer, writer->cursor);
    else
        record_aligned(writer, result == 0 ? *ret_pointer : NULL, alignment, size);
    return result;
}

RH_EXPORT void *aligned_alloc(size_t alignment, size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    void *pointer = rh_next.aligned_alloc(alignment, size);
    record_aligned(writer, pointer, alignment, size);
    return pointer;
}

RH_EXPORT void *memalign(size_t alignment, size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    void *pointer = rh_next.memalign(alignment, size);
    record_aligned(writer, pointer, alignment, size);
    return pointer;
}

enum { PAGE_BYTES = 4096 };

RH_EXPORT void *valloc(size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    void *pointer = rh_next.valloc(size);
    record_aligned(writer, pointer, PAGE_BYTES, size);
    return pointer;
}

/* What pvalloc gives is whole pages: the trace has the size that was meant. */
RH_EXPORT void *pvalloc(size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    void *pointer = rh_next.pvalloc(size);
    size_t pages = size <= SIZE_MAX - PAGE_BYTES ? (size + PAGE_BYTES - 1) / PAGE_BYTES : 0;
    record_aligned(writer, pointer, PAGE_BYTES, pages != 0 ? pages * PAGE_BYTES : size);
    return pointer;
}

/* ---- and the rest ---- */

RH_EXPORT size_t malloc_usable_size(void *pointer) {
    struct rh_writer *writer = rh_writer_enter();
    if (writer != NULL)
        rh_record_usable(writer, pointer);
    return rh_next.malloc_usable_size(pointer);
}

RH_EXPORT void free_sized(void *pointer, size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    if (writer != NULL)
        rh_record_free_sized(writer, pointer, size);
    if (rh_next.free_sized != NULL)
        rh_next.free_sized(pointer, size);
    else
        rh_next.free(pointer);
}

RH_EXPORT void free_aligned_sized(void *pointer, size_t alignment, size_t size) {
    struct rh_writer *writer = rh_writer_enter();
    if (writer != NULL)
        rh_record_free_sized(writer, pointer, size);
    if (rh_next.free_aligned_sized != NULL)
        rh_next.free_aligned_sized(pointer, alignment, size);
    else
        rh_next.free(pointer);
}
