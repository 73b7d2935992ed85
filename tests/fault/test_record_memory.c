/* test_record_memory.c - no memory while spools become traces: a sentence, and what was not written
 * yet can be written later. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "record/record.h"
#include "tests/unit/record/spool_builder.h"
#include "tests/unit/test.h"

enum { PARENT = 4000001, CHILD, FORK_STAMP = 1500, BLOCKS = 40 };

static char directory[64];
static char spool[80];

static void name_file(char path[128], const char *folder, const char *before, unsigned pid,
                      const char *after) {
    snprintf(path, 128, "%s/%s%u%s", folder, before, pid, after);
}

static void write_at(int fd, const void *data, size_t bytes, off_t offset) {
    assert_int_equal(pwrite(fd, data, bytes, offset), bytes);
}

/* A process with one thread, whose slot holds the builder's frame. */
static void write_image(unsigned pid, uint64_t parent_nonce, const struct rh_builder *builder) {
    char path[128];
    name_file(path, spool, "", pid, "-0.live");
    struct rh_spool_header header = {.magic = RH_SPOOL_MAGIC,
                                     .version = RH_SPOOL_VERSION,
                                     .clock = RH_SPOOL_CLOCK_MONOTONIC,
                                     .nonce = pid,
                                     .pid = pid,
                                     .parent_nonce = parent_nonce,
                                     .fork_stamp = parent_nonce != 0 ? FORK_STAMP : 0,
                                     .start_ns = pid,
                                     .state = RH_SPOOL_RECORDING,
                                     .slots_count = 1,
                                     .name = "program"};
    struct rh_spool_frame frame = {.nonce = pid,
                                   .progress = builder->bytes,
                                   .base_stamp = builder->base_stamp,
                                   .thread_name = "main"};
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    write_at(fd, &header, sizeof(header), 0);
    write_at(fd, &frame, sizeof(frame), RH_SPOOL_HEADER_BYTES);
    write_at(fd, builder->records, builder->bytes, RH_SPOOL_HEADER_BYTES + sizeof(frame));
    close(fd);
}

/* The child frees what its parent had when it forked. */
static void write_spool(void) {
    struct rh_builder *parent = rh_builder_create(0, 0, 1000);
    struct rh_builder *child = rh_builder_create(0, 0, 1600);
    for (unsigned i = 0; i < BLOCKS; i++) {
        rh_build_malloc(parent, 1000 + i, 0x1000 + 64 * i, 24);
        rh_build_free(child, 1600 + i, 0x1000 + 64 * i);
    }
    assert_int_equal(mkdir(spool, 0700), 0);
    write_image(PARENT, 0, parent);
    write_image(CHILD, PARENT, child);
    rh_builder_destroy(parent);
    rh_builder_destroy(child);
}

static int finish(struct rh_error *error) {
    char output[80];
    snprintf(output, sizeof(output), "%s/", directory);
    /* No library: what recording costs is not asked. */
    const struct rh_record_options options = {.output = output, .library = "/none"};
    struct rh_record_outcome outcome = {0};
    int result = rh_record_finish(&options, spool, error, &outcome);
    rh_record_outcome_finish(&outcome);
    return result;
}

static void check_trace(unsigned pid, uint64_t prologue_and_own) {
    char path[128];
    struct rh_trace_summary summary;
    name_file(path, directory, "program.", pid, ".rht");
    assert_int_equal(rh_trace_verify(path, NULL, &summary), 0);
    assert_int_equal(summary.events, prologue_and_own);
    assert_int_equal(unlink(path), 0);
}

static void what_found_no_memory_can_be_finished_later(void **state) {
    (void)state;
    int result = -1;
    uint64_t nth = 1;
    for (; result < 0; nth++) {
        struct rh_error error = {0};
        write_spool();
        rh_memory_fail_at(nth);
        result = finish(&error);
        rh_memory_fail_at(0);
        if (result < 0) {
            assert_int_equal(error.code, result);
            assert_string_not_equal(error.message, "");
            assert_int_equal(finish(NULL), 0);
        }
        check_trace(PARENT, 1 + BLOCKS);
        check_trace(CHILD, 1 + BLOCKS + BLOCKS);
        assert_int_equal(access(spool, F_OK), -1);
    }
    assert_true(nth > 20);
}

static int set_up(void **state) {
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/rh-record-memory-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(spool, sizeof(spool), "%s/spool", directory);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    return rmdir(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_found_no_memory_can_be_finished_later),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
