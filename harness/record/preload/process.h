/* process.h - what a recorded process has once: its spool, its slots, its mode. */
#ifndef RH_RECORD_PRELOAD_PROCESS_H
#define RH_RECORD_PRELOAD_PROCESS_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/preload/writer.h"
#include "record/spool.h"

enum rh_process_mode {
    RH_PROCESS_UNKNOWN = 0, /* not begun, or wiped by a fork */
    RH_PROCESS_RECORDING,
    RH_PROCESS_OFF,     /* not asked for, or not possible */
    RH_PROCESS_STOPPED, /* the disk was full */
};

/* Lies in the wiped memory: a fork child finds zeros. */
struct rh_process {
    _Atomic uint32_t mode; /* enum rh_process_mode */
    atomic_flag lock;      /* of what is below */
    _Atomic uint32_t threads_count;
    _Atomic uint32_t pagemap_state; /* residency.c */
    uint32_t slots_count;
    struct rh_writer *free_writers;
    struct rh_spool_header *header;
    struct rh_writer writers[RH_SPOOL_SLOTS_MOST]; /* of slot k */
};

/* NULL before the first call. */
extern struct rh_process *rh_process;
/* Of this image's spool; it survives a fork, so that the child can name its parent. */
extern uint64_t rh_image_nonce;

/* Makes sure that the process's mode is known; returns it. Keeps errno. */
enum rh_process_mode rh_process_begin(void);

/* A fork child gives back the parent's mappings and descriptors; done once, it does nothing more.
 */
void rh_process_drop_inherited(void);

/* Nothing interrupts a slow path: a signal handler that allocates would meet its lock. */
void rh_process_block_signals(sigset_t *ret_before);
void rh_process_unblock_signals(const sigset_t *before);

/* ---- between block and unblock ---- */

/* A writer with an empty slot, or NULL: then the recording has stopped. */
struct rh_writer *rh_process_take_writer(void);
void rh_process_give_writer(struct rh_writer *writer);
/* Appends a frame to .full; false: it could not be, errno says why. */
bool rh_process_append(const struct rh_spool_frame *frame, uint32_t bytes);
/* The process ends now: writes down what is only known then. */
void rh_process_finish(void);
/* Ends the recording; up to `stamp` nothing is lost. */
void rh_process_stop(int error_number, uint64_t stamp);

#endif
