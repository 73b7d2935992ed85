/* exit.c - ends that pass the exit handlers by, as forked workers' do. A child of vfork, which
 * shares its parent's memory, is not the recorded process. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record/preload/export.h"
#include "record/preload/process.h"

static _Noreturn void leave(int status) {
    rh_process_finish();
    for (;;)
        syscall(SYS_exit_group, status);
}

RH_EXPORT void _exit(int status) {
    leave(status);
}

RH_EXPORT void _Exit(int status) {
    leave(status);
}
