/* thread.h - a writer made ready for a thread that is about to start. */
#ifndef RH_RECORD_PRELOAD_THREAD_H
#define RH_RECORD_PRELOAD_THREAD_H

#include "record/preload/writer.h"

/* A writer whose first record says that `parent` starts a thread now; NULL: recording has stopped.
 */
struct rh_writer *rh_thread_prepare(struct rh_writer *parent);
/* The thread could not be started. */
void rh_thread_discard(struct rh_writer *child);
/* In the new thread: takes the writer for its own. */
void rh_thread_adopt(struct rh_writer *writer);
/* The calling thread has another name now. */
void rh_thread_rename(void);

#endif
