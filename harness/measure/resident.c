/* resident.c - smaps_rollup and status of this process. */
#include "measure/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"

enum { TEXT_BYTES = 4096 };

int rh_resident_init(struct rh_resident *resident, struct rh_error *error) {
    int rollup = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    if (rollup < 0)
        return rh_fail_errno(error, "cannot open /proc/self/smaps_rollup (Linux 4.14 has it)");
    int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (status < 0) {
        close(rollup);
        return rh_fail_errno(error, "cannot open /proc/self/status");
    }
    *resident = (struct rh_resident){.rollup_fd = rollup, .status_fd = status};
    return 0;
}

void rh_resident_finish(struct rh_resident *resident) {
    close(resident->rollup_fd);
    close(resident->status_fd);
    *resident = (struct rh_resident){.rollup_fd = -1, .status_fd = -1};
}

void rh_resident_drain(void) {
    /* madvise(MADV_COLD) begins with lru_add_drain() (mm/madvise.c), whatever page it is given. */
    static _Alignas(4096) char page[4096];
    int saved = errno;
    madvise(page, sizeof(page), MADV_COLD);
    errno = saved;
}

/* The start of the file, read anew. */
static int read_text(int fd, char text[TEXT_BYTES], struct rh_error *error) {
    size_t length = 0;
    while (length < TEXT_BYTES - 1) {
        ssize_t got = pread(fd, text + length, TEXT_BYTES - 1 - length, (off_t)length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rh_fail_errno(error, "cannot read /proc/self");
        if (got == 0)
            break;
        length += (size_t)got;
    }
    text[length] = '\0';
    return 0;
}

/* The text behind "KEY:" at the start of a line. */
static const char *find_value(const char *text, const char *key) {
    size_t length = strlen(key);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            return line + length + 1;
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return NULL;
}

int rh_resident_parse(const char *text, const char *key, struct rh_error *error,
                      uint64_t *ret_bytes) {
    const char *at = find_value(text, key);
    if (at == NULL)
        return rh_fail(error, RH_ERR_MISSING, "the kernel does not say \"%s\"", key);
    while (*at == ' ' || *at == '\t')
        at++;
    uint64_t kib = 0;
    const char *digits = at;
    for (; *at >= '0' && *at <= '9' && kib < UINT64_MAX / 20480; at++)
        kib = kib * 10 + (uint64_t)(*at - '0');
    if (at == digits || strncmp(at, " kB", 3) != 0)
        return rh_fail(error, RH_ERR_FORMAT, "the kernel says \"%s\" in no known form", key);
    *ret_bytes = kib * 1024;
    return 0;
}

int rh_resident_read(const struct rh_resident *resident, struct rh_error *error,
                     struct rh_resident_sample *ret_sample) {
    rh_assert(resident->rollup_fd >= 0);
    char text[TEXT_BYTES];
    struct rh_resident_sample sample = {0};
    rh_resident_drain();
    rh_try(read_text(resident->rollup_fd, text, error));
    rh_try(rh_resident_parse(text, "Anonymous", error, &sample.anonymous_bytes));
    rh_try(rh_resident_parse(text, "LazyFree", error, &sample.lazy_free_bytes));
    rh_try(rh_resident_parse(text, "AnonHugePages", error, &sample.huge_bytes));
    rh_try(rh_resident_parse(text, "Rss", error, &sample.total_bytes));
    *ret_sample = sample;
    return 0;
}

int rh_resident_reset_high_water(struct rh_error *error) {
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return rh_fail_errno(error, "cannot open /proc/self/clear_refs");
    int result = rh_write_all(fd, "5", 1, error);
    close(fd);
    return result;
}

int rh_resident_high_water(const struct rh_resident *resident, struct rh_error *error,
                           uint64_t *ret_bytes) {
    char text[TEXT_BYTES];
    rh_try(read_text(resident->status_fd, text, error));
    return rh_resident_parse(text, "VmHWM", error, ret_bytes);
}

int rh_resident_page_tables(const struct rh_resident *resident, struct rh_error *error,
                            uint64_t *ret_bytes) {
    char text[TEXT_BYTES];
    rh_try(read_text(resident->status_fd, text, error));
    return rh_resident_parse(text, "VmPTE", error, ret_bytes);
}
