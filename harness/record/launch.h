/* launch.h - a command under the preload library, with this process's standard streams. */
#ifndef RH_RECORD_LAUNCH_H
#define RH_RECORD_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct rh_launch {
    const char *library;   /* absolute path of the preload library */
    const char *directory; /* absolute path of the spool */
    bool no_children;
};

struct rh_launch_result {
    pid_t pid;
    int wait_status;
    uint64_t peak_rss_bytes; /* 0: unknown */
};

/* Starts the program `path` with the arguments `command` and waits for its end. While it runs,
 * SIGINT and SIGQUIT are the command's alone (the terminal sends them to both), SIGTERM and SIGHUP
 * are handed on. */
int rh_launch(const struct rh_launch *launch, const char *path, char *const *command,
              struct rh_error *error, struct rh_launch_result *ret_result);

#endif
