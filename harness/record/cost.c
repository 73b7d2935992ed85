/* cost.c - opens the preload library in a child, so that it is never in this process, and asks it.
 */
#include "record/cost.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/spool.h"

/* The child's answer. */
static double ask_library(const char *path, int fd) {
    double (*calibrate)(int, uint32_t) = NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *address = library != NULL ? dlsym(library, "rh_record_calibrate") : NULL;
    if (address == NULL)
        return 0;
    memcpy(&calibrate, &address, sizeof(calibrate));
    return calibrate(fd, rh_tsc_is_reliable() ? RH_SPOOL_CLOCK_TSC : RH_SPOOL_CLOCK_MONOTONIC);
}

static double ask_child(const char *library, int fd) {
    double cost_ns = 0;
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return 0;
    pid_t pid = fork();
    if (pid == 0) {
        double answer = ask_library(library, fd);
        _exit(write(pipe_fds[1], &answer, sizeof(answer)) == sizeof(answer) ? 0 : 1);
    }
    close(pipe_fds[1]);
    ssize_t got = 0;
    if (pid > 0)
        do
            got = read(pipe_fds[0], &cost_ns, sizeof(cost_ns));
        while (got < 0 && errno == EINTR);
    close(pipe_fds[0]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return got == sizeof(cost_ns) ? cost_ns : 0;
}

double rh_cost_measure(const char *library, const char *directory) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/cost", directory);
    if (length < 0 || (size_t)length >= sizeof(path))
        return 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* somebody else's stays */
    if (fd < 0)
        return 0;
    unlink(path);
    double cost_ns = ask_child(library, fd);
    close(fd);
    return cost_ns;
}
