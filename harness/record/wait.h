/* wait.h - processes that a command leaves running. */
#ifndef RH_RECORD_WAIT_H
#define RH_RECORD_WAIT_H

#include "base/error.h"
#include "record/record.h"

/* Waits until no process of the spool `directory` runs any more, or SIGINT or SIGTERM comes. */
int rh_wait_for_descendants(const struct rh_record_options *options, const char *directory,
                            struct rh_error *error);

#endif
