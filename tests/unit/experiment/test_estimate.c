/* Running estimates: paired within rounds, the warm-up and other passes left out. */
#include <math.h>

#include "base/memory.h"
#include "experiment/estimate.h"
#include "tests/unit/test.h"

enum { BASELINE, OTHER, ALLOCATORS };

static struct rh_cell cell(uint32_t round, uint32_t allocator) {
    return (struct rh_cell){.trace = 1, .round = round, .allocator = allocator};
}

static void add(struct rh_estimate *estimate, uint32_t round, double baseline, double other) {
    struct rh_cell cells[] = {cell(round, BASELINE), cell(round, OTHER)};
    rh_estimate_add(estimate, &cells[0], baseline);
    rh_estimate_add(estimate, &cells[1], other);
}

static void paired_within_rounds(void **state) {
    (void)state;
    struct rh_estimate estimate;
    struct rh_cell other = cell(1, OTHER);
    struct rh_cell baseline = cell(1, BASELINE);
    assert_int_equal(rh_estimate_init(&estimate, 2, ALLOCATORS, BASELINE, 3, NULL), 0);
    add(&estimate, 0, 100, 1); /* warm-up */
    assert_true(isnan(rh_estimate_ratio(&estimate, &other)));
    rh_estimate_add(&estimate, &other, 60);
    assert_true(isnan(rh_estimate_ratio(&estimate, &other)));
    add(&estimate, 1, 100, 50);
    assert_true(fabs(rh_estimate_ratio(&estimate, &other) - 0.5) < 1e-12);
    add(&estimate, 2, 200, 140);
    add(&estimate, 3, 10, 6);
    assert_true(fabs(rh_estimate_ratio(&estimate, &other) - 0.6) < 1e-12);
    assert_true(isnan(rh_estimate_ratio(&estimate, &baseline)));
    rh_estimate_finish(&estimate);
}

static void only_what_counts(void **state) {
    (void)state;
    struct rh_estimate estimate;
    struct rh_cell other = cell(1, OTHER);
    assert_int_equal(rh_estimate_init(&estimate, 2, ALLOCATORS, BASELINE, 1, NULL), 0);
    add(&estimate, 1, 100, 50);
    struct rh_cell memory = cell(1, OTHER);
    memory.pass = RH_PASS_MEMORY;
    rh_estimate_add(&estimate, &memory, 1);
    struct rh_cell again = cell(1, BASELINE);
    again.copy = 1;
    rh_estimate_add(&estimate, &again, 1);
    assert_true(fabs(rh_estimate_ratio(&estimate, &other) - 0.5) < 1e-12);
    other.trace = 0;
    assert_true(isnan(rh_estimate_ratio(&estimate, &other)));
    rh_estimate_finish(&estimate);
}

static void no_memory(void **state) {
    (void)state;
    struct rh_estimate estimate;
    rh_memory_fail_at(1);
    assert_int_equal(rh_estimate_init(&estimate, 1, 1, 0, 1, NULL), RH_ERR_MEMORY);
    rh_memory_fail_at(0);
    rh_estimate_finish(&estimate);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paired_within_rounds),
        cmocka_unit_test(only_what_counts),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("experiment/estimate", tests, NULL, NULL);
}
