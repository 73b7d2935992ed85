/* summary.c - the summary as a row of numbers, in the order in which a file holds them. */
#include <string.h>

#include "trace/format.h"

void rh_summary_to_words(const struct rh_trace_summary *summary,
                         uint64_t ret_words[RH_FORMAT_SUMMARY_WORDS]) {
    _Static_assert(sizeof(*summary) == RH_FORMAT_SUMMARY_WORDS * sizeof(uint64_t),
                   "the summary is a row of 64-bit numbers, and a new one changes the format");
    memcpy(ret_words, summary, sizeof(*summary));
}

void rh_summary_from_words(const uint64_t words[RH_FORMAT_SUMMARY_WORDS],
                           struct rh_trace_summary *ret_summary) {
    memcpy(ret_summary, words, sizeof(*ret_summary));
}
