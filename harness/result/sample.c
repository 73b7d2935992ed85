/* sample.c - the names of what a sample may be. */
#include "result/sample.h"

#include <stddef.h>
#include <string.h>

static const char *const end_names[] = {
#define X(name, text) text,
    RH_SAMPLE_END_MAP(X)
#undef X
        NULL,
};

static const char *const pass_names[] = {
#define X(name, text) text,
    RH_PASS_MAP(X)
#undef X
        NULL,
};

static const char *const touch_names[] = {
#define X(name, text) text,
    RH_TOUCH_MAP(X)
#undef X
        NULL,
};

static const char *const latency_kind_names[] = {
#define X(name, text) text,
    RH_LATENCY_KIND_MAP(X)
#undef X
        NULL,
};

static const uint64_t class_limits[RH_LATENCY_CLASSES] = {
    64, 512, 4096, 32768, 262144, 2097152, UINT64_MAX,
};

uint64_t rh_latency_class_limit(unsigned size_class) {
    return class_limits[size_class < RH_LATENCY_CLASSES ? size_class : RH_LATENCY_CLASSES - 1];
}

unsigned rh_latency_class_of(uint64_t size) {
    unsigned size_class = 0;
    while (size > class_limits[size_class])
        size_class++;
    return size_class;
}

const char *rh_latency_kind_name(unsigned kind) {
    return kind < RH_LATENCY_KINDS ? latency_kind_names[kind] : "?";
}

const char *const *rh_latency_kind_names(void) {
    return latency_kind_names;
}

void rh_sample_init(struct rh_sample *sample, unsigned pass) {
    memset(sample, 0, sizeof(*sample));
    sample->version = RH_SAMPLE_VERSION;
    sample->pass = pass;
    sample->failed_op = UINT64_MAX;
#define X(name) sample->name = UINT64_MAX;
    RH_COUNTER_MAP(X)
#undef X
#define X(name) sample->name##_calls = UINT64_MAX;
    RH_SYSTEM_CALL_MAP(X)
#undef X
    sample->peak_live_bytes = UINT64_MAX;
    sample->replayed_peak_live_bytes = UINT64_MAX;
    sample->start_resident_bytes = UINT64_MAX;
    sample->peak_resident_bytes = UINT64_MAX;
    sample->high_water_bytes = UINT64_MAX;
    sample->purged_resident_bytes = UINT64_MAX;
    for (int i = 0; i < RH_SAMPLE_IDLE_STEPS; i++)
        sample->freed_resident_bytes[i] = sample->freed_idle_ns[i] = UINT64_MAX;
}

const char *rh_sample_end_name(unsigned end) {
    return end < RH_SAMPLE_ENDS ? end_names[end] : "?";
}

const char *rh_pass_name(unsigned pass) {
    return pass < RH_PASSES ? pass_names[pass] : "?";
}

const char *rh_touch_name(unsigned touch) {
    return touch < RH_TOUCHES ? touch_names[touch] : "?";
}

const char *const *rh_sample_end_names(void) {
    return end_names;
}

const char *const *rh_pass_names(void) {
    return pass_names;
}

const char *const *rh_touch_names(void) {
    return touch_names;
}
