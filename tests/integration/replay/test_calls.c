/* System calls are counted, all of them and no other. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "tests/integration/replay/fixture.h"
#include "tests/unit/test.h"

enum { BLOCKS = 50, BLOCK_BYTES = 1 << 20 };

/* Some containers let nobody ask the kernel for this. */
static void replay_or_skip(const struct rh_job *job) {
    struct rh_error error = {0};
    assert_int_equal(rh_replay(job, NULL, &error, &sample), 0);
    if (strncmp(sample.reason, "system calls cannot be counted here", 35) == 0) {
        print_message("# %s\n", sample.reason);
        skip();
    }
    assert_string_equal(sample.reason, "");
    assert_int_equal(sample.end, RH_SAMPLE_MEASURED);
}

/* Allocates the blocks, makes each twice as large, and frees all but the last. */
static char *compile_large_blocks(const char *path) {
    static struct rh_event events[1 + 3 * BLOCKS];
    size_t count = 0;
    events[count++] = fixture_event(0, RH_EVENT_THREAD_START);
    for (uint64_t i = 0; i < BLOCKS; i++) {
        events[count] = fixture_event(0, RH_EVENT_MALLOC);
        events[count].size = BLOCK_BYTES;
        events[count++].acquired = i;
    }
    for (uint64_t i = 0; i < BLOCKS; i++) {
        events[count] = fixture_event(0, RH_EVENT_REALLOC);
        events[count].size = 2 * BLOCK_BYTES;
        events[count].released = i;
        events[count++].acquired = BLOCKS + i;
    }
    for (uint64_t i = 0; i < BLOCKS - 1; i++) {
        events[count] = fixture_event(0, RH_EVENT_FREE);
        events[count++].released = BLOCKS + i;
    }
    fixture_write(path, events, count);
    return fixture_compile(path);
}

/* glibc maps each block above its threshold by itself. */
static void every_call_is_counted(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof(path), "%s/large.rht", fixture_directory);
    char *tape = compile_large_blocks(path);
    const char *const environment[] = {"MALLOC_MMAP_THRESHOLD_=65536", NULL};
    struct rh_job job = {.tape = tape,
                         .allocator = "glibc",
                         .environment = environment,
                         .pass = RH_PASS_SYSCALLS,
                         .touch = RH_TOUCH_FIRST};
    unlink(path);
    replay_or_skip(&job);
    unlink(tape);
    rh_free(tape);
    if (!VILLAIN_WORKS)
        return; /* a sanitizer's malloc */
    assert_int_equal(sample.mmap_calls, BLOCKS);
    assert_int_equal(sample.mremap_calls, BLOCKS);
    assert_int_equal(sample.munmap_calls, BLOCKS - 1);
    assert_int_equal(sample.madvise_calls, 0);
    assert_int_equal(sample.mprotect_calls, 0);
}

/* The null allocator calls nothing; only what starts threads does. */
static void the_harness_is_not_counted(void **state) {
    (void)state;
    struct rh_job job = {.tape = fixture_single, .allocator = "null", .pass = RH_PASS_SYSCALLS};
    replay_or_skip(&job);
    if (VILLAIN_WORKS) {
#define X(name) assert_int_equal(sample.name##_calls, 0);
        RH_SYSTEM_CALL_MAP(X)
#undef X
    }
    job.tape = fixture_threaded;
    replay_or_skip(&job);
}

static void other_passes_count_none(void **state) {
    (void)state;
    struct rh_job job = {.tape = fixture_single, .allocator = "glibc"};
    fixture_replay(&job);
#define X(name) assert_true(sample.name##_calls == UINT64_MAX);
    RH_SYSTEM_CALL_MAP(X)
#undef X
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_is_counted),
        cmocka_unit_test(the_harness_is_not_counted),
        cmocka_unit_test(other_passes_count_none),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
