/* version.h - which version of a library a file is. Private to experiment/. */
#ifndef RH_EXPERIMENT_VERSION_H
#define RH_EXPERIMENT_VERSION_H

#include <stddef.h>

#include "base/error.h"

/* Asks, in this order: the package database of Debian (the upstream part of the version of the
 * package that owns the file, "2.0.9"), and the file's name ("libmine.so.2.1" is 2.1). `root` is
 * "" or, for tests, where another system's files lie. *ret_version is freed with rh_free; NULL:
 * nothing is known. Fails for want of memory only. */
int rh_version_of_file(const char *root, const char *path, struct rh_error *error,
                       char **ret_version);

#endif
