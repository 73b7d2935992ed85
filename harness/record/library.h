/* library.h - where the preload library is. */
#ifndef RH_RECORD_LIBRARY_H
#define RH_RECORD_LIBRARY_H

#include <limits.h>

#include "base/error.h"

/* The absolute path of `wanted`, or (NULL) of the library beside this program or where it is
 * installed. RH_ERR_MISSING: there is none; RH_ERR_INVALID: LD_PRELOAD cannot name it. */
int rh_library_find(const char *wanted, struct rh_error *error, char ret_path[PATH_MAX]);

#endif
