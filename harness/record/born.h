/* born.h - what lived in a process when it forked: the child's trace begins with it. */
#ifndef RH_RECORD_BORN_H
#define RH_RECORD_BORN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/addresses.h"
#include "record/merge.h"

/* Beside the child's spool, while the traces are written. */
#define RH_BORN_SUFFIX ".born"

/* Writes the table into STEM.born. */
int rh_born_write(const char *stem, const struct rh_addresses *addresses, struct rh_error *error);

/* Reads STEM.born, if it is there: gives the objects of the parent, oldest first, to the sink as
 * the prologue of the child's trace, with the start of its first thread before them, and puts them
 * into the empty table. *ret_objects: how many. RH_ERR_FORMAT: rh_born_write has not written it.
 */
int rh_born_play(const char *stem, struct rh_merge_sink sink, struct rh_addresses *addresses,
                 struct rh_error *error, uint64_t *ret_objects);

#endif
