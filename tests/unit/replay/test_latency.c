/* Which operations the latency pass times: each has the same chance, and one of several calls is
 * one. The draws are seeded, so what is counted here is the same in each run. */
#include <unistd.h>

#include "replay/latency.h"
#include "tests/unit/replay/fixture.h"

enum { EVENTS = 20000, SEEDS = 64 };

struct tally {
    uint64_t ops[RH_LATENCY_KINDS];   /* of the tape */
    uint64_t timed[RH_LATENCY_KINDS]; /* over all seeds */
};

static void *no_remap(void *ctx, void *block, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    (void)block;
    (void)len;
    (void)align;
    (void)new_len;
    return NULL;
}

static void latency_play(const struct rh_tape *tape, const struct rh_allocator_ops *ops,
                         uint64_t seed, struct rh_latency *ret_latency) {
    struct rh_engine_setup setup = {.tape = tape, .touch = RH_TOUCH_FIRST, .ops = ops};
    static struct rh_sample sample;
    struct rh_engine engine;
    uint64_t checksum = 0;
    const struct rh_latency_clock clock = {.units_per_tick = 1, .quantum_ps = 1};
    assert_int_equal(rh_latency_pass_create(tape, &clock, seed, NULL, &setup.latency), 0);
    assert_int_equal(replay_play(&setup, &engine, &sample, &checksum), 0);
    rh_latency_pass_collect(setup.latency, &engine, ret_latency);
    rh_latency_pass_destroy(setup.latency);
}

static void count_samples(const struct rh_latency *latency, struct tally *tally) {
    uint64_t counted = 0;
    for (uint32_t i = 0; i < latency->entry_count; i++) {
        tally->timed[latency->entries[i].cell / RH_LATENCY_CLASSES] += latency->entries[i].count;
        counted += latency->entries[i].count;
    }
    assert_int_equal(counted, latency->samples);
    assert_int_equal(latency->lost, 0);
}

static void no_exemplar_comes_twice(const struct rh_latency *latency) {
    for (uint32_t i = 0; i < latency->exemplar_count; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_false(latency->exemplars[i].thread == latency->exemplars[k].thread &&
                         latency->exemplars[i].op == latency->exemplars[k].op);
}

static bool is_release(unsigned kind) {
    return kind == RH_LATENCY_FREE || kind == RH_LATENCY_FREE_SIZED;
}

/* Acquisitions, reallocs and releases in the tape. Frees at the end are no part of the pass. */
static void count_ops(const struct rh_tape *tape, uint64_t *ret_releases, uint64_t *ret_reallocs,
                      uint64_t *ret_others) {
    *ret_releases = *ret_reallocs = *ret_others = 0;
    for (uint64_t i = 0; i < tape->header->threads; i++)
        for (uint64_t at = tape->threads[i].begin; at != tape->threads[i].end;
             at = rh_tape_next(tape->words, at)) {
            unsigned kind = rh_tape_kind(tape->words[at]);
            if (!rh_tape_op_counts[kind])
                continue;
            if (kind == RH_TAPE_REALLOC || kind == RH_TAPE_REALLOC_WIDE)
                ++*ret_reallocs;
            else if (rh_tape_change_of(&tape->words[at]).objects < 0)
                ++*ret_releases;
            else
                ++*ret_others;
        }
}

/* Within 2.5 standard deviations of windows of 16 operations that are timed or not together. */
static void assert_one_of_64(uint64_t ops, uint64_t timed) {
    double expected = (double)ops * SEEDS / 64, most_squared = 6.25 * 16 * expected;
    double off = (double)timed - expected;
    print_message("%llu of %.0f\n", (unsigned long long)timed, expected);
    assert_true(off * off < most_squared);
}

static void compare(const struct synthetic *wanted, const struct rh_allocator_ops *ops) {
    static struct rh_latency latency;
    struct tally tally = {0};
    struct fixture fixture;
    replay_make_tape(wanted, &(struct rh_compiler_setup){.marks = 5}, &fixture);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        latency_play(&fixture.tape, ops, seed * 1000, &latency); /* a thread adds its number */
        count_samples(&latency, &tally);
        no_exemplar_comes_twice(&latency);
    }
    uint64_t releases = 0, reallocs = 0, others = 0, timed[3] = {0};
    count_ops(&fixture.tape, &releases, &reallocs, &others);
    for (unsigned kind = 0; kind < RH_LATENCY_KINDS; kind++)
        timed[is_release(kind) ? 0 : kind == RH_LATENCY_REALLOC ? 1 : 2] += tally.timed[kind];
    assert_one_of_64(releases, timed[0]);
    assert_one_of_64(reallocs, timed[1]);
    assert_one_of_64(others, timed[2]);
    fixture_close(&fixture);
}

static void every_kind_has_its_share(void **state) {
    (void)state;
    struct synthetic wanted = {.seed = 7,
                               .events = EVENTS,
                               .threads = 1,
                               .threads_live = 1,
                               .live_objects = 300,
                               .large = true};
    compare(&wanted, replay_find("bump"));
}

/* A gap is longer than all that most of these threads do. */
static void short_threads_have_theirs(void **state) {
    (void)state;
    struct synthetic wanted = {.seed = 8,
                               .events = EVENTS,
                               .threads = 60,
                               .threads_live = 3,
                               .live_objects = 300,
                               .cross_percent = 10};
    compare(&wanted, replay_find("bump"));
}

/* Allocate, copy, free. */
static void a_realloc_of_several_calls_is_one(void **state) {
    (void)state;
    struct rh_allocator_ops ops = *replay_find("glibc");
    ops.remap = no_remap;
    struct synthetic wanted = {
        .seed = 9, .events = EVENTS, .threads = 1, .threads_live = 1, .live_objects = 300};
    compare(&wanted, &ops);
}

int main(void) {
    alarm(300);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_its_share),
        cmocka_unit_test(short_threads_have_theirs),
        cmocka_unit_test(a_realloc_of_several_calls_is_one),
    };
    return cmocka_run_group_tests_name("replay/latency", tests, NULL, NULL);
}
