/* The generator is the published one, and the draws are uniform and reproducible. */
#include <string.h>

#include "base/random.h"
#include "tests/unit/test.h"

static void one_seed_one_sequence(void **state) {
    (void)state;
    struct rh_random a, b;
    rh_random_seed(&a, 7);
    rh_random_seed(&b, 7);
    for (int i = 0; i < 100; i++)
        assert_true(rh_random_next(&a) == rh_random_next(&b));
    rh_random_seed(&b, 8);
    assert_false(rh_random_next(&a) == rh_random_next(&b));
}

/* Reference: xoshiro256** with state {1, 2, 3, 4} starts with 11520, 0, 1509978240,
 * 1215971899390074240. */
static void the_published_sequence(void **state) {
    (void)state;
    struct rh_random random = {{1, 2, 3, 4}};
    assert_true(rh_random_next(&random) == 11520);
    assert_true(rh_random_next(&random) == 0);
    assert_true(rh_random_next(&random) == 1509978240);
    assert_true(rh_random_next(&random) == UINT64_C(1215971899390074240));
}

static void draws_are_uniform(void **state) {
    (void)state;
    struct rh_random random;
    rh_random_seed(&random, 1);
    unsigned counts[7] = {0};
    for (int i = 0; i < 70000; i++)
        counts[rh_random_below(&random, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], 9500, 10500);
}

static void a_shuffle_is_a_permutation(void **state) {
    (void)state;
    struct rh_random random;
    rh_random_seed(&random, 2);
    uint32_t numbers[50];
    for (uint32_t i = 0; i < 50; i++)
        numbers[i] = i;
    rh_random_shuffle(&random, numbers, 50);
    unsigned char seen[50] = {0};
    for (uint32_t i = 0; i < 50; i++)
        seen[numbers[i]]++;
    for (uint32_t i = 0; i < 50; i++)
        assert_int_equal(seen[i], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_one_sequence),
        cmocka_unit_test(the_published_sequence),
        cmocka_unit_test(draws_are_uniform),
        cmocka_unit_test(a_shuffle_is_a_permutation),
    };
    return cmocka_run_group_tests_name("base/random", tests, NULL, NULL);
}
