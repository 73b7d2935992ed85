/* calibrate.h - the preload library's own measure of itself. */
#ifndef RH_RECORD_PRELOAD_CALIBRATE_H
#define RH_RECORD_PRELOAD_CALIBRATE_H

#include <stdint.h>

/* ns that recording one event costs: encoding, stamp and a share of writing to `fd`, without the
 * allocator; the median of a few rounds. 0: it could not be measured. `clock`: enum rh_spool_clock.
 * Exported. */
double rh_record_calibrate(int fd, uint32_t clock);

#endif
