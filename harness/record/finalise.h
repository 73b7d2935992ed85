/* finalise.h - the spool of one process image becomes a trace. */
#ifndef RH_RECORD_FINALISE_H
#define RH_RECORD_FINALISE_H

#include <stdint.h>

#include "base/error.h"
#include "record/merge.h"
#include "record/record.h"

struct rh_finalise_options {
    uint64_t peak_rss_bytes; /* where the process could not say it; 0: unknown */
    double cost_ns;          /* of recording one event; 0: unknown */
    enum rh_record_times times;
    /* Forks of this process whose children left spools, in the order of the stamps; the subject is
     * the child's stem. What lives then is written for it (record/born.h). */
    const struct rh_merge_moment *forks;
    size_t forks_count;
};

/* Reads STEM.live and STEM.full, writes the trace `path` and describes it in a zeroed *ret_trace
 * (rh_record_trace_finish frees it). RH_ERR_MISSING: the process made no calls, and nothing is
 * written. */
int rh_finalise(const char *stem, const char *path, const struct rh_finalise_options *options,
                struct rh_error *error, struct rh_record_trace *ret_trace);

/* Of a process that still runs, so that its children that have ended know what they inherited:
 * writes that of its forks, and nothing else. */
int rh_finalise_forks(const char *stem, const struct rh_finalise_options *options,
                      struct rh_error *error);

void rh_record_trace_finish(struct rh_record_trace *trace);

#endif
