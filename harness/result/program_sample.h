/* program_sample.h - what one run of a real program measured. Plain data: program/ fills it,
 * result/ stores it as JSON. */
#ifndef RH_RESULT_PROGRAM_SAMPLE_H
#define RH_RESULT_PROGRAM_SAMPLE_H

#include <stdint.h>

#include "result/sample.h"

enum { RH_PROGRAM_MARKS = 256 };

struct rh_program_sample {
    uint32_t end;   /* enum rh_sample_end */
    int32_t signal; /* CRASHED: the signal */
    uint32_t status;
    char reason[RH_SAMPLE_REASON_BYTES]; /* a sentence; of a measured one: a gap, or "" */
    char object[RH_SAMPLE_PATH_BYTES];   /* the file that owned malloc in the program */

    /* As hyperfine measured it. */
    uint64_t wall_ns, user_ns, system_ns;

    /* As the kernel counted it for the program and the children that it waited for. */
    uint64_t peak_bytes; /* the largest resident memory of one process, files included */
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches, involuntary_switches;

    uint64_t output_bytes, output_hash; /* of its standard output */

    /* Private resident memory over time: read from outside, ever less often. */
    uint32_t mark_count;
    uint64_t mark_ns[RH_PROGRAM_MARKS]; /* since it started */
    uint64_t mark_bytes[RH_PROGRAM_MARKS];
};

#endif
