/* writer.c - the slow ways of a thread's writer: attach, flush, end. */
#include "record/preload/writer.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"
#include "record/preload/process.h"
#include "record/preload/thread.h"

struct rh_writer rh_no_writer = {.state = RH_WRITER_NONE};

__thread uintptr_t rh_writer_distance;

/* Who this thread is, kept beside the writer, which comes and goes. */
static __thread struct {
    uint64_t nonce; /* of the image in which the rest holds: a fork child finds its parent's */
    uint32_t thread;
    uint32_t sequence;
    unsigned rounds; /* of destructors that were run */
    bool has_thread;
    bool has_ended;
} self;

static pthread_key_t end_key;
static pthread_once_t end_key_once = PTHREAD_ONCE_INIT;

/* ---- a frame's beginning and end ---- */

static uint8_t *first_record(const struct rh_writer *writer) {
    return (uint8_t *)(writer->frame + 1);
}

/* Begins an empty frame. The sequence goes into the one word that says how much is complete, so
 * that the change from the old frame to the new one is one store. */
static void open_frame(struct rh_writer *writer, uint64_t stamp) {
    struct rh_spool_frame *frame = writer->frame;
    uint64_t progress = (uint64_t)writer->sequence << 32;
    atomic_store_explicit(&frame->progress, progress, memory_order_release);
    frame->thread = writer->thread;
    frame->base_stamp = stamp;
    writer->stamp = stamp;
    writer->place[RH_WRITER_ACQUIRED] = 0;
    writer->place[RH_WRITER_RELEASED] = 0;
    writer->cursor = first_record(writer);
    writer->limit = (uint8_t *)frame + RH_SPOOL_SLOT_BYTES - RH_SPOOL_RECORD_BYTES_MOST - 8;
    writer->progress_bias = progress - (uintptr_t)writer->cursor;
}

static void open_writer(struct rh_writer *writer, uint32_t thread, uint32_t sequence,
                        uint64_t stamp) {
    writer->thread = thread;
    writer->sequence = sequence;
    writer->new_is_under_way = false;
    writer->tid = 0;
    writer->since_stamp = stamp;
    writer->look_stamps = 0;
    memset(writer->frame->thread_name, 0, sizeof(writer->frame->thread_name));
    atomic_store(&writer->frame->lost_count, 0);
    open_frame(writer, stamp);
}

static uint8_t *put_thread_record(struct rh_writer *writer, uint8_t kind, uint64_t stamp,
                                  uint32_t parent) {
    struct rh_shape shape = {RH_SPOOL_EXTENDED, kind, true, RH_WRITER_RELEASED};
    return rh_put_record(writer, writer->cursor, shape, 0, stamp,
                         rh_writer_last(writer, RH_WRITER_RELEASED), parent);
}

/* A thread may be named at any time: the frame says what it was called last. */
static void note_name(const struct rh_writer *writer) {
    char name[RH_SPOOL_THREAD_NAME_BYTES] = "";
    if (syscall(SYS_prctl, PR_GET_NAME, name, 0, 0, 0) == 0)
        memcpy(writer->frame->thread_name, name, sizeof(name));
}

static void count_stall(uint64_t start_ns) {
    uint64_t waited_ns = rh_now_ns() - start_ns;
    if (waited_ns < RH_SPOOL_STALL_NS)
        return;
    atomic_fetch_add(&rh_process->header->stall_count, 1);
    atomic_fetch_add(&rh_process->header->stall_ns, waited_ns);
}

/* False: recording has stopped, and the slot keeps what it has. */
static bool append_frame(struct rh_writer *writer) {
    uint32_t bytes = (uint32_t)(writer->cursor - first_record(writer));
    uint64_t start_ns = rh_now_ns();
    note_name(writer);
    bool is_written = rh_process_append(writer->frame, bytes);
    count_stall(start_ns);
    if (is_written)
        return true;
    rh_process_stop(errno, writer->stamp);
    writer->state = RH_WRITER_STOPPED;
    return false;
}

/* Signals are blocked. The thread is without a writer afterwards, unless recording has stopped. */
static void detach(struct rh_writer *writer) {
    if (!append_frame(writer))
        return;
    self.sequence = writer->sequence + 1;
    rh_writer_make_own(&rh_no_writer);
    atomic_store_explicit(&writer->frame->progress, 0, memory_order_release);
    rh_process_give_writer(writer);
}

/* Of a call that a fork has cut off from its spool (fork.c). */
static void give_up(struct rh_writer *writer) {
    atomic_fetch_add(&rh_process->header->lost_count, 1);
    if (rh_writer_own() == writer)
        rh_writer_make_own(&rh_no_writer);
    memset(writer, 0, sizeof(*writer));
}

bool rh_writer_flush(struct rh_writer *writer) {
    if (rh_unlikely(writer->limit == NULL)) {
        give_up(writer);
        return false;
    }
    int saved_errno = errno;
    sigset_t before;
    rh_process_block_signals(&before);
    bool still_ours = false;
    if (self.has_ended) {
        detach(writer);
    } else if (append_frame(writer)) {
        writer->sequence++;
        open_frame(writer, writer->stamp);
        still_ours = true;
    }
    rh_process_unblock_signals(&before);
    errno = saved_errno;
    return still_ours;
}

void *rh_writer_leave_full(struct rh_writer *writer, void *pointer) {
    if (rh_writer_flush(writer)) {
        atomic_signal_fence(memory_order_seq_cst);
        writer->state = rh_writer_ready();
    }
    return pointer;
}

/* ---- a thread's beginning and end ---- */

/* Destructors of thread data run in rounds. Others' may still allocate and free: ends the thread in
 * the last round. What comes even later attaches again, call by call. */
static void on_thread_end(void *value) {
    if (++self.rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(end_key, value);
        return;
    }
    struct rh_writer *writer = rh_writer_enter();
    self.has_ended = true;
    if (writer == NULL)
        return;
    uint8_t *cursor = put_thread_record(writer, RH_SPOOL_EXT_THREAD_END, rh_stamp(), 0);
    writer->limit = first_record(writer); /* leave flushes, flush detaches */
    rh_writer_leave(writer, cursor);
}

static void make_end_key(void) {
    pthread_key_create(&end_key, on_thread_end);
}

static void become(struct rh_writer *writer) {
    writer->tid = (int32_t)syscall(SYS_gettid);
    note_name(writer);
    self.nonce = rh_image_nonce;
    self.thread = writer->thread;
    self.sequence = 0;
    self.rounds = 0;
    self.has_thread = true;
    self.has_ended = false;
    pthread_once(&end_key_once, make_end_key);
    pthread_setspecific(end_key, &self);
}

/* Gives the calling thread a writer; NULL: recording has stopped. Signals are blocked. */
static struct rh_writer *attach(void) {
    struct rh_writer *writer = rh_process_take_writer();
    if (writer == NULL)
        return NULL;
    writer->state = RH_WRITER_INSIDE;
    rh_writer_make_own(writer);
    uint64_t stamp = rh_stamp();
    if (self.has_thread && self.nonce == rh_image_nonce) { /* after its end */
        open_writer(writer, self.thread, self.sequence, stamp);
        writer->limit = first_record(writer);
        return writer;
    }
    uint32_t thread = atomic_fetch_add(&rh_process->threads_count, 1);
    open_writer(writer, thread, 0, stamp);
    rh_writer_publish(
        writer, put_thread_record(writer, RH_SPOOL_EXT_THREAD_START, stamp, RH_SPOOL_NO_THREAD));
    become(writer);
    return writer;
}

static struct rh_writer *enter_without_writer(void) {
    enum rh_process_mode mode = rh_process_begin();
    if (mode != RH_PROCESS_RECORDING && mode != RH_PROCESS_STOPPED)
        return NULL;
    int saved_errno = errno;
    struct rh_writer *writer = NULL;
    if (mode == RH_PROCESS_RECORDING) {
        sigset_t before;
        rh_process_block_signals(&before);
        writer = attach();
        rh_process_unblock_signals(&before);
    }
    if (writer == NULL)
        atomic_fetch_add(&rh_process->header->lost_count, 1);
    errno = saved_errno;
    return writer;
}

struct rh_writer *rh_writer_enter_slow(struct rh_writer *writer) {
    switch (writer->state) {
    case RH_WRITER_READY_SLOWLY:
        writer->state = RH_WRITER_INSIDE;
        atomic_signal_fence(memory_order_seq_cst);
        return writer;
    case RH_WRITER_INSIDE:
        writer->nested_count++;
        atomic_fetch_add_explicit(&rh_process->header->nested_count, 1, memory_order_relaxed);
        return NULL;
    case RH_WRITER_STOPPED:
        atomic_fetch_add_explicit(&writer->frame->lost_count, 1, memory_order_relaxed);
        return NULL;
    default:
        return enter_without_writer();
    }
}

void rh_thread_rename(void) {
    struct rh_writer *writer = rh_writer_own();
    if (writer->state != RH_WRITER_NONE)
        note_name(writer);
}

/* ---- threads that this one starts ---- */

struct rh_writer *rh_thread_prepare(struct rh_writer *parent) {
    sigset_t before;
    rh_process_block_signals(&before);
    struct rh_writer *child = rh_process_take_writer();
    if (child != NULL) {
        uint64_t stamp = rh_stamp();
        uint32_t thread = atomic_fetch_add(&rh_process->threads_count, 1);
        open_writer(child, thread, 0, stamp);
        rh_writer_publish(
            child, put_thread_record(child, RH_SPOOL_EXT_THREAD_START, stamp, parent->thread));
    }
    rh_process_unblock_signals(&before);
    return child;
}

void rh_thread_discard(struct rh_writer *child) {
    sigset_t before;
    rh_process_block_signals(&before);
    atomic_store_explicit(&child->frame->progress, 0, memory_order_release);
    rh_process_give_writer(child);
    rh_process_unblock_signals(&before);
}

void rh_thread_adopt(struct rh_writer *writer) {
    become(writer);
    rh_writer_make_own(writer);
    atomic_signal_fence(memory_order_seq_cst);
    writer->state = rh_writer_ready();
}
