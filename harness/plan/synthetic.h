/* synthetic.h - descriptions of synthetic workloads from YAML. The keys are in
 * docs/synthetic-format.md. */
#ifndef RH_PLAN_SYNTHETIC_H
#define RH_PLAN_SYNTHETIC_H

#include <stddef.h>

#include "base/error.h"
#include "trace/generators/synthetic.h"

enum { RH_SYNTHETIC_FILE_BYTES_MOST = 256 * 1024 };

/* Reads a description into a zeroed struct: checked and prepared. Errors name FILE:LINE:COLUMN and
 * the nearest known key, or phase and role. On failure the struct is zeroed. */
int rh_synthetic_load(const char *path, struct rh_error *error, struct rh_synthetic *ret_synthetic);

/* As rh_synthetic_load, from `bytes` of text that is to be named `path`. */
int rh_synthetic_parse(const char *text, size_t bytes, const char *path, struct rh_error *error,
                       struct rh_synthetic *ret_synthetic);

#endif
