/* syscalls.c - the worker's side of a pass that counts system calls.
 *
 * A filter in the kernel hands every call that takes or gives back memory to the parent, which
 * counts it and lets it go on (seccomp_unotify(2)). The thread that makes it waits meanwhile: so
 * nothing is missed, and nothing of this is in any other pass. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "replay/worker.h"

/* The number of a call, and a jump over the rest of the list to "tell the parent". */
#define X(name) +1
enum { CALLS = 0 RH_SYSTEM_CALL_MAP(X) };
#undef X

#define LOAD(member)                                                                               \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int install(void) {
    struct sock_filter code[CALLS + 6] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        ALLOW,
        LOAD(nr),
    };
    unsigned short length = 4;
    unsigned char left = CALLS;
#define X(name)                                                                                    \
    code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, left, 0); \
    left--;
    RH_SYSTEM_CALL_MAP(X)
#undef X
    code[length++] = (struct sock_filter)ALLOW;
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    struct sock_fprog program = {.len = length, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}

static int send_descriptor(int socket, int descriptor) {
    char byte = 0;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(descriptor));
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

void rh_syscalls_watch(struct rh_worker *worker) {
    struct rh_error error = {0};
    int listener = install();
    if (listener < 0) {
        rh_fail_errno(&error, "system calls cannot be counted here (seccomp_unotify)");
        rh_worker_end_error(worker, &error);
    }
    int socket = (int)worker->shared->calls_socket;
    if (send_descriptor(socket, listener) != 0) {
        rh_fail_errno(&error, "the parent cannot be asked to count system calls");
        rh_worker_end_error(worker, &error);
    }
    close(listener);
    close(socket);
}

void rh_syscalls_begin(struct rh_worker *worker) {
    worker->own_mappings = worker->engine.stack_slab_count;
    atomic_store(&worker->shared->counts_calls, 1);
}

/* The stacks of threads that the trace creates are the harness's. */
void rh_syscalls_end(struct rh_worker *worker) {
    atomic_store(&worker->shared->counts_calls, 0);
    worker->shared->own_mappings = worker->engine.stack_slab_count - worker->own_mappings;
}
