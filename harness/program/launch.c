/* launch.c - reheap-launch JOB: what hyperfine times. Starts one program with a library preloaded,
 * waits for it, and writes what the kernel counted. Small, so that the peak of resident memory that
 * a child inherits over exec (getrusage(2)) is small; always ends with 0, so that how the program
 * ended is told by the report alone.
 *
 * JOB holds NUL-terminated texts: report, input, output, errors, then environment entries up to an
 * empty text, then words up to an empty text. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOB_BYTES = 1 << 18, WORDS = 2048, MARKS = 256, FIRST_MS = 2 };

static char text[JOB_BYTES];
static char *words[WORDS + 1];

struct job {
    const char *report, *input, *output, *errors;
    char *environment; /* the first entry */
};

/* ---- the job ---- */

static char *after(char *string) {
    return string + strlen(string) + 1;
}

static int read_job(const char *path, struct job *job) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = fd >= 0 ? read(fd, text, sizeof(text) - 4) : -1;
    if (fd >= 0)
        close(fd);
    if (bytes <= 0)
        return -1;
    job->report = text;
    job->input = after(text);
    job->output = after((char *)job->input);
    job->errors = after((char *)job->output);
    job->environment = after((char *)job->errors);
    char *next = job->environment;
    while (*next != '\0')
        next = after(next);
    next++;
    for (size_t i = 0; *next != '\0' && i < WORDS; i++, next = after(next))
        words[i] = next;
    return words[0] != NULL ? 0 : -1;
}

/* ---- the child ---- */

static int redirect(const char *path, int flags, int fd) {
    int opened = open(path, flags | O_CLOEXEC, 0666);
    return opened >= 0 && dup2(opened, fd) == fd ? 0 : -1;
}

/* A failure goes through the pipe as an errno. */
_Noreturn static void become(const struct job *job, int failure_fd) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (char *entry = job->environment; *entry != '\0'; entry = after(entry))
        putenv(entry);
    if (redirect(job->input, O_RDONLY, 0) == 0 &&
        redirect(job->output, O_WRONLY | O_CREAT | O_TRUNC, 1) == 0 &&
        redirect(job->errors, O_WRONLY | O_CREAT | O_TRUNC, 2) == 0)
        execvp(words[0], words);
    int number = errno;
    if (write(failure_fd, &number, sizeof(number)) < 0)
        _exit(126);
    _exit(127);
}

/* ---- watching ---- */

static struct {
    uint64_t ns[MARKS], bytes[MARKS];
    size_t count;
    int interval_ms;
} marks = {.interval_ms = FIRST_MS};

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Full: every second one goes, and they come half as often. */
static void thin_out(void) {
    for (size_t i = 0; i < MARKS / 2; i++) {
        marks.ns[i] = marks.ns[2 * i];
        marks.bytes[i] = marks.bytes[2 * i];
    }
    marks.count = MARKS / 2;
    marks.interval_ms *= 2;
}

/* statm is a few counters (1.3 us); resident less shared is the anonymous memory (proc(5)). */
static void mark(int statm_fd, uint64_t since_ns) {
    char line[128];
    unsigned long size = 0, resident = 0, shared = 0;
    ssize_t bytes = pread(statm_fd, line, sizeof(line) - 1, 0);
    if (bytes <= 0)
        return;
    line[bytes] = '\0';
    if (sscanf(line, "%lu %lu %lu", &size, &resident, &shared) != 3 || resident < shared)
        return;
    if (marks.count == MARKS)
        thin_out();
    marks.ns[marks.count] = since_ns;
    marks.bytes[marks.count++] = (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void watch(pid_t pid) {
    char path[48];
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    uint64_t start_ns = now_ns();
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    int statm_fd = open(path, O_RDONLY | O_CLOEXEC);
    while (end.fd >= 0 && statm_fd >= 0 && poll(&end, 1, marks.interval_ms) == 0)
        mark(statm_fd, now_ns() - start_ns);
}

/* ---- the report ---- */

static uint64_t ns_of(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

static int write_report(const struct job *job, pid_t pid, int failure, int status,
                        const struct rusage *usage) {
    FILE *file = fopen(job->report, "we");
    if (file == NULL)
        return 1;
    fprintf(file, "pid %d\nfailure %d\nstatus %d\n", (int)pid, failure, status);
    fprintf(file, "peak_bytes %" PRIu64 "\n", (uint64_t)usage->ru_maxrss * 1024);
    fprintf(file, "user_ns %" PRIu64 "\nsystem_ns %" PRIu64 "\n", ns_of(usage->ru_utime),
            ns_of(usage->ru_stime));
    fprintf(file, "minor_faults %ld\nmajor_faults %ld\n", usage->ru_minflt, usage->ru_majflt);
    fprintf(file, "voluntary_switches %ld\ninvoluntary_switches %ld\n", usage->ru_nvcsw,
            usage->ru_nivcsw);
    for (size_t i = 0; i < marks.count; i++)
        fprintf(file, "mark %" PRIu64 " %" PRIu64 "\n", marks.ns[i], marks.bytes[i]);
    return fclose(file) == 0 ? 0 : 1;
}

static int run(const struct job *job) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return 1;
    pid_t pid = fork();
    if (pid < 0)
        return 1;
    if (pid == 0)
        become(job, fds[1]);
    close(fds[1]);
    int failure = 0;
    if (read(fds[0], &failure, sizeof(failure)) != (ssize_t)sizeof(failure))
        failure = 0;
    if (failure == 0)
        watch(pid);
    int status = 0;
    struct rusage usage = {0};
    while (wait4(pid, &status, 0, &usage) < 0)
        if (errno != EINTR)
            return 1;
    return write_report(job, pid, failure, status, &usage);
}

int main(int argc, char **argv) {
    struct job job = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc != 2 || read_job(argv[1], &job) != 0) {
        fprintf(stderr, "reheap-launch: started by reheap, with a job\n");
        return 2;
    }
    return run(&job);
}
