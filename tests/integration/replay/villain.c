/* villain.c - a malloc library that misbehaves at its n-th allocation: VILLAIN="DEED N". The deeds:
 * none, crash, abort, hang, null, lose (the blocks' content), twice (the block before again), exit.
 * Memory is never reused. */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEADER_BYTES = 16, POOL_BYTES = 1 << 30 };

static _Atomic uint64_t used, calls;
static char *pool;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_pool(void) {
    pool = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void say(const char *text) {
    if (write(2, text, strlen(text)) < 0)
        _exit(99);
}

/* True where the caller shall get NULL. */
static int act(void) {
    const char *deed = getenv("VILLAIN");
    const char *number = deed != NULL ? strchr(deed, ' ') : NULL;
    if (number == NULL || ++calls != strtoull(number, NULL, 10))
        return 0;
    if (strncmp(deed, "crash", 5) == 0)
        *(volatile char *)(uintptr_t)used = 1; /* an address in the first GiB: no memory */
    if (strncmp(deed, "abort", 5) == 0) {
        say("villain: I give up\n");
        abort();
    }
    if (strncmp(deed, "exit", 4) == 0)
        _exit(7);
    while (strncmp(deed, "hang", 4) == 0)
        pause();
    if (strncmp(deed, "lose", 4) == 0)
        memset(pool, 0, used);
    if (strncmp(deed, "twice", 5) == 0)
        used -= 64;
    return strncmp(deed, "null", 4) == 0;
}

void *aligned_alloc(size_t align, size_t size) {
    pthread_once(&once, make_pool);
    if (act()) {
        errno = ENOMEM;
        return NULL;
    }
    if (align < 16)
        align = 16;
    uint64_t room = (size + align + HEADER_BYTES + 15) / 16 * 16;
    uint64_t at = atomic_fetch_add(&used, room);
    if (room > POOL_BYTES || at > POOL_BYTES - room)
        return NULL;
    uintptr_t block = ((uintptr_t)pool + at + HEADER_BYTES + align - 1) / align * align;
    memcpy((char *)block - 8, &size, sizeof(size));
    return (void *)block;
}

void *malloc(size_t size) {
    return aligned_alloc(16, size);
}

void *calloc(size_t count, size_t size) {
    return aligned_alloc(16, count * size); /* fresh memory is zero */
}

size_t malloc_usable_size(void *block) {
    size_t size = 0;
    if (block != NULL)
        memcpy(&size, (char *)block - 8, sizeof(size));
    return size;
}

void *realloc(void *block, size_t size) {
    void *fresh = malloc(size);
    if (fresh != NULL && block != NULL) {
        size_t old = malloc_usable_size(block);
        memcpy(fresh, block, old < size ? old : size);
    }
    return fresh;
}

void free(void *block) {
    (void)block;
}

int posix_memalign(void **block, size_t align, size_t size) {
    *block = aligned_alloc(align, size);
    return *block != NULL ? 0 : ENOMEM;
}

void *memalign(size_t align, size_t size) {
    return aligned_alloc(align, size);
}
