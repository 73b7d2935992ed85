/* threads.c - threads that pass blocks, come and go by thousands, and allocate on their way out.
 *
 * threads crossing N: two producers hand N blocks each to two consumers, who free them.
 * threads churn N:    N short threads, eight at a time; each allocates, frees, and frees the rest
 * in the destructors of its thread data, in the last round of them too. threads cancelled N: N
 * threads that are cancelled while they allocate and free. threads closing N: two threads take and
 * free N blocks each, while all files that the program does not know are closed again and again.
 *
 * Prints "mallocs frees" of its own blocks (those of 1000 to 1999 bytes). */
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic unsigned long mallocs, frees;

static void *take(unsigned long seed) {
    void *volatile pointer = malloc(1000 + seed % 1000);
    if (pointer == NULL)
        abort();
    memset(pointer, 1, 64);
    atomic_fetch_add(&mallocs, 1);
    return pointer;
}

static void give(void *pointer) {
    atomic_fetch_add(&frees, 1);
    free(pointer);
}

/* ---- crossing ---- */

enum { BOX = 64 };
static _Atomic(void *) box[BOX];
static unsigned long blocks;

static void *produce(void *argument) {
    unsigned long seed = (unsigned long)argument;
    for (unsigned long i = 0; i < blocks; i++) {
        void *block = take(seed += 7);
        for (unsigned place = (unsigned)i;; place++) {
            void *empty = NULL;
            if (atomic_compare_exchange_strong(&box[place % BOX], &empty, block))
                break;
            if (place % BOX == 0)
                sched_yield();
        }
    }
    return NULL;
}

static void *consume(void *argument) {
    (void)argument;
    unsigned long left = blocks;
    for (unsigned place = 0; left > 0; place++) {
        void *block = atomic_exchange(&box[place % BOX], NULL);
        if (block != NULL) {
            give(block);
            left--;
        } else if (place % BOX == 0) {
            sched_yield();
        }
    }
    return NULL;
}

static void crossing(unsigned long count) {
    pthread_t threads[4];
    blocks = count;
    for (unsigned long i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, i < 2 ? produce : consume, (void *)i) != 0)
            abort();
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

/* ---- churn ---- */

static pthread_key_t key;
static __thread int rounds;

/* Comes back in every round of destructors; the last one is behind the recorder's own. */
static void leave(void *block) {
    give(block);
    if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS)
        pthread_setspecific(key, take(3));
}

static void *live_shortly(void *argument) {
    pthread_setspecific(key, take((unsigned long)argument));
    for (int i = 0; i < 5; i++)
        give(take((unsigned long)argument + (unsigned long)i));
    return NULL;
}

static void churn(unsigned long count) {
    enum { WIDTH = 8 };
    pthread_t threads[WIDTH];
    if (pthread_key_create(&key, leave) != 0)
        abort();
    for (unsigned long done = 0; done < count; done += WIDTH) {
        for (unsigned long i = 0; i < WIDTH; i++)
            if (pthread_create(&threads[i], NULL, live_shortly, (void *)(done + i)) != 0)
                abort();
        for (int i = 0; i < WIDTH; i++)
            pthread_join(threads[i], NULL);
    }
}

/* ---- cancelled ---- */

static void *work_for_ever(void *argument) {
    for (unsigned long i = (unsigned long)argument;; i++) {
        give(take(i));
        pthread_testcancel();
    }
    return NULL;
}

static void cancelled(unsigned long count) {
    for (unsigned long i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work_for_ever, (void *)i) != 0)
            abort();
        pthread_cancel(thread);
        pthread_join(thread, NULL);
    }
}

/* ---- closing ---- */

static _Atomic int working;

static void *work(void *argument) {
    for (unsigned long i = 0; i < blocks; i++)
        give(take((unsigned long)argument + i));
    atomic_fetch_sub(&working, 1);
    return NULL;
}

static void closing(unsigned long count) {
    enum { THREADS = 2, FIRST_UNKNOWN = 3 };
    pthread_t threads[THREADS];
    blocks = count;
    working = THREADS;
    for (unsigned long i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
            abort();
    while (working > 0) {
        close_range(FIRST_UNKNOWN, ~0u, 0);
        sched_yield();
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    unsigned long count = strtoul(argv[2], NULL, 10);
    if (strcmp(argv[1], "crossing") == 0)
        crossing(count);
    else if (strcmp(argv[1], "churn") == 0)
        churn(count);
    else if (strcmp(argv[1], "closing") == 0)
        closing(count);
    else
        cancelled(count);
    printf("%lu %lu\n", (unsigned long)mallocs, (unsigned long)frees);
    return 0;
}
