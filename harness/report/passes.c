/* passes.c - what single passes say about a cell. */
#include "report/passes.h"

#include <math.h>

#include "measure/counters.h"
#include "measure/histogram.h"

/* The counted samples of one pass in a slice, one after the other; NULL: no more. */
static const struct rh_result_sample *next(struct rh_report_slice slice, enum rh_pass pass,
                                           size_t *at) {
    while (*at < slice.count) {
        const struct rh_result_sample *sample = slice.samples[(*at)++];
        if (rh_report_counts(sample, pass))
            return sample;
    }
    return NULL;
}

/* ---- system calls ---- */

static void emit_system_calls(const struct rh_report_index *index, struct rh_report_slice slice,
                              struct rh_report_emitter *out) {
    size_t at = 0;
    if (next(slice, RH_PASS_SYSCALLS, &at) == NULL) {
        rh_report_emit_text(out, "system_calls", NULL);
        return;
    }
    rh_report_open(out, "system_calls", '{');
#define X(name)                                                                                    \
    rh_report_emit_number(out, #name,                                                              \
                          rh_report_median(index, slice, RH_PASS_SYSCALLS,                         \
                                           offsetof(struct rh_sample, name##_calls)));
    RH_SYSTEM_CALL_MAP(X)
#undef X
    rh_report_close(out, '}');
}

/* ---- hardware counters ---- */

/* Medians; false: the machine counts none of them. */
static bool read_counters(const struct rh_report_index *index, struct rh_report_slice slice,
                          double ret_medians[RH_COUNTERS]) {
    static const size_t offsets[RH_COUNTERS] = {
#define X(name) offsetof(struct rh_sample, name),
        RH_COUNTER_MAP(X)
#undef X
    };
    bool any = false;
    for (size_t i = 0; i < RH_COUNTERS; i++) {
        ret_medians[i] = rh_report_median(index, slice, RH_PASS_THROUGHPUT, offsets[i]);
        any |= !isnan(ret_medians[i]);
    }
    return any;
}

static void emit_counters(const struct rh_report_index *index, struct rh_report_slice slice,
                          struct rh_report_emitter *out) {
    double medians[RH_COUNTERS];
    if (!read_counters(index, slice, medians)) {
        rh_report_emit_text(out, "counters", NULL);
        return;
    }
    const double *median = medians;
    rh_report_open(out, "counters", '{');
#define X(name) rh_report_emit_number(out, #name, *median++);
    RH_COUNTER_MAP(X)
#undef X
    rh_report_close(out, '}');
}

/* ---- where the resident bytes are ---- */

static const struct rh_sample *first_split(struct rh_report_slice slice) {
    size_t at = 0;
    const struct rh_result_sample *sample = NULL;
    while ((sample = next(slice, RH_PASS_MEMORY, &at)) != NULL)
        if (sample->sample.split_count > 0)
            return &sample->sample;
    return NULL;
}

static double mark_time(const struct rh_sample *sample, uint64_t mark) {
    if (mark >= sample->mark_count)
        return NAN;
    uint64_t recorded_ns = sample->marks[mark].recorded_ns;
    return recorded_ns > 0 ? (double)recorded_ns / 1e6 : (double)sample->marks[mark].op;
}

static void emit_column(struct rh_report_emitter *out, const char *key,
                        const struct rh_sample *sample, size_t offset) {
    rh_report_open(out, key, '[');
    for (uint32_t i = 0; i < sample->split_count; i++) {
        const char *split = (const char *)&sample->splits[i];
        rh_report_emit_figure(out, NULL, *(const uint64_t *)(const void *)(split + offset));
    }
    rh_report_close(out, ']');
}

static uint32_t fullest(const struct rh_sample *sample) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < sample->split_count; i++)
        if (sample->splits[i].counted_bytes > sample->splits[best].counted_bytes)
            best = i;
    return best;
}

static void emit_split(struct rh_report_slice slice, struct rh_report_emitter *out) {
    const struct rh_sample *sample = first_split(slice);
    if (sample == NULL) {
        rh_report_emit_text(out, "split", NULL);
        return;
    }
    uint32_t peak = fullest(sample);
    uint32_t last = sample->mark_count > 0 ? sample->mark_count - 1 : 0;
    rh_report_open(out, "split", '{');
    rh_report_emit_text(out, "unit", sample->marks[last].recorded_ns > 0 ? "ms" : "ops");
    rh_report_open(out, "t", '[');
    for (uint32_t i = 0; i < sample->split_count; i++)
        rh_report_emit_number(out, NULL, mark_time(sample, sample->splits[i].mark));
    rh_report_close(out, ']');
#define X(member) emit_column(out, #member, sample, offsetof(struct rh_split, member));
    RH_SPLIT_MAP(X)
#undef X
    rh_report_emit_count(out, "peak", peak);
    rh_report_open(out, "occupancy", '[');
    for (size_t i = 0; i < RH_SAMPLE_TENTHS; i++)
        rh_report_emit_figure(out, NULL, sample->splits[peak].occupancy[i]);
    rh_report_close(out, ']');
    rh_report_close(out, '}');
}

/* ---- latency ---- */

/* X(key, p) */
#define QUANTILES(X)                                                                               \
    X("p50", 0.5)                                                                                  \
    X("p90", 0.9)                                                                                  \
    X("p99", 0.99)                                                                                 \
    X("p999", 0.999)                                                                               \
    X("p9999", 0.9999)                                                                             \
    X("max", 1)

static void emit_quantiles(const struct rh_histogram *histogram, struct rh_report_emitter *out) {
#define X(key, p) rh_report_emit_number(out, key, rh_histogram_quantile_ns(histogram, p));
    QUANTILES(X)
#undef X
}

/* All rounds together: a rare call is rare in each. */
static void gather(struct rh_report_slice slice, unsigned kind, struct rh_histogram *histogram) {
    *histogram = (struct rh_histogram){0};
    size_t at = 0;
    const struct rh_result_sample *sample = NULL;
    while ((sample = next(slice, RH_PASS_LATENCY, &at)) != NULL)
        if (sample->latency != NULL)
            rh_histogram_add(histogram, sample->latency, kind, RH_LATENCY_CLASSES);
}

static void emit_kinds(struct rh_report_slice slice, struct rh_report_emitter *out) {
    rh_report_open(out, "kinds", '[');
    for (unsigned kind = 0; kind < RH_LATENCY_KINDS; kind++) {
        struct rh_histogram histogram;
        gather(slice, kind, &histogram);
        uint64_t total = rh_histogram_total(&histogram);
        if (total == 0)
            continue;
        rh_report_open(out, NULL, '{');
        rh_report_emit_text(out, "kind", rh_latency_kind_name(kind));
        rh_report_emit_count(out, "samples", total);
        emit_quantiles(&histogram, out);
        rh_report_close(out, '}');
    }
    rh_report_close(out, ']');
}

/* Quantiles at 1 - 10^-x for x in tenths, as far as a single sample goes: [x, ns] each. */
static void emit_spectrum(const struct rh_histogram *histogram, uint64_t total,
                          struct rh_report_emitter *out) {
    rh_report_open(out, "spectrum", '[');
    for (unsigned tenth = 0; pow(10, tenth / 10.0) <= (double)total; tenth++) {
        rh_report_open(out, NULL, '[');
        rh_report_emit_number(out, NULL, tenth / 10.0);
        rh_report_emit_number(out, NULL,
                              rh_histogram_quantile_ns(histogram, 1 - pow(10, -(tenth / 10.0))));
        rh_report_close(out, ']');
    }
    rh_report_close(out, ']');
}

static void emit_latency(struct rh_report_slice slice, struct rh_report_emitter *out) {
    struct rh_histogram histogram;
    gather(slice, RH_LATENCY_KINDS, &histogram);
    uint64_t total = rh_histogram_total(&histogram);
    if (total == 0) {
        rh_report_emit_text(out, "latency", NULL);
        return;
    }
    uint64_t quantum_ps = 0, lost = 0;
    size_t at = 0;
    const struct rh_result_sample *sample = NULL;
    while ((sample = next(slice, RH_PASS_LATENCY, &at)) != NULL) {
        if (sample->latency == NULL)
            continue;
        lost += sample->latency->lost;
        if (sample->latency->quantum_ps > quantum_ps)
            quantum_ps = sample->latency->quantum_ps;
    }
    rh_report_open(out, "latency", '{');
    rh_report_emit_count(out, "samples", total);
    rh_report_emit_count(out, "lost", lost);
    rh_report_emit_number(out, "quantum_ns", (double)quantum_ps / 1000);
    emit_quantiles(&histogram, out);
    emit_kinds(slice, out);
    emit_spectrum(&histogram, total, out);
    rh_report_close(out, '}');
}

void rh_report_emit_passes(const struct rh_report_index *index, size_t trace, size_t allocator,
                           struct rh_report_emitter *out) {
    struct rh_report_slice slice = rh_report_index_cell(index, trace, allocator);
    emit_counters(index, slice, out);
    emit_system_calls(index, slice, out);
    emit_split(slice, out);
    emit_latency(slice, out);
}
