/* doctor.h - what about this machine disturbs measuring, and which command changes it.
 *
 * Looks at what the kernel says (below a given root, so that tests can make a machine up), at the
 * environment, at the files of the allocators, and measures what nobody says: whether two threads
 * share a core, the steps of the time stamp counter, and what looking at memory costs here. */
#ifndef RH_DOCTOR_DOCTOR_H
#define RH_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "result/result.h"

struct rh_doctor_options {
    const char *root; /* where /proc, /sys and the libraries lie: "" for this machine */
    const char *const *environment; /* NULL-terminated "NAME=value" */
    uint64_t window_ns;             /* how long other load is watched; 0: not at all */
    bool measure;                   /* false: only what files and the environment say */
};

/* The options for this machine. `thorough`: for a person who waits a second; else in the 0.1 s that
 * a run can spend before its first worker. */
struct rh_doctor_options rh_doctor_here(bool thorough);

/* All findings in a fixed order; what cannot be told is UNKNOWN. The caller gives them back with
 * rh_result_findings_free. Fails for want of memory only. */
int rh_doctor(const struct rh_doctor_options *options, struct rh_error *error,
              struct rh_result_finding **ret_findings, size_t *ret_count);

#endif
