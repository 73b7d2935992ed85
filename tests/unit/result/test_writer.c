/* What is written is read again; a result is never overwritten; a kill costs at most one line. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/unit/result/fake.h"
#include "tests/unit/test.h"

static char directory[128];

static int make_directory(void **state) {
    (void)state;
    fake_directory(directory, sizeof(directory));
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    fake_remove(directory);
    return 0;
}

/* A sample with a different number in each member. */
static struct rh_result_sample *make_sample(uint64_t index) {
    struct rh_result_sample *s = rh_alloc_zeroed(1, sizeof(*s));
    assert_non_null(s);
    *s = (struct rh_result_sample){
        .index = index, .round = 2, .trace = 1, .allocator = 3, .started_ns = 77};
    s->environment_padding_bytes = 4095;
    struct rh_sample *sample = &s->sample;
    sample->version = RH_SAMPLE_VERSION;
    sample->end = RH_SAMPLE_CRASHED;
    sample->signal = 11;
    sample->pass = RH_PASS_MEMORY;
    snprintf(sample->reason, sizeof(sample->reason), "a \"reason\"\nof two lines\x1b");
    snprintf(sample->object, sizeof(sample->object), "/lib/\xff\xfe/libc.so");
    snprintf(sample->purge_call, sizeof(sample->purge_call), "malloc_trim");
    sample->checksum = 0xffffffffffffffffu;
    uint64_t next = ((uint64_t)1 << 53) + 1; /* beyond what a double holds */
    uint64_t *figures = &sample->ops;
    figures[0] = next++;
    sample->threads = next++;
    sample->failed_op = UINT64_MAX;
    sample->wall_ns = 0;
    sample->busy_ns = UINT64_MAX - 1;
    sample->purged_resident_bytes = next++;
    sample->segment_count = 2;
    sample->segment_ops[1] = next++;
    sample->segment_busy_ns[1] = 5;
    for (int i = 0; i < RH_SAMPLE_IDLE_STEPS; i++)
        sample->freed_idle_ns[i] = sample->freed_resident_bytes[i] = UINT64_MAX;
    sample->freed_idle_ns[0] = 0;
    sample->freed_resident_bytes[0] = 4096;
    sample->mark_count = RH_SAMPLE_MARKS;
    for (uint32_t i = 0; i < sample->mark_count; i++)
        sample->marks[i] = (struct rh_mark){i, 10 * i, 100 * i, 1000 * i, UINT64_MAX};
    sample->split_count = RH_SAMPLE_SPLITS;
    for (uint32_t i = 0; i < sample->split_count; i++) {
        struct rh_split *split = &sample->splits[i];
        *split =
            (struct rh_split){.mark = 3 * i, .live_bytes = next++, .internal_bytes = UINT64_MAX};
        split->page_table_bytes = next++;
        for (int tenth = 0; tenth < RH_SAMPLE_TENTHS; tenth++)
            split->occupancy[tenth] = next++;
    }
    sample->mremap_calls = next++;
    sample->dtlb_misses = next++;
    snprintf(sample->counters_reason, sizeof(sample->counters_reason), "none here");
    return s;
}

static struct rh_latency *make_latency(void) {
    struct rh_latency *latency = rh_alloc_zeroed(1, sizeof(*latency));
    assert_non_null(latency);
    latency->quantum_ps = 10019;
    latency->samples = 12;
    latency->lost = 1;
    static const uint16_t cells[] = {0, 0, 6, 7, RH_LATENCY_CELLS - 1};
    static const uint16_t bins[] = {0, RH_LATENCY_BINS - 1, 5, 3, 900};
    latency->entry_count = 5;
    for (uint32_t i = 0; i < 5; i++)
        latency->entries[i] = (struct rh_latency_entry){cells[i], bins[i], i + 1};
    latency->entries[4].count = UINT32_MAX;
    latency->exemplar_count = 2;
    latency->exemplars[0] = (struct rh_latency_exemplar){
        RH_LATENCY_FREE_SIZED, 7, ((uint64_t)1 << 60) + 1, 64, 12345, 3, UINT64_MAX};
    latency->exemplars[1] = (struct rh_latency_exemplar){RH_LATENCY_MALLOC, 0, 0, 1, 2, 0, 0};
    return latency;
}

static void assert_same_sample(const struct rh_result_sample *a, const struct rh_result_sample *b) {
    assert_int_equal(a->index, b->index);
    assert_int_equal(a->round, b->round);
    assert_int_equal(a->trace, b->trace);
    assert_int_equal(a->allocator, b->allocator);
    assert_int_equal(a->copy, b->copy);
    assert_int_equal(a->started_ns, b->started_ns);
    assert_int_equal(a->environment_padding_bytes, b->environment_padding_bytes);
    struct rh_sample *copy = rh_alloc_zeroed(1, sizeof(*copy));
    assert_non_null(copy);
    memcpy(copy, &b->sample, sizeof(*copy));
    /* The one thing that changes: bytes that are not UTF-8. */
    memcpy(copy->object, a->sample.object, sizeof(copy->object));
    assert_memory_equal(&a->sample, copy, sizeof(*copy));
    rh_free(copy);
}

static void every_member_comes_back(void **state) {
    (void)state;
    struct fake_options options = {0};
    struct rh_manifest manifest;
    fake_make_manifest(&options, &manifest);
    struct rh_result_writer *writer = NULL;
    assert_int_equal(rh_result_writer_create(directory, &manifest, NULL, &writer), 0);
    struct rh_result_sample *sample = make_sample(5);
    struct rh_latency *latency = make_latency();
    sample->latency = latency;
    assert_int_equal(rh_result_writer_add(writer, sample, NULL), 0);
    rh_result_writer_destroy(writer);

    struct rh_result *result = NULL;
    struct rh_error error = {0};
    if (rh_result_load(directory, &error, &result) != 0)
        fail_msg("%s", error.message);
    assert_int_equal(result->sample_count, 1);
    assert_int_equal(result->damaged_lines, 0);
    assert_same_sample(sample, &result->samples[0]);
    assert_non_null(result->samples[0].latency);
    assert_memory_equal(latency, result->samples[0].latency, sizeof(*latency));
    assert_string_equal(result->samples[0].sample.object, "/lib/\xEF\xBF\xBD\xEF\xBF\xBD/libc.so");
    rh_result_destroy(result);
    rh_free(latency);
    rh_free(sample);
    rh_manifest_finish(&manifest);
}

static void the_manifest_comes_back(void **state) {
    (void)state;
    struct fake_options options = {.allocators = 9};
    assert_int_equal(fake_write(directory, &options, NULL), 0);
    struct rh_manifest manifest;
    fake_make_manifest(&options, &manifest);
    struct rh_result *result = NULL;
    assert_int_equal(rh_result_load(directory, NULL, &result), 0);
    const struct rh_manifest *loaded = &result->manifest;
    assert_string_equal(loaded->tool, manifest.tool);
    assert_string_equal(loaded->finished, "2026-02-03T04:15:06Z");
    assert_true(loaded->complete);
    assert_null(loaded->plan_path);
    assert_true(loaded->seed == manifest.seed);
    assert_int_equal(loaded->rounds, 20);
    assert_int_equal(loaded->baseline, 2);
    assert_string_equal(loaded->host.cpu, manifest.host.cpu);
    assert_null(loaded->host.governor);
    assert_int_equal(loaded->allocator_count, 11);
    assert_string_equal(loaded->allocators[4].file, manifest.allocators[4].file);
    assert_null(loaded->allocators[0].file);
    assert_true(loaded->allocators[1].floor);
    assert_string_equal(loaded->allocators[9].environment[0], "MALLOC_CONF=dirty_decay_ms:0");
    assert_null(loaded->allocators[9].environment[1]);
    assert_int_equal(loaded->traces[2].cross_thread_releases,
                     manifest.traces[2].cross_thread_releases);
    assert_string_equal(loaded->traces[1].command, "sqlite --input 'some file'");
    assert_int_equal(loaded->traces[1].call_count, RH_RESULT_CALLS);
    assert_string_equal(loaded->traces[1].allocator, manifest.traces[1].allocator);
    assert_true(loaded->traces[0].cpu_ns == 1400000000 && loaded->traces[1].cpu_ns == 0);
    assert_string_equal(loaded->traces[0].think.allocator, "glibc");
    assert_int_equal(loaded->traces[0].think.lines_per_ms, 4700);
    assert_int_equal(loaded->traces[0].think.program_ns, 1400000000);
    assert_int_equal(loaded->traces[0].think.plain_ns, 400000000);
    assert_int_equal(loaded->traces[0].think.thinking_ns, 1390000000);
    assert_null(loaded->traces[1].think.allocator);
    assert_int_equal(loaded->traces[1].calls[6], 199000);
    assert_int_equal(loaded->traces[1].size_count, 13);
    assert_int_equal(loaded->traces[1].sizes[12], 100);
    rh_result_destroy(result);
    rh_manifest_finish(&manifest);
}

static void a_result_is_never_overwritten(void **state) {
    (void)state;
    struct fake_options options = {.no_samples = true};
    assert_int_equal(fake_write(directory, &options, NULL), 0);
    char *path = rh_path_join(directory, "manifest.json");
    char *before = NULL;
    assert_int_equal(rh_file_read(path, 1 << 20, NULL, &before, NULL), 0);

    struct rh_error error = {0};
    assert_int_equal(fake_write(directory, &options, &error), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "never overwritten"));
    /* Nor when only one of the files is left. */
    char *samples = rh_path_join(directory, "samples.jsonl");
    assert_int_equal(unlink(path), 0);
    error = (struct rh_error){0};
    assert_int_equal(fake_write(directory, &options, &error), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, samples));
    assert_int_equal(access(samples, F_OK), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    rh_free(before);
    rh_free(samples);
    rh_free(path);
}

/* The child appends until it is killed; the parent waits for some lines first. */
static void a_kill_leaves_whole_lines(void **state) {
    (void)state;
    struct fake_options options = {0};
    struct rh_manifest manifest;
    fake_make_manifest(&options, &manifest);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rh_result_writer *writer = NULL;
        if (rh_result_writer_create(directory, &manifest, NULL, &writer) != 0)
            _exit(1);
        struct rh_result_sample *sample = make_sample(0);
        for (uint32_t i = 0;; i++) {
            sample->index = i;
            sample->round = i % (manifest.rounds + 1);
            sample->trace = i / (manifest.rounds + 1) % 3;
            sample->allocator = i / (manifest.rounds + 1) / 3 % 9;
            if (rh_result_writer_add(writer, sample, NULL) != 0)
                _exit(2);
            if (i == 30 && write(ready[1], "x", 1) != 1)
                _exit(3);
            if (i == 500)
                pause();
        }
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(ready[0]);
    close(ready[1]);

    struct rh_result *result = NULL;
    struct rh_error error = {0};
    if (rh_result_load(directory, &error, &result) != 0)
        fail_msg("%s", error.message);
    assert_true(result->sample_count >= 31);
    assert_true(result->damaged_lines <= 2);
    assert_false(result->manifest.complete);
    assert_int_equal(result->samples[30].sample.mark_count, RH_SAMPLE_MARKS);
    rh_result_destroy(result);
    rh_manifest_finish(&manifest);
}

/* A full disk: the write that fails leaves the file as it was, and the next one works. */
static void a_failed_write_leaves_no_torn_line(void **state) {
    (void)state;
    struct fake_options options = {0};
    struct rh_manifest manifest;
    fake_make_manifest(&options, &manifest);
    struct rh_result_writer *writer = NULL;
    assert_int_equal(rh_result_writer_create(directory, &manifest, NULL, &writer), 0);
    struct rh_result_sample *sample = make_sample(0);
    sample->sample.mark_count = 0;
    assert_int_equal(rh_result_writer_add(writer, sample, NULL), 0);

    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit tight = {.rlim_cur = 2000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    struct rh_error error = {0};
    sample->index = 1;
    sample->round = 3;
    int result = rh_result_writer_add(writer, sample, &error);
    for (; result == 0 && sample->index < 10; sample->index++, sample->round++)
        result = rh_result_writer_add(writer, sample, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, RH_ERR_SYSTEM);
    assert_non_null(strstr(error.message, "samples.jsonl"));

    sample->index = 20;
    sample->round = 20;
    assert_int_equal(rh_result_writer_add(writer, sample, NULL), 0);
    rh_result_writer_destroy(writer);
    struct rh_result *loaded = NULL;
    assert_int_equal(rh_result_load(directory, NULL, &loaded), 0);
    assert_int_equal(loaded->damaged_lines, 0);
    assert_int_equal(loaded->samples[loaded->sample_count - 1].index, 20);
    rh_result_destroy(loaded);
    rh_free(sample);
    rh_manifest_finish(&manifest);
}

/* Each allocation of a create in turn fails: an error, no leak, and no file in the way. */
static void no_memory_leaves_nothing_behind(void **state) {
    (void)state;
    struct fake_options options = {.traces = 1, .allocators = 1};
    struct rh_manifest manifest;
    fake_make_manifest(&options, &manifest);
    uint64_t nth = 1;
    for (;; nth++) {
        struct rh_error error = {0};
        struct rh_result_writer *writer = NULL;
        rh_memory_fail_at(nth);
        int result = rh_result_writer_create(directory, &manifest, &error, &writer);
        rh_memory_fail_at(0);
        if (result == 0) {
            rh_result_writer_destroy(writer);
            break;
        }
        assert_int_equal(result, RH_ERR_MEMORY);
        assert_null(writer);
        char *samples = rh_path_join(directory, "samples.jsonl");
        assert_int_not_equal(access(samples, F_OK), 0);
        rh_free(samples);
    }
    assert_true(nth > 20);
    rh_manifest_finish(&manifest);
}

static void a_single_sample_is_json(void **state) {
    (void)state;
    struct rh_result_sample *sample = make_sample(0);
    sample->sample.mark_count = 2;
    struct rh_text text = {0};
    assert_int_equal(rh_result_sample_json(&sample->sample, NULL, true, NULL, &text), 0);
    assert_non_null(strstr(rh_text_get(&text), "\"pass\":\"memory\",\"end\":\"crashed\""));
    assert_non_null(strstr(rh_text_get(&text), "\"checksum\":\"ffffffffffffffff\""));
    assert_non_null(strstr(rh_text_get(&text), "\"ops\":\"9007199254740993\""));
    assert_non_null(strstr(rh_text_get(&text), "\"failed_op\":null"));
    assert_non_null(strstr(rh_text_get(&text), "\"series\":{\"op\":[0,1],"));
    assert_null(strstr(rh_text_get(&text), "\"index\""));
    rh_text_finish(&text);
    rh_free(sample);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        TEST(every_member_comes_back),
        TEST(the_manifest_comes_back),
        TEST(a_result_is_never_overwritten),
        TEST(a_kill_leaves_whole_lines),
        TEST(a_failed_write_leaves_no_torn_line),
        TEST(no_memory_leaves_nothing_behind),
        cmocka_unit_test(a_single_sample_is_json),
    };
#undef TEST
    return cmocka_run_group_tests_name("result/writer", tests, NULL, NULL);
}
