/* anonymise.c - a trace without names and exact times. */
#include "trace/tools/anonymise.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/text.h"
#include "trace/tools/batch.h"
#include "trace/tools/feed.h"

const char *const *rh_anonymise_drops(void) {
    static const char *const drops[] = {
        "program and its file, command line, process id, names of threads",
        "host, C library, allocator, recording tool, date",
        "notes, and keys that this version does not know",
        NULL,
    };
    return drops;
}

int rh_anonymise_remains(const struct rh_anonymise *anonymise,
                         char ret_sentences[][RH_ANONYMISE_SENTENCE_BYTES]) {
    int count = 0;
#define SAY(...) snprintf(ret_sentences[count++], RH_ANONYMISE_SENTENCE_BYTES, __VA_ARGS__)
    SAY("the order of all calls, and which kind each is");
    if (anonymise->size_step_bytes > 1)
        SAY("sizes, rounded up to multiples of %" PRIu64 " bytes; alignments",
            anonymise->size_step_bytes);
    else
        SAY("exact sizes and alignments: a size can be the length of a text");
    SAY("which thread makes and frees each block, and when threads begin and end");
    char step[RH_HUMAN_BYTES];
    if (anonymise->time_step_ns > 0)
        SAY("times and the duration, in steps of %s",
            rh_human_ns(step, (double)anonymise->time_step_ns));
    SAY("pages that each block had touched, where they were recorded");
    SAY("peak resident memory, and counts of unknown frees, drops and torn threads");
#undef SAY
    rh_assert(count <= RH_ANONYMISE_REMAINS_MOST);
    return count;
}

static uint64_t coarse_time(const struct rh_anonymise *anonymise, uint64_t time_ns) {
    uint64_t step = anonymise->time_step_ns;
    return step > 0 ? time_ns - time_ns % step : 0;
}

static uint64_t coarse_size(const struct rh_anonymise *anonymise, uint64_t size) {
    uint64_t step = anonymise->size_step_bytes;
    uint64_t over = size % step;
    return over == 0 || size > UINT64_MAX - step ? size : size - over + step;
}

static int copy(const struct rh_anonymise *anonymise, struct rh_feed *feed, struct rh_batch *batch,
                struct rh_error *error) {
    for (;;) {
        const struct rh_event *event = NULL;
        rh_try(rh_feed_next(feed, error, &event));
        if (event == NULL)
            return 0;
        struct rh_event written = *event;
        written.time_ns = coarse_time(anonymise, event->time_ns);
        written.size = coarse_size(anonymise, event->size);
        rh_try(rh_batch_add(batch, &written, error));
    }
}

static int finish_trace(const struct rh_anonymise *anonymise, const struct rh_trace_meta *meta,
                        struct rh_batch *batch, struct rh_error *error,
                        struct rh_trace_summary *ret_summary) {
    struct rh_trace_meta left = {
        .unknown_frees = meta->unknown_frees,
        .drops = meta->drops,
        .torn = meta->torn,
        .peak_rss_bytes = meta->peak_rss_bytes,
        .duration_ns = coarse_time(anonymise, meta->duration_ns),
        .cpu_ns = coarse_time(anonymise, meta->cpu_ns),
        .recorder_ns = coarse_time(anonymise, meta->recorder_ns),
    };
    if (anonymise->time_step_ns > 0 && meta->time_quantum_ns > 0)
        left.time_quantum_ns = anonymise->time_step_ns;
    /* Whether the workload is synthetic is no secret, and reports must not lose it. */
    bool synthetic = rh_tools_is_synthetic(meta);
    rh_try(rh_tools_set_text(&left.source, synthetic ? "synthetic:anonymous" : "anonymous", error));
    int result = rh_batch_finish(batch, &left, error, ret_summary);
    rh_trace_meta_finish(&left);
    return result;
}

static int run(const char *path, const struct rh_anonymise *anonymise, const char *out,
               struct rh_feed *feed, struct rh_batch *batch, struct rh_error *error,
               struct rh_trace_summary *ret_summary) {
    rh_try(rh_feed_open(feed, path, error));
    rh_try(rh_batch_init(batch, out, error));
    rh_try(copy(anonymise, feed, batch, error));
    return finish_trace(anonymise, rh_feed_meta(feed), batch, error, ret_summary);
}

int rh_trace_anonymise(const char *path, const struct rh_anonymise *anonymise, const char *out,
                       struct rh_error *error, struct rh_trace_summary *ret_summary) {
    if (anonymise->size_step_bytes == 0 || anonymise->size_step_bytes > RH_TRACE_SIZE_MAX_BYTES)
        return rh_fail(error, RH_ERR_INVALID, "sizes in steps of %" PRIu64 " bytes: use at least 1",
                       anonymise->size_step_bytes);
    struct rh_batch *batch = rh_alloc_zeroed(1, sizeof(*batch));
    if (batch == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory to anonymise %s", path);
    struct rh_feed feed = {0};
    int result = run(path, anonymise, out, &feed, batch, error, ret_summary);
    rh_batch_destroy(batch);
    rh_feed_close(&feed);
    rh_free(batch);
    return result;
}
