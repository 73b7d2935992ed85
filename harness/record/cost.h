/* cost.h - what the recorder costs on this machine. */
#ifndef RH_RECORD_COST_H
#define RH_RECORD_COST_H

/* ns per event, measured with the library at `library`, writing into `directory`, in a process of
 * its own for a few milliseconds. 0: it could not be measured. */
double rh_cost_measure(const char *library, const char *directory);

#endif
