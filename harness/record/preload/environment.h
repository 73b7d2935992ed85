/* environment.h - what a program that is about to be executed must find in its environment to be
 * recorded as well. */
#ifndef RH_RECORD_PRELOAD_ENVIRONMENT_H
#define RH_RECORD_PRELOAD_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "record/spool.h"

/* The recorder's own settings, read once. */
struct rh_environment {
    bool is_wanted;
    uint32_t clock;    /* enum rh_spool_clock */
    uint64_t only_pid; /* 0: all processes */
    char directory[RH_SPOOL_PATH_BYTES];
};

const struct rh_environment *rh_environment_read(void);
/* Whether it was, or can be: not before the process has an environment. A later one (clearenv)
 * changes nothing. */
bool rh_environment_is_there(void);

enum { RH_ENVIRONMENT_WORDS_MOST = 1024 };

/* Memory for a changed environment, on the caller's stack: the caller may be a vfork child, whose
 * memory is its parent's. */
struct rh_environment_patch {
    char preload[2 * RH_SPOOL_PATH_BYTES];
    const char *words[RH_ENVIRONMENT_WORDS_MOST];
};

/* `words` itself if it carries the settings on, as it does unless the program builds an environment
 * of its own; else one that does, in *patch. One too large to be changed is left as it is. */
char *const *rh_environment_complete(char *const *words, struct rh_environment_patch *patch);

#endif
