/* touch.c - writes to known numbers of pages of large blocks.
 *
 * Each block has a size of its own, TOUCH_BYTES and the number of the pages that it will have
 * written to, so that the trace shows which is which. They lie in mappings of their own, whose
 * pages are fresh. */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, TOUCH_BYTES = 1 << 20, THREADS = 3, BLOCKS = 20 };

static void touch(char *block, size_t from, size_t pages) {
    for (size_t i = from; i < from + pages; i++)
        block[i * PAGE_BYTES] = 1;
}

static char *make(size_t pages) {
    char *block = malloc(TOUCH_BYTES + pages);
    if (block == NULL)
        abort();
    touch(block, 0, pages);
    return block;
}

static void *work(void *argument) {
    pthread_setname_np(pthread_self(), argument == NULL ? "first" : "another");
    for (size_t i = 1; i <= BLOCKS; i++)
        free(make(i));
    return NULL;
}

static void start_threads(void) {
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
            abort();
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* The child goes on writing to what it has inherited. */
static void start_child(char *inherited) {
    pid_t child = fork();
    if (child == 0) {
        char *own = make(60);
        touch(own, 60, 1); /* one more than its size says */
        touch(inherited, 100, 11);
        free(inherited);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

int main(void) {
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    mallopt(M_MMAP_THRESHOLD, 65536);
    free(malloc(60000)); /* not a large one */
    start_threads();
    char *grown = realloc(make(30), 2 * TOUCH_BYTES + 40); /* moved with its 30 pages */
    touch(grown, 200, 10);
    char *failed = realloc(grown, (size_t)1 << 47);
    if (failed != NULL)
        abort();
    free(grown);
    char *kept = make(50);
    start_child(kept);
    prctl(PR_SET_NAME, "leader", 0, 0, 0);
    return 0;
}
