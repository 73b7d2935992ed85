/* describe.h - what the manifest says about a run before its first worker. Private to experiment/.
 */
#ifndef RH_EXPERIMENT_DESCRIBE_H
#define RH_EXPERIMENT_DESCRIBE_H

#include "experiment/experiment.h"

/* Fills a zeroed manifest from a plan: allocators in the plan's order, then the floors; a missing
 * library stays in it with its sentence. *ret_tapes: one path a trace, in a NULL-terminated array
 * that belongs to the caller. On failure the manifest may be half filled and is still to be
 * finished; *ret_tapes is untouched. */
int rh_describe_run(const struct rh_plan *plan, const struct rh_experiment_options *options,
                    struct rh_error *error, struct rh_manifest *manifest, char ***ret_tapes);

/* What a sample tells about its allocator: the object that owned its functions, where the manifest
 * does not know it yet. */
int rh_describe_object(struct rh_result_allocator *allocator, const char *object,
                       const struct rh_experiment_seams *seams, struct rh_error *error);

/* The time of day in ISO 8601, UTC; the caller frees it. */
int rh_describe_now(struct rh_error *error, char **ret_text);

/* Frees a NULL-terminated array and its strings; accepts NULL. */
void rh_describe_tapes_free(char **tapes);

#endif
