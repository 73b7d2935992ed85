/* source_break.c - the break of the process: sbrk(2) with its corners taken off. */
#include <unistd.h>

#include "allocator/reason.h"
#include "allocator/sbrk/source.h"

#define FAILED ((uintptr_t)-1)

/* Others move the break too, between any two calls of ours: try again where they made it uneven. */
enum { TRIES = 8 };

static uintptr_t break_sbrk(struct rh_sbrk_source *source, size_t bytes) {
    size_t page_mask = source->page_bytes - 1;
    rh_require((bytes & page_mask) == 0);
    for (int i = 0; i < TRIES; i++) {
        uintptr_t now = (uintptr_t)sbrk(0);
        size_t padding = now != FAILED ? -now & page_mask : 0;
        if (now == FAILED || bytes > (size_t)PTRDIFF_MAX - padding)
            return 0;
        uintptr_t start = (uintptr_t)sbrk((intptr_t)(padding + bytes));
        if (start == FAILED)
            return 0;
        if (((start + padding) & page_mask) == 0)
            return start + padding;
    }
    return 0;
}

static uintptr_t break_position(struct rh_sbrk_source *source) {
    uintptr_t now = (uintptr_t)sbrk(0);
    return now != FAILED ? (now + source->page_bytes - 1) & ~(source->page_bytes - 1) : 0;
}

void rh_sbrk_break_init(struct rh_sbrk_break *brk) {
    *brk = (struct rh_sbrk_break){
        .source = {.sbrk = break_sbrk,
                   .position = break_position,
                   .page_bytes = (size_t)sysconf(_SC_PAGESIZE)},
    };
}
