/* make_trace.c - a random trace for the tests of "run" and "bench".
 *
 * Usage: make-trace OUT EVENTS THREADS SEED */
#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "tests/unit/compile/synthetic.h"
#include "trace/trace.h"

static int write_trace(const char *path, const struct synthetic_trace *trace,
                       struct rh_error *error) {
    struct rh_trace_writer *writer = NULL;
    rh_try(rh_trace_writer_create(path, error, &writer));
    struct rh_trace_meta meta = {.time_quantum_ns = 1};
    int result = rh_trace_writer_add(writer, trace->events, trace->count, error);
    if (result == 0)
        result = rh_trace_writer_finish(writer, &meta, error, NULL);
    rh_trace_writer_destroy(writer);
    return result;
}

int main(int argc, char **argv) {
    uint64_t events = 0;
    uint64_t threads = 0;
    uint64_t seed = 0;
    if (argc != 5 || rh_parse_u64(argv[2], &events) < 0 || rh_parse_u64(argv[3], &threads) < 0 ||
        rh_parse_u64(argv[4], &seed) < 0) {
        fprintf(stderr, "usage: make-trace OUT EVENTS THREADS SEED\n");
        return 2;
    }
    struct synthetic wanted = {
        .seed = seed,
        .events = events,
        .threads = (uint32_t)threads,
        .threads_live = (uint32_t)threads,
        .live_objects = (uint32_t)(events / 20 + 10),
        .cross_percent = threads > 1 ? 20 : 0,
    };
    struct synthetic_trace trace = {0};
    synthetic_make(&wanted, &trace);
    struct rh_error error = {0};
    if (trace.events == NULL)
        rh_fail(&error, RH_ERR_MEMORY, "no memory for the trace");
    else
        write_trace(argv[1], &trace, &error);
    rh_free(trace.events);
    if (error.code != 0)
        fprintf(stderr, "make-trace: %s\n", error.message);
    return error.code != 0;
}
