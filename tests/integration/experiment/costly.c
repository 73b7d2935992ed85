/* costly.c - a plugin that is glibc's malloc at a price: every call costs `picoseconds` more, known
 * exactly, so that a run can be asked whether it finds a difference of that size.
 *
 * A wait of a nanosecond cannot be timed, and a loop of a few cycles hides behind the call: one
 * call in 256 waits 256 times as long, by the time stamp counter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "allocator/allocator.h"

enum { EVERY = 256, CALIBRATION_NS = 20000000 };

static uint64_t wait_ticks;
static _Thread_local unsigned calls;

static uint64_t ticks(void) {
    return __builtin_ia32_rdtsc();
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double ticks_per_ns(void) {
    uint64_t start_ns = now_ns(), start = ticks(), end_ns = start_ns;
    while (end_ns - start_ns < CALIBRATION_NS)
        end_ns = now_ns();
    return (double)(ticks() - start) / (double)(end_ns - start_ns);
}

static void pay(void) {
    if (++calls % EVERY != 0 || wait_ticks == 0)
        return;
    uint64_t start = ticks();
    while (ticks() - start < wait_ticks)
        continue;
}

static int costly_create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                         size_t reason_bytes) {
    for (const char *const *option = config->options; option != NULL && *option != NULL; option++) {
        if (strncmp(*option, "picoseconds=", 12) != 0) {
            snprintf(ret_reason, reason_bytes, "no option %s", *option);
            return -1;
        }
        wait_ticks = (uint64_t)(strtod(*option + 12, NULL) / 1e3 * EVERY * ticks_per_ns());
    }
    *ret_ctx = &wait_ticks;
    return 0;
}

static void costly_destroy(void *ctx) {
    (void)ctx;
}

static void *costly_alloc(void *ctx, size_t len, size_t align) {
    (void)ctx;
    pay();
    if (align <= 16)
        return malloc(len);
    void *block = NULL;
    return posix_memalign(&block, align, len) == 0 ? block : NULL;
}

static void *costly_remap(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    (void)len;
    pay();
    return align <= 16 ? realloc(ptr, new_len) : NULL;
}

static void costly_free(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    (void)len;
    (void)align;
    pay();
    free(ptr);
}

static const struct rh_allocator_option options[] = {
    {"picoseconds", "what each call costs more", "0"}, {NULL, NULL, NULL}};

const struct rh_allocator_ops reheap_allocator = {
    .name = "costly",
    .summary = "glibc's malloc at a price",
    .abi_version = RH_ALLOCATOR_ABI,
    .options = options,
    .create = costly_create,
    .destroy = costly_destroy,
    .alloc = costly_alloc,
    .remap = costly_remap,
    .free = costly_free,
};
