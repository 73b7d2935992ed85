/* churn.c - a program whose allocations are worth recording, built without a sanitizer. */
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 200, STEPS = 3000 };

int main(void) {
    void *blocks[BLOCKS] = {NULL};
    unsigned random = 1;
    for (int i = 0; i < STEPS; i++) {
        random = random * 1103515245u + 12345u;
        size_t at = random / 65536u % BLOCKS;
        size_t size = 16 + random / 256u % 2000;
        free(blocks[at]);
        blocks[at] = malloc(size);
        if (blocks[at] != NULL)
            memset(blocks[at], 1, size);
    }
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return 0;
}
