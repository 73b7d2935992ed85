/* distribution.h - distributions of numbers from YAML. Private to plan/. */
#ifndef RH_PLAN_DISTRIBUTION_H
#define RH_PLAN_DISTRIBUTION_H

#include "plan/document.h"
#include "trace/generators/distribution.h"

/* Reads 64, or {uniform: [8, 1K]}, {power_law: {min: 8, max: 64K, exponent: 1.5}},
 * {lognormal: {median: 64, sigma: 1}}, {exponential: {mean: 100}}, {table: {8: 0.5, 16-32: 0.5}}.
 * Values are at most `most`, which is also what a missing max means. What was there before is
 * released; on failure the place holds a distribution that can be finished. */
int rh_yaml_distribution(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                         uint64_t most, struct rh_distribution *ret_distribution);

#endif
