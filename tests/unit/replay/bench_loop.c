/* bench_loop.c - the price of the op loop: plays a tape several times in this process and prints
 * the least time of an operation (each segment's least time over the rounds, which finds the quiet
 * moments of a busy machine) and the median round.
 *     bench-replay-loop TAPE [ALLOCATOR [ROUNDS [TOUCH]]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocator/registry.h"
#include "base/memory.h"
#include "replay/engine.h"

static _Noreturn void fail(void *user, int end, uint32_t thread, uint64_t op, const char *reason) {
    (void)user;
    fprintf(stderr, "end %d, thread %u, operation %llu: %s\n", end, thread, (unsigned long long)op,
            reason);
    exit(1);
}

static uint64_t least_ns[RH_SAMPLE_SEGMENTS];

static double play(const struct rh_tape *tape, const struct rh_allocator_ops *ops, void *ctx,
                   enum rh_touch touch) {
    static struct rh_sample sample;
    struct rh_mapped players = {0};
    struct rh_engine engine;
    struct rh_error error = {0};
    uint64_t checksum = 0;
    memset(&sample, 0, sizeof(sample));
    size_t bytes = (tape->header->threads + 1) * sizeof(struct rh_player);
    if (rh_mapped_init(&players, bytes, 1, &error) < 0)
        fail(NULL, 0, 0, 0, error.message);
    struct rh_engine_setup setup = {.tape = tape,
                                    .ops = ops,
                                    .ctx = ctx,
                                    .touch = touch,
                                    .cpus = 2,
                                    .players = players.data,
                                    .on_failure = fail};
    if (rh_engine_init(&engine, &setup, &error) < 0)
        fail(NULL, 0, 0, 0, error.message);
    rh_engine_run(&engine);
    rh_engine_collect(&engine, &sample);
    rh_engine_close(&engine, &checksum);
    rh_engine_join(&engine);
    rh_engine_finish(&engine);
    rh_mapped_finish(&players);
    for (uint32_t i = 0; i < sample.segment_count; i++)
        if (least_ns[i] == 0 || sample.segment_busy_ns[i] < least_ns[i])
            least_ns[i] = sample.segment_busy_ns[i];
    return sample.ops > 0 ? (double)sample.busy_ns / (double)sample.ops : 0;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    enum { ROUNDS_MAX = 1000 };
    static double times[ROUNDS_MAX];
    const char *name = argc > 2 ? argv[2] : "null";
    int rounds = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 10;
    char reason[256] = "";
    struct rh_error error = {0};
    struct rh_tape tape = {0};
    if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX)
        fail(NULL, 0, 0, 0, "usage: bench-replay-loop TAPE [ALLOCATOR [ROUNDS]]");
    if (rh_tape_open(argv[1], true, &error, &tape) < 0 || rh_tape_check(&tape, &error) < 0)
        fail(NULL, 0, 0, 0, error.message);
    const struct rh_allocator_ops *ops = rh_registry_find(name, reason, sizeof(reason));
    struct rh_allocator_config config = {0};
    void *ctx = NULL;
    if (ops == NULL || ops->create(&config, &ctx, reason, sizeof(reason)) != 0)
        fail(NULL, 0, 0, 0, reason);
    enum rh_touch touch = argc > 4 ? (enum rh_touch)strtol(argv[4], NULL, 10) : RH_TOUCH_NONE;
    for (int i = 0; i < rounds; i++)
        times[i] = play(&tape, ops, ctx, touch);
    uint64_t least = 0;
    for (int i = 0; i < RH_SAMPLE_SEGMENTS; i++)
        least += least_ns[i];
    qsort(times, (size_t)rounds, sizeof(*times), compare);
    for (int i = 0; i < RH_SAMPLE_SEGMENTS && argc > 5; i++)
        printf("%.2f ", (double)least_ns[i] / ((double)tape.header->ops / 24));
    printf("%s: least %.2f, median %.2f ns an operation (%d rounds of %llu)\n", name,
           (double)least / (double)tape.header->ops, times[rounds / 2], rounds,
           (unsigned long long)tape.header->ops);
    ops->destroy(ctx);
    rh_tape_close(&tape);
    return 0;
}
