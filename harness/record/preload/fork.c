/* fork.c - what a fork child goes on with.
 *
 * The fork may come from a signal handler that has interrupted a recorded call. The parent's call
 * goes on there; the child's copy of it does so too, as soon as the handler returns, but its writer
 * has been wiped, and perhaps it was in the middle of a record. So it gets back what it had, with
 * memory of the child's own under the same addresses, and no room behind the record: then it lands
 * in rh_writer_flush, which gives it up. Until then the child's calls count as nested. Whether a
 * call was interrupted cannot always be told: one may be about to say that it is inside. So each
 * child gets this, and another writer with its first call. */
#include "record/preload/fork.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "record/preload/export.h"
#include "record/preload/facts.h"
#include "record/preload/next.h"
#include "record/preload/process.h"

static bool is_watching;

/* The kernel wipes the originals in the child. */
struct kept {
    struct rh_writer writer;
    struct rh_spool_header *header;
    sigset_t signals;
};

/* NULL: there was no frame. A mapping of its own: the program that opens this library to ask what
 * recording costs (cost.c) has little room for thread-local storage. */
static __thread struct kept *kept;

static void keep(void) {
    sigset_t signals;
    if (rh_writer_own()->frame == NULL)
        return;
    rh_process_block_signals(&signals);
    struct kept *fresh =
        mmap(NULL, sizeof(*fresh), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) {
        rh_process_unblock_signals(&signals);
        return;
    }
    *fresh = (struct kept){.writer = *rh_writer_own(), rh_process->header, signals};
    kept = fresh;
}

static void forget(void) {
    if (kept == NULL)
        return;
    sigset_t signals = kept->signals;
    munmap(kept, sizeof(*kept));
    kept = NULL;
    rh_process_unblock_signals(&signals);
}

static void replace(void *memory, size_t bytes) {
    void *fresh =
        mmap(memory, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    rh_assert(fresh == memory);
}

/* As it was, but a writer that was READY is none now. */
static void restore(void) {
    rh_process_drop_inherited();
    replace(kept->header, RH_SPOOL_HEADER_BYTES);
    replace(kept->writer.frame, RH_SPOOL_SLOT_BYTES);
    struct rh_writer *writer = rh_writer_own();
    *writer = kept->writer;
    writer->limit = NULL;
    if (writer->state != RH_WRITER_INSIDE)
        writer->state = RH_WRITER_NONE;
}

/* ---- handlers ---- */

/* A child that forks before its first call hands its parent's memory on as it was. */
static void before_fork(void) {
    if (atomic_load(&rh_process->mode) != RH_PROCESS_UNKNOWN)
        rh_facts_note_fork();
    keep();
}

/* Begins at once: a child that sleeps before its first call must be waited for as well. */
static void in_child(void) {
    if (kept != NULL)
        restore();
    rh_process_begin();
    if (kept != NULL && rh_process->header == NULL) /* it is not recorded */
        rh_process->header = kept->header;
    forget();
}

void rh_fork_watch(void) {
    pthread_atfork(before_fork, forget, in_child);
    is_watching = true;
}

/* ---- a fork that runs no handlers ---- */

RH_EXPORT pid_t _Fork(void) {
    if (!rh_next_resolve() || rh_next._Fork == NULL) {
        errno = ENOSYS;
        return -1;
    }
    if (!is_watching)
        return rh_next._Fork();
    before_fork();
    pid_t pid = rh_next._Fork();
    if (pid == 0)
        in_child();
    else
        forget();
    return pid;
}
