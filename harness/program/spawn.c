/* spawn.c - starts hyperfine or a check, waits for it, and ends all of it when its time is over. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "program/internal.h"

enum { POLL_MS = 50 };

static int arrange_files(const struct rh_program_spawn *spawn,
                         posix_spawn_file_actions_t *actions) {
    int failure = posix_spawn_file_actions_addopen(actions, 0, spawn->input, O_RDONLY, 0);
    if (failure == 0)
        failure = posix_spawn_file_actions_addopen(actions, 1, spawn->output,
                                                   O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(actions, 1, 2);
    if (failure == 0)
        failure = posix_spawn_file_actions_addchdir_np(actions, spawn->directory);
    return failure;
}

/* A process group of its own, so that all of it can be ended; signals as they are by default. */
static int arrange_process(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int failure = posix_spawnattr_setsigmask(attributes, &none);
    if (failure == 0)
        failure = posix_spawnattr_setsigdefault(attributes, &all);
    if (failure == 0)
        failure = posix_spawnattr_setpgroup(attributes, 0);
    if (failure == 0)
        failure = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    return failure;
}

static int start(const struct rh_program_spawn *spawn, struct rh_error *error, pid_t *ret_pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int failure = arrange_files(spawn, &actions);
    if (failure == 0)
        failure = arrange_process(&attributes);
    if (failure == 0)
        failure = posix_spawnp(ret_pid, spawn->words[0], &actions, &attributes, spawn->words,
                               spawn->environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failure == 0)
        return 0;
    errno = failure;
    return rh_fail_errno(error, "cannot start %s", spawn->words[0]);
}

int rh_program_spawn(struct rh_program_spawn *spawn, const volatile bool *interrupted,
                     struct rh_error *error) {
    pid_t pid = 0;
    rh_try(start(spawn, error, &pid));
    uint64_t start_ns = rh_now_ns();
    bool stopped = false;
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    while (end.fd >= 0 && poll(&end, 1, POLL_MS) <= 0 && !stopped && !spawn->timed_out) {
        stopped = interrupted != NULL && *interrupted;
        spawn->timed_out =
            spawn->time_limit_ns != 0 && rh_now_ns() - start_ns >= spawn->time_limit_ns;
    }
    if (stopped || spawn->timed_out)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &spawn->status, 0) < 0 && errno == EINTR)
        continue;
    kill(-pid, SIGKILL); /* what it left running would run beside the next one */
    if (end.fd >= 0)
        close(end.fd);
    return stopped ? rh_fail(error, RH_ERR_INTERRUPTED, "interrupted") : 0;
}
