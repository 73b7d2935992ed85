/* fake_passes.c - what passes beyond time and memory might have measured. All figures are made up.
 */
#include <string.h>

#include "tests/unit/result/fake_internal.h"

static uint64_t part(uint64_t whole, uint64_t share, struct rh_random *random) {
    return whole / 100 * share + rh_random_below(random, 4096);
}

/* Twenty checkpoints; the further the allocator's number, the more of it is empty. */
void fake_split(struct rh_result_sample *line, struct rh_random *random) {
    struct rh_sample *sample = &line->sample;
    sample->split_count = RH_SAMPLE_SPLITS;
    for (uint32_t i = 0; i < RH_SAMPLE_SPLITS; i++) {
        struct rh_split *split = &sample->splits[i];
        split->mark = (uint64_t)sample->mark_count * (i + 1) / RH_SAMPLE_SPLITS - 1;
        uint64_t resident = sample->marks[split->mark].resident_bytes;
        split->live_bytes = part(resident, 70 - 4 * (line->allocator % 8), random);
        split->internal_bytes = part(resident, 6, random);
        split->partial_bytes = part(resident, 8, random);
        split->empty_bytes =
            resident - split->live_bytes - split->internal_bytes - split->partial_bytes;
        split->counted_bytes = split->anonymous_bytes = resident;
        split->lazy_free_bytes = split->empty_bytes / 4;
        split->usable_bytes = split->live_bytes + split->internal_bytes;
        split->huge_live_bytes = split->huge_bytes = 0;
        split->page_table_bytes = 40960;
        for (unsigned tenth = 0; tenth < RH_SAMPLE_TENTHS; tenth++)
            split->occupancy[tenth] = (tenth + 1) * (tenth + 1) + rh_random_below(random, 20);
    }
}

void fake_system_calls(struct rh_sample *sample, uint32_t allocator, struct rh_random *random) {
    sample->brk_calls = allocator == 2 ? 100 + rh_random_below(random, 9) : 0;
    sample->mmap_calls = 10 * allocator + rh_random_below(random, 9);
    sample->munmap_calls = 5 * allocator;
    sample->mremap_calls = 0;
    sample->madvise_calls = rh_random_below(random, 50);
    sample->mprotect_calls = 3;
}

/* Bins from where half of the calls are, ever rarer: what is slow is rare. */
static void add_histogram(struct rh_latency *latency, unsigned kind, unsigned size_class,
                          uint16_t first, uint32_t most) {
    for (uint16_t step = 0; most >> (step / 2) > 0; step++) {
        latency->entries[latency->entry_count++] = (struct rh_latency_entry){
            .cell = (uint16_t)(kind * RH_LATENCY_CLASSES + size_class),
            .bin = (uint16_t)(first + 7 * step),
            .count = most >> (step / 2),
        };
        latency->samples += most >> (step / 2);
    }
}

void fake_latency(struct rh_latency *latency, uint32_t allocator, struct rh_random *random) {
    memset(latency, 0, sizeof(*latency));
    latency->quantum_ps = 10000;
    latency->lost = rh_random_below(random, 3);
    uint16_t first = (uint16_t)(100 + 9 * allocator + rh_random_below(random, 4));
    add_histogram(latency, RH_LATENCY_MALLOC, 0, first, 20000);
    add_histogram(latency, RH_LATENCY_MALLOC, 3, (uint16_t)(first + 40), 500);
    add_histogram(latency, RH_LATENCY_FREE, 0, (uint16_t)(first - 10), 18000);
    latency->samples += latency->lost;
    latency->exemplar_count = 1;
    latency->exemplars[0] = (struct rh_latency_exemplar){
        .kind = RH_LATENCY_MALLOC, .op = 17, .size = 4000, .ns = 90000, .faults = 1};
}
