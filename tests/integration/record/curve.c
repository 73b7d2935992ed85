/* curve.c - the same calls in each run, between two marks, whichever allocator serves them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 500, ROUNDS = 20000, MARK_BYTES = 987654 };

static uint64_t state = 1;

/* Knuth's MMIX generator. */
static uint32_t next_number(void) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33);
}

static size_t next_size(void) {
    return 1 + next_number() % (next_number() % 100 == 0 ? 200000u : 600u);
}

static void *make(size_t bytes) {
    void *block = NULL;
    switch (next_number() % 4) {
    case 0:
        return calloc(1, bytes);
    case 1:
        return posix_memalign(&block, 64, bytes) == 0 ? block : NULL;
    default:
        return malloc(bytes);
    }
}

static void mark(void) {
    void *volatile block = malloc(MARK_BYTES);
    free(block);
}

int main(void) {
    static void *slots[SLOTS];
    mark();
    for (int i = 0; i < ROUNDS; i++) {
        void **slot = &slots[next_number() % SLOTS];
        if (*slot == NULL) {
            *slot = make(next_size());
        } else if (next_number() % 4 == 0) {
            *slot = realloc(*slot, next_size());
        } else {
            free(*slot);
            *slot = NULL;
        }
        if (*slot != NULL)
            memset(*slot, 1, 1);
    }
    mark();
    return 0;
}
