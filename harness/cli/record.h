/* record.h - reheap record, and what it shares with reheap bench. */
#ifndef RH_CLI_RECORD_H
#define RH_CLI_RECORD_H

#include <stdint.h>

#include "record/record.h"

int rh_cli_record(int argc, char **argv);

/* For struct rh_record_options: says on standard error which process is waited for. */
void rh_cli_record_waiting(void *context, uint64_t pid);

/* Prints what was recorded to standard error: a line a process, or only that of one of them, and
 * what recording cost. */
void rh_cli_record_show(const struct rh_record_outcome *outcome,
                        const struct rh_record_trace *only);

#endif
