/* test_addresses.c - the table of addresses against a plain array. */
#include "tests/unit/test.h"

#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "record/addresses.h"

static void finds_what_was_added(void **state) {
    (void)state;
    struct rh_addresses addresses = {0};
    struct rh_address_entry entry = {.address = 0x1000, .object = 7, .size = 40};
    assert_null(rh_addresses_find(&addresses, 0x1000));
    assert_int_equal(rh_addresses_add(&addresses, &entry, NULL), 0);
    assert_int_equal(rh_addresses_find(&addresses, 0x1000)->object, 7);
    assert_null(rh_addresses_find(&addresses, 0x1008));
    assert_null(rh_addresses_find(&addresses, 0));

    struct rh_address_entry removed = {0};
    assert_false(rh_addresses_remove(&addresses, 0x1008, &removed));
    assert_int_equal(removed.address, 0);
    assert_true(rh_addresses_remove(&addresses, 0x1000, &removed));
    assert_int_equal(removed.size, 40);
    assert_false(rh_addresses_remove(&addresses, 0x1000, &removed));
    rh_addresses_finish(&addresses);
}

/* Few different addresses, so that they come and go often and probe chains grow and break. */
static void agrees_with_an_array(void **state) {
    (void)state;
    enum { PLACES = 4000, STEPS = 200000 };
    static uint64_t expected[PLACES]; /* object + 1; 0: not there */
    struct rh_addresses addresses = {0};
    struct rh_random random;
    rh_random_seed(&random, 1);
    memset(expected, 0, sizeof(expected));
    for (uint64_t step = 0; step < STEPS; step++) {
        uint64_t place = rh_random_below(&random, PLACES);
        uint64_t address = 0x7f0000000000 + place * 16;
        struct rh_address_entry removed = {0};
        const struct rh_address_entry *found = rh_addresses_find(&addresses, address);
        assert_int_equal(found != NULL ? found->object + 1 : 0, expected[place]);
        if (found != NULL) {
            assert_true(rh_addresses_remove(&addresses, address, &removed));
            assert_int_equal(removed.object + 1, expected[place]);
            expected[place] = 0;
        } else {
            struct rh_address_entry entry = {.address = address, .object = step};
            assert_int_equal(rh_addresses_add(&addresses, &entry, NULL), 0);
            expected[place] = step + 1;
        }
    }
    size_t live = 0;
    for (size_t i = 0; i < PLACES; i++)
        live += expected[i] != 0;
    assert_int_equal(addresses.count, live);
    rh_addresses_finish(&addresses);
}

static void says_when_there_is_no_memory(void **state) {
    (void)state;
    struct rh_addresses addresses = {0};
    struct rh_error error = {0};
    struct rh_address_entry entry = {.address = 16};
    rh_memory_fail_at(1);
    assert_int_equal(rh_addresses_add(&addresses, &entry, &error), RH_ERR_MEMORY);
    rh_memory_fail_at(0);
    assert_int_equal(error.code, RH_ERR_MEMORY);
    assert_int_equal(addresses.count, 0);
    rh_addresses_finish(&addresses);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_added),
        cmocka_unit_test(agrees_with_an_array),
        cmocka_unit_test(says_when_there_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
