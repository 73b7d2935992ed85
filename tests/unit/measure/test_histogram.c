/* Bins without gaps, quantiles against exact ones. */
#include <stdlib.h>

#include "base/random.h"
#include "measure/histogram.h"
#include "tests/unit/test.h"

static void bins_follow_each_other(void **state) {
    (void)state;
    for (uint32_t bin = 0; bin < RH_LATENCY_BINS; bin++) {
        uint64_t low = rh_histogram_low(bin), next = rh_histogram_low(bin + 1);
        assert_true(next > low);
        assert_int_equal(rh_histogram_bin(low), bin);
        assert_int_equal(rh_histogram_bin(next - 1), bin);
        /* 3 % of the value at most. */
        assert_true(bin < RH_LATENCY_STEPS || (next - low) * RH_LATENCY_STEPS <= low);
    }
    assert_int_equal(rh_histogram_bin(UINT64_MAX), RH_LATENCY_BINS - 1);
    assert_true(rh_histogram_low(RH_LATENCY_BINS) / RH_LATENCY_UNITS_PER_NS > 60000000000u);
}

static int compare(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Times from 0.1 ns to seconds, as many short ones as long ones. */
static void quantiles_are_within_three_percent(void **state) {
    (void)state;
    enum { COUNT = 20001 };
    static const double quantiles[] = {0, 0.01, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
    static uint64_t values[COUNT];
    static struct rh_histogram histogram;
    struct rh_random random;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        rh_random_seed(&random, seed);
        histogram = (struct rh_histogram){0};
        for (int i = 0; i < COUNT; i++) {
            values[i] = 2 + (rh_random_next(&random) >> (30 + rh_random_below(&random, 32)));
            histogram.counts[rh_histogram_bin(values[i])]++;
        }
        qsort(values, COUNT, sizeof(values[0]), compare);
        assert_int_equal(rh_histogram_total(&histogram), COUNT);
        for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
            double p = quantiles[i];
            uint64_t rank = (uint64_t)(p * COUNT);
            rank += (double)rank < p * COUNT || rank == 0;
            double exact = (double)values[rank - 1] / RH_LATENCY_UNITS_PER_NS;
            double found = rh_histogram_quantile_ns(&histogram, p);
            assert_true(found >= exact * 0.97 && found <= exact * 1.03);
        }
    }
}

static void a_quantile_is_the_value_of_its_rank(void **state) {
    (void)state;
    static struct rh_histogram histogram;
    histogram.counts[1] = 999; /* a sixteenth of a ns */
    histogram.counts[16] = 1;  /* one ns */
    assert_true(rh_histogram_quantile_ns(&histogram, 0.999) == 1.0 / 16);
    assert_true(rh_histogram_quantile_ns(&histogram, 0.9991) == 1);
    assert_true(rh_histogram_quantile_ns(&histogram, 1) == 1);
    static const struct rh_histogram empty;
    assert_true(rh_histogram_quantile_ns(&empty, 0.5) == 0);
}

static void kinds_and_classes_add_up(void **state) {
    (void)state;
    static struct rh_latency latency = {.entry_count = 3};
    latency.entries[0] = (struct rh_latency_entry){RH_LATENCY_MALLOC * RH_LATENCY_CLASSES, 4, 10};
    latency.entries[1] = (struct rh_latency_entry){RH_LATENCY_FREE * RH_LATENCY_CLASSES, 4, 100};
    latency.entries[2] =
        (struct rh_latency_entry){RH_LATENCY_FREE * RH_LATENCY_CLASSES + 2, 9, 1000};
    const struct {
        unsigned kind, size_class;
        uint64_t total;
    } table[] = {{RH_LATENCY_KINDS, RH_LATENCY_CLASSES, 1110},
                 {RH_LATENCY_KINDS, 0, 110},
                 {RH_LATENCY_FREE, RH_LATENCY_CLASSES, 1100},
                 {RH_LATENCY_FREE, 2, 1000},
                 {RH_LATENCY_CALLOC, RH_LATENCY_CLASSES, 0}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rh_histogram histogram = {0};
        rh_histogram_add(&histogram, &latency, table[i].kind, table[i].size_class);
        assert_int_equal(rh_histogram_total(&histogram), table[i].total);
    }
}

static void what_the_clock_cannot_tell_is_not_said(void **state) {
    (void)state;
    char text[RH_HUMAN_BYTES];
    assert_string_equal(rh_histogram_text(text, 0.03, 10019), "<= 20 ns");
    assert_string_equal(rh_histogram_text(text, 20.2, 10019), "<= 20 ns");
    assert_string_equal(rh_histogram_text(text, 30.2, 10019), "30.2 ns");
    assert_string_equal(rh_histogram_text(text, 1.5, 500), "1.50 ns");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_follow_each_other),
        cmocka_unit_test(quantiles_are_within_three_percent),
        cmocka_unit_test(a_quantile_is_the_value_of_its_rank),
        cmocka_unit_test(kinds_and_classes_add_up),
        cmocka_unit_test(what_the_clock_cannot_tell_is_not_said),
    };
    return cmocka_run_group_tests_name("measure/histogram", tests, NULL, NULL);
}
