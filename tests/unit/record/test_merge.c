/* test_merge.c - order across threads: reuse of addresses, events that must wait, what is missing.
 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "record/merge.h"
#include "tests/unit/record/spool_builder.h"

enum { THREADS_MOST = 8, EVENTS_MOST = 256 };

/* Collects what comes out as one line an event. */
struct output {
    struct rh_event events[EVENTS_MOST];
    size_t count;
};

static int collect(void *context, const struct rh_event *events, size_t count,
                   struct rh_error *error) {
    (void)error;
    struct output *output = context;
    assert_true(output->count + count <= EVENTS_MOST);
    memcpy(output->events + output->count, events, count * sizeof(*events));
    output->count += count;
    return 0;
}

/* A stamp is 160 ns here, so that 20 us of slack are 126 stamps. */
enum { NS_PER_TICK = 10 };

static struct rh_merge_counts merge(struct rh_builder *const *builders, size_t count,
                                    struct output *output) {
    struct rh_frame_ref frames[THREADS_MOST];
    struct rh_image image = {.frames = frames, .frames_count = count};
    for (size_t i = 0; i < count; i++)
        frames[i] = rh_builder_frame(builders[i]);
    struct rh_addresses addresses = {0};
    struct rh_merge_counts counts = {0};
    struct rh_error error = {0};
    output->count = 0;
    struct rh_merge_options options = {.ns_per_tick = NS_PER_TICK,
                                       .time_quantum_ns = 10,
                                       .sink = {.add = collect, .context = output}};
    assert_int_equal(rh_merge(&image, &options, &addresses, 0, &error, &counts), 0);
    rh_addresses_finish(&addresses);
    assert_int_equal(counts.events, output->count);
    return counts;
}

static struct rh_builder *thread(uint32_t number, uint32_t parent) {
    struct rh_builder *builder = rh_builder_create(number, 0, 1000);
    rh_build_extended(builder, RH_SPOOL_EXT_THREAD_START, 0, 1000, 0, parent);
    return builder;
}

static void destroy(struct rh_builder *const *builders, size_t count) {
    for (size_t i = 0; i < count; i++)
        rh_builder_destroy(builders[i]);
}

/* "kind thread acquired released" of an event, -1 for none. */
static void assert_event(const struct rh_event *event, unsigned kind, uint32_t thread_number,
                         int64_t acquired, int64_t released) {
    assert_int_equal(event->kind, kind);
    assert_int_equal(event->thread, thread_number);
    assert_true(event->acquired == (uint64_t)acquired);
    assert_true(event->released == (uint64_t)released);
}

static void an_address_goes_from_thread_to_thread(void **state) {
    (void)state;
    struct rh_builder *threads[] = {thread(0, RH_SPOOL_NO_THREAD), thread(1, 0)};
    struct output output;
    rh_build_malloc(threads[0], 1010, 0x1000, 8);
    rh_build_free(threads[1], 1020, 0x1000);
    rh_build_malloc(threads[0], 1030, 0x1000, 16);
    rh_build_free(threads[1], 1040, 0x1000);
    struct rh_merge_counts counts = merge(threads, 2, &output);
    assert_int_equal(output.count, 6);
    assert_event(&output.events[0], RH_EVENT_THREAD_START, 0, -1, -1);
    assert_event(&output.events[1], RH_EVENT_THREAD_START, 1, -1, -1);
    assert_int_equal(output.events[1].parent, 0);
    assert_event(&output.events[2], RH_EVENT_MALLOC, 0, 0, -1);
    assert_event(&output.events[3], RH_EVENT_FREE, 1, -1, 0);
    assert_event(&output.events[4], RH_EVENT_MALLOC, 0, 1, -1);
    assert_event(&output.events[5], RH_EVENT_FREE, 1, -1, 1);
    assert_int_equal(counts.unknown_frees + counts.missed_releases, 0);
    destroy(threads, 2);
}

/* While thread 0 moves its block away, thread 1 gets the old address: the realloc's release counts
 * before, its acquisition after. */
static void a_realloc_gives_its_address_up_at_its_start(void **state) {
    (void)state;
    struct rh_builder *threads[] = {thread(0, RH_SPOOL_NO_THREAD), thread(1, 0)};
    struct output output;
    struct rh_realloc_record record = {1020, 1060, 0x1000, 0x2000, 100};
    rh_build_malloc(threads[0], 1010, 0x1000, 8);
    rh_build_realloc(threads[0], &record);
    rh_build_malloc(threads[1], 1040, 0x1000, 16);
    rh_build_free(threads[1], 1070, 0x1000);
    rh_build_free(threads[0], 1080, 0x2000);
    struct rh_merge_counts counts = merge(threads, 2, &output);
    assert_int_equal(output.count, 7);
    assert_event(&output.events[2], RH_EVENT_MALLOC, 0, 0, -1);
    assert_event(&output.events[3], RH_EVENT_MALLOC, 1, 1, -1);
    assert_event(&output.events[4], RH_EVENT_REALLOC, 0, 2, 0);
    assert_int_equal(output.events[4].size, 100);
    assert_event(&output.events[5], RH_EVENT_FREE, 1, -1, 1);
    assert_event(&output.events[6], RH_EVENT_FREE, 0, -1, 2);
    assert_int_equal(counts.unknown_frees + counts.missed_releases, 0);
    destroy(threads, 2);
}

/* Stamps that are a little wrong: the acquisition waits for the release, the release for the
 * acquisition. */
static void events_wait_for_what_they_need(void **state) {
    (void)state;
    struct rh_builder *threads[] = {thread(0, RH_SPOOL_NO_THREAD), thread(1, 0)};
    struct output output;
    rh_build_malloc(threads[0], 1010, 0x1000, 8);
    rh_build_malloc(threads[1], 1049, 0x1000, 16); /* before the free that made it possible */
    rh_build_free(threads[0], 1050, 0x1000);
    rh_build_free(threads[0], 1099, 0x2000); /* before the malloc that made it */
    rh_build_malloc(threads[1], 1100, 0x2000, 24);
    rh_build_free(threads[1], 1110, 0x1000);
    struct rh_merge_counts counts = merge(threads, 2, &output);
    assert_int_equal(output.count, 8);
    assert_event(&output.events[3], RH_EVENT_FREE, 0, -1, 0);
    assert_event(&output.events[4], RH_EVENT_MALLOC, 1, 1, -1);
    assert_event(&output.events[5], RH_EVENT_MALLOC, 1, 2, -1);
    assert_event(&output.events[6], RH_EVENT_FREE, 0, -1, 2);
    assert_event(&output.events[7], RH_EVENT_FREE, 1, -1, 1);
    for (size_t i = 1; i < output.count; i++)
        assert_true(output.events[i].time_ns >= output.events[i - 1].time_ns);
    assert_int_equal(counts.unknown_frees + counts.missed_releases, 0);
    destroy(threads, 2);
}

static void what_never_fits_is_counted(void **state) {
    (void)state;
    struct rh_builder *threads[] = {thread(0, RH_SPOOL_NO_THREAD), thread(1, 0)};
    struct output output;
    struct rh_realloc_record unknown = {1020, 1021, 0x9000, 0x9100, 50};
    rh_build_free(threads[0], 1010, 0x1000);
    rh_build_realloc(threads[0], &unknown);
    rh_build_extended(threads[0], RH_SPOOL_EXT_USABLE, 0, 1030, 0x7000, 0);
    rh_build_malloc(threads[1], 1040, 0x2000, 8);
    rh_build_malloc(threads[1], 2040, 0x2000, 16);
    struct rh_merge_counts counts = merge(threads, 2, &output);
    assert_int_equal(counts.unknown_frees, 2);
    assert_int_equal(counts.unknown_usables, 1);
    assert_int_equal(counts.missed_releases, 1);
    assert_int_equal(output.count, 6);
    assert_event(&output.events[3], RH_EVENT_MALLOC, 0, 1, -1); /* of the realloc, which waited */
    assert_int_equal(output.events[3].size, 50);
    assert_event(&output.events[4], RH_EVENT_FREE, 1, -1, 0);
    assert_event(&output.events[5], RH_EVENT_MALLOC, 1, 2, -1);
    destroy(threads, 2);
}

/* Calls behind the end that the thread itself announced still belong to it. */
static void a_thread_ends_after_its_last_call(void **state) {
    (void)state;
    struct rh_builder *threads[] = {thread(0, RH_SPOOL_NO_THREAD), thread(1, 0)};
    struct output output;
    rh_build_malloc(threads[1], 1010, 0x1000, 8);
    rh_build_extended(threads[1], RH_SPOOL_EXT_THREAD_END, 0, 1020, 0x1000, 0);
    rh_build_free(threads[1], 1030, 0x1000);
    rh_build_malloc(threads[0], 1040, 0x1000, 8);
    merge(threads, 2, &output);
    assert_int_equal(output.count, 6);
    assert_event(&output.events[3], RH_EVENT_FREE, 1, -1, 0);
    assert_event(&output.events[4], RH_EVENT_THREAD_END, 1, -1, -1);
    assert_event(&output.events[5], RH_EVENT_MALLOC, 0, 1, -1);
    destroy(threads, 2);
}

static void recording_that_stopped_is_cut_there(void **state) {
    (void)state;
    struct rh_builder *only = thread(0, RH_SPOOL_NO_THREAD);
    rh_build_malloc(only, 1010, 0x1000, 8);
    rh_build_malloc(only, 1020, 0x2000, 8);
    rh_build_malloc(only, 1021, 0x3000, 8);
    struct rh_frame_ref frame = rh_builder_frame(only);
    struct rh_image image = {.frames = &frame, .frames_count = 1};
    atomic_store(&image.header.state, RH_SPOOL_STOPPED);
    atomic_store(&image.header.stop_stamp, 1020);
    struct output output = {.count = 0};
    struct rh_addresses addresses = {0};
    struct rh_merge_counts counts = {0};
    struct rh_merge_options options = {.ns_per_tick = NS_PER_TICK,
                                       .time_quantum_ns = 10,
                                       .sink = {.add = collect, .context = &output}};
    assert_int_equal(rh_merge(&image, &options, &addresses, 0, NULL, &counts), 0);
    assert_int_equal(output.count, 3);
    assert_int_equal(counts.cut_count, 1);
    assert_int_equal(addresses.count, 2);
    rh_addresses_finish(&addresses);
    rh_builder_destroy(only);
}

/* Pages go with the release, the old block's of a realloc too; never more than the block has, and
 * none for one that is not large. */
static void touched_pages_go_with_the_block(void **state) {
    (void)state;
    struct rh_builder *threads[] = {thread(0, RH_SPOOL_NO_THREAD)};
    struct output output;
    struct rh_realloc_record moved = {1040, 1050, 0x100000, 0x200000, 300000};
    rh_build_malloc(threads[0], 1010, 0x100000, 100000);
    rh_build_malloc(threads[0], 1020, 0x5000, 100);
    rh_build_extended(threads[0], RH_SPOOL_EXT_TOUCHED, 0, 1030, 0, 7);
    rh_build_realloc(threads[0], &moved);
    rh_build_extended(threads[0], RH_SPOOL_EXT_TOUCHED, 0, 1060, 0, 1);
    rh_build_free(threads[0], 1060, 0x5000);
    rh_build_extended(threads[0], RH_SPOOL_EXT_RESIDENT, 0, 1070, 0x200000, 1000);
    rh_build_extended(threads[0], RH_SPOOL_EXT_RESIDENT, 0, 1070, 0x300000, 9);
    struct rh_merge_counts counts = merge(threads, 1, &output);
    assert_int_equal(output.count, 6);
    assert_event(&output.events[3], RH_EVENT_REALLOC, 0, 2, 0);
    assert_int_equal(output.events[3].touched_pages, 7);
    assert_event(&output.events[4], RH_EVENT_FREE, 0, -1, 1);
    assert_int_equal(output.events[4].touched_pages, RH_NO_TOUCHED);
    assert_event(&output.events[5], RH_EVENT_RESIDENT, 0, -1, 2);
    assert_int_equal(output.events[5].touched_pages, (300000 + 4095) / 4096);
    assert_int_equal(counts.unknown_frees + counts.unknown_usables, 0);
    destroy(threads, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_goes_from_thread_to_thread),
        cmocka_unit_test(a_realloc_gives_its_address_up_at_its_start),
        cmocka_unit_test(events_wait_for_what_they_need),
        cmocka_unit_test(what_never_fits_is_counted),
        cmocka_unit_test(a_thread_ends_after_its_last_call),
        cmocka_unit_test(recording_that_stopped_is_cut_there),
        cmocka_unit_test(touched_pages_go_with_the_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
