/* allocators.h - what the parts of reheap allocators share. */
#ifndef RH_CLI_ALLOCATORS_H
#define RH_CLI_ALLOCATORS_H

#include <stdbool.h>

#include "replay/inspect.h"

/* Looks at every built-in allocator, each in a worker that `job` describes but for its name, and
 * prints what each is, or why it is not available. An error only where no worker can be run. */
int rh_cli_list_allocators(struct rh_inspection_job *job, bool as_json,
                           const volatile bool *interrupted, struct rh_error *error);

#endif
