/* memory.c - the tools' heap with a fault point, and shared mappings. */
#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"

/* Test-only state: how many allocations may still succeed; 0 = no limit. */
static _Atomic uint64_t allocations_left;

void rh_memory_fail_at(uint64_t nth) {
    atomic_store(&allocations_left, nth);
}

/* True when this allocation is to fail. The last one allowed leaves the counter at 1, so that all
 * later ones fail too. */
static int must_fail(void) {
    uint64_t left = atomic_load_explicit(&allocations_left, memory_order_relaxed);
    if (left == 0)
        return 0;
    if (left == 1)
        return 1;
    atomic_store_explicit(&allocations_left, left - 1, memory_order_relaxed);
    return 0;
}

void *rh_alloc(size_t bytes) {
    return must_fail() ? NULL : malloc(bytes != 0 ? bytes : 1);
}

void *rh_alloc_zeroed(size_t count, size_t bytes) {
    return must_fail() ? NULL : calloc(count != 0 ? count : 1, bytes != 0 ? bytes : 1);
}

void *rh_realloc(void *pointer, size_t bytes) {
    return must_fail() ? NULL : realloc(pointer, bytes != 0 ? bytes : 1);
}

char *rh_strdup(const char *text) {
    rh_assert(text != NULL);
    size_t bytes = strlen(text) + 1;
    char *copy = rh_alloc(bytes);
    return copy != NULL ? memcpy(copy, text, bytes) : NULL;
}

void rh_free(void *pointer) {
    free(pointer);
}

int rh_grow(void **array, size_t *capacity, size_t wanted, size_t element_bytes,
            struct rh_error *error) {
    rh_assert(element_bytes > 0);
    if (wanted <= *capacity)
        return 0;

    size_t larger = *capacity < 16 ? 16 : *capacity;
    while (larger < wanted && larger <= SIZE_MAX / 2)
        larger *= 2;
    if (larger < wanted || larger > SIZE_MAX / element_bytes)
        return rh_fail(error, RH_ERR_MEMORY, "an array of %zu elements is too large", wanted);

    void *grown = rh_realloc(*array, larger * element_bytes);
    if (grown == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu bytes", larger * element_bytes);
    *array = grown;
    *capacity = larger;
    return 0;
}

/* MAP_POPULATE only reads the pages of a shared mapping, so the first write to each still has its
 * dirty bit to set: in a nested virtual machine that left about 2 us a page to whoever wrote first,
 * which was half of the op loop's own price. */
static void write_each_page(void *data, size_t bytes) {
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t at = 0; at < bytes; at += page_bytes)
        ((volatile char *)data)[at] = 0;
}

int rh_mapped_init(struct rh_mapped *mapped, size_t bytes, int populate, struct rh_error *error) {
    rh_assert(bytes > 0);
    void *data =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | (populate ? MAP_POPULATE : 0), -1, 0);
    if (data == MAP_FAILED)
        return rh_fail_errno(error, "cannot map %zu bytes", bytes);
    if (populate)
        write_each_page(data, bytes);
    mapped->data = data;
    mapped->bytes = bytes;
    return 0;
}

void rh_mapped_finish(struct rh_mapped *mapped) {
    if (mapped->data != NULL)
        munmap(mapped->data, mapped->bytes);
    *mapped = (struct rh_mapped){0};
}
