/* recordable.h - can a program be recorded at all. */
#ifndef RH_RECORD_RECORDABLE_H
#define RH_RECORD_RECORDABLE_H

#include <limits.h>

#include "base/error.h"

/* Finds `name` as execvp does. RH_ERR_MISSING when there is none. */
int rh_recordable_find(const char *name, struct rh_error *error, char ret_path[PATH_MAX]);

/* RH_ERR_INVALID, with the reason, when the preload library would not come into the program (or its
 * interpreter): statically linked, for another libc or machine, setuid. */
int rh_recordable_check(const char *path, struct rh_error *error);

#endif
