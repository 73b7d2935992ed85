/* malloc_calls.c - calls the whole malloc API from every corner of a program's life: before
 * constructors, in threads and after their last destructor, around fork. Exit status 0 when each
 * call does what POSIX, C11 and glibc's manual say; so it passes with any malloc.
 *
 *     malloc_calls [LIBRARY]      malloc must lie in that library */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* Through these the compiler cannot see that nothing comes of a call. */
static void *volatile sink;
static volatile size_t huge = SIZE_MAX - 100, large = (size_t)1 << 33;

static void *keep(void *ptr) {
    sink = ptr;
    return sink;
}

/* ---- before any constructor ---- */

static char *early_block;

static void *fork_block;

static void allocate_in_fork(void) {
    free(fork_block);
    fork_block = keep(malloc(100));
}

/* Handlers that are registered first are called last before a fork and first after it: whatever
 * lock the malloc holds then, they meet it. */
static void before_constructors(int argc, char **argv, char **environment) {
    (void)argc;
    (void)argv;
    (void)environment;
    early_block = keep(malloc(1000));
    if (early_block != NULL)
        memset(early_block, 'e', 1000);
    pthread_atfork(allocate_in_fork, allocate_in_fork, allocate_in_fork);
}

__attribute__((section(".preinit_array"),
               used)) static void (*preinit)(int, char **, char **) = before_constructors;

/* ---- each function ---- */

static void malloc_and_free(void) {
    char *a = keep(malloc(100)), *b = keep(malloc(0));
    EXPECT(a != NULL && b != NULL && a != b);
    EXPECT((uintptr_t)a % 16 == 0 && (uintptr_t)b % 16 == 0);
    EXPECT(malloc_usable_size(a) >= 100);
    EXPECT(malloc_usable_size(NULL) == 0);
    memset(a, 1, malloc_usable_size(a));
    errno = 77;
    free(a);
    free(b);
    free(NULL);
    EXPECT(errno == 77);
    errno = 0;
    EXPECT(keep(malloc(huge)) == NULL && errno == ENOMEM);
}

static void calloc_clears(void) {
    for (size_t round = 0; round < 50; round++) {
        unsigned char *block = keep(calloc(round + 1, 333));
        EXPECT(block != NULL);
        for (size_t i = 0; i < (round + 1) * 333; i++)
            EXPECT(block[i] == 0);
        memset(block, 255, (round + 1) * 333);
        free(block);
    }
    errno = 0;
    EXPECT(keep(calloc(huge, 2)) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(keep(calloc(large, large)) == NULL && errno == ENOMEM);
}

static void realloc_keeps(void) {
    static const size_t lens[] = {1, 50, 500, 4000, 70000, 3000000, 65000, 200, 20, 20, 8};
    unsigned char *block = keep(realloc(NULL, 10));
    size_t filled = 10;
    memset(block, 0x5A, filled);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        block = keep(realloc(block, lens[i]));
        EXPECT(block != NULL);
        for (size_t j = 0; j < filled && j < lens[i]; j++)
            EXPECT(block[j] == 0x5A);
        memset(block, 0x5A, lens[i]);
        filled = lens[i];
    }
    errno = 0;
    EXPECT(keep(realloc(block, huge)) == NULL && errno == ENOMEM);
    EXPECT(block[7] == 0x5A);
    errno = 0;
    EXPECT(keep(reallocarray(block, huge, 3)) == NULL && errno == ENOMEM);
    block = keep(reallocarray(block, 100, 3));
    EXPECT(block != NULL && block[7] == 0x5A);
    EXPECT(keep(realloc(block, 0)) == NULL);
}

static void aligned_blocks(void) {
    for (size_t align = 8; align <= (size_t)2 << 20; align *= 2) {
        void *block = NULL;
        EXPECT(posix_memalign(&block, align, 100) == 0 && (uintptr_t)block % align == 0);
        memset(block, 1, 100);
        block = keep(realloc(block, 300));
        EXPECT(block != NULL && ((unsigned char *)block)[99] == 1);
        free(block);
        block = keep(aligned_alloc(align, 2 * align));
        EXPECT(block != NULL && (uintptr_t)block % align == 0);
        free(block);
        block = keep(memalign(align, 1));
        EXPECT(block != NULL && (uintptr_t)block % align == 0);
        free(block);
    }
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    void *block = keep(valloc(5));
    EXPECT((uintptr_t)block % page_bytes == 0);
    free(block);
    block = keep(pvalloc(page_bytes + 1));
    EXPECT((uintptr_t)block % page_bytes == 0 && malloc_usable_size(block) >= 2 * page_bytes);
    free(block);
    block = &block;
    EXPECT(posix_memalign(&block, 3, 100) == EINVAL && posix_memalign(&block, 4, 100) == EINVAL);
    EXPECT(posix_memalign(&block, 64, huge) == ENOMEM && block == &block);
}

/* ---- threads ---- */

static pthread_key_t key;
static atomic_int late_calls;

/* Destructors that ask to be called again: the last ones run when all else of the thread is gone.
 */
static void at_thread_end(void *value) {
    free(value);
    if (atomic_fetch_add(&late_calls, 1) % 3 != 2)
        pthread_setspecific(key, keep(calloc(1, 200)));
}

static void *short_thread(void *argument) {
    (void)argument;
    pthread_setspecific(key, keep(malloc(64)));
    return keep(malloc(500));
}

static void threads_end(void) {
    EXPECT(pthread_key_create(&key, at_thread_end) == 0);
    for (size_t round = 0; round < 50; round++) {
        pthread_t threads[8];
        for (size_t i = 0; i < 8; i++)
            EXPECT(pthread_create(&threads[i], NULL, short_thread, NULL) == 0);
        for (size_t i = 0; i < 8; i++) {
            void *block = NULL;
            pthread_join(threads[i], &block);
            EXPECT(block != NULL);
            free(block);
        }
    }
    EXPECT(atomic_load(&late_calls) >= 800);
}

/* ---- fork ---- */

static atomic_bool is_over;

static void *churn(void *argument) {
    unsigned char *blocks[64] = {NULL};
    unsigned state = (unsigned)(uintptr_t)argument;
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        state = state * 1664525u + 1013904223u;
        unsigned char **block = &blocks[state >> 26];
        free(*block);
        *block = malloc((state >> 8) % 3000);
        if (*block != NULL)
            **block = 1;
    }
    for (size_t i = 0; i < 64; i++)
        free(blocks[i]);
    return NULL;
}

static void use_heap_in_child(void) {
    for (size_t i = 0; i < 200; i++) {
        char *block = keep(malloc(i * 37 % 5000));
        if (block == NULL)
            _exit(1);
        free(block);
    }
    free(fork_block);
    fork_block = NULL;
    _exit(0);
}

/* A child that meets a locked lock may hang before it can set an alarm for itself. */
static int wait_or_kill(pid_t child) {
    int status = 0;
    for (int tenths = 0; tenths < 200; tenths++) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child)
            return status;
        EXPECT(ended == 0);
        usleep(tenths < 10 ? 1000 : 100000);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return status;
}

static void *fork_often(void *argument) {
    (void)argument;
    for (size_t i = 0; i < 200; i++) {
        pid_t child = fork();
        if (child == 0)
            use_heap_in_child();
        EXPECT(child > 0);
        int status = wait_or_kill(child);
        EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    return NULL;
}

static void fork_from_a_thread(void) {
    pthread_t churners[3], forker;
    for (uintptr_t i = 0; i < 3; i++)
        EXPECT(pthread_create(&churners[i], NULL, churn, (void *)(i + 1)) == 0);
    EXPECT(pthread_create(&forker, NULL, fork_often, NULL) == 0);
    pthread_join(forker, NULL);
    atomic_store(&is_over, true);
    for (size_t i = 0; i < 3; i++)
        pthread_join(churners[i], NULL);
}

static void malloc_lies_in(const char *library) {
    Dl_info info;
    char owner[PATH_MAX], expected[PATH_MAX];
    EXPECT(dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) != 0);
    EXPECT(realpath(info.dli_fname, owner) != NULL && realpath(library, expected) != NULL);
    EXPECT(strcmp(owner, expected) == 0);
}

int main(int argc, char **argv) {
    if (argc > 1)
        malloc_lies_in(argv[1]);
    EXPECT(early_block != NULL && early_block[999] == 'e' && preinit != NULL);
    free(early_block);
    malloc_and_free();
    calloc_clears();
    realloc_keeps();
    aligned_blocks();
    threads_end();
    fork_from_a_thread();
    puts("every call does what it should");
    return 0;
}
