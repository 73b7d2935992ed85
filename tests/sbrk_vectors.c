/* sbrk_vectors.c - replays the original's own results against `sbrk-zig`.
 *
 *     sbrk-vectors FILE
 *
 * A line is "A len align offset", "R offset len align new_len 0|1" or "F offset len align"; offsets
 * are relative to the first break. The last line is "# break BYTES sbrk calls N". Exit status 0
 * when every result, the growth of the break and the number of calls agree; 1 when one does not; 2
 * when the file cannot be used. */
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocator/sbrk/heap.h"

enum { AGREES = 0, DIFFERS = 1, UNUSABLE = 2 };

#define CAPACITY_MOST_BYTES  ((size_t)1 << 40)
#define CAPACITY_LEAST_BYTES ((size_t)1 << 30)

/* A live block. The file is not trusted: only blocks that are live may be freed or resized. */
struct block {
    uint64_t offset, len, align;
};

struct replay {
    const char *path;
    uint64_t line;
    uint64_t ops;
    struct rh_sbrk_reserve reserve;
    struct rh_sbrk_failing counted;
    struct rh_sbrk_heap heap;
    void *live; /* a tree of blocks by offset */
    uint64_t expected_growth, expected_calls;
    int has_end;
};

static int say(const struct replay *replay, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int say(const struct replay *replay, int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "sbrk-vectors: %s:%" PRIu64 ": ", replay->path, replay->line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return status;
}

static int by_offset(const void *a, const void *b) {
    uint64_t left = ((const struct block *)a)->offset, right = ((const struct block *)b)->offset;
    return left < right ? -1 : left > right;
}

/* A decimal number without sign or space. Returns what stands behind it, or NULL. */
static const char *read_number(const char *text, uint64_t *ret_number) {
    if (text[0] < '0' || text[0] > '9')
        return NULL;
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (errno != 0)
        return NULL;
    *ret_number = number;
    return end;
}

/* Exactly `count` numbers, each behind one space, and nothing else. */
static int read_numbers(const char *text, uint64_t *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        text = text[0] == ' ' ? read_number(text + 1, &numbers[i]) : NULL;
        if (text == NULL)
            return -1;
    }
    return *text == '\0' ? 0 : -1;
}

static struct block *find(const struct replay *replay, uint64_t offset) {
    struct block key = {.offset = offset};
    struct block **found = tfind(&key, &replay->live, by_offset);
    return found != NULL ? *found : NULL;
}

static int remember(struct replay *replay, uint64_t offset, uint64_t len, uint64_t align) {
    struct block *block = malloc(sizeof(*block));
    if (block == NULL)
        return say(replay, UNUSABLE, "out of memory");
    *block = (struct block){.offset = offset, .len = len, .align = align};
    struct block **slot = tsearch(block, &replay->live, by_offset);
    if (slot != NULL && *slot == block)
        return AGREES;
    free(block);
    return say(replay, slot == NULL ? UNUSABLE : DIFFERS, "offset %" PRIu64 " is live already",
               offset);
}

static int play_alloc(struct replay *replay, const char *text) {
    uint64_t numbers[3];
    if (read_numbers(text, numbers, 3) != 0 || numbers[1] == 0 ||
        (numbers[1] & (numbers[1] - 1)) != 0)
        return say(replay, UNUSABLE, "not \"A len align offset\"");
    uintptr_t addr = (uintptr_t)rh_sbrk_heap_alloc(&replay->heap, numbers[0], numbers[1]);
    if (addr == 0)
        return say(replay, DIFFERS, "the original gave %" PRIu64 ", here there is no memory",
                   numbers[2]);
    uint64_t offset = addr - replay->reserve.begin;
    if (offset != numbers[2])
        return say(replay, DIFFERS, "the original gave %" PRIu64 ", here it is %" PRIu64,
                   numbers[2], offset);
    return remember(replay, offset, numbers[0], numbers[1]);
}

static int play_resize(struct replay *replay, const char *text) {
    uint64_t numbers[5];
    if (read_numbers(text, numbers, 5) != 0 || numbers[4] > 1)
        return say(replay, UNUSABLE, "not \"R offset len align new_len 0|1\"");
    struct block *block = find(replay, numbers[0]);
    if (block == NULL || block->len != numbers[1] || block->align != numbers[2])
        return say(replay, UNUSABLE, "no live block has this offset, length and alignment");
    bool resized = rh_sbrk_heap_resize(&replay->heap, numbers[1], numbers[2], numbers[3]);
    if (resized != (numbers[4] == 1))
        return say(replay, DIFFERS, "the original said %" PRIu64 ", here it is %d", numbers[4],
                   resized);
    if (resized)
        block->len = numbers[3];
    return AGREES;
}

static int play_free(struct replay *replay, const char *text) {
    uint64_t numbers[3];
    if (read_numbers(text, numbers, 3) != 0)
        return say(replay, UNUSABLE, "not \"F offset len align\"");
    struct block *block = find(replay, numbers[0]);
    if (block == NULL || block->len != numbers[1] || block->align != numbers[2])
        return say(replay, UNUSABLE, "no live block has this offset, length and alignment");
    rh_sbrk_heap_free(&replay->heap, (void *)(replay->reserve.begin + numbers[0]), numbers[1],
                      numbers[2]);
    tdelete(block, &replay->live, by_offset);
    free(block);
    return AGREES;
}

/* "# break BYTES sbrk calls N" ends the operations; any other comment is for people. */
static int read_comment(struct replay *replay, const char *text) {
    static const char first[] = "# break ", second[] = " sbrk calls ";
    if (strncmp(text, first, strlen(first)) != 0)
        return AGREES;
    text = read_number(text + strlen(first), &replay->expected_growth);
    if (text == NULL || strncmp(text, second, strlen(second)) != 0)
        return say(replay, UNUSABLE, "not \"# break BYTES sbrk calls N\"");
    text = read_number(text + strlen(second), &replay->expected_calls);
    if (text == NULL || *text != '\0')
        return say(replay, UNUSABLE, "not \"# break BYTES sbrk calls N\"");
    replay->has_end = 1;
    return AGREES;
}

static int play_line(struct replay *replay, char *text) {
    text[strcspn(text, "\n")] = '\0';
    if (text[0] == '#')
        return read_comment(replay, text);
    if (text[0] == '\0')
        return AGREES;
    if (replay->has_end)
        return say(replay, UNUSABLE, "an operation behind the totals");
    replay->ops++;
    switch (text[0]) {
    case 'A':
        return play_alloc(replay, text + 1);
    case 'R':
        return play_resize(replay, text + 1);
    case 'F':
        return play_free(replay, text + 1);
    default:
        return say(replay, UNUSABLE, "a line begins with A, R, F or #");
    }
}

static int compare_totals(const struct replay *replay) {
    if (!replay->has_end)
        return say(replay, UNUSABLE, "the file ends without \"# break BYTES sbrk calls N\"");
    if (replay->counted.grown_bytes != replay->expected_growth)
        return say(replay, DIFFERS,
                   "the original's break grew by %" PRIu64 ", here by %" PRIu64 " bytes",
                   replay->expected_growth, replay->counted.grown_bytes);
    if (replay->counted.calls != replay->expected_calls)
        return say(replay, DIFFERS, "the original called sbrk %" PRIu64 " times, here %" PRIu64,
                   replay->expected_calls, replay->counted.calls);
    return AGREES;
}

/* And our own check: the account of every byte closes. */
static int check_heap(struct replay *replay) {
    char reason[256];
    if (rh_sbrk_heap_check(&replay->heap, reason, sizeof(reason)) == 0)
        return AGREES;
    return say(replay, DIFFERS, "%s", reason);
}

static int play_file(struct replay *replay, FILE *stream) {
    char line[256];
    int status = AGREES;
    while (status == AGREES && fgets(line, sizeof(line), stream) != NULL) {
        replay->line++;
        status = play_line(replay, line);
    }
    if (status == AGREES && ferror(stream))
        status = say(replay, UNUSABLE, "cannot be read: %s", strerror(errno));
    if (status == AGREES)
        status = compare_totals(replay);
    return status == AGREES ? check_heap(replay) : status;
}

static int open_heap(struct replay *replay) {
    for (size_t bytes = CAPACITY_MOST_BYTES; bytes >= CAPACITY_LEAST_BYTES; bytes /= 2)
        if (rh_sbrk_reserve_init(&replay->reserve, bytes, (size_t)1 << 30) == 0) {
            rh_sbrk_failing_init(&replay->counted, &replay->reserve.source);
            rh_sbrk_heap_init(&replay->heap, &replay->counted.source, true);
            return AGREES;
        }
    return say(replay, UNUSABLE, "no address space for the heap");
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: sbrk-vectors FILE\n");
        return UNUSABLE;
    }
    struct replay replay = {.path = argv[1]};
    FILE *stream = fopen(argv[1], "r");
    if (stream == NULL)
        return say(&replay, UNUSABLE, "%s", strerror(errno));
    int status = open_heap(&replay);
    if (status == AGREES) {
        status = play_file(&replay, stream);
        tdestroy(replay.live, free);
        rh_sbrk_heap_finish(&replay.heap);
        rh_sbrk_reserve_finish(&replay.reserve);
    }
    fclose(stream);
    if (status == AGREES)
        printf("%" PRIu64 " operations agree, the break grew by %" PRIu64 " bytes in %" PRIu64
               " calls\n",
               replay.ops, replay.counted.grown_bytes, replay.counted.calls);
    return status;
}
