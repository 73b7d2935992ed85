/* facts.h - what the header of a spool says about its process. */
#ifndef RH_RECORD_PRELOAD_FACTS_H
#define RH_RECORD_PRELOAD_FACTS_H

#include <stdint.h>

#include "record/spool.h"

/* Fills a zeroed header, magic last. */
void rh_facts_fill(struct rh_spool_header *header, uint64_t parent_nonce);
/* At the exit handlers: peak and end. */
void rh_facts_finish(struct rh_spool_header *header);
/* Stamp of the fork that this thread called last. */
void rh_facts_note_fork(void);

#endif
