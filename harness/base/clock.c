/* clock.c - is the TSC to be trusted, and how fast does it run. */
#include "base/clock.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Reads the start of a small file without allocating. */
static int file_starts_with(const char *path, const char *word) {
    char text[64] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t length = read(fd, text, sizeof(text) - 1);
    close(fd);
    return length > 0 && strncmp(text, word, strlen(word)) == 0;
}

int rh_tsc_is_reliable(void) {
#if defined(__x86_64__)
    static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    /* The kernel demotes an unsynchronised TSC; kvm-clock is computed from a TSC that is stable. */
    return file_starts_with(path, "tsc") || file_starts_with(path, "kvm-clock");
#else
    return 0;
#endif
}

double rh_tsc_per_ns(uint64_t window_ns) {
    uint64_t start_ns = rh_now_ns();
    uint64_t start_tsc = rh_tsc();
    uint64_t end_ns = start_ns;
    while (end_ns - start_ns < window_ns)
        end_ns = rh_now_ns();
    return (double)(rh_tsc() - start_tsc) / (double)(end_ns - start_ns);
}
