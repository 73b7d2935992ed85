/* tiny.c - results made by hand. */
#include "tests/unit/report/tiny.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

enum { OPS = 1000 };

static char *name_of(const char *format, unsigned number) {
    char name[16];
    snprintf(name, sizeof(name), "%s%u", format, number);
    char *copy = rh_strdup(name);
    rh_assert(copy != NULL);
    return copy;
}

struct rh_result *tiny_create(unsigned allocators, unsigned traces, unsigned rounds) {
    struct rh_result *result = rh_alloc_zeroed(1, sizeof(*result));
    rh_assert(result != NULL);
    struct rh_manifest *manifest = &result->manifest;
    manifest->complete = true;
    manifest->rounds = rounds;
    manifest->allocators = rh_alloc_zeroed(allocators, sizeof(*manifest->allocators));
    manifest->traces = rh_alloc_zeroed(traces, sizeof(*manifest->traces));
    rh_assert(manifest->allocators != NULL && manifest->traces != NULL);
    manifest->allocator_count = allocators;
    manifest->trace_count = traces;
    for (unsigned a = 0; a < allocators; a++) {
        manifest->allocators[a].label = name_of("a", a);
        manifest->allocators[a].name = name_of("a", a);
    }
    for (unsigned t = 0; t < traces; t++) {
        manifest->traces[t].name = name_of("t", t);
        manifest->traces[t].source = rh_strdup("recorded");
        manifest->traces[t].ops = OPS;
        manifest->traces[t].threads = 1;
    }
    return result;
}

void tiny_make_floor(struct rh_result *result, unsigned allocator, const char *name) {
    struct rh_result_allocator *target = &result->manifest.allocators[allocator];
    rh_free(target->label);
    rh_free(target->name);
    target->label = rh_strdup(name);
    target->name = rh_strdup(name);
    target->floor = true;
    rh_assert(target->label != NULL && target->name != NULL);
}

/* Grows one by one: results of tests are small. */
static struct rh_result_sample *add(struct rh_result *result) {
    size_t count = result->sample_count + 1;
    result->samples = rh_realloc(result->samples, count * sizeof(*result->samples));
    rh_assert(result->samples != NULL);
    struct rh_result_sample *sample = &result->samples[result->sample_count];
    memset(sample, 0, sizeof(*sample));
    sample->index = result->sample_count;
    sample->sample.version = RH_SAMPLE_VERSION;
    sample->sample.end = RH_SAMPLE_MEASURED;
    sample->sample.ops = OPS;
    sample->sample.threads = 1;
    sample->sample.failed_op = UINT64_MAX;
    sample->sample.peak_live_bytes = UINT64_MAX;
    sample->sample.replayed_peak_live_bytes = UINT64_MAX;
    sample->sample.peak_resident_bytes = UINT64_MAX;
    sample->sample.purged_resident_bytes = UINT64_MAX;
    for (int i = 0; i < RH_SAMPLE_IDLE_STEPS; i++)
        sample->sample.freed_idle_ns[i] = sample->sample.freed_resident_bytes[i] = UINT64_MAX;
    result->sample_count = count;
    return sample;
}

struct rh_result_sample *tiny_time(struct rh_result *result, unsigned trace, unsigned allocator,
                                   unsigned round, double ns) {
    struct rh_result_sample *sample = add(result);
    sample->trace = trace;
    sample->allocator = allocator;
    sample->round = round;
    sample->sample.pass = RH_PASS_THROUGHPUT;
    sample->sample.busy_ns = (uint64_t)(ns * OPS + 0.5);
    return sample;
}

struct rh_result_sample *tiny_again(struct rh_result *result, unsigned trace, unsigned round,
                                    double ns) {
    struct rh_result_sample *sample =
        tiny_time(result, trace, result->manifest.baseline, round, ns);
    sample->copy = 1;
    return sample;
}

struct rh_result_sample *tiny_memory(struct rh_result *result, unsigned trace, unsigned allocator,
                                     unsigned round, uint64_t live_bytes, uint64_t resident_bytes) {
    struct rh_result_sample *sample = add(result);
    sample->trace = trace;
    sample->allocator = allocator;
    sample->round = round;
    sample->sample.pass = RH_PASS_MEMORY;
    sample->sample.peak_live_bytes = live_bytes;
    sample->sample.peak_resident_bytes = resident_bytes;
    return sample;
}

/* -3 ... 3 permille, other for each allocator, without any trend. */
static double wobble(unsigned round, unsigned allocator) {
    return 1 + 0.001 * ((int)((round * 5 + allocator * 3) % 7) - 3);
}

void tiny_fill(struct rh_result *result, const double *factors) {
    for (unsigned t = 0; t < result->manifest.trace_count; t++)
        for (unsigned r = 1; r <= result->manifest.rounds; r++) {
            tiny_time(result, t, 0, r, 100 * wobble(r, 0));
            tiny_again(result, t, r, 100 * wobble(r, 1));
            for (unsigned a = 1; a < result->manifest.allocator_count; a++)
                tiny_time(result, t, a, r, 100 * factors[a - 1] * wobble(r, a + 1));
        }
}
