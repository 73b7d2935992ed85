/* test_stream.c - what the recorder encodes is what the reader decodes; damage ends a frame. */
#include "tests/unit/test.h"

#include <string.h>

#include "base/random.h"
#include "record/stream.h"
#include "trace/event.h"
#include "tests/unit/record/spool_builder.h"

static struct rh_stream stream_of(const struct rh_frame_ref *frames, size_t count) {
    struct rh_stream stream;
    rh_stream_init(&stream, frames, count);
    return stream;
}

static void decodes_each_kind(void **state) {
    (void)state;
    struct rh_builder *builder = rh_builder_create(0, 0, 100);
    rh_build_extended(builder, RH_SPOOL_EXT_THREAD_START, 0, 100, 0, 3);
    rh_build_malloc(builder, 101, 0x5000, 24);
    rh_build_extended(builder, RH_SPOOL_EXT_ALIGNED, 6, 102, 0x6000, 300);
    rh_build_extended(builder, RH_SPOOL_EXT_FAILED, 5, 103, 0, UINT64_MAX);
    struct rh_realloc_record record = {104, 109, 0x5000, 0x7f0000001238, 70000};
    rh_build_realloc(builder, &record);
    rh_build_free(builder, 110, 0x7f0000001238);
    struct rh_frame_ref frame = rh_builder_frame(builder);
    struct rh_stream stream = stream_of(&frame, 1);
    struct rh_raw_event event;

    assert_true(rh_stream_next(&stream, &event));
    assert_int_equal(event.raw, RH_RAW_THREAD_START);
    assert_int_equal(event.parent, 3);
    assert_true(rh_stream_next(&stream, &event));
    assert_int_equal(event.kind, RH_EVENT_MALLOC);
    assert_int_equal(event.address, 0x5000);
    assert_int_equal(event.size, 24);
    assert_int_equal(event.stamp, 101);
    assert_true(rh_stream_next(&stream, &event));
    assert_int_equal(event.kind, RH_EVENT_ALIGNED);
    assert_int_equal(event.align_log2, 6);
    assert_true(rh_stream_next(&stream, &event));
    assert_int_equal(event.kind, RH_EVENT_FAILED);
    assert_int_equal(event.align_log2, 5);
    assert_true(event.size == UINT64_MAX);
    assert_true(rh_stream_next(&stream, &event));
    assert_int_equal(event.raw, RH_RAW_REALLOC);
    assert_int_equal(event.stamp, 104);
    assert_int_equal(event.acquired_stamp, 109);
    assert_int_equal(event.address, 0x5000);
    assert_int_equal(event.new_address, 0x7f0000001238);
    assert_int_equal(event.size, 70000);
    assert_true(rh_stream_next(&stream, &event));
    assert_int_equal(event.kind, RH_EVENT_FREE);
    assert_int_equal(event.address, 0x7f0000001238);
    assert_false(rh_stream_next(&stream, &event));
    assert_int_equal(stream.torn_count, 0);
    rh_builder_destroy(builder);
}

/* What is said of pages belongs to the next record only, and to no other thread's or frame's. */
static void pages_belong_to_the_next_record(void **state) {
    (void)state;
    struct rh_builder *builder = rh_builder_create(0, 0, 100);
    rh_build_extended(builder, RH_SPOOL_EXT_TOUCHED, 0, 101, 0, 17);
    rh_build_free(builder, 1000000, 0x5000); /* a jump of the time comes between */
    rh_build_free(builder, 1000001, 0x6000);
    rh_build_extended(builder, RH_SPOOL_EXT_RESIDENT, 0, 1000002, 0x7000, 18);
    rh_build_extended(builder, RH_SPOOL_EXT_TOUCHED, 0, 1000003, 0, UINT64_MAX);
    rh_build_free(builder, 1000004, 0x8000);
    struct rh_frame_ref frame = rh_builder_frame(builder);
    struct rh_stream stream = stream_of(&frame, 1);
    struct rh_raw_event event;
    const uint32_t pages[] = {17, RH_NO_TOUCHED, 18, RH_NO_TOUCHED};
    const uint64_t addresses[] = {0x5000, 0x6000, 0x7000, 0x8000};
    for (size_t i = 0; i < 4; i++) {
        assert_true(rh_stream_next(&stream, &event));
        assert_int_equal(event.raw, i == 2 ? RH_RAW_RESIDENT : RH_RAW_RELEASE);
        assert_int_equal(event.address, addresses[i]);
        assert_int_equal(event.touched_pages, pages[i]);
    }
    assert_false(rh_stream_next(&stream, &event));
    rh_builder_destroy(builder);
}

/* Numbers of all magnitudes: addresses near and far, odd ones, long pauses, large sizes. */
static uint64_t any_number(struct rh_random *random, unsigned bits_most) {
    return rh_random_next(random) >> (64 - 1 - rh_random_below(random, bits_most));
}

static void round_trip_of_random_records(void **state) {
    (void)state;
    enum { COUNT = 1500 };
    struct rh_random random;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rh_builder *builder = rh_builder_create(0, 0, 1000);
        uint64_t stamp = 1000;
        rh_random_seed(&random, seed);
        for (int i = 0; i < COUNT; i++) {
            stamp += any_number(&random, 44);
            uint64_t address = any_number(&random, 47) | 1;
            uint64_t size = any_number(&random, 47);
            rh_build_malloc(builder, stamp, address, size);
        }
        struct rh_frame_ref frame = rh_builder_frame(builder);
        struct rh_stream stream = stream_of(&frame, 1);
        struct rh_raw_event event;
        stamp = 1000;
        rh_random_seed(&random, seed);
        for (int i = 0; i < COUNT; i++) {
            assert_true(rh_stream_next(&stream, &event));
            stamp += any_number(&random, 44);
            assert_true(event.stamp == stamp);
            assert_true(event.address == (any_number(&random, 47) | 1));
            assert_true(event.size == any_number(&random, 47));
        }
        assert_false(rh_stream_next(&stream, &event));
        rh_builder_destroy(builder);
    }
}

static void round_trip_of_random_reallocs(void **state) {
    (void)state;
    enum { COUNT = 1500 };
    struct rh_random random;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rh_builder *builder = rh_builder_create(0, 0, 0);
        struct rh_realloc_record records[COUNT];
        uint64_t stamp = 0;
        rh_random_seed(&random, seed);
        for (int i = 0; i < COUNT; i++) {
            records[i].before = stamp += any_number(&random, 30);
            records[i].after = stamp += any_number(&random, 44);
            records[i].old = any_number(&random, 47) | 1;
            records[i].pointer = any_number(&random, 47) | 1;
            records[i].size = any_number(&random, 47);
            rh_build_realloc(builder, &records[i]);
        }
        struct rh_frame_ref frame = rh_builder_frame(builder);
        struct rh_stream stream = stream_of(&frame, 1);
        struct rh_raw_event event;
        for (int i = 0; i < COUNT; i++) {
            assert_true(rh_stream_next(&stream, &event));
            assert_true(event.stamp == records[i].before);
            assert_true(event.acquired_stamp == records[i].after);
            assert_true(event.address == records[i].old);
            assert_true(event.new_address == records[i].pointer);
            assert_true(event.size == records[i].size);
        }
        assert_false(rh_stream_next(&stream, &event));
        rh_builder_destroy(builder);
    }
}

/* A signal handler's calls can come between a stamp and its record. */
static void time_never_goes_back(void **state) {
    (void)state;
    struct rh_builder *builder = rh_builder_create(0, 0, 1000);
    rh_build_malloc(builder, 2000, 0x1000, 1);
    rh_build_free(builder, 1500, 0x1000);
    rh_build_malloc(builder, 2001, 0x1000, 1);
    struct rh_frame_ref frame = rh_builder_frame(builder);
    struct rh_stream stream = stream_of(&frame, 1);
    struct rh_raw_event event;
    assert_true(rh_stream_next(&stream, &event));
    assert_true(rh_stream_next(&stream, &event));
    assert_int_equal(event.stamp, 2000);
    assert_true(rh_stream_next(&stream, &event));
    assert_int_equal(event.stamp, 2001);
    rh_builder_destroy(builder);
}

/* Whatever is cut off or overwritten: the reader stops in time, and says so. */
static void torn_frames_are_counted(void **state) {
    (void)state;
    struct rh_builder *builder = rh_builder_create(0, 0, 0);
    for (uint64_t i = 0; i < 20; i++)
        rh_build_malloc(builder, i << i, 0x10000 + i * 4096, i * 1000); /* and pauses */
    struct rh_frame_ref whole = rh_builder_frame(builder);
    uint8_t *copy = test_malloc(whole.bytes);
    memcpy(copy, whole.records, whole.bytes);
    for (uint32_t bytes = 0; bytes < whole.bytes; bytes++) {
        /* On the heap and exact, so that a sanitizer sees any read beyond it. */
        uint8_t *cut = test_malloc(bytes + 1);
        memcpy(cut, copy, bytes);
        struct rh_frame_ref frame = whole;
        frame.records = cut + 0;
        frame.bytes = bytes;
        struct rh_stream stream = stream_of(&frame, 1);
        struct rh_raw_event event;
        uint64_t events = 0;
        while (rh_stream_next(&stream, &event))
            assert_int_equal(event.size, events++ * 1000);
        assert_true(events < 20);
        assert_true(stream.torn_count <= 1);
        test_free(cut);
    }
    test_free(copy);
    rh_builder_destroy(builder);
}

static void zeros_are_no_records(void **state) {
    (void)state;
    static const uint8_t zeros[4096];
    struct rh_frame_ref frame = {.records = zeros, .bytes = sizeof(zeros)};
    struct rh_stream stream = stream_of(&frame, 1);
    struct rh_raw_event event;
    assert_false(rh_stream_next(&stream, &event));
    assert_int_equal(stream.torn_count, 1);
}

/* A time that no clock of 64 bits can show. */
static void a_pause_without_end_is_damage(void **state) {
    (void)state;
    static const uint8_t records[] = {
        RH_SPOOL_PAUSE | 3 << RH_SPOOL_SIZE_SHIFT, 0,    0,   0,   0,   0,   0,   0,   0x80,
        RH_SPOOL_PAUSE | 3 << RH_SPOOL_SIZE_SHIFT, 0xff, 255, 255, 255, 255, 255, 255, 0,
    };
    struct rh_frame_ref frames[] = {{.records = records, .bytes = 9},
                                    {.records = records + 9, .bytes = 9, .sequence = 1},
                                    {.records = records + 9, .bytes = 9, .sequence = 2}};
    struct rh_stream stream = stream_of(frames, 3);
    struct rh_raw_event event;
    assert_false(rh_stream_next(&stream, &event));
    assert_int_equal(stream.torn_count, 2);
    assert_true(stream.stamp == UINT64_MAX << 8);
}

static void noise_does_no_harm(void **state) {
    (void)state;
    struct rh_random random;
    rh_random_seed(&random, 4);
    for (int round = 0; round < 2000; round++) {
        size_t bytes = 1 + (size_t)rh_random_below(&random, 300);
        uint8_t *noise = test_malloc(bytes);
        for (size_t i = 0; i < bytes; i++)
            noise[i] = (uint8_t)rh_random_next(&random);
        struct rh_frame_ref frame = {.records = noise, .bytes = (uint32_t)bytes};
        struct rh_stream stream = stream_of(&frame, 1);
        struct rh_raw_event event;
        uint64_t last = 0;
        size_t events = 0;
        while (rh_stream_next(&stream, &event)) {
            assert_true(event.stamp >= last);
            last = event.stamp;
            assert_true(++events <= bytes);
        }
        test_free(noise);
    }
}

static void frames_follow_each_other(void **state) {
    (void)state;
    struct rh_builder *first = rh_builder_create(5, 0, 10);
    struct rh_builder *second = rh_builder_create(5, 1, 20);
    struct rh_builder *fourth = rh_builder_create(5, 3, 30);
    rh_build_malloc(first, 11, 0x1000, 1);
    rh_build_free(second, 21, 0x1000);
    rh_build_malloc(fourth, 31, 0x2000, 2);
    struct rh_frame_ref frames[] = {rh_builder_frame(first), rh_builder_frame(second),
                                    rh_builder_frame(fourth)};
    struct rh_stream stream = stream_of(frames, 3);
    struct rh_raw_event event;
    assert_true(rh_stream_next(&stream, &event));
    assert_true(rh_stream_next(&stream, &event));
    assert_int_equal(event.address, 0x1000);
    assert_int_equal(stream.torn_count, 0);
    assert_true(rh_stream_next(&stream, &event));
    assert_int_equal(event.size, 2);
    assert_int_equal(stream.torn_count, 1);
    assert_false(rh_stream_next(&stream, &event));
    rh_builder_destroy(first);
    rh_builder_destroy(second);
    rh_builder_destroy(fourth);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_each_kind),
        cmocka_unit_test(pages_belong_to_the_next_record),
        cmocka_unit_test(round_trip_of_random_records),
        cmocka_unit_test(round_trip_of_random_reallocs),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(torn_frames_are_counted),
        cmocka_unit_test(zeros_are_no_records),
        cmocka_unit_test(a_pause_without_end_is_damage),
        cmocka_unit_test(noise_does_no_harm),
        cmocka_unit_test(frames_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
