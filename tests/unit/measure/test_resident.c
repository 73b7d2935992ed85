/* What is resident: parsed as the kernel writes it, and counted to the page. */
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure/resident.h"
#include "tests/unit/test.h"

static const char rollup[] = "564c34d18000-7fff321db000 ---p 00000000 00:00 0   [rollup]\n"
                             "Rss:                1696 kB\n"
                             "Pss_Anon:            112 kB\n"
                             "Anonymous:           116 kB\n"
                             "LazyFree:              8 kB\n"
                             "AnonHugePages:         0 kB\n";

static void lines_are_found_by_their_whole_name(void **state) {
    (void)state;
    uint64_t bytes = 0;
    assert_int_equal(rh_resident_parse(rollup, "Anonymous", NULL, &bytes), 0);
    assert_int_equal(bytes, 116 * 1024);
    assert_int_equal(rh_resident_parse(rollup, "Rss", NULL, &bytes), 0);
    assert_int_equal(bytes, 1696 * 1024);
    assert_int_equal(rh_resident_parse(rollup, "AnonHugePages", NULL, &bytes), 0);
    assert_int_equal(bytes, 0);
}

static void what_is_not_there_is_an_error(void **state) {
    (void)state;
    uint64_t bytes = 7;
    struct rh_error error = {0};
    assert_int_equal(rh_resident_parse(rollup, "Anon", &error, &bytes), RH_ERR_MISSING);
    assert_int_equal(rh_resident_parse("", "Rss", NULL, &bytes), RH_ERR_MISSING);
    assert_int_equal(rh_resident_parse("Rss:  kB\n", "Rss", NULL, &bytes), RH_ERR_FORMAT);
    assert_int_equal(rh_resident_parse("Rss: 12 MB\n", "Rss", NULL, &bytes), RH_ERR_FORMAT);
    assert_int_equal(rh_resident_parse("Rss: 99999999999999999999999 kB\n", "Rss", NULL, &bytes),
                     RH_ERR_FORMAT);
    assert_int_equal(bytes, 7);
}

/* Mapped by hand, so that no allocator adds to it. */
static char *map(size_t bytes, int flags) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

/* To the page, but for what a sanitizer needs for itself meanwhile. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { SLACK_BYTES = 64 * 4096 };
#else
enum { SLACK_BYTES = 0 };
#endif

/* By hand: a sanitizer would touch pages of its own for each of these. */
__attribute__((noinline, no_sanitize("thread", "address"))) static void touch(char *memory,
                                                                              size_t bytes) {
    for (size_t at = 0; at < bytes; at += 4096)
        *(volatile char *)(memory + at) = 1;
}

static void anonymous_pages_are_counted_exactly(void **state) {
    (void)state;
    enum { PAGES = 1000, GIVEN_UP = 300 };
    cpu_set_t here; /* the batches are drained where they are filled */
    CPU_ZERO(&here);
    CPU_SET((size_t)sched_getcpu(), &here);
    assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
    struct rh_resident resident;
    struct rh_resident_sample before, touched, lazy;
    struct rh_error error = {0};
    assert_int_equal(rh_resident_init(&resident, &error), 0);
    char *memory = map(PAGES * 4096, MAP_PRIVATE);
    char *shared = map(PAGES * 4096, MAP_SHARED);
    madvise(memory, PAGES * 4096, MADV_NOHUGEPAGE);
    assert_int_equal(rh_resident_read(&resident, &error, &before), 0);
    assert_int_equal(rh_resident_read(&resident, &error, &before), 0); /* its own stack is there */
    touch(memory, PAGES * 4096);
    touch(shared, PAGES * 4096);
    assert_int_equal(rh_resident_read(&resident, &error, &touched), 0);
    assert_in_range(touched.anonymous_bytes - before.anonymous_bytes, PAGES * 4096,
                    PAGES * 4096 + SLACK_BYTES);
    assert_in_range(touched.total_bytes - before.total_bytes, 2 * PAGES * 4096,
                    2 * PAGES * 4096 + 64 * 4096);
    assert_int_equal(madvise(memory, GIVEN_UP * 4096, MADV_FREE), 0);
    assert_int_equal(rh_resident_read(&resident, &error, &lazy), 0);
    assert_int_equal(lazy.lazy_free_bytes - before.lazy_free_bytes, GIVEN_UP * 4096);
    munmap(memory, PAGES * 4096);
    munmap(shared, PAGES * 4096);
    rh_resident_finish(&resident);
}

static void the_high_water_mark_can_be_reset(void **state) {
    (void)state;
    enum { BYTES = 64 << 20 };
    struct rh_resident resident;
    struct rh_error error = {0};
    uint64_t high = 0, low = 0;
    assert_int_equal(rh_resident_init(&resident, &error), 0);
    char *memory = map(BYTES, MAP_PRIVATE);
    touch(memory, BYTES);
    assert_int_equal(rh_resident_high_water(&resident, &error, &high), 0);
    munmap(memory, BYTES);
    assert_int_equal(rh_resident_reset_high_water(&error), 0);
    assert_int_equal(rh_resident_high_water(&resident, &error, &low), 0);
    assert_true(high >= BYTES);
    assert_true(low + BYTES / 2 < high);
    rh_resident_finish(&resident);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_found_by_their_whole_name),
        cmocka_unit_test(what_is_not_there_is_an_error),
        cmocka_unit_test(anonymous_pages_are_counted_exactly),
        cmocka_unit_test(the_high_water_mark_can_be_reset),
    };
    return cmocka_run_group_tests_name("measure/resident", tests, NULL, NULL);
}
