/* line.c - one sample as a line of samples.jsonl, what is long of it as a line of series.jsonl. */
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "result/codec.h"

static void put_sample(struct rh_json_out *out, const struct rh_sample *sample) {
    rh_json_put_text(out, "pass", rh_pass_name(sample->pass));
    rh_json_put_text(out, "end", rh_sample_end_name(sample->end));
    rh_json_put(out, "signal", json_integer(sample->signal));
    rh_json_put_text(out, "reason", sample->reason);
    rh_json_put_text(out, "object", sample->object);
    rh_json_put_hex(out, "checksum", sample->checksum);
#define X(member) rh_json_put_figure(out, #member, sample->member);
    RH_SAMPLE_FIGURES(X)
    RH_SAMPLE_LATER_FIGURES(X)
#undef X
    rh_json_put_figures(out, "segment_ops", sample->segment_ops, sample->segment_count);
    rh_json_put_figures(out, "segment_busy_ns", sample->segment_busy_ns, sample->segment_count);
    rh_json_put_figures(out, "freed_idle_ns", sample->freed_idle_ns, RH_SAMPLE_IDLE_STEPS);
    rh_json_put_figures(out, "freed_resident_bytes", sample->freed_resident_bytes,
                        RH_SAMPLE_IDLE_STEPS);
    rh_json_put_text(out, "purge_call", sample->purge_call);
    rh_json_put_text(out, "counters_reason", sample->counters_reason);
    rh_json_put_u64(out, "marks", sample->mark_count);
}

/* The columns of the marks; NULL members of `object` are failures. */
static void put_marks(struct rh_json_out *out, const struct rh_sample *sample) {
#define X(member)                                                                                  \
    {                                                                                              \
        uint64_t column[RH_SAMPLE_MARKS];                                                          \
        for (uint32_t i = 0; i < sample->mark_count; i++)                                          \
            column[i] = sample->marks[i].member;                                                   \
        rh_json_put_figures(out, #member, column, sample->mark_count);                             \
    }
    RH_MARK_COLUMNS(X)
#undef X
}

/* Everything that is long. */
static void put_long(struct rh_json_out *out, const struct rh_sample *sample,
                     const struct rh_latency *latency) {
    put_marks(out, sample);
    if (sample->split_count > 0)
        rh_json_put(out, "splits", rh_splits_encode(sample));
    if (latency != NULL)
        rh_json_put(out, "latency", rh_latency_encode(latency));
}

/* Takes over the object. */
static int dump_line(struct rh_json_out *out, struct rh_error *error, struct rh_text *ret_text) {
    int result = 0;
    if (out->failed)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for a line of the result");
    else
        result = rh_json_dump(out->object, JSON_COMPACT, error, ret_text);
    json_decref(out->object);
    return result;
}

int rh_result_sample_encode(const struct rh_result_sample *sample, struct rh_error *error,
                            struct rh_text *ret_text) {
    rh_assert(sample->sample.segment_count <= RH_SAMPLE_SEGMENTS);
    rh_assert(sample->sample.mark_count <= RH_SAMPLE_MARKS);
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_u64(&out, "index", sample->index);
    rh_json_put_u64(&out, "round", sample->round);
    rh_json_put_u64(&out, "trace", sample->trace);
    rh_json_put_u64(&out, "allocator", sample->allocator);
    rh_json_put_u64(&out, "copy", sample->copy);
    rh_json_put_figure(&out, "started_ns", sample->started_ns);
    rh_json_put_figure(&out, "environment_padding_bytes", sample->environment_padding_bytes);
#define X(member) rh_json_put_figure(&out, #member, sample->machine.member);
    RH_MACHINE_FIGURES(X)
#undef X
    put_sample(&out, &sample->sample);
    return dump_line(&out, error, ret_text);
}

int rh_result_series_encode(const struct rh_result_sample *sample, struct rh_error *error,
                            struct rh_text *ret_text) {
    rh_assert(sample->sample.mark_count <= RH_SAMPLE_MARKS);
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_u64(&out, "index", sample->index);
    put_long(&out, &sample->sample, sample->latency);
    return dump_line(&out, error, ret_text);
}

int rh_result_sample_json(const struct rh_sample *sample, const struct rh_latency *latency,
                          bool series, struct rh_error *error, struct rh_text *ret_text) {
    rh_assert(sample->mark_count <= RH_SAMPLE_MARKS);
    rh_json_use_memory();
    struct rh_json_out out = {.object = json_object()};
    put_sample(&out, sample);
    if (series) {
        struct rh_json_out columns = {.object = json_object()};
        put_long(&columns, sample, latency);
        rh_json_put(&out, "series", columns.object);
        out.failed |= columns.failed;
    }
    return dump_line(&out, error, ret_text);
}

static int get_segments(const struct rh_json_place *place, const json_t *object,
                        struct rh_sample *sample) {
    size_t ops = 0;
    size_t busy = 0;
    rh_try(rh_json_get_figures(place, object, "segment_ops", RH_SAMPLE_SEGMENTS,
                               sample->segment_ops, &ops));
    rh_try(rh_json_get_figures(place, object, "segment_busy_ns", RH_SAMPLE_SEGMENTS,
                               sample->segment_busy_ns, &busy));
    if (ops != busy)
        return rh_json_fail(place, RH_ERR_FORMAT, "segment_busy_ns",
                            "has %zu entries, and segment_ops has %zu", busy, ops);
    sample->segment_count = (uint32_t)ops;
    return 0;
}

static int get_idle_steps(const struct rh_json_place *place, const json_t *object,
                          struct rh_sample *sample) {
    size_t times = 0;
    size_t bytes = 0;
    rh_try(rh_json_get_figures(place, object, "freed_idle_ns", RH_SAMPLE_IDLE_STEPS,
                               sample->freed_idle_ns, &times));
    rh_try(rh_json_get_figures(place, object, "freed_resident_bytes", RH_SAMPLE_IDLE_STEPS,
                               sample->freed_resident_bytes, &bytes));
    if (times != bytes)
        return rh_json_fail(place, RH_ERR_FORMAT, "freed_resident_bytes",
                            "has %zu entries, and freed_idle_ns has %zu", bytes, times);
    for (size_t i = times; i < RH_SAMPLE_IDLE_STEPS; i++) {
        sample->freed_idle_ns[i] = UINT64_MAX;
        sample->freed_resident_bytes[i] = UINT64_MAX;
    }
    return 0;
}

static int get_signal(const struct rh_json_place *place, const json_t *object,
                      struct rh_sample *sample) {
    uint64_t value = 0;
    rh_try(rh_json_get_u64(place, object, "signal", 1024, &value));
    sample->signal = (int32_t)value;
    return 0;
}

static int get_sample(const struct rh_json_place *place, const json_t *object,
                      struct rh_sample *sample) {
    rh_try(rh_json_get_name(place, object, "pass", rh_pass_names(), &sample->pass));
    rh_try(rh_json_get_name(place, object, "end", rh_sample_end_names(), &sample->end));
    rh_try(get_signal(place, object, sample));
    rh_try(rh_json_get_buffer(place, object, "reason", sample->reason, sizeof(sample->reason)));
    rh_try(rh_json_get_buffer(place, object, "object", sample->object, sizeof(sample->object)));
    rh_try(rh_json_get_hex(place, object, "checksum", &sample->checksum));
#define X(member) rh_try(rh_json_get_figure(place, object, #member, &sample->member));
    RH_SAMPLE_FIGURES(X)
#undef X
#define X(member) rh_try(rh_json_get_later_figure(place, object, #member, &sample->member));
    RH_SAMPLE_LATER_FIGURES(X)
#undef X
    rh_try(get_segments(place, object, sample));
    rh_try(get_idle_steps(place, object, sample));
    if (json_object_get(object, "counters_reason") != NULL)
        rh_try(rh_json_get_buffer(place, object, "counters_reason", sample->counters_reason,
                                  sizeof(sample->counters_reason)));
    return rh_json_get_buffer(place, object, "purge_call", sample->purge_call,
                              sizeof(sample->purge_call));
}

int rh_result_sample_decode(const struct rh_json_place *place, const json_t *object,
                            const struct rh_manifest *manifest, struct rh_result_sample *sample,
                            uint32_t *ret_marks) {
    if (manifest->trace_count == 0 || manifest->allocator_count == 0)
        return rh_fail(place->error, RH_ERR_FORMAT,
                       "%s:%zu: a sample, though the manifest has no trace or no allocator",
                       place->file, place->line);
    /* The marks behind mark_count are 40 KiB that nobody reads. */
    memset(sample, 0, offsetof(struct rh_result_sample, sample.marks));
    sample->sample.split_count = 0;
    sample->sample.version = RH_SAMPLE_VERSION;
    rh_try(rh_json_get_u64(place, object, "index", RH_RESULT_SAMPLES, &sample->index));
    rh_try(rh_json_get_u32(place, object, "round", manifest->rounds, &sample->round));
    rh_try(rh_json_get_u32(place, object, "trace", (uint32_t)manifest->trace_count - 1,
                           &sample->trace));
    rh_try(rh_json_get_u32(place, object, "allocator", (uint32_t)manifest->allocator_count - 1,
                           &sample->allocator));
    rh_try(rh_json_get_u32(place, object, "copy", 1, &sample->copy));
    if (sample->copy != 0 && sample->allocator != manifest->baseline)
        return rh_json_fail(place, RH_ERR_FORMAT, "copy", "may be 1 for the baseline only");
    rh_try(rh_json_get_figure(place, object, "started_ns", &sample->started_ns));
    rh_try(rh_json_get_figure(place, object, "environment_padding_bytes",
                              &sample->environment_padding_bytes));
#define X(member) rh_try(rh_json_get_later_figure(place, object, #member, &sample->machine.member));
    RH_MACHINE_FIGURES(X)
#undef X
    rh_try(get_sample(place, object, &sample->sample));
    return rh_json_get_u32(place, object, "marks", RH_SAMPLE_MARKS, ret_marks);
}

static int decode_marks(const struct rh_json_place *place, const json_t *object,
                        struct rh_series *series) {
    uint64_t column[RH_SAMPLE_MARKS];
    size_t first = SIZE_MAX;
#define X(member)                                                                                  \
    {                                                                                              \
        size_t count = 0;                                                                          \
        rh_try(rh_json_get_figures(place, object, #member, RH_SAMPLE_MARKS, column, &count));      \
        if (first == SIZE_MAX)                                                                     \
            first = count;                                                                         \
        if (count != first)                                                                        \
            return rh_json_fail(place, RH_ERR_FORMAT, #member,                                     \
                                "has %zu entries, and the first column has %zu", count, first);    \
        for (size_t i = 0; i < count; i++)                                                         \
            series->marks[i].member = column[i];                                                   \
    }
    RH_MARK_COLUMNS(X)
#undef X
    series->mark_count = (uint32_t)first;
    return 0;
}

static int decode_splits(const struct rh_json_place *place, const json_t *object,
                         struct rh_series *series) {
    const json_t *splits = NULL;
    if (json_object_get(object, "splits") == NULL)
        return 0;
    rh_try(rh_json_get_object(place, object, "splits", &splits));
    rh_try(rh_splits_decode(place, splits, series->splits, &series->split_count));
    for (uint32_t i = 0; i < series->split_count; i++)
        if (series->splits[i].mark >= series->mark_count ||
            (i > 0 && series->splits[i].mark <= series->splits[i - 1].mark))
            return rh_json_fail(place, RH_ERR_FORMAT, "mark",
                                "must rise and be the index of one of the %u marks",
                                series->mark_count);
    return 0;
}

static int decode_latency(const struct rh_json_place *place, const json_t *object,
                          struct rh_series *series) {
    const json_t *latency = NULL;
    if (json_object_get(object, "latency") == NULL)
        return 0;
    rh_try(rh_json_get_object(place, object, "latency", &latency));
    struct rh_latency *read = rh_alloc_zeroed(1, sizeof(*read));
    if (read == NULL)
        return rh_fail(place->error, RH_ERR_MEMORY, "no memory for a distribution");
    int result = rh_latency_decode(place, latency, read);
    if (result == 0)
        series->latency = read;
    else
        rh_free(read);
    return result;
}

int rh_result_series_decode(const struct rh_json_place *place, const json_t *object,
                            struct rh_series *series) {
    series->mark_count = series->split_count = 0;
    series->latency = NULL;
    rh_try(rh_json_get_u64(place, object, "index", RH_RESULT_SAMPLES, &series->index));
    rh_try(decode_marks(place, object, series));
    rh_try(decode_splits(place, object, series));
    return decode_latency(place, object, series);
}
