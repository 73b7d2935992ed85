/* read.c - small files of the kernel below a root that tests may make up. */
#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "doctor/checks.h"

enum { FILE_BYTES_MOST = 4 << 20 };

static bool read_start(const char *path, char *ret_text, size_t bytes) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, ret_text, bytes - 1);
    close(fd);
    if (length < 0)
        return false;
    while (length > 0 && isspace((unsigned char)ret_text[length - 1]))
        length--;
    ret_text[length] = '\0';
    return true;
}

bool rh_doctor_read(const struct rh_doctor_options *options, const char *path, char *ret_text,
                    size_t bytes) {
    char full[PATH_MAX];
    snprintf(full, sizeof(full), "%s%s", options->root, path);
    return read_start(full, ret_text, bytes);
}

char *rh_doctor_read_all(const struct rh_doctor_options *options, const char *path) {
    char full[PATH_MAX];
    char *text = NULL;
    snprintf(full, sizeof(full), "%s%s", options->root, path);
    return rh_file_read(full, FILE_BYTES_MOST, NULL, &text, NULL) == 0 ? text : NULL;
}

bool rh_doctor_read_first(const struct rh_doctor_options *options, const char *pattern,
                          char *ret_text, size_t bytes) {
    char full[PATH_MAX];
    glob_t found = {0};
    snprintf(full, sizeof(full), "%s%s", options->root, pattern);
    bool read = glob(full, 0, NULL, &found) == 0 && found.gl_pathc > 0 &&
                read_start(found.gl_pathv[0], ret_text, bytes);
    globfree(&found);
    return read;
}

bool rh_doctor_number(const struct rh_doctor_options *options, const char *path,
                      uint64_t *ret_value) {
    char text[64];
    return rh_doctor_read(options, path, text, sizeof(text)) && rh_parse_u64(text, ret_value) == 0;
}
