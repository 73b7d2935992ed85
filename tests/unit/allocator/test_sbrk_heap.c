/* The sbrk allocator in long runs: content, the account, failures at every call, threads. */
#include <string.h>

#include "allocator/sbrk/heap.h"
#include "base/random.h"
#include "tests/unit/allocator/sbrk_fixture.h"

enum { SLOTS = 512 };

struct block {
    unsigned char *ptr;
    size_t len, align;
    unsigned char tag;
};

static size_t random_length(struct rh_random *random) {
    uint64_t kind = rh_random_below(random, 100);
    if (kind < 70)
        return rh_random_below(random, 400);
    if (kind < 97)
        return rh_random_below(random, 20000);
    return rh_random_below(random, 500000);
}

/* Both ends of a block carry its tag: that is where neighbours and links meet it. */
enum { END_BYTES = 64 };

static size_t end_bytes(size_t len) {
    return len < END_BYTES ? len : END_BYTES;
}

static void fill(struct block *block) {
    size_t end = end_bytes(block->len);
    memset(block->ptr, block->tag, end);
    memset(block->ptr + block->len - end, block->tag, end);
}

/* Resized to `len` bytes, or as it was. */
static bool is_whole(const struct block *block, size_t len) {
    unsigned char tags[END_BYTES];
    memset(tags, block->tag, sizeof(tags));
    size_t end = end_bytes(len < block->len ? len : block->len);
    if (memcmp(block->ptr, tags, end) != 0)
        return false;
    return len < block->len || memcmp(block->ptr + block->len - end, tags, end) == 0;
}

static void take(struct fixture *f, struct rh_random *random, struct block *block) {
    block->len = random_length(random);
    block->align = (size_t)1 << rh_random_below(random, 10);
    block->tag = (unsigned char)rh_random_next(random);
    block->ptr = rh_sbrk_heap_alloc(&f->heap, block->len, block->align);
    if (block->ptr == NULL)
        return;
    assert_int_equal((uintptr_t)block->ptr % block->align, 0);
    assert_true(rh_sbrk_heap_usable_size(&f->heap, block->len, block->align) >= block->len);
    fill(block);
}

static void give(struct fixture *f, struct block *block) {
    assert_true(is_whole(block, block->len));
    rh_sbrk_heap_free(&f->heap, block->ptr, block->len, block->align);
    block->ptr = NULL;
}

static void resize(struct fixture *f, struct rh_random *random, struct block *block) {
    size_t new_len = 1 + random_length(random);
    if (!rh_sbrk_heap_resize(&f->heap, block->len, block->align, new_len))
        return;
    assert_true(is_whole(block, new_len));
    block->len = new_len;
    fill(block);
}

static void run(struct fixture *f, uint64_t seed, size_t ops) {
    struct rh_random random;
    struct block blocks[SLOTS] = {{NULL, 0, 0, 0}};
    rh_random_seed(&random, seed);
    for (size_t i = 0; i < ops; i++) {
        struct block *block = &blocks[rh_random_below(&random, SLOTS)];
        if (block->ptr == NULL)
            take(f, &random, block);
        else if (rh_random_below(&random, 3) == 0)
            resize(f, &random, block);
        else
            give(f, block);
        if (i % 1000 == 0)
            fixture_check(f);
    }
    for (size_t i = 0; i < SLOTS; i++)
        if (blocks[i].ptr != NULL)
            give(f, &blocks[i]);
    fixture_check(f);
}

static void content_is_kept_over_any_mix(void **state) {
    (void)state;
    for (int is_original = 0; is_original < 2; is_original++) {
        struct fixture f;
        fixture_open(&f, is_original, (size_t)4 << 30, 20 * KIB);
        run(&f, 7 + (uint64_t)is_original, 30000);
        fixture_close(&f);
    }
}

static void the_account_is_exact(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f, false, 64 * MIB, 0);
    void *small[5], *large;
    for (size_t i = 0; i < 5; i++)
        small[i] = rh_sbrk_heap_alloc(&f.heap, 100, 8);
    large = rh_sbrk_heap_alloc(&f.heap, 100000, 8);
    rh_sbrk_heap_free(&f.heap, small[2], 100, 8);
    struct rh_sbrk_stats stats;
    rh_sbrk_heap_stats(&f.heap, &stats);
    /* A bigpage for the small ones; a large slot of two, and the one that its alignment skips. */
    assert_int_equal(stats.growth_bytes, 4 * 64 * KIB);
    assert_int_equal(stats.small[3].slot_bytes, 128);
    assert_int_equal(stats.small[3].live_count, 4);
    assert_int_equal(stats.small[3].free_count, 1);
    assert_int_equal(stats.small[3].uncarved_bytes, 64 * KIB - 5 * 128);
    assert_int_equal(stats.big[0].free_count, 1);
    assert_int_equal(stats.big[1].live_count, 1);
    assert_int_equal(stats.live_bytes, 4 * 128 + 128 * KIB);
    assert_int_equal(stats.usable_bytes, 4 * 120 + 128 * KIB - 16);
    assert_int_equal(stats.free_bytes, 128 + 64 * KIB);
    assert_int_equal(stats.uncarved_bytes, 64 * KIB - 5 * 128);
    assert_int_equal(stats.lost_bytes, 0);
    rh_sbrk_heap_free(&f.heap, large, 100000, 8);
    /* The skipped bigpage is the next one that is taken. */
    assert_ptr_equal(rh_sbrk_heap_alloc(&f.heap, 40000, 8), (char *)small[0] + 64 * KIB);
    assert_int_equal(f.counted.grown_bytes, 4 * 64 * KIB);
    fixture_close(&f);
}

static void the_check_sees_damage(void **state) {
    (void)state;
    char reason[256];
    struct fixture f;
    fixture_open(&f, false, 64 * MIB, 0);
    char *first = rh_sbrk_heap_alloc(&f.heap, 100, 8),
         *second = rh_sbrk_heap_alloc(&f.heap, 100, 8);
    rh_sbrk_heap_free(&f.heap, first, 100, 8);
    rh_sbrk_heap_free(&f.heap, second, 100, 8);
    fixture_check(&f);
    /* A write behind the end of a freed block meets the link. */
    uintptr_t link;
    memcpy(&link, second + 120, sizeof(link));
    static const uintptr_t wrong[] = {1, 4096, UINTPTR_MAX};
    for (size_t i = 0; i < 3; i++) {
        memcpy(second + 120, &wrong[i], sizeof(link));
        assert_int_equal(rh_sbrk_heap_check(&f.heap, reason, sizeof(reason)), -1);
        assert_non_null(strstr(reason, "outside the heap"));
    }
    memset(second + 120, 0, sizeof(link));
    assert_int_equal(rh_sbrk_heap_check(&f.heap, reason, sizeof(reason)), -1);
    assert_non_null(strstr(reason, "1 of the 2"));
    link = (uintptr_t)first + 16;
    memcpy(second + 120, &link, sizeof(link));
    assert_int_equal(rh_sbrk_heap_check(&f.heap, reason, sizeof(reason)), -1);
    assert_non_null(strstr(reason, "not aligned"));
    link = (uintptr_t)first;
    memcpy(second + 120, &link, sizeof(link));
    fixture_check(&f);
    /* Freed twice: a ring, and more freed than handed out. */
    rh_sbrk_heap_free(&f.heap, second, 100, 8);
    assert_int_equal(rh_sbrk_heap_check(&f.heap, reason, sizeof(reason)), -1);
    rh_sbrk_heap_finish(&f.heap);
    rh_sbrk_reserve_finish(&f.reserve);
}

/* Whichever call of the source fails, the heap stays whole, and later calls work again. */
static void the_nth_call_fails(void **state) {
    (void)state;
    for (int is_original = 0; is_original < 2; is_original++) {
        struct fixture f;
        fixture_open(&f, is_original, (size_t)4 << 30, 4 * KIB);
        run(&f, 3, 1500);
        uint64_t calls = f.counted.calls;
        fixture_close(&f);
        assert_true(calls > 20);
        for (uint64_t nth = 1; nth <= calls; nth++) {
            fixture_open(&f, is_original, (size_t)4 << 30, 4 * KIB);
            f.counted.fail_at = nth;
            run(&f, 3, 1500);
            assert_int_equal(f.counted.fail_at, 0);
            assert_non_null(rh_sbrk_heap_alloc(&f.heap, 10, 8));
            fixture_close(&f);
        }
    }
}

static void the_whole_range_is_used_up(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f, false, 4 * MIB, 0);
    size_t count = 0;
    while (rh_sbrk_heap_alloc(&f.heap, 1000, 8) != NULL)
        count++;
    assert_int_equal(count, 4096);
    assert_null(rh_sbrk_heap_alloc(&f.heap, 1, 1));
    fixture_close(&f);
}

/* A source that others use too: what they take lies between our regions. */
static uintptr_t shared_sbrk(struct rh_sbrk_source *source, size_t bytes) {
    struct rh_sbrk_failing *failing = (struct rh_sbrk_failing *)source;
    struct rh_sbrk_reserve *reserve = (struct rh_sbrk_reserve *)failing->inner;
    if (failing->calls % 2 == 0)
        reserve->next += reserve->source.page_bytes * 3;
    failing->calls++;
    uintptr_t start = reserve->source.sbrk(&reserve->source, bytes);
    failing->grown_bytes += start != 0 ? bytes : 0;
    return start;
}

static void others_move_the_break(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f, false, (size_t)4 << 30, 4 * KIB);
    f.counted.source.sbrk = shared_sbrk;
    run(&f, 11, 20000);
    assert_true(f.heap.lost_bytes > 0);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_is_kept_over_any_mix), cmocka_unit_test(the_account_is_exact),
        cmocka_unit_test(the_check_sees_damage),        cmocka_unit_test(the_nth_call_fails),
        cmocka_unit_test(the_whole_range_is_used_up),   cmocka_unit_test(others_move_the_break),
    };
    return cmocka_run_group_tests_name("allocator/sbrk heap", tests, NULL, NULL);
}
