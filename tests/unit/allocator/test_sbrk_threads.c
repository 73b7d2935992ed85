/* Threads that free each other's blocks: for ThreadSanitizer, and for the account afterwards. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "allocator/registry.h"
#include "base/random.h"
#include "tests/unit/test.h"

enum { THREADS = 4, ROUNDS = 8000, CELLS = 64 };

struct parcel {
    size_t len;
    unsigned char tag;
    unsigned char content[];
};

static const struct rh_allocator_ops *ops;
static void *ctx;
/* Parcels change hands here: whoever takes one out checks and frees it. */
static _Atomic(struct parcel *) cells[CELLS];

static const char *open_parcel(struct parcel *parcel) {
    for (size_t i = 0; i < parcel->len; i++)
        if (parcel->content[i] != parcel->tag)
            return "a block changed while another thread held it";
    ops->free(ctx, parcel, sizeof(*parcel) + parcel->len, 16);
    return NULL;
}

static struct parcel *make_parcel(struct rh_random *random) {
    size_t len = rh_random_below(random, rh_random_below(random, 50) == 0 ? 200000 : 300);
    struct parcel *parcel = ops->alloc(ctx, sizeof(*parcel) + len, 16);
    if (parcel == NULL)
        return NULL;
    parcel->len = len;
    parcel->tag = (unsigned char)rh_random_next(random);
    memset(parcel->content, parcel->tag, len);
    return parcel;
}

static const char *exchange_parcels(uint64_t seed) {
    struct rh_random random;
    rh_random_seed(&random, seed);
    for (size_t i = 0; i < ROUNDS; i++) {
        struct parcel *parcel = make_parcel(&random);
        if (parcel == NULL)
            return "there is no memory";
        parcel = atomic_exchange(&cells[rh_random_below(&random, CELLS)], parcel);
        const char *complaint = parcel != NULL ? open_parcel(parcel) : NULL;
        if (complaint != NULL)
            return complaint;
    }
    return NULL;
}

/* cmocka's assertions work on its own thread only: the complaint is returned. */
static void *exchange(void *argument) {
    return (void *)(uintptr_t)exchange_parcels((uint64_t)(uintptr_t)argument);
}

static void exchange_on(const char *name) {
    char reason[256];
    ops = rh_registry_find(name, reason, sizeof(reason));
    assert_int_equal(ops->create(NULL, &ctx, reason, sizeof(reason)), 0);
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, exchange, (void *)(i + 1)), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *complaint = NULL;
        pthread_join(threads[i], &complaint);
        if (complaint != NULL)
            fail_msg("%s", (const char *)complaint);
    }
    for (size_t i = 0; i < CELLS; i++) {
        struct parcel *parcel = atomic_exchange(&cells[i], NULL);
        assert_true(parcel == NULL || open_parcel(parcel) == NULL);
    }
    struct rh_allocator_stats stats;
    ops->stats(ctx, &stats);
    assert_int_equal(stats.live_bytes, 0);
    assert_int_equal(ops->check(ctx, reason, sizeof(reason)), 0);
    ops->destroy(ctx);
}

static void threads_free_each_others_blocks(void **state) {
    (void)state;
    exchange_on("sbrk");
    exchange_on("sbrk-zig");
}

static void options_choose_the_source(void **state) {
    (void)state;
    char reason[256];
    const struct rh_allocator_ops *sbrk = rh_registry_find("sbrk", reason, sizeof(reason));
    const char *const brk[] = {"source=brk", NULL}, *const tiny[] = {"reserve=1M", NULL},
                      *const wrong[] = {"source=heap", NULL};
    struct rh_allocator_config config = {.options = brk};
    void *first;
    assert_int_equal(sbrk->create(&config, &first, reason, sizeof(reason)), 0);
    char *block = sbrk->alloc(first, 100000, 4096);
    assert_non_null(block);
    memset(block, 1, 100000);
    assert_ptr_equal(sbrk->remap(first, block, 100000, 4096, 110000), block);
    assert_null(sbrk->remap(first, block, 110000, 4096, 200000));
    assert_int_equal(sbrk->check(first, reason, sizeof(reason)), 0);
    sbrk->destroy(first);
    config.options = tiny;
    assert_int_equal(sbrk->create(&config, &first, reason, sizeof(reason)), 0);
    assert_non_null(sbrk->alloc(first, 500000, 1));
    assert_null(sbrk->alloc(first, 600000, 1));
    sbrk->destroy(first);
    sbrk->destroy(NULL);
    config.options = wrong;
    assert_int_equal(sbrk->create(&config, &first, reason, sizeof(reason)), -1);
    assert_non_null(strstr(reason, "\"heap\""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_free_each_others_blocks),
        cmocka_unit_test(options_choose_the_source),
    };
    return cmocka_run_group_tests_name("allocator/sbrk threads", tests, NULL, NULL);
}
