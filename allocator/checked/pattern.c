/* pattern.c - fills blocks and looks whether they are as they were. */
#include "allocator/checked/pattern.h"

#include <string.h>

#define WHOLE_BYTES  ((size_t)1 << 20)
#define END_BYTES    ((size_t)1 << 16)
#define SPARSE_BYTES 64
#define PAGE_BYTES   4096
#define WORD_BYTES   sizeof(uint64_t)

/* The finaliser of splitmix64: every id has a key of its own, and neighbours differ in all bits. */
static uint64_t key_of(uint64_t id) {
    uint64_t key = id + UINT64_C(0x9E3779B97F4A7C15);
    key = (key ^ key >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    key = (key ^ key >> 27) * UINT64_C(0x94D049BB133111EB);
    return key ^ key >> 31;
}

/* The 8 bytes at `offset`, a multiple of 8. */
static uint64_t word_at(uint64_t key, size_t offset) {
    return key + offset * UINT64_C(0xD6E8FEB86659FD93);
}

struct span {
    size_t begin, end;
};

/* The next span at or behind `from` that is written in a block of `bytes`; it starts at a multiple
 * of 8. An empty span: none. */
static struct span next_span(size_t bytes, size_t from) {
    if (from >= bytes)
        return (struct span){bytes, bytes};
    if (bytes <= WHOLE_BYTES)
        return (struct span){from, bytes};
    size_t tail = (bytes - END_BYTES) / PAGE_BYTES * PAGE_BYTES;
    if (from < END_BYTES)
        return (struct span){from, END_BYTES};
    if (from >= tail)
        return (struct span){from, bytes};
    size_t begin = (from + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    return (struct span){begin, begin < tail ? begin + SPARSE_BYTES : bytes};
}

static void fill_span(unsigned char *block, struct span span, uint64_t key) {
    size_t at = span.begin;
    for (; at + WORD_BYTES <= span.end; at += WORD_BYTES) {
        uint64_t word = word_at(key, at);
        memcpy(block + at, &word, WORD_BYTES);
    }
    uint64_t word = word_at(key, at);
    memcpy(block + at, &word, span.end - at);
}

void rh_pattern_fill(void *block, size_t bytes, uint64_t id) {
    uint64_t key = key_of(id);
    for (struct span span = next_span(bytes, 0); span.begin < span.end;
         span = next_span(bytes, span.end))
        fill_span(block, span, key);
}

static bool span_holds(const unsigned char *block, struct span span, uint64_t key,
                       size_t *ret_offset) {
    for (size_t at = span.begin; at < span.end; at += WORD_BYTES) {
        uint64_t word = word_at(key, at);
        size_t count = span.end - at < WORD_BYTES ? span.end - at : WORD_BYTES;
        if (memcmp(block + at, &word, count) == 0)
            continue;
        const unsigned char *expected = (const unsigned char *)&word;
        while (block[at] == *expected) {
            at++;
            expected++;
        }
        *ret_offset = at;
        return false;
    }
    return true;
}

bool rh_pattern_holds(const void *block, size_t bytes, size_t kept_bytes, uint64_t id,
                      size_t *ret_offset) {
    uint64_t key = key_of(id);
    for (struct span span = next_span(bytes, 0); span.begin < span.end && span.begin < kept_bytes;
         span = next_span(bytes, span.end)) {
        size_t end = span.end;
        struct span kept = {span.begin, end < kept_bytes ? end : kept_bytes};
        if (!span_holds(block, kept, key, ret_offset))
            return false;
    }
    return true;
}

size_t rh_pattern_zero_bytes(const void *block, size_t bytes) {
    const unsigned char *at = block;
    size_t i = 0;
    for (uint64_t word; i + WORD_BYTES <= bytes; i += WORD_BYTES) {
        memcpy(&word, at + i, WORD_BYTES);
        if (word != 0)
            break;
    }
    while (i < bytes && at[i] == 0)
        i++;
    return i;
}
