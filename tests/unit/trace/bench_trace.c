/* How fast traces are written, verified and read, on a stream with the habits of a program: a few
 * call sites that repeat short scripts, sizes that cluster, gaps of some ten ns. Prints; judges
 * nothing. Seconds are CPU time of the thread: what else runs on the machine matters less.
 *
 * Usage: bench-trace [EVENTS] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "trace/trace.h"

enum { SITES = 64, HELD = 4096 };

struct program {
    struct rh_random random;
    struct rh_event *events;
    size_t count, capacity;
    uint64_t time_ns, objects;
    uint64_t held[HELD];
};

static struct rh_event *add(struct program *program, enum rh_event_kind kind) {
    static struct rh_event spare;
    if (program->count == program->capacity)
        return &spare;
    struct rh_event *event = &program->events[program->count++];
    program->time_ns += 10 * (2 + rh_random_below(&program->random, 6));
    *event = (struct rh_event){.time_ns = program->time_ns,
                               .acquired = RH_NO_OBJECT,
                               .released = RH_NO_OBJECT,
                               .parent = RH_NO_THREAD,
                               .touched_pages = RH_NO_TOUCHED,
                               .kind = (uint8_t)kind};
    return event;
}

static uint64_t acquire(struct program *program, uint64_t size) {
    struct rh_event *event = add(program, RH_EVENT_MALLOC);
    event->size = size;
    event->acquired = program->objects;
    return program->objects++;
}

/* Some temporary objects freed in reverse, and one that replaces an older one. */
static void visit(struct program *program, uint64_t site) {
    uint64_t temporary[4];
    for (uint64_t i = 0; i < 1 + site % 4; i++)
        temporary[i] = acquire(program, 16 + 8 * (site + i));
    uint64_t kept = acquire(program, 24 + 16 * (site % 7));
    uint64_t place = site * (HELD / SITES) + rh_random_below(&program->random, HELD / SITES);
    if (program->held[place] != RH_NO_OBJECT)
        add(program, RH_EVENT_FREE)->released = program->held[place];
    program->held[place] = kept;
    for (uint64_t i = 1 + site % 4; i > 0; i--)
        add(program, RH_EVENT_FREE)->released = temporary[i - 1];
}

static struct program make(size_t count) {
    struct program program = {.capacity = count};
    rh_random_seed(&program.random, 1);
    program.events = malloc((count + 1) * sizeof(*program.events));
    if (program.events == NULL)
        abort();
    for (size_t i = 0; i < HELD; i++)
        program.held[i] = RH_NO_OBJECT;
    add(&program, RH_EVENT_THREAD_START);
    while (program.count < count) {
        uint64_t site = rh_random_below(&program.random, SITES);
        for (uint64_t times = 1 + rh_random_below(&program.random, 20); times > 0; times--)
            visit(&program, site);
    }
    return program;
}

static void check(int result, const struct rh_error *error) {
    if (result == 0)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

static double write_all(const char *path, const struct program *program) {
    struct rh_error error = {0};
    struct rh_trace_writer *writer = NULL;
    const struct rh_trace_meta meta = {.time_quantum_ns = 10};
    uint64_t start = rh_thread_cpu_ns();
    check(rh_trace_writer_create(path, &error, &writer), &error);
    check(rh_trace_writer_add(writer, program->events, program->count, &error), &error);
    check(rh_trace_writer_finish(writer, &meta, &error, NULL), &error);
    uint64_t end = rh_thread_cpu_ns();
    rh_trace_writer_destroy(writer);
    return (double)(end - start);
}

static double read_all(const char *path, const struct program *program) {
    struct rh_error error = {0};
    struct rh_trace_reader *reader = NULL;
    const struct rh_event *events = NULL;
    size_t count = 0;
    uint64_t sizes = 0;
    uint64_t start = rh_thread_cpu_ns();
    check(rh_trace_reader_open(path, &error, &reader), &error);
    do {
        check(rh_trace_reader_next(reader, &error, &events, &count), &error);
        for (size_t i = 0; i < count; i++)
            sizes += events[i].size;
    } while (count > 0);
    uint64_t end = rh_thread_cpu_ns();
    if (sizes != rh_trace_reader_summary(reader)->allocated_bytes)
        exit(1);
    (void)program;
    rh_trace_reader_close(reader);
    return (double)(end - start);
}

static double verify_all(const char *path, const struct program *program) {
    struct rh_error error = {0};
    uint64_t start = rh_thread_cpu_ns();
    check(rh_trace_verify(path, &error, NULL), &error);
    (void)program;
    return (double)(rh_thread_cpu_ns() - start);
}

static void measure(const char *name, const char *path, const struct program *program,
                    double (*action)(const char *, const struct program *)) {
    double best_ns = 0;
    for (int round = 0; round < 5; round++) {
        double ns = action(path, program);
        best_ns = round == 0 || ns < best_ns ? ns : best_ns;
    }
    printf("%-7s %7.1f million events a second of one core (best of 5)\n", name,
           1e3 * (double)program->count / best_ns);
}

int main(int argc, char **argv) {
    uint64_t count = 4000000;
    if (argc > 1 && rh_parse_u64(argv[1], &count) < 0)
        return 2;
    char path[64];
    snprintf(path, sizeof(path), "/tmp/rh-bench-%d.rht", (int)getpid());
    struct program program = make((size_t)count);
    measure("write", path, &program, write_all);
    measure("verify", path, &program, verify_all);
    measure("read", path, &program, read_all);
    struct stat status;
    if (stat(path, &status) == 0)
        printf("size    %7.3f bytes/event\n", (double)status.st_size / (double)program.count);
    free(program.events);
    return unlink(path) != 0;
}
