/* launch_watch.c - starts a worker, waits for it, and ends it when its time is over. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator/registry.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "replay/launch.h"

enum { POLL_MS = 50 };

const char *rh_launch_worker_for(const char *allocator) {
    char reason[256];
    const struct rh_allocator_ops *ops = rh_registry_find(allocator, reason, sizeof(reason));
    bool is_static = ops != NULL && (ops->flags & RH_ALLOCATOR_STATIC_WORKER) != 0;
    return is_static ? "reheap-worker-musl" : "reheap-worker";
}

/* REHEAP_WORKER names the plain worker; the others lie beside it. */
static int take_given(const char *given, const char *worker, struct rh_error *error,
                      char **ret_path) {
    static const char plain[] = "reheap-worker";
    struct rh_text text = {0};
    rh_text_addf(&text, "%s%s", given, worker + strlen(plain));
    *ret_path = text.failed ? NULL : rh_strdup(rh_text_get(&text));
    rh_text_finish(&text);
    return *ret_path != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
}

static char *join(const char *self, const char *directory, const char *worker) {
    char *parent = rh_path_join(self, directory);
    char *path = parent != NULL ? rh_path_join(parent, worker) : NULL;
    rh_free(parent);
    return path;
}

/* Beside reheap, in the build tree beside its folder, or where it was installed. */
static int find_worker(const char *worker, struct rh_error *error, char **ret_path) {
    const char *given = getenv("REHEAP_WORKER");
    char self[4096];
    if (given != NULL && given[0] != '\0')
        return take_given(given, worker, error, ret_path);
    rh_try(rh_path_of_self(self, sizeof(self), error));
    const char *const directories[] = {".", "../replay", "../harness/replay", RH_LIBEXEC_FROM_BIN,
                                       RH_LIBEXEC};
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        char *path = join(self, directories[i], worker);
        if (path == NULL)
            return rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
        if (access(path, X_OK) == 0) {
            *ret_path = path;
            return 0;
        }
        rh_free(path);
    }
    return rh_fail(error, RH_ERR_MISSING,
                   "%s is neither beside the program (%s) nor in %s; REHEAP_WORKER may name "
                   "reheap-worker",
                   worker, self, RH_LIBEXEC);
}

/* A tool has the terminal, but what goes to standard output is the sample's alone. */
static int leave_terminal(posix_spawn_file_actions_t *actions) {
    return posix_spawn_file_actions_adddup2(actions, 2, 1);
}

/* The worker's standard streams: nothing to read, and a log for what a library prints before it
 * aborts. */
static int take_streams(struct rh_launch *launch, posix_spawn_file_actions_t *actions) {
    int failure = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(actions, launch->log_fd, 1);
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(actions, launch->log_fd, 2);
    return failure;
}

static int arrange_files(struct rh_launch *launch, posix_spawn_file_actions_t *actions) {
    int failure = launch->under != NULL ? leave_terminal(actions) : take_streams(launch, actions);
    if (failure == 0) /* onto itself: it loses its close-on-exec flag, in the child only */
        failure = posix_spawn_file_actions_adddup2(actions, launch->shared_fd, launch->shared_fd);
    if (failure == 0 && launch->worker_calls_fd >= 0)
        failure = posix_spawn_file_actions_adddup2(actions, launch->worker_calls_fd,
                                                   launch->worker_calls_fd);
    return failure;
}

/* Its own process group, so that Ctrl-C is ours to pass on, unless a tool is to have the keyboard;
 * no signal blocked or ignored. */
static int arrange_process(const struct rh_launch *launch, posix_spawnattr_t *attributes) {
    sigset_t none, all;
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (launch->under == NULL)
        flags |= POSIX_SPAWN_SETPGROUP;
    sigemptyset(&none);
    sigfillset(&all);
    int failure = posix_spawnattr_setsigmask(attributes, &none);
    if (failure == 0)
        failure = posix_spawnattr_setsigdefault(attributes, &all);
    if (failure == 0)
        failure = posix_spawnattr_setpgroup(attributes, 0);
    if (failure == 0)
        failure = posix_spawnattr_setflags(attributes, (short)flags);
    return failure;
}

static int spawn(struct rh_launch *launch, const char *path, struct rh_error *error) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    struct rh_launch_words words;
    rh_launch_make_words(launch, path, &words);
    int failure = arrange_files(launch, &actions);
    if (failure == 0)
        failure = arrange_process(launch, &attributes);
    if (failure == 0)
        failure = posix_spawnp(&launch->pid, words.words[0], &actions, &attributes,
                               (char *const *)(uintptr_t)words.words, launch->environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failure == 0)
        return 0;
    if (failure == ENOENT && launch->under != NULL)
        return rh_launch_refuse_tool(launch, error);
    errno = failure;
    return rh_fail_errno(error, "cannot start %s", words.words[0]);
}

int rh_launch_start(struct rh_launch *launch, struct rh_error *error) {
    char *path = NULL;
    rh_try(find_worker(launch->worker, error, &path));
    int result = spawn(launch, path, error);
    rh_free(path);
    return result;
}

static int milliseconds_to_wait(uint64_t start_ns, uint64_t time_limit_ns) {
    if (time_limit_ns == 0)
        return POLL_MS;
    uint64_t passed_ns = rh_now_ns() - start_ns;
    uint64_t left_ns = passed_ns < time_limit_ns ? time_limit_ns - passed_ns : 0;
    uint64_t left_ms = left_ns / 1000000 + 1;
    return left_ms < POLL_MS ? (int)left_ms : POLL_MS;
}

static void reap(struct rh_launch *launch) {
    while (waitpid(launch->pid, &launch->status, 0) < 0 && errno == EINTR)
        continue;
}

/* Waits, and answers what the worker's system calls ask. True: it has ended. */
static bool has_ended(struct rh_launch *launch, int pidfd, int most_ms) {
    uint64_t begin_ns = rh_now_ns();
    do {
        struct pollfd entries[] = {{.fd = pidfd, .events = POLLIN},
                                   {.fd = launch->calls_fd, .events = POLLIN}};
        if (poll(entries, 2, most_ms) <= 0)
            return false;
        if (entries[0].revents != 0)
            return true;
        rh_launch_serve_calls(launch, entries[1].revents);
    } while (rh_now_ns() - begin_ns < POLL_MS * UINT64_C(1000000));
    return false;
}

int rh_launch_watch(struct rh_launch *launch, const char *tape_path, uint64_t time_limit_ns,
                    const volatile bool *interrupted, struct rh_error *error) {
    uint64_t start_ns = rh_now_ns();
    bool stopped = false;
    int pidfd = (int)syscall(SYS_pidfd_open, launch->pid, 0);
    while (pidfd >= 0 && !has_ended(launch, pidfd, milliseconds_to_wait(start_ns, time_limit_ns))) {
        stopped = interrupted != NULL && *interrupted;
        launch->timed_out = time_limit_ns != 0 && rh_now_ns() - start_ns >= time_limit_ns;
        if (tape_path != NULL)
            rh_launch_watch_progress(launch, tape_path);
        if (stopped || launch->timed_out || launch->stuck)
            break;
    }
    rh_launch_end_progress(launch);
    int opened_errno = errno;
    if (pidfd < 0 || stopped || launch->timed_out || launch->stuck)
        kill(launch->pid, SIGKILL);
    reap(launch);
    if (pidfd >= 0)
        close(pidfd);
    if (pidfd < 0) {
        errno = opened_errno;
        return rh_fail_errno(error, "cannot watch a worker (pidfd_open needs Linux 5.3)");
    }
    if (stopped)
        return rh_fail(error, RH_ERR_INTERRUPTED, "interrupted");
    return 0;
}
