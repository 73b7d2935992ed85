/* What is damaged is said to be, and what is sound of it can be saved. */
#include "base/file.h"
#include "base/memory.h"
#include "tests/unit/trace/one_file.h"

static void put_file(const char *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static struct rh_event *small_trace(size_t *ret_count, char **ret_data, size_t *ret_bytes) {
    *ret_count = 120;
    struct rh_event *events = stream_make(77, *ret_count, 3, true);
    char command[] = "some --program";
    struct rh_trace_meta meta = {.command = command, .time_quantum_ns = 10};
    assert_int_equal(write_trace(events, *ret_count, &meta, NULL, NULL), 0);
    assert_int_equal(rh_file_read(path, 1 << 20, NULL, ret_data, ret_bytes), 0);
    return events;
}

/* Everything is under a checksum: each single flip is found. */
static void flipped_bits_are_found(void **state) {
    (void)state;
    size_t count = 0;
    size_t bytes = 0;
    char *data = NULL;
    struct rh_event *events = small_trace(&count, &data, &bytes);
    for (size_t i = 0; i < bytes; i++) {
        char kept = data[i];
        data[i] = (char)(kept ^ (1 << (i % 8)));
        put_file(data, bytes);
        struct rh_error error = {0};
        int result = compare_trace(events, count, &error);
        if (result >= 0)
            fail_msg("the flip in byte %zu was not found (%d)", i, result);
        assert_non_null(strstr(error.message, path));
        assert_int_equal(rh_trace_verify(path, NULL, NULL), result);
        data[i] = kept;
    }
    rh_free(data);
    free(events);
}

static void truncation_is_found(void **state) {
    (void)state;
    size_t count = 0;
    size_t bytes = 0;
    char *data = NULL;
    struct rh_event *events = small_trace(&count, &data, &bytes);
    for (size_t length = 0; length < bytes; length++) {
        put_file(data, length);
        struct rh_error error = {0};
        assert_int_equal(compare_trace(events, count, &error), RH_ERR_FORMAT);
        const char *reason = length == 0 ? "empty" : length < 24 ? "not a trace" : "not finished";
        if (strstr(error.message, reason) == NULL)
            fail_msg("%zu bytes: \"%s\"", length, error.message);
    }
    data = rh_realloc(data, bytes + 1);
    data[bytes] = 'x';
    put_file(data, bytes + 1);
    assert_int_equal(compare_trace(events, count, NULL), RH_ERR_FORMAT);
    rh_free(data);
    free(events);
}

static void check_repaired(size_t events, bool whole, bool metadata_lost) {
    char repaired[128];
    snprintf(repaired, sizeof(repaired), "%s.repaired", path);
    struct rh_error error = {0};
    struct rh_trace_repair repair = {0};
    struct rh_trace_summary summary = {0};
    if (rh_trace_repair(path, repaired, &error, &repair) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(repair.events, events);
    assert_int_equal(repair.whole, whole);
    assert_int_equal(repair.metadata_lost, metadata_lost);
    if (rh_trace_verify(repaired, &error, &summary) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(summary.events, events);
    unlink(repaired);
}

static void what_is_sound_can_be_saved(void **state) {
    (void)state;
    enum { EVENTS = 134000 };
    struct rh_event *events = stream_make(8, EVENTS, 3, true);
    size_t bytes = 0;
    char *data = NULL;
    assert_int_equal(write_trace(events, EVENTS, &timed_meta, NULL, NULL), 0);
    assert_int_equal(rh_file_read(path, 16 << 20, NULL, &data, &bytes), 0);
    check_repaired(EVENTS, true, false);
    /* A trailer that is damaged costs the metadata, an index nothing. */
    data[bytes - 20] ^= 1;
    put_file(data, bytes);
    check_repaired(EVENTS, false, true);
    data[bytes - 20] ^= 1;
    uint64_t index = 0; /* where it lies: the first number of the trailer */
    memcpy(&index, data + bytes - 96, sizeof(index));
    data[index] ^= 1;
    put_file(data, bytes);
    check_repaired(EVENTS, false, false);
    data[index] ^= 1;
    /* The third block: the first two are kept, whether flipped or cut off. */
    uint64_t third = 0;
    memcpy(&third, data + index + 2 * 24, sizeof(third));
    data[third + 100] ^= 1;
    put_file(data, bytes);
    check_repaired(2 * 65536, false, false);
    put_file(data, third + 100);
    check_repaired(2 * 65536, false, true);
    struct rh_error error = {0};
    struct rh_trace_repair repair = {0};
    put_file("nothing", 7);
    assert_int_equal(rh_trace_repair(path, path, &error, &repair), RH_ERR_FORMAT);
    rh_free(data);
    free(events);
}

/* A file of another version is refused by both versions' names, one of another kind as foreign. */
static void foreign_files_are_named(void **state) {
    (void)state;
    struct rh_error error = {0};
    static const char other[] = "GIF89a, and some more bytes to be long enough to be looked at";
    put_file(other, sizeof(other));
    assert_int_equal(compare_trace(NULL, 0, &error), RH_ERR_FORMAT);
    assert_non_null(strstr(error.message, "not a trace"));

    error = (struct rh_error){0};
    /* The header of version 3, with its checksum. */
    static const unsigned char newer[24] = {0x89, 'R',  'H',  'T',  '\r', '\n', 0x1a, '\n',
                                            3,    0,    0,    0,    0,    0,    0,    0,
                                            0x41, 0x8e, 0x2e, 0x57, 0x7a, 0xd8, 0x83, 0xdb};
    put_file((const char *)newer, sizeof(newer));
    assert_int_equal(compare_trace(NULL, 0, &error), RH_ERR_VERSION);
    assert_non_null(strstr(error.message, "version 3"));
    assert_non_null(strstr(error.message, "versions 1 to 2"));

    error = (struct rh_error){0};
    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(directory, &error, &reader), RH_ERR_INVALID);
    error = (struct rh_error){0};
    assert_int_equal(rh_trace_reader_open("/nonexistent.rht", &error, &reader), RH_ERR_SYSTEM);
    assert_non_null(strstr(error.message, "/nonexistent.rht"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flipped_bits_are_found),
        cmocka_unit_test(truncation_is_found),
        cmocka_unit_test(what_is_sound_can_be_saved),
        cmocka_unit_test(foreign_files_are_named),
    };
    return cmocka_run_group_tests_name("trace/damage", tests, make_directory, remove_directory);
}
