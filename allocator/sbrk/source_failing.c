/* source_failing.c - counts the calls, and fails at the one it is told to. */
#include "allocator/sbrk/source.h"

static uintptr_t failing_sbrk(struct rh_sbrk_source *source, size_t bytes) {
    struct rh_sbrk_failing *failing = (struct rh_sbrk_failing *)source;
    failing->calls++;
    if (failing->fail_at > 0 && --failing->fail_at == 0)
        return 0;
    uintptr_t start = failing->inner->sbrk(failing->inner, bytes);
    if (start != 0)
        failing->grown_bytes += bytes;
    return start;
}

static uintptr_t failing_position(struct rh_sbrk_source *source) {
    struct rh_sbrk_failing *failing = (struct rh_sbrk_failing *)source;
    return failing->inner->position(failing->inner);
}

void rh_sbrk_failing_init(struct rh_sbrk_failing *failing, struct rh_sbrk_source *inner) {
    *failing = (struct rh_sbrk_failing){
        .source = {.sbrk = failing_sbrk,
                   .position = failing_position,
                   .page_bytes = inner->page_bytes},
        .inner = inner,
    };
}
