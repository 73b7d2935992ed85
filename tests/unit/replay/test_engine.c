/* The engine plays random traces with real threads, in this process: order holds, content survives,
 * the same work is done on every allocator. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator/registry.h"
#include "base/memory.h"
#include "tests/unit/replay/fixture.h"

/* ---- an allocator that finds disorder ---- */

/* Every block has a header that says whether it is live; a release that comes before its
 * acquisition, twice, or with another size ends the test. Two threads that touch a header without
 * order are found by the thread sanitizer, too. */
enum { HEADER_BYTES = 64, LIVE = 0x600d600d };

struct header {
    uint64_t state, size, align;
    void *base;
};

static _Atomic uint64_t strict_calls;

static struct header *header_of(void *block) {
    return (struct header *)((char *)block - HEADER_BYTES);
}

static void *strict_alloc(void *ctx, size_t len, size_t align) {
    (void)ctx;
    strict_calls++;
    size_t room = align > HEADER_BYTES ? align : HEADER_BYTES;
    char *base = malloc(len + room + align);
    if (base == NULL)
        return NULL;
    uintptr_t block = ((uintptr_t)base + room + align - 1) / align * align;
    *header_of((void *)block) =
        (struct header){.state = LIVE, .size = len, .align = align, .base = base};
    return (void *)block;
}

static void *strict_alloc_zeroed(void *ctx, size_t len, size_t align) {
    void *block = strict_alloc(ctx, len, align);
    return block != NULL ? memset(block, 0, len) : NULL;
}

static void strict_check(void *block, size_t len, size_t align) {
    const struct header *header = header_of(block);
    if (header->state == LIVE && header->size == len && header->align == align)
        return;
    fprintf(stderr, "a block of %zu bytes is used out of order\n", len);
    abort();
}

static void strict_free(void *ctx, void *block, size_t len, size_t align) {
    (void)ctx;
    strict_calls++;
    strict_check(block, len, align);
    header_of(block)->state = 0;
    free(header_of(block)->base);
}

static void *strict_remap(void *ctx, void *block, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    strict_calls++;
    strict_check(block, len, align);
    if (new_len > len)
        return NULL;
    header_of(block)->size = new_len;
    return block;
}

static bool strict_resize(void *ctx, void *block, size_t len, size_t align, size_t new_len) {
    return strict_remap(ctx, block, len, align, new_len) != NULL;
}

static size_t strict_usable_size(void *ctx, void *block, size_t len, size_t align) {
    (void)ctx;
    strict_check(block, len, align);
    return len;
}

static _Atomic uint64_t threads_inside;

static void strict_thread_init(void *ctx) {
    (void)ctx;
    threads_inside++;
}

static void strict_thread_fini(void *ctx) {
    (void)ctx;
    threads_inside--;
}

static const struct rh_allocator_ops strict_ops = {
    .name = "strict",
    .alloc = strict_alloc,
    .alloc_zeroed = strict_alloc_zeroed,
    .resize = strict_resize,
    .remap = strict_remap,
    .free = strict_free,
    .free_sized = strict_free,
    .usable_size = strict_usable_size,
    .thread_init = strict_thread_init,
    .thread_fini = strict_thread_fini,
};

/* ---- playing ---- */

struct observer {
    uint64_t marks, starts;
};

static void at_mark(void *user, uint64_t mark) {
    (void)mark;
    ((struct observer *)user)->marks++;
}

static void at_start(void *user) {
    ((struct observer *)user)->starts++;
}

struct outcome {
    uint64_t checksum, wrong;
    struct observer observer;
    struct rh_sample sample;
};

static double pace; /* of what is played next */

static void play(const struct rh_tape *tape, const struct rh_allocator_ops *ops, void *ctx,
                 enum rh_touch touch, bool marks, struct outcome *outcome) {
    memset(outcome, 0, sizeof(*outcome));
    struct rh_mapped players = {0};
    struct rh_engine_setup setup = {.tape = tape,
                                    .ops = ops,
                                    .ctx = ctx,
                                    .touch = touch,
                                    .pace = pace,
                                    .cpus = 2,
                                    .players = replay_map_players(tape, &players),
                                    .at_mark = marks ? at_mark : NULL,
                                    .at_start = at_start,
                                    .on_failure = replay_give_up,
                                    .user = &outcome->observer};
    struct rh_engine engine;
    assert_int_equal(rh_engine_init(&engine, &setup, NULL), 0);
    ops->thread_init(ctx);
    rh_engine_run(&engine);
    rh_engine_collect(&engine, &outcome->sample);
    outcome->wrong = rh_engine_close(&engine, &outcome->checksum);
    rh_engine_join(&engine);
    ops->thread_fini(ctx);
    rh_engine_finish(&engine);
    rh_mapped_finish(&players);
}

static void make_tape(const struct synthetic *wanted, struct fixture *fixture) {
    replay_make_tape(wanted, &(struct rh_compiler_setup){.marks = 20}, fixture);
}

/* The thread sanitizer is many times slower. */
#if defined(__SANITIZE_THREAD__)
enum { SEEDS = 6, MANY_THREADS = 150, MANY_LIVE = 60 };
#else
enum { SEEDS = 20, MANY_THREADS = 600, MANY_LIVE = 200 };
#endif

static void order_holds_in_random_traces(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct synthetic wanted = {
            .seed = seed,
            .events = 20000,
            .threads = (uint32_t)(1 + seed * 11 % 60),
            .threads_live = (uint32_t)(1 + seed * 3 % 24),
            .live_objects = (uint32_t)(8 << (seed % 8)),
            .cross_percent = (uint32_t)(seed * 17 % 100),
            .prologue = seed % 3 == 0 ? 2000 : 0,
            .orphans = seed % 4 == 0,
        };
        struct fixture fixture;
        make_tape(&wanted, &fixture);
        struct outcome free_run, marked_run;
        play(&fixture.tape, &strict_ops, NULL, RH_TOUCH_PAGE, false, &free_run);
        play(&fixture.tape, &strict_ops, NULL, RH_TOUCH_PAGE, true, &marked_run);
        assert_int_equal(free_run.wrong, 0);
        assert_int_equal(free_run.checksum, marked_run.checksum);
        assert_int_equal(free_run.observer.marks, 0);
        assert_int_equal(marked_run.observer.marks, fixture.tape.header->marks);
        assert_int_equal(free_run.observer.starts, 1);
        assert_int_equal(threads_inside, 0);
        fixture_close(&fixture);
    }
}

static void order_holds_in_every_order(void **state) {
    (void)state;
    static const struct rh_compiler_setup orders[] = {
        {.marks = 20, .order = RH_ORDER_RECORDED},
        {.marks = 20, .order = RH_ORDER_WINDOW, .window_events = 50},
        {.marks = 5, .order = RH_ORDER_WINDOW, .window_ns = 100000},
        {.marks = 20, .one_thread = true},
    };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct synthetic wanted = {.seed = seed,
                                   .events = 4000,
                                   .threads = (uint32_t)(2 + seed * 11 % 60),
                                   .threads_live = (uint32_t)(2 + seed * 3 % 24),
                                   .live_objects = 200,
                                   .cross_percent = (uint32_t)(seed * 17 % 100),
                                   .prologue = seed % 3 == 0 ? 500 : 0,
                                   .orphans = seed % 4 == 0};
        struct fixture fixture;
        replay_make_tape(&wanted, &orders[seed % 4], &fixture);
        struct outcome free_run, marked_run;
        play(&fixture.tape, &strict_ops, NULL, RH_TOUCH_PAGE, false, &free_run);
        play(&fixture.tape, &strict_ops, NULL, RH_TOUCH_PAGE, true, &marked_run);
        assert_int_equal(free_run.wrong, 0);
        assert_int_equal(free_run.checksum, marked_run.checksum);
        assert_int_equal(marked_run.observer.marks, fixture.tape.header->marks);
        assert_int_equal(threads_inside, 0);
        fixture_close(&fixture);
    }
}

/* ---- the recorded order, event by event ---- */

enum { NUMBERED = 2000, NUMBERED_THREADS = 6 };

static uint64_t numbers_seen; /* without a lock: the order is what protects it */

static void *numbered_alloc(void *ctx, size_t len, size_t align) {
    if (len != ++numbers_seen) {
        fprintf(stderr, "allocation %zu is made as number %llu\n", len,
                (unsigned long long)numbers_seen);
        abort();
    }
    return strict_alloc(ctx, len, align);
}

static void the_recorded_order_is_kept(void **state) {
    (void)state;
    struct rh_event events[NUMBERED_THREADS + NUMBERED];
    for (uint32_t i = 0; i < NUMBERED_THREADS; i++)
        events[i] = event_start(i, i == 0 ? RH_NO_THREAD : 0);
    for (uint64_t i = 0; i < NUMBERED; i++)
        events[NUMBERED_THREADS + i] =
            event_acquire((uint32_t)(i * i * 7 / 3 % NUMBERED_THREADS), RH_EVENT_MALLOC, i, i + 1);
    struct rh_compiler_setup setup = {
        .peak_event = UINT64_MAX, .marks = 3, .order = RH_ORDER_RECORDED};
    struct rh_allocator_ops ops = strict_ops;
    struct fixture fixture;
    struct outcome outcome;
    assert_int_equal(
        fixture_compile_with(&setup, events, NUMBERED_THREADS + NUMBERED, NULL, &fixture), 0);
    numbers_seen = 0;
    ops.alloc = numbered_alloc;
    play(&fixture.tape, &ops, NULL, RH_TOUCH_FIRST, false, &outcome);
    assert_int_equal(numbers_seen, NUMBERED);
    assert_int_equal(outcome.wrong, 0);
    assert_int_equal(outcome.sample.edges, 0);
    fixture_close(&fixture);
}

/* The pace is a lower bound of the whole, so it can be tested on any machine. Of the waits it is
 * none: a thread that comes late waits for less, and one that comes too late says by how much. */
static void the_recorded_pace_takes_its_time(void **state) {
    (void)state;
    enum { RECORDED_NS = 40000000 };
    struct rh_event events[] = {event_start(0, RH_NO_THREAD), event_start(1, 0),
                                event_acquire(1, RH_EVENT_MALLOC, 0, 8), event_release(0, 0)};
    events[2].time_ns = RECORDED_NS / 2;
    events[3].time_ns = RECORDED_NS;
    struct rh_compiler_setup setup = {.peak_event = UINT64_MAX, .time_quantum_ns = 1};
    struct fixture fixture;
    struct outcome outcome;
    assert_int_equal(fixture_compile_with(&setup, events, 4, NULL, &fixture), 0);
    pace = 2;
    play(&fixture.tape, &strict_ops, NULL, RH_TOUCH_FIRST, false, &outcome);
    pace = 0;
    assert_in_range(outcome.sample.wall_ns, RECORDED_NS / 2, UINT64_MAX);
    assert_true(outcome.sample.paced_ns > 0 || outcome.sample.late_ns > 0);
    fixture_close(&fixture);
}

static void sums_are_those_of_the_tape(void **state) {
    (void)state;
    struct synthetic wanted = {.seed = 9,
                               .events = 40000,
                               .threads = 5,
                               .threads_live = 4,
                               .live_objects = 500,
                               .cross_percent = 30};
    struct fixture fixture;
    make_tape(&wanted, &fixture);
    struct outcome outcome;
    strict_calls = 0;
    play(&fixture.tape, &strict_ops, NULL, RH_TOUCH_NONE, false, &outcome);
    const struct rh_sample *sample = &outcome.sample;
    assert_int_equal(sample->ops, fixture.tape.header->ops);
    assert_int_equal(sample->threads, 5);
    assert_int_equal(sample->segment_count, RH_TAPE_SEGMENTS);
    uint64_t ops = 0, busy_ns = 0;
    for (uint32_t i = 0; i < sample->segment_count; i++) {
        ops += sample->segment_ops[i];
        busy_ns += sample->segment_busy_ns[i];
    }
    assert_int_equal(ops, sample->ops);
    assert_int_equal(busy_ns, sample->busy_ns);
    assert_true(sample->wall_ns > 0);
    assert_in_range(sample->edges_waited, 0, sample->edges);
    assert_int_equal(outcome.checksum, 0);
    assert_in_range(strict_calls, sample->ops / 2, sample->ops * 3);
    fixture_close(&fixture);
}

static void every_policy_keeps_content(void **state) {
    (void)state;
    struct synthetic wanted = {.seed = 4,
                               .events = 20000,
                               .threads = 3,
                               .threads_live = 3,
                               .live_objects = 400,
                               .cross_percent = 20,
                               .large = true};
    struct fixture fixture;
    make_tape(&wanted, &fixture);
    uint64_t checksums[RH_TOUCHES];
    for (unsigned touch = 0; touch < RH_TOUCHES; touch++) {
        struct outcome outcome;
        play(&fixture.tape, &strict_ops, NULL, touch, false, &outcome);
        assert_int_equal(outcome.wrong, 0);
        checksums[touch] = outcome.checksum;
    }
    assert_int_equal(checksums[RH_TOUCH_NONE], 0);
    assert_int_equal(checksums[RH_TOUCH_PAGE], checksums[RH_TOUCH_ALL]);
    assert_true(checksums[RH_TOUCH_RECORDED] != 0);
    assert_true(checksums[RH_TOUCH_FIRST] != 0);
    fixture_close(&fixture);
}

static void allocators_agree(void **state) {
    (void)state;
    static const char *const names[] = {"glibc", "bump", "sbrk"};
    struct synthetic wanted = {.seed = 8,
                               .events = 20000,
                               .threads = 6,
                               .threads_live = 4,
                               .live_objects = 600,
                               .cross_percent = 40};
    struct fixture fixture;
    make_tape(&wanted, &fixture);
    uint64_t expected = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char reason[256] = "";
        const struct rh_allocator_ops *ops = rh_registry_find(names[i], reason, sizeof(reason));
        assert_non_null(ops);
        struct rh_allocator_config config = {0};
        void *ctx = NULL;
        assert_int_equal(ops->create(&config, &ctx, reason, sizeof(reason)), 0);
        struct outcome outcome;
        play(&fixture.tape, ops, ctx, RH_TOUCH_PAGE, false, &outcome);
        ops->destroy(ctx);
        assert_int_equal(outcome.wrong, 0);
        if (i == 0)
            expected = outcome.checksum;
        assert_int_equal(outcome.checksum, expected);
    }
    fixture_close(&fixture);
}

static void hundreds_of_threads_come_and_go(void **state) {
    (void)state;
    struct synthetic wanted = {.seed = 21,
                               .events = MANY_THREADS * 100,
                               .threads = MANY_THREADS,
                               .threads_live = MANY_LIVE,
                               .live_objects = 2000,
                               .cross_percent = 50};
    struct fixture fixture;
    make_tape(&wanted, &fixture);
    struct outcome outcome;
    play(&fixture.tape, &strict_ops, NULL, RH_TOUCH_FIRST, true, &outcome);
    assert_int_equal(outcome.wrong, 0);
    assert_int_equal(outcome.sample.threads, MANY_THREADS);
    fixture_close(&fixture);
}

static void an_empty_tape_plays(void **state) {
    (void)state;
    struct fixture fixture;
    assert_int_equal(fixture_compile(NULL, 0, UINT64_MAX, 0, NULL, &fixture), 0);
    struct outcome outcome;
    play(&fixture.tape, &strict_ops, NULL, RH_TOUCH_PAGE, false, &outcome);
    assert_int_equal(outcome.sample.ops, 0);
    fixture_close(&fixture);
}

int main(void) {
    alarm(300);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_holds_in_random_traces),
        cmocka_unit_test(order_holds_in_every_order),
        cmocka_unit_test(the_recorded_order_is_kept),
        cmocka_unit_test(the_recorded_pace_takes_its_time),
        cmocka_unit_test(sums_are_those_of_the_tape),
        cmocka_unit_test(every_policy_keeps_content),
        cmocka_unit_test(allocators_agree),
        cmocka_unit_test(hundreds_of_threads_come_and_go),
        cmocka_unit_test(an_empty_tape_plays),
    };
    return cmocka_run_group_tests_name("replay/engine", tests, NULL, NULL);
}
