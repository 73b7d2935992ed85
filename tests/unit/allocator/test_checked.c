/* The checked wrapper: sound allocators pass, each broken one is caught in the act. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "allocator/registry.h"
#include "base/random.h"
#include "tests/unit/test.h"

static char reason[512];

/* An allocator over a static area that can be broken in one way at a time. */
enum breakage {
    SOUND,
    OVERLAPS,
    SAME_BLOCK,
    MISALIGNS,
    FORGETS_ZERO,
    USABLE_TOO_LARGE,
    USABLE_TOO_SMALL,
    LOSES_TAIL,
    RESIZE_LIES,
    SCRIBBLES,
    GIVES_NO_ADDRESS,
};

static enum breakage breakage;
static _Alignas(4096) unsigned char area[1 << 20];
static size_t area_used;
static unsigned char *last_block;
static unsigned frees;

static int toy_create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                      size_t reason_bytes) {
    (void)config;
    (void)ret_reason;
    (void)reason_bytes;
    memset(area, 0xEE, sizeof(area));
    area_used = 0;
    frees = 0;
    last_block = NULL;
    *ret_ctx = area;
    return 0;
}

static void toy_destroy(void *ctx) {
    (void)ctx;
}

static void *toy_alloc(void *ctx, size_t len, size_t align) {
    (void)ctx;
    size_t start = (area_used + align - 1) & ~(align - 1);
    if (len > sizeof(area) || start > sizeof(area) - len)
        return NULL;
    if (breakage == GIVES_NO_ADDRESS)
        return (void *)(uintptr_t)0xFFFF800000000000;
    if (breakage == SAME_BLOCK && last_block != NULL)
        return last_block;
    if (breakage == OVERLAPS && last_block != NULL)
        start -= 1;
    if (breakage == MISALIGNS && align > 64)
        start += 64;
    if (breakage == SCRIBBLES && last_block != NULL)
        last_block[3]++;
    area_used = start + len + 16;
    last_block = area + start;
    return last_block;
}

static void *toy_alloc_zeroed(void *ctx, size_t len, size_t align) {
    unsigned char *block = toy_alloc(ctx, len, align);
    if (block != NULL)
        memset(block, 0, breakage == FORGETS_ZERO ? len - 1 : len);
    return block;
}

static bool toy_resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    (void)ptr;
    (void)align;
    return new_len <= len || breakage == RESIZE_LIES;
}

static void *toy_remap(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    unsigned char *block = toy_alloc(ctx, new_len, align);
    size_t kept = len < new_len ? len : new_len;
    if (block != NULL && kept > 0)
        memmove(block, ptr, breakage == LOSES_TAIL ? kept - 1 : kept);
    return block;
}

static void toy_free(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    (void)ptr;
    (void)len;
    (void)align;
    frees++;
}

static size_t toy_usable_size(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    (void)ptr;
    (void)align;
    if (breakage == USABLE_TOO_LARGE)
        return len + 100;
    return breakage == USABLE_TOO_SMALL ? len - 1 : len;
}

static const struct rh_allocator_ops toy = {
    .name = "toy",
    .summary = "breaks as it is told",
    .abi_version = RH_ALLOCATOR_ABI,
    .create = toy_create,
    .destroy = toy_destroy,
    .alloc = toy_alloc,
    .alloc_zeroed = toy_alloc_zeroed,
    .resize = toy_resize,
    .remap = toy_remap,
    .free = toy_free,
    .usable_size = toy_usable_size,
};

static const struct rh_allocator_ops *checked;

static void *wrap(const struct rh_allocator_ops *inner, enum breakage how) {
    breakage = how;
    struct rh_allocator_config config = {.inner = inner};
    void *ctx = NULL;
    if (checked->create(&config, &ctx, reason, sizeof(reason)) != 0)
        fail_msg("%s", reason);
    return ctx;
}

static void expect_sound(void *ctx) {
    if (checked->check(ctx, reason, sizeof(reason)) != 0)
        fail_msg("%s", reason);
}

/* The violation is kept, and nothing is handed out or released any more. */
static void expect_violation(void *ctx, const char *part) {
    assert_int_equal(checked->check(ctx, reason, sizeof(reason)), -1);
    if (strstr(reason, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, reason);
    assert_null(checked->alloc(ctx, 8, 1));
    unsigned before = frees;
    checked->free(ctx, area, 8, 1);
    assert_int_equal(frees, before);
    assert_int_equal(checked->check(ctx, reason, sizeof(reason)), -1);
    checked->destroy(ctx);
}

static void a_sound_allocator_passes(void **state) {
    (void)state;
    void *ctx = wrap(&toy, SOUND);
    unsigned char *a = checked->alloc(ctx, 100, 8), *b = checked->alloc_zeroed(ctx, 0, 1);
    assert_int_equal(checked->usable_size(ctx, a, 100, 8), 100);
    assert_true(checked->resize(ctx, a, 100, 8, 50));
    assert_false(checked->resize(ctx, a, 50, 8, 100));
    a = checked->remap(ctx, a, 50, 8, 300000);
    assert_non_null(a);
    assert_null(checked->remap(ctx, a, 300000, 8, 2000000));
    a = checked->remap(ctx, a, 300000, 8, 10);
    expect_sound(ctx);
    checked->free(ctx, a, 10, 8);
    checked->free_sized(ctx, b, 0, 1);
    assert_int_equal(frees, 2);
    expect_sound(ctx);
    checked->destroy(ctx);
    checked->destroy(NULL);
}

static void overlaps_are_seen(void **state) {
    (void)state;
    void *ctx = wrap(&toy, OVERLAPS);
    assert_non_null(checked->alloc(ctx, 5000, 1));
    area_used -= 16;
    assert_null(checked->alloc(ctx, 10, 1));
    expect_violation(ctx, "overlap a live block of 5000 bytes");

    ctx = wrap(&toy, SAME_BLOCK);
    assert_non_null(checked->alloc(ctx, 0, 1));
    assert_null(checked->alloc(ctx, 0, 1));
    expect_violation(ctx, "which is a live block");

    ctx = wrap(&toy, USABLE_TOO_LARGE);
    assert_non_null(checked->alloc(ctx, 64, 1));
    assert_null(checked->alloc(ctx, 64, 1));
    expect_violation(ctx, "(usable 164)");
}

static void lengths_decide_where_usable_sizes_are_not_trusted(void **state) {
    (void)state;
    breakage = USABLE_TOO_LARGE;
    const char *options[] = {"usable=no", NULL};
    struct rh_allocator_config config = {.inner = &toy, .options = options};
    void *ctx;
    if (checked->create(&config, &ctx, reason, sizeof(reason)) != 0)
        fail_msg("%s", reason);
    assert_non_null(checked->alloc(ctx, 64, 1));
    assert_non_null(checked->alloc(ctx, 64, 1));
    expect_sound(ctx);
    checked->destroy(ctx);
}

static void what_is_owed_for_a_block(void **state) {
    (void)state;
    void *ctx = wrap(&toy, MISALIGNS);
    assert_null(checked->alloc(ctx, 10, 4096));
    expect_violation(ctx, "not aligned to 4096");
    ctx = wrap(&toy, FORGETS_ZERO);
    assert_null(checked->alloc_zeroed(ctx, 100, 1));
    expect_violation(ctx, "byte 99 is 238");
    ctx = wrap(&toy, USABLE_TOO_SMALL);
    assert_null(checked->alloc(ctx, 100, 1));
    expect_violation(ctx, "usable size of 100 bytes");
    ctx = wrap(&toy, GIVES_NO_ADDRESS);
    assert_null(checked->alloc(ctx, 100, 1));
    expect_violation(ctx, "where no memory can be");
}

static void what_is_owed_for_a_change(void **state) {
    (void)state;
    void *ctx = wrap(&toy, LOSES_TAIL);
    void *block = checked->alloc(ctx, 100, 1);
    assert_null(checked->remap(ctx, block, 100, 1, 200));
    expect_violation(ctx, "byte 99");
    ctx = wrap(&toy, RESIZE_LIES);
    block = checked->alloc(ctx, 100, 1);
    assert_non_null(checked->alloc(ctx, 100, 1));
    assert_false(checked->resize(ctx, block, 100, 1, 200));
    expect_violation(ctx, "resize gave 200 bytes");
    ctx = wrap(&toy, SCRIBBLES);
    block = checked->alloc(ctx, 100, 1);
    assert_non_null(checked->alloc(ctx, 100, 1));
    checked->free(ctx, block, 100, 1);
    expect_violation(ctx, "byte 3 of the block of 100 bytes");
    /* A block that nobody releases is looked at in the end. */
    ctx = wrap(&toy, SCRIBBLES);
    assert_non_null(checked->alloc(ctx, 100, 1));
    assert_non_null(checked->alloc(ctx, 100, 1));
    expect_violation(ctx, "at the end: byte 3");
}

static void the_callers_side(void **state) {
    (void)state;
    void *ctx = wrap(&toy, SOUND);
    void *block = checked->alloc(ctx, 100, 8);
    checked->free(ctx, block, 100, 8);
    checked->free(ctx, block, 100, 8);
    expect_violation(ctx, "no live block");
    ctx = wrap(&toy, SOUND);
    block = checked->alloc(ctx, 100, 8);
    checked->free(ctx, block, 101, 8);
    expect_violation(ctx, "length 101 and alignment 8");
    ctx = wrap(&toy, SOUND);
    block = checked->alloc(ctx, 100, 8);
    assert_false(checked->resize(ctx, block, 100, 16, 50));
    expect_violation(ctx, "resize says");
    ctx = wrap(&toy, SOUND);
    assert_null(checked->alloc(ctx, 100, 3));
    expect_violation(ctx, "not a power of two");
    ctx = wrap(&toy, SOUND);
    block = checked->alloc(ctx, 100, 8);
    block = checked->remap(ctx, block, 100, 8, 50);
    checked->free_sized(ctx, block, 50, 8);
    expect_violation(ctx, "which was resized");
    ctx = wrap(&toy, SOUND);
    assert_int_equal(checked->usable_size(ctx, area + 5, 1, 1), 0);
    expect_violation(ctx, "usable_size was given");
}

static void what_cannot_be_wrapped_is_refused(void **state) {
    (void)state;
    void *ctx = reason;
    assert_int_equal(checked->create(NULL, &ctx, reason, sizeof(reason)), -1);
    struct rh_allocator_config config = {.inner = rh_registry_find("null", reason, sizeof(reason))};
    assert_int_equal(checked->create(&config, &ctx, reason, sizeof(reason)), -1);
    assert_non_null(strstr(reason, "\"null\""));
    const char *options[] = {"usable=perhaps", NULL};
    config = (struct rh_allocator_config){.inner = &toy, .options = options};
    assert_int_equal(checked->create(&config, &ctx, reason, sizeof(reason)), -1);
    assert_non_null(strstr(reason, "perhaps"));
    assert_ptr_equal(ctx, reason);
}

/* Random blocks on several threads, each block released by whichever thread finds it. */
enum { THREADS = 4, OPS = 8000, CELLS = 256 };

static struct cell {
    pthread_mutex_t lock;
    void *block;
    size_t len, align;
} cells[CELLS];

static void *threaded_ctx;

static void play_cell(struct cell *cell, struct rh_random *random) {
    size_t new_len = rh_random_below(random, rh_random_below(random, 100) == 0 ? 100000 : 500);
    if (cell->block == NULL) {
        cell->len = new_len;
        cell->align = (size_t)1 << rh_random_below(random, 8);
        cell->block = checked->alloc(threaded_ctx, cell->len, cell->align);
        return;
    }
    if (rh_random_below(random, 4) == 0) {
        void *moved = checked->remap(threaded_ctx, cell->block, cell->len, cell->align, new_len);
        if (moved != NULL) {
            cell->block = moved;
            cell->len = new_len;
        }
        return;
    }
    checked->free(threaded_ctx, cell->block, cell->len, cell->align);
    cell->block = NULL;
}

static void *play(void *argument) {
    struct rh_random random;
    rh_random_seed(&random, (uint64_t)(uintptr_t)argument);
    checked->thread_init(threaded_ctx);
    for (size_t i = 0; i < OPS; i++) {
        struct cell *cell = &cells[rh_random_below(&random, CELLS)];
        pthread_mutex_lock(&cell->lock);
        play_cell(cell, &random);
        pthread_mutex_unlock(&cell->lock);
    }
    checked->thread_fini(threaded_ctx);
    return NULL;
}

static void play_threads(const char *name) {
    pthread_t threads[THREADS];
    const struct rh_allocator_ops *inner = rh_registry_find(name, reason, sizeof(reason));
    threaded_ctx = wrap(inner, SOUND);
    for (size_t i = 0; i < CELLS; i++) {
        pthread_mutex_init(&cells[i].lock, NULL);
        cells[i].block = NULL;
    }
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, play, (void *)(i + 1)), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    expect_sound(threaded_ctx);
    checked->destroy(threaded_ctx);
}

static void threads_pass_blocks_around(void **state) {
    (void)state;
    play_threads("sbrk");
    play_threads("bump");
    play_threads("glibc");
}

/* Beyond 1 MiB the pattern is sparse, and still found whole and missed when it is not. */
static void large_blocks(void **state) {
    (void)state;
    const struct rh_allocator_ops *sbrk = rh_registry_find("sbrk", reason, sizeof(reason));
    void *ctx = wrap(sbrk, SOUND);
    unsigned char *a = checked->alloc(ctx, (3 << 20) + 12345, 4096);
    unsigned char *b = checked->alloc_zeroed(ctx, (1 << 20) + 1, 1);
    assert_true(checked->resize(ctx, a, (3 << 20) + 12345, 4096, (3 << 20) + 4000));
    a = checked->remap(ctx, a, (3 << 20) + 4000, 4096, (3 << 20) + 500000);
    assert_non_null(a);
    expect_sound(ctx);
    checked->free(ctx, b, (1 << 20) + 1, 1);
    expect_sound(ctx);
    a[(1 << 20) + 10] ^= 1;
    checked->free(ctx, a, (3 << 20) + 500000, 4096);
    expect_violation(ctx, "byte 1048586");
}

int main(void) {
    checked = rh_registry_find("checked", reason, sizeof(reason));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_allocator_passes),
        cmocka_unit_test(overlaps_are_seen),
        cmocka_unit_test(lengths_decide_where_usable_sizes_are_not_trusted),
        cmocka_unit_test(what_is_owed_for_a_block),
        cmocka_unit_test(what_is_owed_for_a_change),
        cmocka_unit_test(the_callers_side),
        cmocka_unit_test(what_cannot_be_wrapped_is_refused),
        cmocka_unit_test(threads_pass_blocks_around),
        cmocka_unit_test(large_blocks),
    };
    return cmocka_run_group_tests_name("allocator/checked", tests, NULL, NULL);
}
