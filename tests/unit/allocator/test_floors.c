/* null and bump: addresses that are aligned, apart from each other, and refused beyond the limit.
 */
#include <pthread.h>
#include <string.h>

#include "allocator/registry.h"
#include "tests/unit/test.h"

static char reason[512];

static const struct rh_allocator_ops *open_allocator(const char *name, const char *option,
                                                     void **ret_ctx) {
    const struct rh_allocator_ops *ops = rh_registry_find(name, reason, sizeof(reason));
    const char *options[] = {option, NULL};
    struct rh_allocator_config config = {.options = options};
    assert_non_null(ops);
    if (ops->create(&config, ret_ctx, reason, sizeof(reason)) != 0)
        fail_msg("%s", reason);
    return ops;
}

static void blocks_are_aligned_and_apart(const char *name) {
    void *ctx;
    const struct rh_allocator_ops *ops = open_allocator(name, NULL, &ctx);
    uintptr_t end = 0;
    for (size_t i = 0; i < 5000; i++) {
        size_t align = (size_t)1 << i % 22, len = i * 37 % 5000;
        uintptr_t start = (uintptr_t)ops->alloc(ctx, len, align);
        assert_true(start != 0);
        assert_int_equal(start % align, 0);
        assert_int_equal(start % 16, 0);
        /* A new window or chunk may begin anywhere, but never inside the last block. */
        assert_true(start >= end || start + len < end - 5000);
        end = start + len + (len == 0);
        ops->free(ctx, (void *)start, len, align);
    }
    ops->destroy(ctx);
}

static void null_blocks(void **state) {
    (void)state;
    blocks_are_aligned_and_apart("null");
}

static void bump_blocks(void **state) {
    (void)state;
    blocks_are_aligned_and_apart("bump");
}

static void huge_requests_are_refused(void **state) {
    (void)state;
    static const char *const names[] = {"null", "bump"};
    for (size_t i = 0; i < 2; i++) {
        void *ctx;
        const struct rh_allocator_ops *ops = open_allocator(names[i], NULL, &ctx);
        assert_null(ops->alloc(ctx, SIZE_MAX, 1));
        assert_null(ops->alloc(ctx, SIZE_MAX - 15, 16));
        assert_null(ops->alloc(ctx, PTRDIFF_MAX, 16));
        assert_null(ops->alloc(ctx, (size_t)PTRDIFF_MAX + 1, 16));
        assert_null(ops->alloc(ctx, 1, (size_t)1 << 63));
        assert_null(ops->alloc_zeroed(ctx, SIZE_MAX, 1));
        assert_non_null(ops->alloc(ctx, 100, 16));
        assert_non_null(ops->alloc(ctx, 64 << 20, 4096));
        assert_false(ops->resize(ctx, ops->alloc(ctx, 100, 16), 100, 16, 101));
        ops->destroy(ctx);
    }
}

static void bump_memory_is_fresh_and_ends(void **state) {
    (void)state;
    void *ctx;
    const struct rh_allocator_ops *ops = open_allocator("bump", "limit=8M", &ctx);
    size_t given = 0;
    for (unsigned char *block; (block = ops->alloc_zeroed(ctx, 5000, 1)) != NULL; given++) {
        for (size_t i = 0; i < 5000; i++)
            assert_int_equal(block[i], 0);
        memset(block, 255, 5000);
    }
    assert_in_range(given, (8 << 20) / 5008 - 2, (8 << 20) / 5008);
    struct rh_allocator_stats stats;
    ops->stats(ctx, &stats);
    assert_int_equal(stats.mapped_bytes, 8 << 20);
    ops->destroy(ctx);
    ops->destroy(NULL);
}

static void bump_contexts_do_not_share_chunks(void **state) {
    (void)state;
    void *first, *second;
    const struct rh_allocator_ops *ops = open_allocator("bump", "limit=64M", &first);
    open_allocator("bump", "limit=64M", &second);
    char *a = ops->alloc(first, 16, 1);
    char *b = ops->alloc(second, 16, 1);
    char *c = ops->alloc(first, 16, 1);
    *a = 'a';
    *b = 'b';
    *c = 'c';
    ops->destroy(second);
    assert_int_equal(*a, 'a');
    assert_int_equal(*c, 'c');
    ops->destroy(first);
    /* A new context may lie where an old one did; its chunk must not be the old one. */
    open_allocator("bump", "limit=64M", &first);
    memset(ops->alloc(first, 4096, 1), 1, 4096);
    ops->destroy(first);
}

static void wrong_options_are_refused(void **state) {
    (void)state;
    const struct rh_allocator_ops *ops = rh_registry_find("bump", reason, sizeof(reason));
    static const char *const wrong[] = {"limit=",
                                        "limit=12Q",
                                        "limit=1KK",
                                        "limit=-1",
                                        "limits=1",
                                        "limit",
                                        "limit=99999999999999999999",
                                        "limit=99999999999T"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const char *options[] = {wrong[i], NULL};
        struct rh_allocator_config config = {.options = options};
        void *ctx = reason;
        reason[0] = '\0';
        assert_int_equal(ops->create(&config, &ctx, reason, sizeof(reason)), -1);
        assert_ptr_equal(ctx, reason);
        assert_non_null(strstr(reason, "limit"));
    }
}

enum { THREADS = 4, BLOCKS = 20000 };

static const struct rh_allocator_ops *shared_ops;
static void *shared_ctx;

/* cmocka's assertions work on its own thread only: the complaint is returned. */
static void *fill_blocks(void *argument) {
    static char complaint[] = "another thread wrote here";
    unsigned char tag = (unsigned char)(uintptr_t)argument;
    unsigned char *blocks[64] = {NULL};
    shared_ops->thread_init(shared_ctx);
    for (size_t i = 0; i < BLOCKS; i++) {
        unsigned char **block = &blocks[i % 64];
        if (*block != NULL && (*block)[99] != tag)
            return complaint;
        *block = shared_ops->alloc(shared_ctx, 100, 1);
        memset(*block, tag, 100);
    }
    shared_ops->thread_fini(shared_ctx);
    return NULL;
}

static void bump_threads_do_not_meet(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    shared_ops = open_allocator("bump", NULL, &shared_ctx);
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fill_blocks, (void *)(i + 1)), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *complaint = NULL;
        pthread_join(threads[i], &complaint);
        assert_null(complaint);
    }
    shared_ops->destroy(shared_ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_blocks),
        cmocka_unit_test(bump_blocks),
        cmocka_unit_test(huge_requests_are_refused),
        cmocka_unit_test(bump_memory_is_fresh_and_ends),
        cmocka_unit_test(bump_contexts_do_not_share_chunks),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(bump_threads_do_not_meet),
    };
    return cmocka_run_group_tests_name("allocator/floors", tests, NULL, NULL);
}
