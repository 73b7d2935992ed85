/* Growing arrays, the fault point, memfd mappings. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/test.h"

static void arrays_grow_and_keep(void **state) {
    (void)state;
    uint32_t *numbers = NULL;
    size_t capacity = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(rh_grow((void **)&numbers, &capacity, i + 1, sizeof(*numbers), NULL), 0);
        numbers[i] = i;
    }
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(numbers[i], i);
    rh_free(numbers);
}

static void a_failed_growth_changes_nothing(void **state) {
    (void)state;
    uint64_t *numbers = NULL;
    size_t capacity = 0;
    assert_int_equal(rh_grow((void **)&numbers, &capacity, 4, sizeof(*numbers), NULL), 0);
    uint64_t *before = numbers;
    size_t capacity_before = capacity;
    struct rh_error error = {0};
    rh_memory_fail_at(1);
    assert_int_equal(rh_grow((void **)&numbers, &capacity, 1000, sizeof(*numbers), &error),
                     RH_ERR_MEMORY);
    rh_memory_fail_at(0);
    assert_ptr_equal(numbers, before);
    assert_int_equal(capacity, capacity_before);
    assert_int_equal(rh_grow((void **)&numbers, &capacity, SIZE_MAX / 2, 8, NULL), RH_ERR_MEMORY);
    rh_free(numbers);
}

static void the_nth_allocation_fails_and_all_after(void **state) {
    (void)state;
    rh_memory_fail_at(3);
    void *first = rh_alloc(1);
    char *second = rh_strdup("x");
    assert_non_null(first);
    assert_non_null(second);
    assert_null(rh_alloc(1));
    assert_null(rh_alloc_zeroed(1, 1));
    rh_memory_fail_at(0);
    rh_free(first);
    rh_free(second);
}

static void mapped_memory_is_shared_and_zero(void **state) {
    (void)state;
    struct rh_mapped mapped = {0};
    assert_int_equal(rh_mapped_init(&mapped, 3 * 4096, 1, NULL), 0);
    for (size_t i = 0; i < mapped.bytes; i++)
        assert_int_equal(((unsigned char *)mapped.data)[i], 0);
    memset(mapped.data, 1, mapped.bytes);
    rh_mapped_finish(&mapped);
    rh_mapped_finish(&mapped);
    assert_null(mapped.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_grow_and_keep),
        cmocka_unit_test(a_failed_growth_changes_nothing),
        cmocka_unit_test(the_nth_allocation_fails_and_all_after),
        cmocka_unit_test(mapped_memory_is_shared_and_zero),
    };
    return cmocka_run_group_tests_name("base/memory", tests, NULL, NULL);
}
