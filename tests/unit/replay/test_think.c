/* Thinking uses only memory that the thread holds, the same under every allocator, and leaves its
 * content. Address and thread sanitizers find what is used too late or by two. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/replay/fixture.h"

struct outcome {
    uint64_t checksum, wrong, lines;
};

/* ---- an allocator that moves a block at every realloc, and leaves a hole ---- */

static void *moving_alloc(void *ctx, size_t len, size_t align) {
    (void)ctx;
    assert_true(align <= 4096);
    void *block = mmap(NULL, len + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block != MAP_FAILED ? block : NULL;
}

static void moving_free(void *ctx, void *block, size_t len, size_t align) {
    (void)ctx;
    (void)align;
    munmap(block, len + 1);
}

static void *moving_remap(void *ctx, void *block, size_t len, size_t align, size_t new_len) {
    void *fresh = moving_alloc(ctx, new_len, align);
    memcpy(fresh, block, len < new_len ? len : new_len);
    moving_free(ctx, block, len, align);
    return fresh;
}

static const struct rh_allocator_ops *find(const char *name) {
    static struct rh_allocator_ops moving;
    if (strcmp(name, "moving") != 0)
        return replay_find(name);
    moving = *replay_find("glibc");
    moving.alloc = moving.alloc_zeroed = moving_alloc;
    moving.free = moving.free_sized = moving_free;
    moving.remap = moving_remap;
    return &moving;
}

/* ---- playing ---- */

static void play(const struct rh_tape *tape, const char *allocator, enum rh_touch touch,
                 const char *model, struct outcome *outcome) {
    struct rh_engine_setup setup = {.tape = tape, .touch = touch, .ops = find(allocator)};
    static struct rh_sample sample;
    struct rh_engine engine;
    assert_int_equal(rh_think_parse(model, NULL, &setup.think), 0);
    outcome->wrong = replay_play(&setup, &engine, &sample, &outcome->checksum);
    outcome->lines = sample.think_lines;
}

/* The thread sanitizer is many times slower. */
#if defined(__SANITIZE_THREAD__)
enum { SEEDS = 4 };
#else
enum { SEEDS = 12 };
#endif

static void every_allocator_gets_the_same_use(void **state) {
    (void)state;
    static const char *const names[] = {"glibc", "bump", "sbrk"};
    static const char *const models[] = {"20,uniform=0,recent=3",
                                         "20,uniform=100,walk=50,writes=100", "20"};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct synthetic wanted = {.seed = seed,
                                   .events = 6000,
                                   .threads = (uint32_t)(1 + seed * 7 % 20),
                                   .threads_live = (uint32_t)(1 + seed % 6),
                                   .live_objects = 300,
                                   .cross_percent = (uint32_t)(seed * 17 % 100),
                                   .prologue = seed % 3 == 0 ? 500 : 0,
                                   .large = seed % 4 == 0};
        struct fixture fixture;
        struct outcome plain, outcome;
        replay_make_tape(&wanted, &(struct rh_compiler_setup){.marks = 5, .time_quantum_ns = 1},
                         &fixture);
        play(&fixture.tape, "glibc", RH_TOUCH_PAGE, "off", &plain);
        assert_int_equal(plain.lines, 0);
        uint64_t lines = 0;
        for (size_t i = 0; i < 3; i++) {
            play(&fixture.tape, names[i], RH_TOUCH_PAGE, models[seed % 3], &outcome);
            assert_int_equal(outcome.wrong, 0);
            assert_int_equal(outcome.checksum, plain.checksum);
            lines = i == 0 ? outcome.lines : lines;
            assert_int_equal(outcome.lines, lines);
        }
        assert_true(lines > 0 || wanted.threads > 1);
        fixture_close(&fixture);
    }
}

/* ---- one block, by hand ---- */

/* Made at once; then a gap of 10 us, and one that is too long to have been spent working. */
static void one_block(unsigned kind, uint64_t bytes, uint32_t touched_pages,
                      struct fixture *fixture) {
    struct rh_event events[] = {event_start(0, RH_NO_THREAD), event_acquire(0, kind, 0, bytes),
                                event_acquire(0, RH_EVENT_MALLOC, 1, 0), event_release(0, 1),
                                event_release(0, 0)};
    events[2].time_ns = 10000;
    events[3].time_ns = 10000;
    events[4].time_ns = 1000010000;
    events[4].touched_pages = touched_pages;
    struct rh_compiler_setup setup = {.peak_event = UINT64_MAX, .time_quantum_ns = 1};
    assert_int_equal(fixture_compile_with(&setup, events, 5, NULL, fixture), 0);
}

static void gaps_are_spent_up_to_a_length(void **state) {
    (void)state;
    struct fixture fixture;
    struct outcome outcome;
    one_block(RH_EVENT_MALLOC, 64, RH_NO_TOUCHED, &fixture);
    play(&fixture.tape, "glibc", RH_TOUCH_PAGE, "2,uniform=100", &outcome);
    assert_in_range(outcome.lines, 10, 2 * 60);
    play(&fixture.tape, "glibc", RH_TOUCH_PAGE, "2,uniform=0", &outcome);
    assert_in_range(outcome.lines, 10, 2 * 60);
    play(&fixture.tape, "glibc", RH_TOUCH_PAGE, "0.001", &outcome);
    assert_int_equal(outcome.lines, 0);
    fixture_close(&fixture);
}

/* Reading the rest would make it resident. */
static void only_what_is_resident_is_used(void **state) {
    (void)state;
    struct fixture fixture;
    struct outcome outcome;
    one_block(RH_EVENT_MALLOC, UINT64_C(1) << 20, 0, &fixture);
    play(&fixture.tape, "glibc", RH_TOUCH_RECORDED, "10", &outcome);
    assert_int_equal(outcome.lines, 0);
    play(&fixture.tape, "glibc", RH_TOUCH_NONE, "10", &outcome);
    assert_int_equal(outcome.lines, 0);
    play(&fixture.tape, "null", RH_TOUCH_ALL, "10", &outcome);
    assert_int_equal(outcome.lines, 0);
    play(&fixture.tape, "glibc", RH_TOUCH_ALL, "10", &outcome);
    assert_true(outcome.lines > 0);
    fixture_close(&fixture);
    one_block(RH_EVENT_MALLOC, UINT64_C(1) << 20, 3, &fixture);
    play(&fixture.tape, "glibc", RH_TOUCH_RECORDED, "10", &outcome);
    assert_true(outcome.lines > 0);
    fixture_close(&fixture);
}

/* A realloc moves the block, whether it grows or not. */
static void blocks_that_move_are_found_again(void **state) {
    (void)state;
    for (uint64_t size = 90; size <= 110; size += 10) {
        struct rh_event events[] = {event_start(0, RH_NO_THREAD),
                                    event_acquire(0, RH_EVENT_MALLOC, 0, 100),
                                    event_realloc(0, 0, 1, size), event_release(0, 1)};
        events[2].time_ns = 10000;
        events[3].time_ns = 20000;
        struct rh_compiler_setup setup = {.peak_event = UINT64_MAX, .time_quantum_ns = 1};
        struct fixture fixture;
        struct outcome outcome;
        assert_int_equal(fixture_compile_with(&setup, events, 4, NULL, &fixture), 0);
        play(&fixture.tape, "moving", RH_TOUCH_PAGE, "10", &outcome);
        assert_in_range(outcome.lines, 150, 250);
        fixture_close(&fixture);
    }
}

int main(void) {
    alarm(300);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocator_gets_the_same_use),
        cmocka_unit_test(gaps_are_spent_up_to_a_length),
        cmocka_unit_test(blocks_that_move_are_found_again),
        cmocka_unit_test(only_what_is_resident_is_used),
    };
    return cmocka_run_group_tests_name("replay/think", tests, NULL, NULL);
}
