/* recordable.c - looks at the program file before it is started: the dynamic linker leaves out a
 * library that it may not or cannot preload without a word. */
#include "record/recordable.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"

enum { SCRIPT_DEPTH_MOST = 4, LINE_BYTES_MOST = 256 };

static bool is_executable(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

int rh_recordable_find(const char *name, struct rh_error *error, char ret_path[PATH_MAX]) {
    if (strchr(name, '/') != NULL) {
        if (strlen(name) >= PATH_MAX)
            return rh_fail(error, RH_ERR_LIMIT, "the path %s is too long", name);
        if (access(name, F_OK) != 0)
            return rh_fail(error, RH_ERR_MISSING, "there is no program %s", name);
        if (!is_executable(name))
            return rh_fail(error, RH_ERR_MISSING, "%s is not an executable file", name);
        memcpy(ret_path, name, strlen(name) + 1);
        return 0;
    }
    const char *path = getenv("PATH");
    for (const char *next = path != NULL ? path : "/bin:/usr/bin"; next != NULL;) {
        size_t length = strcspn(next, ":");
        int written = snprintf(ret_path, PATH_MAX, "%.*s%s%s", (int)length, next,
                               length > 0 ? "/" : "./", name);
        if (written > 0 && written < PATH_MAX && is_executable(ret_path))
            return 0;
        next = next[length] == ':' ? next + length + 1 : NULL;
    }
    return rh_fail(error, RH_ERR_MISSING, "there is no program \"%s\" in PATH", name);
}

static int check_privileges(const char *path, struct rh_error *error) {
    struct stat status;
    if (stat(path, &status) != 0)
        return rh_fail_errno(error, "cannot look at %s", path);
    bool gains_user = (status.st_mode & S_ISUID) && status.st_uid != geteuid();
    bool gains_group = (status.st_mode & S_ISGID) && status.st_gid != getegid();
    bool gains_capabilities = geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
    if (gains_user || gains_group || gains_capabilities)
        return rh_fail(error, RH_ERR_INVALID,
                       "%s cannot be recorded: it is setuid, setgid or has capabilities, so the "
                       "dynamic linker ignores LD_PRELOAD; record it as the user that it runs as",
                       path);
    return 0;
}

static int check_interpreter(const struct rh_file_map *map, const Elf64_Phdr *header,
                             const char *path, struct rh_error *error) {
    if (header->p_offset > map->bytes || header->p_filesz > map->bytes - header->p_offset ||
        header->p_filesz == 0 || map->data[header->p_offset + header->p_filesz - 1] != '\0')
        return rh_fail(error, RH_ERR_INVALID, "%s: its program headers are damaged", path);
    const char *interpreter = (const char *)map->data + header->p_offset;
    if (strncmp(rh_path_base(interpreter), "ld-linux", 8) != 0)
        return rh_fail(error, RH_ERR_INVALID,
                       "%s cannot be recorded: it is linked for %s, not for glibc", path,
                       interpreter);
    return 0;
}

static int check_elf(const struct rh_file_map *map, const char *path, struct rh_error *error) {
    Elf64_Ehdr elf;
    if (map->bytes < sizeof(elf))
        return rh_fail(error, RH_ERR_INVALID, "%s: its ELF header is incomplete", path);
    memcpy(&elf, map->data, sizeof(elf));
    if (elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_machine != EM_X86_64)
        return rh_fail(error, RH_ERR_INVALID,
                       "%s cannot be recorded: it is not a 64-bit x86-64 program", path);
    for (unsigned i = 0; i < elf.e_phnum; i++) {
        Elf64_Phdr header;
        uint64_t offset = elf.e_phoff + (uint64_t)i * elf.e_phentsize;
        if (offset > map->bytes || map->bytes - offset < sizeof(header))
            break;
        memcpy(&header, map->data + offset, sizeof(header));
        if (header.p_type == PT_INTERP)
            return check_interpreter(map, &header, path, error);
    }
    return rh_fail(error, RH_ERR_INVALID,
                   "%s cannot be recorded: it is statically linked, so its malloc cannot be "
                   "replaced; link it dynamically",
                   path);
}

/* The interpreter of a script. */
static int script_interpreter(const struct rh_file_map *map, struct rh_error *error,
                              char ret_path[PATH_MAX]) {
    char line[LINE_BYTES_MOST] = {0};
    size_t bytes = map->bytes - 2 < sizeof(line) - 1 ? map->bytes - 2 : sizeof(line) - 1;
    memcpy(line, map->data + 2, bytes);
    const char *name = line + strspn(line, " \t");
    size_t length = strcspn(name, " \t\r\n");
    if (length == 0)
        return rh_fail(error, RH_ERR_INVALID, "the first line names no interpreter");
    snprintf(ret_path, PATH_MAX, "%.*s", (int)length, name);
    return 0;
}

static int check_file(const char *path, struct rh_error *error, char ret_next[PATH_MAX]) {
    struct rh_file_map map = {0};
    ret_next[0] = '\0';
    rh_try(check_privileges(path, error));
    if (access(path, R_OK) != 0)
        return 0; /* may be run though not be read: then it shows when it runs */
    rh_try(rh_file_map(path, 0, error, &map));
    int result = 0;
    if (map.bytes >= 4 && memcmp(map.data, ELFMAG, SELFMAG) == 0)
        result = check_elf(&map, path, error);
    else if (map.bytes > 2 && memcmp(map.data, "#!", 2) == 0)
        result = script_interpreter(&map, error, ret_next);
    rh_file_unmap(&map);
    if (result < 0 && error != NULL && strncmp(error->message, path, strlen(path)) != 0)
        rh_error_prefix(error, "%s", path);
    return result;
}

int rh_recordable_check(const char *path, struct rh_error *error) {
    char current[PATH_MAX];
    char next[PATH_MAX];
    snprintf(current, sizeof(current), "%s", path);
    for (int depth = 0; depth < SCRIPT_DEPTH_MOST; depth++) {
        rh_try(check_file(current, error, next));
        if (next[0] == '\0')
            return 0;
        memcpy(current, next, strlen(next) + 1);
    }
    return 0; /* the kernel will refuse it, and say so */
}
