/* What threads know of each other: never more than is true. */
#include "base/memory.h"
#include "compile/known.h"
#include "tests/unit/test.h"

static void knowledge_is_taken_over_at_the_place(void **state) {
    (void)state;
    struct rh_known a = {0}, b = {0}, c = {0};
    /* a, at 20, waits for 10 of thread 2; b, at 5, waits for 15 of a: too early for that. */
    assert_int_equal(rh_known_join(&a, 0, 20, &c, 2, 10, NULL), 0);
    assert_true(rh_known_implies(&a, 2, 10));
    assert_true(rh_known_implies(&a, 2, 9));
    assert_false(rh_known_implies(&a, 2, 11));
    assert_int_equal(rh_known_join(&b, 1, 5, &a, 0, 15, NULL), 0);
    assert_true(rh_known_implies(&b, 0, 15));
    assert_false(rh_known_implies(&b, 2, 10));
    /* Then for 25 of a: now what a had learned counts. */
    assert_int_equal(rh_known_join(&b, 1, 6, &a, 0, 25, NULL), 0);
    assert_true(rh_known_implies(&b, 2, 10));
    rh_known_finish(&a);
    rh_known_finish(&b);
    rh_known_finish(&c);
}

static void nothing_is_known_of_strangers(void **state) {
    (void)state;
    struct rh_known known = {0};
    assert_false(rh_known_implies(&known, 3, 1));
    assert_false(rh_known_implies(&known, 3, 0));
    rh_known_finish(&known);
}

/* With ten thousand peers much is forgotten, and nothing invented. */
static void many_peers_stay_within_bounds(void **state) {
    (void)state;
    struct rh_known known = {0}, blank = {0};
    enum { PEERS = 10000 };
    for (uint32_t i = 1; i <= PEERS; i++)
        assert_int_equal(rh_known_join(&known, 0, 1000 + i, &blank, i, i * 10, NULL), 0);
    for (uint32_t i = 1; i <= PEERS; i++)
        assert_false(rh_known_implies(&known, i, i * 10 + 1));
    assert_true(rh_known_implies(&known, PEERS, PEERS * 10));
    assert_in_range(known.peer_mask, 0, 4095);
    assert_in_range(known.log_capacity, 0, 1024);
    /* One who joins gets at most what is still in the log. */
    struct rh_known other = {0};
    assert_int_equal(rh_known_join(&other, PEERS + 1, 5, &known, 0, 50000, NULL), 0);
    for (uint32_t i = 1; i <= PEERS; i++)
        assert_false(rh_known_implies(&other, i, i * 10 + 1));
    assert_true(rh_known_implies(&other, PEERS, PEERS * 10));
    rh_known_finish(&known);
    rh_known_finish(&other);
}

static void an_end_forgets_peers_but_not_the_log(void **state) {
    (void)state;
    struct rh_known ended = {0}, blank = {0}, other = {0};
    assert_int_equal(rh_known_join(&ended, 0, 20, &blank, 2, 10, NULL), 0);
    rh_known_end(&ended);
    assert_int_equal(rh_known_join(&other, 1, 5, &ended, 0, 30, NULL), 0);
    assert_true(rh_known_implies(&other, 2, 10));
    rh_known_finish(&ended);
    rh_known_finish(&other);
}

static void want_of_memory_is_an_error(void **state) {
    (void)state;
    struct rh_known known = {0}, blank = {0};
    for (uint64_t nth = 1; nth <= 2; nth++) {
        rh_memory_fail_at(nth);
        assert_int_equal(rh_known_join(&known, 0, 20, &blank, 2, 10, NULL), RH_ERR_MEMORY);
        rh_memory_fail_at(0);
        rh_known_finish(&known);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knowledge_is_taken_over_at_the_place),
        cmocka_unit_test(nothing_is_known_of_strangers),
        cmocka_unit_test(many_peers_stay_within_bounds),
        cmocka_unit_test(an_end_forgets_peers_but_not_the_log),
        cmocka_unit_test(want_of_memory_is_an_error),
    };
    return cmocka_run_group_tests_name("compile/known", tests, NULL, NULL);
}
