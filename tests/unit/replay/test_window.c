/* A tape that is read in windows: the same work and the same content, and little of it in memory.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator/registry.h"
#include "base/memory.h"
#include "tests/unit/replay/fixture.h"

enum { PAGE_WORDS = RH_TAPE_PAGE_WORDS };

/* ---- pages of the mapping that are in memory ---- */

static const struct rh_tape *watched;
static uint64_t calls, most_pages;

static uint64_t count_pages(const struct rh_tape *tape) {
    uint64_t pages = (tape->map.bytes + 4095) / 4096, present = 0, entry = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (uint64_t i = 0; i < pages; i++) {
        off_t at = (off_t)(((uintptr_t)tape->map.data / 4096 + i) * 8);
        assert_int_equal(pread(fd, &entry, sizeof(entry), at), sizeof(entry));
        present += entry >> 63;
    }
    close(fd);
    return present;
}

static void *watching_alloc(void *ctx, size_t len, size_t align) {
    (void)ctx;
    if (watched != NULL && ++calls % 512 == 0) {
        uint64_t pages = count_pages(watched);
        most_pages = pages > most_pages ? pages : most_pages;
    }
    void *block = NULL;
    return posix_memalign(&block, align, len) == 0 ? block : NULL;
}

static void *watching_alloc_zeroed(void *ctx, size_t len, size_t align) {
    void *block = watching_alloc(ctx, len, align);
    return block != NULL ? memset(block, 0, len) : NULL;
}

static void plain_free(void *ctx, void *block, size_t len, size_t align) {
    (void)ctx, (void)len, (void)align;
    free(block);
}

static void *no_remap(void *ctx, void *block, size_t len, size_t align, size_t new_len) {
    (void)ctx, (void)block, (void)len, (void)align, (void)new_len;
    return NULL;
}

static size_t same_size(void *ctx, void *block, size_t len, size_t align) {
    (void)ctx, (void)block, (void)align;
    return len;
}

static void nothing(void *ctx) {
    (void)ctx;
}

static const struct rh_allocator_ops watching_ops = {
    .name = "watching",
    .alloc = watching_alloc,
    .alloc_zeroed = watching_alloc_zeroed,
    .remap = no_remap,
    .free = plain_free,
    .free_sized = plain_free,
    .usable_size = same_size,
    .thread_init = nothing,
    .thread_fini = nothing,
};

/* ---- playing ---- */

struct outcome {
    uint64_t checksum;
    struct rh_pauses pauses;
    struct rh_sample sample;
};

static void play(const struct rh_tape *tape, struct outcome *outcome) {
    struct rh_mapped players = {0};
    struct rh_engine engine;
    memset(outcome, 0, sizeof(*outcome));
    struct rh_engine_setup setup = {.tape = tape,
                                    .ops = &watching_ops,
                                    .touch = RH_TOUCH_PAGE,
                                    .cpus = 2,
                                    .players = replay_map_players(tape, &players),
                                    .on_failure = replay_give_up};
    assert_int_equal(rh_engine_init(&engine, &setup, NULL), 0);
    rh_engine_run(&engine);
    rh_engine_collect(&engine, &outcome->sample);
    rh_engine_pauses(&engine, &outcome->pauses);
    assert_int_equal(rh_engine_close(&engine, &outcome->checksum), 0);
    rh_engine_join(&engine);
    rh_engine_finish(&engine);
    rh_mapped_finish(&players);
}

/* Plays it whole and in windows. */
static void compare(const struct fixture *fixture, uint64_t window_words) {
    struct rh_tape tape = fixture->tape;
    struct outcome whole, parts;
    play(&tape, &whole);
    assert_int_equal(whole.pauses.ns, 0);
    tape.window_words = window_words;
    assert_int_equal(rh_tape_check(&tape, NULL), 0);
    assert_int_equal(rh_tape_check_hash(&tape, NULL), 0);
    play(&tape, &parts);
    assert_true(parts.pauses.ns > 0);
    assert_int_equal(parts.checksum, whole.checksum);
    assert_int_equal(parts.sample.ops, whole.sample.ops);
    assert_int_equal(parts.sample.segment_count, whole.sample.segment_count);
}

static void little_of_it_is_in_memory(void **state) {
    (void)state;
    enum { WINDOW_PAGES = 8, AROUND_PAGES = 16 };
    struct synthetic wanted = {
        .seed = 3, .events = 100000, .threads = 1, .threads_live = 1, .live_objects = 300};
    struct fixture fixture;
    replay_make_tape(&wanted, &(struct rh_compiler_setup){.marks = 20}, &fixture);
    struct rh_tape tape = fixture.tape;
    struct outcome outcome;
    tape.window_words = WINDOW_PAGES * PAGE_WORDS;
    assert_int_equal(rh_tape_check(&tape, NULL), 0);
    uint64_t bound = WINDOW_PAGES + 2 + 3 * AROUND_PAGES;
    assert_true(tape.map.bytes / 4096 > 2 * bound);
    rh_tape_let_go(&tape, 0, tape.map.bytes / 8);
    watched = &tape;
    play(&tape, &outcome);
    watched = NULL;
    assert_in_range(most_pages, 1, bound);
    compare(&fixture, tape.window_words);
    fixture_close(&fixture);
}

/* Windows of a page, threads far apart: some wait while others let go of what is behind. */
static void threads_play_in_windows(void **state) {
    (void)state;
    static const struct rh_compiler_setup orders[] = {
        {.marks = 20},
        {.marks = 20, .order = RH_ORDER_WINDOW, .window_events = 50},
        {.marks = 20, .order = RH_ORDER_RECORDED},
        {.marks = 20, .one_thread = true},
    };
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct synthetic wanted = {.seed = seed,
                                   .events = 10000,
                                   .threads = (uint32_t)(1 + seed * 7 % 30),
                                   .threads_live = (uint32_t)(1 + seed * 3 % 12),
                                   .live_objects = 200,
                                   .cross_percent = (uint32_t)(seed * 17 % 100),
                                   .prologue = seed % 3 == 0 ? 3000 : 0,
                                   .orphans = seed % 4 == 0};
        struct fixture fixture;
        replay_make_tape(&wanted, &orders[seed % 4], &fixture);
        compare(&fixture, PAGE_WORDS);
        compare(&fixture, 100); /* ends within ops */
        fixture_close(&fixture);
    }
}

/* What has gone to the disk is read again where it is changed. */
static void the_compiler_writes_the_same(void **state) {
    (void)state;
    struct synthetic wanted = {.seed = 5,
                               .events = 60000,
                               .threads = 12,
                               .threads_live = 6,
                               .live_objects = 2000,
                               .cross_percent = 60,
                               .large = true};
    struct fixture whole, parts;
    replay_make_tape(&wanted, &(struct rh_compiler_setup){.marks = 20}, &whole);
    replay_make_tape(
        &wanted, &(struct rh_compiler_setup){.marks = 20, .tape_window_words = PAGE_WORDS}, &parts);
    assert_int_equal(parts.tape.header->file_bytes, whole.tape.header->file_bytes);
    assert_int_equal(parts.tape.header->body_hash, whole.tape.header->body_hash);
    assert_int_equal(rh_tape_check_hash(&parts.tape, NULL), 0);
    fixture_close(&parts);
    fixture_close(&whole);
}

static void large_tapes_get_windows(void **state) {
    (void)state;
    const uint64_t mib = 1 << 20;
    assert_int_equal(rh_tape_choose_window(100 * mib, 200 * mib, 1), 0);
    assert_int_equal(rh_tape_choose_window(101 * mib, 200 * mib, 1), 10 * mib / 8);
    assert_int_equal(rh_tape_choose_window(101 * mib, 200 * mib, 6), 5 * mib / 8);
    assert_int_equal(rh_tape_choose_window(101 * mib, mib, 1), mib / 8);
    assert_int_equal(rh_tape_choose_window(UINT64_MAX, UINT64_C(1) << 40, 1), 64 * mib / 8);
}

int main(void) {
    alarm(300);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(little_of_it_is_in_memory),
        cmocka_unit_test(threads_play_in_windows),
        cmocka_unit_test(the_compiler_writes_the_same),
        cmocka_unit_test(large_tapes_get_windows),
    };
    return cmocka_run_group_tests_name("replay/window", tests, NULL, NULL);
}
