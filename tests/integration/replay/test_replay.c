/* Whole samples: compile, a worker process, what it leaves; and every way in which it may end. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "compile/compile.h"
#include "compile/tape.h"
#include "replay/replay.h"
#include "tests/unit/compile/synthetic.h"
#include "tests/unit/test.h"
#include "trace/trace.h"

#define EVENTS 30000

static char directory[64];
static char single_path[128], threaded_path[128];
static char *single_tape, *threaded_tape;
static struct rh_sample sample;

static void write_trace(const char *path, uint32_t threads) {
    struct synthetic wanted = {.seed = threads,
                               .events = EVENTS,
                               .threads = threads,
                               .threads_live = threads < 4 ? threads : 4,
                               .live_objects = 500,
                               .cross_percent = 40};
    struct synthetic_trace trace;
    struct rh_trace_writer *writer = NULL;
    struct rh_trace_meta meta = {.time_quantum_ns = 100};
    synthetic_make(&wanted, &trace);
    assert_int_equal(rh_trace_writer_create(path, NULL, &writer), 0);
    assert_int_equal(rh_trace_writer_add(writer, trace.events, trace.count, NULL), 0);
    assert_int_equal(rh_trace_writer_finish(writer, &meta, NULL, NULL), 0);
    rh_trace_writer_destroy(writer);
    rh_free(trace.events);
}

static int compile(const char *trace, struct rh_error *error, char **ret_tape) {
    struct rh_compile_options options = {.cache_directory = directory, .marks = 40};
    struct rh_tape_facts facts;
    return rh_compile(trace, &options, error, ret_tape, &facts);
}

static int set_up(void **state) {
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/reheap-replay-XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(single_path, sizeof(single_path), "%s/single.rht", directory);
    snprintf(threaded_path, sizeof(threaded_path), "%s/threaded.rht", directory);
    write_trace(single_path, 1);
    write_trace(threaded_path, 9);
    assert_int_equal(compile(single_path, NULL, &single_tape), 0);
    assert_int_equal(compile(threaded_path, NULL, &threaded_tape), 0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(single_path);
    unlink(threaded_path);
    unlink(single_tape);
    unlink(threaded_tape);
    rh_free(single_tape);
    rh_free(threaded_tape);
    return rmdir(directory); /* nothing else was left there */
}

static void replay_well(const struct rh_job *job) {
    struct rh_error error = {0};
    int result = rh_replay(job, NULL, &error, &sample);
    if (result < 0 || sample.end != RH_SAMPLE_MEASURED)
        print_error("%s%s\n", error.message, sample.reason);
    assert_int_equal(result, 0);
    assert_int_equal(sample.end, RH_SAMPLE_MEASURED);
    assert_string_equal(sample.reason, "");
}

static void a_throughput_sample_is_complete(void **state) {
    (void)state;
    struct rh_job job = {
        .tape = single_tape, .allocator = "glibc", .environment_padding_bytes = 1000};
    replay_well(&job);
    assert_in_range(sample.ops, EVENTS * 9 / 10, EVENTS);
    assert_int_equal(sample.segment_count, 24);
    assert_true(sample.busy_ns > 0 && sample.wall_ns >= sample.busy_ns);
    assert_int_equal(sample.stall_ns, 0);
    assert_true(sample.checksum != 0);
    assert_true(sample.minor_faults > 0);
    assert_true(sample.object[0] == '/');
    assert_int_equal(sample.peak_resident_bytes, UINT64_MAX);
}

static void a_memory_sample_is_complete(void **state) {
    (void)state;
    struct rh_job job = {
        .tape = threaded_tape, .allocator = "glibc", .pass = RH_PASS_MEMORY, .quick_idle = true};
    replay_well(&job);
    assert_in_range(sample.mark_count, 30, 41);
    uint64_t most_live = 0, most_resident = 0;
    for (uint32_t i = 0; i < sample.mark_count; i++) {
        const struct rh_mark *mark = &sample.marks[i];
        most_live = mark->live_bytes > most_live ? mark->live_bytes : most_live;
        most_resident = mark->resident_bytes > most_resident ? mark->resident_bytes : most_resident;
        assert_true(mark->resident_bytes > 0);
        assert_true(i == 0 || mark->op >= sample.marks[i - 1].op);
    }
    assert_int_equal(most_live, sample.peak_live_bytes);
    assert_true(sample.replayed_peak_live_bytes >= most_live);
    assert_true(sample.peak_resident_bytes >= most_resident);
    assert_true(sample.peak_resident_bytes > sample.start_resident_bytes);
    assert_true(sample.freed_resident_bytes[1] != UINT64_MAX);
    assert_int_equal(sample.freed_resident_bytes[2], UINT64_MAX);
}

/* About one operation in 64, each with a time, and slow calls that are operations of the tape. */
static void a_latency_sample_is_complete(void **state) {
    (void)state;
    static struct rh_latency latency;
    struct rh_job job = {.tape = threaded_tape,
                         .allocator = "glibc",
                         .pass = RH_PASS_LATENCY,
                         .latency = &latency,
                         .sample_seed = 1};
    replay_well(&job);
    uint64_t counted = 0, slowest = latency.exemplars[0].ns;
    for (uint32_t i = 0; i < latency.entry_count; i++)
        counted += latency.entries[i].count;
    assert_int_equal(counted, latency.samples);
    assert_int_equal(latency.lost, 0);
    assert_in_range(latency.samples, sample.ops / 64 / 2, sample.ops / 64 * 2 + 1);
    assert_true(latency.quantum_ps > 0);
    assert_in_range(latency.exemplar_count, 1, RH_LATENCY_EXEMPLARS);
    for (uint32_t i = 0; i < latency.exemplar_count; i++) {
        assert_true(latency.exemplars[i].ns <= slowest);
        assert_true(latency.exemplars[i].op < sample.ops);
        assert_true(latency.exemplars[i].thread < sample.threads);
        slowest = latency.exemplars[i].ns;
    }
    uint64_t checksum = sample.checksum;
    job.pass = RH_PASS_THROUGHPUT;
    replay_well(&job);
    assert_int_equal(sample.checksum, checksum); /* timed operations do the same work */
}

static void allocators_do_the_same_work(void **state) {
    (void)state;
    struct rh_job job = {.tape = threaded_tape, .allocator = "glibc"};
    replay_well(&job);
    uint64_t ops = sample.ops, checksum = sample.checksum;
    job.allocator = "bump";
    replay_well(&job);
    assert_int_equal(sample.ops, ops);
    assert_int_equal(sample.checksum, checksum);
    job.allocator = "null";
    replay_well(&job);
    assert_int_equal(sample.ops, ops);
    assert_int_equal(sample.checksum, 0);
}

static void the_check_pass_finds_nothing_wrong(void **state) {
    (void)state;
    static const char *const names[] = {"glibc", "sbrk", "bump"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct rh_job job = {.tape = threaded_tape, .allocator = names[i], .pass = RH_PASS_CHECK};
        replay_well(&job);
        assert_true(sample.ops > 0);
    }
}

#if VILLAIN_WORKS
/* A sanitizer's own memory is anonymous, and in the way here. */
static void the_null_worker_holds_nothing(void **state) {
    (void)state;
    struct rh_job job = {
        .tape = threaded_tape, .allocator = "null", .pass = RH_PASS_MEMORY, .quick_idle = true};
    replay_well(&job);
    /* Tape, tables, stacks and players are file or shmem pages. */
    assert_in_range(sample.peak_resident_bytes - sample.start_resident_bytes, 0, 256 * 1024);
}

static enum rh_pass villain_pass = RH_PASS_THROUGHPUT;

static void villain(const char *tape, const char *deed, uint64_t time_limit_ns) {
    char variable[64];
    snprintf(variable, sizeof(variable), "VILLAIN=%s", deed);
    const char *environment[] = {variable, NULL};
    struct rh_job job = {.tape = tape,
                         .allocator = "preload:" VILLAIN,
                         .environment = environment,
                         .pass = villain_pass,
                         .time_limit_ns = time_limit_ns};
    struct rh_error error = {0};
    int result = rh_replay(&job, NULL, &error, &sample);
    if (result < 0)
        print_error("%s\n", error.message);
    assert_int_equal(result, 0);
}

static void expect(unsigned end, const char *text) {
    if (sample.end != end || strstr(sample.reason, text) == NULL)
        print_error("end %u: %s\n", sample.end, sample.reason);
    assert_int_equal(sample.end, end);
    assert_non_null(strstr(sample.reason, text));
}

static void every_bad_end_is_told(void **state) {
    (void)state;
    villain(single_tape, "none 1", 0);
    assert_int_equal(sample.end, RH_SAMPLE_MEASURED);
    assert_non_null(strstr(sample.object, "villain"));
    villain(single_tape, "crash 5000", 0);
    expect(RH_SAMPLE_CRASHED, "SIGSEGV in the ");
    assert_int_equal(sample.signal, SIGSEGV);
    assert_in_range(sample.failed_op, 5000, EVENTS);
    villain(threaded_tape, "crash 5000", 0);
    expect(RH_SAMPLE_CRASHED, " of thread ");
    villain(single_tape, "abort 70", 0);
    expect(RH_SAMPLE_CRASHED, "villain: I give up");
    villain(single_tape, "null 3000", 0);
    expect(RH_SAMPLE_OUT_OF_MEMORY, "gave NULL for the ");
    assert_in_range(sample.failed_op, 3000, EVENTS);
    villain(single_tape, "exit 10", 0);
    expect(RH_SAMPLE_FAILED, "status 7");
    villain(single_tape, "lose 12000", 0);
    expect(RH_SAMPLE_WRONG, "lost their content");
    villain_pass = RH_PASS_CHECK;
    villain(single_tape, "none 1", 0);
    assert_int_equal(sample.end, RH_SAMPLE_MEASURED);
    villain(single_tape, "lose 12000", 0);
    expect(RH_SAMPLE_WRONG, "");
    villain(single_tape, "twice 5000", 0);
    expect(RH_SAMPLE_WRONG, "");
    villain_pass = RH_PASS_THROUGHPUT;
}

static void a_standstill_says_who_waits_for_whom(void **state) {
    (void)state;
    villain(threaded_tape, "hang 9000", 1000000000);
    expect(RH_SAMPLE_TIMED_OUT, "killed after 1.00 s while it replayed");
    expect(RH_SAMPLE_TIMED_OUT, " waits for operation ");
}
#endif

/* ---- large blocks that were touched in part ---- */

static struct rh_event event_of(uint32_t thread, unsigned kind) {
    return (struct rh_event){.thread = thread,
                             .kind = (uint8_t)kind,
                             .acquired = RH_NO_OBJECT,
                             .released = RH_NO_OBJECT,
                             .parent = RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED};
}

/* Four blocks that live to the end: not touched at all, touched up to the third page, grown from
 * such a one, and not known. */
static char *compile_large(const char *path) {
    enum { COUNT = 10, BYTES = 100000 };
    struct rh_event events[COUNT] = {
        event_of(0, RH_EVENT_THREAD_START), event_of(0, RH_EVENT_MALLOC),
        event_of(0, RH_EVENT_MALLOC),       event_of(0, RH_EVENT_MALLOC),
        event_of(0, RH_EVENT_REALLOC),      event_of(0, RH_EVENT_MALLOC),
        event_of(0, RH_EVENT_RESIDENT),     event_of(0, RH_EVENT_RESIDENT),
        event_of(0, RH_EVENT_RESIDENT),     event_of(0, RH_EVENT_MALLOC)};
    for (uint64_t i = 0; i < 3; i++) {
        events[1 + i].acquired = i;
        events[1 + i].size = BYTES;
    }
    events[4].released = 2;
    events[4].touched_pages = 2;
    events[4].acquired = 3;
    events[4].size = 2 * BYTES;
    events[5].acquired = 4;
    events[5].size = BYTES;
    static const uint64_t counted[3] = {0, 1, 3};
    static const uint32_t pages[3] = {0, 3, 5};
    for (int i = 0; i < 3; i++) {
        events[6 + i].released = counted[i];
        events[6 + i].touched_pages = pages[i];
    }
    events[9].acquired = 5;
    events[9].size = 16;
    struct rh_trace_writer *writer = NULL;
    struct rh_trace_meta meta = {.time_quantum_ns = 100};
    char *tape = NULL;
    assert_int_equal(rh_trace_writer_create(path, NULL, &writer), 0);
    assert_int_equal(rh_trace_writer_add(writer, events, COUNT, NULL), 0);
    assert_int_equal(rh_trace_writer_finish(writer, &meta, NULL, NULL), 0);
    rh_trace_writer_destroy(writer);
    assert_int_equal(compile(path, NULL, &tape), 0);
    return tape;
}

/* What was touched is looked at when all is freed, and nothing else. */
static void large_blocks_keep_what_was_touched(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof(path), "%s/large.rht", directory);
    char *tape = compile_large(path);
    struct rh_job job = {.tape = tape, .allocator = "glibc", .touch = RH_TOUCH_RECORDED};
    replay_well(&job);
    job.touch = RH_TOUCH_PAGE;
    replay_well(&job);
#if VILLAIN_WORKS
    const char *const environment[] = {"VILLAIN=lose 6", NULL};
    job = (struct rh_job){.tape = tape,
                          .allocator = "preload:" VILLAIN,
                          .touch = RH_TOUCH_RECORDED,
                          .environment = environment};
    assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_WRONG);
    assert_non_null(strstr(sample.reason, "3 blocks that were live at the end had lost"));
#endif
    unlink(path);
    unlink(tape);
    rh_free(tape);
}

/* ---- a tape on which no thread can go on ---- */

/* Two threads make a block each, and each frees the other's. */
static char *compile_exchange(const char *path) {
    struct rh_event events[6] = {
        event_of(0, RH_EVENT_THREAD_START), event_of(1, RH_EVENT_THREAD_START),
        event_of(0, RH_EVENT_MALLOC),       event_of(1, RH_EVENT_MALLOC),
        event_of(0, RH_EVENT_FREE),         event_of(1, RH_EVENT_FREE)};
    events[1].parent = 0;
    events[2].size = events[3].size = 64;
    events[2].acquired = events[5].released = 0;
    events[3].acquired = events[4].released = 1;
    struct rh_trace_writer *writer = NULL;
    struct rh_trace_meta meta = {.time_quantum_ns = 100};
    char *tape = NULL;
    assert_int_equal(rh_trace_writer_create(path, NULL, &writer), 0);
    assert_int_equal(rh_trace_writer_add(writer, events, 6, NULL), 0);
    assert_int_equal(rh_trace_writer_finish(writer, &meta, NULL, NULL), 0);
    rh_trace_writer_destroy(writer);
    assert_int_equal(compile(path, NULL, &tape), 0);
    return tape;
}

static uint64_t last_operation(const struct rh_tape *tape, uint32_t thread) {
    const struct rh_tape_thread *entry = &tape->threads[thread];
    uint64_t last = 0;
    for (uint64_t at = entry->begin; at != entry->end; at = rh_tape_next(tape->words, at))
        if (rh_tape_op_counts[rh_tape_kind(tape->words[at])])
            last = at;
    return last;
}

/* Each thread waits for the end of the other instead of for its block. */
static void make_a_cycle(const char *path) {
    struct rh_tape tape;
    assert_int_equal(rh_tape_open(path, false, NULL, &tape), 0);
    FILE *file = fopen(path, "r+b");
    int waits = 0;
    assert_non_null(file);
    for (uint32_t thread = 0; thread < 2; thread++) {
        const struct rh_tape_thread *entry = &tape.threads[thread];
        for (uint64_t at = entry->begin; at != entry->end; at = rh_tape_next(tape.words, at)) {
            if (rh_tape_kind(tape.words[at]) != RH_TAPE_WAIT)
                continue;
            uint64_t end = last_operation(&tape, 1 - thread);
            assert_int_equal(fseek(file, (long)(at + 1) * 8, SEEK_SET), 0);
            assert_int_equal(fwrite(&end, sizeof(end), 1, file), 1);
            waits++;
        }
    }
    fclose(file);
    rh_tape_close(&tape);
    assert_int_equal(waits, 2);
}

static void a_cycle_ends_and_names_the_blocks(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof(path), "%s/cycle.rht", directory);
    char *tape = compile_exchange(path);
    struct rh_job job = {.tape = tape, .allocator = "glibc"};
    replay_well(&job);
    make_a_cycle(tape);
    struct rh_error error = {0};
    assert_int_equal(rh_replay(&job, NULL, &error, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_FAILED);
    static const char *const parts[] = {
        "no thread can go on", "thread 0 waits for operation 1 of thread 1 (free of 64 bytes, slot",
        " before its own operation 1 (free of 64 bytes, slot", "thread 1 waits for operation 1 of"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(sample.reason, parts[i]) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", parts[i], sample.reason);
    unlink(path);
    unlink(tape);
    rh_free(tape);
}

static void what_is_missing_is_told(void **state) {
    (void)state;
    struct rh_job job = {.tape = single_tape, .allocator = "preload:/nowhere/libx.so"};
    assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_NOT_LOADED);
    assert_non_null(strstr(sample.reason, "/nowhere/libx.so"));
    job.allocator = "glibz";
    assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_NOT_LOADED);
    job.allocator = "glibc";
    job.tape = "/nowhere/x.tape";
    assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_FAILED);
    assert_non_null(strstr(sample.reason, "/nowhere/x.tape"));
    job.tape = single_tape;
    job.cpus = "0-";
    struct rh_error error = {0};
    assert_int_equal(rh_replay(&job, NULL, &error, &sample), RH_ERR_INVALID);
    job.cpus = "1023";
    assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
    assert_int_equal(sample.end, RH_SAMPLE_FAILED);
    assert_non_null(strstr(sample.reason, "CPU"));
}

static void an_interruption_ends_it(void **state) {
    (void)state;
    volatile bool interrupted = true;
    struct rh_job job = {.tape = single_tape, .allocator = "glibc", .pass = RH_PASS_MEMORY};
    uint64_t start_ns = rh_now_ns();
    struct rh_error error = {0};
    assert_int_equal(rh_replay(&job, &interrupted, &error, &sample), RH_ERR_INTERRUPTED);
    assert_true(rh_now_ns() - start_ns < 10000000000u); /* it would have idled for 12 s */
}

/* What the parent's shell holds must not reach the worker. */
static void the_parents_environment_stays_out(void **state) {
    (void)state;
    setenv("MALLOC_PERTURB_", "165", 1);
    setenv("GLIBC_TUNABLES", "glibc.malloc.mxfast=0", 1);
    setenv("LD_PRELOAD", "/nowhere/liby.so", 1);
    struct rh_job job = {.tape = single_tape, .allocator = "glibc"};
    replay_well(&job);
    unsetenv("MALLOC_PERTURB_");
    unsetenv("GLIBC_TUNABLES");
    unsetenv("LD_PRELOAD");
}

/* ---- the cache ---- */

static void flip(const char *path, long at) {
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
    fputc(byte ^ 0x55, file);
    fclose(file);
}

static ino_t inode_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_ino;
}

static void a_damaged_tape_is_made_again(void **state) {
    (void)state;
    static const long places[] = {0, 8, 200, 4096, 5000, 70000, -9};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char *tape = NULL;
        ino_t before = inode_of(single_tape);
        assert_int_equal(compile(single_path, NULL, &tape), 0);
        assert_string_equal(tape, single_tape);
        assert_int_equal(inode_of(tape), before); /* from the cache */
        rh_free(tape);
        flip(single_tape, places[i]);
        struct rh_error error = {0};
        if (compile(single_path, &error, &tape) < 0)
            print_error("%s\n", error.message);
        assert_int_not_equal(inode_of(tape), before);
        rh_free(tape);
        struct rh_job job = {.tape = single_tape, .allocator = "null"};
        replay_well(&job);
    }
}

/* Its tape is there and sound, but what the file says is no longer what was recorded. */
static void a_tape_does_not_excuse_a_damaged_trace(void **state) {
    (void)state;
    static const long places[] = {24, 40, 100, 5000, 20000};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct rh_error error = {0};
        char *tape = NULL;
        flip(single_path, places[i]);
        assert_true(compile(single_path, &error, &tape) < 0);
        assert_non_null(strstr(error.message, single_path));
        assert_non_null(strstr(error.message, "block 0, byte 24"));
        flip(single_path, places[i]);
        assert_int_equal(compile(single_path, NULL, &tape), 0);
        rh_free(tape);
    }
}

static void a_tape_cut_short_is_refused_by_the_worker(void **state) {
    (void)state;
    char copy[128];
    snprintf(copy, sizeof(copy), "%s/cut.tape", directory);
    struct rh_file_map map;
    assert_int_equal(rh_file_map(single_tape, 0, NULL, &map), 0);
    for (size_t bytes = 0; bytes < map.bytes; bytes += 1 + bytes * 3 / 2) {
        assert_int_equal(rh_file_write(copy, map.data, bytes, NULL), 0);
        struct rh_job job = {.tape = copy, .allocator = "null"};
        assert_int_equal(rh_replay(&job, NULL, NULL, &sample), 0);
        assert_int_equal(sample.end, RH_SAMPLE_FAILED);
        assert_non_null(strstr(sample.reason, "cut.tape"));
    }
    rh_file_unmap(&map);
    unlink(copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_throughput_sample_is_complete),
        cmocka_unit_test(a_memory_sample_is_complete),
        cmocka_unit_test(a_latency_sample_is_complete),
        cmocka_unit_test(allocators_do_the_same_work),
        cmocka_unit_test(the_check_pass_finds_nothing_wrong),
#if VILLAIN_WORKS
        cmocka_unit_test(the_null_worker_holds_nothing),
        cmocka_unit_test(every_bad_end_is_told),
        cmocka_unit_test(a_standstill_says_who_waits_for_whom),
#endif
        cmocka_unit_test(large_blocks_keep_what_was_touched),
        cmocka_unit_test(a_cycle_ends_and_names_the_blocks),
        cmocka_unit_test(what_is_missing_is_told),
        cmocka_unit_test(an_interruption_ends_it),
        cmocka_unit_test(the_parents_environment_stays_out),
        cmocka_unit_test(a_damaged_tape_is_made_again),
        cmocka_unit_test(a_tape_does_not_excuse_a_damaged_trace),
        cmocka_unit_test(a_tape_cut_short_is_refused_by_the_worker),
    };
    return cmocka_run_group_tests_name("replay", tests, set_up, tear_down);
}
