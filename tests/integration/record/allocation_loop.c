/* allocation_loop.c - the tight loop on which a recorder's cost is measured: malloc and free of
 * small blocks, nothing else. allocation-loop THREADS PAIRS prints ns per call of one thread,
 * of wall time and of CPU time. With
 * MALLOC_TRACE in the environment it calls mtrace(3), which is measured for comparison. */
#include <mcheck.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static unsigned long pairs;

static double now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *loop(void *argument) {
    for (unsigned long i = 0; i < pairs; i++) {
        void *volatile pointer = malloc(32 + (i & 63));
        free(pointer);
    }
    return argument;
}

int main(int argc, char **argv) {
    enum { THREADS_MOST = 64 };
    pthread_t threads[THREADS_MOST];
    unsigned long count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    pairs = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    if (count == 0 || count > THREADS_MOST || pairs == 0)
        return 2;
    if (getenv("MALLOC_TRACE") != NULL)
        mtrace();
    double start_ns = now_ns(CLOCK_MONOTONIC);
    double start_cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (unsigned long i = 1; i < count; i++)
        if (pthread_create(&threads[i], NULL, loop, NULL) != 0)
            return 1;
    loop(NULL);
    for (unsigned long i = 1; i < count; i++)
        pthread_join(threads[i], NULL);
    double calls = 2.0 * (double)pairs;
    double cpu_ns = (now_ns(CLOCK_PROCESS_CPUTIME_ID) - start_cpu_ns) / (double)count;
    printf("%.3f %.3f\n", (now_ns(CLOCK_MONOTONIC) - start_ns) / calls, cpu_ns / calls);
    return 0;
}
