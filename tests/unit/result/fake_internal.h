/* fake_internal.h - what the files of the made-up results share. */
#ifndef RH_TEST_FAKE_INTERNAL_H
#define RH_TEST_FAKE_INTERNAL_H

#include "base/random.h"
#include "tests/unit/result/fake.h"

enum { FAKE_FLOORS = 2, FAKE_ALLOCATORS_MOST = 16 };

/* A made-up character: ns an operation, share of time over the floors' threads, bytes kept. */
struct fake_character {
    const char *label, *name, *kind, *file, *version;
    bool floor;
    double ns;       /* an operation on the first trace */
    double slope;    /* how the cost grows with the trace's number */
    double overhead; /* R over L at the peak */
    double kept;     /* share of the peak that stays after everything was freed */
    uint64_t base_bytes;
};

/* ---- fake_manifest.c ---- */

/* The character of the i-th allocator of the manifest. */
const struct fake_character *fake_character(const struct fake_options *options, size_t i);
bool fake_is_synthetic(const struct fake_options *options, size_t t);
uint64_t fake_trace_ops(size_t t);
uint64_t fake_trace_peak(size_t t);
unsigned fake_or_default(unsigned value, unsigned fallback);
/* A copy, which the manifest's end frees; NULL stays NULL. */
char *fake_text(const char *string);

/* ---- fake_passes.c: what `passes` asks for ---- */

/* Splits of a memory sample whose marks are filled; counts of system calls; a distribution. */
void fake_split(struct rh_result_sample *line, struct rh_random *random);
void fake_system_calls(struct rh_sample *sample, uint32_t allocator, struct rh_random *random);
void fake_latency(struct rh_latency *latency, uint32_t allocator, struct rh_random *random);

#endif
