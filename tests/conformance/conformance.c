/* conformance.c - the conformance suite on one allocator, each check in a fresh process with the
 * library in LD_PRELOAD. Prints TAP.
 *
 *     conformance ALLOCATOR OPS                    all checks must pass
 *     conformance ALLOCATOR OPS expect CHECK       this check must say no
 *     conformance ALLOCATOR OPS check CHECK        one check, in this process */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator/conformance.h"
#include "allocator/registry.h"

enum { SEED = 1, SECONDS_MOST = 100 };

/* The result lies in memory that survives the child: fd 3 there. */
enum { RESULT_FD = 3 };

static struct rh_conformance_result *result;

static int map_result(int fd) {
    result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return result != MAP_FAILED ? 0 : -1;
}

static int locate(const char *name, char library[PATH_MAX], char *reason, size_t reason_bytes) {
    return rh_registry_locate(name, library, PATH_MAX, reason, reason_bytes);
}

static int run_check(const char *name, const char *ops_text, const char *check_name) {
    char reason[512], library[PATH_MAX];
    const struct rh_allocator_ops *ops = rh_registry_find(name, reason, sizeof(reason));
    const struct rh_conformance_check *check = rh_conformance_find(check_name);
    if (ops == NULL || check == NULL || map_result(RESULT_FD) != 0 ||
        locate(name, library, reason, sizeof(reason)) != 0)
        return EXIT_FAILURE;
    struct rh_conformance_setup setup = {
        .ops = ops, .library = library, .seed = SEED, .random_ops = strtoull(ops_text, NULL, 10)};
    alarm(SECONDS_MOST);
    rh_conformance_run(check, &setup, result);
    return EXIT_SUCCESS;
}

static void exec_check(const char *name, const char *ops_text, const char *check_name,
                       const char *library, int fd) {
    char mode[] = "check", program[] = "/proc/self/exe";
    char *arguments[] = {program, (char *)(uintptr_t)name,       (char *)(uintptr_t)ops_text,
                         mode,    (char *)(uintptr_t)check_name, NULL};
    if (library[0] != '\0')
        setenv("LD_PRELOAD", library, 1);
    dup2(fd, RESULT_FD);
    execv(program, arguments);
    _exit(127);
}

/* Runs the check in a process of its own; says how that ended where the check could not. */
static void spawn_check(const char *name, const char *ops_text, const char *check_name,
                        const char *library, int fd) {
    memset(result, 0, sizeof(*result));
    pid_t child = fork();
    if (child == 0)
        exec_check(name, ops_text, check_name, library, fd);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || result->outcome != 0)
        return;
    result->outcome = RH_CONFORMANCE_FAIL;
    if (WIFSIGNALED(status))
        snprintf(result->reason, sizeof(result->reason), "%s", strsignal(WTERMSIG(status)));
    else
        snprintf(result->reason, sizeof(result->reason), "exit status %d", WEXITSTATUS(status));
}

static bool has_passed(void) {
    return result->outcome == RH_CONFORMANCE_PASS ||
           result->outcome == RH_CONFORMANCE_NOT_APPLICABLE;
}

static void print_result(size_t number, const char *check_name, bool is_good) {
    printf("%s %zu - %s", is_good ? "ok" : "not ok", number, check_name);
    if (result->outcome == RH_CONFORMANCE_NOT_APPLICABLE)
        printf(" # SKIP not applicable: %s\n", result->reason);
    else if (has_passed())
        printf("%s%s\n", result->reason[0] != '\0' ? ": " : "", result->reason);
    else
        printf(": operation %" PRIu64 ", seed %" PRIu64 ": %s\n", result->operation, result->seed,
               result->reason);
    fflush(stdout);
}

static int run_all(const char *name, const char *ops_text, const char *library, int fd) {
    size_t number = 0;
    bool all_pass = true;
    for (const struct rh_conformance_check *check = rh_conformance_checks(); check->name != NULL;
         check++) {
        spawn_check(name, ops_text, check->name, library, fd);
        all_pass = all_pass && has_passed();
        print_result(++number, check->name, has_passed());
    }
    printf("1..%zu\n", number);
    return all_pass ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A broken allocator: the check that is meant for it says no, and "ownership" sees nothing. */
static int run_expected(const char *name, const char *ops_text, const char *expected,
                        const char *library, int fd) {
    spawn_check(name, ops_text, "ownership", library, fd);
    bool owned = has_passed();
    print_result(1, "ownership", owned);
    spawn_check(name, ops_text, expected, library, fd);
    bool caught = !has_passed();
    print_result(2, expected, caught);
    printf("1..2\n");
    return owned && caught ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int skip(const char *reason) {
    printf("1..0 # SKIP %s\n", reason);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[3], "check") == 0)
        return run_check(argv[1], argv[2], argv[4]);
    if (argc != 3 && (argc != 5 || strcmp(argv[3], "expect") != 0))
        return 2;
    char reason[512], library[PATH_MAX];
    if (rh_registry_find(argv[1], reason, sizeof(reason)) == NULL) {
        fprintf(stderr, "conformance: %s\n", reason);
        return 2;
    }
    if (locate(argv[1], library, reason, sizeof(reason)) != 0)
        return skip(reason);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    if (library[0] != '\0' || strcmp(argv[1], "glibc") == 0)
        return skip("in this build a sanitizer owns malloc");
#endif
    int fd = memfd_create("conformance", 0);
    if (fd < 0 || ftruncate(fd, sizeof(*result)) != 0 || map_result(fd) != 0) {
        perror("conformance");
        return EXIT_FAILURE;
    }
    return argc == 5 ? run_expected(argv[1], argv[2], argv[4], library, fd)
                     : run_all(argv[1], argv[2], library, fd);
}
