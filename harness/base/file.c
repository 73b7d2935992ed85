/* file.c - whole files and paths. */
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/assert.h"
#include "base/memory.h"

static int open_regular(const char *path, struct rh_error *error, int *ret_fd, size_t *ret_bytes) {
    /* Not to wait for a writer, where it is a pipe. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return rh_fail_errno(error, "cannot open %s", path);
    struct stat status;
    if (fstat(fd, &status) != 0) {
        close(fd);
        return rh_fail_errno(error, "cannot read %s", path);
    }
    if (!S_ISREG(status.st_mode)) {
        close(fd);
        return rh_fail(error, RH_ERR_INVALID, "%s is not a regular file", path);
    }
    *ret_fd = fd;
    *ret_bytes = (size_t)status.st_size;
    return 0;
}

int rh_file_map(const char *path, int populate, struct rh_error *error,
                struct rh_file_map *ret_map) {
    int fd = -1;
    size_t bytes = 0;
    rh_try(open_regular(path, error, &fd, &bytes));
    if (bytes == 0) {
        close(fd);
        *ret_map = (struct rh_file_map){0};
        return 0;
    }
    void *data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | (populate ? MAP_POPULATE : 0), fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return rh_fail_errno(error, "cannot map %s", path);
    *ret_map = (struct rh_file_map){.data = data, .bytes = bytes};
    return 0;
}

void rh_file_unmap(struct rh_file_map *map) {
    if (map->data != NULL)
        munmap((void *)(uintptr_t)map->data, map->bytes);
    *map = (struct rh_file_map){0};
}

static int read_up_to(int fd, char *buffer, size_t limit, const char *path, struct rh_error *error,
                      size_t *ret_bytes) {
    size_t have = 0;
    while (have < limit) {
        ssize_t got = read(fd, buffer + have, limit - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rh_fail_errno(error, "cannot read %s", path);
        if (got == 0)
            break;
        have += (size_t)got;
    }
    *ret_bytes = have;
    return 0;
}

int rh_file_read(const char *path, size_t limit_bytes, struct rh_error *error, char **ret_text,
                 size_t *ret_bytes) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return rh_fail_errno(error, "cannot open %s", path);

    /* Files of /proc say that they have no bytes: read, do not trust st_size. */
    struct rh_text_buffer {
        char *data;
        size_t capacity;
    } buffer = {0};
    size_t have = 0;
    int result = 0;
    for (;;) {
        result = rh_grow((void **)&buffer.data, &buffer.capacity, have + 4096 + 1, 1, error);
        size_t got = 0;
        if (result == 0)
            result =
                read_up_to(fd, buffer.data + have, buffer.capacity - 1 - have, path, error, &got);
        have += got;
        if (result == 0 && have > limit_bytes)
            result = rh_fail(error, RH_ERR_LIMIT, "%s is larger than %zu bytes", path, limit_bytes);
        if (result < 0 || got == 0 || have < buffer.capacity - 1)
            break;
    }
    close(fd);
    if (result < 0) {
        rh_free(buffer.data);
        return result;
    }
    buffer.data[have] = '\0';
    *ret_text = buffer.data;
    if (ret_bytes != NULL)
        *ret_bytes = have;
    return 0;
}

int rh_file_read_start(const char *path, struct rh_error *error, char *ret_text, size_t bytes) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return rh_fail_errno(error, "cannot open %s", path);
    ssize_t length = read(fd, ret_text, bytes - 1);
    close(fd);
    if (length < 0)
        return rh_fail_errno(error, "cannot read %s", path);
    while (length > 0 && isspace((unsigned char)ret_text[length - 1]))
        length--;
    ret_text[length] = '\0';
    return 0;
}

int rh_write_all(int fd, const void *data, size_t bytes, struct rh_error *error) {
    const char *next = data;
    while (bytes > 0) {
        ssize_t written = write(fd, next, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return rh_fail_errno(error, "cannot write %zu bytes", bytes);
        next += written;
        bytes -= (size_t)written;
    }
    return 0;
}

static int write_beside(const char *temporary, const void *data, size_t bytes,
                        struct rh_error *error) {
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return rh_fail_errno(error, "cannot create %s", temporary);
    int result = rh_write_all(fd, data, bytes, error);
    if (result == 0 && fsync(fd) != 0)
        result = rh_fail_errno(error, "cannot synchronise %s", temporary);
    if (close(fd) != 0 && result == 0)
        result = rh_fail_errno(error, "cannot close %s", temporary);
    return result;
}

int rh_file_target(const char *path, char target[PATH_MAX], bool *ret_special,
                   struct rh_error *error) {
    struct stat status;
    if (strlen(path) >= PATH_MAX)
        return rh_fail(error, RH_ERR_LIMIT, "the path %s is too long", path);
    bool link = lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
    if (!link || realpath(path, target) == NULL)
        snprintf(target, PATH_MAX, "%s", path);
    *ret_special = stat(target, &status) == 0 && !S_ISREG(status.st_mode);
    return 0;
}

static int write_special(const char *path, const void *data, size_t bytes, struct rh_error *error) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return rh_fail_errno(error, "cannot write to %s", path);
    int result = rh_write_all(fd, data, bytes, error);
    close(fd);
    return result;
}

int rh_file_write(const char *path, const void *data, size_t bytes, struct rh_error *error) {
    char target[PATH_MAX], temporary[PATH_MAX];
    bool special = false;
    rh_try(rh_file_target(path, target, &special, error));
    if (special)
        return write_special(target, data, bytes, error);
    int length = snprintf(temporary, sizeof(temporary), "%s.%d.tmp", target, (int)getpid());
    if (length < 0 || (size_t)length >= sizeof(temporary))
        return rh_fail(error, RH_ERR_LIMIT, "the path %s is too long", path);

    int result = write_beside(temporary, data, bytes, error);
    if (result == 0 && rename(temporary, target) != 0)
        result = rh_fail_errno(error, "cannot rename %s to %s", temporary, target);
    if (result < 0)
        unlink(temporary);
    return result;
}

int rh_make_directories(const char *path, struct rh_error *error) {
    char partial[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof(partial))
        return rh_fail(error, RH_ERR_INVALID, "\"%s\" is not a usable directory name", path);

    memcpy(partial, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (partial[i] != '/' && partial[i] != '\0')
            continue;
        char kept = partial[i];
        partial[i] = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST)
            return rh_fail_errno(error, "cannot make the directory %s", partial);
        partial[i] = kept;
    }
    struct stat status;
    if (stat(path, &status) != 0)
        return rh_fail_errno(error, "cannot make the directory %s", path);
    if (!S_ISDIR(status.st_mode))
        return rh_fail(error, RH_ERR_INVALID, "%s is not a directory", path);
    return 0;
}

char *rh_path_join(const char *directory, const char *name) {
    if (name[0] == '/' || directory[0] == '\0')
        return rh_strdup(name);
    size_t directory_length = strlen(directory);
    while (directory_length > 1 && directory[directory_length - 1] == '/')
        directory_length--;
    size_t bytes = directory_length + strlen(name) + 2;
    char *joined = rh_alloc(bytes);
    if (joined != NULL)
        snprintf(joined, bytes, "%.*s/%s", (int)directory_length, directory, name);
    return joined;
}

const char *rh_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

int rh_path_of_self(char *ret_directory, size_t bytes, struct rh_error *error) {
    rh_assert(ret_directory != NULL && bytes > 1);
    ssize_t length = readlink("/proc/self/exe", ret_directory, bytes - 1);
    if (length < 0)
        return rh_fail_errno(error, "cannot read /proc/self/exe");
    ret_directory[length] = '\0';
    char *slash = strrchr(ret_directory, '/');
    rh_assert(slash != NULL);
    slash[slash == ret_directory ? 1 : 0] = '\0';
    return 0;
}

int rh_cache_directory(const char *name, const char *what, struct rh_error *error,
                       char **ret_directory) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool own = cache != NULL && cache[0] == '/';
    if (!own && (home == NULL || home[0] != '/'))
        return rh_fail(error, RH_ERR_MISSING,
                       "no place for %s: neither XDG_CACHE_HOME nor HOME is set", what);
    char *caches = own ? rh_strdup(cache) : rh_path_join(home, ".cache");
    char *directory = caches != NULL ? rh_path_join(caches, name) : NULL;
    rh_free(caches);
    if (directory == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
    *ret_directory = directory;
    return 0;
}

int rh_file_hash(const char *path, struct rh_error *error, char ret_hash[RH_HASH_TEXT_BYTES]) {
    struct rh_file_map map = {0};
    rh_try(rh_file_map(path, 0, error, &map));
    uint64_t hash = XXH64(map.data, map.bytes, 0);
    rh_file_unmap(&map);
    snprintf(ret_hash, RH_HASH_TEXT_BYTES, "%016" PRIx64, hash);
    return 0;
}
