/* fork.h - see fork.c. */
#ifndef RH_RECORD_PRELOAD_FORK_H
#define RH_RECORD_PRELOAD_FORK_H

/* From now on forks of this process are watched. */
void rh_fork_watch(void);

#endif
