/* plan_internal.h - shared by the files of plan/. */
#ifndef RH_PLAN_PLAN_INTERNAL_H
#define RH_PLAN_PLAN_INTERNAL_H

#include "plan/plan.h"

/* Accepts NULL. */
void rh_plan_strings_free(char **strings);
/* Accepts a zeroed one. */
void rh_plan_allocator_finish(struct rh_plan_allocator *entry);

/* Replaces *target by a copy. */
int rh_plan_string_set(char **target, const char *text, struct rh_error *error);

/* The name that the registry knows for what a plan says: built-ins, preload:PATH and plugin:PATH
 * are themselves, "tbbmalloc" and "scudo" stand for the libraries that Debian installs. Refuses
 * floors and names that nothing has. *ret_name is `name` or a constant. */
int rh_plan_resolve_name(const char *name, struct rh_error *error, const char **ret_name);

/* A whole number of rounds, 1 to RH_PLAN_ROUNDS_MOST; `what` names the setting. */
int rh_plan_parse_rounds(const char *text, const char *what, struct rh_error *error,
                         uint32_t *ret_rounds);

/* An option or environment variable with the values that it is to take, one variant each. Strings
 * belong to the reader of the plan. */
struct rh_plan_setting {
    bool environment;
    const char *name;
    const char **values;
    size_t value_count;
};

/* Accepts a zeroed one. */
void rh_plan_program_finish(struct rh_plan_program *program);

/* The words of a command as a shell would divide it: blanks, quotes of both kinds and backslashes;
 * nothing is expanded. RH_ERR_INVALID: a quote is open, or there is no word. */
int rh_plan_split_words(const char *text, struct rh_error *error, char ***ret_words);

/* Fills what was left open about rounds; needs the passes. */
int rh_plan_fill_rounds(struct rh_plan *plan, struct rh_error *error);

/* Finds the trace of each program. */
int rh_plan_link_programs(struct rh_plan *plan, struct rh_error *error);

/* Adds every combination of the settings' values as an allocator of its own; where there is more
 * than one, labels are LABEL NAME=VALUE ..., or LABEL VALUE for environment variables. */
int rh_plan_add_variants(struct rh_plan *plan, const char *name, const char *label,
                         const struct rh_plan_setting *settings, size_t setting_count,
                         struct rh_error *error);

#endif
