/* kept_file.c - system calls go through syscall(), which is no cancellation point. */
#include "record/preload/kept_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool rh_kept_file_is_ours(const struct rh_kept_file *file) {
    struct stat status;
    return file->fd >= 0 && fstat(file->fd, &status) == 0 && status.st_dev == file->device &&
           status.st_ino == file->inode;
}

/* As high as the limit lets it be, up to 1000: programs expect the low numbers for themselves. */
static int move_up(int fd) {
    for (int least = 1000; least >= 3; least /= 2) {
        long moved = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, least);
        if (moved < 0)
            continue;
        syscall(SYS_close, fd);
        return (int)moved;
    }
    return fd;
}

bool rh_kept_file_open(struct rh_kept_file *file, const char *path, int flags) {
    struct stat status;
    long fd = syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    file->fd = move_up((int)fd);
    if (fstat(file->fd, &status) != 0)
        return false;
    file->device = status.st_dev;
    file->inode = status.st_ino;
    return true;
}

void rh_kept_file_close(struct rh_kept_file *file) {
    if (rh_kept_file_is_ours(file))
        syscall(SYS_close, file->fd);
    file->fd = -1;
}
