/* processes.c - the ways in which a process makes others, and ends. Each process takes blocks of a
 * size that tells it: 5001 in the first one before it forks, 5002 in it afterwards, 5003 in the
 * child, 5004 in what is executed.
 *
 * processes WAY [ARGUMENT...]; see main. */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { BEFORE = 5001, AFTER = 5002, CHILD = 5003, EXECUTED = 5004, COUNT = 100 };

static void *kept[COUNT];

static void take(size_t size) {
    for (int i = 0; i < COUNT; i++) {
        void *volatile pointer = malloc(size);
        free(kept[i]);
        kept[i] = pointer;
    }
}

static void wait_for(pid_t pid) {
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        exit(9);
    printf("child %d: %d\n", WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status),
           WIFSIGNALED(status));
}

static char *self;
static char executed[] = "executed";

/* ---- children ---- */

static void in_fork_child(void) {
    take(CHILD); /* frees what it has inherited */
    _exit(3);
}

static void forks_without_environment(void) {
    clearenv();
    pid_t pid = fork();
    if (pid == 0)
        in_fork_child();
    wait_for(pid);
}

static void forks(void) {
    pid_t pid = fork();
    if (pid == 0)
        in_fork_child();
    wait_for(pid);
}

/* Past libc: no handlers run. */
static void raw_forks(void) {
    pid_t pid = (pid_t)syscall(SYS_fork);
    if (pid == 0)
        in_fork_child();
    wait_for(pid);
}

/* ---- a fork that runs no handlers ---- */

static void unhandled_forks(void) {
    pid_t pid = _Fork();
    if (pid == 0)
        in_fork_child();
    wait_for(pid);
}

static void *fork_in_thread(void *argument) {
    (void)argument;
    forks();
    return NULL;
}

static void *work(void *argument) {
    volatile int *stop = argument;
    while (!*stop)
        free(malloc(64));
    return NULL;
}

/* ---- forks from a signal handler ---- */

static volatile sig_atomic_t forks_left = 50;
static volatile sig_atomic_t is_child;

static void fork_in_handler(int number) {
    (void)number;
    if (forks_left == 0)
        return;
    pid_t pid = forks_left % 2 == 0 ? fork() : _Fork();
    int status = 0;
    if (pid == 0)
        is_child = 1;
    else if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 3)
        _exit(WIFSIGNALED(status) ? 100 + WTERMSIG(status) : 9);
    forks_left--;
}

/* Most signals interrupt a call of the allocator; the child returns into it. */
static void handler_forks(void) {
    struct sigaction action = {.sa_handler = fork_in_handler, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 300}, {0, 300}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    while (forks_left > 0 && !is_child)
        free(malloc(64));
    if (is_child)
        in_fork_child();
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
}

/* From a second thread, while a third one allocates. */
static void thread_forks(void) {
    static volatile int stop;
    pthread_t forker;
    pthread_t worker;
    if (pthread_create(&worker, NULL, work, (void *)&stop) != 0 ||
        pthread_create(&forker, NULL, fork_in_thread, NULL) != 0)
        exit(9);
    pthread_join(forker, NULL);
    stop = 1;
    pthread_join(worker, NULL);
}

/* The child is in the parent's memory: what it takes is the parent's. */
static void vforks(void) {
    char *const arguments[] = {self, executed, NULL};
    pid_t pid = vfork();
    if (pid == 0) {
        execv(self, arguments);
        _exit(8);
    }
    wait_for(pid);
}

static void spawns(void) {
    char *const arguments[] = {self, executed, NULL};
    char *const empty[] = {NULL};
    pid_t pid = 0;
    if (posix_spawn(&pid, self, NULL, NULL, arguments, empty) != 0)
        exit(9);
    wait_for(pid);
}

/* Parent, child and grandchild; the grandchild outlives them both. */
static void daemonises(void) {
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        if (fork() != 0)
            _exit(0);
        usleep(300000);
        in_fork_child();
    }
    wait_for(pid);
}

/* ---- CPU time ---- */

static void burn(uint64_t ns) {
    uint64_t end_ns = rh_process_cpu_ns() + ns;
    while (rh_process_cpu_ns() < end_ns)
        ;
}

/* Says what the kernel knows of the child: its own time, in us. */
static void busy_forks(void) {
    struct rusage usage;
    burn(200000000);
    pid_t pid = fork();
    if (pid == 0) {
        burn(20000000);
        in_fork_child();
    }
    if (pid < 0 || wait4(pid, NULL, 0, &usage) != pid)
        exit(9);
    printf("%ld\n", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                        usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* ---- ends ---- */

static int end(const char *way) {
    if (strcmp(way, "abort") == 0)
        abort();
    if (strcmp(way, "kill") == 0)
        kill(getpid(), SIGKILL);
    if (strcmp(way, "_exit") == 0)
        _exit(7);
    if (strcmp(way, "quick") == 0)
        quick_exit(6);
    if (strcmp(way, "closed") == 0) { /* as daemons do: every descriptor that is not known */
        for (int fd = 3; fd < 2048; fd++)
            close(fd);
        for (int i = 0; i < 300; i++)
            take(AFTER);
    }
    return strcmp(way, "status") == 0 ? 42 : 0;
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 2;
    self = argv[0];
    if (strcmp(argv[1], "executed") == 0) {
        take(EXECUTED);
        return 4;
    }
    take(BEFORE);
    const struct {
        const char *name;
        void (*run)(void);
    } ways[] = {{"fork", forks},
                {"bare-fork", forks_without_environment},
                {"raw-fork", raw_forks},
                {"unhandled-fork", unhandled_forks},
                {"thread-fork", thread_forks},
                {"handler-fork", handler_forks},
                {"vfork", vforks},
                {"spawn", spawns},
                {"daemon", daemonises},
                {"busy-fork", busy_forks}};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(argv[1], ways[i].name) == 0) {
            ways[i].run();
            take(AFTER);
            return 0;
        }
    if (strcmp(argv[1], "exec") == 0) {
        execle(self, self, "executed", (char *)NULL, (char *const[]){NULL});
        return 9;
    }
    if (strcmp(argv[1], "end") == 0)
        return end(argc > 2 ? argv[2] : "");
    return 2;
}
