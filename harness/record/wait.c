/* wait.c - waits for processes that are not this one's children. */
#include "record/wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "record/spooldir.h"

static volatile sig_atomic_t wait_is_over;

static void end_wait(int number) {
    (void)number;
    wait_is_over = 1;
}

/* Until the process has ended, or a signal says to wait no longer. Where the kernel or a sandbox
 * refuses the descriptor, for a while. */
static void wait_for_process(uint64_t pid) {
    enum { STEP_MS = 200 };
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (fd < 0 && errno != ESRCH)
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000}, NULL);
    if (fd < 0)
        return;
    struct pollfd waited = {.fd = fd, .events = POLLIN};
    while (!wait_is_over && poll(&waited, 1, STEP_MS) <= 0)
        ;
    close(fd);
}

/* Waits for one running process of the list; false: there was none. *told: whom it was said of
 * last.
 */
static bool wait_for_one(const struct rh_record_options *options, const struct rh_spool_list *list,
                         uint64_t *told) {
    for (size_t i = 0; i < list->count; i++) {
        if (!list->entries[i].is_running)
            continue;
        if (options->waiting != NULL && *told != list->entries[i].pid)
            options->waiting(options->context, list->entries[i].pid);
        *told = list->entries[i].pid;
        wait_for_process(list->entries[i].pid);
        return true;
    }
    return false;
}

/* Waits until no recorded process runs any more. SIGINT or SIGTERM: what they have recorded so far
 * is what there is. Processes that were just started get a little time to begin. */
static int wait_for_all(const struct rh_record_options *options, const char *directory,
                        struct rh_error *error) {
    enum { STEPS_MOST = 50, STEP_NS = 4000000 };
    uint64_t told = 0;
    for (int step = 0; step < STEPS_MOST && !wait_is_over;) {
        struct rh_spool_list list = {0};
        rh_try(rh_spooldir_list(directory, error, &list));
        bool has_waited = wait_for_one(options, &list, &told);
        bool is_done = !has_waited && !rh_spooldir_has_strangers(directory, &list);
        rh_spool_list_finish(&list);
        if (is_done)
            break;
        step = has_waited ? 0 : step + 1;
        if (!has_waited)
            nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
    }
    return 0;
}

int rh_wait_for_descendants(const struct rh_record_options *options, const char *directory,
                            struct rh_error *error) {
    struct sigaction action = {.sa_handler = end_wait};
    struct sigaction interrupt;
    struct sigaction terminate;
    wait_is_over = 0;
    sigaction(SIGINT, &action, &interrupt);
    sigaction(SIGTERM, &action, &terminate);
    int result = wait_for_all(options, directory, error);
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &terminate, NULL);
    return result;
}
