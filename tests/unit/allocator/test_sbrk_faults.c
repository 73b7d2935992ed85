/* The faults of the original, one test each (docs/sbrk.md): what `sbrk-zig` reproduces or guards,
 * and that `sbrk` is free of it. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator/registry.h"
#include "tests/unit/allocator/sbrk_fixture.h"

static size_t growth_of_small_blocks(bool is_original) {
    struct fixture f;
    fixture_open(&f, is_original, 64 * MIB, 0);
    for (size_t i = 0; i < 10000; i++)
        assert_non_null(rh_sbrk_heap_alloc(&f.heap, 56, 8));
    size_t growth = f.counted.grown_bytes;
    fixture_close(&f);
    return growth;
}

static void d1_the_carve_boundary(void **state) {
    (void)state;
    assert_int_equal(growth_of_small_blocks(false), 640 * KIB);
    assert_int_equal(growth_of_small_blocks(true), 10048 * KIB);
}

static void d2_alignments_above_the_page(void **state) {
    (void)state;
    for (size_t shift = 0; shift < 64 * KIB; shift += 12 * KIB) {
        struct fixture f;
        fixture_open(&f, false, 512 * MIB, shift);
        for (size_t align = 1; align <= 2 * MIB; align *= 2)
            for (size_t len = 1; len <= 4 * MIB; len = len * 7 + 1) {
                uintptr_t addr = (uintptr_t)rh_sbrk_heap_alloc(&f.heap, len, align);
                assert_true(addr != 0);
                assert_int_equal(addr % align, 0);
            }
        fixture_close(&f);
    }
}

static void d2_the_original_ignores_them_and_is_guarded(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f, true, 64 * MIB, 4 * KIB);
    uintptr_t addr = (uintptr_t)rh_sbrk_heap_alloc(&f.heap, 1, 8192);
    assert_int_equal(addr % 8192, 4096);
    fixture_close(&f);

    char reason[256];
    const struct rh_allocator_ops *ops = rh_registry_find("sbrk-zig", reason, sizeof(reason));
    void *ctx;
    assert_int_equal(ops->create(NULL, &ctx, reason, sizeof(reason)), 0);
    /* Of two slots of 8 KiB, the one of 64 KiB between them makes no difference; a large slot of an
     * odd number of bigpages before one of 128 KiB does. */
    assert_non_null(ops->alloc(ctx, 40000, 1));
    assert_null(ops->alloc(ctx, 100000, 65536 * 2));
    assert_non_null(ops->alloc(ctx, 100000, 4096));
    assert_int_equal(ops->check(ctx, reason, sizeof(reason)), 0);
    ops->destroy(ctx);
}

static void d3_resize_from_large_to_small(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f, false, 64 * MIB, 0);
    char *block = rh_sbrk_heap_alloc(&f.heap, 40000, 8);
    assert_non_null(block);
    assert_false(rh_sbrk_heap_resize(&f.heap, 40000, 8, 100));
    assert_true(rh_sbrk_heap_resize(&f.heap, 40000, 8, 50000));
    rh_sbrk_heap_free(&f.heap, block, 50000, 8);
    assert_ptr_equal(rh_sbrk_heap_alloc(&f.heap, 60000, 8), block);
    fixture_close(&f);

    fixture_open(&f, true, 64 * MIB, 0);
    block = rh_sbrk_heap_alloc(&f.heap, 40000, 8);
    assert_true(rh_sbrk_heap_resize(&f.heap, 40000, 8, 100));
    fixture_check(&f);
    rh_sbrk_heap_free(&f.heap, block, 100, 8);
    fixture_check(&f);
    /* 64 KiB serve as a slot of 128 bytes from now on. */
    assert_ptr_equal(rh_sbrk_heap_alloc(&f.heap, 100, 8), block);
    assert_ptr_not_equal(rh_sbrk_heap_alloc(&f.heap, 40000, 8), block);
    fixture_close(&f);
}

static void d4_a_failed_large_allocation(void **state) {
    (void)state;
    for (int is_original = 0; is_original < 2; is_original++) {
        struct fixture f;
        fixture_open(&f, is_original, 1 * MIB, 0);
        char *block = rh_sbrk_heap_alloc(&f.heap, 300000, 8);
        assert_non_null(block);
        memset(block, 1, 300000);
        assert_null(rh_sbrk_heap_alloc(&f.heap, 4 * MIB, 8));
        fixture_check(&f);
        assert_int_equal(block[299999], 1);
        rh_sbrk_heap_free(&f.heap, block, 300000, 8);
        assert_ptr_equal(rh_sbrk_heap_alloc(&f.heap, 400000, 8), block);
        assert_non_null(rh_sbrk_heap_alloc(&f.heap, 10, 8));
        fixture_close(&f);
    }
}

static void d5_sizes_beyond_the_last_class(void **state) {
    (void)state;
    for (int is_original = 0; is_original < 2; is_original++) {
        struct fixture f;
        fixture_open(&f, is_original, 1 * MIB, 0);
        for (unsigned shift = 61; shift < 64; shift++)
            for (size_t less = 0; less < 40; less++) {
                assert_null(rh_sbrk_heap_alloc(&f.heap, ((size_t)1 << shift) - less, 1));
                assert_null(rh_sbrk_heap_alloc(&f.heap, ((size_t)1 << shift) + less, 1));
            }
        assert_null(rh_sbrk_heap_alloc(&f.heap, SIZE_MAX, 1));
        assert_null(rh_sbrk_heap_alloc(&f.heap, 1, (size_t)1 << 63));
        assert_non_null(rh_sbrk_heap_alloc(&f.heap, 1, 1));
        fixture_close(&f);
    }
}

static void d6_resize_to_a_huge_length(void **state) {
    (void)state;
    for (int is_original = 0; is_original < 2; is_original++) {
        struct fixture f;
        fixture_open(&f, is_original, 1 * MIB, 0);
        assert_non_null(rh_sbrk_heap_alloc(&f.heap, 100, 8));
        assert_non_null(rh_sbrk_heap_alloc(&f.heap, 40000, 8));
        for (size_t less = 0; less < 140000; less++) {
            assert_false(rh_sbrk_heap_resize(&f.heap, 100, 8, SIZE_MAX - less));
            assert_false(rh_sbrk_heap_resize(&f.heap, 40000, 8, SIZE_MAX - less));
        }
        assert_false(rh_sbrk_heap_resize(&f.heap, 40000, 8, PTRDIFF_MAX));
        fixture_close(&f);
    }
}

static void d7_length_nought(void **state) {
    (void)state;
    for (int is_original = 0; is_original < 2; is_original++) {
        struct fixture f;
        fixture_open(&f, is_original, 1 * MIB, 0);
        char *first = rh_sbrk_heap_alloc(&f.heap, 0, 1);
        char *second = rh_sbrk_heap_alloc(&f.heap, 0, 1);
        assert_int_equal(second - first, 16);
        rh_sbrk_heap_free(&f.heap, first, 0, 1);
        assert_ptr_equal(rh_sbrk_heap_alloc(&f.heap, 8, 1), first);
        fixture_close(&f);
    }
}

static void d8_the_break_as_the_system_gives_it(void **state) {
    (void)state;
    struct rh_sbrk_break brk;
    rh_sbrk_break_init(&brk);
    assert_ptr_not_equal(sbrk(3), (void *)-1);
    uintptr_t start = brk.source.sbrk(&brk.source, 64 * KIB);
    assert_true(start != 0);
    assert_int_equal(start % brk.source.page_bytes, 0);
    memset((void *)start, 1, 64 * KIB);
    assert_int_equal(brk.source.sbrk(&brk.source, (size_t)1 << 46), 0);
    assert_int_equal(brk.source.sbrk(&brk.source, (size_t)1 << 63), 0);
    assert_ptr_not_equal(sbrk(5), (void *)-1);
    uintptr_t position = brk.source.position(&brk.source);
    assert_int_equal(brk.source.sbrk(&brk.source, 4 * KIB), position);
}

static uintptr_t uneven_sbrk(struct rh_sbrk_source *source, size_t bytes) {
    (void)source;
    (void)bytes;
    return 4096 + 8;
}

static uintptr_t uneven_position(struct rh_sbrk_source *source) {
    (void)source;
    return 1 << 20;
}

static void d8_a_source_that_breaks_its_word_is_stopped(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct rh_sbrk_source uneven = {uneven_sbrk, uneven_position, 4096};
        struct rh_sbrk_heap heap;
        rh_sbrk_heap_init(&heap, &uneven, true);
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        rh_sbrk_heap_alloc(&heap, 10, 8);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* With the boundary of D1 mended alone, a slot of 8 KiB in a bigpage that is only page-aligned
 * would reach over its end. */
static void d9_slots_stay_inside_their_bigpage(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f, false, 64 * MIB, 4 * KIB);
    for (size_t slot = 16; slot <= 32 * KIB; slot *= 2) {
        uintptr_t last = 0;
        for (size_t i = 0; i < 3 * 64 * KIB / slot; i++) {
            uintptr_t addr = (uintptr_t)rh_sbrk_heap_alloc(&f.heap, slot - 8, 8);
            assert_int_equal(addr % slot, 0);
            assert_true(last == 0 || addr / (64 * KIB) != last / (64 * KIB) || addr == last + slot);
            last = addr;
        }
    }
    fixture_close(&f);
}

static void d10_pages_larger_than_a_bigpage(void **state) {
    (void)state;
    for (int is_original = 0; is_original < 2; is_original++) {
        struct fixture f;
        fixture_open(&f, is_original, 64 * MIB, 0);
        f.counted.source.page_bytes = 128 * KIB;
        rh_sbrk_heap_init(&f.heap, &f.counted.source, is_original);
        assert_int_equal(f.heap.bigpage_shift, 17);
        char *blocks[300];
        for (size_t i = 0; i < 300; i++)
            assert_non_null(blocks[i] = rh_sbrk_heap_alloc(&f.heap, 500 + i, 8));
        /* A bigpage of slots of 512, three of 1,024. */
        assert_int_equal(f.counted.grown_bytes, 4 * 128 * KIB);
        assert_non_null(rh_sbrk_heap_alloc(&f.heap, 65528, 8));
        assert_non_null(rh_sbrk_heap_alloc(&f.heap, 65529, 8));
        for (size_t i = 0; i < 300; i++)
            rh_sbrk_heap_free(&f.heap, blocks[i], 500 + i, 8);
        fixture_close(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(d1_the_carve_boundary),
        cmocka_unit_test(d2_alignments_above_the_page),
        cmocka_unit_test(d2_the_original_ignores_them_and_is_guarded),
        cmocka_unit_test(d3_resize_from_large_to_small),
        cmocka_unit_test(d4_a_failed_large_allocation),
        cmocka_unit_test(d5_sizes_beyond_the_last_class),
        cmocka_unit_test(d6_resize_to_a_huge_length),
        cmocka_unit_test(d7_length_nought),
        cmocka_unit_test(d8_the_break_as_the_system_gives_it),
        cmocka_unit_test(d8_a_source_that_breaks_its_word_is_stopped),
        cmocka_unit_test(d9_slots_stay_inside_their_bigpage),
        cmocka_unit_test(d10_pages_larger_than_a_bigpage),
    };
    return cmocka_run_group_tests_name("allocator/sbrk faults", tests, NULL, NULL);
}
