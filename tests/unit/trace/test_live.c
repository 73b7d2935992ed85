/* The table of live objects against a plain array. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "tests/unit/test.h"
#include "trace/live.h"

enum { IDS = 60000 };

struct seen {
    unsigned char *alive;
    size_t count;
    uint64_t sum;
};

static int see(uint64_t id, void *entry, void *context) {
    struct seen *seen = context;
    assert_true(id < IDS && seen->alive[id]);
    assert_int_equal(*(uint64_t *)entry, id * 3 + 1);
    seen->count++;
    seen->sum += id;
    return 0;
}

static void against_an_array(void **state) {
    (void)state;
    struct rh_random random;
    rh_random_seed(&random, 9);
    struct rh_live live;
    rh_live_init(&live, sizeof(uint64_t));
    unsigned char *alive = calloc(IDS, 1);
    size_t count = 0;
    for (uint64_t id = 0; id < IDS; id++) {
        void *entry = NULL;
        assert_int_equal(rh_live_add(&live, id, NULL, &entry), 0);
        *(uint64_t *)entry = id * 3 + 1;
        alive[id] = 1;
        count++;
        /* Most die; of every 64th thousand all live on. */
        for (int tries = 0; tries < 3; tries++) {
            uint64_t victim = rh_random_below(&random, id + 1);
            void *found = rh_live_find(&live, victim);
            assert_int_equal(found != NULL, alive[victim]);
            if (!alive[victim] || victim / 1000 % 8 == 0)
                continue;
            assert_int_equal(*(uint64_t *)found, victim * 3 + 1);
            assert_int_equal(rh_live_remove(&live, victim, NULL), 0);
            alive[victim] = 0;
            count--;
        }
        assert_int_equal(live.count, count);
    }
    assert_null(rh_live_find(&live, IDS + 5000000));
    struct seen seen = {.alive = alive};
    assert_int_equal(rh_live_visit(&live, see, &seen), 0);
    assert_int_equal(seen.count, count);
    for (uint64_t id = 0; id < IDS; id++)
        if (alive[id])
            assert_int_equal(rh_live_remove(&live, id, NULL), 0);
    assert_int_equal(live.count, 0);
    rh_live_finish(&live);
    free(alive);
}

/* One survivor in each page must not keep the pages. */
static void survivors_do_not_hold_pages(void **state) {
    (void)state;
    struct rh_live live;
    rh_live_init(&live, 16);
    void *entry = NULL;
    for (uint64_t id = 0; id < 400000; id++) {
        assert_int_equal(rh_live_add(&live, id, NULL, &entry), 0);
        if (id % 1024 != 5)
            assert_int_equal(rh_live_remove(&live, id, NULL), 0);
    }
    size_t pages = 0;
    for (size_t i = 0; i < live.pages_capacity; i++)
        pages += live.pages[i] != NULL;
    assert_true(pages <= 2);
    assert_int_equal(live.count, (400000 + 1018) / 1024);
    for (uint64_t id = 5; id < 400000; id += 1024)
        assert_non_null(rh_live_find(&live, id));
    rh_live_finish(&live);
}

static void memory_can_fail(void **state) {
    (void)state;
    for (uint64_t nth = 1; nth < 40; nth++) {
        struct rh_live live;
        rh_live_init(&live, 24);
        rh_memory_fail_at(nth);
        int result = 0;
        void *entry = NULL;
        for (uint64_t id = 0; id < 20000 && result == 0; id++) {
            result = rh_live_add(&live, id, NULL, &entry);
            if (result == 0 && id % 100 != 0)
                result = rh_live_remove(&live, id, NULL);
        }
        rh_memory_fail_at(0);
        assert_true(result == 0 || result == RH_ERR_MEMORY);
        rh_live_finish(&live);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_an_array),
        cmocka_unit_test(survivors_do_not_hold_pages),
        cmocka_unit_test(memory_can_fail),
    };
    return cmocka_run_group_tests_name("trace/live", tests, NULL, NULL);
}
