/* schedule.c - rounds, Latin squares, permutations. */
#include "experiment/schedule.h"

#include "base/assert.h"
#include "base/memory.h"
#include "base/random.h"
#include "result/result.h"

/* One who plays in a round. */
struct player {
    uint32_t allocator, copy;
};

/* The cyclic Latin square of one trace and pass for one block of rounds: position j of the round
 * with row i is players[order[(row[i] + direction * j) mod n]]. In a cyclic square every player
 * always follows the same neighbour; a direction per block and fresh orders keep that from lasting.
 */
struct square {
    uint32_t *order; /* permutation of the players */
    uint32_t *row;   /* permutation of the rows */
    bool reversed;
};

/* Everything that one pass needs while the schedule is laid out. */
struct layout {
    enum rh_pass pass;
    struct player *players;
    uint32_t player_count;
    struct square *squares; /* per trace */
    uint32_t *numbers;      /* what the squares point into */
    uint32_t first, traces; /* numbers of what is played: traces, or behind them programs */
    const bool *left_in;    /* per one of them; NULL: all */
};

static void layout_finish(struct layout *layout) {
    rh_free(layout->players);
    rh_free(layout->squares);
    rh_free(layout->numbers);
}

/* Are these the programs? */
static bool of_programs(const struct layout *layout, const struct rh_schedule_input *input) {
    return layout->first == input->traces && input->programs > 0;
}

static void add_players(struct layout *layout, const struct rh_schedule_input *input) {
    for (uint32_t i = 0; i < input->allocators; i++) {
        if (of_programs(layout, input) ? !input->plays_programs[i] : !input->plays[i][layout->pass])
            continue;
        layout->players[layout->player_count++] = (struct player){i, 0};
        if (i == input->baseline)
            layout->players[layout->player_count++] = (struct player){i, 1};
    }
}

static int layout_init(struct layout *layout, const struct rh_schedule_input *input, bool programs,
                       enum rh_pass pass, struct rh_error *error) {
    size_t players = (size_t)input->allocators + 1;
    uint32_t traces = programs ? input->programs : input->traces;
    *layout = (struct layout){
        .first = programs ? input->traces : 0,
        .left_in = programs && pass == RH_PASS_MEMORY ? input->has_floor : NULL,
        .pass = pass,
        .players = rh_alloc_zeroed(players, sizeof(*layout->players)),
        .squares = rh_alloc_zeroed(traces, sizeof(*layout->squares)),
        .numbers = rh_alloc_zeroed(2 * players * traces, sizeof(*layout->numbers)),
        .traces = traces,
    };
    if (layout->players == NULL || layout->squares == NULL || layout->numbers == NULL) {
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the schedule");
    }
    if (traces > 0)
        add_players(layout, input);
    for (uint32_t trace = 0; trace < traces; trace++) {
        layout->squares[trace].order = layout->numbers + 2 * players * trace;
        layout->squares[trace].row = layout->squares[trace].order + players;
    }
    return 0;
}

static void draw_permutation(struct rh_random *random, uint32_t *numbers, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = i;
    rh_random_shuffle(random, numbers, count);
}

static void draw_squares(struct layout *layout, struct rh_random *random) {
    for (uint32_t trace = 0; trace < layout->traces; trace++) {
        struct square *square = &layout->squares[trace];
        draw_permutation(random, square->order, layout->player_count);
        draw_permutation(random, square->row, layout->player_count);
        square->reversed = rh_random_below(random, 2) != 0;
    }
}

/* One trace in one round: every player once. */
static void play(const struct layout *layout, uint32_t round, uint32_t row, uint32_t trace,
                 struct rh_random *random, struct rh_schedule *schedule) {
    const struct square *square = &layout->squares[trace];
    uint32_t count = layout->player_count;
    for (uint32_t position = 0; position < count; position++) {
        uint32_t step = square->reversed ? count - position : position;
        uint32_t at = square->order[(square->row[row] + step) % count];
        schedule->cells[schedule->count++] = (struct rh_cell){
            .round = round,
            .trace = layout->first + trace,
            .allocator = layout->players[at].allocator,
            .copy = layout->players[at].copy,
            .pass = layout->pass,
            .padding_bytes = (uint32_t)rh_random_below(random, RH_SCHEDULE_PADDING_BYTES),
        };
    }
}

/* One round: the traces in turn, beginning with another one each round, so that none is always the
 * one behind the longer workers of a memory pass. Round 0 has squares of its own; counted round 1
 * begins the first block. */
static void play_round(struct layout *layout, uint32_t round, struct rh_random *random,
                       struct rh_schedule *schedule) {
    if (layout->player_count == 0)
        return;
    uint32_t row = round == 0 ? 0 : (round - 1) % layout->player_count;
    if (row == 0)
        draw_squares(layout, random);
    for (uint32_t i = 0; i < layout->traces; i++) {
        uint32_t trace = (round + i) % layout->traces;
        if (layout->left_in == NULL || layout->left_in[trace])
            play(layout, round, row, trace, random, schedule);
    }
}

/* What a round is made of. The throughput pass of the traces comes first, so that a plan without
 * programs draws its random numbers as it always did. */
enum { TRACES, TRACES_MEMORY, PROGRAMS, FLOORS, TRACES_LATENCY, TRACES_SYSCALLS, LAYOUTS };

static const struct {
    enum rh_pass pass;
    bool programs;
} parts[LAYOUTS] = {
    [TRACES] = {RH_PASS_THROUGHPUT, false},      [TRACES_MEMORY] = {RH_PASS_MEMORY, false},
    [PROGRAMS] = {RH_PASS_THROUGHPUT, true},     [FLOORS] = {RH_PASS_MEMORY, true},
    [TRACES_LATENCY] = {RH_PASS_LATENCY, false}, [TRACES_SYSCALLS] = {RH_PASS_SYSCALLS, false},
};

static uint32_t rounds_of(const struct rh_schedule_input *input, enum rh_pass pass) {
    if (pass == RH_PASS_THROUGHPUT)
        return input->rounds;
    return pass == RH_PASS_MEMORY ? input->memory_rounds : input->pass_rounds[pass];
}

/* Does this part of the round take place? */
static bool takes_part(const struct rh_schedule_input *input, int layout, uint32_t round) {
    enum rh_pass pass = parts[layout].pass;
    bool always = pass == RH_PASS_THROUGHPUT || input->warm[pass];
    bool warm_up = round == 0 && (input->throughput || layout == FLOORS) && !always;
    return !warm_up && round <= rounds_of(input, pass);
}

static uint64_t cells_of(const struct layout *layout) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < layout->traces; i++)
        count += layout->left_in == NULL || layout->left_in[i];
    return count * layout->player_count;
}

static uint64_t count_cells(const struct rh_schedule_input *input, const struct layout *layouts) {
    uint64_t cells = 0;
    for (uint32_t round = 0; round <= input->rounds; round++)
        for (int i = 0; i < LAYOUTS; i++)
            cells += takes_part(input, i, round) ? cells_of(&layouts[i]) : 0;
    return cells;
}

static int lay_out(struct rh_schedule *schedule, const struct rh_schedule_input *input,
                   struct layout *layouts, struct rh_error *error) {
    uint64_t cells = count_cells(input, layouts);
    if (cells > RH_RESULT_SAMPLES)
        return rh_fail(
            error, RH_ERR_LIMIT,
            "the plan asks for %llu workers, a result holds %d: use fewer rounds, traces "
            "or allocators",
            (unsigned long long)cells, RH_RESULT_SAMPLES);
    struct rh_schedule laid = {.cells = rh_alloc_zeroed(cells, sizeof(*laid.cells))};
    if (laid.cells == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the schedule");

    struct rh_random random;
    rh_random_seed(&random, input->seed);
    for (uint32_t round = 0; round <= input->rounds; round++)
        for (int i = 0; i < LAYOUTS; i++)
            if (takes_part(input, i, round))
                play_round(&layouts[i], round, &random, &laid);
    rh_assert(laid.count == cells);
    *schedule = laid;
    return 0;
}

static int init_layouts(struct layout *layouts, const struct rh_schedule_input *input,
                        struct rh_error *error) {
    for (int i = 0; i < LAYOUTS; i++)
        rh_try(layout_init(&layouts[i], input, parts[i].programs, parts[i].pass, error));
    if (!input->throughput)
        layouts[TRACES].player_count = 0;
    for (int i = 0; i < LAYOUTS; i++)
        if (parts[i].pass != RH_PASS_THROUGHPUT && rounds_of(input, parts[i].pass) == 0 &&
            !input->warm[parts[i].pass])
            layouts[i].player_count = 0;
    return 0;
}

int rh_schedule_init(struct rh_schedule *schedule, const struct rh_schedule_input *input,
                     struct rh_error *error) {
    rh_assert(input->traces + input->programs > 0 && input->baseline < input->allocators);
    rh_assert(input->memory_rounds <= input->rounds);
    struct layout layouts[LAYOUTS] = {{0}};
    int result = init_layouts(layouts, input, error);
    if (result == 0)
        result = lay_out(schedule, input, layouts, error);
    for (int i = 0; i < LAYOUTS; i++)
        layout_finish(&layouts[i]);
    return result;
}

void rh_schedule_finish(struct rh_schedule *schedule) {
    rh_free(schedule->cells);
    *schedule = (struct rh_schedule){0};
}
