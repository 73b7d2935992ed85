/* launch_calls.c - the parent's side of a pass that counts system calls: the kernel tells it of
 * each one, and the thread that made it waits for the answer, which is always "go on". */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "replay/launch.h"

int rh_launch_open_calls(struct rh_launch *launch, struct rh_error *error) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return rh_fail_errno(error, "no sockets to the worker");
    launch->calls_fd = pair[0];
    launch->worker_calls_fd = pair[1];
    launch->shared->calls_socket = (uint32_t)pair[1];
    struct rh_sample *sample = &launch->shared->sample;
#define X(name) sample->name##_calls = 0;
    RH_SYSTEM_CALL_MAP(X)
#undef X
    return 0;
}

void rh_launch_close_calls(struct rh_launch *launch) {
    if (launch->calls_fd >= 0)
        close(launch->calls_fd);
    if (launch->worker_calls_fd >= 0)
        close(launch->worker_calls_fd);
    launch->calls_fd = launch->worker_calls_fd = -1;
}

static void stop_listening(struct rh_launch *launch) {
    close(launch->calls_fd);
    launch->calls_fd = -1;
}

/* The worker sends what is listened to from then on. */
static void take_listener(struct rh_launch *launch) {
    char byte;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int listener = -1;
    if (recvmsg(launch->calls_fd, &message, MSG_CMSG_CLOEXEC) == 1 &&
        message.msg_controllen >= CMSG_LEN(sizeof(int)) && control.header.cmsg_type == SCM_RIGHTS)
        memcpy(&listener, CMSG_DATA(&control.header), sizeof(listener));
    stop_listening(launch);
    launch->calls_fd = listener;
    launch->listens = true;
}

static void count(struct rh_sample *sample, int call) {
    switch (call) {
#define X(name)                                                                                    \
    case SYS_##name:                                                                               \
        sample->name##_calls++;                                                                    \
        break;
        RH_SYSTEM_CALL_MAP(X)
#undef X
    default:
        break;
    }
}

static void answer(struct rh_launch *launch) {
    /* A newer kernel may fill in more than this program knows of. */
    union {
        struct seccomp_notif known;
        char room[1024];
    } told;
    union {
        struct seccomp_notif_resp known;
        char room[1024];
    } reply;
    memset(&told, 0, sizeof(told));
    memset(&reply, 0, sizeof(reply));
    if (ioctl(launch->calls_fd, SECCOMP_IOCTL_NOTIF_RECV, &told) != 0)
        return; /* the thread was killed meanwhile */
    if (atomic_load(&launch->shared->counts_calls) != 0)
        count(&launch->shared->sample, told.known.data.nr);
    reply.known.id = told.known.id;
    reply.known.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (ioctl(launch->calls_fd, SECCOMP_IOCTL_NOTIF_SEND, &reply) != 0 && errno != ENOENT)
        stop_listening(launch); /* all further calls fail, and the sample with them */
}

void rh_launch_serve_calls(struct rh_launch *launch, short events) {
    if (!launch->listens)
        take_listener(launch);
    else if (events & POLLIN)
        answer(launch);
    else
        stop_listening(launch);
}

void rh_launch_settle_calls(struct rh_launch *launch) {
    struct rh_sample *sample = &launch->shared->sample;
    uint64_t own = launch->shared->own_mappings;
    if (launch->listens && own <= sample->mmap_calls)
        sample->mmap_calls -= own;
}
