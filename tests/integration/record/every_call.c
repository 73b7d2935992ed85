/* every_call.c - every entry point of the malloc API in every odd way, one after the other.
 *
 * For each call it writes what the trace must hold into the file named by its argument, as lines
 * "kind size align"; between two mallocs of MARK bytes, so that the start-up's calls are told from
 * these. Takes care that the compiler leaves every call in place. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARK = 987654 };

/* No address space has that much; and no allocator's arithmetic overflows with it. */
#define IMPOSSIBLE ((size_t)1 << 62)

void free_sized(void *pointer, size_t size) __attribute__((weak));
void free_aligned_sized(void *pointer, size_t alignment, size_t size) __attribute__((weak));
void cfree(void *pointer) __attribute__((weak));

static char expected[65536];
static size_t expected_length;

static void expect(const char *kind, size_t size, unsigned align_log2) {
    int added = snprintf(expected + expected_length, sizeof(expected) - expected_length,
                         "%s size=%zu align=%u\n", kind, size, align_log2);
    expected_length += (size_t)added;
}

/* The compiler sees neither where it comes from nor where it goes. */
static void *hidden(void *pointer) {
    void *volatile hide = pointer;
    return hide;
}

static size_t hidden_size(size_t size) {
    volatile size_t hide = size;
    return hide;
}

static void check(int condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "every_call: %s\n", what);
    exit(1);
}

static void release(void *pointer) {
    expect(pointer != NULL ? "free" : "free-null", 0, 0);
    free(hidden(pointer));
}

/* A call that gave memory or refused. */
static void given_or_failed(const char *kind, void *pointer, size_t size, unsigned align_log2) {
    expect(pointer != NULL ? kind : "failed", size, align_log2);
    if (pointer != NULL)
        release(pointer);
}

static void plain_calls(void) {
    given_or_failed("malloc", hidden(malloc(hidden_size(0))), 0, 0);
    given_or_failed("malloc", hidden(malloc(hidden_size(1))), 1, 0);
    given_or_failed("malloc", hidden(malloc(hidden_size(300000))), 300000, 0);
    void *impossible = hidden(malloc(hidden_size(IMPOSSIBLE)));
    check(impossible == NULL, "malloc of 2^62 bytes gave memory");
    expect("failed", IMPOSSIBLE, 0);
    impossible = hidden(malloc(hidden_size(SIZE_MAX)));
    check(impossible == NULL, "malloc of 2^64 - 1 bytes gave memory");
    expect("failed", SIZE_MAX, 0);
    release(NULL);

    given_or_failed("calloc", hidden(calloc(hidden_size(0), 8)), 0, 0);
    given_or_failed("calloc", hidden(calloc(hidden_size(8), 0)), 0, 0);
    given_or_failed("calloc", hidden(calloc(hidden_size(3), 5)), 15, 0);
    impossible = hidden(calloc(hidden_size(SIZE_MAX / 2), 3));
    check(impossible == NULL, "calloc that overflows gave memory");
    expect("failed", SIZE_MAX, 0);
}

static void reallocs(void) {
    void *pointer = hidden(realloc(hidden(NULL), hidden_size(10)));
    expect("malloc", 10, 0);
    pointer = hidden(realloc(pointer, hidden_size(20)));
    expect("realloc", 20, 0);
    pointer = hidden(realloc(pointer, hidden_size(500000))); /* moves */
    expect("realloc", 500000, 0);
    void *refused = hidden(realloc(hidden(pointer), hidden_size(IMPOSSIBLE)));
    check(refused == NULL, "realloc to 2^62 bytes gave memory");
    expect("failed", IMPOSSIBLE, 0);
    pointer = hidden(realloc(pointer, hidden_size(5)));
    expect("realloc", 5, 0);
    pointer = hidden(realloc(pointer, hidden_size(0)));
    expect(pointer == NULL ? "free" : "realloc", 0, 0);
    if (pointer != NULL)
        release(pointer);
    pointer = hidden(realloc(hidden(NULL), hidden_size(0)));
    given_or_failed("malloc", pointer, 0, 0);

    pointer = hidden(reallocarray(hidden(NULL), hidden_size(0), 6));
    given_or_failed("malloc", pointer, 0, 0);
    pointer = hidden(reallocarray(hidden(NULL), hidden_size(4), 6));
    expect("malloc", 24, 0);
    pointer = hidden(reallocarray(pointer, hidden_size(40), 6));
    expect("realloc", 240, 0);
    errno = 0;
    refused = hidden(reallocarray(hidden(pointer), hidden_size(SIZE_MAX / 2), 3));
    check(refused == NULL && errno == ENOMEM, "reallocarray that overflows gave memory");
    expect("failed", SIZE_MAX, 0);
    release(pointer);
}

static void aligned_calls(void) {
    void *pointer = NULL;
    int result = posix_memalign(&pointer, hidden_size(64), hidden_size(100));
    check(result == 0 && (uintptr_t)pointer % 64 == 0, "posix_memalign");
    expect("aligned", 100, 6);
    release(pointer);
    pointer = NULL;
    result = posix_memalign(&pointer, hidden_size(4096), hidden_size(0));
    if (result != 0 || pointer != NULL)
        given_or_failed("aligned", result == 0 ? pointer : NULL, 0, 12);
    result = posix_memalign(&pointer, hidden_size(24), hidden_size(10)); /* no power of two */
    check(result == EINVAL, "posix_memalign took an alignment of 24");
    expect("failed", 10, 5);
    result = posix_memalign(&pointer, hidden_size(2), hidden_size(10)); /* less than a pointer */
    check(result == EINVAL, "posix_memalign took an alignment of 2");
    expect("failed", 10, 1);
    result = posix_memalign(&pointer, hidden_size(SIZE_MAX), hidden_size(10));
    check(result == EINVAL, "posix_memalign took an alignment of 2^64 - 1");
    expect("failed", 10, 63);
    result = posix_memalign(&pointer, hidden_size(64), hidden_size(IMPOSSIBLE));
    check(result == ENOMEM, "posix_memalign of 2^62 bytes gave memory");
    expect("failed", IMPOSSIBLE, 6);

    given_or_failed("aligned", hidden(aligned_alloc(hidden_size(32), hidden_size(96))), 96, 5);
    given_or_failed("aligned", hidden(aligned_alloc(hidden_size(32), hidden_size(33))), 33, 5);
    given_or_failed("aligned", hidden(memalign(hidden_size(256), hidden_size(7))), 7, 8);
    given_or_failed("aligned", hidden(memalign(hidden_size(1), hidden_size(7))), 7, 0);
    given_or_failed("aligned", hidden(memalign(hidden_size(48), hidden_size(7))), 7, 6);
    given_or_failed("aligned", hidden(aligned_alloc(hidden_size(48), hidden_size(96))), 96, 6);
    given_or_failed("aligned", hidden(valloc(hidden_size(10))), 10, 12);
    given_or_failed("aligned", hidden(valloc(hidden_size(0))), 0, 12);
    given_or_failed("aligned", hidden(memalign(hidden_size(64), hidden_size(IMPOSSIBLE))),
                    IMPOSSIBLE, 6);
}

/* Some allocators have none: then libc's steps in, and its memory must not reach their free. */
static void pvallocs(void) {
    given_or_failed("aligned", hidden(pvalloc(hidden_size(10))), 4096, 12);
    given_or_failed("aligned", hidden(pvalloc(hidden_size(8192))), 8192, 12);
}

static void the_rest(void) {
    void *pointer = hidden(malloc(hidden_size(100)));
    expect("malloc", 100, 0);
    size_t usable = malloc_usable_size(pointer);
    check(usable >= 100, "malloc_usable_size is less than was asked");
    expect("usable", 0, 0);
    memset(pointer, 1, usable);
    check(malloc_usable_size(hidden(NULL)) == 0, "malloc_usable_size(NULL) is not 0");
    pointer = hidden(realloc(pointer, hidden_size(200)));
    expect("realloc", 200, 0);
    release(pointer);

    if (free_sized == NULL || free_aligned_sized == NULL || cfree == NULL)
        return; /* run without the recorder, on a libc before C23 */
    pointer = hidden(malloc(hidden_size(66)));
    expect("malloc", 66, 0);
    expect("free", 0, 0);
    cfree(pointer);
    pointer = hidden(malloc(hidden_size(77)));
    expect("malloc", 77, 0);
    free_sized(pointer, 77);
    expect("free-sized", 77, 0);
    pointer = hidden(aligned_alloc(hidden_size(64), hidden_size(128)));
    expect("aligned", 128, 6);
    free_aligned_sized(pointer, 64, 128);
    expect("free-sized", 128, 0);
    free_sized(hidden(NULL), 5);
    expect("free-null", 0, 0);
}

int main(int argc, char **argv) {
    check(argc >= 2, "arguments: the file for what is expected, and whether there is pvalloc");
    free(hidden(malloc(hidden_size(MARK))));
    plain_calls();
    reallocs();
    aligned_calls();
    the_rest();
    if (argc > 2)
        pvallocs();
    free(hidden(malloc(hidden_size(MARK))));

    FILE *file = fopen(argv[1], "w");
    check(file != NULL && fwrite(expected, 1, expected_length, file) == expected_length &&
              fclose(file) == 0,
          "cannot write what is expected");
    return 0;
}
