/* exec.c - the exec family: a program that is started with an environment of its own is recorded
 * all the same. `env LD_PRELOAD=libjemalloc.so.2 program` is the common case. */
#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "record/preload/environment.h"
#include "record/preload/export.h"

typedef int exec_function(const char *, char *const *, char *const *);
typedef int spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *,
                           const posix_spawnattr_t *, char *const *, char *const *);

static struct {
    exec_function *execve;
    exec_function *execvpe;
    int (*fexecve)(int, char *const *, char *const *);
    int (*execveat)(int, const char *, char *const *, char *const *, int);
    spawn_function *posix_spawn;
    spawn_function *posix_spawnp;
} next;

static void find(const char *name, void *ret_function) {
    void *address = dlsym(RTLD_NEXT, name);
    memcpy(ret_function, &address, sizeof(address));
}

/* Not at the first call, which may come from a child that a thread has forked: another thread may
 * have held the dynamic linker's lock. */
__attribute__((constructor)) static void find_next(void) {
    if (next.execve != NULL)
        return;
    find("execvpe", &next.execvpe);
    find("fexecve", &next.fexecve);
    find("execveat", &next.execveat);
    find("posix_spawn", &next.posix_spawn);
    find("posix_spawnp", &next.posix_spawnp);
    find("execve", &next.execve);
}

static int exec_with(exec_function *function, const char *path, char *const *arguments,
                     char *const *words) {
    struct rh_environment_patch patch;
    return function(path, arguments, rh_environment_complete(words, &patch));
}

RH_EXPORT int execve(const char *path, char *const *arguments, char *const *words) {
    return exec_with(next.execve, path, arguments, words);
}

RH_EXPORT int execvpe(const char *file, char *const *arguments, char *const *words) {
    return exec_with(next.execvpe, file, arguments, words);
}

RH_EXPORT int execv(const char *path, char *const *arguments) {
    return exec_with(next.execve, path, arguments, environ);
}

RH_EXPORT int execvp(const char *file, char *const *arguments) {
    return exec_with(next.execvpe, file, arguments, environ);
}

RH_EXPORT int fexecve(int fd, char *const *arguments, char *const *words) {
    struct rh_environment_patch patch;
    return next.fexecve(fd, arguments, rh_environment_complete(words, &patch));
}

RH_EXPORT int execveat(int fd, const char *path, char *const *arguments, char *const *words,
                       int flags) {
    struct rh_environment_patch patch;
    if (next.execveat == NULL) {
        errno = ENOSYS;
        return -1;
    }
    return next.execveat(fd, path, arguments, rh_environment_complete(words, &patch), flags);
}

/* ---- arguments one by one ---- */

enum { ARGUMENTS_MOST = 1024 };

/* The arguments of execl and its like as a vector; false: more than there is room for. */
static int collect(const char *first, va_list *list, const char *ret_arguments[ARGUMENTS_MOST]) {
    size_t count = 0;
    for (const char *word = first; word != NULL; word = va_arg(*list, const char *)) {
        if (count == ARGUMENTS_MOST - 1) {
            errno = E2BIG;
            return -1;
        }
        ret_arguments[count++] = word;
    }
    ret_arguments[count] = NULL;
    return 0;
}

#define VECTOR(arguments) ((char *const *)(const void *)(arguments))

RH_EXPORT int execl(const char *path, const char *first, ...) {
    const char *arguments[ARGUMENTS_MOST];
    va_list list;
    va_start(list, first);
    int result = collect(first, &list, arguments);
    va_end(list);
    return result == 0 ? execv(path, VECTOR(arguments)) : result;
}

RH_EXPORT int execlp(const char *file, const char *first, ...) {
    const char *arguments[ARGUMENTS_MOST];
    va_list list;
    va_start(list, first);
    int result = collect(first, &list, arguments);
    va_end(list);
    return result == 0 ? execvp(file, VECTOR(arguments)) : result;
}

RH_EXPORT int execle(const char *path, const char *first, ...) {
    const char *arguments[ARGUMENTS_MOST];
    va_list list;
    va_start(list, first);
    int result = collect(first, &list, arguments);
    char *const *words = result == 0 ? va_arg(list, char *const *) : NULL;
    va_end(list);
    return result == 0 ? execve(path, VECTOR(arguments), words) : result;
}

/* ---- posix_spawn ---- */

static int spawn_with(spawn_function *function, pid_t *ret_pid, const char *path,
                      const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const *arguments,
                      char *const *words) {
    struct rh_environment_patch patch;
    return function(ret_pid, path, actions, attributes, arguments,
                    rh_environment_complete(words, &patch));
}

RH_EXPORT int posix_spawn(pid_t *ret_pid, const char *path,
                          const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const *arguments,
                          char *const *words) {
    return spawn_with(next.posix_spawn, ret_pid, path, actions, attributes, arguments, words);
}

RH_EXPORT int posix_spawnp(pid_t *ret_pid, const char *file,
                           const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const *arguments,
                           char *const *words) {
    return spawn_with(next.posix_spawnp, ret_pid, file, actions, attributes, arguments, words);
}
