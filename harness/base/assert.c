/* assert.c - the end of a program that is wrong. Must not allocate: the worker runs it too. */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void rh_assert_fail(const char *text, const char *file, int line) {
    char message[512];
    int length =
        snprintf(message, sizeof(message), "%s:%d: assertion failed: %s\n", file, line, text);
    if (length > (int)sizeof(message) - 1)
        length = (int)sizeof(message) - 1;
    ssize_t written = write(STDERR_FILENO, message, (size_t)length);
    (void)written;
    abort();
}
