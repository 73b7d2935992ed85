/* The order of a run: Latin, balanced, complete, and a function of its seed. */
#include <string.h>

#include "base/memory.h"
#include "experiment/schedule.h"
#include "result/result.h"
#include "tests/unit/test.h"

enum { ALLOCATORS = 6, TRACES = 3, PLAYERS = ALLOCATORS - 1 + 1, MEMORY_PLAYERS = PLAYERS - 1 };

/* 0 is missing, 5 (bump) has no memory pass. */
static const bool plays[ALLOCATORS][RH_PASSES] = {
    {false, false}, {true, true}, {true, true}, {true, true}, {true, true}, {true, false},
};

/* The second of them has a latency pass. */
static const bool plays_latency[ALLOCATORS][RH_PASSES] = {
    {false},
    {true, true, false, true},
    {true, true, false, true},
};

static struct rh_schedule_input input_of(uint32_t rounds, uint32_t memory_rounds, uint64_t seed) {
    return (struct rh_schedule_input){
        .traces = TRACES,
        .allocators = ALLOCATORS,
        .plays = plays,
        .baseline = 2,
        .rounds = rounds,
        .memory_rounds = memory_rounds,
        .throughput = true,
        .seed = seed,
    };
}

static struct rh_schedule make(const struct rh_schedule_input *input) {
    struct rh_schedule schedule = {0};
    assert_int_equal(rh_schedule_init(&schedule, input, NULL), 0);
    return schedule;
}

/* The position of each player in each round of a trace and pass; players are told apart by
 * allocator * 2 + copy. */
static void positions(const struct rh_schedule *schedule, uint32_t trace, enum rh_pass pass,
                      uint32_t round, int ret_position[ALLOCATORS * 2]) {
    int next = 0;
    for (int i = 0; i < ALLOCATORS * 2; i++)
        ret_position[i] = -1;
    for (size_t i = 0; i < schedule->count; i++) {
        const struct rh_cell *cell = &schedule->cells[i];
        if (cell->trace != trace || cell->pass != pass || cell->round != round)
            continue;
        int *position = &ret_position[cell->allocator * 2 + cell->copy];
        assert_int_equal(*position, -1);
        *position = next++;
    }
}

static void everyone_once_and_the_baseline_twice(void **state) {
    (void)state;
    struct rh_schedule_input input = input_of(10, 3, 1);
    struct rh_schedule schedule = make(&input);
    assert_int_equal(schedule.count, TRACES * (11 * PLAYERS + 3 * MEMORY_PLAYERS));
    for (uint32_t round = 0; round <= 10; round++) {
        for (uint32_t trace = 0; trace < TRACES; trace++) {
            int position[ALLOCATORS * 2];
            positions(&schedule, trace, RH_PASS_THROUGHPUT, round, position);
            for (uint32_t a = 0; a < ALLOCATORS; a++) {
                assert_int_equal(position[a * 2] >= 0, a != 0);
                assert_int_equal(position[a * 2 + 1] >= 0, a == 2);
            }
            positions(&schedule, trace, RH_PASS_MEMORY, round, position);
            bool measured = round >= 1 && round <= 3;
            assert_int_equal(position[2 * 2 + 1] >= 0, measured);
            assert_int_equal(position[1 * 2] >= 0, measured);
            assert_int_equal(position[5 * 2], -1);
        }
    }
    rh_schedule_finish(&schedule);
}

/* Over a block of as many rounds as players, each stands once at each position. */
static void a_block_is_a_latin_square(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rh_schedule_input input = input_of(3 * PLAYERS, 0, seed);
        struct rh_schedule schedule = make(&input);
        for (uint32_t block = 0; block < 3; block++) {
            for (uint32_t trace = 0; trace < TRACES; trace++) {
                bool seen[ALLOCATORS * 2][PLAYERS] = {{false}};
                for (uint32_t round = 1; round <= PLAYERS; round++) {
                    int position[ALLOCATORS * 2];
                    positions(&schedule, trace, RH_PASS_THROUGHPUT, block * PLAYERS + round,
                              position);
                    for (int player = 0; player < ALLOCATORS * 2; player++) {
                        if (position[player] < 0)
                            continue;
                        assert_false(seen[player][position[player]]);
                        seen[player][position[player]] = true;
                    }
                }
            }
        }
        rh_schedule_finish(&schedule);
    }
}

static void rounds_come_in_order_and_traces_take_turns(void **state) {
    (void)state;
    struct rh_schedule_input input = input_of(7, 2, 3);
    struct rh_schedule schedule = make(&input);
    uint32_t first_traces = 0;
    for (size_t i = 1; i < schedule.count; i++) {
        assert_true(schedule.cells[i].round >= schedule.cells[i - 1].round);
        if (schedule.cells[i].round != schedule.cells[i - 1].round)
            first_traces |= 1u << schedule.cells[i].trace;
        assert_true(schedule.cells[i].padding_bytes < RH_SCHEDULE_PADDING_BYTES);
    }
    assert_int_equal(first_traces, (1u << TRACES) - 1);
    rh_schedule_finish(&schedule);
}

static void a_seed_names_an_order(void **state) {
    (void)state;
    struct rh_schedule_input input = input_of(10, 3, 7);
    struct rh_schedule first = make(&input);
    struct rh_schedule second = make(&input);
    input.seed = 8;
    struct rh_schedule other = make(&input);
    assert_int_equal(first.count, other.count);
    assert_memory_equal(first.cells, second.cells, first.count * sizeof(*first.cells));
    assert_true(memcmp(first.cells, other.cells, first.count * sizeof(*first.cells)) != 0);
    rh_schedule_finish(&first);
    rh_schedule_finish(&second);
    rh_schedule_finish(&other);
}

/* Who comes first must not depend on the order in the plan: over many seeds each player leads
 * about equally often. */
static void nobody_is_favoured(void **state) {
    (void)state;
    enum { SEEDS = 600 };
    int first[ALLOCATORS] = {0};
    double padding = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct rh_schedule_input input = input_of(1, 0, seed);
        struct rh_schedule schedule = make(&input);
        first[schedule.cells[0].allocator]++;
        padding += schedule.cells[0].padding_bytes / (double)SEEDS;
        rh_schedule_finish(&schedule);
    }
    /* Binomial, p = 1/6: mean 100, deviation 9; the baseline has two chances. */
    for (int i = 1; i < ALLOCATORS; i++)
        assert_in_range(first[i], i == 2 ? 150 : 60, i == 2 ? 250 : 140);
    assert_true(padding > 1800 && padding < 2300);
}

static void memory_alone(void **state) {
    (void)state;
    struct rh_schedule_input input = input_of(10, 3, 7);
    input.throughput = false;
    struct rh_schedule schedule = make(&input);
    assert_int_equal(schedule.count, TRACES * 4 * MEMORY_PLAYERS);
    assert_int_equal(schedule.cells[0].round, 0);
    for (size_t i = 0; i < schedule.count; i++)
        assert_int_equal(schedule.cells[i].pass, RH_PASS_MEMORY);
    rh_schedule_finish(&schedule);
}

static void too_many_cells(void **state) {
    (void)state;
    struct rh_schedule_input input = input_of(100000, 0, 7);
    struct rh_schedule schedule = {0};
    struct rh_error error = {0};
    assert_int_equal(rh_schedule_init(&schedule, &input, &error), RH_ERR_LIMIT);
    assert_non_null(strstr(error.message, "fewer rounds"));
    assert_null(schedule.cells);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct rh_schedule_input input = input_of(2, 1, 7);
    int result = RH_ERR_MEMORY;
    for (uint64_t nth = 1; result != 0 && nth < 30; nth++) {
        struct rh_schedule schedule = {0};
        rh_memory_fail_at(nth);
        result = rh_schedule_init(&schedule, &input, NULL);
        rh_memory_fail_at(0);
        assert_true(result == (nth <= 19 ? RH_ERR_MEMORY : 0));
        rh_schedule_finish(&schedule);
    }
    assert_int_equal(result, 0);
}

static size_t cells_of(const struct rh_schedule *schedule, enum rh_pass pass, uint32_t round) {
    size_t count = 0;
    for (size_t i = 0; i < schedule->count; i++)
        count += schedule->cells[i].pass == pass && schedule->cells[i].round == round;
    return count;
}

static void other_passes_have_rounds_of_their_own(void **state) {
    (void)state;
    struct rh_schedule_input input = input_of(4, 1, 7);
    input.plays = plays_latency;
    input.pass_rounds[RH_PASS_LATENCY] = 2;
    struct rh_schedule schedule = make(&input);
    for (uint32_t round = 0; round <= 4; round++) {
        assert_int_equal(cells_of(&schedule, RH_PASS_LATENCY, round),
                         round == 1 || round == 2 ? TRACES * 3 : 0);
        assert_int_equal(cells_of(&schedule, RH_PASS_SYSCALLS, round), 0);
    }
    rh_schedule_finish(&schedule);
    input.throughput = false;
    input.memory_rounds = 0;
    schedule = make(&input);
    assert_int_equal(schedule.count, 3 * TRACES * 3);
    assert_int_equal(cells_of(&schedule, RH_PASS_LATENCY, 0), TRACES * 3);
    rh_schedule_finish(&schedule);
}

/* What a budget rests on: the warm-up is played before the number of rounds is known. */
static void a_warm_up_is_the_beginning_of_any_number_of_rounds(void **state) {
    (void)state;
    struct rh_schedule_input alone = input_of(0, 0, 3);
    alone.warm[RH_PASS_MEMORY] = true;
    struct rh_schedule warm_up = make(&alone);
    assert_int_equal(warm_up.count, TRACES * (PLAYERS + MEMORY_PLAYERS));
    for (uint32_t rounds = 1; rounds < 12; rounds += 5) {
        struct rh_schedule_input input = input_of(rounds, 1, 3);
        input.warm[RH_PASS_MEMORY] = true;
        struct rh_schedule schedule = make(&input);
        assert_int_equal(schedule.count,
                         TRACES * ((rounds + 1) * PLAYERS + (1 + 1) * MEMORY_PLAYERS));
        assert_memory_equal(schedule.cells, warm_up.cells, warm_up.count * sizeof(*warm_up.cells));
        assert_int_equal(schedule.cells[warm_up.count].round, 1);
        rh_schedule_finish(&schedule);
    }
    rh_schedule_finish(&warm_up);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everyone_once_and_the_baseline_twice),
        cmocka_unit_test(a_block_is_a_latin_square),
        cmocka_unit_test(rounds_come_in_order_and_traces_take_turns),
        cmocka_unit_test(a_seed_names_an_order),
        cmocka_unit_test(nobody_is_favoured),
        cmocka_unit_test(memory_alone),
        cmocka_unit_test(other_passes_have_rounds_of_their_own),
        cmocka_unit_test(too_many_cells),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_warm_up_is_the_beginning_of_any_number_of_rounds),
    };
    return cmocka_run_group_tests_name("experiment/schedule", tests, NULL, NULL);
}
