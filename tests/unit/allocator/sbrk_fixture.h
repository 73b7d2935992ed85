/* sbrk_fixture.h - a heap on a reserved range, with the source counted and failing where told. */
#ifndef RH_TEST_SBRK_FIXTURE_H
#define RH_TEST_SBRK_FIXTURE_H

#include "allocator/sbrk/heap.h"
#include "tests/unit/test.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

struct fixture {
    struct rh_sbrk_reserve reserve;
    struct rh_sbrk_failing counted;
    struct rh_sbrk_heap heap;
};

/* `shift_bytes`: how far behind a multiple of 4 MiB the break starts. */
static inline void fixture_open(struct fixture *fixture, bool is_original, size_t capacity_bytes,
                                size_t shift_bytes) {
    assert_int_equal(rh_sbrk_reserve_init(&fixture->reserve, capacity_bytes, 4 * MIB), 0);
    fixture->reserve.next += shift_bytes;
    rh_sbrk_failing_init(&fixture->counted, &fixture->reserve.source);
    rh_sbrk_heap_init(&fixture->heap, &fixture->counted.source, is_original);
}

static inline void fixture_check(struct fixture *fixture) {
    char reason[256] = "";
    if (rh_sbrk_heap_check(&fixture->heap, reason, sizeof(reason)) != 0)
        fail_msg("%s", reason);
    assert_int_equal(fixture->heap.growth_bytes, fixture->counted.grown_bytes);
}

static inline void fixture_close(struct fixture *fixture) {
    fixture_check(fixture);
    rh_sbrk_heap_finish(&fixture->heap);
    rh_sbrk_reserve_finish(&fixture->reserve);
}

#endif
