/* reason.c - sentences and assertions that do not allocate. */
#include "allocator/reason.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int rh_reason(char *ret_reason, size_t reason_bytes, const char *format, ...) {
    if (ret_reason == NULL || reason_bytes == 0)
        return -1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_reason, reason_bytes, format, arguments);
    va_end(arguments);
    return -1;
}

_Noreturn void rh_require_fail(const char *text, const char *file, int line) {
    char message[512];
    int length =
        snprintf(message, sizeof(message), "%s:%d: assertion failed: %s\n", file, line, text);
    if (length > (int)sizeof(message) - 1)
        length = (int)sizeof(message) - 1;
    ssize_t written = write(STDERR_FILENO, message, (size_t)length);
    (void)written;
    abort();
}
