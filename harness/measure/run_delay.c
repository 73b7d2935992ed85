/* run_delay.c - schedstat of a thread. */
#include "measure/run_delay.h"

#include <fcntl.h>
#include <unistd.h>

int rh_run_delay_open(void) {
    return open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

uint64_t rh_run_delay_parse(const char *text) {
    while (*text >= '0' && *text <= '9')
        text++;
    if (*text++ != ' ')
        return 0;
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

uint64_t rh_run_delay_read(int fd) {
    char text[96];
    if (fd < 0)
        return 0;
    ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    return rh_run_delay_parse(text);
}
