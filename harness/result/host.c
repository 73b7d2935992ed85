/* host.c - what can be told about the machine without tools and without root. */
#include "result/host.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum { FILE_LIMIT_BYTES = 4 << 20 };

/* The file's text without the newline at its end; *ret_text NULL where it cannot be read. */
static int read_file(const char *root, const char *path, struct rh_error *error, char **ret_text) {
    *ret_text = NULL;
    char full[PATH_MAX];
    snprintf(full, sizeof(full), "%s%s", root, path);
    struct rh_error ignored = {0};
    char *text = NULL;
    size_t bytes = 0;
    int result = rh_file_read(full, FILE_LIMIT_BYTES, &ignored, &text, &bytes);
    if (result == RH_ERR_MEMORY)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %s", full);
    if (result < 0)
        return 0;
    while (bytes > 0 && text[bytes - 1] == '\n')
        text[--bytes] = '\0';
    *ret_text = text;
    return 0;
}

static int keep(const char *text, struct rh_error *error, char **ret_copy) {
    char *copy = rh_strdup(text);
    if (copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the description of the machine");
    *ret_copy = copy;
    return 0;
}

/* The value behind "KEY<blanks>:<blanks>" in lines like those of /proc/cpuinfo, or false. */
static bool find_value(const char *text, const char *key, char *ret_value, size_t bytes) {
    size_t key_length = strlen(key);
    for (const char *line = text; line != NULL;) {
        const char *end = strchr(line, '\n');
        if (strncmp(line, key, key_length) == 0) {
            const char *rest = line + key_length;
            rest += strspn(rest, " \t");
            if (*rest == ':') {
                rest += 1 + strspn(rest + 1, " \t");
                size_t length = end != NULL ? (size_t)(end - rest) : strlen(rest);
                snprintf(ret_value, bytes, "%.*s", (int)(length < bytes ? length : bytes), rest);
                return true;
            }
        }
        line = end != NULL ? end + 1 : NULL;
    }
    return false;
}

static int read_cpu(const char *root, struct rh_error *error, struct rh_host *host) {
    char *text = NULL;
    rh_try(read_file(root, "/proc/cpuinfo", error, &text));
    char model[256];
    int result = 0;
    if (text != NULL && find_value(text, "model name", model, sizeof(model)))
        result = keep(model, error, &host->cpu);
    rh_free(text);
    return result;
}

/* "2 online, 2 usable": a container or taskset may leave fewer than there are. */
static int read_cpus(struct rh_error *error, struct rh_host *host) {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    char text[64];
    if (sched_getaffinity(0, sizeof(usable), &usable) != 0)
        snprintf(text, sizeof(text), "%ld online", online);
    else
        snprintf(text, sizeof(text), "%ld online, %d usable", online, CPU_COUNT(&usable));
    return keep(text, error, &host->cpus);
}

static int read_kernel(struct rh_error *error, struct rh_host *host) {
    struct utsname name;
    if (uname(&name) != 0)
        return 0;
    char text[sizeof(name.sysname) + sizeof(name.release) + sizeof(name.machine) + 3];
    snprintf(text, sizeof(text), "%s %s %s", name.sysname, name.release, name.machine);
    return keep(text, error, &host->kernel);
}

static int read_libc(struct rh_error *error, struct rh_host *host) {
#ifdef _CS_GNU_LIBC_VERSION
    char text[64];
    size_t bytes = confstr(_CS_GNU_LIBC_VERSION, text, sizeof(text));
    if (bytes > 0 && bytes <= sizeof(text))
        return keep(text, error, &host->libc);
#endif
    (void)error;
    (void)host;
    return 0;
}

/* A line "MemTotal:  4039812 kB" for people; none where there is none. */
static int keep_memory_line(const char *text, const char *key, struct rh_error *error,
                            char **ret_text) {
    char value[64];
    uint64_t kib = 0;
    if (!find_value(text, key, value, sizeof(value)))
        return 0;
    value[strcspn(value, " ")] = '\0';
    char human[RH_HUMAN_BYTES];
    if (rh_parse_u64(value, &kib) < 0 || kib > UINT64_MAX / 1024)
        return 0;
    return keep(kib == 0 ? "none" : rh_human_bytes(human, (double)kib * 1024.0), error, ret_text);
}

static int read_memory(const char *root, struct rh_error *error, struct rh_host *host) {
    char *text = NULL;
    rh_try(read_file(root, "/proc/meminfo", error, &text));
    int result = 0;
    if (text != NULL)
        result = keep_memory_line(text, "MemTotal", error, &host->memory);
    if (text != NULL && result == 0)
        result = keep_memory_line(text, "SwapTotal", error, &host->swap);
    rh_free(text);
    return result;
}

/* "always [madvise] never" is "madvise". */
static int read_thp(const char *root, struct rh_error *error, struct rh_host *host) {
    char *text = NULL;
    rh_try(read_file(root, "/sys/kernel/mm/transparent_hugepage/enabled", error, &text));
    char *open = text != NULL ? strchr(text, '[') : NULL;
    char *close = open != NULL ? strchr(open, ']') : NULL;
    int result = 0;
    if (close != NULL) {
        *close = '\0';
        result = keep(open + 1, error, &host->thp);
    }
    rh_free(text);
    return result;
}

/* The meaning beside the number (proc_sys_vm(5)). */
static int read_overcommit(const char *root, struct rh_error *error, struct rh_host *host) {
    char *text = NULL;
    rh_try(read_file(root, "/proc/sys/vm/overcommit_memory", error, &text));
    if (text == NULL)
        return 0;
    static const char *const meanings[] = {"0 (heuristic)", "1 (always)", "2 (never)"};
    const char *meaning = text;
    if (text[0] >= '0' && text[0] <= '2' && text[1] == '\0')
        meaning = meanings[text[0] - '0'];
    int result = keep(meaning, error, &host->overcommit);
    rh_free(text);
    return result;
}

/* The processor says that there is a hypervisor; the firmware may say which. */
static int read_virtualisation(const char *root, struct rh_error *error, struct rh_host *host) {
    char *text = NULL;
    rh_try(read_file(root, "/proc/cpuinfo", error, &text));
    char flags[4096];
    bool known = text != NULL && find_value(text, "flags", flags, sizeof(flags));
    bool is_virtual = known && strstr(flags, " hypervisor") != NULL;
    rh_free(text);
    if (!known)
        return 0;
    if (!is_virtual)
        return keep("none seen", error, &host->virtualisation);

    rh_try(read_file(root, "/sys/class/dmi/id/sys_vendor", error, &text));
    char value[128];
    if (text != NULL && text[0] != '\0')
        snprintf(value, sizeof(value), "virtual machine (%.64s)", text);
    else
        snprintf(value, sizeof(value), "virtual machine");
    rh_free(text);
    return keep(value, error, &host->virtualisation);
}

static int read_all(const char *root, struct rh_error *error, struct rh_host *host) {
    rh_try(read_cpu(root, error, host));
    rh_try(read_cpus(error, host));
    rh_try(read_kernel(error, host));
    rh_try(read_libc(error, host));
    rh_try(read_memory(root, error, host));
    rh_try(read_file(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", error,
                     &host->governor));
    rh_try(read_thp(root, error, host));
    rh_try(read_overcommit(root, error, host));
    return read_virtualisation(root, error, host);
}

int rh_host_read_under(const char *root, struct rh_error *error, struct rh_host *ret_host) {
    struct rh_host host = {0};
    int result = read_all(root, error, &host);
    if (result < 0)
        rh_host_finish(&host);
    else
        *ret_host = host;
    return result;
}

int rh_host_read(struct rh_error *error, struct rh_host *ret_host) {
    return rh_host_read_under("", error, ret_host);
}

void rh_host_finish(struct rh_host *host) {
#define X(member, key) rh_free(host->member);
    RH_HOST_MAP(X)
#undef X
    *host = (struct rh_host){0};
}
