/* checkpoints.c - evenly spaced marks, and the two peaks. */
#include "replay/checkpoints.h"

#include <string.h>

#include "base/assert.h"

enum {
    EVEN = RH_SAMPLE_SPLITS - 2,
    /* Where R rises all along, every mark is a new peak, and a split walks over all live blocks. In
     * steps of 1/16 the splits on the way up cost at most 17 of the highest. */
    PEAK_STEPS = 16,
};

int rh_checkpoints_init(struct rh_checkpoints *checkpoints, const struct rh_tape *tape,
                        struct rh_error *error) {
    *checkpoints = (struct rh_checkpoints){.marks = tape->header->marks};
    for (uint64_t i = 1; i < checkpoints->marks; i++)
        if (tape->marks[i].live_bytes > tape->marks[checkpoints->peak_live_mark].live_bytes)
            checkpoints->peak_live_mark = i;
    return rh_splitter_init(&checkpoints->splitter, tape, error);
}

/* The last mark of each of EVEN equal parts. */
static bool is_chosen(const struct rh_checkpoints *checkpoints, uint64_t mark) {
    uint64_t marks = checkpoints->marks;
    return mark == checkpoints->peak_live_mark || mark * EVEN / marks != (mark + 1) * EVEN / marks;
}

static bool is_peak(const struct rh_checkpoints *checkpoints, uint64_t bytes) {
    uint64_t last = checkpoints->peak_resident_bytes;
    return !checkpoints->any || bytes > last + last / PEAK_STEPS;
}

static void note_usable(struct rh_sample *sample, const struct rh_split *split) {
    sample->marks[split->mark].usable_bytes = split->usable_bytes;
}

int rh_checkpoints_at_mark(struct rh_checkpoints *checkpoints, const struct rh_engine *engine,
                           uint64_t mark, const struct rh_resident *resident,
                           struct rh_error *error, struct rh_sample *sample) {
    uint64_t bytes = sample->marks[mark].resident_bytes;
    bool chosen = is_chosen(checkpoints, mark);
    if (!chosen && !is_peak(checkpoints, bytes))
        return 0;
    bool peak = !checkpoints->any || bytes > checkpoints->peak_resident_bytes;
    struct rh_split split;
    rh_try(rh_splitter_split(&checkpoints->splitter, engine, mark, resident, error, &split));
    note_usable(sample, &split);
    if (chosen) {
        rh_assert(sample->split_count < RH_SAMPLE_SPLITS - 1);
        sample->splits[sample->split_count++] = split;
    }
    if (peak) {
        checkpoints->peak_resident_bytes = bytes;
        checkpoints->peak_resident = split;
        checkpoints->any = true;
    }
    return 0;
}

void rh_checkpoints_end(const struct rh_checkpoints *checkpoints, struct rh_sample *sample) {
    const struct rh_split *peak = &checkpoints->peak_resident;
    uint32_t at = sample->split_count;
    if (!checkpoints->any)
        return;
    while (at > 0 && sample->splits[at - 1].mark > peak->mark)
        at--;
    if (at > 0 && sample->splits[at - 1].mark == peak->mark)
        return;
    memmove(&sample->splits[at + 1], &sample->splits[at],
            (sample->split_count - at) * sizeof(*peak));
    sample->splits[at] = *peak;
    sample->split_count++;
}
