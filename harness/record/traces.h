/* traces.h - all spools of a directory become traces. */
#ifndef RH_RECORD_TRACES_H
#define RH_RECORD_TRACES_H

#include <stdint.h>

#include "base/error.h"
#include "record/record.h"
#include "record/spooldir.h"

struct rh_traces_request {
    const char *directory; /* of the spools */
    const char *output;    /* of the main process; NULL: PROGRAM.rht. Further ones lie beside it */
    uint64_t main_pid;     /* 0: there is none, all are named PROGRAM.PID.rht */
    uint64_t main_peak_rss_bytes; /* where it could not say it itself; 0: unknown */
    double cost_ns;               /* of recording one event; 0: unknown */
    enum rh_record_times times;
    bool leave_running; /* leave the spools of processes that still run */
};

/* Writes the traces, removes their spools, and describes them in a zeroed outcome: [0] is the main
 * process's. RH_ERR_MISSING: there is nothing. A failure keeps the spool of its image only; the
 * first one is reported. */
int rh_traces_write(const struct rh_traces_request *request, const struct rh_spool_list *list,
                    struct rh_error *error, struct rh_record_outcome *outcome);

#endif
