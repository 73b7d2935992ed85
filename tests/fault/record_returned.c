/* record_returned.c - a program whose calls can be told from its trace, for killing it.
 *
 * record-returned LOG [COUNT]: two threads play each its own endless sequence of calls (or COUNT of
 * them), which follows from the thread's number alone; after each call that has returned, the
 * thread's number of calls goes into LOG, which is shared memory: it outlives the process. The
 * sequence is in record_sequence.h. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record_sequence.h"

static struct returned_log *opened_log;
static uint64_t count;

static void *play(void *argument) {
    static _Thread_local void *blocks[SEQUENCE_PLACES];
    uint64_t number = (uint64_t)(uintptr_t)argument;
    struct sequence sequence;
    sequence_init(&sequence, number);
    for (uint64_t i = 0; count == 0 || i < count; i++) {
        struct call call = sequence_next(&sequence);
        void **block = &blocks[call.place];
        if (call.kind == CALL_MALLOC)
            *block = malloc(call.size);
        else if (call.kind == CALL_REALLOC)
            *block = realloc(*block, call.size);
        else
            free(*block);
        if (call.kind != CALL_FREE && *block == NULL)
            abort();
        atomic_store_explicit(&opened_log->returned[number], i + 1, memory_order_release);
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 2;
    int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(*opened_log)) != 0)
        return 2;
    opened_log = mmap(NULL, sizeof(*opened_log), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (opened_log == MAP_FAILED)
        return 2;
    count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    pthread_t thread;
    if (pthread_create(&thread, NULL, play, (void *)1) != 0)
        return 2;
    atomic_store(&opened_log->pid, (uint64_t)getpid());
    play((void *)0);
    pthread_join(thread, NULL);
    return 0;
}
