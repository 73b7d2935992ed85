/* launch.c - fork, exec, wait, and signals meanwhile. */
#include "record/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "record/spool.h"

/* How signals were before. */
struct signals {
    sigset_t mask;
    struct sigaction interrupt;
    struct sigaction quit;
    struct sigaction child;
};

static void add_unless_ignored(int number, sigset_t *set) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        sigaddset(set, number); /* else as under nohup: stays ignored */
}

/* Blocks the signals that are then waited for, instead of handled: so none comes between. */
static void take_signals(struct signals *ret_before, sigset_t *ret_waited) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigemptyset(ret_waited);
    sigaddset(ret_waited, SIGCHLD);
    add_unless_ignored(SIGTERM, ret_waited);
    add_unless_ignored(SIGHUP, ret_waited);
    sigprocmask(SIG_BLOCK, ret_waited, &ret_before->mask);
    sigaction(SIGINT, &ignore, &ret_before->interrupt);
    sigaction(SIGQUIT, &ignore, &ret_before->quit);
    sigaction(SIGCHLD, &usual, &ret_before->child); /* where it is ignored, children vanish */
}

static void give_signals_back(const struct signals *before) {
    sigaction(SIGINT, &before->interrupt, NULL);
    sigaction(SIGQUIT, &before->quit, NULL);
    sigaction(SIGCHLD, &before->child, NULL);
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* ---- in the child ---- */

static int set_environment(const struct rh_launch *launch) {
    const char *others = getenv("LD_PRELOAD");
    struct rh_text preload = {0};
    char pid[32];
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    rh_text_add(&preload, launch->library);
    if (others != NULL && others[0] != '\0')
        rh_text_addf(&preload, ":%s", others);
    bool failed = preload.failed != 0 || setenv("LD_PRELOAD", preload.data, 1) != 0 ||
                  setenv(RH_SPOOL_ENV, launch->directory, 1) != 0 ||
                  setenv(RH_SPOOL_ENV_CLOCK, rh_tsc_is_reliable() ? "tsc" : "monotonic", 1) != 0 ||
                  (launch->no_children ? setenv(RH_SPOOL_ENV_ONLY, pid, 1)
                                       : unsetenv(RH_SPOOL_ENV_ONLY)) != 0;
    rh_text_finish(&preload);
    return failed ? -1 : 0;
}

/* Replaces the child; a failure goes through the pipe as an errno. */
_Noreturn static void become(const struct rh_launch *launch, const char *path, char *const *command,
                             const struct signals *before, int pipe_fd) {
    give_signals_back(before);
    if (set_environment(launch) == 0)
        execv(path, command);
    int number = errno;
    if (number == ENOEXEC) { /* a script without a first line that says so, as execvp does */
        char shell[] = "/bin/sh";
        size_t count = 0;
        while (command[count] != NULL)
            count++;
        char **arguments = calloc(count + 2, sizeof(*arguments));
        if (arguments != NULL) {
            arguments[0] = shell;
            memcpy(&arguments[1], command, (count + 1) * sizeof(*arguments));
            memcpy(&arguments[1], &path, sizeof(path));
            execv(shell, arguments);
        }
        number = errno;
    }
    ssize_t written = write(pipe_fd, &number, sizeof(number));
    _exit(written == sizeof(number) ? 127 : 126);
}

/* ---- in the launcher ---- */

/* 0: the exec went well and closed the pipe. */
static int read_failure(int pipe_fd) {
    int number = 0;
    ssize_t got;
    do
        got = read(pipe_fd, &number, sizeof(number));
    while (got < 0 && errno == EINTR);
    return got == sizeof(number) ? number : 0;
}

/* The peak counts from before the exec: it is the command's own only if larger than this
 * process's, which the child began with. */
static uint64_t own_peak(const struct rusage *usage) {
    struct rusage mine;
    getrusage(RUSAGE_SELF, &mine);
    return usage->ru_maxrss > mine.ru_maxrss ? (uint64_t)usage->ru_maxrss * 1024 : 0;
}

/* Until the command has ended; meanwhile hands signals on. The process id is its own until it has
 * been reaped, so that no signal goes astray. */
static int wait_for(pid_t pid, const sigset_t *waited, struct rh_error *error,
                    struct rh_launch_result *result) {
    for (;;) {
        struct rusage usage;
        pid_t ended = wait4(pid, &result->wait_status, WNOHANG, &usage);
        if (ended == pid) {
            result->pid = pid;
            result->peak_rss_bytes = own_peak(&usage);
            return 0;
        }
        if (ended < 0 && errno != EINTR)
            return rh_fail_errno(error, "cannot wait for process %d", (int)pid);
        struct timespec second = {.tv_sec = 1};
        int number = sigtimedwait(waited, NULL, &second);
        if (number == SIGTERM || number == SIGHUP)
            kill(pid, number);
    }
}

static int start(const struct rh_launch *launch, const char *path, char *const *command,
                 const struct signals *before, struct rh_error *error, pid_t *ret_pid) {
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return rh_fail_errno(error, "pipe2");
    pid_t pid = fork();
    if (pid == 0)
        become(launch, path, command, before, pipe_fds[1]);
    close(pipe_fds[1]);
    int failure = pid > 0 ? read_failure(pipe_fds[0]) : 0;
    close(pipe_fds[0]);
    if (pid < 0)
        return rh_fail_errno(error, "cannot start a process");
    if (failure != 0) {
        waitpid(pid, NULL, 0);
        return rh_fail(error, RH_ERR_CHILD, "cannot run %s: %s", path, strerror(failure));
    }
    *ret_pid = pid;
    return 0;
}

int rh_launch(const struct rh_launch *launch, const char *path, char *const *command,
              struct rh_error *error, struct rh_launch_result *ret_result) {
    struct signals before;
    sigset_t waited;
    struct rh_launch_result result = {0};
    pid_t pid = 0;
    take_signals(&before, &waited);
    int status = start(launch, path, command, &before, error, &pid);
    if (status == 0)
        status = wait_for(pid, &waited, error, &result);
    give_signals_back(&before);
    if (status == 0)
        *ret_result = result;
    return status;
}
