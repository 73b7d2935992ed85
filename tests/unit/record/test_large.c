/* test_large.c - the table of large blocks: what goes in comes out once, from several threads too.
 */
#include "tests/unit/test.h"

#include <pthread.h>

#include "record/preload/large.h"

static const void *block(uintptr_t number) {
    return (const void *)((number << 16) + 16);
}

static void what_goes_in_comes_out_once(void **state) {
    (void)state;
    enum { COUNT = 3000 };
    assert_false(rh_large_may_be(block(1)));
    for (uintptr_t i = 1; i <= COUNT; i++)
        assert_true(rh_large_add(block(i), 65536 + i));
    for (uintptr_t i = COUNT; i >= 1; i--) {
        assert_true(rh_large_may_be(block(i)));
        assert_int_equal(rh_large_take(block(i)), 65536 + i);
        assert_int_equal(rh_large_take(block(i)), 0);
    }
    assert_int_equal(rh_large.count, 0);
    assert_false(rh_large_may_be(block(1)));
}

/* As mimalloc and tcmalloc lay theirs, and programs that align them. */
static void blocks_at_any_stride_find_a_place(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    for (unsigned log2 = 16; log2 <= 30; log2++)
        for (uintptr_t odd = 0; odd <= 4096; odd += 4096) {
            uintptr_t stride = ((uintptr_t)1 << log2) + odd;
            for (uintptr_t i = 1; i <= COUNT; i++)
                assert_true(rh_large_add((const void *)(i * stride), 65536 + i));
            for (uintptr_t i = 1; i <= COUNT; i++)
                assert_int_equal(rh_large_take((const void *)(i * stride)), 65536 + i);
        }
    assert_int_equal(rh_large.count, 0);
}

static void a_known_address_gets_a_new_size(void **state) {
    (void)state;
    rh_large_add(block(7), 70000);
    rh_large_add(block(7), 80000);
    assert_int_equal(rh_large_take(block(7)), 80000);
    assert_int_equal(rh_large_take(block(7)), 0);
    assert_int_equal(rh_large.count, 0);
}

/* A full bucket: a block that finds no place is told so, the others are all there. */
static void a_crowd_is_told(void **state) {
    (void)state;
    enum { COUNT = RH_LARGE_BUCKET_ENTRIES + 5 };
    const void *crowd[COUNT];
    size_t found = 0;
    for (uintptr_t i = 1; found < COUNT; i++)
        if (rh_large_bucket(block(i)) == rh_large_bucket(block(1)))
            crowd[found++] = block(i);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(rh_large_add(crowd[i], 65536), i < RH_LARGE_BUCKET_ENTRIES);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(rh_large_take(crowd[i]), i < RH_LARGE_BUCKET_ENTRIES ? 65536 : 0);
    assert_int_equal(rh_large.count, 0);
}

struct visit {
    size_t count;
    size_t bytes;
    size_t most;
};

static bool note(void *context, const void *pointer, size_t bytes) {
    struct visit *visit = context;
    assert_non_null(pointer);
    visit->count++;
    visit->bytes += bytes;
    return visit->count < visit->most;
}

static void a_visit_sees_all_until_it_has_enough(void **state) {
    (void)state;
    enum { COUNT = 100 };
    for (uintptr_t i = 1; i <= COUNT; i++)
        rh_large_add(block(i * 37), 65536);
    struct visit all = {.most = SIZE_MAX};
    struct visit some = {.most = 10};
    rh_large_visit(note, &all);
    rh_large_visit(note, &some);
    assert_int_equal(all.count, COUNT);
    assert_int_equal(all.bytes, COUNT * 65536);
    assert_int_equal(some.count, 10);
    for (uintptr_t i = 1; i <= COUNT; i++)
        assert_int_equal(rh_large_take(block(i * 37)), 65536);
}

/* Each thread has blocks of its own; the buckets are shared. */
static void *add_and_take(void *argument) {
    enum { ROUNDS = 200, BLOCKS = 64 };
    uintptr_t own = (uintptr_t)argument * 1000;
    uintptr_t lost = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (uintptr_t i = 0; i < BLOCKS; i++)
            rh_large_add(block(own + i), 65536 + i);
        for (uintptr_t i = 0; i < BLOCKS; i++)
            lost += rh_large_take(block(own + i)) != 65536 + i;
    }
    return (void *)lost;
}

static void threads_keep_their_own(void **state) {
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_and_take, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++) {
        void *lost = NULL;
        assert_int_equal(pthread_join(threads[i], &lost), 0);
        assert_null(lost);
    }
    assert_int_equal(rh_large.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out_once),
        cmocka_unit_test(blocks_at_any_stride_find_a_place),
        cmocka_unit_test(a_known_address_gets_a_new_size),
        cmocka_unit_test(a_crowd_is_told),
        cmocka_unit_test(a_visit_sees_all_until_it_has_enough),
        cmocka_unit_test(threads_keep_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
