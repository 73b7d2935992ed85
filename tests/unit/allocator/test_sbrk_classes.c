/* The size classes: every boundary, one below and one above. */
#include "allocator/sbrk/classes.h"
#include "tests/unit/test.h"

enum { SHIFT = RH_SBRK_BIGPAGE_SHIFT };

static struct rh_sbrk_class classify(size_t len, size_t align) {
    struct rh_sbrk_class class;
    assert_true(rh_sbrk_classify(SHIFT, len, align, &class));
    return class;
}

static void small_boundaries(void **state) {
    (void)state;
    for (unsigned index = 0; index < SHIFT - RH_SBRK_MIN_SHIFT; index++) {
        size_t slot = (size_t)16 << index;
        for (size_t len = slot - 9; len <= slot - 8; len++) {
            struct rh_sbrk_class class = classify(len, 1);
            assert_false(class.is_big);
            assert_int_equal(class.index, index);
            assert_int_equal(class.slot_bytes, slot);
            assert_int_equal(rh_sbrk_usable_bytes(&class), slot - 8);
        }
        struct rh_sbrk_class above = classify(slot - 7, 1);
        assert_int_equal(above.is_big, index == 11);
        assert_int_equal(above.index, index == 11 ? 0 : index + 1);
        /* An alignment counts like a length without link. */
        assert_int_equal(classify(1, slot).slot_bytes, slot);
        assert_int_equal(classify(slot - 8, slot).slot_bytes, slot);
    }
}

static void big_boundaries(void **state) {
    (void)state;
    for (unsigned index = 0; index < 30; index++) {
        /* bigPagesNeeded counts the link twice: 2^n bigpages hold 16 bytes less. */
        size_t slot = (size_t)65536 << index;
        for (size_t len = slot - 17; len <= slot - 16; len++) {
            struct rh_sbrk_class class = classify(len, 16);
            assert_true(class.is_big);
            assert_int_equal(class.index, index);
            assert_int_equal(class.slot_bytes, slot);
            assert_int_equal(rh_sbrk_usable_bytes(&class), slot - 16);
        }
        assert_int_equal(classify(slot - 15, 16).index, index + 1);
    }
}

static void the_largest_class_and_beyond(void **state) {
    (void)state;
    struct rh_sbrk_class class;
    size_t most = ((size_t)1 << 62) - 16;
    assert_int_equal(classify(most, 1).index, RH_SBRK_BIG_CLASSES - 1);
    assert_int_equal(classify(most, 1).slot_bytes, (size_t)1 << 62);
    static const size_t too_long[] = {
        ((size_t)1 << 62) - 15,  (size_t)1 << 62, PTRDIFF_MAX - 8, PTRDIFF_MAX,
        (size_t)PTRDIFF_MAX + 1, SIZE_MAX - 8,    SIZE_MAX};
    for (size_t i = 0; i < sizeof(too_long) / sizeof(too_long[0]); i++)
        assert_false(rh_sbrk_classify(SHIFT, too_long[i], 1, &class));
    assert_false(rh_sbrk_classify(SHIFT, 1, (size_t)1 << 63, &class));
    assert_false(rh_sbrk_classify(SHIFT, 1, (size_t)1 << 62, &class));
}

static void length_nought_costs_the_smallest_slot(void **state) {
    (void)state;
    assert_int_equal(classify(0, 1).slot_bytes, 16);
    assert_int_equal(classify(0, 1).index, 0);
    assert_int_equal(classify(0, 64).slot_bytes, 64);
}

/* What the class says it holds belongs to the class, and one more does not. */
static void usable_bytes_are_exact(void **state) {
    (void)state;
    for (size_t len = 0; len < 300000; len += 1 + len / 64) {
        struct rh_sbrk_class class = classify(len, 1);
        size_t usable = rh_sbrk_usable_bytes(&class);
        assert_true(usable >= len);
        struct rh_sbrk_class same = classify(usable, 1), next = classify(usable + 1, 1);
        assert_true(rh_sbrk_same_class(&class, &same));
        assert_false(rh_sbrk_same_class(&class, &next));
    }
}

static void the_bigpage_follows_the_page(void **state) {
    (void)state;
    assert_int_equal(rh_sbrk_bigpage_shift(4096), 16);
    assert_int_equal(rh_sbrk_bigpage_shift(16384), 16);
    assert_int_equal(rh_sbrk_bigpage_shift(65536), 16);
    assert_int_equal(rh_sbrk_bigpage_shift(131072), 17);
    struct rh_sbrk_class class;
    assert_true(rh_sbrk_classify(17, 65528, 1, &class));
    assert_false(class.is_big);
    assert_int_equal(class.slot_bytes, 65536);
    assert_true(rh_sbrk_classify(17, 65529, 1, &class));
    assert_true(class.is_big);
    assert_int_equal(class.slot_bytes, 131072);
}

static void logarithms_and_bigpages(void **state) {
    (void)state;
    assert_int_equal(rh_sbrk_log2_ceil(1), 0);
    assert_int_equal(rh_sbrk_log2_ceil(2), 1);
    assert_int_equal(rh_sbrk_log2_ceil(3), 2);
    assert_int_equal(rh_sbrk_log2_ceil((size_t)1 << 63), 63);
    assert_int_equal(rh_sbrk_bigpages_needed(16, 65528), 1);
    assert_int_equal(rh_sbrk_bigpages_needed(16, 65529), 2);
    assert_int_equal(rh_sbrk_bigpages_needed(16, 1), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_boundaries),
        cmocka_unit_test(big_boundaries),
        cmocka_unit_test(the_largest_class_and_beyond),
        cmocka_unit_test(length_nought_costs_the_smallest_slot),
        cmocka_unit_test(usable_bytes_are_exact),
        cmocka_unit_test(the_bigpage_follows_the_page),
        cmocka_unit_test(logarithms_and_bigpages),
    };
    return cmocka_run_group_tests_name("allocator/sbrk classes", tests, NULL, NULL);
}
