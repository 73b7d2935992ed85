/* A tape that is damaged is refused, and checking it never reads outside. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "tests/unit/compile/fixture.h"
#include "tests/unit/compile/synthetic.h"
#include "tests/unit/test.h"

static struct rh_file_map original;

static int set_up(void **state) {
    (void)state;
    struct synthetic wanted = {.seed = 12,
                               .events = 6000,
                               .threads = 9,
                               .threads_live = 4,
                               .live_objects = 200,
                               .cross_percent = 50,
                               .prologue = 500,
                               .orphans = true};
    struct synthetic_trace trace;
    struct fixture fixture;
    synthetic_make(&wanted, &trace);
    if (fixture_compile(trace.events, trace.count, trace.peak_event, 10, NULL, &fixture) != 0)
        return -1;
    uint8_t *copy = rh_alloc(fixture.tape.map.bytes);
    if (copy == NULL)
        return -1;
    memcpy(copy, fixture.tape.map.data, fixture.tape.map.bytes);
    original = (struct rh_file_map){.data = copy, .bytes = fixture.tape.map.bytes};
    fixture_close(&fixture);
    rh_free(trace.events);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    rh_free((void *)(uintptr_t)original.data);
    return 0;
}

/* Opens and checks bytes as a file. */
static int check_bytes(const uint8_t *bytes, size_t count, bool hash, struct rh_error *error) {
    char path[64];
    struct rh_tape tape = {0};
    int fd = memfd_create("tape", MFD_CLOEXEC);
    assert_int_equal(rh_write_all(fd, bytes, count, NULL), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int result = rh_tape_open(path, false, error, &tape);
    if (result == 0 && hash)
        result = rh_tape_check_hash(&tape, error);
    if (result == 0)
        result = rh_tape_check(&tape, error);
    rh_tape_close(&tape);
    close(fd);
    return result;
}

static void a_whole_tape_is_well(void **state) {
    (void)state;
    struct rh_error error = {0};
    assert_int_equal(check_bytes(original.data, original.bytes, true, &error), 0);
}

static void every_length_but_the_right_one_is_refused(void **state) {
    (void)state;
    for (size_t bytes = 0; bytes < original.bytes; bytes += 1 + bytes / 3) {
        struct rh_error error = {0};
        assert_true(check_bytes(original.data, bytes, false, &error) < 0);
        assert_true(error.message[0] != '\0');
    }
}

static void every_flipped_bit_is_found_by_a_checksum(void **state) {
    (void)state;
    struct rh_random random;
    rh_random_seed(&random, 1);
    uint8_t *bytes = rh_alloc(original.bytes);
    assert_non_null(bytes);
    memcpy(bytes, original.data, original.bytes);
    for (int i = 0; i < 300; i++) {
        uint64_t bit = rh_random_below(&random, original.bytes * 8);
        if (bit / 8 >= sizeof(struct rh_tape_header) && bit / 8 < RH_TAPE_HEADER_BYTES)
            continue; /* padding of the header page */
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        struct rh_error error = {0};
        int result = check_bytes(bytes, original.bytes, true, &error);
        if (result == 0)
            print_error("bit %llu\n", (unsigned long long)bit);
        assert_true(result < 0);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    rh_free(bytes);
}

static void write_u64(uint8_t *at, uint64_t value) {
    memcpy(at, &value, sizeof(value));
}

/* With checksums put right again, the check of ops and tables stands alone: whatever it lets pass
 * lies within bounds (the address sanitizer watches), and much it must refuse. */
static void damage_under_right_checksums_stays_in_bounds(void **state) {
    (void)state;
    struct rh_random random;
    rh_random_seed(&random, 2);
    uint8_t *bytes = rh_alloc(original.bytes);
    assert_non_null(bytes);
    int refused = 0;
    for (int i = 0; i < 3000; i++) {
        memcpy(bytes, original.data, original.bytes);
        struct rh_tape_header header;
        for (uint64_t n = 1 + rh_random_below(&random, 3); n > 0; n--) {
            bool in_header = rh_random_below(&random, 3) == 0;
            uint64_t words = in_header ? sizeof(header) / 8 : original.bytes / 8;
            uint64_t word = rh_random_below(&random, words);
            uint64_t value = rh_random_next(&random) >> rh_random_below(&random, 64);
            write_u64(bytes + word * 8, value);
        }
        memcpy(&header, bytes, sizeof(header));
        header.header_hash = rh_tape_header_hash(&header);
        memcpy(bytes, &header, sizeof(header));
        struct rh_error error = {0};
        refused += check_bytes(bytes, original.bytes, false, &error) < 0;
    }
    assert_in_range(refused, 1000, 3000);
    rh_free(bytes);
}

static void op_names_are_there(void **state) {
    (void)state;
    assert_string_equal(rh_tape_op_name(RH_TAPE_MALLOC), "malloc");
    assert_string_equal(rh_tape_op_name(0), "unknown");
    assert_string_equal(rh_tape_op_name(77), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_tape_is_well),
        cmocka_unit_test(every_length_but_the_right_one_is_refused),
        cmocka_unit_test(every_flipped_bit_is_found_by_a_checksum),
        cmocka_unit_test(damage_under_right_checksums_stays_in_bounds),
        cmocka_unit_test(op_names_are_there),
    };
    return cmocka_run_group_tests_name("compile/tape", tests, set_up, tear_down);
}
