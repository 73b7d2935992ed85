/* early_call.c - allocates while the dynamic linker asks which function is to be called (ifunc):
 * before thread-local storage holds what it is to begin with, and before there is an environment.
 * Then once at the start, in main and at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EARLY = 4321, START, MAIN, END };

static void *volatile early;

static int chosen(void) {
    return 7;
}

static int (*choose(void))(void) {
    early = malloc(EARLY);
    if (early != NULL)
        memset(early, 1, EARLY);
    return chosen;
}

int call(void) __attribute__((ifunc("choose")));

static void take(size_t size) {
    void *volatile pointer = malloc(size);
    free(pointer);
}

__attribute__((constructor)) static void at_start(void) {
    take(START);
}

__attribute__((destructor)) static void at_end(void) {
    take(END);
}

int main(void) {
    take(MAIN);
    printf("%d %d\n", call(), early != NULL);
    free(early);
    return 0;
}
