/* host.h - reading the machine from another root, for tests. */
#ifndef RH_RESULT_HOST_H
#define RH_RESULT_HOST_H

#include "result/result.h"

/* As rh_host_read, with the files of /proc and /sys looked for under `root` ("" is the real one).
 */
int rh_host_read_under(const char *root, struct rh_error *error, struct rh_host *ret_host);

#endif
