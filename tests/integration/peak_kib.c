/* peak_kib.c - runs a command and prints its highest resident memory in KiB.
 *
 * A program of its own, because what wait4 says of a child begins with what its parent held. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* peak-kib FILE COMMAND...: the command's standard output goes to FILE. */
int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    pid_t child = fork();
    if (child == 0) {
        int output = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (output < 0 || dup2(output, STDOUT_FILENO) < 0)
            _exit(126);
        execv(argv[2], argv + 2);
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status))
        return 1;
    printf("%ld\n", usage.ru_maxrss);
    return WEXITSTATUS(status);
}
