/* bench_compile.c - how fast traces become tapes: a tape is made in a cache that does not have it,
 * and then found there. Prints; judges nothing. Seconds are CPU time of the thread.
 *     bench-compile ROUNDS TRACE... */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "compile/compile.h"
#include "compile/tape.h"
#include "trace/trace.h"

enum { ROUNDS_MAX = 1000 };

static void check(int result, const struct rh_error *error) {
    if (result == 0)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

static double read_trace(const char *path) {
    struct rh_error error = {0};
    struct rh_trace_reader *reader = NULL;
    const struct rh_event *events = NULL;
    size_t count = 0;
    uint64_t start_ns = rh_thread_cpu_ns();
    check(rh_trace_reader_open(path, &error, &reader), &error);
    do
        check(rh_trace_reader_next(reader, &error, &events, &count), &error);
    while (count > 0);
    rh_trace_reader_close(reader);
    return (double)(rh_thread_cpu_ns() - start_ns);
}

static double compile(const char *path, const char *cache, char **ret_tape) {
    const struct rh_compile_options options = {.cache_directory = cache};
    struct rh_error error = {0};
    struct rh_tape_facts facts;
    uint64_t start_ns = rh_thread_cpu_ns();
    check(rh_compile(path, &options, &error, ret_tape, &facts), &error);
    return (double)(rh_thread_cpu_ns() - start_ns);
}

static void look_at(const char *path, uint64_t *ret_events, uint64_t *ret_hash) {
    struct rh_error error = {0};
    struct rh_tape tape = {0};
    check(rh_tape_open(path, false, &error, &tape), &error);
    *ret_events = tape.header->events;
    *ret_hash = tape.header->body_hash;
    rh_tape_close(&tape);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double million_a_second(double *ns, size_t rounds, uint64_t events) {
    qsort(ns, rounds, sizeof(*ns), compare);
    return 1e3 * (double)events / ns[rounds / 2];
}

static void measure(const char *path, const char *cache, size_t rounds) {
    static double reading[ROUNDS_MAX], making[ROUNDS_MAX], finding[ROUNDS_MAX];
    uint64_t events = 0, hash = 0;
    for (size_t i = 0; i < rounds; i++) {
        char *tape = NULL, *same = NULL;
        reading[i] = read_trace(path);
        making[i] = compile(path, cache, &tape);
        finding[i] = compile(path, cache, &same);
        look_at(tape, &events, &hash);
        unlink(tape);
        rh_free(tape);
        rh_free(same);
    }
    printf("%-20s %10" PRIu64 " %10.1f %10.1f %10.1f   %016" PRIx64 "\n", rh_path_base(path),
           events, million_a_second(making, rounds, events),
           million_a_second(reading, rounds, events), million_a_second(finding, rounds, events),
           hash);
}

int main(int argc, char **argv) {
    char cache[] = "/tmp/rh-bench-XXXXXX";
    uint64_t rounds = 0;
    if (argc < 3 || rh_parse_u64(argv[1], &rounds) < 0 || rounds == 0 || rounds > ROUNDS_MAX ||
        mkdtemp(cache) == NULL)
        return 2;
    printf("million events a second of one core, medians of %" PRIu64 "\n", rounds);
    printf("%-20s %10s %10s %10s %10s   %s\n", "trace", "events", "compile", "read it", "find it",
           "tape");
    for (int i = 2; i < argc; i++)
        measure(argv[i], cache, (size_t)rounds);
    return rmdir(cache) != 0;
}
