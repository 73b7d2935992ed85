/* process.c - the spool of a recorded process: begun with its first call, begun anew in a fork
 * child. System calls go through syscall(), which is no cancellation point: a thread must not end
 * inside malloc. */
#include "record/preload/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/assert.h"
#include "record/preload/environment.h"
#include "record/preload/facts.h"
#include "record/preload/fork.h"
#include "record/preload/kept_file.h"
#include "record/preload/next.h"
#include "record/preload/residency.h"

enum {
    AHEAD_BYTES_LEAST = 1 << 20,
    AHEAD_BYTES_MOST = 1 << 24,
    FREE_PART = 64,
};

struct rh_process *rh_process;
uint32_t rh_clock = RH_SPOOL_CLOCK_MONOTONIC;
uint64_t rh_image_nonce;

/* One of the two files. */
struct spool_file {
    const char *suffix;
    int flags;
    struct rh_kept_file kept;
};

/* Survives a fork, so that the child can give back what it inherited. */
static struct {
    char stem[RH_SPOOL_PATH_BYTES + 64]; /* DIRECTORY/PID-N */
    struct spool_file live;
    struct spool_file full;
    _Atomic uint64_t full_bytes;  /* of the full file, about: all were appended by this image */
    _Atomic uint64_t ahead_bytes; /* up to here it has blocks, or there was no room for them */
    void *header;
    void *parents_header; /* a fork child: to say there that it could not begin; or NULL */
    void *segments[RH_SPOOL_SEGMENTS];
} spool = {
    .live = {.suffix = ".live", .flags = O_RDWR, .kept.fd = -1},
    .full = {.suffix = ".full", .flags = O_WRONLY | O_APPEND, .kept.fd = -1},
};

void rh_process_block_signals(sigset_t *ret_before) {
    sigset_t all;
    memset(&all, 0xff, sizeof(all)); /* sigfillset leaves out the signals that glibc uses itself */
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, ret_before, _NSIG / 8);
}

void rh_process_unblock_signals(const sigset_t *before) {
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, before, NULL, _NSIG / 8);
}

/* ---- files ---- */

static bool open_file(struct spool_file *file, int more_flags) {
    char path[sizeof(spool.stem) + 8];
    snprintf(path, sizeof(path), "%s%s", spool.stem, file->suffix);
    return rh_kept_file_open(&file->kept, path, file->flags | more_flags);
}

/* With EFBIG came SIGXFSZ, which is blocked now and would end the program later. Keeps errno. */
static void forgive_file_limit(void) {
    if (errno != EFBIG)
        return;
    sigset_t too_large;
    sigemptyset(&too_large);
    sigaddset(&too_large, SIGXFSZ);
    syscall(SYS_rt_sigtimedwait, &too_large, NULL, &(struct timespec){0}, _NSIG / 8);
    errno = EFBIG;
}

/* Makes the live file reach to `end`, with its blocks allocated: else a full disk would show as
 * SIGBUS in the program. */
static bool reserve_live(uint64_t start, uint64_t bytes) {
    if (!rh_kept_file_is_ours(&spool.live.kept) && !open_file(&spool.live, 0))
        return false;
    if (syscall(SYS_fallocate, spool.live.kept.fd, 0, (off_t)start, (off_t)bytes) == 0 ||
        (errno == EOPNOTSUPP && ftruncate(spool.live.kept.fd, (off_t)(start + bytes)) == 0))
        return true;
    forgive_file_limit();
    return false;
}

static void *map_live(uint64_t start, uint64_t bytes) {
    if (!reserve_live(start, bytes))
        return NULL;
    void *data =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, spool.live.kept.fd, (off_t)start);
    return data != MAP_FAILED ? data : NULL;
}

/* ---- slots ---- */

static uint64_t segment_start(unsigned segment) {
    return RH_SPOOL_HEADER_BYTES + ((1ull << segment) - 1) * RH_SPOOL_SLOT_BYTES;
}

/* The memory of slot `slot`, mapped if need be; NULL: no room. */
static struct rh_spool_frame *slot_memory(uint32_t slot) {
    rh_assert(slot < RH_SPOOL_SLOTS_MOST);
    unsigned segment = 31u - (unsigned)__builtin_clz(slot + 1);
    uint32_t within = slot + 1 - (1u << segment);
    if (spool.segments[segment] == NULL)
        spool.segments[segment] =
            map_live(segment_start(segment), (uint64_t)RH_SPOOL_SLOT_BYTES << segment);
    char *memory = spool.segments[segment];
    return memory != NULL ? (void *)(memory + (size_t)within * RH_SPOOL_SLOT_BYTES) : NULL;
}

static void lock(void) {
    while (atomic_flag_test_and_set_explicit(&rh_process->lock, memory_order_acquire))
        sched_yield();
}

static void unlock(void) {
    atomic_flag_clear_explicit(&rh_process->lock, memory_order_release);
}

/* A slot that nobody has used, under the lock. */
static struct rh_writer *new_writer(void) {
    uint32_t slot = rh_process->slots_count;
    if (slot == RH_SPOOL_SLOTS_MOST) {
        errno = EMFILE;
        return NULL;
    }
    struct rh_spool_frame *frame = slot_memory(slot);
    if (frame == NULL)
        return NULL;
    rh_process->slots_count = slot + 1;
    frame->nonce = rh_image_nonce; /* before it counts as used */
    atomic_store(&rh_process->header->slots_count, slot + 1);
    struct rh_writer *writer = &rh_process->writers[slot];
    writer->frame = frame;
    return writer;
}

struct rh_writer *rh_process_take_writer(void) {
    lock();
    struct rh_writer *writer = rh_process->free_writers;
    if (writer != NULL)
        rh_process->free_writers = writer->next_free;
    else
        writer = new_writer();
    int error_number = errno;
    unlock();
    if (writer == NULL)
        rh_process_stop(error_number, rh_stamp());
    return writer;
}

void rh_process_give_writer(struct rh_writer *writer) {
    writer->state = RH_WRITER_NONE;
    lock();
    writer->next_free = rh_process->free_writers;
    rh_process->free_writers = writer;
    unlock();
}

/* ---- the full file ---- */

/* How much further the full file is to have blocks: as much again as it has, but little of what is
 * free, which the program may need. */
static uint64_t step_ahead(uint64_t full_bytes) {
    struct statfs disk;
    if (fstatfs(spool.full.kept.fd, &disk) != 0)
        return 0;
    uint64_t step = (uint64_t)disk.f_bavail * (uint64_t)disk.f_bsize / FREE_PART;
    step = step < full_bytes ? step : full_bytes;
    return step < AHEAD_BYTES_MOST ? step : AHEAD_BYTES_MOST;
}

/* So many bytes were written. To write pages that have their blocks costs half as much. */
static void allocate_ahead(uint64_t bytes) {
    uint64_t full = atomic_fetch_add(&spool.full_bytes, bytes) + bytes;
    uint64_t ahead = atomic_load(&spool.ahead_bytes);
    bool is_due = full >= AHEAD_BYTES_LEAST && full + RH_SPOOL_SLOT_BYTES > ahead;
    if (!is_due || !rh_kept_file_is_ours(&spool.full.kept))
        return;
    uint64_t step = step_ahead(full), reached = full + (step > 0 ? step : AHEAD_BYTES_LEAST);
    if (!atomic_compare_exchange_strong(&spool.ahead_bytes, &ahead, reached) || step == 0)
        return;
    if (syscall(SYS_fallocate, spool.full.kept.fd, FALLOC_FL_KEEP_SIZE, (off_t)full, (off_t)step) !=
        0)
        forgive_file_limit();
}

/* As write. A program may close what it does not know at any moment: also between two of these
 * calls. */
static long write_full(const void *data, size_t bytes) {
    enum { TRIES_MOST = 64 };
    for (int tries = 1;; tries++) {
        bool is_open = rh_kept_file_is_ours(&spool.full.kept) || open_file(&spool.full, O_CREAT);
        long written = is_open ? syscall(SYS_write, spool.full.kept.fd, data, bytes) : -1;
        if (written >= 0 || errno != EBADF || tries == TRIES_MOST)
            return written;
    }
}

bool rh_process_append(const struct rh_spool_frame *frame, uint32_t bytes) {
    if (atomic_load(&rh_process->mode) != RH_PROCESS_RECORDING) {
        errno = ENOSPC;
        return false;
    }
    size_t padded = rh_spool_padded(bytes);
    long written = write_full(frame, padded);
    if (written == (long)padded) {
        allocate_ahead(padded);
        return true;
    }
    /* A short write is a failure, since another thread's frame may come behind it. Why it was
     * short, the next one says. */
    if (written >= 0) {
        errno = ENOSPC;
        write_full((const char *)frame + written, padded - (size_t)written);
    }
    forgive_file_limit();
    return false;
}

void rh_process_stop(int error_number, uint64_t stamp) {
    uint32_t expected = RH_PROCESS_RECORDING;
    if (!atomic_compare_exchange_strong(&rh_process->mode, &expected, RH_PROCESS_STOPPED))
        return;
    struct rh_spool_header *header = rh_process->header;
    atomic_store(&header->stop_errno, error_number);
    atomic_store(&header->stop_stamp, stamp);
    atomic_store(&header->state, RH_SPOOL_STOPPED);
}

/* ---- beginning ---- */

static bool is_wanted(void) {
    const struct rh_environment *settings = rh_environment_read();
    return settings->is_wanted &&
           (settings->only_pid == 0 || settings->only_pid == (uint64_t)getpid());
}

/* A mapping of its own, elsewhere: fork.c puts others in the place of what is dropped. */
static void keep_parents_header(void) {
    void *second = mremap(spool.header, 0, RH_SPOOL_HEADER_BYTES, MREMAP_MAYMOVE);
    spool.parents_header = second != MAP_FAILED ? second : NULL;
}

void rh_process_drop_inherited(void) {
    if (spool.header != NULL)
        keep_parents_header();
    for (unsigned segment = 0; segment < RH_SPOOL_SEGMENTS; segment++) {
        if (spool.segments[segment] != NULL)
            munmap(spool.segments[segment], (size_t)RH_SPOOL_SLOT_BYTES << segment);
        spool.segments[segment] = NULL;
    }
    if (spool.header != NULL)
        munmap(spool.header, RH_SPOOL_HEADER_BYTES);
    spool.header = NULL;
    rh_kept_file_close(&spool.live.kept);
    rh_kept_file_close(&spool.full.kept);
    atomic_store(&spool.full_bytes, 0);
    atomic_store(&spool.ahead_bytes, 0);
    rh_residency_drop_inherited();
}

/* PID-N with the smallest free N: an exec keeps the process id. */
static bool create_live(void) {
    for (unsigned image = 0; image < 100000; image++) {
        snprintf(spool.stem, sizeof(spool.stem), "%s/%d-%u", rh_environment_read()->directory,
                 (int)getpid(), image);
        if (open_file(&spool.live, O_CREAT | O_EXCL))
            return true;
        if (errno != EEXIST)
            return false;
    }
    return false;
}

static bool begin_spool(uint64_t parent_nonce) {
    if (!create_live())
        return false;
    spool.header = map_live(0, RH_SPOOL_HEADER_BYTES);
    if (spool.header == NULL)
        return false;
    rh_process->header = spool.header;
    rh_facts_fill(spool.header, parent_nonce);
    rh_image_nonce = rh_process->header->nonce;
    return true;
}

/* Memory that a fork child finds zeroed. */
static bool map_process(void) {
    if (rh_process != NULL)
        return true;
    void *memory = mmap(NULL, sizeof(struct rh_process), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    if (madvise(memory, sizeof(struct rh_process), MADV_WIPEONFORK) != 0) {
        munmap(memory, sizeof(struct rh_process));
        return false;
    }
    rh_process = memory;
    return true;
}

/* Where the directory cannot be reached any more, nothing else would tell that this process was. A
 * file without a header tells it. */
static void tell_parent(bool has_failed) {
    struct rh_spool_header *header = spool.parents_header;
    if (header == NULL)
        return;
    if (has_failed && spool.live.kept.fd < 0)
        atomic_fetch_add(&header->unbegun_count, 1);
    munmap(header, RH_SPOOL_HEADER_BYTES);
    spool.parents_header = NULL;
}

static void begin(void) {
    uint64_t parent_nonce = rh_image_nonce;
    rh_image_nonce = 0;
    rh_process_drop_inherited();
    bool wanted = is_wanted();
    bool recording = wanted && begin_spool(parent_nonce);
    tell_parent(wanted && !recording);
    atomic_store(&rh_process->mode, recording ? RH_PROCESS_RECORDING : RH_PROCESS_OFF);
}

enum rh_process_mode rh_process_begin(void) {
    if (rh_process != NULL) {
        uint32_t mode = atomic_load_explicit(&rh_process->mode, memory_order_acquire);
        if (rh_likely(mode != RH_PROCESS_UNKNOWN))
            return mode;
    }
    if (!rh_next_resolve() || !rh_environment_is_there())
        return RH_PROCESS_OFF;
    if (!rh_environment_read()->is_wanted)
        return RH_PROCESS_OFF;
    rh_clock = rh_environment_read()->clock;

    int saved_errno = errno;
    sigset_t before;
    rh_process_block_signals(&before);
    if (map_process()) {
        lock();
        if (atomic_load(&rh_process->mode) == RH_PROCESS_UNKNOWN)
            begin();
        unlock();
    }
    rh_process_unblock_signals(&before);
    errno = saved_errno;
    return rh_process != NULL ? atomic_load(&rh_process->mode) : RH_PROCESS_OFF;
}

__attribute__((constructor)) static void on_load(void) {
    if (rh_process_begin() == RH_PROCESS_RECORDING)
        rh_fork_watch();
}

void rh_process_finish(void) {
    if (rh_process == NULL || rh_process->header == NULL ||
        rh_process->header->pid != (uint64_t)getpid())
        return;
    rh_residency_finish();
    rh_facts_finish(rh_process->header);
}

__attribute__((destructor)) static void on_exit_handlers(void) {
    rh_process_finish();
}
