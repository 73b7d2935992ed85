/* verify.c - the whole trace against every rule and every count. */
#include <inttypes.h>
#include <string.h>

#include "trace/check.h"
#include "trace/format.h"
#include "trace/trace.h"

/* The summary's numbers, in order. */
static const char *const number_names[RH_FORMAT_SUMMARY_WORDS] = {
    "events",
#define X(name, value, text, releases, acquires) [1 + (value)] = text " events",
    RH_EVENT_MAP(X)
#undef X
        [1 + RH_EVENT_KINDS] = "objects",
    "threads",
    "cross-thread releases",
    "allocated bytes",
    "peak live bytes",
    "the event of the peak",
    "peak live objects",
    "live bytes at the end",
    "live objects at the end",
    "the content hash",
};

static int check_events(struct rh_trace_reader *reader, struct rh_trace_check *check,
                        struct rh_error *error) {
    const struct rh_event *events = NULL;
    size_t count = 0;
    do {
        rh_try(rh_trace_reader_next(reader, error, &events, &count));
        for (size_t i = 0; i < count; i++)
            rh_try(rh_trace_check_add(check, &events[i], error));
    } while (count > 0);
    return 0;
}

static int check_counts(const struct rh_trace_reader *reader, const struct rh_trace_check *check,
                        struct rh_error *error) {
    uint64_t stated[RH_FORMAT_SUMMARY_WORDS];
    uint64_t counted[RH_FORMAT_SUMMARY_WORDS];
    struct rh_trace_summary summary = rh_trace_check_summary(check);
    rh_summary_to_words(rh_trace_reader_summary(reader), stated);
    rh_summary_to_words(&summary, counted);
    for (size_t i = 0; i < RH_FORMAT_SUMMARY_WORDS; i++)
        if (stated[i] != counted[i])
            return rh_fail(error, RH_ERR_CHECK,
                           "summary, %s: %" PRIu64 " stated, %" PRIu64 " counted", number_names[i],
                           stated[i], counted[i]);
    if (rh_trace_reader_meta(reader)->time_quantum_ns == 0 && check->time_ns != 0)
        return rh_fail(error, RH_ERR_CHECK, "events have times, but time_quantum_ns is 0");
    return 0;
}

int rh_trace_verify(const char *path, struct rh_error *error,
                    struct rh_trace_summary *ret_summary) {
    struct rh_trace_reader *reader = NULL;
    struct rh_trace_check check;
    struct rh_error own = {0}; /* so that a sentence of the checker can get the file's name */
    rh_try(rh_trace_reader_open(path, error, &reader));
    int result = rh_trace_check_init(&check, &own);
    if (result == 0)
        result = check_events(reader, &check, &own);
    if (result == 0)
        result = check_counts(reader, &check, &own);
    if (result == 0 && ret_summary != NULL)
        *ret_summary = rh_trace_check_summary(&check);
    rh_trace_check_finish(&check);
    rh_trace_reader_close(reader);
    if (result == RH_ERR_CHECK)
        return rh_fail(error, result, "%s: %s", path, own.message);
    return result == 0 ? 0 : rh_fail(error, result, "%s", own.message);
}
