/* facts.c - reads what /proc says, without allocating and without a cancellation point. */
#include "record/preload/facts.h"

#include <fcntl.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/preload/next.h"
#include "record/preload/process.h"
#include "record/preload/writer.h"

static __thread uint64_t fork_stamp;

void rh_facts_note_fork(void) {
    fork_stamp = rh_stamp();
}

/* At most `bytes` - 1 bytes of a file, and a NUL behind them; returns how many. */
static size_t read_file(const char *path, char *text, size_t bytes) {
    size_t have = 0;
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    while (fd >= 0 && have < bytes - 1) {
        long got = syscall(SYS_read, fd, text + have, bytes - 1 - have);
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    if (fd >= 0)
        syscall(SYS_close, fd);
    text[have] = '\0';
    return have;
}

/* Field 22 of /proc/self/stat; the second one, the program's name, may hold spaces and brackets. */
static uint64_t process_start(void) {
    char text[1024];
    read_file("/proc/self/stat", text, sizeof(text));
    const char *next = strrchr(text, ')');
    for (int field = 2; next != NULL && field < 22; field++)
        next = strchr(next + 1, ' ');
    return next != NULL ? strtoull(next + 1, NULL, 10) : 0;
}

static uint64_t real_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t ticks(void) {
    return rh_clock == RH_SPOOL_CLOCK_TSC ? rh_tsc() : rh_now_ns();
}

static uint64_t random_nonce(void) {
    uint64_t nonce = 0;
    if (syscall(SYS_getrandom, &nonce, sizeof(nonce), GRND_NONBLOCK) != (long)sizeof(nonce))
        nonce = rh_now_ns() ^ (uint64_t)getpid() << 40;
    return nonce | 1; /* 0 says that there is none */
}

/* What was started: argument 0 without its path, as a link has another name than its target. A fork
 * child has its parent's, since a server may have written over its arguments by then. */
static void fill_name(struct rh_spool_header *header) {
    static char first[RH_SPOOL_NAME_BYTES];
    if (first[0] == '\0' && header->command_bytes > 0) {
        const char *slash = strrchr(header->command, '/');
        const char *name = slash != NULL ? slash + 1 : header->command;
        snprintf(first, sizeof(first), "%s", name + (name[0] == '-')); /* -sh: a login shell */
    }
    memcpy(header->name, first, sizeof(first));
}

static void fill_strings(struct rh_spool_header *header) {
    ssize_t length = readlink("/proc/self/exe", header->program, sizeof(header->program) - 1);
    if (length < 0)
        header->program[0] = '\0';
    read_file("/proc/sys/kernel/random/boot_id", header->boot_id, sizeof(header->boot_id));
    header->boot_id[strcspn(header->boot_id, "\n")] = '\0';
    header->command_bytes =
        (uint32_t)read_file("/proc/self/cmdline", header->command, sizeof(header->command));
    fill_name(header);
    snprintf(header->libc, sizeof(header->libc), "glibc %s", gnu_get_libc_version());
    snprintf(header->allocator, sizeof(header->allocator), "%s", rh_next_malloc_file());
}

void rh_facts_fill(struct rh_spool_header *header, uint64_t parent_nonce) {
    header->version = RH_SPOOL_VERSION;
    header->clock = rh_clock;
    header->nonce = random_nonce();
    header->pid = (uint64_t)getpid();
    header->parent_nonce = parent_nonce;
    header->fork_stamp = parent_nonce != 0 ? fork_stamp : 0;
    fill_strings(header);
    header->process_start = process_start();
    header->start_real_ns = real_ns();
    header->start_ns = rh_now_ns();
    header->start_cpu_ns = rh_process_cpu_ns();
    header->start_ticks = ticks();
    atomic_store(&header->state, RH_SPOOL_RECORDING);
    atomic_thread_fence(memory_order_release);
    memcpy(header->magic, RH_SPOOL_MAGIC, sizeof(header->magic));
}

/* Of the threads that still run. What a thread writes itself meanwhile is a name as well. */
static void note_thread_names(void) {
    char path[64];
    char text[64];
    for (uint32_t slot = 0; slot < atomic_load(&rh_process->header->slots_count); slot++) {
        const struct rh_writer *writer = &rh_process->writers[slot];
        if (writer->state == RH_WRITER_NONE || writer->tid == 0)
            continue;
        snprintf(path, sizeof(path), "/proc/self/task/%d/comm", writer->tid);
        if (read_file(path, text, sizeof(text)) == 0)
            continue;
        text[strcspn(text, "\n")] = '\0';
        memset(writer->frame->thread_name, 0, RH_SPOOL_THREAD_NAME_BYTES);
        memcpy(writer->frame->thread_name, text, strnlen(text, RH_SPOOL_THREAD_NAME_BYTES));
    }
}

void rh_facts_finish(struct rh_spool_header *header) {
    atomic_store(&header->end_cpu_ns, rh_process_cpu_ns());
    note_thread_names();
    char text[4096];
    read_file("/proc/self/status", text, sizeof(text));
    const char *line = strstr(text, "VmHWM:");
    if (line != NULL)
        atomic_store(&header->peak_rss_bytes, strtoull(line + 6, NULL, 10) * 1024);
    atomic_store(&header->end_ticks, ticks());
}
