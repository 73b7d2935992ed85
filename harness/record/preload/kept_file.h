/* kept_file.h - a descriptor that stays open in a program that does not know of it: the program may
 * change its root or its user, and may close what it does not know, or reuse its number. */
#ifndef RH_RECORD_PRELOAD_KEPT_FILE_H
#define RH_RECORD_PRELOAD_KEPT_FILE_H

#include <stdbool.h>
#include <sys/types.h>

/* Initialise with fd = -1. */
struct rh_kept_file {
    int fd; /* -1: none */
    dev_t device;
    ino_t inode;
};

/* Is the descriptor still the one that was opened? */
bool rh_kept_file_is_ours(const struct rh_kept_file *file);
/* False: it could not be, errno says why. */
bool rh_kept_file_open(struct rh_kept_file *file, const char *path, int flags);
void rh_kept_file_close(struct rh_kept_file *file);

#endif
